//! What is kept less of once the newer plan has been at work for long, where not all of that goes at once.
//!
//! Two plans are held against each other as if each had always been the only one. For each point that the older keeps, one of the newer has to be near:
//! the next that its schedule brings, or another of the same hour, day … where that is what a rule keeps one of. Where several times of a week, or of a
//! year, may differ, all are looked at.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::primitives::{Duration, grouped};
use crate::retention::{CalendarUnit, Candidate, Rules, kept};
use crate::timeline::{Making, Points};

/// The points of one job in one place, by two plans.
#[derive(Clone, Copy)]
pub(super) struct Both<'a> {
    pub(super) old: &'a Points,
    pub(super) new: &'a Points,
    /// The longest time between two runs of the newer plan, in seconds.
    pub(super) wait: u64,
    /// Whether both plans run it at the same times.
    pub(super) at_the_same_times: bool,
    /// Whether points go at once, which is told by itself.
    pub(super) some_go: bool,
}

/// Points that the older plan keeps, and near which the newer has none in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fading {
    /// When both are held against each other.
    at: Timestamp,
    /// Of when the oldest is.
    first: Timestamp,
    /// Of when the newest is.
    last: Timestamp,
    /// How many points the older plan has from the one to the other; or days, where a point of the newer holds one.
    before: u64,
    /// How many the newer has.
    after: u64,
    /// Of when the newer's oldest is.
    oldest: Timestamp,
    of_days: bool,
}

/// More points than these are looked at once, and not at several times.
const MANY: usize = 50_000;

/// The first loss that there is at any of the times; none where more points are there than are counted, which is told elsewhere.
pub(super) fn fading(both: Both<'_>, now: Timestamp, several_months: bool) -> Option<Fading> {
    if both.old.rules.is_empty() || both.new.rules.is_empty() {
        return None;
    }
    for at in times(both, now, several_months) {
        let older = both.old.there(at).ok()?;
        let newer = both.new.there(at).ok()?;
        let reference = both.stay(&older, at);
        let found = match (both.old.making, both.new.making) {
            (Making::EachMonth { .. }, Making::EachDay) => both.days_lost(&reference, &newer),
            _ => both.points_lost(&reference, &newer, at),
        };
        if let Some((first, last, [before, after], of_days)) = found {
            return Some(Fading { at, first, last, before, after, oldest: *newer.first()?, of_days });
        }
        if older.len().max(newer.len()) > MANY {
            return None;
        }
    }
    None
}

/// When to look: now, and where the runs are others, as often over a week, or over the longest wait, as a week has days; twice a month where months count.
fn times(both: Both<'_>, now: Timestamp, several_months: bool) -> Vec<Timestamp> {
    let after = |days: i64, parts: i64| {
        let steps = (1..parts).map(move |step| SignedDuration::from_hours(days * 24) / parts as i32 * step as i32);
        steps.filter_map(move |step| now.checked_add(step).ok())
    };
    let cycle = i64::try_from(both.wait / 86_400).unwrap_or(i64::MAX).clamp(7, 366);
    let of_week = (!both.at_the_same_times).then(|| after(cycle, 7)).into_iter().flatten();
    let of_year = several_months.then(|| after(366, 24)).into_iter().flatten();
    [now].into_iter().chain(of_week).chain(of_year).collect()
}

/// Points of when, from and to, how many of the older plan are between them and how many of the newer, and whether days are counted.
type Lost = (Timestamp, Timestamp, [u64; 2], bool);

impl Both<'_> {
    /// Those that do not go at once.
    fn stay(&self, older: &[Timestamp], at: Timestamp) -> Vec<Timestamp> {
        if !self.some_go {
            return older.to_vec();
        }
        let stays = kept(&candidates(older), &self.new.rules, at, &self.new.zone);
        older.iter().zip(stays).filter(|(_, stays)| *stays).map(|(moment, _)| *moment).collect()
    }

    fn points_lost(&self, reference: &[Timestamp], newer: &[Timestamp], at: Timestamp) -> Option<Lost> {
        let near = if self.at_the_same_times { 0 } else { self.moved_by() };
        let newest = *newer.last()?;
        // What comes later is told where it is said.
        let is_beyond = |moment: &Timestamp, near: i64| {
            *moment < newest && distance(newer, *moment).is_none_or(|distance| distance > near)
        };
        let is_far = |moment: &Timestamp| is_beyond(moment, near);
        if !reference.iter().any(is_far) {
            return None;
        }
        let units = units(reference, &self.new.rules, at, &self.new.zone);
        let unit = |moment: &Timestamp| reference.binary_search(moment).map_or(0, |place| units[place]);
        // It may be another of its unit, and where the running one has none yet, of the one before.
        let is_lost = |moment: &&Timestamp| is_beyond(moment, near.saturating_add(2 * unit(moment)));
        let mut lost = reference.iter().filter(is_lost);
        let first = *lost.next()?;
        let last = lost.next_back().copied().unwrap_or(first);
        let count = |of: &[Timestamp]| of.iter().filter(|moment| (first..=last).contains(*moment)).count() as u64;
        Some((first, last, [count(reference), count(newer)], false))
    }

    /// The days of whole months that are kept day by day from now on.
    fn days_lost(&self, reference: &[Timestamp], newer: &[Timestamp]) -> Option<Lost> {
        let zone = &self.new.zone;
        let days: BTreeSet<Date> = newer.iter().map(|moment| zone.to_datetime(*moment).date()).collect();
        let months = reference.iter().map(|moment| self.old.zone.to_datetime(*moment).date());
        let before: BTreeSet<Date> = months.flat_map(days_of).collect();
        let (first, newest) = (*before.first()?, *days.last()?);
        // Where neither end is the same, that is because months are no days.
        let oldest = *days.first()?;
        let begins = if oldest.saturating_sub(62.days()) <= first { oldest } else { first };
        let is_lost = |day: &&Date| **day >= begins && **day < newest && !days.contains(*day);
        let mut lost = before.iter().filter(is_lost);
        let first = *lost.next()?;
        let last = lost.next_back().copied().unwrap_or(first);
        let count = |of: &BTreeSet<Date>| of.range(first..=last).count() as u64;
        let time = |day: Date| day.to_zoned(zone.clone()).ok().map(|day| day.timestamp());
        Some((time(first)?, time(last)?, [count(&before), count(&days)], true))
    }

    /// By how many seconds a point may be of another time only because the runs are at other times.
    fn moved_by(&self) -> i64 {
        let grain = |making: Making| match making {
            Making::EachRun => 0,
            Making::EachDay => 1,
            Making::EachMonth { .. } => 31,
        };
        let days = grain(self.old.making).max(grain(self.new.making));
        i64::try_from(self.wait).unwrap_or(i64::MAX).max(days * 86_400)
    }
}

