//! What schedules come to over the whole window, by what they say: many blocks have the same one, and looking through 28 years takes a
//! thousand times what all else does.

use std::collections::HashMap;
use std::rc::Rc;

use jiff::Timestamp;

use super::lives::{self, Point};
use super::promise::Window;
use super::reach;
use crate::calendar::{self, Gap, Gaps, Occurrences, Together};
use crate::plan::{Rhythm, Schedule};
use crate::primitives::{Malformed, Period, PeriodUnit};
use crate::retention::Rules;
use crate::timeline::{Making, Points, TooMany};

/// 2025-01-01 to 2053-01-01. Weekdays, leap years and the rules by which clocks are set come round within 28 years.
pub const WINDOW: Window =
    Window { start: Timestamp::constant(1_735_689_600, 0), end: Timestamp::constant(2_619_302_400, 0) };

/// One of the schedules seen so far: those that say the same are one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RhythmId(usize);

/// The points of a job, oldest first, unless there are too many.
type Lives = Result<Rc<[Point]>, TooMany>;

/// The schedules seen so far, and what was looked for in them.
#[derive(Default)]
pub(super) struct Rhythms {
    ids: HashMap<(Rhythm, String), RhythmId>,
    times: Vec<Occurrences>,
    gaps: HashMap<RhythmId, Option<Gaps>>,
    unset: HashMap<(RhythmId, u64), Option<Gap>>,
    together: HashMap<(RhythmId, Vec<RhythmId>), Rc<[Together]>>,
    lives: HashMap<(RhythmId, Making, Rules), Lives>,
    /// How many points were looked at so far.
    points: usize,
    spans: HashMap<(RhythmId, usize), Option<Gap>>,
    needed: HashMap<Chained, Option<u16>>,
}

/// A dump and its logs: their schedules, the rules that keep them, and what they must bring back.
pub(super) type Chained = (RhythmId, RhythmId, Rules, Rules, Period);

/// For so many different dumps and logs it is looked for how long they must be kept.
const NEEDED_MAX: usize = 16;

/// So many points of all jobs together are looked at one by one.
const POINTS_MAX: usize = 20_000_000;

impl Rhythms {
    /// The rhythm of a schedule.
    ///
    /// # Errors
    /// When its zone or cron expression is not one, which `check` lets pass nowhere.
    pub(super) fn of(&mut self, schedule: &Schedule) -> Result<RhythmId, Malformed> {
        let key = (schedule.rhythm.clone(), schedule.timezone.value.clone());
        if let Some(known) = self.ids.get(&key) {
            return Ok(*known);
        }
        let id = RhythmId(self.times.len());
        self.times.push(Occurrences::of(schedule)?);
        self.ids.insert(key, id);
        Ok(id)
    }

    /// When it occurs.
    pub(super) fn times(&self, of: RhythmId) -> &Occurrences {
        &self.times[of.0]
    }

    /// The longest and the shortest gap of the window; none where it comes round less than twice in it.
    pub(super) fn gaps(&mut self, of: RhythmId) -> Option<Gaps> {
        let times = &self.times[of.0];
        *self.gaps.entry(of).or_insert_with(|| times.gaps(WINDOW.start, WINDOW.end))
    }

    /// The first gap of the window that is longer than so many seconds though the clock is not set in it.
    pub(super) fn unset_beyond(&mut self, of: RhythmId, seconds: u64) -> Option<Gap> {
        let times = &self.times[of.0];
        *self.unset.entry((of, seconds)).or_insert_with(|| {
            let mut after = times.after(WINDOW.start - jiff::SignedDuration::from_nanos(1));
            let mut from = after.next();
            let mut gaps =
                after.take_while(|to| *to < WINDOW.end).filter_map(|to| Some(Gap { from: from.replace(to)?, to }));
            let is_unset = |gap: &Gap| calendar::set_between(gap.from, gap.to, times.zone()).is_empty();
            gaps.find(|gap| gap.seconds() > seconds && is_unset(gap))
        })
    }

    /// The points of a job of this schedule over the window. All jobs are of one plan, whose zone counts their days.
    ///
    /// # Errors
    /// When too many are there at once.
    pub(super) fn lives(&mut self, of: RhythmId, points: &Points) -> Lives {
        let key = (of, points.making, points.rules.clone());
        if let Some(known) = self.lives.get(&key) {
            return known.clone();
        }
        let found = if self.points > POINTS_MAX { Err(TooMany) } else { lives::of_window(points).map(Rc::from) };
        self.points += found.as_ref().map_or(0, |found: &Rc<[Point]>| found.len());
        self.lives.insert(key, found.clone());
        found
    }

    /// For how many days a dump and its logs must be kept, as `look` finds it with rhythms of its own; none where very many were looked for.
    pub(super) fn needed(&mut self, of: Chained, look: impl FnOnce(&mut Self) -> Option<u16>) -> Option<Period> {
        if !self.needed.contains_key(&of) && self.needed.len() >= NEEDED_MAX {
            return None;
        }
        let found = *self.needed.entry(of).or_insert_with(|| look(&mut Self::default()));
        found.map(|count| Period { count, unit: PeriodUnit::Days })
    }

    /// The shortest span of so many neighbouring gaps.
    pub(super) fn spans(&mut self, of: RhythmId, gaps: usize) -> Option<Gap> {
        let times = &self.times[of.0];
        *self.spans.entry((of, gaps)).or_insert_with(|| reach::shortest(times, gaps))
    }

    /// Where it falls on others in the window.
    pub(super) fn together(&mut self, of: RhythmId, others: &[RhythmId]) -> Rc<[Together]> {
        let all = &self.times;
        let look = || {
            let others: Vec<Occurrences> = others.iter().map(|other| all[other.0].clone()).collect();
            all[of.0].together(&others, WINDOW.start, WINDOW.end).into()
        };
        Rc::clone(self.together.entry((of, others.to_vec())).or_insert_with(look))
    }
}
