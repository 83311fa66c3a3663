//! A zone's clock read for very many times, one after the other. Unaware of schedules.
//!
//! Invariant: it shows what the zone's own rules say; it is only quicker where the next time lies in the stretch of the last.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::pattern::{DAY_SECONDS, date_of, day_of};
use super::period::{expiry, later};
use super::stretch::Stretch;
use crate::primitives::{Period, PeriodUnit};

/// What a clock shows at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shown {
    /// Local seconds since 1970-01-01T00:00:00.
    pub second: i64,
    /// What the clock is ahead of UTC, in seconds.
    pub offset: i64,
}

impl Shown {
    /// The date, as days since 1970-01-01.
    pub fn day(self) -> i64 {
        self.second.div_euclid(DAY_SECONDS)
    }

    /// The date; none beyond the years that can be written.
    pub fn date(self) -> Option<Date> {
        date_of(self.day())
    }
}

/// A zone's clock.
#[derive(Debug, Clone)]
pub struct Wall {
    zone: TimeZone,
    stretch: Option<Stretch>,
}

impl Wall {
    /// The clock of a zone.
    pub fn new(zone: TimeZone) -> Self {
        Self { zone, stretch: None }
    }

    /// What it shows at a time; what is below a second is dropped.
    pub fn at(&mut self, time: Timestamp) -> Shown {
        self.at_second(time.as_second())
    }

    /// The same of a second since the epoch; beyond the time that can be told, what UTC shows.
    pub fn at_second(&mut self, second: i64) -> Shown {
        let offset = self.stretch_of(second).map_or(0, |stretch| stretch.offset);
        Shown { second: second + offset, offset }
    }

    fn stretch_of(&mut self, second: i64) -> Option<Stretch> {
        if !self.stretch.is_some_and(|stretch| stretch.holds(second)) {
            self.stretch = Stretch::around(&self.zone, second);
        }
        self.stretch
    }

    /// The first time at which it shows a local second, where the stretch of the last time says so.
    fn first_time_of(&self, local: i64) -> Option<i64> {
        let stretch = self.stretch?;
        let second = local - stretch.offset;
        let is_second = stretch.repeated().is_some_and(|repeated| repeated.contains(&second));
        (stretch.holds(second) && !is_second).then_some(second)
    }
}

/// [`expiry`] for very many starts, one after the other.
#[derive(Debug, Clone)]
pub struct Expiries {
    period: Period,
    starts: Wall,
    ends: Wall,
    /// The local day of the last start, and when a period from it is over.
    day: Option<(i64, Over)>,
}

/// Up to that day since 1970-01-01, in the year 9998, every day can be written whatever the zone.
const SURELY_WRITTEN: i64 = 2_932_000;

/// How many days a period has, where that does not depend on when it begins.
fn whole_days(period: Period) -> Option<i64> {
    match period.unit {
        PeriodUnit::Days => Some(period.count.into()),
        PeriodUnit::Weeks => Some(i64::from(period.count) * 7),
        PeriodUnit::Months | PeriodUnit::Years => None,
    }
}

/// When a period that begins on a day is over.
#[derive(Debug, Clone, Copy)]
enum Over {
    /// On that day, at the time of day at which it began.
    On(i64),
    /// As that day begins.
    AtMidnightOf(i64),
    /// Beyond the end of time.
    Never,
}

impl Expiries {
    /// The ends of periods of that length by the calendar of a zone.
    pub fn new(period: Period, zone: TimeZone) -> Self {
        Self { period, starts: Wall::new(zone.clone()), ends: Wall::new(zone), day: None }
    }

    /// When a period that begins at `start` is over: what [`expiry`] says.
    pub fn of(&mut self, start: Timestamp) -> Timestamp {
        match start.subsec_nanosecond() {
            0 => Timestamp::from_second(self.of_second(start.as_second())).unwrap_or(Timestamp::MAX),
            _ => expiry(start, self.period, &self.starts.zone),
        }
    }

    /// The same in seconds since the epoch; `i64::MAX` beyond the end of time.
    pub fn of_second(&mut self, start: i64) -> i64 {
        self.by_stretches(start).unwrap_or_else(|| self.by_the_zone(start))
    }

    /// When a period from the last moment before a second is over, or one from that second, if that is over first: a clock may jump over the
    /// end of the older one.
    pub fn of_last_before(&mut self, second: i64) -> i64 {
        match self.by_stretches(second - 1) {
            // An end that the clock shows once is not after that of a younger one, where the clock is not set between the two.
            Some(end) if self.starts.stretch.is_some_and(|stretch| stretch.holds(second)) => end,
            _ => self.of_second(second - 1).min(self.of_second(second)),
        }
    }

    /// None where the zone has to be asked.
    fn by_stretches(&mut self, start: i64) -> Option<i64> {
        let shown = self.starts.at_second(start);
        let local = match self.over(shown) {
            Over::On(day) => day * DAY_SECONDS + shown.second.rem_euclid(DAY_SECONDS),
            Over::AtMidnightOf(day) => day * DAY_SECONDS,
            Over::Never => return Some(i64::MAX),
        };
        self.ends.first_time_of(local)
    }

