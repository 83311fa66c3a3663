//! When each point of a job is let go, where that needs no others: by its age, and by how many are made after it.
//!
//! It says what [`super::walk`] would find by going through all runs until the point is gone, and holds no points meanwhile. A test holds both
//! against the decision of each run.

use std::iter::Peekable;

use jiff::{SignedDuration, Timestamp};

use super::Making;
use super::points::{Points, THERE_MAX};
use super::walk::{first_run, start};
use crate::calendar::{After, Expiries, Occurrences};

/// The runs of a job, each with the slot of the run that lets its point go.
pub(super) struct Ends<'a> {
    runs: Peekable<After<'a>>,
    /// Gives the run so many after the one that is asked about, as many as are kept.
    counted: Option<After<'a>>,
    young: Option<(Expiries, Cursor<'a>)>,
}

impl<'a> Ends<'a> {
    /// The runs whose points may be there at a time, and all after them. None where a point's end needs others: where one is kept of each hour, day …, where a
    /// run does not make just one point, or where nothing is let go.
    pub(super) fn reaching(points: &'a Points, time: Timestamp) -> Option<Self> {
        let kept = points.rules.generations.map_or(0, |kept| kept.get() as usize);
        let is_plain = points.rules.thinned.is_empty() && points.making == Making::EachRun && !points.rules.is_empty();
        if !is_plain || kept > THERE_MAX {
            return None;
        }
        let before = first_run(points, start(points, time));
        let mut counted = (kept > 0).then(|| points.times.after(before));
        if let Some(counted) = &mut counted {
            counted.by_ref().take(kept).for_each(drop);
        }
        let young =
            points.rules.within.map(|period| (Expiries::new(period, points.zone.clone()), Cursor::new(&points.times)));
        Some(Self { runs: points.times.after(before).peekable(), counted, young })
    }
}

impl Iterator for Ends<'_> {
    /// The slot of a run, and of the one that lets its point go; the end of time where none does.
    type Item = (i64, i64);

    fn next(&mut self) -> Option<(i64, i64)> {
        let slot = self.runs.next()?.as_second();
        let or_never = |run: Option<Timestamp>| run.map_or(i64::MAX, Timestamp::as_second);
        // The newest is always kept.
        let newer = or_never(self.runs.peek().copied());
        let counted = self.counted.as_mut().map_or(i64::MIN, |counted| or_never(counted.next()));
        let old = self.young.as_mut().map_or(i64::MIN, |(expiries, runs)| runs.at_or_after(expiries.of_second(slot)));
        Some((slot, newer.max(counted).max(old)))
    }
}

/// The first run at or after one time after the other.
struct Cursor<'a> {
    times: &'a Occurrences,
    runs: Option<After<'a>>,
    before: i64,
    /// The run found last; the end of time where there was none.
    found: i64,
}

impl<'a> Cursor<'a> {
    fn new(times: &'a Occurrences) -> Self {
        Self { times, runs: None, before: i64::MAX, found: i64::MAX }
    }

    fn at_or_after(&mut self, second: i64) -> i64 {
        // Where a clock is set, an older point may outlive a younger one.
        if second <= self.before || self.runs.is_none() {
            let Ok(time) = Timestamp::from_second(second) else { return i64::MAX };
            self.runs = time.checked_sub(SignedDuration::from_nanos(1)).ok().map(|before| self.times.after(before));
            self.before = second - 1;
            self.found = self.next();
        }
        while self.found < second {
            self.before = self.found;
            self.found = self.next();
        }
        self.found
    }

    fn next(&mut self) -> i64 {
        self.runs.as_mut().and_then(Iterator::next).map_or(i64::MAX, Timestamp::as_second)
    }
}
