//! The points of one job through time.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Making;
use super::ends::Ends;
use super::keeping::{Held, NOBODYS};
use super::walk::Walk;
use crate::calendar::Occurrences;
use crate::primitives::Duration;
use crate::retention::Rules;

/// So many points of one job are counted: beyond that nobody reads of them one by one, and they would not fit into memory.
pub const THERE_MAX: usize = 4_000_000;

/// So far back it is looked for points that are still there, and so far ahead for the end of one: a hundred years.
pub(super) const REACH: SignedDuration = SignedDuration::from_hours(100 * 366 * 24);

/// What the points of a job in one store follow from.
#[derive(Debug, Clone)]
pub struct Points {
    /// When its runs begin.
    pub times: Occurrences,
    /// What each of them makes.
    pub making: Making,
    /// How long each takes; nothing where the plan does not say.
    pub takes: Duration,
    /// How long points are kept.
    pub rules: Rules,
    /// The plan's zone, by which days and months are counted.
    pub zone: TimeZone,
    /// When the first run may begin; none where they always ran.
    pub since: Option<Timestamp>,
}

/// More points are there than are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there are more than {THERE_MAX} points")]
pub struct TooMany;

/// A recovery point from its run to its end, as if every run began at its slot, took exactly its `takes` and succeeded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Life {
    slot: i64,
    moment: i64,
    /// How many were made before it, since the first that was looked at.
    number: u32,
    /// A hundred years at most.
    takes: u32,
    /// The slot of the run that lets it go; the end of time where none does.
    end: i64,
}

impl Life {
    fn of(held: &Held, takes: u32, end: i64) -> Self {
        let Held { slot, moment, number, .. } = *held;
        Self { slot, moment, number, takes, end }
    }

    /// Whether it is the next that was made after another.
    pub fn follows(&self, other: &Self) -> bool {
        self.number == other.number.wrapping_add(1)
    }

    /// Whether it is there when the next one comes.
    pub fn is_there_with(&self, next: &Self) -> bool {
        next.committed_second() <= self.let_go_second()
    }

    /// How many seconds its data is younger than another's.
    pub fn apart(&self, other: &Self) -> i64 {
        self.moment - other.moment
    }

    /// Of several, the one that is let go first.
    pub fn soonest_gone(of: &[Self]) -> Option<&Self> {
        of.iter().min_by_key(|life| life.end)
    }

    /// Of several, the one that is let go last.
    pub fn last_gone(of: &[Self]) -> Option<&Self> {
        of.iter().max_by_key(|life| life.end)
    }

    /// When its run began.
    pub fn slot(&self) -> Timestamp {
        time(self.slot)
    }

    /// Of when its data is.
    pub fn moment(&self) -> Timestamp {
        time(self.moment)
    }

    /// When it is there.
    pub fn committed(&self) -> Timestamp {
        time(self.committed_second())
    }

    /// When it is let go: the end of the first run that no rule keeps it at. None where it is kept for more than a hundred years.
    pub fn let_go(&self) -> Option<Timestamp> {
        (self.end != i64::MAX).then(|| time(self.let_go_second()))
    }

    /// Whether it is there at a time.
    pub fn is_there(&self, at: Timestamp) -> bool {
        self.is_there_at(whole(at))
    }

    fn is_there_at(&self, second: i64) -> bool {
        self.committed_second() <= second && second < self.let_go_second()
    }

    /// Whether it comes to be there after one time, and up to another.
    pub fn is_made(&self, after: Timestamp, until: Timestamp) -> bool {
        (whole(after) + 1..=whole(until)).contains(&self.committed_second())
    }

    /// Whether it is let go up to a time.
    pub fn is_let_go(&self, until: Timestamp) -> bool {
        self.let_go_second() <= whole(until)
    }

    fn committed_second(&self) -> i64 {
        self.slot + i64::from(self.takes)
    }

    /// The end of time where it is never let go.
    fn let_go_second(&self) -> i64 {
        self.end.saturating_add(i64::from(self.takes))
    }

    /// How long what it holds can be recovered: from the moment of its data until it is let go. None where it is kept for more than a hundred years.
    pub fn length(&self) -> Option<Duration> {
        self.let_go().map(|_| Duration::from_seconds(u64::try_from(self.length_seconds()).unwrap_or(0)))
    }

    fn length_seconds(&self) -> i64 {
        self.let_go_second().saturating_sub(self.moment)
    }
}

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}

/// The whole second at or before a time.
fn whole(time: Timestamp) -> i64 {
    // `as_second` drops the fraction, which before 1970 is upwards.
    time.as_second() - i64::from(time.subsec_nanosecond() < 0)
}

