//! Calendar periods: when something has lasted seven days, two months, seven years.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::primitives::{Period, PeriodUnit};

/// The instant at which a period that begins at `start` is over, by the calendar of a zone: the same time of day, so many
/// days, weeks, months or years later. Where that month has no such day it is over when the month is (a month from 31
/// January is over as March begins); where the clock is set forward or back, as in [`Occurrences`](super::Occurrences).
/// Beyond the end of time it is the end of time.
///
/// Retention asks for a point's expiry, never for "now less seven days": the former is fixed, while the latter goes
/// backwards at the end of a month (a month before 28 March 12:00 is later than a month before 29 March 00:00), and a point
/// that was let go would be kept again.
pub fn expiry(start: Timestamp, period: Period, zone: &TimeZone) -> Timestamp {
    later(zone.to_datetime(start), period).and_then(|over| zone.to_timestamp(over).ok()).unwrap_or(Timestamp::MAX)
}

/// The local time that is a period later; none beyond the years that can be written.
pub(super) fn later(start: DateTime, period: Period) -> Option<DateTime> {
    match period.unit {
        PeriodUnit::Days => days_later(start, i64::from(period.count)),
        PeriodUnit::Weeks => days_later(start, i64::from(period.count) * 7),
        PeriodUnit::Months => months_later(start, i32::from(period.count)),
        PeriodUnit::Years => months_later(start, i32::from(period.count) * 12),
    }
}

fn days_later(start: DateTime, days: i64) -> Option<DateTime> {
    start.checked_add(Span::new().try_days(days).ok()?).ok()
}

fn months_later(start: DateTime, months: i32) -> Option<DateTime> {
    let month = i32::from(start.year()) * 12 + i32::from(start.month()) - 1 + months;
    let first = |month: i32| {
        let (year, month) = (i16::try_from(month.div_euclid(12)).ok()?, i8::try_from(month.rem_euclid(12)).ok()?);
        Date::new(year, month + 1, 1).ok()
    };
    match Date::new(first(month)?.year(), first(month)?.month(), start.day()) {
        Ok(date) => Some(date.to_datetime(start.time())),
        Err(_) => Some(first(month + 1)?.at(0, 0, 0, 0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::zone;
    use proptest::prelude::*;

    fn over(start: &str, period: &str, name: &str) -> String {
        let zone = zone(name).unwrap();
        let start = start.parse::<DateTime>().unwrap().to_zoned(zone.clone()).unwrap().timestamp();
        expiry(start, Period::parse(period).unwrap(), &zone)
            .to_zoned(zone)
            .strftime("%Y-%m-%d %H:%M:%S %:z")
            .to_string()
    }

    #[test]
    fn a_period_is_the_calendars() {
        // The day on which the clock is set forward has 23 hours.
        assert_eq!(over("2026-03-05T05:30:00", "7d", "America/New_York"), "2026-03-12 05:30:00 -04:00");
        assert_eq!(over("2026-03-01T02:30:00", "1w", "America/New_York"), "2026-03-08 03:30:00 -04:00");
        assert_eq!(over("2026-10-25T01:30:00", "1w", "America/New_York"), "2026-11-01 01:30:00 -04:00");
        assert_eq!(over("2026-01-15T10:00:00.5", "2mo", "Asia/Tokyo"), "2026-03-15 10:00:00 +09:00");
        assert_eq!(over("2026-12-15T10:00:00", "1mo", "Asia/Tokyo"), "2027-01-15 10:00:00 +09:00");
        assert_eq!(over("2026-03-31T10:00:00", "7y", "Asia/Tokyo"), "2033-03-31 10:00:00 +09:00");
    }

    #[test]
    fn where_a_month_has_no_such_day_it_is_over_when_the_month_is() {
        for day in ["29", "30", "31"] {
            assert_eq!(over(&format!("2026-01-{day}T10:00:00"), "1mo", "UTC"), "2026-03-01 00:00:00 +00:00");
        }
        assert_eq!(over("2024-02-29T10:00:00", "1y", "UTC"), "2025-03-01 00:00:00 +00:00");
        assert_eq!(over("2024-02-29T10:00:00", "4y", "UTC"), "2028-02-29 10:00:00 +00:00");
        assert_eq!(over("2026-08-31T10:00:00", "4mo", "UTC"), "2026-12-31 10:00:00 +00:00");
        assert_eq!(over("2026-10-31T10:00:00", "1mo", "UTC"), "2026-12-01 00:00:00 +00:00");
    }

    #[test]
    fn the_end_of_time_is_no_panic() {
        let tokyo = zone("Asia/Tokyo").unwrap();
        for unit in [PeriodUnit::Days, PeriodUnit::Weeks, PeriodUnit::Months, PeriodUnit::Years] {
            let period = Period { count: 9999, unit };
            assert_eq!(expiry(Timestamp::MAX, period, &tokyo), Timestamp::MAX);
            assert!(expiry(Timestamp::MIN, period, &tokyo) > Timestamp::MIN);
        }
    }

    proptest! {
        #[test]
        fn in_an_even_zone_an_older_point_never_outlives_a_younger(
            a in 0_i64..4_000_000_000, step in 0_i64..9_000_000, count in 1_u16..60, unit in 0_usize..4,
        ) {
            let unit = [PeriodUnit::Days, PeriodUnit::Weeks, PeriodUnit::Months, PeriodUnit::Years][unit];
            let tokyo = zone("Asia/Tokyo").unwrap();
            let at = |second| expiry(Timestamp::from_second(second).unwrap(), Period { count, unit }, &tokyo);
            prop_assert!(at(a) <= at(a + step));
            prop_assert!(at(a) > Timestamp::from_second(a).unwrap());
        }
    }
}
