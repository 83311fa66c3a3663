//! The columns of a calendar: days, weeks, months or years, by how long a time it shows. Unaware of points.

use crate::calendar::DAY_SECONDS;
use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;
use serde::Serialize;

/// What a column is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ColumnUnit {
    /// A date.
    Day,
    /// A week from Monday.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

/// The columns of a time, in order. The first and the last may begin before it and end after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Columns {
    /// What each is.
    pub unit: ColumnUnit,
    /// The first instants of each.
    pub starts: Vec<Timestamp>,
    /// The first instant after the last.
    pub end: Timestamp,
}
/// Up to two months in days, up to a year and a bit in weeks, up to twenty years in months: a page is as wide as some sixty to two hundred columns.
const DAYS_MAX: i64 = 62;
const WEEKS_MAX: i64 = 62 * 7;
const MONTHS_MAX: i64 = 20 * 366;

impl Columns {
    /// The columns of the time from `from` to `to`, by the calendar of a zone.
    pub fn of(from: Timestamp, to: Timestamp, zone: &TimeZone) -> Self {
        let days = (to.as_second() - from.as_second()) / DAY_SECONDS;
        let fits = [(DAYS_MAX, ColumnUnit::Day), (WEEKS_MAX, ColumnUnit::Week), (MONTHS_MAX, ColumnUnit::Month)];
        let unit = fits.into_iter().find(|(most, _)| days <= *most).map_or(ColumnUnit::Year, |(_, unit)| unit);
        let (mut starts, mut end) = (vec![], to);
        let mut next = Some(first(unit, zone.to_datetime(from).date()));
        while let Some(date) = next {
            let Some(start) = date.to_zoned(zone.clone()).ok().map(|start| start.timestamp()) else { break };
            end = start.max(to);
            if start >= to && !starts.is_empty() {
                break;
            }
            // A day that a zone left out has no column.
            if starts.last() != Some(&start) {
                starts.push(start);
            }
            next = after(unit, date);
        }
        Self { unit, starts, end }
    }

    /// The column that a time is in; none before the first.
    pub fn position(&self, time: Timestamp) -> Option<usize> {
        self.starts.partition_point(|start| *start <= time).checked_sub(1)
    }
}

fn first(unit: ColumnUnit, date: Date) -> Date {
    match unit {
        ColumnUnit::Day => date,
        ColumnUnit::Week if date.weekday() == Weekday::Monday => date,
        ColumnUnit::Week => date.nth_weekday(-1, Weekday::Monday).unwrap_or(date),
        ColumnUnit::Month => date.first_of_month(),
        ColumnUnit::Year => date.first_of_year(),
    }
}

fn after(unit: ColumnUnit, date: Date) -> Option<Date> {
    match unit {
        ColumnUnit::Day => date.tomorrow().ok(),
        ColumnUnit::Week => date.nth_weekday(1, Weekday::Monday).ok(),
        ColumnUnit::Month => date.last_of_month().tomorrow().ok(),
        ColumnUnit::Year => date.last_of_year().tomorrow().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::zone;

    fn told(from: &str, to: &str, name: &str) -> String {
        let zone = zone(name).unwrap();
        let at = |text: &str| text.parse::<Date>().unwrap().to_zoned(zone.clone()).unwrap().timestamp();
        let columns = Columns::of(at(from), at(to), &zone);
        let shown = |time: &Timestamp| zone.to_datetime(*time).strftime("%m-%d %H:%M").to_string();
        let (first, last) = (shown(&columns.starts[0]), shown(columns.starts.last().unwrap()));
        format!("{:?} {} {first} … {last}, {}", columns.unit, columns.starts.len(), shown(&columns.end))
    }

    #[test]
    fn the_length_of_the_time_says_what_a_column_is() {
        assert_eq!(told("2026-03-01", "2026-04-01", "Asia/Tokyo"), "Day 31 03-01 00:00 … 03-31 00:00, 04-01 00:00");
        assert_eq!(told("2026-03-01", "2026-06-01", "Asia/Tokyo"), "Week 14 02-23 00:00 … 05-25 00:00, 06-01 00:00");
        assert_eq!(told("2026-03-02", "2029-03-05", "UTC"), "Month 37 03-01 00:00 … 03-01 00:00, 04-01 00:00");
        assert_eq!(told("2026-03-02", "2066-01-01", "UTC"), "Year 40 01-01 00:00 … 01-01 00:00, 01-01 00:00");
    }

    #[test]
    fn a_day_left_out_and_a_day_without_midnight_are_columns_of_their_own_or_none() {
        assert_eq!(told("2011-12-28", "2012-01-02", "Pacific/Apia"), "Day 4 12-28 00:00 … 01-01 00:00, 01-02 00:00");
        assert_eq!(told("2023-04-27", "2023-04-30", "Africa/Cairo"), "Day 3 04-27 00:00 … 04-29 00:00, 04-30 00:00");
    }

    #[test]
    fn a_time_has_its_column() {
        let zone = zone("UTC").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let columns = Columns::of(at("2026-03-01T12:00:00Z"), at("2026-03-04T00:00:00Z"), &zone);
        let positions = ["2026-02-28T23:59:59Z", "2026-03-01T00:00:00Z", "2026-03-03T23:59:59Z"]
            .map(|text| columns.position(at(text)));
        assert_eq!(positions, [None, Some(0), Some(2)]);
        assert_eq!(Columns::of(Timestamp::MAX, Timestamp::MAX, &zone).starts.len(), 1);
    }
}
