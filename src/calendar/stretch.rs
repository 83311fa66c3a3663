//! The stretches of time in which a zone's clock runs evenly. Unaware of schedules.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A stretch between two settings of a zone's clock. Times are whole seconds since the epoch; a *local* second is one
/// plus the offset, the same for every zone whose clock shows the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    /// Its first second; `None` where the clock was never set before.
    pub(super) start: Option<i64>,
    /// The first second after it; `None` where the clock is never set again.
    pub(super) end: Option<i64>,
    /// What the clock is ahead of UTC, in seconds.
    pub(super) offset: i64,
    /// What it was ahead before this stretch; the same as `offset` where there is no before.
    pub(super) offset_before: i64,
}

/// The stretches of a zone that were looked up so far, by their first second; the beginning of time where there is none.
type Known = BTreeMap<i64, Stretch>;

thread_local! {
    /// To look one up takes a hundred times as long as to find it again, and a plan has few zones with two stretches a year.
    static KNOWN: RefCell<HashMap<String, Known>> = RefCell::default();
}

impl Stretch {
    /// The stretch that a second lies in; `None` outside the time that can be told.
    pub(super) fn around(zone: &TimeZone, second: i64) -> Option<Self> {
        // Others have no name to be known by.
        let Some(name) = zone.iana_name() else { return Self::looked_up(zone, second) };
        KNOWN.with_borrow_mut(|zones| {
            if !zones.contains_key(name) {
                zones.insert(name.to_owned(), Known::default());
            }
            let known = zones.get_mut(name)?;
            let before = known.range(..=second).next_back().map(|(_, stretch)| *stretch);
            before.filter(|stretch| stretch.holds(second)).or_else(|| {
                let found = Self::looked_up(zone, second)?;
                known.insert(found.start.unwrap_or(i64::MIN), found);
                Some(found)
            })
        })
    }

    fn looked_up(zone: &TimeZone, second: i64) -> Option<Self> {
        let time = Timestamp::from_second(second).ok()?;
        let offset = offset_at(zone, time);
        // `preceding` is strict, so that a clock set at this very second is only seen from the next.
        let from = Timestamp::from_second(second.checked_add(1)?).unwrap_or(time);
        let start = zone.preceding(from).next().map(|set| set.timestamp().as_second());
        let end = zone.following(time).next().map(|set| set.timestamp().as_second());
        let before = start.and_then(|start| Timestamp::from_second(start - 1).ok());
        Some(Self {
            start: start.filter(|_| before.is_some()),
            end,
            offset,
            offset_before: before.map_or(offset, |before| offset_at(zone, before)),
        })
    }

    /// Whether a second lies in it.
    pub(super) fn holds(&self, second: i64) -> bool {
        self.start.is_none_or(|start| start <= second) && self.end.is_none_or(|end| second < end)
    }

    /// The seconds at its beginning for which the clock shows what it has shown already: it was set back.
    pub(super) fn repeated(&self) -> Option<std::ops::Range<i64>> {
        let length = self.offset_before - self.offset;
        self.start.filter(|_| length > 0).map(|start| start..start + length)
    }

    /// The seconds at its beginning in which what the clock jumped over is made up for: it was set forward.
    pub(super) fn made_up(&self) -> Option<std::ops::Range<i64>> {
        let length = self.offset - self.offset_before;
        self.start.filter(|_| length > 0).map(|start| start..start + length)
    }
}

fn offset_at(zone: &TimeZone, time: Timestamp) -> i64 {
    i64::from(zone.to_offset(time).seconds())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::calendar::zone;

    proptest! {
        #[test]
        fn one_that_is_found_again_is_what_is_looked_up(
            names in prop::sample::subsequence(
                vec!["UTC", "Asia/Tokyo", "Europe/Berlin", "Africa/Casablanca", "Australia/Lord_Howe", "Pacific/Apia"], 1..4),
            seconds in prop::collection::vec(-8_000_000_000_i64..8_000_000_000, 1..200),
        ) {
            for second in seconds {
                for name in &names {
                    let zone = zone(name).unwrap();
                    prop_assert_eq!(Stretch::around(&zone, second), Stretch::looked_up(&zone, second));
                }
            }
        }
    }
}
