//! The page of what a change means: what is grave first, then what becomes of the recovery points, and the week that comes.

use std::collections::BTreeSet;

use jiff::Timestamp;
use maud::{Markup, html};

use super::graph::{Seen, graph};
use super::page::{Page, Section, exit, facts, lines, wide};
use super::steps::steps;
use super::week::week;
use crate::diff::{Change, Judgement, Kind};
use crate::forecast::{Outlook, Runbook};
use crate::plan::Plan;
use crate::primitives::JobName;
use crate::report::diff::{Compared, GRAVEST_FIRST, headline, mark, name, reasons, told, way_out};
use crate::report::timeline::compared_text;
use crate::report::words::counted;
use crate::run::ExitStatus;
use crate::timeline::Comparison;

/// Two versions of a plan, and what they come to.
pub struct Versions<'a> {
    /// What differs.
    pub compared: &'a Compared,
    /// The newer plan; none where it is gone.
    pub new: Option<&'a Plan>,
    /// What becomes of the recovery points of the days that come, or why nobody can say; none where one of them is not there.
    pub points: Option<Result<Comparison, String>>,
}

/// A restore of the newer plan that differs, as the plan alone says it.
pub struct Restored {
    /// Its steps.
    pub outlook: Outlook,
    /// With their times.
    pub runbook: Runbook,
    /// How many other restores differ.
    pub others: usize,
}

/// What the changes mean, as of `at`; and one restore that differs, as there is one picture on a page.
pub fn diff(all: &[Versions<'_>], restored: Option<&Restored>, at: Timestamp, status: ExitStatus) -> String {
    let plans: Vec<Compared> = all.iter().map(|versions| versions.compared.clone()).collect();
    let changed: Vec<&Versions<'_>> =
        all.iter().filter(|versions| !versions.compared.changes.changes.is_empty()).collect();
    let names: Vec<String> = plans.iter().map(name).collect();
    let lead = html! {
        p.sum { bdi { (headline(&plans)) } }
        (facts(&[("compared", names), ("ends with", vec![exit(status)])]))
        @if let Some(way_out) = way_out(&plans) { div.beside role="note" { (lines([way_out])) } }
    };
    let changes = GRAVEST_FIRST.iter().filter_map(|judgement| of_judgement(*judgement, &changed));
    let points = html! { @for versions in &changed { (points(versions, changed.len() > 1)) } };
    let weeks = html! { @for versions in &changed { (schedule(versions, at, changed.len() > 1)) } };
    let restored = restored.into_iter().flat_map(|restored| {
        let of = crate::report::forecast::head(&restored.outlook);
        let picture = html! {
            p { bdi { (of.lines().next().unwrap_or_default()) } }
            @if restored.others > 0 {
                p { (counted(restored.others as u64, "more restore")) " that differ: `sonae restore --dry-run` shows them" }
            }
            (graph(&restored.outlook, Seen::Ahead(Some(&restored.runbook))))
        };
        let list = steps(&restored.outlook, &|_| vec![]);
        [Section::new("graph", "The way back, as it would be", picture), Section::new("steps", "Its steps", list)]
    });
    let after = [
        Section::new("points", "What becomes of the recovery points", points),
        Section::new("schedule", "The week", weeks),
    ];
    let sections = changes.chain(after).chain(restored).filter(|section| !section.body.0.is_empty()).collect();
    let title = match &changed[..] {
        [] => "What the change means".to_owned(),
        [one] => format!("What the change means: {}", name(one.compared)),
        many => format!("What the changes of {} mean", counted(many.len() as u64, "plan")),
    };
    Page { title, lead, sections }.file()
}

/// The section of the changes of one judgement; none where there is none.
fn of_judgement(judgement: Judgement, changed: &[&Versions<'_>]) -> Option<Section> {
    let rows: Vec<(&Compared, &Change)> = changed
        .iter()
        .flat_map(|versions| versions.compared.changes.changes.iter().map(|change| (versions.compared, change)))
        .filter(|(_, change)| change.judgement == judgement)
        .collect();
    let (id, heading, caption) = match judgement {
        Judgement::Hazard => ("hazard", "Hazards", "something happens that nobody may expect"),
        Judgement::Deletes => ("deletes", "What deletes", "recovery points go that the older plan would have kept"),
        Judgement::Weakens => ("weakens", "What weakens", "less is promised, kept, looked at or guarded"),
        Judgement::Neutral => ("neutral", "Neither", "neither more nor less"),
        Judgement::Strengthens => ("strengthens", "What strengthens", "more is promised, kept, looked at or guarded"),
    };
    let is_one = changed.len() == 1;
    let table = html! {
        table {
            caption { strong { (judgement) } ": " (caption) }
            thead {
                tr {
                    @if !is_one { th scope="col" { "plan" } }
                    @for head in ["sign", "what", "why"] { th scope="col" { (head) } }
                }
            }
            tbody { @for (of, change) in &rows { (row(of, change, is_one)) } }
        }
    };
    (!rows.is_empty()).then(|| Section::new(id, heading, wide(heading, &table)))
}

fn row(of: &Compared, change: &Change, is_one: bool) -> Markup {
    html! {
        tr.failed[change.is_unwaived()] {
            @if !is_one { td { bdi { (name(of)) } } }
            td { span.mark { (mark(change)) } }
            td.what { bdi { (told(change)) } }
            td.told { (lines(reasons(change))) }
        }
    }
}

fn points(versions: &Versions<'_>, named: bool) -> Markup {
    let Some(points) = &versions.points else { return html! {} };
    html! {
        @if named { h3 { bdi { (name(versions.compared)) } } }
        @match points {
            // What belongs to a line stands below it.
            Ok(points) => {
                @if versions.new.is_some_and(|plan| plan.targets.iter().any(|target| target.hosts.len() > 1)) {
                    p { "As if each run succeeds, from midnight on; of the points of several hosts, those of one." }
                }
                (lines(compared_text(points).lines().map(|line| line.strip_prefix("  ").unwrap_or(line))))
            }
            Err(why) => p { "They were not counted: " bdi { (why) } }
        }
    }
}

/// The newer plan's, in which the jobs are marked that differ.
fn schedule(versions: &Versions<'_>, at: Timestamp, named: bool) -> Markup {
    let Some(plan) = versions.new else { return html! {} };
    let of = |change: &Change| (change.subject.kind == Kind::Backup).then(|| JobName::parse(&change.subject.name).ok());
    let changed: BTreeSet<JobName> = versions.compared.changes.changes.iter().filter_map(of).flatten().collect();
    html! {
        @if named { h3 { bdi { (name(versions.compared)) } } }
        (week(plan, at, &changed, "changed"))
    }
}
