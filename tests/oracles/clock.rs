//! A zone's clock, looked at every minute. Times are minutes since the epoch; a *shown* minute is what the clock shows, counted likewise.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

pub(crate) const DAY: i64 = 1_440;

/// What a clock shows between two times.
pub(crate) struct Clock {
    from: i64,
    /// What it is ahead by, in minutes, from each time on at which that is another.
    ahead: Vec<(i64, i64)>,
}

/// Clocks are looked at once.
static CLOCKS: Mutex<BTreeMap<(String, i64, i64), Arc<Clock>>> = Mutex::new(BTreeMap::new());

impl Clock {
    /// Looks at a clock at every minute of some years, the last not among them. No zone has had seconds in its clock since 1972.
    pub(crate) fn of_years(zone: &str, first: i16, last: i16) -> Arc<Self> {
        let at = |year: i16| minute(&format!("{year:04}-01-01T00:00:00Z"));
        let mut clocks = CLOCKS.lock().expect("nobody panicked with it");
        let key = (zone.to_owned(), at(first), at(last));
        clocks.entry(key).or_insert_with(|| Arc::new(Self::looked_at(zone, at(first), at(last)))).clone()
    }

    fn looked_at(zone: &str, from: i64, to: i64) -> Self {
        let zone = TimeZone::get(zone).expect("a zone");
        let mut ahead: Vec<(i64, i64)> = vec![];
        // By the quarter of an hour, and where that shows another hour, by the minute.
        let mut quarter = from;
        while quarter < to {
            let now = ahead_at(&zone, quarter);
            if ahead.last().is_none_or(|(_, before)| *before != now) {
                let changed = (quarter - 14..=quarter).find(|minute| ahead_at(&zone, *minute) == now);
                ahead.push((changed.filter(|_| quarter > from).unwrap_or(quarter), now));
            }
            quarter += 15;
        }
        Self { from, ahead }
    }

    /// What the clock shows at a time.
    pub(crate) fn shows(&self, time: i64) -> i64 {
        assert!(time >= self.from, "it was not looked at so early");
        let behind = self.ahead.partition_point(|(from, _)| *from <= time);
        time + self.ahead[behind - 1].1
    }

    /// The day on which a time is, as it shows.
    pub(crate) fn day(&self, time: i64) -> i64 {
        self.shows(time).div_euclid(DAY)
    }

    /// The time at which something rings that is set to a shown minute: the first at which the clock shows it; and where the clock jumps over
    /// it, later than the jump by as much as it lies behind the jump's beginning.
    pub(crate) fn rings(&self, shown: i64) -> i64 {
        // No clock is set four times in a few days.
        let behind = self.ahead.partition_point(|(from, _)| *from <= shown + 2 * DAY);
        for place in behind.saturating_sub(4)..behind {
            let (from, ahead) = self.ahead[place];
            let next = self.ahead.get(place + 1);
            if (from..next.map_or(i64::MAX, |(next, _)| *next)).contains(&(shown - ahead)) {
                return shown - ahead;
            }
            // The next shows more already at its first minute.
            if let Some((next, after)) = next
                && next + ahead <= shown
                && shown < next + after
            {
                return shown - ahead;
            }
        }
        panic!("{shown} is outside of what was looked at")
    }
}

fn ahead_at(zone: &TimeZone, minute: i64) -> i64 {
    i64::from(zone.to_offset(timestamp(minute)).seconds()).div_euclid(60)
}

pub(crate) fn timestamp(minute: i64) -> Timestamp {
    Timestamp::from_second(minute * 60).expect("a time")
}

pub(crate) fn minute(time: &str) -> i64 {
    time.parse::<Timestamp>().expect(time).as_second().div_euclid(60)
}

/// The date of a day that is counted from 1970-01-01.
pub(crate) fn date(day: i64) -> Date {
    Date::constant(1970, 1, 1).checked_add(jiff::Span::new().days(day)).expect("a date")
}

pub(crate) fn day_of(date: Date) -> i64 {
    i64::from(Date::constant(1970, 1, 1).until(date).expect("a span").get_days())
}

/// A clock that is read one minute after the other, as one who stands before it all the time would: it rings for each minute that it
/// comes to for the first time, and makes up for those that it jumps over.
#[test]
fn who_stands_before_the_clock_hears_the_same() {
    for (name, year) in
        [("America/New_York", 2025), ("Australia/Lord_Howe", 2025), ("Asia/Beirut", 2025), ("Pacific/Apia", 2011)]
    {
        let zone = TimeZone::get(name).expect("a zone");
        let clock = Clock::of_years(name, year, year + 2);
        let from = minute(&format!("{year}-02-01T00:00:00Z"));
        let mut most = from + ahead_at(&zone, from) - 1;
        for time in from..from + 330 * DAY {
            let shows = time + ahead_at(&zone, time);
            assert_eq!(clock.shows(time), shows);
            let first = most + 1;
            for shown in first..=shows {
                let rings = if shown == shows { time } else { time + shown - first };
                assert_eq!(clock.rings(shown), rings, "{name}: {shown} at {time}");
            }
            most = most.max(shows);
        }
    }
}