impl Points {
    /// Every point that is there at some time from `from` to `to`, both among them, oldest first.
    ///
    /// Of points that no rule ever lets go, and that were always made, those of before `from` are left out, but for the newest: there is no end of
    /// them.
    ///
    /// # Errors
    /// When there are more than [`THERE_MAX`].
    pub fn between(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Life>, TooMany> {
        let mut all = match Ends::reaching(self, from) {
            Some(ends) => self.known(ends, from, to)?,
            None => self.walked(from, to)?,
        };
        let (first, last) = (whole(from), whole(to));
        all.retain(|life| life.committed_second() <= last && first < life.let_go_second());
        if self.rules.is_empty() && self.since.is_none() {
            let before = all.iter().take_while(|life| life.committed_second() <= first).count();
            all.drain(..before.saturating_sub(1));
        }
        Ok(all)
    }

    /// The moments of all points that are there at a time, oldest first: those of [`Points::between`], without looking for their ends.
    ///
    /// # Errors
    /// When there are more than [`THERE_MAX`].
    pub fn there(&self, at: Timestamp) -> Result<Vec<Timestamp>, TooMany> {
        if let Some(ends) = Ends::reaching(self, at) {
            return Ok(self.known(ends, at, at)?.iter().filter(|life| life.is_there(at)).map(Life::moment).collect());
        }
        let mut there = vec![];
        self.walk_until(at)?.tag_there(|held| {
            there.push(time(held.moment));
            NOBODYS
        });
        if self.rules.is_empty() && self.since.is_none() {
            there.drain(..there.len().saturating_sub(1));
        }
        Ok(there)
    }

    /// The first of them.
    ///
    /// # Errors
    /// As [`Points::there`].
    pub fn oldest(&self, at: Timestamp) -> Result<Option<Timestamp>, TooMany> {
        let Some(ends) = Ends::reaching(self, at) else { return Ok(self.there(at)?.first().copied()) };
        let is_there = |(slot, end): &(i64, i64)| {
            Life { slot: *slot, moment: *slot, number: 0, takes: takes(self), end: *end }.is_there(at)
        };
        let mut until = ends.take_while(|(slot, _)| *slot <= whole(at));
        Ok(until.find(is_there).map(|(slot, _)| time(slot)))
    }

    /// The walk as it is once all runs are over that are by a time.
    fn walk_until(&self, at: Timestamp) -> Result<Walk<'_>, TooMany> {
        let mut walk = Walk::reaching(self, at);
        let begins = whole(at) - i64::from(takes(self));
        while walk.peek().is_some_and(|slot| slot.as_second() <= begins) {
            walk.step()?;
            walk.take_gone(|_| {});
        }
        Ok(walk)
    }

    /// The same, and others, where the end of each is known without the others.
    fn known(&self, ends: Ends<'_>, from: Timestamp, to: Timestamp) -> Result<Vec<Life>, TooMany> {
        let (takes, first, last) = (takes(self), whole(from), whole(to));
        let horizon = last.saturating_add(REACH.as_secs());
        let mut all = vec![];
        for (number, (slot, end)) in (0_u32..).zip(ends.take_while(|(slot, _)| *slot <= last)) {
            let end = if end <= horizon { end } else { i64::MAX };
            let life = Life { slot, moment: slot, number, takes, end };
            if first < life.let_go_second() {
                all.push(life);
            }
            if all.len() > THERE_MAX {
                return Err(TooMany);
            }
        }
        Ok(all)
    }

    /// The same, and others, by going through all runs until each is gone.
    fn walked(&self, from: Timestamp, to: Timestamp) -> Result<Vec<Life>, TooMany> {
        let mut lives = Lives::new(self);
        let mut walk = self.walk_until(from)?;
        walk.tag_there(|held| lives.begin(held));
        while walk.peek().is_some_and(|slot| slot <= to) {
            let Some(slot) = walk.step()? else { break };
            walk.tag_born(|held| lives.begin(held));
            walk.take_gone(|held| lives.end(&held, slot));
            if lives.all.len() > THERE_MAX {
                return Err(TooMany);
            }
        }
        let horizon = to.checked_add(REACH).unwrap_or(Timestamp::MAX);
        while lives.open > 0 && !self.rules.is_empty() && walk.peek().is_some_and(|slot| slot <= horizon) {
            let Some(slot) = walk.step()? else { break };
            walk.take_gone(|held| lives.end(&held, slot));
        }
        Ok(lives.all)
    }
}

/// The lives of the points that somebody asked for.
struct Lives {
    all: Vec<Life>,
    takes: u32,
    /// Of how many the end is not known yet.
    open: usize,
}

impl Lives {
    fn new(points: &Points) -> Self {
        Self { all: vec![], takes: takes(points), open: 0 }
    }

    fn begin(&mut self, held: &Held) -> u32 {
        self.open += 1;
        self.all.push(Life::of(held, self.takes, i64::MAX));
        u32::try_from(self.all.len() - 1).unwrap_or(NOBODYS)
    }

    fn end(&mut self, held: &Held, slot: Timestamp) {
        if let Some(life) = self.all.get_mut(held.tag as usize) {
            life.end = slot.as_second();
            self.open -= 1;
        }
    }
}

fn takes(points: &Points) -> u32 {
    u32::try_from(points.takes.seconds).unwrap_or(u32::MAX)
}
