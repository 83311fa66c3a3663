//! The longest path through a graph: how long the steps take when whatever can runs side by side.

use super::Graph;
use crate::primitives::{Duration, StepId};

/// The steps that decide how long a graph takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LongestPath {
    /// In order.
    pub steps: Vec<StepId>,
    /// The sum of what they take.
    pub takes: Duration,
}

/// The longest path; a step that says nothing of how long it takes counts as nothing, so the caller first
/// asks whether every step says it.
pub fn longest_path(graph: &Graph) -> LongestPath {
    let mut best: Vec<(u64, Option<StepId>)> = Vec::with_capacity(graph.steps().len());
    for step in graph.steps() {
        let before = step.after.iter().map(|tie| (best[tie.on.index()].0, Some(tie.on)));
        // The first of equals: the path that the plan names first.
        let longest = before.fold((0, None), |a, b| if b.0 > a.0 || a.1.is_none() { b } else { a });
        best.push((longest.0.saturating_add(step.takes.map_or(0, |takes| takes.seconds)), longest.1));
    }
    let mut end: Option<usize> = None;
    for (at, (seconds, _)) in best.iter().enumerate() {
        if end.is_none_or(|end: usize| *seconds > best[end].0) {
            end = Some(at);
        }
    }
    let takes = Duration::from_seconds(end.map_or(0, |end| best[end].0));
    let mut steps = vec![];
    let mut at = end.and_then(|end| u32::try_from(end).ok()).map(StepId);
    while let Some(id) = at {
        steps.push(id);
        at = best[id.index()].1;
    }
    steps.reverse();
    LongestPath { steps, takes }
}
