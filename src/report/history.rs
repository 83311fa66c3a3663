//! Runs that were: a list of them, and all that is known of one.

use std::fmt::Write;

use jiff::SignedDuration;

use super::words::{cell, counted, elapsed, lasting, time};
use crate::ports::{PointRow, RunDetail, RunEnd, RunRow, RunSummary, StepEnd, StepRow};
use crate::primitives::{ByteSize, on_one_line};

/// Runs have no plan here to say in which zone they are shown.
const ZONE: &str = "UTC";
/// So many jobs of a run are named in a list.
const JOBS_SHOWN: usize = 3;

/// How a run ended, in a word or two.
pub fn end(end: RunEnd) -> &'static str {
    match end {
        RunEnd::Open => "not ended",
        RunEnd::Interrupted => "interrupted",
        RunEnd::Complete => "done",
        RunEnd::Suspended => "suspended",
        RunEnd::LeaseLost => "lease lost",
        RunEnd::NotClean => "not clean",
        RunEnd::Failed => "failed",
    }
}

fn step_end(end: StepEnd) -> &'static str {
    match end {
        StepEnd::Waiting => "not begun",
        StepEnd::Running => "not ended",
        StepEnd::Pausing => "failed, and to be tried again",
        StepEnd::Done => "done",
        StepEnd::Failed => "failed",
        StepEnd::Skipped => "skipped",
    }
}

/// What a run was for: `home: photos/daily, music/daily failed`.
fn what(found: &RunSummary) -> String {
    let plan = &found.run.plan;
    if let Some(restore) = &found.run.restore {
        return format!("{plan}: restore {restore}");
    }
    if let Some(run) = &found.run.takes_back {
        return format!("{plan}: roll-back of {run}");
    }
    let shown = found.jobs.iter().take(JOBS_SHOWN).map(|row| match row.end == found.run.end {
        true => row.series.job.to_string(),
        false => format!("{} {}", row.series.job, end(row.end)),
    });
    let shown: Vec<String> = shown.collect();
    let more = found.jobs.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{plan}: {}{more}", shown.join(", "))
}

fn took(run: &RunRow) -> String {
    elapsed(run.began, run.last)
}

/// Runs as lines, the newest first.
pub fn list_text(runs: &[RunSummary]) -> String {
    let line = |found: &RunSummary| {
        let run = &found.run;
        format!(
            "{}  {}  {:<11}  {:>7}  {:>10}  {}\n",
            run.run,
            time(run.began, ZONE),
            end(run.end),
            took(run),
            ByteSize(run.bytes).to_string(),
            what(found)
        )
    };
    if runs.is_empty() { "no run\n".into() } else { runs.iter().map(line).collect() }
}

