//! The steps of a forecast as a list: the same that the graph shows, for whoever does not see it or wants all of it.
//!
//! Unaware of what a step does. Invariant: each step is there, with all that the text tells of it.

use maud::{Markup, html};

use super::graph;
use super::page::{folded, lines};
use crate::forecast::{Outlook, OutlookStep};
use crate::primitives::StepId;
use crate::report::forecast::{Fate, Group, Note, Told, groups};

/// The steps, job by job.
pub(super) fn steps(outlook: &Outlook, note: Note<'_>) -> Markup {
    html! { @for group in groups(outlook) { (listed(outlook, &group, note)) } }
}

fn listed(outlook: &Outlook, group: &Group, note: Note<'_>) -> Markup {
    html! {
        h3 { bdi { (group.heading) } }
        ol.steps {
            @for told in &group.steps {
                li id={ "step-" (told.id.0 + 1) } value=(told.id.0 + 1) { (step(outlook, told, note)) }
            }
        }
    }
}

fn step(outlook: &Outlook, told: &Told, note: Note<'_>) -> Markup {
    let (step, is_drawn) = (outlook.steps.get(told.id.index()), graph::is_drawn(outlook));
    let notes = if matches!(told.fate, Fate::Skipped(_)) { vec![] } else { note(told.id) };
    let takes = told.takes.iter().filter(|_| notes.is_empty());
    let details: Vec<String> = told.details.iter().chain(takes).cloned().collect();
    html! {
        p.step {
            span.mark title=(meaning(told.mark)) { (told.mark) } " "
            (number(told.id, is_drawn)) " "
            strong { (told.word) } " "
            bdi { (told.what) }
        }
        @if !notes.is_empty() { div.notes { (lines(&notes)) } }
        @if !details.is_empty() { (folded(&details, "")) }
        @if let Fate::Fails(fault) = &told.fate { p.fails { "will fail: " bdi { (fault) } } }
        @if let Some(before) = step.and_then(before) { p.after { (before) } }
    }
}

/// A step's number, which leads to its place in the picture where it has one.
fn number(of: StepId, is_drawn: bool) -> Markup {
    let number = of.0 + 1;
    html! {
        @if is_drawn { a.number href={ "#node-" (number) } title="in the picture" { (number) } } @else { span.number { (number) } }
    }
}

/// What a mark says.
fn meaning(mark: char) -> &'static str {
    match mark {
        '+' => "adds",
        '-' => "deletes",
        '~' => "puts something in the place of what was there",
        '!' => "runs a program",
        _ => "changes nothing",
    }
}

/// `after steps 2 and 3; after step 4, whether that succeeds or not`
fn before(step: &OutlookStep) -> Option<Markup> {
    let of = |needs_success: bool| -> Vec<StepId> {
        step.after().iter().filter(|(_, needs)| *needs == needs_success).map(|(on, _)| *on).collect()
    };
    let (needed, ordered) = (of(true), of(false));
    (!needed.is_empty() || !ordered.is_empty()).then(|| {
        html! {
            @if !needed.is_empty() { "after " (numbers(&needed)) }
            @if !needed.is_empty() && !ordered.is_empty() { "; " }
            @if !ordered.is_empty() { "after " (numbers(&ordered)) ", whether or not it succeeds" }
        }
    })
}

/// So many steps are named as coming before one.
const NAMED_MAX: usize = 12;

fn numbers(of: &[StepId]) -> Markup {
    let shown = &of[..of.len().min(NAMED_MAX)];
    html! {
        @if of.len() == 1 { "step " } @else { "steps " }
        @for (number, id) in shown.iter().enumerate() {
            @if number > 0 { ", " }
            a href={ "#step-" (id.0 + 1) } { (id.0 + 1) }
        }
        @if of.len() > shown.len() { " and " (of.len() - shown.len()) " more" }
    }
}
