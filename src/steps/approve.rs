//! Waits for the word of a person.

use super::{StepOutput, World};
use crate::forecast::{Forecast, ForecastStep};
use crate::ports::{Cause, Fault, Person, Question};
use crate::primitives::Name;

/// Asks. A no ends the step; where nobody is there to ask, `Unanswered`.
pub(super) async fn approve(
    world: &World<'_>,
    forecast: &Forecast,
    step: &ForecastStep,
    (what, role, people): (&str, &Name, &[Person]),
) -> Result<StepOutput, Fault> {
    let question = Question {
        run: forecast.run.clone(),
        step: step.name.clone(),
        what: what.to_owned(),
        role: role.to_string(),
        people: people.to_vec(),
    };
    let action = || format!("approve {what:?}");
    let Some(word) = world.people.word(&question).await? else {
        let answer = format!(
            "nobody with the role {role} has said it: `sonae approve {} {}`, then `sonae resume {}`",
            question.run, question.step, question.run
        );
        return Err(Fault::permanent(Cause::Unanswered, action(), answer));
    };
    if question.asked(&word.by.account) != Some(&word.by) {
        let answer = format!("{} ({}) has not the role {role}", word.by.person, word.by.account);
        return Err(Fault::permanent(Cause::Denied, action(), answer));
    }
    if !word.yes {
        let answer = format!("{} ({}) says no: {}", word.by.person, word.by.account, word.reason);
        return Err(Fault::permanent(Cause::Refused, action(), answer));
    }
    Ok(StepOutput::Approved(word))
}
