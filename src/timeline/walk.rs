//! A job's runs, one after the other, with the points that each makes and lets go.
//!
//! Unaware of what is asked about. Invariant: no more is held than the points that are there.

use jiff::{SignedDuration, Timestamp};

use super::Making;
use super::births::Births;
use super::keeping::{Held, Id, Keeping};
use super::points::{Points, REACH, THERE_MAX, TooMany};
use super::units::Units;
use crate::calendar::{After, Wall};
use crate::primitives::{Period, PeriodUnit};
use crate::retention::CalendarUnit;

/// The runs.
pub(super) struct Walk<'a> {
    runs: std::iter::Peekable<After<'a>>,
    births: Births,
    keeping: Keeping,
    /// The points that the last run made.
    born: Vec<Id>,
    moments: Vec<i64>,
}

impl<'a> Walk<'a> {
    /// From so early on that every point that is there at `time` or later is seen to be made; but of those that nothing lets go, the newest
    /// alone.
    pub(super) fn reaching(points: &'a Points, time: Timestamp) -> Self {
        Self::beginning(points, start(points, time))
    }

    /// From a time on, with nothing there yet.
    fn beginning(points: &'a Points, start: Timestamp) -> Self {
        let after = first_run(points, start);
        let births = match points.since.filter(|since| start <= *since) {
            Some(since) => Births::since(points.making, &points.zone, since),
            None => Births::after(points.making, &points.zone, points.times.last_at_or_before(after).unwrap_or(after)),
        };
        Self {
            runs: points.times.after(after).peekable(),
            births,
            keeping: Keeping::new(&points.rules, &points.zone),
            born: vec![],
            moments: vec![],
        }
    }

    /// The slot of the next run.
    pub(super) fn peek(&mut self) -> Option<Timestamp> {
        self.runs.peek().copied()
    }

    /// Lets the next run make its points and let go what no rule keeps then, and gives its slot; none where time ends or the schedule
    /// never comes round again.
    pub(super) fn step(&mut self) -> Result<Option<Timestamp>, TooMany> {
        let Some(slot) = self.runs.next() else { return Ok(None) };
        self.born.clear();
        self.births.of_run(slot, &mut self.moments);
        let second = slot.as_second();
        for moment in self.moments.drain(..) {
            self.born.push(self.keeping.add(second, moment));
        }
        self.keeping.expire(second);
        if self.keeping.len() > THERE_MAX { Err(TooMany) } else { Ok(Some(slot)) }
    }

    /// Names the points that the last run made.
    pub(super) fn tag_born(&mut self, mut each: impl FnMut(&Held) -> u32) {
        for id in &self.born {
            self.keeping.tag(*id, &mut each);
        }
    }

    /// Names the points that are there, oldest first.
    pub(super) fn tag_there(&mut self, mut each: impl FnMut(&Held) -> u32) {
        for id in self.keeping.there() {
            self.keeping.tag(id, &mut each);
        }
    }

    /// Takes the points that the last run let go.
    pub(super) fn take_gone(&mut self, each: impl FnMut(Held)) {
        self.keeping.take_gone(each);
    }
}

/// A time just before the first run from a time on.
pub(super) fn first_run(points: &Points, from: Timestamp) -> Timestamp {
    let time = points.since.map_or(from, |since| since.max(from));
    time.checked_sub(SignedDuration::from_nanos(1)).unwrap_or(time)
}

/// A time before every run whose points may be there at `time`.
pub(super) fn start(points: &Points, time: Timestamp) -> Timestamp {
    if let Some(since) = points.since.filter(|_| points.rules.is_empty()) {
        return since;
    }
    let earliest = time.checked_sub(REACH).unwrap_or(Timestamp::MIN);
    // A run that is under way then may have been before it; and the newest point is always kept.
    let takes = i64::try_from(points.takes.seconds).unwrap_or(i64::MAX);
    let begun = time.checked_sub(SignedDuration::from_secs(takes)).unwrap_or(earliest).max(earliest);
    let runs = |count: u64| points.times.back(begun, count, earliest);
    // What is there is what the last run kept; it may be long ago. And days and months are made by the runs after them.
    let made = points.times.last_at_or_before(begun).map_or(begun, |run| run.max(earliest));
    let within = points.rules.within.map(|period| before(made, days_at_most(period)));
    let generations = points.rules.generations.map(|count| u64::from(count.get()));
    let counted = generations.map(|count| match points.making {
        Making::EachRun => runs(count),
        Making::EachDay => before(made, count),
        Making::EachMonth { .. } => before(made, count.saturating_mul(31)),
    });
    let thinned = points.rules.thinned.iter().map(|(unit, count)| {
        let count = u64::from(count.get());
        match points.making {
            Making::EachRun => units_back(points, *unit, count, begun, earliest),
            Making::EachDay => before(made, count.saturating_mul(days_of(*unit))),
            Making::EachMonth { .. } => before(made, count.saturating_mul(days_of(*unit).max(31))),
        }
    });
    let data = within.into_iter().chain(counted).chain(thinned).min().unwrap_or(begun);
    // A point's data may be older than its run.
    let oldest = match points.making {
        Making::EachRun => data,
        Making::EachDay => before(data, 2),
        Making::EachMonth { newest } => before(data, u64::from(newest).saturating_add(1).saturating_mul(31)),
    };
    points.times.back(oldest.max(earliest), 2, earliest)
}

/// So many days before a time, and two more for what clocks are set by.
fn before(time: Timestamp, days: u64) -> Timestamp {
    let hours = i64::try_from(days).ok().and_then(|days| days.checked_add(2)?.checked_mul(24));
    let length = hours.filter(|hours| *hours <= REACH.as_hours()).map_or(REACH, SignedDuration::from_hours);
    time.checked_sub(length).unwrap_or(Timestamp::MIN)
}

fn days_at_most(period: Period) -> u64 {
    let each = match period.unit {
        PeriodUnit::Days => 1,
        PeriodUnit::Weeks => 7,
        PeriodUnit::Months => 31,
        PeriodUnit::Years => 366,
    };
    u64::from(period.count) * each
}

fn days_of(unit: CalendarUnit) -> u64 {
    match unit {
        CalendarUnit::Hour | CalendarUnit::Day => 1,
        CalendarUnit::Week => 7,
        CalendarUnit::Month => 31,
        CalendarUnit::Year => 366,
    }
}

/// A time before the newest so many hours, days … that have a run.
fn units_back(points: &Points, unit: CalendarUnit, count: u64, until: Timestamp, earliest: Timestamp) -> Timestamp {
    let (mut wall, mut units) = (Wall::new(points.zone.clone()), Units::new(unit));
    let (mut time, mut last, mut seen) = (until, None, 0);
    while seen <= count {
        let Some(run) = points.times.last_at_or_before(time).filter(|run| *run > earliest) else { return earliest };
        let shown = wall.at(run);
        // Where the clock was set back in it, it takes longer than it shows, and is come to once more.
        let key = Some(units.key(shown));
        seen += u64::from(last != key);
        last = key;
        match run.checked_sub(SignedDuration::from_secs(units.elapsed(shown) + 1)) {
            Ok(before) => time = before,
            Err(_) => return earliest,
        }
    }
    time
}
