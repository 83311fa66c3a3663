//! How a run ended, as text.

use std::fmt::Write;

use jiff::SignedDuration;

use super::kept::stays;
use super::words::{advice, count, counted, elapsed, lasting, lease_lost, names, read_by, suspension, time};
use crate::catalog::{Manifest, Named};
use crate::forecast::{Action, Forecast, ForecastStep, Move, Subject};
use crate::graph::argument_line;
use crate::ports::{Cause, Fault, Keeping};
use crate::primitives::{ByteSize, HostPath, Name, PathBytes, on_one_line};
use crate::run::{End, Outcome, StepEnd};
use crate::steps::{Deleted, Omission, Recovered, Said, StepOutput};

/// Says where people find an object of a store.
pub type Place<'a> = &'a dyn Fn(&crate::primitives::Name, &crate::primitives::Key) -> String;

/// The summary: what was done, where it is, what went wrong and what to do next.
pub fn text(outcome: &Outcome, place: Place<'_>) -> String {
    let mut lines = String::new();
    for step in &outcome.steps {
        let forecast = outcome.forecast.step(step.step);
        match &step.end {
            StepEnd::Done(output) => done(forecast, output, place, &outcome.forecast.timezone, &mut lines),
            StepEnd::Failed(fault) => {
                let _ = writeln!(lines, "failed: {}: {fault}", forecast.name);
            }
            StepEnd::Skipped(because) => {
                let because = &outcome.forecast.step(*because).name;
                let _ = writeln!(lines, "skipped: {}, because {because} did not succeed", forecast.name);
            }
            StepEnd::Unanswered(fault) => {
                let _ = writeln!(lines, "waits: {}: {fault}", forecast.name);
            }
            StepEnd::Open => {
                let _ = writeln!(lines, "open: {}", forecast.name);
            }
        }
    }
    lines.push_str(&planned_and_actual(outcome));
    super::roll_back::outcome(outcome, &mut lines);
    let _ = writeln!(lines, "{}", closing(outcome));
    lines
}

/// How long the steps of a restore took beside what the plan expects, where it expects something.
fn planned_and_actual(outcome: &Outcome) -> String {
    let expects = outcome.forecast.steps.iter().any(|step| step.takes.is_some());
    if !matches!(outcome.forecast.subject, Subject::Restore { .. }) || !expects {
        return String::new();
    }
    let mut lines = String::from("   planned    actual\n");
    for step in &outcome.steps {
        let forecast = outcome.forecast.step(step.step);
        let planned = forecast.takes.map_or_else(|| "-".to_owned(), |takes| takes.to_string());
        let took = step.took_ms.and_then(|took| i64::try_from(took).ok()).map(SignedDuration::from_millis);
        let actual = took.map_or_else(|| "-".to_owned(), lasting);
        let is_longer =
            forecast.takes.zip(step.took_ms).is_some_and(|(takes, took)| took > takes.seconds.saturating_mul(1000));
        let mark = if is_longer { "!" } else { " " };
        let _ = writeln!(lines, "{mark} {planned:>8}  {actual:>8}   {}", forecast.name);
    }
    lines
}

fn done(step: &ForecastStep, output: &StepOutput, place: Place<'_>, timezone: &str, lines: &mut String) {
    match (output, &step.action) {
        (StepOutput::Committed(manifest), Action::Commit { new, .. }) => {
            committed(manifest, &place(&new.store, &manifest.archive.key), lines);
        }
        (StepOutput::Deleted(deleted), Action::Delete { job, keeping, .. }) => {
            deletion(&job.to_string(), deleted, keeping, timezone, lines)
        }
        (StepOutput::Recovered(recovered), Action::Recover(recovery)) => {
            let into = HostPath::on(recovery.on.as_deref(), recovery.into.clone()).to_string();
            restored(&recovery.target.to_string(), recovered, &into, lines);
        }
        (StepOutput::Probed, Action::Probe { shows, .. }) => {
            let _ = writeln!(lines, "probe: {shows}: well");
        }
        (StepOutput::Approved(word), Action::Approve { what, .. }) => {
            let by = &word.by;
            let _ =
                writeln!(lines, "approved: {what}: by {} ({}): {}", by.person, by.account, on_one_line(&word.reason));
        }
        (StepOutput::Ran(said), Action::Command { argv, .. }) => ran(&argument_line(argv), said, lines),
        (StepOutput::Deployed(deployed), Action::Deploy(of)) => super::deploy::outcome(deployed, of, lines),
        (StepOutput::Launched(launched), Action::Launch(of)) => super::launch::outcome(launched, of, lines),
        (StepOutput::Database(done), Action::Database(action)) => {
            super::database::outcome(done, action, timezone, lines)
        }
        (StepOutput::Linked, Action::Link { target, on, link, from, to }) => {
            super::roll_back::linked(target, &HostPath::on(on.as_deref(), link.clone()), (from, to), lines);
        }
        (StepOutput::Switched { kept }, Action::Switch { target, moves, .. }) => switched(target, moves, kept, lines),
        _ => {}
    }
}

