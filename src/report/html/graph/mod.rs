//! The graph of a forecast's steps as a picture within the page.
//!
//! What a step does is told by its shape, its sign and its word, and by its colour besides. Unaware of how the layout is found. Invariant: it
//! shows nothing that the list of steps does not say, and each of its steps leads to its place there.

mod layout;
mod shape;
mod ties;

use maud::{Markup, html};

use self::layout::{HEIGHT, Layout, Point, WIDTH, Way, layout};
use self::shape::{Looks, legend, outline};
use self::ties::{Tie, Ties, ties};
use super::chart::round;
use super::page::wide;
use crate::forecast::{Outlook, OutlookStep, Runbook};
use crate::ports::{StepEnd, StepRow};
use crate::primitives::StepId;
use crate::report::forecast::{Fate, Told, groups, told};
use crate::report::glance::Kind;

/// So many steps are drawn: beyond that no picture is read any more, and the list has them all.
const DRAWN_MAX: usize = 2000;
/// What fits on a line of a step, in columns of the terminal's.
const COLUMNS: usize = 25;

/// Whether there is a picture of a forecast's steps.
pub(super) fn is_drawn(outlook: &Outlook) -> bool {
    outlook.steps.len() <= DRAWN_MAX
}

/// What is told of steps beside what they are.
#[derive(Clone, Copy)]
pub(super) enum Seen<'a> {
    /// What is to come; of a restore, its longest path is marked.
    Ahead(Option<&'a Runbook>),
    /// What became of each.
    Was(&'a [StepRow]),
}

impl<'a> Seen<'a> {
    fn runbook(self) -> Option<&'a Runbook> {
        match self {
            Self::Ahead(runbook) => runbook,
            Self::Was(_) => None,
        }
    }
}

/// The picture, with what works it, and what its signs mean.
pub(super) fn graph(outlook: &Outlook, seen: Seen<'_>) -> Markup {
    let count = outlook.steps.len();
    if !is_drawn(outlook) {
        return html! {
            p { "There are " (count) " steps, which are too many to draw: no more than " (DRAWN_MAX) " are. The list below has them all." }
        };
    }
    let ties = ties(outlook.steps.iter().map(OutlookStep::after));
    let layout = layout(&ties);
    let nodes: Vec<Node> = groups(outlook)
        .into_iter()
        .flat_map(|group| group.steps.into_iter().map(move |step| (group.heading.clone(), step)))
        .map(|(owner, step)| Node::of(outlook, &owner, &step, seen))
        .collect();
    let shown: Vec<&Looks> = nodes.iter().map(|node| &node.looks).collect();
    html! {
        (controls())
        (legend(&shown, matches!(seen, Seen::Was(_)), ties.all.iter().any(|tie| !tie.needs_success)))
        p.skip-graph { a.skip href="#steps" { "Skip the picture" } }
        p.hint {
            "The picture scrolls within its frame"
            @if !nodes.is_empty() { ": " a href="#node-1" { "to its first step" } }
            ". Each step leads to its place in the list below, and its number there leads back."
        }
        div.stage #stage {
            (wide("The graph of the steps; the list of steps says the same", &picture(&layout, &ties, &nodes, seen.runbook())))
        }
    }
}

/// What works the picture. Without scripts it is not shown, and the picture is as large as it is read best.
fn controls() -> Markup {
    let button = |act: &str, sign: &str, does: &str| {
        html! { button type="button" data-act=(act) title=(does) aria-label=(does) { (sign) } }
    };
    html! {
        div.controls #controls hidden {
            span.find {
                label for="find" { "Find a step" }
                input #find type="search" autocomplete="off" spellcheck="false";
                (button("previous", "↑", "The step before"))
                (button("next", "↓", "The next step"))
                output #found for="find" aria-live="polite" {}
            }
            span.zoom role="group" aria-label="The picture's size" {
                (button("out", "−", "Smaller"))
                (button("in", "+", "Larger"))
                (button("usual", "1:1", "As large as it is read best"))
                (button("fit", "Fit", "All of it"))
            }
            span.pan role="group" aria-label="The picture's place" {
                (button("left", "←", "To the left"))
                (button("up", "↑", "Up"))
                (button("down", "↓", "Down"))
                (button("right", "→", "To the right"))
            }
        }
    }
}

