//! The page of a run that was: what was planned against what it took.

use jiff::Timestamp;
use maud::{Markup, html};

use super::chart::{Bar, Chart, sample};
use super::graph::{Seen, graph, is_drawn};
use super::page::{Page, Section, lines, wide};
use crate::forecast::Outlook;
use crate::ports::{PointRow, RunDetail, StepEnd, StepRow};
use crate::primitives::Duration;
use crate::report::history::{about, headline, is_planned, points, step_told};
use crate::report::words::counted;

/// All that is known of a run; and what was planned, where its journal is still there.
pub fn history(found: &RunDetail, planned: Option<&Outlook>) -> String {
    let failed = found.steps.iter().filter(|row| row.fault.is_some());
    let failed: Vec<String> = failed
        .map(|row| {
            let (state, _, told) = step_told(row);
            format!("{} {}: {state}: {told}", row.step + 1, row.name)
        })
        .collect();
    let lead = html! {
        p.sum { bdi { (about(found)) } }
        p { (sum(found)) }
        @if found.steps.is_empty() { p { "its steps are not remembered any more" } }
    };
    let wrong = (!failed.is_empty()).then(|| Section::new("wrong", "What went wrong", lines(&failed)));
    let kept = points(found).into_iter().filter(|(_, points, _)| !points.is_empty()).map(|(word, points, told)| {
        let (id, heading) = if word == "made" { ("made", "What was made") } else { ("deleted", "What was deleted") };
        Section::new(id, heading, kept(word, points, told))
    });
    let is_whole = |planned: &&Outlook| planned.steps.len() == found.steps.len();
    let planned = planned.filter(is_whole);
    let leads = planned.is_some_and(is_drawn);
    let steps = (!found.steps.is_empty()).then(|| Section::new("steps", "The steps", steps(found, leads)));
    let graph = planned.map(|planned| {
        let picture = html! {
            p { "As it was planned when the run was begun, and what became of each step." }
            (graph(planned, Seen::Was(&found.steps)))
        };
        Section::new("graph", "The graph", picture)
    });
    let sections = wrong.into_iter().chain(graph).chain(steps).chain(kept).collect();
    Page { title: headline(found), lead, sections }.file()
}

/// `8 steps: 7 done, 1 failed; 1 recovery point made, none deleted`
fn sum(found: &RunDetail) -> String {
    let of = |end: StepEnd| found.steps.iter().filter(|row| row.end == end).count();
    let ends = [
        (StepEnd::Done, "done"),
        (StepEnd::Failed, "failed"),
        (StepEnd::Skipped, "skipped"),
        (StepEnd::Running, "not ended"),
        (StepEnd::Pausing, "to be tried again"),
        (StepEnd::Waiting, "not begun"),
    ];
    let ends: Vec<String> =
        ends.iter().filter(|(end, _)| of(*end) > 0).map(|(end, word)| format!("{} {word}", of(*end))).collect();
    let steps = counted(found.steps.len() as u64, "step");
    let made = counted(found.made.len() as u64, "recovery point");
    let deleted = if found.deleted.is_empty() { "none".to_owned() } else { found.deleted.len().to_string() };
    match ends.is_empty() {
        true => format!("{made} made, {deleted} deleted"),
        false => format!("{steps}: {}; {made} made, {deleted} deleted", ends.join(", ")),
    }
}

/// Seconds since the run began.
fn since(began: Timestamp, time: Timestamp) -> f64 {
    time.duration_since(began).as_secs_f64().max(0.0)
}

/// Each number leads to its place in the picture, where there is one.
fn steps(found: &RunDetail, leads: bool) -> Markup {
    let run = &found.run.run;
    let planned = |row: &StepRow| Some(since(run.began, row.began?) + row.takes?.seconds as f64);
    let ended = found.steps.iter().filter_map(|row| row.ended).map(|ended| since(run.began, ended));
    let last = ended.chain(found.steps.iter().filter_map(planned)).fold(since(run.began, run.last), f64::max);
    let chart = Chart::new(Duration::from_seconds(last.ceil() as u64), run.allowed);
    let is_planned = is_planned(found);
    let table = html! {
        table.chart {
            caption { "What each step took" @if is_planned { ", against what was planned" } ", counted from when the run was begun." }
            thead {
                tr {
                    @for head in ["step", "what", "outcome", "took"] { th scope="col" { (head) } }
                    @if is_planned { th scope="col" { "planned" } }
                    th scope="col" { "told" }
                    th scope="col" { (chart.axis()) }
                }
            }
            tbody { @for row in &found.steps { (step(row, (run.began, run.last), &chart, (is_planned, leads))) } }
        }
    };
    html! {
        ul.legend aria-label="What the bars mean" {
            li { (sample(Bar::Full)) "what it took" }
            @if is_planned { li { (sample(Bar::Frame)) "an outline: what was planned, from when it was begun" } }
            @if found.steps.iter().any(|row| row.end == StepEnd::Failed) { li { (sample(Bar::Broken)) "a cross at its end: it failed" } }
            @if let Some(allowed) = run.allowed { (chart.told(allowed)) }
        }
        (wide("What each step took", &table))
    }
}

fn step(
    row: &StepRow,
    (began, last): (Timestamp, Timestamp),
    chart: &Chart,
    (is_planned, leads): (bool, bool),
) -> Markup {
    let (state, took, told) = step_told(row);
    let mut bars = vec![];
    if let Some(begun) = row.began {
        let from = since(began, begun);
        // One that has not ended was at work until something happened last.
        let to = row.ended.map_or_else(|| since(began, last), |ended| since(began, ended));
        let bar = if row.end == StepEnd::Failed { Bar::Broken } else { Bar::Full };
        bars.push((bar, from, to.max(from)));
        bars.extend(row.takes.map(|takes| (Bar::Frame, from, from + takes.seconds as f64)));
    }
    html! {
        tr.failed[row.end == StepEnd::Failed] id={ "step-" (row.step + 1) } {
            td.number {
                @if leads { a href={ "#node-" (row.step + 1) } title="in the picture" { (row.step + 1) } } @else { (row.step + 1) }
            }
            td.what { bdi { (row.name) } }
            td { (state) }
            td { (took) }
            @if is_planned { td { @if let Some(takes) = row.takes { "of " (takes) } } }
            td.told { bdi { (told) } }
            td.bars { (chart.row(&bars)) }
        }
    }
}

fn kept(word: &str, points: &[PointRow], told: fn(&PointRow) -> String) -> Markup {
    lines(points.iter().map(|row| format!("{word} {} of {}: {}", row.point, row.series.job, told(row))))
}
