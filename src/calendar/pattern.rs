//! What a schedule says in local time: on which days, at which minutes. Unaware of zones.
//!
//! Days are counted from 1970-01-01 (a Thursday) and local seconds from its midnight, so that most of it is arithmetic.

use croner::CronPattern;
use jiff::civil::{Date, Weekday};
use jiff::tz::Offset;

use super::cron;
use crate::plan::TimeOfDay;

/// The seconds of a day whose clock is not set.
pub const DAY_SECONDS: i64 = 86_400;

/// Days, and the minutes of each of them.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    pub(super) days: Days,
    /// Seconds after midnight, rising; at least one.
    pub(super) times: Vec<i64>,
}

/// Which days.
#[derive(Debug, Clone)]
pub(super) enum Days {
    Every,
    Weekday(Weekday),
    /// The day of each month, or the month's last.
    OfMonth(i8),
    /// The day of that month of each year, or the month's last.
    OfYear(i8, i8),
    Cron(Box<CronPattern>),
}

impl Pattern {
    /// One time on each of those days.
    pub(super) fn once(days: Days, at: TimeOfDay) -> Self {
        Self { days, times: vec![i64::from(at.hour) * 3600 + i64::from(at.minute) * 60] }
    }

    /// The first local second of the pattern that is not before `second`.
    pub(super) fn at_or_after(&self, second: i64) -> Option<i64> {
        let (today, time) = (second.div_euclid(DAY_SECONDS), second.rem_euclid(DAY_SECONDS));
        let day = self.days.at_or_after(today)?;
        if day > today {
            return Some(day * DAY_SECONDS + self.times.first()?);
        }
        match self.times.get(self.times.partition_point(|at| *at < time)) {
            Some(at) => Some(day * DAY_SECONDS + at),
            None => Some(self.days.at_or_after(today + 1)? * DAY_SECONDS + self.times.first()?),
        }
    }

    /// The last local second of the pattern that is not after `second`.
    pub(super) fn at_or_before(&self, second: i64) -> Option<i64> {
        let (today, time) = (second.div_euclid(DAY_SECONDS), second.rem_euclid(DAY_SECONDS));
        let day = self.days.at_or_before(today)?;
        if day < today {
            return Some(day * DAY_SECONDS + self.times.last()?);
        }
        let earlier = self.times.partition_point(|at| *at <= time);
        match earlier.checked_sub(1).and_then(|index| self.times.get(index)) {
            Some(at) => Some(day * DAY_SECONDS + at),
            None => Some(self.days.at_or_before(today - 1)? * DAY_SECONDS + self.times.last()?),
        }
    }
}

impl Days {
    /// After how many days they always come round.
    pub(super) fn period(&self) -> Option<i64> {
        match self {
            Self::Every => Some(1),
            Self::Weekday(_) => Some(7),
            Self::OfMonth(_) | Self::OfYear(..) | Self::Cron(_) => None,
        }
    }

    fn at_or_after(&self, day: i64) -> Option<i64> {
        match self {
            Self::Every => Some(day),
            Self::Weekday(weekday) => Some(day + (monday_offset(*weekday) - monday_offset_of(day)).rem_euclid(7)),
            Self::OfMonth(number) => {
                let date = date_of(day)?;
                let this = clipped(date.year(), date.month(), *number)?;
                let (year, month) = month_after(date);
                if this >= date { day_of(this) } else { day_of(clipped(year, month, *number)?) }
            }
            Self::OfYear(month, number) => {
                let date = date_of(day)?;
                let this = clipped(date.year(), *month, *number)?;
                if this >= date { day_of(this) } else { day_of(clipped(date.year() + 1, *month, *number)?) }
            }
            Self::Cron(pattern) => cron::day_at_or_after(pattern, date_of(day)?).and_then(day_of),
        }
    }

    fn at_or_before(&self, day: i64) -> Option<i64> {
        match self {
            Self::Every => Some(day),
            Self::Weekday(weekday) => Some(day - (monday_offset_of(day) - monday_offset(*weekday)).rem_euclid(7)),
            Self::OfMonth(number) => {
                let date = date_of(day)?;
                let this = clipped(date.year(), date.month(), *number)?;
                let (year, month) = month_before(date);
                if this <= date { day_of(this) } else { day_of(clipped(year, month, *number)?) }
            }
            Self::OfYear(month, number) => {
                let date = date_of(day)?;
                let this = clipped(date.year(), *month, *number)?;
                if this <= date { day_of(this) } else { day_of(clipped(date.year() - 1, *month, *number)?) }
            }
            Self::Cron(pattern) => cron::day_at_or_before(pattern, date_of(day)?).and_then(day_of),
        }
    }
}

fn monday_offset(weekday: Weekday) -> i64 {
    i64::from(weekday.to_monday_zero_offset())
}

/// The same for a day by its number: day 0 was a Thursday.
fn monday_offset_of(day: i64) -> i64 {
    (day + 3).rem_euclid(7)
}

pub(super) fn month_after(date: Date) -> (i16, i8) {
    if date.month() == 12 { (date.year() + 1, 1) } else { (date.year(), date.month() + 1) }
}

pub(super) fn month_before(date: Date) -> (i16, i8) {
    if date.month() == 1 { (date.year() - 1, 12) } else { (date.year(), date.month() - 1) }
}

/// The day of a month, or its last where it has no such day.
fn clipped(year: i16, month: i8, day: i8) -> Option<Date> {
    let first = Date::new(year, month, 1).ok()?;
    Date::new(year, month, day.min(first.days_in_month())).ok()
}

pub(super) fn date_of(day: i64) -> Option<Date> {
    let midnight = jiff::Timestamp::from_second(day.checked_mul(DAY_SECONDS)?).ok()?;
    Some(Offset::UTC.to_datetime(midnight).date())
}

pub(super) fn day_of(date: Date) -> Option<i64> {
    let midnight = Offset::UTC.to_timestamp(date.at(0, 0, 0, 0)).ok()?;
    Some(midnight.as_second().div_euclid(DAY_SECONDS))
}
