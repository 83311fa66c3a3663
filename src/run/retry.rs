//! Whether a step that failed is tried again, and after what pause.
//!
//! Unaware of clocks and of what steps do. Pure: the run's name, the step, the attempt and what the journal says of attempts before decide
//! it, so that a simulated run and a resumed one wait alike. Invariant: a step is tried at most `ATTEMPTS_MAX` times, what one store
//! refuses is repeated at most `STORE_REPEATS` times more often than something succeeds there, and no pause outlasts the step's time.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{State, StepState};
use crate::forecast::ForecastStep;
use crate::graph::Effect;
use crate::ports::{Certainty, Fault};
use crate::primitives::{Digest, Name, RunId, StepId};

/// How often a step is tried where trying again may help.
const ATTEMPTS_MAX: u32 = 4;
/// How much more often steps on one store are repeated than succeed: three that a dead store refuses to the last, and one more.
/// The form is the retry quota of the AWS SDKs: a bucket that repeating empties and success fills again
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-retry-behavior.html>).
const STORE_REPEATS: u32 = 10;
/// Likewise of a run, whatever its stores.
const RUN_REPEATS: u32 = 30;

/// What was repeated, less what succeeded: of the run since it was begun or resumed, and of each store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Repeats {
    run: u32,
    stores: BTreeMap<Name, u32>,
}

impl Repeats {
    /// A step is tried again.
    pub(super) fn again(&mut self, store: Option<&Name>) {
        self.run += 1;
        if let Some(store) = store {
            *self.stores.entry(store.clone()).or_default() += 1;
        }
    }

    /// A step is done.
    pub(super) fn done(&mut self, store: Option<&Name>) {
        self.run = self.run.saturating_sub(1);
        if let Some(of) = store.and_then(|store| self.stores.get_mut(store)) {
            *of = of.saturating_sub(1);
        }
    }

    /// Why nothing more is repeated on a store, if that is so.
    fn spent(&self, store: Option<&Name>) -> Option<String> {
        let of = |store| self.stores.get(store).copied().unwrap_or_default();
        if let Some(store) = store.filter(|store| of(*store) >= STORE_REPEATS) {
            return Some(format!("waiting for store {store} has not helped {STORE_REPEATS} times in this run"));
        }
        (self.run >= RUN_REPEATS).then(|| format!("trying again has not helped {RUN_REPEATS} times in this run"))
    }
}

/// What is next for a step that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// It is tried again, after this pause.
    Again(Duration),
    /// Nothing: it has failed for good. Where it might have been tried again and is not, this says why.
    Nothing(Option<String>),
}

impl Next {
    /// The fault as it is told: the world's words, and why it is not tried again where that does not follow from them.
    pub(super) fn told(&self, fault: Fault) -> Fault {
        match self {
            Self::Nothing(Some(why)) => Fault { answer: format!("{}; not tried again: {why}", fault.answer), ..fault },
            Self::Again(_) | Self::Nothing(None) => fault,
        }
    }
}

/// What is next for a step that is being performed, when its attempt ends with this fault and it has so much of its time left.
pub(super) fn next(state: &State, step: StepId, fault: &Fault, left: Duration) -> Next {
    let StepState::Running(attempt) = *state.step(step) else { return Next::Nothing(None) };
    if fault.certainty == Certainty::Permanent || attempt >= ATTEMPTS_MAX {
        return Next::Nothing(None);
    }
    let forecast = state.forecast();
    let of = forecast.step(step);
    if fault.certainty == Certainty::Unknown && !looks_first(of) {
        return Next::Nothing(Some("it may have been done, and nothing shows whether it was".into()));
    }
    if let Some(why) = state.repeats().spent(of.action.store()) {
        return Next::Nothing(Some(why));
    }
    let asked = fault.retry_after.map_or(Duration::ZERO, |after| after.to_std());
    let pause = pause(&forecast.run, step, attempt + 1).max(asked);
    if pause >= left {
        let why = format!("a pause of {} s would outlast its timeout of {}", pause.as_secs_f64().ceil(), of.timeout);
        return Next::Nothing(Some(why));
    }
    Next::Again(pause)
}

/// Whether a step that may have been done is looked for before it is repeated. The outcome of a command lies wherever it put it.
fn looks_first(step: &ForecastStep) -> bool {
    match step.effect {
        Effect::Read | Effect::Add | Effect::Replace | Effect::Delete => true,
        Effect::Execute => false,
    }
}

/// The pause before an attempt: up to 1 s, 4 s, 16 s, and of that at least half. Long enough for a busy store, short enough for a person who
/// waits. What lies between is "equal jitter" (<https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/>), so that
/// hosts which were refused together do not come back together; it follows from run, step and attempt.
fn pause(run: &RunId, step: StepId, attempt: u32) -> Duration {
    let longest_ms = 1_000 * 4_u64.saturating_pow(attempt.saturating_sub(2)).min(60);
    let half_ms = longest_ms / 2;
    let told = format!("{run}\n{}\n{attempt}", step.0);
    let [a, b, c, d, ..] = *Digest::of(told.as_bytes()).as_bytes();
    Duration::from_millis(half_ms + u64::from(u32::from_be_bytes([a, b, c, d])) % (half_ms + 1))
}
