//! What a zone's clock does to times of day where it is set: which it jumps over, and which it shows twice.

use std::ops::Range;

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::occurrences::{Occurrences, Timing};
use super::pattern::DAY_SECONDS;
use super::stretch::Stretch;
use crate::plan::TimeOfDay;

/// The settings of a zone's clock in a window of time, in order.
#[derive(Debug, Clone)]
pub struct Changes(Vec<Change>);

/// One setting.
#[derive(Debug, Clone)]
struct Change {
    /// The local seconds that the clock jumps over or shows twice.
    local: Range<i64>,
    does: Does,
    /// What the clock was ahead of UTC before, in seconds: what rings, rings by the clock as it was.
    offset_before: i64,
}

/// What the clock does to a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Does {
    /// It never shows it: it is set forward.
    JumpsOver,
    /// It shows it twice: it is set back.
    ShowsTwice,
}

/// A time of a schedule that the clock does not show just once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unusual {
    /// The day, and the time of day that the schedule says.
    pub meant: DateTime,
    /// What the clock does to it.
    pub does: Does,
    /// When it occurs all the same, by the rule of [`Occurrences`].
    pub occurs: Timestamp,
}

impl Changes {
    /// The settings from `start` on and before `end`.
    pub fn of(zone: &TimeZone, start: Timestamp, end: Timestamp) -> Self {
        let mut found = Vec::new();
        let mut at = Some(start.as_second());
        while let Some(stretch) = at.and_then(|at| Stretch::around(zone, at)) {
            if let Some(set) = stretch.start.filter(|set| *set >= start.as_second()) {
                found.extend(Change::at(set, &stretch));
            }
            at = stretch.end.filter(|set| *set < end.as_second());
        }
        Self(found)
    }

    /// The first time of a schedule of that zone which the clock jumps over or shows twice.
    pub fn first(&self, occurrences: &Occurrences) -> Option<Unusual> {
        let Timing::Clock(pattern) = occurrences.timing() else { return None };
        self.0.iter().find_map(|change| {
            let second = pattern.at_or_after(change.local.start).filter(|second| change.local.contains(second))?;
            let meant = Offset::UTC.to_datetime(Timestamp::from_second(second).ok()?);
            let occurs = Timestamp::from_second(second - change.offset_before).ok()?;
            Some(Unusual { meant, does: change.does, occurs })
        })
    }

    /// The time of day nearest to `at`, so many whole hours earlier or later on the same day, that the clock always shows just once.
    pub fn undisturbed_near(&self, at: TimeOfDay) -> Option<TimeOfDay> {
        let moved =
            |hours: i8| (0..24).contains(&(at.hour + hours)).then_some(TimeOfDay { hour: at.hour + hours, ..at });
        let near = (0..24).flat_map(|hours| [hours, -hours]).filter_map(moved);
        near.into_iter().find(|at| !self.0.iter().any(|change| change.touches(*at)))
    }
}

impl Change {
    fn at(set: i64, stretch: &Stretch) -> Option<Self> {
        let (before, after) = (set + stretch.offset_before, set + stretch.offset);
        let does = if after > before { Does::JumpsOver } else { Does::ShowsTwice };
        let local = before.min(after)..before.max(after);
        (!local.is_empty()).then_some(Self { local, does, offset_before: stretch.offset_before })
    }

    /// Whether that time of any day is among its seconds.
    fn touches(&self, at: TimeOfDay) -> bool {
        let second = i64::from(at.hour) * 3600 + i64::from(at.minute) * 60;
        let first = self.local.start + (second - self.local.start).rem_euclid(DAY_SECONDS);
        self.local.contains(&first)
    }
}
