//! Which points a run makes, and of when their data is.
//!
//! Unaware of retention. Invariant: points are made in the order of their moments, and none is of after its run's slot.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::plan::{Select, Selection};

/// How a job's points come into being.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Making {
    /// Each run makes one, of its slot.
    EachRun,
    /// One for each day that is over, by the first run after it; its data is of the last second of that day.
    EachDay,
    /// One for each month that is not among the newest, by the first run after that came to be so; its data is of the last second of that month.
    EachMonth {
        /// How many months stay, the running one among them.
        newest: u32,
    },
}

/// How many months a selection of whole months leaves where the plan says nothing.
const MONTHS_LEFT: u32 = 2;

impl Making {
    /// How many months a selection leaves, the running one among them; none where it is not of whole months.
    pub fn months_left(select: &Select) -> Option<u32> {
        match Self::of(Some(select)) {
            Self::EachMonth { newest } => Some(newest),
            Self::EachRun | Self::EachDay => None,
        }
    }

    /// As a plan's selection has it.
    pub(super) fn of(select: Option<&Select>) -> Self {
        match select.map(|select| (select.kind, &select.keep_newest)) {
            None => Self::EachRun,
            Some((Selection::UnshippedDays, _)) => Self::EachDay,
            Some((Selection::WholeMonths, newest)) => {
                Self::EachMonth { newest: newest.as_ref().map_or(MONTHS_LEFT, |newest| newest.value.get()) }
            }
        }
    }
}

/// The points that one run after the other makes.
#[derive(Debug, Clone)]
pub(super) struct Births {
    making: Making,
    zone: TimeZone,
    /// The first day that no run has seen the end of, or the first of the month.
    next: Option<Date>,
}

impl Births {
    /// Those of the runs after `run`, with all that the ones up to it could make made already.
    pub(super) fn after(making: Making, zone: &TimeZone, run: Timestamp) -> Self {
        let today = zone.to_datetime(run).date();
        let next = match making {
            Making::EachRun => None,
            Making::EachDay => Some(today),
            Making::EachMonth { newest } => months_later(today.first_of_month(), 1 - i64::from(newest)),
        };
        Self { making, zone: zone.clone(), next }
    }

    /// Those of the runs from `since` on, where there is nothing of before it.
    pub(super) fn since(making: Making, zone: &TimeZone, since: Timestamp) -> Self {
        let today = zone.to_datetime(since).date();
        let next = match making {
            Making::EachRun => None,
            Making::EachDay => Some(today),
            Making::EachMonth { .. } => Some(today.first_of_month()),
        };
        Self { making, zone: zone.clone(), next }
    }

    /// The moments of the points that the run of this slot makes, in seconds since the epoch; they are put behind what is there.
    pub(super) fn of_run(&mut self, slot: Timestamp, out: &mut Vec<i64>) {
        match self.making {
            Making::EachRun => out.push(slot.as_second()),
            Making::EachDay => while self.day(slot, out).is_some() {},
            Making::EachMonth { newest } => while self.month(slot, newest, out).is_some() {},
        }
    }

    fn day(&mut self, slot: Timestamp, out: &mut Vec<i64>) -> Option<()> {
        let day = self.next?;
        let after = day.tomorrow().ok()?;
        let (start, end) = (self.start_of(day)?, self.start_of(after)?);
        if slot.as_second() < end {
            return None;
        }
        // Samoa had no 30 December 2011.
        if start < end {
            out.push(end - 1);
        }
        self.next = Some(after);
        Some(())
    }

    fn month(&mut self, slot: Timestamp, newest: u32, out: &mut Vec<i64>) -> Option<()> {
        let month = self.next?;
        let after = months_later(month, 1)?;
        let is_whole = self.start_of(months_later(month, i64::from(newest))?)? <= slot.as_second();
        let end = self.start_of(after).filter(|_| is_whole)?;
        out.push(end - 1);
        self.next = Some(after);
        Some(())
    }

    /// The first second of a day.
    fn start_of(&self, day: Date) -> Option<i64> {
        day.to_zoned(self.zone.clone()).ok().map(|start| start.timestamp().as_second())
    }
}

/// The first day of another month.
fn months_later(first: Date, months: i64) -> Option<Date> {
    let month = i64::from(first.year()) * 12 + i64::from(first.month()) - 1 + months;
    let (year, month) = (i16::try_from(month.div_euclid(12)).ok()?, i8::try_from(month.rem_euclid(12)).ok()?);
    Date::new(year, month + 1, 1).ok()
}
