//! Circles, of `after` and of restores that hold each other: each is reported once, with the span of every tie in it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::diagnostic::{Code, Diagnostic, codes};
use crate::plan::{Plan, Restore, RestoreStep};
use crate::primitives::{JobName, Span};

/// How a kind of circle is told.
struct Telling {
    code: &'static Code,
    /// What they do: "these backups wait for each other".
    what: &'static str,
    /// What one does to the next: "comes after".
    does: &'static str,
    help: &'static str,
}

static AFTER: Telling = Telling {
    code: &codes::graph::CYCLE,
    what: "these backups wait for each other",
    does: "comes after",
    help: "remove one of these `after` ties",
};

static WITHIN: Telling = Telling {
    code: &codes::graph::RESTORE_CYCLE,
    what: "these restores hold each other",
    does: "holds",
    help: "remove one of these `restore` lines",
};

/// One diagnostic for every knot of ties, in source order.
pub(super) fn find(plan: &Plan) -> Vec<Diagnostic> {
    let mut found: Vec<Diagnostic> = circles(&ties(plan), &AFTER);
    found.extend(circles(&inclusions(plan), &WITHIN));
    found.sort_by_key(Diagnostic::span);
    found
}

fn circles(ties: &DiGraph<String, Span>, telling: &Telling) -> Vec<Diagnostic> {
    let through = |mut knot: Vec<NodeIndex>| {
        knot.sort();
        circle_through(ties, &knot)
    };
    tarjan_scc(ties).into_iter().filter_map(through).map(|circle| diagnose(ties, &circle, telling)).collect()
}

/// Every job that comes after another, or another after it, a node, in source order; an edge from a job to each that it comes after.
fn ties(plan: &Plan) -> DiGraph<String, Span> {
    let mut ties = DiGraph::new();
    let mut nodes = BTreeMap::new();
    let named: BTreeSet<&JobName> =
        plan.backups().flat_map(|(_, backup)| &backup.after).map(|tie| &tie.value).collect();
    let tied = plan.backups().filter_map(|(target, backup)| {
        let job = target.job(backup);
        (!backup.after.is_empty() || named.contains(&job)).then_some(job)
    });
    for job in tied {
        let node = ties.add_node(job.to_string());
        nodes.insert(job, node);
    }
    for (target, backup) in plan.backups() {
        for tie in &backup.after {
            if let (Some(from), Some(to)) = (nodes.get(&target.job(backup)), nodes.get(&tie.value)) {
                ties.add_edge(*from, *to, tie.span);
            }
        }
    }
    ties
}

/// Every restore a node, in source order; an edge from a restore to each that it holds.
fn inclusions(plan: &Plan) -> DiGraph<String, Span> {
    let mut ties = DiGraph::new();
    let mut nodes = BTreeMap::new();
    for restore in &plan.restores {
        nodes.insert(&restore.name.value, ties.add_node(restore.name.value.to_string()));
    }
    let edges = |restore: &Restore, ties: &mut DiGraph<String, Span>| {
        let Some(from) = nodes.get(&restore.name.value) else { return };
        let mut held = vec![];
        holds(&restore.steps, &mut held);
        for (name, span) in held {
            if let Some(to) = nodes.get(name) {
                ties.add_edge(*from, *to, span);
            }
        }
    };
    plan.restores.iter().for_each(|restore| edges(restore, &mut ties));
    ties
}

fn holds<'p>(steps: &'p [RestoreStep], held: &mut Vec<(&'p crate::primitives::Name, Span)>) {
    for step in steps {
        match step {
            RestoreStep::Restore(included) => held.push((&included.restore.value, included.restore.span)),
            RestoreStep::Parallel(steps) => holds(steps, held),
            _ => {}
        }
    }
}

/// A circle, as its ties, from the first job of a sorted knot back to itself: the shortest (breadth first). None where the knot is
/// a single job without a tie to itself.
fn circle_through(ties: &DiGraph<String, Span>, knot: &[NodeIndex]) -> Option<Vec<(NodeIndex, Span)>> {
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

fn diagnose(ties: &DiGraph<String, Span>, circle: &[(NodeIndex, Span)], telling: &Telling) -> Diagnostic {
    let mut round: Vec<&str> = circle.iter().map(|(node, _)| ties[*node].as_str()).collect();
    round.extend(round.first().copied());
    let message = format!("{}: {}", telling.what, round.join(" → "));
    let mut labelled = circle
        .iter()
        .enumerate()
        .map(|(at, (node, span))| (*span, format!("`{}` {} `{}`", ties[*node], telling.does, round[at + 1])));
    let (span, text) = labelled.next().unwrap_or_default();
    let first = Diagnostic::new(telling.code, message, span, text, telling.help);
    labelled.fold(first, |found, (span, text)| found.also(span, text))
}
