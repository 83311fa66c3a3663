//! What is said of things that run at once.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::looks::{Look, Met};
use super::{Found, Job, Place};
use crate::calendar::{self, Occurrences};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::collision::{COLLISION_HEAVY, COLLISION_PRUNING, COLLISION_WINDOW};
use crate::plan::{Plan, Rhythm, Schedule, Way};
use crate::primitives::Span;
use crate::prove::with_labels;

/// The finest that a time is suggested, in seconds.
const SUGGESTED: i64 = 300;
/// How many years verifications are looked through.
const YEARS: i64 = 28;

/// Backups that are at work at once.
pub(super) fn at_once(
    plan: &Plan,
    places: &[Place<'_>],
    later: &[Job<'_>],
    earlier: &[Job<'_>],
    found: &Found,
) -> Diagnostic {
    let zone = calendar::zone(&plan.timezone.value).unwrap_or(TimeZone::UTC);
    let (first, second) = pair(later, earlier);
    let (run, other) = (found.meeting.run, found.meeting.other);
    let until = run.ends.min(other.ends);
    let often = often(found.meeting.count, found.years);
    let from = shown(run.begins, &zone);
    let is_rds = matches!(places.first(), Some(Place::Rds(_)));
    let message = format!(
        "{} and {} {} {}: first from {from} to {}, {often}",
        called(second),
        called(first),
        if is_rds { "overlap" } else { "are at work at once" },
        at(places),
        clock(until, run.begins, &zone)
    );
    let code = if is_rds { &COLLISION_WINDOW } else { &COLLISION_HEAVY };
    let label =
        format!("`{}` begins on {from}, and may take until {}", name(second), clock(run.ends, run.begins, &zone));
    let is_tied = run.slot == other.slot && [first, second].iter().all(|job| job.backup.schedule.is_some());
    let help = if is_tied { one_behind_the_other(first, second) } else { elsewhere(plan, second, found.meeting.free) };
    let diagnostic = Diagnostic::new(code, message, span(second), label, help);
    let earlier_label = format!("`{}` may take until {}", name(first), clock(other.ends, run.begins, &zone));
    let others =
        later.iter().chain(earlier).filter(|job| !super::is_same(**job, first) && !super::is_same(**job, second));
    let others = others.map(|job| (span(*job), format!("`{}` likewise", name(*job))));
    with_labels(diagnostic, std::iter::once((span(first), earlier_label)).chain(others))
}

/// A verification or drill that meets what it looks at.
pub(super) fn looked_at(
    look: &Look<'_>,
    times: &Occurrences,
    deletes: bool,
    jobs: &[Job<'_>],
    met: &Met,
) -> Diagnostic {
    let zone = times.zone();
    let (job, begins) = (jobs[0], shown(met.look.begins, zone));
    let often = often(met.count, YEARS);
    let is_window = matches!(job.backup.way, Way::PointInTime(_));
    let (code, what) = match (deletes, is_window) {
        (true, _) => (&COLLISION_PRUNING, format!("a run of {} may be deleting some of them", called(job))),
        (false, true) => (&COLLISION_WINDOW, format!("{} is open", called(job))),
        (false, false) => (&COLLISION_WINDOW, format!("{} is being made", called(job))),
    };
    let name = &look.name.value;
    let points = if is_window { "at the target" } else { "at recovery points" };
    let message = format!("{} `{name}` looks {points} while {what}: first on {begins}, {often}", look.word);
    let label = format!("`{name}` begins on {begins}");
    let free = suggested(met.run.ends, zone);
    let help = match is_timed(&look.schedule.rhythm) {
        true => format!(
            "write `at=\"{free}\"` or later into the schedule of {} `{name}`: on that day, `{}` is over by then",
            look.word,
            self::name(job)
        ),
        false => format!(
            "schedule {} `{name}` at another time: on that day, `{}` is over by {free}",
            look.word,
            self::name(job)
        ),
    };
    let found = Diagnostic::new(code, message, look.schedule.span, label, help);
    let from = shown(met.run.begins, zone);
    let told =
        format!("from {from}, `{}` may take until {}", self::name(job), clock(met.run.ends, met.run.begins, zone));
    let others = jobs.iter().skip(1).map(|job| (span(*job), format!("`{}` likewise", self::name(*job))));
    with_labels(found, std::iter::once((span(job), told)).chain(others))
}

/// The two that are named: where both are of one group, its first and its second.
fn pair<'p>(later: &[Job<'p>], earlier: &[Job<'p>]) -> (Job<'p>, Job<'p>) {
    let first = earlier[0];
    (first, later.iter().find(|job| !super::is_same(**job, first)).copied().unwrap_or(first))
}

fn name(job: Job<'_>) -> String {
    format!("{}/{}", job.target.name.value, job.backup.name.value)
}

fn called(job: Job<'_>) -> String {
    match job.backup.way {
        Way::PointInTime(_) => format!("the backup window of RDS of `{}`", name(job)),
        Way::Stored(_) | Way::Snapshot(_) => format!("`{}`", name(job)),
    }
}

/// Where the plan says when it runs.
fn span(job: Job<'_>) -> Span {
    match (&job.backup.way, &job.backup.schedule) {
        (Way::PointInTime(kept), _) => kept.window.as_ref().map_or(kept.span, |window| window.span),
        (_, Some(schedule)) => schedule.span,
        (_, None) => job.backup.span,
    }
}

fn at(places: &[Place<'_>]) -> String {
    let first = match places.first() {
        Some(Place::Host(Some(host))) => format!("on host `{host}`"),
        Some(Place::Server(address)) => format!("on the database server {address}"),
        Some(Place::Rds(database)) => format!("on the database `{database}` of RDS"),
        Some(Place::Host(None)) | None => "on every host".to_owned(),
    };
    match places.len() {
        0 | 1 => first,
        2 => format!("{first}, and on one other"),
        more => format!("{first}, and on {} others", more - 1),
    }
}

/// `365 times a year`, `once a year`, `4 times in 28 years`.
fn often(count: u64, years: i64) -> String {
    let years = u64::try_from(years).unwrap_or(1).max(1);
    let times = |count: u64| if count == 1 { "once".to_owned() } else { format!("{count} times") };
    match (count + years / 2) / years {
        0 => format!("{} in {years} years", times(count)),
        _ if count < 2 * years && !count.is_multiple_of(years) => format!("{} in {years} years", times(count)),
        a_year => format!("{} a year", times(a_year)),
    }
}

fn shown(second: i64, zone: &TimeZone) -> String {
    calendar::local(Timestamp::from_second(second).unwrap_or(Timestamp::MAX), zone)
}

/// A time of day, with its date where that is another than the one spoken of.
fn clock(second: i64, beside: i64, zone: &TimeZone) -> String {
    let (shown, beside) = (shown(second, zone), shown(beside, zone));
    match (shown.split_once(' '), beside.split_once(' ')) {
        (Some((date, time)), Some((same, _))) if date == same => time.to_owned(),
        _ => shown,
    }
}

/// A time of day, to the next five minutes.
fn suggested(second: i64, zone: &TimeZone) -> String {
    let even = second + (SUGGESTED - second.rem_euclid(SUGGESTED)).rem_euclid(SUGGESTED);
    let shown = shown(even, zone);
    shown.split_once(' ').map_or_else(String::new, |(_, time)| time.to_owned())
}

fn is_timed(rhythm: &Rhythm) -> bool {
    !matches!(rhythm, Rhythm::Every { .. } | Rhythm::Cron { .. })
}

/// How two that are due at the same time follow each other. What a template says, it says of both.
fn one_behind_the_other(first: Job<'_>, second: Job<'_>) -> String {
    let after = format!(
        "write `after \"{}\"` into `{}`, beside its schedule, so that it begins when the other is over",
        name(first),
        name(second)
    );
    let store = second.backup.store().filter(|store| first.backup.store().is_some_and(|of| of.value == store.value));
    let limit = store.map(|store| {
        format!("write `limit side-by-side=1` into the store `{}`, which then lets in one step at a time", store.value)
    });
    let is_of_a_template = span(first) == span(second);
    match limit {
        Some(limit) if is_of_a_template => {
            format!("{limit}; or give one of the two a backup of its own, with an `after`")
        }
        Some(limit) => format!("{after}; or {limit}"),
        None => after,
    }
}

/// When else a job may run.
fn elsewhere(plan: &Plan, job: Job<'_>, free: i64) -> String {
    let of = |schedule: &Schedule| calendar::zone(&schedule.timezone.value);
    let zone = job.backup.schedule.as_ref().map_or_else(|| calendar::zone(&plan.timezone.value), of);
    let free = suggested(free, &zone.unwrap_or(TimeZone::UTC));
    match (&job.backup.way, &job.backup.schedule) {
        (Way::PointInTime(kept), _) => {
            let length = kept.window.as_ref().map_or_else(String::new, |window| window.value.length.to_string());
            format!("write `window=\"{free}/{length}\"`: on that day, nothing else is at work from then on")
        }
        (_, Some(schedule)) if is_timed(&schedule.rhythm) => format!(
            "write `at=\"{free}\"` into the schedule of `{}`: on that day, nothing else is at work from then on",
            name(job)
        ),
        _ => format!("schedule `{}` at another time: on that day, nothing else is at work from {free} on", name(job)),
    }
}
