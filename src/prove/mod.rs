//! Floor 7: what a plan promises, proven from its schedules and its steps.

mod compile;

pub use compile::{Compiled, compile};

use crate::check::{CheckedPlan, apply_waivers};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::graph::Graph;
use crate::plan::Plan;

/// A plan whose promises are proven, with the graph that carries it out.
#[derive(Debug, Clone)]
pub struct ProvenPlan {
    checked: CheckedPlan,
    graph: Graph,
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
}

/// Proves what a plan promises.
pub fn prove(
    checked: CheckedPlan,
    graph: Graph,
    found: Diagnostics,
    today: jiff::civil::Date,
) -> (Vec<Diagnostic>, Option<ProvenPlan>) {
    let diagnostics = apply_waivers(checked.plan(), found.into_sorted(), today);
    let stands = diagnostics.iter().all(|found| found.severity < Severity::Error);
    (diagnostics, stands.then_some(ProvenPlan { checked, graph }))
}
