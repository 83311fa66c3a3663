//! The longest and the shortest gap between consecutive occurrences in a window of time.

use jiff::Timestamp;

use super::occurrences::{After, Occurrences, Timing};
use super::pattern::{DAY_SECONDS, Pattern};
use super::stretch::Stretch;

/// Two consecutive occurrences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema)]
pub struct Gap {
    /// The earlier.
    pub from: Timestamp,
    /// The later.
    pub to: Timestamp,
}

impl Gap {
    /// What lies between them, in seconds.
    pub fn seconds(&self) -> u64 {
        u64::try_from(self.to.as_second() - self.from.as_second()).unwrap_or(0)
    }
}

/// The extremes of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gaps {
    /// The first of the longest.
    pub longest: Gap,
    /// The first of the shortest.
    pub shortest: Gap,
}

impl Gaps {
    fn with(found: Option<Self>, gap: Gap) -> Self {
        let Some(Self { longest, shortest }) = found else {
            return Self { longest: gap, shortest: gap };
        };
        Self {
            longest: if gap.seconds() > longest.seconds() { gap } else { longest },
            shortest: if gap.seconds() < shortest.seconds() { gap } else { shortest },
        }
    }
}

impl Occurrences {
    /// The extremes among the occurrences from `start` on and before `end`; `None` where there are fewer than two.
    ///
    /// Exact, and quick for the densest schedule: a day that lies wholly between two settings of the clock is like any other,
    /// so that only its first occurrence and its last are visited; and where days come round evenly, only the first two and the last.
    pub fn gaps(&self, start: Timestamp, end: Timestamp) -> Option<Gaps> {
        let before = start.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(start);
        let mut times = self.after(before);
        match self.timing() {
            // They are all alike.
            Timing::Every(_) => {
                let (from, to) = (times.next()?, times.next()?);
                (to < end).then(|| Gaps::with(None, Gap { from, to }))
            }
            Timing::Clock(pattern) => scan(pattern, &mut times, end.as_second()),
        }
    }
}

fn scan(pattern: &Pattern, times: &mut After<'_>, end: i64) -> Option<Gaps> {
    let within = extremes_within(pattern);
    let mut found = None;
    let mut last: Option<Timestamp> = None;
    let mut even_before: Option<(Option<i64>, i64)> = None;
    while let Some(to) = times.next().filter(|to| to.as_second() < end) {
        if let Some(from) = last {
            found = Some(Gaps::with(found, Gap { from, to }));
        }
        last = Some(to);
        let Some((stretch, mut midnight)) = even_day(pattern, times, to.as_second(), end) else {
            continue;
        };
        for (from, to) in within.into_iter().flat_map(|(longest, shortest)| [longest, shortest]) {
            if let Some(gap) = gap(midnight + from, midnight + to) {
                found = Some(Gaps::with(found, gap));
            }
        }
        // Two even days one after the other: those that follow in the stretch are like them.
        if let Some(period) = pattern.days.period().map(|days| days * DAY_SECONDS)
            && even_before == Some((stretch.start, midnight - period))
        {
            let even_until = stretch.end.map_or(end, |set| set.min(end)) - DAY_SECONDS;
            midnight += (even_until - midnight).div_euclid(period) * period;
        }
        even_before = Some((stretch.start, midnight));
        // The day's last occurrence was seen with it.
        let second = midnight + pattern.times.last().copied().unwrap_or(0);
        times.jump(second);
        last = Timestamp::from_second(second).ok();
    }
    found
}

fn gap(from: i64, to: i64) -> Option<Gap> {
    Some(Gap { from: Timestamp::from_second(from).ok()?, to: Timestamp::from_second(to).ok()? })
}

/// The stretch and the midnight (as a second since the epoch) of the day of `second`, where that is the day's first occurrence
/// and the whole day lies in an even stretch and in the window.
fn even_day(pattern: &Pattern, times: &After<'_>, second: i64, end: i64) -> Option<(Stretch, i64)> {
    let stretch = *times.stretch()?;
    let time = (second + stretch.offset).rem_euclid(DAY_SECONDS);
    let midnight = second - time;
    let uneven = stretch.repeated().or(stretch.made_up()).map_or(stretch.start, |range| Some(range.end));
    let even = uneven.is_none_or(|uneven| uneven <= midnight)
        && stretch.end.is_none_or(|set| midnight + DAY_SECONDS <= set)
        && midnight + DAY_SECONDS <= end;
    (even && pattern.times.first() == Some(&time)).then_some((stretch, midnight))
}

/// A pair of times of one day.
type Pair = (i64, i64);

/// The longest and the shortest gap within a day.
fn extremes_within(pattern: &Pattern) -> Option<(Pair, Pair)> {
    let pairs = || pattern.times.iter().copied().zip(pattern.times.iter().copied().skip(1));
    let length = |(from, to): &Pair| to - from;
    // `max_by_key` takes the last of equals, and a reader expects the first.
    let longest = pairs().rev().max_by_key(length)?;
    let shortest = pairs().min_by_key(length)?;
    Some((longest, shortest))
}
