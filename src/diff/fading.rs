//! What is kept less of once the newer plan has been at work for long, where not all of that goes at once.
//!
//! Two plans are held against each other as if each had always been the only one. For each point that the older keeps, one of the newer has to be near:
//! the next that its schedule brings, or another of the same hour, day … where that is what a rule keeps one of. Where the days of a week differ, or the
//! months of a year, several are looked at.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

use super::fact::in_months;
use super::judge::keeps_no_less;
use crate::primitives::{Duration, grouped};
use crate::retention::{CalendarUnit, Candidate, Rules, kept};
use crate::timeline::{Life, Making, Points};

/// The points of one job in one place, by two plans.
#[derive(Clone, Copy)]
pub(super) struct Both<'a> {
    pub(super) old: &'a Points,
    pub(super) new: &'a Points,
    /// The longest time between two runs of each plan, in seconds.
    pub(super) waits: [u64; 2],
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
    /// Whether it is as great at some times alone.
    at_times: bool,
}

/// More points than these are looked at once, and not at several times.
const MANY: usize = 50_000;

/// A job that may run after fewer seconds is looked at for a week, and not for a year.
const DENSE: u64 = 600;

/// The loss that there is now, or a greater one at another time; none where more points are there than are counted, which is told elsewhere.
pub(super) fn fading(both: Both<'_>, now: Timestamp) -> Option<Fading> {
    if both.old.rules.is_empty() || both.new.rules.is_empty() || both.is_told_by_the_rules() {
        return None;
    }
    let [older, newer] = [both.old, both.new].map(|points| points.there(now));
    let (older, newer) = (older.ok()?, newer.ok()?);
    let are_many = older.len().max(newer.len()) > MANY;
    let by_now = both.lost_at(now, older, &newer);
    let by_then = if are_many { None } else { both.most_lost(now) };
    match (by_now, by_then) {
        // Most are about as great at any time.
        (Some(by_now), Some(by_then)) if by_then.length() > by_now.length() * 5 / 4 => Some(by_then),
        (Some(by_now), _) => Some(by_now),
        (None, by_then) => by_then,
    }
}

/// Points of when, from and to, how many of the older plan are between them and how many of the newer, and whether days are counted.
type Lost = (Timestamp, Timestamp, [u64; 2], bool);

