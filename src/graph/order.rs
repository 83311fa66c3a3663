//! The order of steps: Kahn's, ties by the order they were made in (petgraph's own `toposort` gives ties
//! in reverse, which reads badly).

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use petgraph::Direction::{Incoming, Outgoing};
use petgraph::graph::DiGraph;

use super::{Graph, Step};
use crate::primitives::StepId;

/// Puts steps, whose ids are their places, in order and numbers them anew. Cycles were refused before.
pub(super) fn sorted(mut steps: Vec<Step>) -> Graph {
    // Only ties between jobs may lead forward. Where none does, each step is the first that is ready in its turn.
    if steps.iter().all(|step| step.after.iter().all(|tie| tie.on < step.id)) {
        steps.iter_mut().for_each(Step::sort_ties);
        return assert_sound(Graph { steps });
    }
    let mut ties = DiGraph::<(), ()>::new();
    let nodes: Vec<_> = steps.iter().map(|_| ties.add_node(())).collect();
    for step in &steps {
        for tie in &step.after {
            // An edge given twice is waited for twice, and looked for never.
            ties.add_edge(nodes[tie.on.index()], nodes[step.id.index()], ());
        }
    }
    let mut waits: Vec<usize> = nodes.iter().map(|node| ties.neighbors_directed(*node, Incoming).count()).collect();
    let mut ready: BinaryHeap<Reverse<usize>> =
        (0..steps.len()).filter(|index| waits[*index] == 0).map(Reverse).collect();
    let mut order = Vec::with_capacity(steps.len());
    while let Some(Reverse(index)) = ready.pop() {
        order.push(index);
        for next in ties.neighbors_directed(nodes[index], Outgoing) {
            waits[next.index()] -= 1;
            if waits[next.index()] == 0 {
                ready.push(Reverse(next.index()));
            }
        }
    }
    assert_eq!(order.len(), steps.len(), "a cycle reached the ordering: cycles are refused before");
    let mut new_ids = vec![StepId(0); steps.len()];
    for (new, old) in order.iter().enumerate() {
        new_ids[*old] = StepId(u32::try_from(new).unwrap_or(u32::MAX));
    }
    let new_id = |old: StepId| new_ids.get(old.index()).copied();
    // Moved, not copied: there may be very many.
    let mut steps: Vec<Option<Step>> = steps.into_iter().map(Some).collect();
    let in_order = order.iter().filter_map(|old| steps[*old].take()).map(|step| step.renumbered(&new_id));
    assert_sound(Graph { steps: in_order.collect() })
}

/// Holds the graph's invariant: ids are places, ties go back, and every input is an output of its kind that an
/// earlier step yields. A violation is a bug of the compiler, never of a plan.
pub(super) fn assert_sound(graph: Graph) -> Graph {
    for (place, step) in graph.steps.iter().enumerate() {
        assert_eq!(step.id.index(), place, "{} has the id of another place", step.name);
        assert!(step.after.iter().all(|tie| tie.on < step.id), "{} comes before what it depends on", step.name);
        for input in step.kind.inputs() {
            let from = graph.steps.get(input.step.index()).filter(|from| from.id < step.id);
            let yields = from.is_some_and(|from| from.kind.yields().contains(&input.kind));
            assert!(yields, "{} takes an output that nobody before it yields", step.name);
            assert!(step.after.iter().any(|tie| tie.on == input.step), "{} does not wait for its input", step.name);
        }
    }
    graph
}