fn candidates(moments: &[Timestamp]) -> Vec<Candidate<usize>> {
    moments.iter().enumerate().map(|(id, moment)| Candidate { id, moment: *moment, good: true }).collect()
}

/// Of each point, how many seconds the shortest hour, day … has that these rules keep it as one of; 0 where they keep it for itself.
fn units(moments: &[Timestamp], rules: &Rules, at: Timestamp, zone: &TimeZone) -> Vec<i64> {
    let candidates = candidates(moments);
    let for_itself = Rules { thinned: Default::default(), ..rules.clone() };
    let for_itself = match for_itself.is_empty() {
        true => vec![false; moments.len()],
        false => kept(&candidates, &for_itself, at, zone),
    };
    let mut units = vec![0; moments.len()];
    for (unit, count) in &rules.thinned {
        let only = Rules { thinned: [(*unit, *count)].into(), ..Rules::default() };
        for (place, is_kept) in kept(&candidates, &only, at, zone).into_iter().enumerate() {
            if is_kept && !for_itself[place] && units[place] == 0 {
                units[place] = seconds_of(*unit);
            }
        }
    }
    units
}

/// At the most.
fn seconds_of(unit: CalendarUnit) -> i64 {
    let hours = match unit {
        CalendarUnit::Hour => 1,
        CalendarUnit::Day => 25,
        CalendarUnit::Week => 7 * 24 + 1,
        CalendarUnit::Month => 31 * 24 + 1,
        CalendarUnit::Year => 366 * 24,
    };
    hours * 3_600
}

/// How many seconds lie between a moment and the nearest of some that rise.
fn distance(of: &[Timestamp], moment: Timestamp) -> Option<i64> {
    let place = of.partition_point(|other| *other < moment);
    let around = [place.checked_sub(1).and_then(|before| of.get(before)), of.get(place)];
    around.into_iter().flatten().map(|other| other.duration_since(moment).as_secs().abs()).min()
}

/// All days of the month of one.
fn days_of(day: Date) -> impl Iterator<Item = Date> {
    day.first_of_month().series(1.day()).take_while(move |other| other.month() == day.month())
}

impl Fading {
    /// What it means, of what lies there: ` in vault`.
    pub(super) fn told(&self, place: &str) -> String {
        let age = |of: Timestamp| age(self.at.duration_since(of));
        if self.oldest > self.last {
            return format!(
                "in the long run, what is kept{place} reaches back {}, where it is {}",
                age(self.oldest),
                age(self.first)
            );
        }
        let stretch = match (age(self.last), age(self.first)) {
            (last, first) if last == first => format!("about {first}"),
            (last, first) => format!("between {last} and {first}"),
        };
        let noun = if self.of_days { "day" } else { "point" };
        let after = match self.after {
            0 => format!("no {noun} is"),
            1 => format!("1 {noun} is"),
            several => format!("{} {noun}s are", grouped(several)),
        };
        let before = grouped(self.before);
        format!("in the long run, of what is {stretch} old, {after} kept{place}, where it is {before}")
    }
}

/// As people say it: no hours of days, no days of years.
fn age(of: SignedDuration) -> String {
    const HOUR: u64 = 3_600;
    const DAY: u64 = 24 * HOUR;
    let seconds = u64::try_from(of.as_secs()).unwrap_or(0);
    let rounded = |to: u64| Duration::from_seconds((seconds + to / 2) / to * to).to_string();
    match seconds {
        0..7_200 => rounded(60),
        7_200..172_800 => rounded(HOUR),
        172_800..63_072_000 => rounded(DAY),
        _ => format!("{} years", (seconds + 183 * DAY) / (365 * DAY + 6 * HOUR)),
    }
}