impl Both<'_> {
    /// Whether the same runs are kept by rules of which none keeps less, or none more, and then those go at once that they do not keep.
    fn is_told_by_the_rules(&self) -> bool {
        let (old, new) = (&self.old.rules, &self.new.rules);
        self.at_the_same_times && (keeps_no_less(new, old) || (self.some_go && keeps_no_less(old, new)))
    }

    /// When to look besides now, the earliest first: where the runs are others, or weeks count, as often over a week, or over the longest wait, as a week has
    /// days; and where months or years count, in the middle and at the end of each month of a year.
    fn times(&self, now: Timestamp) -> Vec<Timestamp> {
        let rules = [&self.old.rules, &self.new.rules];
        let counts = |units: &[CalendarUnit]| {
            rules.iter().any(|rules| units.iter().any(|unit| rules.thinned.contains_key(unit)))
        };
        let of_months = rules.iter().any(|rules| rules.within.is_some_and(|within| in_months(within).is_some()));
        let [least, most] = [self.waits[0].min(self.waits[1]), self.waits[0].max(self.waits[1])];
        let mut times = vec![];
        if !self.at_the_same_times || counts(&[CalendarUnit::Week]) {
            let days = i64::try_from(most / 86_400).unwrap_or(i64::MAX).clamp(7, 366);
            let step = SignedDuration::from_hours(days * 24) / 7;
            times.extend((1..7).filter_map(|steps| now.checked_add(step * steps).ok()));
        }
        let are_long = most > 25 * 86_400;
        if least >= DENSE && (of_months || are_long || counts(&[CalendarUnit::Month, CalendarUnit::Year])) {
            let zone = &self.new.zone;
            let this = zone.to_datetime(now).date().first_of_month();
            let months = (0..12).filter_map(|months: i64| this.checked_add(months.months()).ok());
            let days = months.flat_map(|first| [first.saturating_add(14.days()), first.last_of_month()]);
            let ends = days.filter_map(|day| day.at(23, 59, 59, 0).to_zoned(zone.clone()).ok());
            times.extend(ends.map(|end| end.timestamp()).filter(|end| *end > now));
        }
        times.sort_unstable();
        times
    }

    /// The greatest loss of the times that are to be looked at besides now.
    fn most_lost(&self, now: Timestamp) -> Option<Fading> {
        let times = self.times(now);
        let last = *times.last()?;
        let [older, newer] = [self.old, self.new].map(|points| points.between(now, last));
        let (older, newer) = (older.ok()?, newer.ok()?);
        let there = |lives: &[Life], at: Timestamp| -> Vec<Timestamp> {
            lives.iter().filter(|life| life.is_there(at)).map(Life::moment).collect()
        };
        let lost = times.into_iter().filter_map(|at| self.lost_at(at, there(&older, at), &there(&newer, at)));
        let lost = lost.map(|lost| Fading { at_times: true, ..lost });
        lost.max_by_key(Fading::length)
    }

    fn lost_at(&self, at: Timestamp, older: Vec<Timestamp>, newer: &[Timestamp]) -> Option<Fading> {
        let reference = self.stay(older, at);
        let found = match (self.old.making, self.new.making) {
            (Making::EachMonth { .. }, Making::EachDay) => self.days_lost(&reference, newer),
            _ => self.points_lost(&reference, newer, at),
        };
        let (first, last, [before, after], of_days) = found?;
        Some(Fading { at, first, last, before, after, oldest: *newer.first()?, of_days, at_times: false })
    }

    /// Those that do not go at once, nor would have gone by the older rules, had there been a run.
    fn stay(&self, older: Vec<Timestamp>, at: Timestamp) -> Vec<Timestamp> {
        let candidates = candidates(&older);
        let mut stays = kept(&candidates, &self.old.rules, at, &self.old.zone);
        if self.some_go {
            let newer = kept(&candidates, &self.new.rules, at, &self.new.zone);
            stays.iter_mut().zip(newer).for_each(|(stays, newer)| *stays &= newer);
        }
        older.into_iter().zip(stays).filter(|(_, stays)| *stays).map(|(moment, _)| moment).collect()
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
        // A day may end at another time; where the newer plan keeps fewer of them, or none, one of another day is another.
        let (mut same, new) = (self.old.rules.clone(), &self.new.rules);
        same.thinned.retain(|unit, count| new.thinned.get(unit).is_some_and(|after| after >= count));
        let units = [(&same, self.old), (new, self.new)].map(|(rules, of)| units(reference, rules, at, &of.zone));
        let unit = |moment: &Timestamp| {
            reference.binary_search(moment).map_or(0, |place| units[0][place].max(units[1][place]))
        };
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
        i64::try_from(self.waits[1]).unwrap_or(i64::MAX).max(days * 86_400)
    }
}

fn candidates(moments: &[Timestamp]) -> Vec<Candidate<usize>> {
    moments.iter().enumerate().map(|(id, moment)| Candidate { id, moment: *moment, good: true }).collect()
}

/// Of each point, how many seconds the longest hour, day … has that these rules keep it as one of; 0 where they do not.
fn units(moments: &[Timestamp], rules: &Rules, at: Timestamp, zone: &TimeZone) -> Vec<i64> {
    let candidates = candidates(moments);
    let mut units = vec![0; moments.len()];
    for (unit, count) in &rules.thinned {
        let only = Rules { thinned: [(*unit, *count)].into(), ..Rules::default() };
        let of_unit = kept(&candidates, &only, at, zone);
        units.iter_mut().zip(of_unit).filter(|(_, is_kept)| *is_kept).for_each(|(found, _)| *found = seconds_of(*unit));
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
    /// Of how much time nothing is left.
    fn length(&self) -> SignedDuration {
        self.oldest.max(self.last).duration_since(self.first)
    }

    /// What it means, of what lies there: ` in vault`.
    pub(super) fn told(&self, place: &str) -> String {
        let age = |of: Timestamp| age(self.at.duration_since(of));
        let at_times = if self.at_times { " at times" } else { "" };
        if self.oldest > self.last {
            return format!(
                "in the long run, what is kept{place} reaches back {}{at_times}, where it is {}",
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
        format!("in the long run, of what is {stretch} old, {after} kept{place}{at_times}, where it is {before}")
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
