//! The occurrences of a schedule in time.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::pattern::{DAY_SECONDS, Days, Pattern};
use super::stretch::Stretch;
use super::{cron, zone};
use crate::plan::{Rhythm, Schedule};
use crate::primitives::Malformed;

/// A schedule made ready to be asked when it comes round.
///
/// One rule holds for every schedule with times of day, cron's too. *Where the clock is set forward*, a time that it jumps over
/// is moved on by the length of the jump: with a jump from 02:00 to 03:00, 02:30 occurs at 03:30. *Where it is set
/// back*, a time that it shows twice occurs the first time only. Two times that come to the same instant are one occurrence. So
/// a day has its occurrence, and only one, however its clock is set. `every` knows no clock: it counts from the epoch.
#[derive(Debug, Clone)]
pub struct Occurrences {
    timing: Timing,
    zone: TimeZone,
}

#[derive(Debug, Clone)]
pub(super) enum Timing {
    /// Multiples of so many seconds since the epoch.
    Every(i64),
    /// By the clock on the wall.
    Clock(Pattern),
}

impl Occurrences {
    /// The occurrences of a schedule.
    ///
    /// # Errors
    /// When its zone or cron expression is not one, or its period is less than a second.
    pub fn of(schedule: &Schedule) -> Result<Self, Malformed> {
        let name = &schedule.timezone.value;
        let zone = zone(name).ok_or_else(|| {
            Malformed::new(format!("`{name}` is not a time zone"), "write an IANA name, as in \"Asia/Tokyo\"")
        })?;
        let timing = match &schedule.rhythm {
            Rhythm::Daily { at } => Timing::Clock(Pattern::once(Days::Every, *at)),
            Rhythm::Weekly { weekday, at } => Timing::Clock(Pattern::once(Days::Weekday(*weekday), *at)),
            Rhythm::Monthly { day, at } => Timing::Clock(Pattern::once(Days::OfMonth(*day), *at)),
            Rhythm::Yearly { month, day, at } => Timing::Clock(Pattern::once(Days::OfYear(*month, *day), *at)),
            Rhythm::Cron { expression } => Timing::Clock(cron::parse(expression)?),
            Rhythm::Every { period } => match i64::try_from(period.seconds) {
                Ok(seconds @ 1..) => Timing::Every(seconds),
                _ => return Err(Malformed::new("a schedule comes round too often", "write at least every=\"1m\"")),
            },
        };
        Ok(Self { timing, zone })
    }

    /// The zone of its times of day.
    pub fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// Every occurrence strictly after a time, in order.
    pub fn after(&self, time: Timestamp) -> After<'_> {
        After { occurrences: self, last: Some(floor(time)), stretch: None, even: None }
    }

    /// The last occurrence that is not after a time.
    pub fn last_at_or_before(&self, time: Timestamp) -> Option<Timestamp> {
        let second = floor(time);
        let found = match &self.timing {
            Timing::Every(period) => second.div_euclid(*period).checked_mul(*period),
            Timing::Clock(pattern) => last_by_clock(pattern, &self.zone, second),
        };
        found.and_then(|second| Timestamp::from_second(second).ok())
    }

    pub(super) fn timing(&self) -> &Timing {
        &self.timing
    }

    /// The first second after `second` at which it occurs; `stretch` remembers where in time the last one was.
    fn next_second(&self, second: i64, stretch: &mut Option<Stretch>) -> Option<i64> {
        match &self.timing {
            Timing::Every(period) => second.div_euclid(*period).checked_add(1)?.checked_mul(*period),
            Timing::Clock(pattern) => next_by_clock(pattern, &self.zone, second.checked_add(1)?, stretch),
        }
    }
}

/// The occurrences after a time: what [`Occurrences::after`] gives.
#[derive(Debug, Clone)]
pub struct After<'a> {
    occurrences: &'a Occurrences,
    last: Option<i64>,
    stretch: Option<Stretch>,
    /// How many seconds lie between two, from the last on and before which second.
    even: Option<(i64, i64)>,
}

