//! What may be begun beside what runs.
//!
//! Unaware of what steps come after. Pure: how far the steps are decides it. Invariant: at most so many steps run at once as the run may,
//! and on a store as the plan lets it; what one store has no room for keeps nothing else from going on. While a store is given a pause, no job is begun on it: the one that waits tells how it is, and the others are not refused in
//! their turn.

use std::collections::{BTreeMap, BTreeSet};

use super::{State, StepState};
use crate::forecast::{Forecast, ForecastStep};
use crate::primitives::{JobName, Name};

/// The room that is left.
pub(super) struct Room<'a> {
    steps: usize,
    /// And on the stores that the plan limits.
    stores: BTreeMap<&'a Name, usize>,
    /// The stores on which a step waits to be tried again.
    resting: BTreeSet<&'a Name>,
    /// The jobs of which a step was begun; these go on.
    begun: BTreeSet<&'a JobName>,
}

impl<'a> Room<'a> {
    /// What a run leaves that performs at most `side_by_side` steps at once, or one.
    pub(super) fn of(state: &State, forecast: &'a Forecast, side_by_side: usize) -> Self {
        let steps_that = |is: fn(&StepState) -> bool| forecast.steps.iter().filter(move |step| is(state.step(step.id)));
        let running: Vec<&ForecastStep> = steps_that(|of| matches!(of, StepState::Running(_))).collect();
        let on = |store| running.iter().filter(|step| step.action.store() == Some(store)).count();
        let limits = forecast.limits.iter().map(|(store, limit)| (store, limit.get() as usize));
        let pausing = steps_that(|of| matches!(of, StepState::Pausing(_)));
        Self {
            steps: side_by_side.max(1).saturating_sub(running.len()),
            stores: limits.map(|(store, limit)| (store, limit.saturating_sub(on(store)))).collect(),
            resting: pausing.filter_map(|step| step.action.store()).collect(),
            begun: state.begun_jobs(forecast),
        }
    }

    /// Whether nothing at all can be begun.
    pub(super) fn is_full(&self) -> bool {
        self.steps == 0
    }

    /// Whether there is room for a step that waits, after so many attempts.
    pub(super) fn has(&self, step: &ForecastStep, attempts: u32) -> bool {
        let is_begun = attempts > 0 || step.action.job().is_some_and(|job| self.begun.contains(job));
        let store = step.action.store();
        let rests = store.is_some_and(|store| self.resting.contains(store));
        let is_used = store.and_then(|store| self.stores.get(store)).is_some_and(|left| *left == 0);
        self.steps > 0 && !is_used && (is_begun || !rests)
    }

    /// It is begun.
    pub(super) fn take(&mut self, step: &'a ForecastStep) {
        self.steps = self.steps.saturating_sub(1);
        if let Some(left) = step.action.store().and_then(|store| self.stores.get_mut(store)) {
            *left = left.saturating_sub(1);
        }
        self.begun.extend(step.action.job());
    }
}
