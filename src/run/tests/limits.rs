//! How many steps use a store at once, on forecasts of any shape.

use std::num::NonZeroU32;
use std::sync::Arc;

use proptest::prelude::*;

use super::retries::{looks_on, that};
use super::{CaseStep, LEFT, case};
use crate::forecast::{Forecast, ForecastStep};
use crate::primitives::{Name, StepId};
use crate::run::{Command, End, Event, State, StepState, turn};
use crate::steps::StepOutput;

const STORES: [&str; 3] = ["vault", "shelf", "attic"];

fn name(store: &str) -> Name {
    Name::parse(store).unwrap()
}

/// The case's steps on stores of which the first two are limited.
fn forecast(case: &[CaseStep], on: &[Option<usize>], limits: [u32; 2]) -> Arc<Forecast> {
    let stores: Vec<Option<&str>> = on.iter().take(case.len()).map(|on| on.map(|place| STORES[place])).collect();
    let mut forecast = Forecast::clone(&looks_on(&stores));
    for (step, of) in forecast.steps.iter_mut().zip(super::forecast(case).steps.iter()) {
        step.after.clone_from(&of.after);
    }
    let limit = |(store, limit): (&&str, u32)| (name(store), NonZeroU32::new(limit).unwrap());
    forecast.limits = STORES.iter().zip(limits).map(limit).collect();
    Arc::new(forecast)
}

fn runs_on(state: &State, store: &Name) -> usize {
    let running = that(state, |of| matches!(of, StepState::Running(_)));
    running.into_iter().filter(|step| state.forecast().step(*step).action.store() == Some(store)).count()
}

/// Whether a step that waits could be begun beside what runs.
fn could_begin(state: &State, step: &ForecastStep, side_by_side: usize) -> bool {
    let forecast = state.forecast();
    let waits = matches!(state.step(step.id), StepState::Waiting(_));
    let is_met = step.after.iter().all(|(on, _)| matches!(state.step(*on), StepState::Done(_)));
    let has_room = step.action.store().is_none_or(|store| {
        forecast.limits.get(store).is_none_or(|limit| runs_on(state, store) < limit.get() as usize)
    });
    waits && is_met && has_room && that(state, |of| matches!(of, StepState::Running(_))).len() < side_by_side
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_more_steps_use_a_store_than_may_and_as_many_as_can(
        case in case(),
        on in prop::collection::vec(prop::option::weighted(0.9, 0_usize..3), 9),
        limits in [1_u32..4, 1_u32..4],
        side_by_side in 1_usize..6,
        choices in prop::collection::vec(any::<u16>(), 40),
    ) {
        let forecast = forecast(&case, &on, limits);
        let mut state = State::new(Arc::clone(&forecast));
        let (mut event, mut choices) = (Event::Begin, choices.into_iter());
        loop {
            let is_over = turn(&mut state, side_by_side, event).contains(&Command::Finish);
            for (store, limit) in STORES.iter().zip(limits) {
                prop_assert!(runs_on(&state, &name(store)) <= limit as usize);
            }
            let running = that(&state, |of| matches!(of, StepState::Running(_)));
            prop_assert!(running.len() <= side_by_side);
            let idle: Vec<StepId> =
                forecast.steps.iter().filter(|step| could_begin(&state, step, side_by_side)).map(|step| step.id).collect();
            prop_assert_eq!(idle, vec![], "there is room for them");
            if is_over {
                break;
            }
            let step = running[usize::from(choices.next().unwrap()) % running.len()];
            event = Event::Ended { step, result: Ok(Box::new(StepOutput::Probed)), left: LEFT };
        }
        prop_assert_eq!(state.end(), Some(End::Complete));
    }
}
