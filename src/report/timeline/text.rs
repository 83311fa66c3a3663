//! The text.

use std::fmt::Write;

use super::{AS_IF, Clock, hosts, period, place, recoverable, schedule, sequences, turnover};
use crate::timeline::{AnyMoment, JobTimeline, Keeps, Making, Recoverable, Timeline};

/// For people.
pub fn text(of: &Timeline) -> String {
    let clock = Clock::of(&of.timezone);
    let mut text = format!("{}: {},\n{AS_IF}\n", of.plan, period(of, &clock));
    for job in &of.jobs {
        job_text(job, &clock, &mut text);
        for together in
            of.any_moment.iter().filter(|together| (&together.job, &together.place) == (&job.job, &job.place))
        {
            any_moment(together, &clock, &mut text);
        }
    }
    if of.jobs.is_empty() {
        text.push_str("\nnothing of it is backed up\n");
    }
    text
}

fn job_text(job: &JobTimeline, clock: &Clock, text: &mut String) {
    let on = hosts(&job.hosts).map_or_else(String::new, |hosts| format!(" on {hosts}"));
    let _ = writeln!(text, "\n{} {}{on}\n  {}", job.job, place(&job.place), schedule(job));
    match &job.keeps {
        Keeps::Points(points) => {
            let _ = writeln!(text, "  {}", turnover(points, clock));
            times(&points.recoverable, Some(points.making), clock, text);
            for line in sequences(points, clock) {
                let _ = writeln!(text, "    {line}");
            }
        }
        Keeps::Range(range) => times(range, None, clock, text),
        Keeps::ByHand => text.push_str("  nobody can say which points there are\n"),
    }
}

fn any_moment(of: &AnyMoment, clock: &Clock, text: &mut String) {
    let dumps: Vec<String> = of.dumps.iter().map(ToString::to_string).collect();
    let _ = writeln!(text, "  with {}", dumps.join(", "));
    times(&of.recoverable, None, clock, text);
}

fn times(all: &[Recoverable], making: Option<Making>, clock: &Clock, text: &mut String) {
    for one in all {
        let _ = writeln!(text, "  at {}  {}", clock.time(one.at), recoverable(one, making, clock));
    }
}
