//! `sonae approve`.

use super::arguments::ApproveArguments;
use super::{Failure, host, output, world};
use crate::drivers::{StateFolder, SystemClock, Teletype};
use crate::forecast::{Action, ForecastStep};
use crate::ports::{Clock as _, JournalRead as _, Person, Word};
use crate::primitives::{Name, RunId};
use crate::run::{ExitStatus, Recorded, recorded};

pub(super) fn approve(arguments: &ApproveArguments) -> Result<ExitStatus, Failure> {
    let state = world::state()?;
    world::runtime()?.block_on(async {
        let Some(run) = &arguments.run else { return list(&state).await };
        let found = of(&state, run).await?;
        let waits = chosen(&found, arguments.step.as_deref())?;
        let by = person(&waits)?;
        if let Some(said) = state.word(&found.forecast.run, &waits.step.name).await? {
            return Err(said_already(&waits, &said));
        }
        let reason = match &arguments.reason {
            Some(reason) => reason.trim().to_owned(),
            None => ask_why(&waits, arguments.no).await?,
        };
        if reason.is_empty() {
            return Err(Failure::usage("say why, as in --reason \"the database is gone\""));
        }
        let word = Word { by, yes: !arguments.no, reason, at: SystemClock.now() };
        if !state.leave_word(&found.forecast.run, &waits.step.name, &word).await? {
            return Err(Failure::error(format!("{} was answered a moment ago", waits.step.name)));
        }
        tell(&found.forecast.run, &waits, &word)?;
        Ok(ExitStatus::Well)
    })
}

async fn of(state: &StateFolder, run: &str) -> Result<Recorded, Failure> {
    let run = RunId::parse(run).map_err(|bad| Failure::usage(format!("{}; {}", bad.problem, bad.help)))?;
    let Some(found) = recorded(state, &run).await? else {
        return Err(Failure::usage(format!("there is no run {run} on this host ({})", state.place(&run))));
    };
    match found.state.end() {
        _ if found.state.can_go_on() => Ok(found),
        _ => Err(Failure::error(format!("run {run} has ended: nothing of it waits for a person"))),
    }
}

/// A step that waits for a person.
struct Waits<'a> {
    step: &'a ForecastStep,
    what: &'a str,
    role: &'a Name,
    people: &'a [Person],
}

impl<'a> Waits<'a> {
    fn of(step: &'a ForecastStep) -> Option<Self> {
        match &step.action {
            Action::Approve { what, role, people } => Some(Self { step, what, role, people }),
            _ => None,
        }
    }

    fn people(&self) -> String {
        let people = self.people.iter().map(|person| format!("{} (account {})", person.person, person.account));
        people.collect::<Vec<String>>().join(", ")
    }
}

/// What waits, on this host: of runs that were begun and have not ended.
async fn list(state: &StateFolder) -> Result<ExitStatus, Failure> {
    let mut text = String::new();
    for run in state.runs().await? {
        match recorded(state, &run).await {
            Ok(Some(found)) if found.state.end().is_none() => {
                for waits in found.unapproved().into_iter().filter_map(Waits::of) {
                    if state.word(&run, &waits.step.name).await?.is_none() {
                        let (name, role, people) = (&waits.step.name, waits.role, waits.people());
                        text.push_str(&format!(
                            "{run} {name}\n  {}\n  by a person with the role {role}: {people}\n",
                            waits.what
                        ));
                    }
                }
            }
            Ok(_) => {}
            Err(fault) => output::say(&format!("left alone: {fault}")),
        }
    }
    if text.is_empty() {
        text.push_str("nothing waits for a person\n");
    }
    output::data(&text)?;
    Ok(ExitStatus::Well)
}

fn chosen<'a>(found: &'a Recorded, named: Option<&str>) -> Result<Waits<'a>, Failure> {
    let run = &found.forecast.run;
    let mut open: Vec<Waits<'a>> = found.unapproved().into_iter().filter_map(Waits::of).collect();
    let names: Vec<String> = open.iter().map(|waits| waits.step.name.to_string()).collect();
    let Some(named) = named else {
        return match (open.pop(), open.is_empty()) {
            (Some(one), true) => Ok(one),
            (None, _) => Err(Failure::error(format!("no step of run {run} waits for a person"))),
            (Some(_), false) => Err(Failure::usage(format!("several steps wait; name one: {}", names.join(", ")))),
        };
    };
    let of = open.into_iter().find(|waits| waits.step.name.as_str() == named);
    of.ok_or_else(|| match names.as_slice() {
        [] => Failure::error(format!("no step of run {run} waits for a person")),
        names => {
            Failure::usage(format!("no step {named} of run {run} waits for a person; there is {}", names.join(", ")))
        }
    })
}

/// Who says it: the account proves it.
fn person(waits: &Waits<'_>) -> Result<Person, Failure> {
    let account = host::account().map_err(Failure::error)?;
    let of = waits.people.iter().find(|person| person.account == account);
    of.cloned().ok_or_else(|| {
        let message = format!("{account} has not the role {}, which {} has", waits.role, waits.people());
        Failure::error(format!("{message}; say it from that account, with sudo where the run is another's"))
    })
}

fn said_already(waits: &Waits<'_>, said: &Word) -> Failure {
    let word = if said.yes { "approved" } else { "refused" };
    Failure::error(format!(
        "{} was {word} by {} ({}): {}",
        waits.step.name, said.by.person, said.by.account, said.reason
    ))
}

/// Asks at the terminal.
async fn ask_why(waits: &Waits<'_>, no: bool) -> Result<String, Failure> {
    let nobody = |_| Failure::usage("there is no terminal to ask why: say it with --reason");
    let terminal = Teletype::open().map_err(nobody)?;
    let mut terminal = terminal.ask().await.map_err(nobody)?;
    let word = if no { "To be refused" } else { "To be approved" };
    terminal.say(&format!("{word}: {}\nWhy? ", waits.what));
    Ok(terminal.line().await.unwrap_or_default().trim().to_owned())
}

fn tell(run: &RunId, waits: &Waits<'_>, word: &Word) -> Result<(), Failure> {
    let said = if word.yes { "approved" } else { "refused" };
    let by = format!("by {} ({})", word.by.person, word.by.account);
    let then = match word.yes {
        true => format!("go on with `sonae resume {run}`"),
        false => format!("`sonae resume {run}` brings it to its end"),
    };
    output::data(&format!("{said}: {}: {by}\nwhere the run is not under way, {then}\n", waits.what))
}
