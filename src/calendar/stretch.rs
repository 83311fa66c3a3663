//! The stretches of time in which a zone's clock runs evenly. Unaware of schedules.

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

impl Stretch {
    /// The stretch that a second lies in; `None` outside the time that can be told.
    pub(super) fn around(zone: &TimeZone, second: i64) -> Option<Self> {
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