impl After<'_> {
    /// The stretch of the occurrence given last.
    pub(super) fn stretch(&self) -> Option<&Stretch> {
        self.stretch.as_ref()
    }

    /// Goes on after that second instead.
    pub fn jump(&mut self, second: i64) {
        (self.last, self.even) = (Some(second), None);
    }

    /// Where a clock shows one time every so many days, they come evenly until it is set.
    fn evenly(&self, from: i64) -> Option<(i64, i64)> {
        let Timing::Clock(pattern) = &self.occurrences.timing else { return None };
        let stretch = self.stretch?;
        let is_unset = [stretch.repeated(), stretch.made_up()].into_iter().flatten().all(|odd| odd.end <= from);
        let step = pattern.days.period().filter(|_| pattern.times.len() == 1 && is_unset)? * DAY_SECONDS;
        Some((step, stretch.end.unwrap_or(Timestamp::MAX.as_second())))
    }
}

impl Iterator for After<'_> {
    type Item = Timestamp;

    fn next(&mut self) -> Option<Timestamp> {
        let last = self.last?;
        if let Some((step, end)) = self.even
            && last + step < end
        {
            self.last = Some(last + step);
            return Timestamp::from_second(last + step).ok();
        }
        let second = self.occurrences.next_second(last, &mut self.stretch);
        let time = second.and_then(|second| Timestamp::from_second(second).ok());
        self.last = time.and(second);
        self.even = self.last.and_then(|last| self.evenly(last));
        time
    }
}

/// The whole second at or before a time.
fn floor(time: Timestamp) -> i64 {
    // `as_second` drops the fraction, which before 1970 is upwards.
    if time.subsec_nanosecond() < 0 { time.as_second() - 1 } else { time.as_second() }
}

fn next_by_clock(pattern: &Pattern, zone: &TimeZone, from: i64, known: &mut Option<Stretch>) -> Option<i64> {
    let mut from = from.max(Timestamp::MIN.as_second());
    loop {
        let stretch = match known {
            Some(stretch) if stretch.holds(from) => *stretch,
            _ => *known.insert(Stretch::around(zone, from)?),
        };
        // Not before what the clock repeats is over.
        let quiet = stretch.repeated().map_or(from, |repeated| from.max(repeated.end));
        let shown = pattern.at_or_after(quiet + stretch.offset)? - stretch.offset;
        // What the clock jumped over rings by the clock as it was, for as long as the jump.
        let missed = stretch.made_up().filter(|made_up| made_up.contains(&from)).and_then(|made_up| {
            let second = pattern.at_or_after(from + stretch.offset_before)? - stretch.offset_before;
            Some(second).filter(|second| made_up.contains(second))
        });
        let first = missed.map_or(shown, |missed| missed.min(shown));
        match stretch.end {
            Some(end) if first >= end => from = end,
            _ => return Some(first),
        }
    }
}

fn last_by_clock(pattern: &Pattern, zone: &TimeZone, until: i64) -> Option<i64> {
    let mut until = until;
    loop {
        let stretch = Stretch::around(zone, until)?;
        let quiet = stretch.repeated().map_or(stretch.start, |repeated| Some(repeated.end));
        let shown = pattern
            .at_or_before(until + stretch.offset)
            .map(|second| second - stretch.offset)
            .filter(|second| quiet.is_none_or(|quiet| quiet <= *second));
        let missed = stretch.made_up().and_then(|made_up| {
            let within = until.min(made_up.end - 1);
            let second = pattern.at_or_before(within + stretch.offset_before)? - stretch.offset_before;
            Some(second).filter(|second| made_up.contains(second))
        });
        match (shown.max(missed), stretch.start) {
            (Some(last), _) => return Some(last),
            (None, Some(start)) => until = start - 1,
            (None, None) => return None,
        }
    }
}