/// A step as it is drawn.
struct Node {
    id: StepId,
    looks: Looks,
    first: String,
    second: String,
    whole: String,
}

impl Node {
    fn of(outlook: &Outlook, owner: &str, step: &Told, seen: Seen<'_>) -> Self {
        let of = outlook.step(step.id);
        let (looks, fate) = looks(Kind::of(of), step, seen);
        // A backup's steps are told apart by their job, a restore's by what they are about.
        let second = if owner.starts_with("steps") { told(outlook, of) } else { owner.to_owned() };
        let second = second.strip_prefix(&step.word).map_or(second.as_str(), str::trim_start);
        let long = if looks.long { ", on the longest path" } else { "" };
        let whole = format!("step {}: {}{fate}{long}", step.id.0 + 1, told(outlook, of));
        let sign = looks.sign();
        let first = clipped(&format!("{sign}{} {}", step.id.0 + 1, step.word));
        Self { id: step.id, looks, first, second: clipped(second), whole }
    }

    fn drawn(&self, at: Point) -> Markup {
        let number = self.id.0 + 1;
        html! {
            a id={ "node-" (number) } class=(self.looks.class()) href={ "#step-" (number) } data-step=(number) transform={ "translate(" (round(at.x)) " " (round(at.y)) ")" } {
                title { (self.whole) }
                path.shape d=(outline(self.looks.kind, WIDTH, HEIGHT)) {}
                text.first x=(WIDTH / 2.0) y="19" { (self.first) }
                text.second x=(WIDTH / 2.0) y="35" { (self.second) }
            }
        }
    }
}

/// How a step looks, and what is said of it in words.
fn looks(kind: Kind, step: &Told, seen: Seen<'_>) -> (Looks, String) {
    let plain = Looks::of(kind);
    let rows = match seen {
        Seen::Ahead(runbook) => {
            let stage = runbook.and_then(|runbook| runbook.steps.get(step.id.index()));
            let plain = Looks { long: stage.is_some_and(|stage| stage.on_longest_path), ..plain };
            return match &step.fate {
                Fate::Reached => (plain, String::new()),
                Fate::Fails(_) => (Looks { fails: true, ..plain }, ", will fail".into()),
                Fate::Skipped(by) => {
                    (Looks { skipped: true, ..plain }, format!(", skipped, as step {} will fail", by.0 + 1))
                }
                Fate::NotObserved => (Looks { unseen: true, ..plain }, ", not observed".into()),
            };
        }
        Seen::Was(rows) => rows,
    };
    match rows.get(step.id.index()).map(|row| row.end) {
        Some(StepEnd::Done) => (Looks { done: true, ..plain }, ", done".into()),
        Some(StepEnd::Failed) => (Looks { fails: true, ..plain }, ", failed".into()),
        Some(StepEnd::Skipped) => (Looks { skipped: true, ..plain }, ", skipped".into()),
        Some(StepEnd::Waiting | StepEnd::Running | StepEnd::Pausing) | None => {
            (Looks { unseen: true, ..plain }, ", not ended".into())
        }
    }
}

/// A text that fits on a line: wide characters take two columns.
fn clipped(text: &str) -> String {
    let columns = |c: char| if u32::from(c) >= 0x1100 { 2 } else { 1 };
    let all: usize = text.chars().map(columns).sum();
    if all <= COLUMNS {
        return text.to_owned();
    }
    let mut room = COLUMNS - 1;
    let fits = text.chars().take_while(|c| {
        let fits = columns(*c) <= room;
        room = room.saturating_sub(columns(*c));
        fits
    });
    fits.chain(['…']).collect()
}

