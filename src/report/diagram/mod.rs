//! The graph of a forecast's steps in the words of programs that draw: Mermaid, which forges show within Markdown, and DOT of Graphviz.
//!
//! Unaware of how it is drawn. Invariant: each step and each tie of the forecast is there once, and no text of a plan is anything but text.

mod dot;
mod mermaid;

pub use dot::dot;
pub use mermaid::mermaid;

use super::forecast::{Fate, groups};
use super::glance::Kind;
use super::words::{counted, seen};
use crate::forecast::{Outlook, Runbook};
use crate::primitives::{StepId, on_one_line};

/// What is drawn.
struct Diagram {
    title: String,
    clusters: Vec<Cluster>,
    ties: Vec<Tie>,
}

/// The steps of a job, or those of a restore.
struct Cluster {
    heading: String,
    nodes: Vec<Node>,
}

struct Node {
    id: StepId,
    /// Its number with its sign, and what it does: a line each.
    lines: [String; 2],
    kind: Kind,
    /// Whether it is reached, as far as can be seen.
    is_reached: bool,
    /// Whether it is on the longest path of a restore.
    is_long: bool,
}

/// What fills it, and what is around it: dark text is read on it, whatever the page behind.
fn colours(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Looks => ("#eef1f4", "#5b6570"),
        Kind::Waits => ("#f1e4f8", "#7b3fa0"),
        Kind::Adds => ("#dff0e2", "#1f7a35"),
        Kind::Runs => ("#fff0cc", "#8a5a00"),
        Kind::Replaces => ("#e3e8ff", "#3d4fb8"),
        Kind::Deletes => ("#fbe0dd", "#b3261e"),
    }
}

/// That a step comes after another.
struct Tie {
    from: StepId,
    to: StepId,
    /// Else it is begun whether that succeeds or not.
    needs_success: bool,
}

impl Diagram {
    /// Of a forecast; of a restore, its longest path is marked.
    fn of(outlook: &Outlook, runbook: Option<&Runbook>) -> Self {
        let is_long = |id: StepId| {
            runbook.and_then(|runbook| runbook.steps.get(id.index())).is_some_and(|stage| stage.on_longest_path)
        };
        let clusters = groups(outlook).into_iter().map(|group| {
            let node = |told: super::forecast::Told| {
                let fate = match &told.fate {
                    // Of one that is skipped, what it is about says so.
                    Fate::Reached | Fate::Skipped(_) => "",
                    Fate::Fails(_) => ", will fail",
                    Fate::NotObserved => ", not observed",
                };
                let kind = Kind::of(outlook.step(told.id));
                let number = format!("{}{} {}{fate}", kind.sign(), told.id.0 + 1, told.word);
                Node {
                    id: told.id,
                    lines: [number, plain(&told.what)],
                    kind,
                    is_reached: matches!(told.fate, Fate::Reached | Fate::NotObserved),
                    is_long: is_long(told.id),
                }
            };
            Cluster { heading: plain(&group.heading), nodes: group.steps.into_iter().map(node).collect() }
        });
        let clusters = clusters.collect();
        let ties = (0_u32..).zip(&outlook.steps).flat_map(|(to, step)| {
            let tie = move |&(from, needs_success): &(StepId, bool)| Tie { from, to: StepId(to), needs_success };
            step.after().iter().map(tie)
        });
        let title = super::forecast::head(outlook);
        let title = plain(title.lines().next().unwrap_or_default());
        Self { title, clusters, ties: ties.collect() }
    }

    fn nodes(&self) -> impl Iterator<Item = &Node> {
        self.clusters.iter().flat_map(|cluster| &cluster.nodes)
    }

    /// `8 steps, 7 ties`
    fn size(&self) -> String {
        format!("{}, {}", counted(self.nodes().count() as u64, "step"), counted(self.ties.len() as u64, "tie"))
    }
}

/// On one line, with nothing in it that is not seen.
fn plain(text: &str) -> String {
    seen(&on_one_line(text))
}
