//! Which hour, day, week, month or year of a calendar a time is in, by number. Unaware of points.

use crate::calendar::{DAY_SECONDS, Shown};
use crate::retention::CalendarUnit;

const HOUR_SECONDS: i64 = 3_600;

/// One hour, one day …: its number, and for an hour what the clock is ahead by, as one that is shown twice is two.
pub(super) type Key = (i64, i64);

/// The hours, or the days … of a calendar, asked for one time after the other.
#[derive(Debug, Clone)]
pub(super) struct Units {
    unit: CalendarUnit,
    /// The last day asked for, and the number of its month or year.
    day: Option<(i64, i64)>,
}

impl Units {
    pub(super) fn new(unit: CalendarUnit) -> Self {
        Self { unit, day: None }
    }

    /// The one that a time is in.
    pub(super) fn key(&mut self, shown: Shown) -> Key {
        match self.unit {
            CalendarUnit::Hour => (shown.second.div_euclid(HOUR_SECONDS), shown.offset),
            CalendarUnit::Day => (shown.day(), 0),
            // Day 0 was a Thursday, and weeks begin on Monday.
            CalendarUnit::Week => ((shown.day() + 3).div_euclid(7), 0),
            CalendarUnit::Month | CalendarUnit::Year => (self.month_or_year(shown), 0),
        }
    }

    fn month_or_year(&mut self, shown: Shown) -> i64 {
        if let Some((_, number)) = self.day.filter(|(day, _)| *day == shown.day()) {
            return number;
        }
        let number = shown.date().map_or(0, |date| match self.unit {
            CalendarUnit::Year => i64::from(date.year()),
            _ => i64::from(date.year()) * 12 + i64::from(date.month()),
        });
        self.day = Some((shown.day(), number));
        number
    }

    /// How many seconds the clock has shown of the one that a time is in.
    pub(super) fn elapsed(&self, shown: Shown) -> i64 {
        let of_day = shown.second.rem_euclid(DAY_SECONDS);
        let day = |number: i16| i64::from(number - 1) * DAY_SECONDS + of_day;
        match self.unit {
            CalendarUnit::Hour => shown.second.rem_euclid(HOUR_SECONDS),
            CalendarUnit::Day => of_day,
            CalendarUnit::Week => (shown.day() + 3).rem_euclid(7) * DAY_SECONDS + of_day,
            CalendarUnit::Month => shown.date().map_or(of_day, |date| day(date.day().into())),
            CalendarUnit::Year => shown.date().map_or(of_day, |date| day(date.day_of_year())),
        }
    }
}
