//! Floor 7: what a plan promises, proven from its schedules and its steps.
//!
//! Unaware of the world and of the time it is now. Invariant: a `ProvenPlan` has no error that no waiver sets aside, and every
//! promise in its proofs that stands as proven follows from the plan's text alone.

mod compile;
mod promise;
mod rpo;
mod rto;
#[cfg(test)]
mod tests;

use jiff::civil::Date;

pub use compile::{Compiled, compile};
pub use promise::{Because, Objective, Promise, Standing};

use crate::check::{CheckedPlan, apply_waivers};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::graph::Graph;
use crate::plan::Plan;

/// A plan whose promises are proven, with the graph that carries it out.
#[derive(Debug, Clone)]
pub struct ProvenPlan {
    checked: CheckedPlan,
    graph: Graph,
    promises: Vec<Promise>,
}

impl ProvenPlan {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        self.checked.plan()
    }

    /// Its steps.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What it promises, in source order: targets first, then restores.
    pub fn promises(&self) -> &[Promise] {
        &self.promises
    }
}

/// Proves what a plan promises. `found` holds what earlier stages found; all of it is answered in source order, less what
/// waivers set aside on the day `today`. There is no proven plan while an error stands.
pub fn prove(
    checked: CheckedPlan,
    graph: Graph,
    mut found: Diagnostics,
    today: Date,
) -> (Vec<Diagnostic>, Option<ProvenPlan>) {
    let plan = checked.plan();
    let mut promises = vec![];
    for target in &plan.targets {
        promises.extend(rpo::prove(plan, target, &mut found));
        promises.extend(rto::of_target(plan, &graph, target, &mut found));
    }
    for restore in &plan.restores {
        promises.extend(rto::of_restore(plan, &graph, restore, &mut found));
    }
    let diagnostics = apply_waivers(plan, found.into_sorted(), today);
    let stands = diagnostics.iter().all(|found| found.severity < Severity::Error);
    (diagnostics, stands.then_some(ProvenPlan { checked, graph, promises }))
}