/// The same as a table.
pub fn list_markdown(runs: &[RunSummary]) -> String {
    let mut text =
        format!("**{}**\n\n| run | begun | outcome | took | bytes | what |\n", counted(runs.len() as u64, "run"));
    text.push_str("| --- | --- | --- | --- | --- | --- |\n");
    for found in runs {
        let run = &found.run;
        let cells = [
            format!("`{}`", run.run),
            time(run.began, ZONE),
            end(run.end).to_owned(),
            took(run),
            ByteSize(run.bytes).to_string(),
            cell(&what(found)),
        ];
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text
}

pub(super) fn headline(found: &RunDetail) -> String {
    let run = &found.run.run;
    format!("run {}: {} after {}{}", run.run, end(run.end), took(run), allowed(run))
}

/// A restore is measured against what it was allowed.
fn allowed(run: &RunRow) -> String {
    let Some(allowed) = run.allowed else { return String::new() };
    let seconds = u64::try_from(run.last.duration_since(run.began).as_secs()).unwrap_or(0);
    format!(" ({} its {allowed})", if seconds <= allowed.seconds { "within" } else { "over" })
}

pub(super) fn about(found: &RunDetail) -> String {
    let run = &found.run.run;
    format!("{} on {}, begun {}", what(&found.run), run.host, time(run.began, ZONE))
}

/// A step's state, how long it took, also beside what the plan expected, and what went wrong.
pub(super) fn step_told(row: &StepRow) -> (String, String, String) {
    let took = row.took();
    let longer = took.zip(row.takes).map(|(took, takes)| took.saturating_sub(takes.signed()));
    let longer = longer.filter(SignedDuration::is_positive);
    let longer = longer.map_or_else(String::new, |by| format!("{} longer than planned", lasting(by)));
    let took = took.map_or_else(String::new, lasting);
    let attempts = if row.attempts > 1 { format!("{} attempts", row.attempts) } else { String::new() };
    let fault = row.fault.as_deref().map(on_one_line).unwrap_or_default();
    let told: Vec<String> = [longer, attempts, fault].into_iter().filter(|part| !part.is_empty()).collect();
    (step_end(row.end).to_owned(), took, told.join(": "))
}

fn made_told(row: &PointRow) -> String {
    let Some(made) = &row.made else { return String::new() };
    let clean = if made.clean { "good" } else { "good, not clean" };
    let gone = match &row.gone {
        Some(gone) => format!("; gone since {}: {}", time(gone.at, ZONE), on_one_line(&gone.why)),
        None => String::new(),
    };
    let (files, bytes, stored) = (counted(made.files, "file"), ByteSize(made.bytes), ByteSize(made.stored));
    format!("{files}, {bytes}, {stored} stored, {clean}{gone}")
}

fn deleted_told(row: &PointRow) -> String {
    row.gone.as_ref().map(|gone| on_one_line(&gone.why)).unwrap_or_default()
}

/// All that is known of a run.
pub fn show_text(found: &RunDetail) -> String {
    let mut text = format!("{}\n  {}\n", headline(found), about(found));
    if found.steps.is_empty() {
        text.push_str("  its steps are not remembered any more\n");
    }
    let widest = found.steps.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    for row in &found.steps {
        let (state, took, told) = step_told(row);
        let planned = if is_planned(found) { format!("{:<8}  ", planned(row)) } else { String::new() };
        let line =
            format!("{:>3} {:<widest$}  {state:<9}  {took:>7}  {planned}{told}", row.step + 1, on_one_line(&row.name));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    for (word, points, told) in points(found) {
        for row in points {
            let _ = writeln!(text, "{word} {} of {}: {}", row.point, row.series.job, told(row));
        }
    }
    text
}

/// Whether the plan expected something of its steps.
pub(super) fn is_planned(found: &RunDetail) -> bool {
    found.steps.iter().any(|row| row.takes.is_some())
}

/// `of 5m`, where the plan expected something.
fn planned(row: &StepRow) -> String {
    row.takes.map_or_else(String::new, |takes| format!("of {takes}"))
}

/// How a point is told.
pub(super) type Told = fn(&PointRow) -> String;

/// The points that a run made and deleted.
pub(super) fn points(found: &RunDetail) -> [(&'static str, &[PointRow], Told); 2] {
    [("made", &found.made, made_told), ("deleted", &found.deleted, deleted_told)]
}

/// The same as tables.
pub fn show_markdown(found: &RunDetail) -> String {
    let mut text = format!("**{}**\n\n{}\n", headline(found), cell(&about(found)));
    if !found.steps.is_empty() {
        let (planned, line) = if is_planned(found) { (" planned |", " --- |") } else { ("", "") };
        let _ = writeln!(text, "\n| step | outcome | took |{planned} told |\n| --- | --- | --- |{line} --- |");
    }
    for row in &found.steps {
        let (state, took, told) = step_told(row);
        let takes = row.takes.map_or_else(String::new, |takes| takes.to_string());
        let planned = if is_planned(found) { format!(" {takes} |") } else { String::new() };
        let _ = writeln!(text, "| {} | {state} | {took} |{planned} {} |", cell(&row.name), cell(&told));
    }
    for (word, points, told) in points(found) {
        if !points.is_empty() {
            let _ = writeln!(text, "\n| {word} | job | |\n| --- | --- | --- |");
        }
        for row in points {
            let _ = writeln!(text, "| `{}` | {} | {} |", row.point, row.series.job, cell(&told(row)));
        }
    }
    text
}
