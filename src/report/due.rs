//! What is due, as text.

use std::fmt::Write;

use jiff::Timestamp;

use super::words::{count, time};
use crate::due::{Due, JobDue, Missed, News, Verdict};
use crate::primitives::{RunId, Slot};

/// Every job: whether it is due and why, what was missed, and when it is due next.
pub fn text(due: &Due) -> String {
    let mut lines = format!("{}: what is due on {}, as of {}\n", due.plan, due.host, time(due.at, &due.timezone));
    for of in &due.jobs {
        let _ = match &of.schedule {
            Some(schedule) => writeln!(lines, "\n{}: {schedule}", of.job),
            None => writeln!(lines, "\n{}", of.job),
        };
        let (word, what) = verdict(of, &due.timezone);
        let _ = writeln!(lines, "  {word:<9} {what}");
        for (word, what) in [("missed", missed(&of.missed, &due.timezone)), ("resembles", resembles(of))] {
            if let Some(what) = what {
                let _ = writeln!(lines, "  {word:<9} {what}");
            }
        }
        if let Some(next) = of.next {
            let _ = writeln!(lines, "  next      {}", time(next, &due.timezone));
        }
    }
    lines
}

/// What a run says before it begins, a line each: what is due, and what is new. Where `quiet`, only what somebody should know: what was missed,
/// what cannot be said, and what may be a job that was renamed.
pub fn told(due: &Due, quiet: bool) -> Vec<String> {
    let mut lines = vec![];
    for of in &due.jobs {
        let (word, what) = verdict(of, &due.timezone);
        match of.verdict {
            Verdict::Unknown { .. } => lines.push(format!("{}: {word}: {what}", of.job)),
            Verdict::New { .. }
            | Verdict::Due { .. }
            | Verdict::Waiting { .. }
            | Verdict::Running { slot: Some(_) }
                if !quiet =>
            {
                lines.push(format!("{}: {word}: {what}", of.job));
            }
            _ => {}
        }
        if let (Some(missed), Verdict::Due { .. }) = (missed(&of.missed, &due.timezone), &of.verdict) {
            lines.push(format!("{}: missed: {missed}", of.job));
        }
        if let (Some(resembles), Verdict::New { .. }) = (resembles(of), &of.verdict) {
            lines.push(format!("{}: resembles: {resembles}", of.job));
        }
    }
    lines
}

/// One line where nothing is due: what comes next.
pub fn nothing(due: &Due) -> String {
    let next = due.jobs.iter().filter_map(|of| Some((of.next?, &of.job))).min();
    match next {
        Some((at, job)) => {
            format!("{}: nothing is due; next is {job}, at {}\n", due.plan, time(at, &due.timezone))
        }
        None => format!(
            "{}: nothing is due, and nothing ever will be: no backup that can be run here has a schedule\n",
            due.plan
        ),
    }
}

/// That a run which died each time that it was gone on with is left for a while.
pub fn in_vain(run: &RunId, in_vain: u32, until: Timestamp, zone: &str) -> String {
    format!(
        "run {run} was resumed {}, and died before anything more of it was done; it is left until {}, and nothing else is begun for \
         what it was to do; `sonae resume {run}` goes on with it at once",
        times(in_vain),
        time(until, zone)
    )
}

fn at(slot: Slot, zone: &str) -> String {
    time(slot.time(), zone)
}

fn times(failures: u32) -> String {
    if failures == 1 { "once".into() } else { format!("{} times", count(failures.into())) }
}

fn verdict(of: &JobDue, zone: &str) -> (&'static str, String) {
    match &of.verdict {
        Verdict::Unscheduled => ("by hand", "it has no schedule: it is run by its name".into()),
        Verdict::Unknown { fault } => ("unknown", format!("its store does not say what was done: {fault}")),
        Verdict::New { news: News::Job } => {
            ("new", "it is seen here for the first time: nothing is due before its next time".into())
        }
        Verdict::New { news: News::Schedule } => (
            "new",
            "its schedule was changed: nothing is due before its next time, and nothing older is caught up".into(),
        ),
        Verdict::Idle { done: Some(slot) } => ("done", at(*slot, zone)),
        Verdict::Idle { done: None } => ("not yet", "its first time is still to come".into()),
        Verdict::Running { slot } => {
            let waits = slot.map_or(String::new(), |slot| format!("; {} waits until it is over", at(slot, zone)));
            ("running", format!("a run of it has not ended{waits}"))
        }
        Verdict::Waiting { slot, failures, until } => (
            "waiting",
            format!("{} failed {}; it is tried again at {}", at(*slot, zone), times(*failures), time(*until, zone)),
        ),
        Verdict::Due { slot, failures: 0 } => ("due", format!("for {}", at(*slot, zone))),
        Verdict::Due { slot, failures } => {
            ("due", format!("for {}, which failed {}", at(*slot, zone), times(*failures)))
        }
    }
}

fn missed(missed: &Missed, zone: &str) -> Option<String> {
    if missed.count == 0 {
        return None;
    }
    let more = if missed.more { "more than " } else { "" };
    let named: Vec<String> = missed.newest.iter().map(|slot| at(*slot, zone)).collect();
    let others = missed.count.saturating_sub(named.len() as u64) > 0 || missed.more;
    let others = if others { ", and older ones" } else { "" };
    Some(format!("{more}{}, caught up by this one run: {}{others}", count(missed.count), named.join(", ")))
}

fn resembles(of: &JobDue) -> Option<String> {
    let names: Vec<String> = of.resembles.iter().map(ToString::to_string).collect();
    (!names.is_empty()).then(|| {
        format!(
            "{}, which the store has points of and the plan has not; where the job was renamed, its old points stay under the old name, \
             and are neither restored nor deleted by this one",
            names.join(", ")
        )
    })
}
