//! The page of a run's dry run.

use std::collections::BTreeSet;

use maud::{Markup, html};

use super::deleted::deleted;
use super::graph::{Seen, graph};
use super::page::{Page, Section, exit, facts, lines};
use super::steps::steps;
use super::week::week;
use crate::forecast::{Action, DatabaseAction, ForecastStep, Outlook, OutlookStep, Subject};
use crate::plan::Plan;
use crate::primitives::{ByteSize, JobName};
use crate::report::forecast::{end, head};
use crate::report::words::{advice, counted, suspension};
use crate::run::ExitStatus;

/// What a mark of the week says.
const IN_THIS_RUN: &str = "in this run";

/// What would happen. `beside` is what the terminal is told beside it, a line each.
pub fn run(outlook: &Outlook, plan: &Plan, beside: &[String], status: ExitStatus) -> String {
    page(outlook, plan, beside, status, None)
}

/// What is due, as its text says it.
pub struct Due<'a> {
    /// That text.
    pub told: &'a str,
    /// What would happen; nothing where nothing is due.
    pub outlook: Option<&'a Outlook>,
    /// When that was asked.
    pub at: jiff::Timestamp,
}

/// What is due, and what would happen.
pub fn due(due: &Due<'_>, plan: &Plan, beside: &[String], status: ExitStatus) -> String {
    let mut told = due.told.lines();
    let title = told.next().unwrap_or_default().to_owned();
    let section = Section::new("due", "What is due", lines(told.filter(|line| !line.trim().is_empty())));
    match due.outlook {
        Some(outlook) => page(outlook, plan, beside, status, Some((title, section))),
        None => {
            let lead =
                html! { p.sum { "Nothing is due." } (facts(&[("ends with", vec![exit(status)])])) (noted(beside)) };
            let schedule = Section::new("schedule", "The week", week(plan, due.at, &BTreeSet::new(), IN_THIS_RUN));
            Page { title, lead, sections: vec![section, schedule] }.file()
        }
    }
}

fn page(
    outlook: &Outlook,
    plan: &Plan,
    beside: &[String],
    status: ExitStatus,
    due: Option<(String, Section)>,
) -> String {
    let (title, about) = about(outlook);
    let lead = html! {
        @if due.is_some() { p { bdi { (title) } } }
        (comes_to(outlook))
        (facts(&shown(outlook, status)))
        @if !about.is_empty() { (lines(&about)) }
        (noted(beside))
    };
    let (title, due) = due.map_or((title, None), |(title, section)| (title, Some(section)));
    let chosen: BTreeSet<JobName> = match &outlook.subject {
        Subject::Backup { jobs, .. } => jobs.iter().cloned().collect(),
        Subject::Restore { .. } | Subject::RollBack(_) | Subject::Slice(_) => BTreeSet::new(),
    };
    let graph = Section::new("graph", "The graph", graph(outlook, Seen::Ahead(None)));
    let steps = Section::new("steps", "The steps", steps(outlook, &|_| vec![]));
    let schedule = Section::new("schedule", "The week", week(plan, outlook.at, &chosen, IN_THIS_RUN));
    let sections = due.into_iter().chain(deleted(outlook)).chain([graph, steps, schedule]).collect();
    Page { title, lead, sections }.file()
}

/// The headline, and what else the text says before the steps.
pub(super) fn about(outlook: &Outlook) -> (String, Vec<String>) {
    let head = head(outlook);
    let mut lines = head.lines().map(str::to_owned);
    (lines.next().unwrap_or_default(), lines.collect())
}

/// What it comes to, in a sentence or two.
pub(super) fn comes_to(outlook: &Outlook) -> Markup {
    html! { @for line in end(outlook).lines() { p.sum { bdi { (line) } } } }
}

/// What is said beside it.
pub(super) fn noted(beside: &[String]) -> Markup {
    html! { @if !beside.is_empty() { div.beside role="note" { (lines(beside)) } } }
}

/// How much it reads, what fails, what is suspended and what waits, and how it ends.
fn shown(outlook: &Outlook, status: ExitStatus) -> Vec<(&'static str, Vec<String>)> {
    let seen = outlook.known().filter_map(|step| match &step.action {
        Action::Look { seen, .. } => seen.as_ref(),
        _ => None,
    });
    let (files, bytes) = seen.fold((0_u64, 0_u64), |(files, bytes), seen| {
        (files.saturating_add(seen.files), bytes.saturating_add(seen.bytes))
    });
    let reads = (files > 0).then(|| format!("{}, {}", counted(files, "file"), ByteSize(bytes)));
    let all = [
        ("reads", reads.into_iter().collect()),
        ("fails", outlook.foreseen().map(|(step, fault)| format!("step {}: {fault}", step.id.0 + 1)).collect()),
        ("suspended", suspended(outlook)),
        ("waits", waits(outlook)),
        ("ends with", vec![exit(status)]),
    ];
    all.into_iter().filter(|(_, lines)| !lines.is_empty()).collect()
}

/// What guards suspend, and what to ask.
fn suspended(outlook: &Outlook) -> Vec<String> {
    let of = |step: &ForecastStep| {
        let why = match &step.action {
            Action::Delete { suspended, .. } => suspended.as_ref()?,
            Action::Database(action) => match &**action {
                DatabaseAction::Prune(of) => of.suspended.as_ref()?,
                _ => return None,
            },
            _ => return None,
        };
        Some([format!("step {}: {}", step.id.0 + 1, suspension(why)), format!("  {}", advice(why))])
    };
    outlook.known().filter_map(of).flatten().collect()
}

/// The steps that wait for a person.
fn waits(outlook: &Outlook) -> Vec<String> {
    let of = |step: &OutlookStep| match step {
        OutlookStep::Known(known) => match &known.action {
            Action::Approve { what, role, .. } => Some((known.id, format!("{what}, by one of the role {role}"))),
            _ => None,
        },
        OutlookStep::NotObserved(step) => (step.word == "approve").then(|| (step.id, step.what.clone())),
    };
    outlook.steps.iter().filter_map(of).map(|(id, what)| format!("step {}: {what}", id.0 + 1)).collect()
}