    fn by_the_zone(&mut self, start: i64) -> i64 {
        let Ok(start) = Timestamp::from_second(start) else { return i64::MAX };
        let end = expiry(start, self.period, &self.starts.zone).as_second();
        self.ends.stretch_of(end);
        end
    }

    fn over(&mut self, shown: Shown) -> Over {
        let day = shown.day();
        match self.day {
            Some((of, over)) if of == day => over,
            _ => {
                let over = self.over_from(shown).unwrap_or(Over::Never);
                self.day = Some((day, over));
                over
            }
        }
    }

    fn over_from(&self, shown: Shown) -> Option<Over> {
        // Days are counted without a calendar: so much is asked for that it shows.
        let by_days = whole_days(self.period).map(|days| shown.day() + days);
        if let Some(day) = by_days.filter(|day| (0..SURELY_WRITTEN).contains(day)) {
            return Some(Over::On(day));
        }
        // Any time of the day but midnight, which is what a month without such a day ends at.
        let over = later(shown.date()?.at(12, 0, 0, 0), self.period)?;
        let day = day_of(over.date())?;
        Some(if over.hour() == 12 { Over::On(day) } else { Over::AtMidnightOf(day) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::zone;
    use proptest::prelude::*;

    const ZONES: [&str; 8] = [
        "UTC",
        "Asia/Tokyo",
        "America/New_York",
        "Australia/Lord_Howe",
        "Africa/Cairo",
        "Africa/Casablanca",
        "America/St_Johns",
        "Pacific/Apia",
    ];
    const UNITS: [PeriodUnit; 4] = [PeriodUnit::Days, PeriodUnit::Weeks, PeriodUnit::Months, PeriodUnit::Years];

    proptest! {
        #[test]
        fn it_shows_what_the_zone_says(
            name in prop::sample::select(&ZONES[..]), start in 0_i64..2_600_000_000, steps in prop::collection::vec(-90_000_i64..900_000, 1..40),
        ) {
            let zone = zone(name).unwrap();
            let (mut wall, mut second) = (Wall::new(zone.clone()), start);
            for step in steps {
                second += step;
                let time = Timestamp::from_second(second).unwrap();
                let shown = wall.at(time);
                prop_assert_eq!(shown.offset, i64::from(zone.to_offset(time).seconds()));
                prop_assert_eq!(shown.date().unwrap(), zone.to_datetime(time).date());
            }
        }

        #[test]
        fn expiries_are_those_of_each_start(
            name in prop::sample::select(&ZONES[..]), unit in prop::sample::select(&UNITS[..]), count in 1_u16..50,
            start in 0_i64..2_600_000_000, steps in prop::collection::vec(-7_000_i64..70_000, 1..60),
        ) {
            let (zone, period) = (zone(name).unwrap(), Period { count, unit });
            let (mut expiries, mut second) = (Expiries::new(period, zone.clone()), start);
            for step in steps {
                second += step;
                let time = Timestamp::from_second(second).unwrap();
                prop_assert_eq!(expiries.of(time), expiry(time, period, &zone), "{} from {}", period, time);
            }
        }
    }

    /// Every half hour of three years in which clocks were set at midnight, by half an hour, and by a whole day.
    #[test]
    fn expiries_around_every_setting_of_a_clock_are_those_of_each_start() {
        for (name, year) in
            [("Africa/Cairo", 2023), ("Pacific/Apia", 2010), ("America/St_Johns", 2009), ("Australia/Lord_Howe", 2025)]
        {
            let zone = zone(name).unwrap();
            let begin = Date::new(year, 12, 1).unwrap().to_zoned(zone.clone()).unwrap().timestamp().as_second();
            for period in [Period { count: 1, unit: PeriodUnit::Days }, Period { count: 1, unit: PeriodUnit::Months }] {
                let mut expiries = Expiries::new(period, zone.clone());
                for step in 0..(3 * 366 * 48) {
                    let time = Timestamp::from_second(begin + step * 1_800).unwrap();
                    let over = expiry(time, period, &zone);
                    assert_eq!(expiries.of(time), over, "{name} {period} from {time}");
                    let before = expiry(Timestamp::from_second(time.as_second() - 1).unwrap(), period, &zone);
                    let last = expiries.of_last_before(time.as_second());
                    assert_eq!(last, before.min(over).as_second(), "{name} {period} before {time}");
                }
            }
        }
    }

    #[test]
    fn the_end_of_time_is_no_panic() {
        let mut expiries = Expiries::new(Period { count: 9_999, unit: PeriodUnit::Years }, zone("Asia/Tokyo").unwrap());
        assert_eq!(expiries.of(Timestamp::MAX), Timestamp::MAX);
        assert!(expiries.of(Timestamp::MIN) > Timestamp::MIN);
    }
}