/// A new point: what it holds, that it was read back, where it is; then what is not in it.
fn committed(manifest: &Manifest, place: &str, lines: &mut String) {
    let holds = format!(
        "{} in {}, {}",
        counted(manifest.totals.files, "file"),
        counted(manifest.totals.folders, "folder"),
        ByteSize(manifest.totals.bytes)
    );
    let _ = writeln!(lines, "{}: recovery point {}", manifest.job, manifest.point);
    let _ = writeln!(lines, "  holds      {holds}");
    let _ = writeln!(lines, "  stored     {} at {place}", ByteSize(manifest.archive.size));
    let _ = writeln!(
        lines,
        "  read back  every byte: {} checked against their digests",
        counted(manifest.read_back.entries, "entry").replace("entrys", "entries")
    );
    named("not stored", &manifest.not_stored, "sockets, FIFOs and devices are named, not stored", lines);
    named("mounts", &manifest.not_entered, "other file systems were not entered", lines);
    named("changed", &manifest.changed, "they changed while they were read", lines);
    named("unread", &manifest.unread, "they could not be read", lines);
}

pub(super) fn named(word: &str, named: &Named, why: &str, lines: &mut String) {
    if named.count == 0 {
        return;
    }
    let _ = writeln!(lines, "  {word:<10} {}: {why}", count(named.count));
    for line in names(named) {
        let _ = writeln!(lines, "             {line}");
    }
}

fn deletion(job: &str, deleted: &Deleted, keeping: &Keeping, timezone: &str, lines: &mut String) {
    if !deleted.points.is_empty() {
        let points = counted(deleted.points.len() as u64, "recovery point");
        let freed = if keeping.is_gone() { "freed" } else { "hidden" };
        let _ = writeln!(lines, "{job}: deleted {points} that retention lets go, {} {freed}", ByteSize(deleted.bytes));
        for line in stays(keeping, None) {
            let _ = writeln!(lines, "  kept       {line}");
        }
        if let Some(until) = deleted.locked_until {
            let _ = writeln!(lines, "  locked     until {}, whatever is set", time(until, timezone));
        }
    }
    if deleted.leftovers > 0 {
        let _ = writeln!(lines, "{job}: removed {} of unfinished runs", counted(deleted.leftovers, "leftover"));
    }
    if let Some(why) = &deleted.suspended {
        let kept = deleted.omitted.iter().filter(|(_, omitted)| *omitted == Omission::Suspended).count();
        let _ = writeln!(lines, "{job}: deletions are suspended: {}", suspension(why));
        if kept > 0 {
            let _ = writeln!(lines, "  kept       {} that retention lets go", counted(kept as u64, "recovery point"));
        }
        let _ = writeln!(lines, "  look       {}", advice(why));
    }
    if let Some(why) = &deleted.lease {
        let kept = deleted.omitted.iter().filter(|(_, omitted)| *omitted == Omission::NoLease).count();
        let _ = writeln!(lines, "{job}: nothing more was deleted: {}", lease_lost(why));
        if kept > 0 {
            let _ = writeln!(lines, "  kept       {} that retention lets go", counted(kept as u64, "recovery point"));
        }
        let _ = writeln!(
            lines,
            "  look       a later run that holds the lease deletes it; `sonae unlock` shows who holds it"
        );
    }
    for (point, why) in &deleted.omitted {
        let why = match why {
            // Said above, of all of them.
            Omission::Suspended | Omission::NoLease => continue,
            Omission::GoneAlready => "it was gone already".into(),
            Omission::Unusable => "it cannot be used as it is now; look at what `sonae points` says of it".into(),
            Omission::BeingRestored => "a restore reads points of this job; a later backup deletes it".into(),
            Omission::Pinned { machine } => format!("{}; a later backup deletes it", read_by(machine.as_deref(), "it")),
            Omission::KeptNow => "a retention rule keeps it now: other points that were counted on are gone".to_owned(),
        };
        let _ = writeln!(lines, "{job}: did not delete {point}: {why}");
    }
}

fn restored(target: &str, recovered: &Recovered, into: &str, lines: &mut String) {
    let holds = format!("{}, {}", counted(recovered.totals.files, "file"), ByteSize(recovered.totals.bytes));
    let _ = writeln!(lines, "{target}: restored {holds}, every digest verified");
    let _ = writeln!(lines, "  into       {into}");
    named("flawed", &recovered.flawed, "they were not whole when they were backed up", lines);
    named("unread", &recovered.unread, "they could not be read when they were backed up, and are not restored", lines);
    for folder in &recovered.removed {
        let _ = writeln!(lines, "  removed    {folder}, which a killed restore left");
    }
    named("left over", &recovered.not_removed, "killed restores left them, and they could not be removed", lines);
    named("not set", &recovered.unset, "this user or file system may not set all that they had", lines);
}

