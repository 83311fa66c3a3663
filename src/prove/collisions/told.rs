//! What is said of things that run at once.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::instead::{Instead, time_of, zone_of};
use super::looks::{Look, Met};
use super::sweep::Meeting;
use super::{Found, HEAVY_FROM, Job, Place};
use crate::calendar::{self, Occurrences};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::collision::{COLLISION_HEAVY, COLLISION_PRUNING, COLLISION_WINDOW};
use crate::plan::{TimeOfDay, Way};
use crate::primitives::{Duration, Span};
use crate::prove::with_labels;

/// How many years verifications are looked through.
const YEARS: i64 = 28;

/// Backups that are at work at once.
pub(super) fn at_once<'p>(
    places: &[Place<'_>],
    later: &[Job<'p>],
    earlier: &[Job<'p>],
    found: &Found,
    instead: &mut Instead<'p, '_>,
) -> Diagnostic {
    let zone = calendar::zone(&instead.plan().timezone.value).unwrap_or(TimeZone::UTC);
    let (first, second) = pair(later, earlier);
    let (run, other) = (found.meeting.run, found.meeting.other);
    let until = run.ends.min(other.ends);
    let often = often(found.meeting.count, found.years);
    let from = shown(run.begins, &zone);
    let is_rds = matches!(places.first(), Some(Place::Rds(_)));
    let times = format!("{from} to {}", clock_in(until, run.begins, &zone));
    let message = match is_rds {
        true => format!("{} and {} overlap {}: first from {times}, {often}", called(second), called(first), at(places)),
        false => format!(
            "{} and {} are at work at once {}, and both are heavy, for they take {} or longer: first from {times}, {often}",
            taking(second),
            taking(first),
            at(places),
            Duration::from_seconds(HEAVY_FROM.unsigned_abs())
        ),
    };
    let code = if is_rds { &COLLISION_WINDOW } else { &COLLISION_HEAVY };
    let label =
        format!("`{}` begins on {from}, and may take until {}", name(second), clock(run.ends, run.begins, &zone));
    let is_tied = run.slot == other.slot && [first, second].iter().all(|job| job.backup.schedule.is_some());
    let help = match is_tied {
        true => one_behind_the_other(first, second, &found.meeting, instead),
        false => elsewhere(first, second, &found.meeting, instead),
    };
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
    free: Option<TimeOfDay>,
) -> Diagnostic {
    let zone = times.zone();
    let (job, begins) = (jobs[0], shown_in(met.look.begins, zone));
    let often = often(met.count, YEARS);
    let is_window = matches!(job.backup.way, Way::PointInTime(_));
    let (code, what) = match (deletes, is_window) {
        (true, _) => (&COLLISION_PRUNING, format!("a run of {} may be deleting some of them", called(job))),
        (false, true) => (&COLLISION_WINDOW, format!("{} is open", called(job))),
        (false, false) => (&COLLISION_WINDOW, format!("{} is being made", taking(job))),
    };
    let name = &look.name.value;
    let points = if is_window { "at the target" } else { "at recovery points" };
    let message = format!("{} `{name}` looks {points} while {what}: first on {begins}, {often}", look.word);
    let label = format!("`{name}` begins on {begins}");
    let help = match free {
        Some(free) => format!(
            "write `at=\"{free}\"` into the schedule of {} `{name}`: at that time, nothing of what it looks at is at work on any day",
            look.word
        ),
        None => format!(
            "schedule {} `{name}` at another time: on that day, `{}` is over by {}",
            look.word,
            self::name(job),
            clock_in(met.run.ends, met.look.begins, zone)
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

/// The same with how long it takes.
fn taking(job: Job<'_>) -> String {
    match &job.backup.takes {
        Some(takes) => format!("{} (takes {})", called(job), takes.value),
        None => called(job),
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

fn shown_in(second: i64, zone: &TimeZone) -> String {
    calendar::local_in(Timestamp::from_second(second).unwrap_or(Timestamp::MAX), zone)
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

/// The same with the zone, and that the clock is set between the two.
fn clock_in(second: i64, beside: i64, zone: &TimeZone) -> String {
    let at = |second| Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
    let set = calendar::set_between(at(beside), at(second), zone);
    format!("{} {}{set}", clock(second, beside, zone), zone.iana_name().unwrap_or("UTC"))
}

/// How two that are due at the same time follow each other. What a template says, it says of both.
fn one_behind_the_other<'p>(
    first: Job<'p>,
    second: Job<'p>,
    meeting: &Meeting,
    instead: &mut Instead<'p, '_>,
) -> String {
    let store = second.backup.store().filter(|store| first.backup.store().is_some_and(|of| of.value == store.value));
    // What a store holds back begins when the other is over, as behind an `after`.
    // Of very many, the last are told it as it is.
    let is_behind = instead.is_over() || instead.behind(second, first, None);
    let limit = store.filter(|_| is_behind && instead.limited(second)).map(|store| {
        format!("write `limit side-by-side=1` into the store `{}`, which then lets in one step at a time", store.value)
    });
    if span(first) == span(second) {
        let own = "give one of the two a backup of its own, with an `after`".to_owned();
        return [limit, Some(own)].into_iter().flatten().collect::<Vec<_>>().join("; or ");
    }
    let after = is_behind.then(|| {
        format!(
            "write `after \"{}\"` into `{}`, beside its schedule, so that it begins when the other is over",
            name(first),
            name(second)
        )
    });
    match (after, limit) {
        (None, None) => elsewhere(first, second, meeting, instead),
        (after, limit) => [after, limit].into_iter().flatten().collect::<Vec<_>>().join("; or "),
    }
}

/// When else a job may run.
fn elsewhere<'p>(first: Job<'p>, second: Job<'p>, meeting: &Meeting, instead: &mut Instead<'p, '_>) -> String {
    let name_of = name(second);
    if let Some(at) = instead.time(second, meeting.free.unwrap_or(meeting.other.ends)) {
        let alone = "at that time, nothing else is at work there on any day";
        return match &second.backup.way {
            Way::PointInTime(kept) => {
                let length = kept.window.as_ref().map_or_else(String::new, |window| window.value.length.to_string());
                format!("write `window=\"{at}/{length}\"` into `{name_of}`: {alone}")
            }
            _ => format!("write `at=\"{at}\"` into the schedule of `{name_of}`: {alone}"),
        };
    }
    let time = |job: Job<'_>| job.backup.schedule.as_ref().and_then(|schedule| time_of(&schedule.rhythm));
    if let Some(at) = time(second).and(time(first)).filter(|at| instead.behind(second, first, Some(*at))) {
        return format!(
            "write `at=\"{at}\"` into the schedule of `{name_of}`, which is that of `{}`, and `after \"{}\"` beside it, so that it begins when the other is over",
            name(first),
            name(first)
        );
    }
    match meeting.free {
        Some(free) => format!(
            "schedule `{name_of}` at another time: that first time, nothing else is at work from {} on for as long as it takes",
            shown_in(free, &zone_of(instead.plan(), second))
        ),
        None => format!(
            "nothing leaves `{name_of}` the time that it takes: make it or the others quicker, or run them less often"
        ),
    }
}
