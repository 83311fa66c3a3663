//! A week of a plan: what begins when, job by job, day by day, in the plan's zone.
//!
//! Unaware of what is due: it is what the schedules say. Invariant: each time of the picture is told beside it.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use maud::{Markup, html};

use super::chart::round;
use super::page::wide;
use crate::calendar::{self, Occurrences};
use crate::plan::{Plan, Schedule};
use crate::primitives::{Duration, JobName};

const DAYS: usize = 7;
/// How wide the picture of a day is, in pixels, and how high.
const WIDTH: f64 = 96.0;
const HEIGHT: f64 = 14.0;
/// So many times of a day are named; where there are more, the first and the last.
const NAMED_MAX: usize = 4;

/// What has a schedule, or is done when it is named.
struct Row {
    name: String,
    schedule: Option<Schedule>,
    takes: Option<Duration>,
    hosts: String,
    chosen: bool,
}

/// A day of the week that is shown.
struct Day {
    start: Timestamp,
    end: Timestamp,
    name: String,
}

/// The seven days from the day of `at`. What belongs to these jobs is marked: `mark` says what that means.
pub(super) fn week(plan: &Plan, at: Timestamp, chosen: &BTreeSet<JobName>, mark: &str) -> Markup {
    let zone = calendar::zone(&plan.timezone.value).unwrap_or(TimeZone::UTC);
    let days = days(at, &zone);
    let rows = rows(plan, chosen);
    let any_hosts = rows.iter().any(|row| !row.hosts.is_empty());
    let table = html! {
        table.week {
            caption {
                "What begins when, from " (zone.to_datetime(at).date()) " on, in " (plan.timezone.value) ". A bar is as long as its backup takes."
            }
            thead {
                tr {
                    th scope="col" { "what" }
                    th scope="col" { "when" }
                    @if any_hosts { th scope="col" { "hosts" } }
                    th scope="col" { (mark) }
                    @for day in &days { th scope="col" { (day.name) (hours()) } }
                }
            }
            tbody {
                @for row in &rows {
                    tr {
                        th scope="row" { (row.name) }
                        td { bdi { (row.schedule.as_ref().map_or_else(|| "when it is named".to_owned(), calendar::describe)) } }
                        @if any_hosts { td { (row.hosts) } }
                        td { @if row.chosen { "yes" } }
                        @let occurrences = row.schedule.as_ref().and_then(|schedule| Occurrences::of(schedule).ok());
                        @for day in &days { td.day { (times(occurrences.as_ref(), row, day, &zone)) } }
                    }
                }
            }
        }
    };
    wide("The week's schedule", &table)
}

fn days(at: Timestamp, zone: &TimeZone) -> Vec<Day> {
    let first = zone.to_datetime(at).date();
    let start = |number: usize| {
        let date = first.checked_add((number as i64).days()).ok()?;
        Some((date, date.to_zoned(zone.clone()).ok()?.timestamp()))
    };
    let day = |number: usize| {
        let ((date, start), (_, end)) = (start(number)?, start(number + 1)?);
        Some(Day { start, end, name: date.strftime("%a %m-%d").to_string() })
    };
    (0..DAYS).filter_map(day).collect()
}

fn rows(plan: &Plan, chosen: &BTreeSet<JobName>) -> Vec<Row> {
    let jobs = plan.backups().map(|(target, backup)| {
        let job = target.job(backup);
        let hosts: Vec<&str> = target.hosts.iter().map(|host| host.value.as_str()).collect();
        Row {
            name: job.to_string(),
            schedule: backup.due().map(|schedule| schedule.into_owned()),
            takes: backup.takes.as_ref().map(|takes| takes.value),
            hosts: hosts.join(", "),
            chosen: chosen.contains(&job),
        }
    });
    let other = |name: String, schedule: &Option<Schedule>, takes: Option<Duration>| Row {
        name,
        schedule: schedule.clone(),
        takes,
        hosts: String::new(),
        chosen: false,
    };
    let verifies = plan.verifies.iter().map(|verify| {
        other(format!("verify {}", verify.name.value), &verify.schedule, verify.takes.as_ref().map(|takes| takes.value))
    });
    let drills = plan.drills.iter().map(|drill| other(format!("drill {}", drill.name.value), &drill.schedule, None));
    jobs.chain(verifies).chain(drills).collect()
}

/// Midnight, morning, noon, evening, above the pictures of a day.
fn hours() -> Markup {
    html! {
        svg.hours width=(WIDTH) height="13" viewBox={ "0 0 " (WIDTH) " 13" } aria-hidden="true" {
            @for hour in [0, 6, 12, 18] { text x=(round(f64::from(hour) / 24.0 * WIDTH)) y="11" { (format!("{hour:02}")) } }
        }
    }
}

/// The times of a day, as a picture and as text.
fn times(occurrences: Option<&Occurrences>, row: &Row, day: &Day, zone: &TimeZone) -> Markup {
    let Some(occurrences) = occurrences else { return html! {} };
    let before = Timestamp::from_second(day.start.as_second() - 1).unwrap_or(Timestamp::MIN);
    let times: Vec<Timestamp> = occurrences.after(before).take_while(|time| *time < day.end).collect();
    let (Some(first), Some(last)) = (times.first(), times.last()) else { return html! {} };
    let shown = |time: &Timestamp| zone.to_datetime(*time).strftime("%H:%M").to_string();
    let told = match times.len() {
        ..=NAMED_MAX => times.iter().map(shown).collect::<Vec<_>>().join(", "),
        many => format!("{many} times, {} to {}", shown(first), shown(last)),
    };
    html! { (strip(&times, row.takes, day)) span { (told) } }
}

/// The times within a day. Those that touch are one bar.
fn strip(times: &[Timestamp], takes: Option<Duration>, day: &Day) -> Markup {
    let whole = (day.end.as_second() - day.start.as_second()).max(1) as f64;
    let x = |second: i64| ((second - day.start.as_second()) as f64 / whole * WIDTH).clamp(0.0, WIDTH);
    let takes = takes.map_or(0, |takes| i64::try_from(takes.seconds).unwrap_or(i64::MAX));
    let mut bars: Vec<(f64, f64)> = vec![];
    for time in times {
        let (from, to) = (x(time.as_second()), x(time.as_second().saturating_add(takes)));
        // What takes no time is still seen.
        let to = to.max(from + 2.0);
        match bars.last_mut() {
            Some(last) if from - last.1 < 0.5 => last.1 = to,
            _ => bars.push((from, to)),
        }
    }
    html! {
        svg.strip width=(WIDTH) height=(HEIGHT) viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } aria-hidden="true" {
            @for hour in [0, 6, 12, 18, 24] {
                @let x = round(f64::from(hour) / 24.0 * WIDTH);
                line.grid x1=(x) x2=(x) y1="0" y2=(HEIGHT) {}
            }
            @for (from, to) in bars { rect.full x=(round(from)) y="3" width=(round(to - from)) height=(HEIGHT - 6.0) {} }
        }
    }
}
