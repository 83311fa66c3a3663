//! The page.

use std::fmt::Write;

use super::super::words::{cell, count};
use super::{AS_IF, Clock, period, place, recoverable, schedule, sequences, turnover};
use crate::timeline::{JobTimeline, Keeps, Timeline};

/// What a page of details may come to, in bytes: a comment of a pull request has 65,536 characters at most.
const DETAILS_BYTES_MAX: usize = 40_000;
/// The same of the table.
const TABLE_BYTES_MAX: usize = 20_000;

/// For a page: a table, and the points folded. Where it would be too long, details are left out, and that is said.
pub fn markdown(of: &Timeline) -> String {
    let clock = Clock::of(&of.timezone);
    let mut text = format!("**{}: {}**, {AS_IF}\n\n", of.plan, cell(&period(of, &clock)));
    let times =
        of.jobs.iter().map(|job| job.keeps.recoverable()).chain(of.any_moment.iter().map(|one| &*one.recoverable));
    let times: Vec<String> =
        times.max_by_key(|of| of.len()).unwrap_or_default().iter().map(|one| clock.date_or_time(one.at)).collect();
    let heads: String = times.iter().map(|time| format!(" at {time} |")).collect();
    let _ = writeln!(
        text,
        "| job | kept | made | let go |{heads}\n| --- | --- | ---: | ---: |{}",
        " --- |".repeat(times.len())
    );
    let rows = of.jobs.iter().map(|job| row(job, times.len(), &clock)).chain(of.any_moment.iter().map(|one| {
        let told = one.recoverable.iter().map(|one| format!(" {} |", cell(&recoverable(one, None, &clock))));
        format!("| {} with its dumps | {} | | |{}\n", one.job, place(&one.place), told.collect::<String>())
    }));
    push(&mut text, rows.collect(), TABLE_BYTES_MAX, "row");
    push(&mut text, of.jobs.iter().filter_map(|job| details(job, &clock)).collect(), DETAILS_BYTES_MAX, "job");
    text
}

/// Adds as many as have room, and says how many have not.
fn push(text: &mut String, parts: Vec<String>, bytes_max: usize, noun: &str) {
    let begin = text.len();
    let mut omitted = 0_u64;
    for part in parts {
        if omitted > 0 || text.len() - begin + part.len() > bytes_max {
            omitted += 1;
        } else {
            text.push_str(&part);
        }
    }
    if omitted > 0 {
        let _ =
            writeln!(text, "\n{} left out: it would be too long.", super::counted(omitted, &format!("more {noun}")));
    }
}

fn row(job: &JobTimeline, times: usize, clock: &Clock) -> String {
    let (made, gone, making) = match &job.keeps {
        Keeps::Points(points) => (count(points.made), count(points.let_go), Some(points.making)),
        Keeps::Range(_) | Keeps::ByHand => (String::new(), String::new(), None),
    };
    let mut told: String =
        job.keeps.recoverable().iter().map(|one| format!(" {} |", cell(&recoverable(one, making, clock)))).collect();
    if matches!(job.keeps, Keeps::ByHand) {
        told = " by hand |".repeat(times);
    }
    format!("| {} | {} | {made} | {gone} |{told}\n", job.job, place(&job.place))
}

fn details(job: &JobTimeline, clock: &Clock) -> Option<String> {
    let Keeps::Points(points) = &job.keeps else { return None };
    let mut text = format!("\n<details><summary>{} {}</summary>\n\n", job.job, place(&job.place));
    let _ = writeln!(text, "{}: {}\n", cell(&schedule(job)), cell(&turnover(points, clock)));
    for line in sequences(points, clock) {
        let _ = writeln!(text, "- {}", cell(&line));
    }
    text.push_str("\n</details>\n");
    Some(text)
}
