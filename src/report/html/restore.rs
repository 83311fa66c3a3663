//! The page of a restore's dry run: the runbook, with its graph and its time.

use maud::{Markup, html};

use super::chart::{Bar, Chart, sample};
use super::deleted::deleted;
use super::graph::{Seen, graph};
use super::page::{Page, Section, exit, facts, lines, wide};
use super::run::{about, comes_to};
use super::steps::steps;
use crate::forecast::{Outlook, OutlookStep, Runbook, Stage};
use crate::primitives::Duration;
use crate::report::forecast::{Told, groups};
use crate::report::runbook::{Clock, Typed, before, clock, facts as told_facts, note, then};
use crate::run::ExitStatus;

/// A restore's dry run. `times` is what is proven of its time, as text.
pub fn restore(outlook: &Outlook, runbook: &Runbook, typed: &Typed, times: &str, status: ExitStatus) -> String {
    let (title, about) = about(outlook);
    let clock = clock(runbook);
    let mut told = told_facts(outlook, runbook);
    told.push(("ends with", vec![exit(status)]));
    let lead = html! {
        (comes_to(outlook))
        @if !about.is_empty() { (lines(&about)) }
        (facts(&told))
    };
    let note = |id| note(outlook, runbook, clock, id);
    let begin = Section::new("begin", "How it is begun", facts(&then(outlook, runbook, typed)));
    let graph = Section::new("graph", "The graph", graph(outlook, Seen::Ahead(Some(runbook))));
    let time = Section::new("time", "The time", time(outlook, runbook, times, clock));
    let steps = Section::new("steps", "The steps", steps(outlook, &note));
    let sections = deleted(outlook).into_iter().chain([graph, time, steps, begin]).collect();
    Page { title, lead, sections }.file()
}

/// When each step begins and ends, against what is allowed.
fn time(outlook: &Outlook, runbook: &Runbook, times: &str, clock: Clock) -> Markup {
    let ends = runbook.steps.iter().filter_map(|stage| stage.ends.or(stage.begins)).max().unwrap_or_default();
    let chart = Chart::new(ends, runbook.allowed);
    let told: Vec<Told> = groups(outlook).into_iter().flat_map(|group| group.steps).collect();
    let any_past = runbook.steps.iter().any(|stage| stage.past.is_some());
    let table = html! {
        table.chart {
            caption { "When each step begins and ends, counted from the start." }
            thead {
                tr {
                    @for head in ["step", "what", "begins", "ends", "takes"] { th scope="col" { (head) } }
                    @if any_past { th scope="col" { "before" } }
                    th scope="col" { "longest path" }
                    th scope="col" { (chart.axis()) }
                }
            }
            tbody {
                @for ((step, stage), told) in outlook.steps.iter().zip(&runbook.steps).zip(&told) {
                    (row((step, stage, told), &chart, clock, any_past))
                }
            }
        }
    };
    let is_known = outlook.steps.iter().any(|step| step.takes().is_some());
    html! {
        @if is_known { p { "T+ counts from the start; * marks the longest path." } }
        (legend(runbook, &chart))
        (wide("When each step begins and ends", &table))
        @if !times.is_empty() { h3 { "What is proven of it" } div.wide role="region" aria-label="What is proven of the time" tabindex="0" { pre { (times) } } }
    }
}

fn row((step, stage, told): (&OutlookStep, &Stage, &Told), chart: &Chart, clock: Clock, any_past: bool) -> Markup {
    let number = stage.step.0 + 1;
    let bar = if stage.on_longest_path { Bar::Full } else { Bar::Hollow };
    let seconds = |time: Duration| time.seconds as f64;
    let bars: Vec<_> =
        stage.begins.zip(stage.ends).map(|(from, to)| (bar, seconds(from), seconds(to))).into_iter().collect();
    let at = |time: Option<Duration>| time.map_or_else(|| "not known".to_owned(), clock);
    html! {
        tr {
            td.number { a href={ "#step-" (number) } { (number) } }
            td.what { bdi { (told.word) " " (told.what) } }
            td { (at(stage.begins)) }
            td { (at(stage.ends)) }
            td { (step.takes().map_or_else(|| "not said".to_owned(), |takes| takes.to_string())) }
            @if any_past { td { @if let Some(past) = &stage.past { (before(past)) } } }
            td { @if stage.on_longest_path { "* yes" } @else { "no" } }
            td.bars { (chart.row(&bars)) }
        }
    }
}

fn legend(runbook: &Runbook, chart: &Chart) -> Markup {
    html! {
        ul.legend aria-label="What the bars mean" {
            @if runbook.steps.iter().any(|stage| stage.on_longest_path) {
                li { (sample(Bar::Full)) "full: on the longest path" }
            }
            @if runbook.steps.iter().any(|stage| !stage.on_longest_path && stage.ends.is_some()) {
                li { (sample(Bar::Hollow)) "an outline: it may take longer before the whole does" }
            }
            @if let Some(allowed) = runbook.allowed { (chart.told(allowed)) }
        }
    }
}