/// A program that ended well, with the last that it said.
fn ran(command: &str, said: &Said, lines: &mut String) {
    let _ = match said.by_word {
        true => writeln!(lines, "command: {command}: done, as somebody said"),
        false => writeln!(lines, "command: {command}: exited with 0"),
    };
    let all: Vec<&str> = said.stdout.lines().chain(said.stderr.lines()).collect();
    for line in &all[all.len().saturating_sub(SAID_LINES)..] {
        let _ = writeln!(lines, "  | {}", on_one_line(line));
    }
}

fn switched(target: &Name, moves: &[Move], kept: &[PathBytes], lines: &mut String) {
    let _ = writeln!(lines, "{target}: switched");
    for step in moves {
        let _ = writeln!(lines, "  in place   {}", step.to);
        if kept.contains(&step.kept) {
            let _ = writeln!(lines, "  kept       {}, which was there until now", step.kept);
        }
    }
}

/// So many lines of what a program said are in the summary; all that is kept is in the JSON form.
const SAID_LINES: usize = 5;

/// The last line of the summary: how it ended.
pub fn closing(outcome: &Outcome) -> String {
    let forecast = &outcome.forecast;
    let took = elapsed(outcome.began, outcome.ended);
    let end = match outcome.end {
        End::Complete => format!("done in {took}"),
        End::Suspended => {
            let whole =
                outcome.steps.iter().all(|step| !matches!(&step.end, StepEnd::Done(output) if !output.is_clean()));
            let unread = if whole { "" } else { ", and not every file could be read whole" };
            let suspended = |end: &StepEnd| matches!(end, StepEnd::Done(output) if output.suspension().is_some());
            let until = match outcome.steps.iter().any(|step| suspended(&step.end)) {
                true => "deletions are suspended until somebody looks",
                false => "not all was deleted, as a lease was not held",
            };
            format!("done in {took}, but {until}{unread}")
        }
        End::NotClean => {
            let when = match forecast.subject {
                Subject::Backup { .. } | Subject::RollBack(_) | Subject::Slice(_) => "",
                Subject::Restore { .. } => " when it was backed up",
            };
            format!("done in {took}, but not every file could be read whole{when}")
        }
        End::Failed if let Some(no) = turned_down(outcome) => {
            let (no, anew) = (on_one_line(&no.answer), begun_anew(forecast));
            format!("turned down after {took}: {no}; where it is wanted after all, {anew}")
        }
        End::Failed => {
            let failed = outcome.steps.iter().filter(|step| matches!(step.end, StepEnd::Failed(_))).count() as u64;
            let next = match forecast.subject {
                Subject::Restore { .. } | Subject::RollBack(_) => {
                    format!(", then go on with `sonae resume {}`", forecast.run)
                }
                Subject::Backup { .. } | Subject::Slice(_) => " and run it again".to_owned(),
            };
            format!("{} failed after {took}; mend what is said above{next}", counted(failed, "step"))
        }
        End::Waiting => {
            let waits = outcome.steps.iter().filter(|step| matches!(step.end, StepEnd::Unanswered(_))).count() as u64;
            format!("{} for a person after {took}; then go on with `sonae resume {}`", waiting(waits), forecast.run)
        }
        End::Interrupted => format!("interrupted after {took}; go on with `sonae resume {}`", forecast.run),
    };
    format!("run {}: {end}{}", forecast.run, budget(outcome, forecast))
}

/// The no of a person, where one was said.
fn turned_down(outcome: &Outcome) -> Option<&Fault> {
    outcome.steps.iter().find_map(|step| match &step.end {
        StepEnd::Failed(fault) if fault.cause == Cause::Refused => Some(fault),
        _ => None,
    })
}

fn begun_anew(forecast: &Forecast) -> String {
    match &forecast.subject {
        Subject::Restore { restore, .. } => format!("begin it anew with `sonae restore PLAN {restore}`"),
        Subject::Backup { .. } | Subject::RollBack(_) | Subject::Slice(_) => "run it again".to_owned(),
    }
}

fn waiting(steps: u64) -> String {
    if steps == 1 { "1 step waits".to_owned() } else { format!("{steps} steps wait") }
}

/// A restore is measured against its budget.
fn budget(outcome: &Outcome, forecast: &Forecast) -> String {
    let Subject::Restore { budget: Some(budget), .. } = &forecast.subject else { return String::new() };
    let took = u64::try_from(outcome.ended.duration_since(outcome.began).as_secs()).unwrap_or(0);
    let kept = if took <= budget.seconds { "within" } else { "over" };
    format!(" ({kept} its {budget})")
}