fn picture(layout: &Layout, ties: &Ties, nodes: &[Node], runbook: Option<&Runbook>) -> Markup {
    let (width, height) = (layout.width.ceil(), layout.height.ceil());
    html! {
        svg.graph #picture width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } role="group" aria-label="Steps" {
            @for (line, tie) in layout.lines.iter().zip(&ties.all) {
                path class=(class_of(tie, runbook.is_some_and(|runbook| is_long(ties, tie, runbook)))) d=(curve(layout.way, line)) {}
                @if let (true, Some(end)) = (tie.to < ties.steps, line.last()) { path.head d=(arrow(layout.way, *end)) {} }
            }
            @for (node, at) in nodes.iter().zip(&layout.steps) { (node.drawn(*at)) }
        }
    }
}

/// Whether the longest path leads along a line: from a step of it to one that begins when that ends.
fn is_long(ties: &Ties, tie: &Tie, runbook: &Runbook) -> bool {
    let stage = |step: usize| runbook.steps.get(step).filter(|stage| stage.on_longest_path);
    // Of a place where lines meet, the steps on its other side.
    let from: Vec<usize> = match tie.from < ties.steps {
        true => vec![tie.from],
        false => ties.all.iter().filter(|other| other.to == tie.from).map(|other| other.from).collect(),
    };
    let to: Vec<usize> = match tie.to < ties.steps {
        true => vec![tie.to],
        false => ties.all.iter().filter(|other| other.from == tie.to).map(|other| other.to).collect(),
    };
    let ends: Vec<_> = from.into_iter().filter_map(|step| stage(step)?.ends).collect();
    to.into_iter().filter_map(|step| stage(step)?.begins).any(|begins| ends.contains(&begins))
}

fn class_of(tie: &Tie, long: bool) -> &'static str {
    match (tie.needs_success, long) {
        (true, true) => "tie long",
        (true, false) => "tie",
        (false, true) => "tie loose long",
        (false, false) => "tie loose",
    }
}

/// A line through these points, which leaves and reaches each along the layers.
fn curve(way: Way, points: &[Point]) -> String {
    let mut curve = String::new();
    for (number, point) in points.iter().enumerate() {
        let (x, y) = (round(point.x), round(point.y));
        let Some(before) = number.checked_sub(1).and_then(|before| points.get(before)) else {
            curve += &format!("M{x} {y}");
            continue;
        };
        let is_straight = if way == Way::Right { before.y == point.y } else { before.x == point.x };
        let (from_x, from_y) = (round(before.x), round(before.y));
        curve += &match way {
            _ if is_straight => format!("L{x} {y}"),
            Way::Right => {
                let middle = round((before.x + point.x) / 2.0);
                format!("C{middle} {from_y} {middle} {y} {x} {y}")
            }
            Way::Down => {
                let middle = round((before.y + point.y) / 2.0);
                format!("C{from_x} {middle} {x} {middle} {x} {y}")
            }
        };
    }
    curve
}

/// The tip of a line that ends there.
fn arrow(way: Way, end: Point) -> String {
    let (x, y) = (round(end.x), round(end.y));
    match way {
        Way::Right => format!("M{x} {y}l-7 -4v8z"),
        Way::Down => format!("M{x} {y}l-4 -7h8z"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_long_for_a_step_ends_in_dots() {
        assert_eq!(clipped("documents/daily → vault"), "documents/daily → vault");
        assert_eq!(clipped(&"a".repeat(26)), format!("{}…", "a".repeat(24)));
        assert_eq!(clipped(&"復".repeat(13)), format!("{}…", "復".repeat(12)));
    }

    #[test]
    fn lines_are_straight_where_they_can_be() {
        let points = [(10.0, 5.0), (20.0, 5.0), (30.0, 9.0)].map(|(x, y)| Point { x, y });
        assert_eq!(curve(Way::Right, &points), "M10 5L20 5C25 5 25 9 30 9");
        assert_eq!(arrow(Way::Down, points[0]), "M10 5l-4 -7h8z");
    }
}
