//! Circles of `after`: each is reported once, with the span of every tie in it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::diagnostic::{Diagnostic, codes};
use crate::plan::Plan;
use crate::primitives::{JobName, Span};

/// One diagnostic for every knot of ties, in source order.
pub(super) fn find(plan: &Plan) -> Vec<Diagnostic> {
    let ties = ties(plan);
    let mut found: Vec<Diagnostic> = tarjan_scc(&ties)
        .into_iter()
        .filter_map(|mut knot| {
            knot.sort();
            circle_through(&ties, &knot)
        })
        .map(|circle| diagnose(&ties, &circle))
        .collect();
    found.sort_by_key(Diagnostic::span);
    found
}

/// Every job a node, in source order; an edge from a job to each that it comes after.
fn ties(plan: &Plan) -> DiGraph<JobName, Span> {
    let mut ties = DiGraph::new();
    let mut nodes = BTreeMap::new();
    let jobs = || plan.targets.iter().flat_map(|target| target.backups.iter().map(move |backup| (target, backup)));
    let job_of = |target: &crate::plan::Target, backup: &crate::plan::Backup| JobName {
        target: target.name.value.clone(),
        backup: backup.name.value.clone(),
    };
    for (target, backup) in jobs() {
        let job = job_of(target, backup);
        nodes.insert(job.clone(), ties.add_node(job));
    }
    for (target, backup) in jobs() {
        for tie in &backup.after {
            if let (Some(from), Some(to)) = (nodes.get(&job_of(target, backup)), nodes.get(&tie.value)) {
                ties.add_edge(*from, *to, tie.span);
            }
        }
    }
    ties
}

/// A circle, as its ties, from the first job of a sorted knot back to itself: the shortest (breadth first). None where the knot is
/// a single job without a tie to itself.
fn circle_through(ties: &DiGraph<JobName, Span>, knot: &[NodeIndex]) -> Option<Vec<(NodeIndex, Span)>> {
    let start = *knot.first()?;
    let mut came_from: BTreeMap<NodeIndex, (NodeIndex, Span)> = BTreeMap::new();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(job) = queue.pop_front() {
        let mut edges: Vec<_> = ties.edges(job).filter(|edge| knot.binary_search(&edge.target()).is_ok()).collect();
        edges.sort_by_key(|edge| *edge.weight());
        for edge in edges {
            if edge.target() == start {
                return Some(walk_back(start, (job, *edge.weight()), &came_from));
            }
            if let Entry::Vacant(unseen) = came_from.entry(edge.target()) {
                unseen.insert((job, *edge.weight()));
                queue.push_back(edge.target());
            }
        }
    }
    None
}

fn walk_back(
    start: NodeIndex,
    last: (NodeIndex, Span),
    came_from: &BTreeMap<NodeIndex, (NodeIndex, Span)>,
) -> Vec<(NodeIndex, Span)> {
    let mut circle = vec![last];
    let mut at = last.0;
    while at != start {
        let Some(before) = came_from.get(&at) else { break };
        circle.push(*before);
        at = before.0;
    }
    circle.reverse();
    circle
}

fn diagnose(ties: &DiGraph<JobName, Span>, circle: &[(NodeIndex, Span)]) -> Diagnostic {
    let mut round: Vec<String> = circle.iter().map(|(job, _)| ties[*job].to_string()).collect();
    round.extend(round.first().cloned());
    let message = format!("these backups wait for each other: {}", round.join(" → "));
    let help = "remove one of these `after` ties";
    let mut labelled = circle
        .iter()
        .enumerate()
        .map(|(at, (job, span))| (*span, format!("`{}` comes after `{}`", ties[*job], round[at + 1])));
    let (span, text) = labelled.next().unwrap_or_default();
    labelled.fold(Diagnostic::new(&codes::graph::CYCLE, message, span, text, help), |found, (span, text)| {
        found.also(span, text)
    })
}
