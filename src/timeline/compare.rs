//! Two timelines of the same time held against each other: what a change of a plan means for what can be recovered.

use jiff::Timestamp;
use serde::Serialize;

use super::overview::{AnyMoment, JobTimeline, Keeps, Recoverable, Timeline};
use super::{Life, Place};
use crate::primitives::JobName;

/// What differs between two timelines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Comparison {
    /// From when.
    pub from: Timestamp,
    /// To when.
    pub to: Timestamp,
    /// The zone in which times are shown: the newer plan's.
    pub timezone: String,
    /// Jobs and their stores that the older has alone, in its order.
    pub only_old: Vec<JobPlace>,
    /// Jobs and their stores that the newer has alone, in its order.
    pub only_new: Vec<JobPlace>,
    /// Those of both for which something differs, in the newer's order.
    pub changed: Vec<Changed>,
    /// How many are the same in both.
    pub same: u64,
}

/// A job in one of the places where it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct JobPlace {
    /// The job.
    pub job: JobName,
    /// Where it is kept.
    pub place: Place,
}

/// What differs for one job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Changed {
    /// Which.
    #[serde(flatten)]
    pub of: JobPlace,
    /// Whether what is told is what dumps and binary logs recover together.
    pub any_moment: bool,
    /// Points that only the older has at the end of the time.
    pub lost: Option<Lot>,
    /// Points that only the newer has at the end of the time.
    pub gained: Option<Lot>,
    /// Where what can be recovered differs, each time.
    pub moved: Vec<Moved>,
}

/// A number of points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Lot {
    /// How many.
    pub points: u64,
    /// Of when the data of the oldest is.
    pub first: Timestamp,
    /// Of when the data of the newest is.
    pub last: Timestamp,
}

/// What can be recovered at a time with the older and with the newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Moved {
    /// With the older.
    pub old: Recoverable,
    /// With the newer.
    pub new: Recoverable,
}

/// Holds two timelines of the same time against each other.
pub fn compare(old: &Timeline, new: &Timeline) -> Comparison {
    let (before, after) = (rows(old), rows(new));
    let alone = |of: &[Row<'_>], other: &[Row<'_>]| -> Vec<JobPlace> {
        let alone = of.iter().filter(|row| !row.any_moment && !other.iter().any(|other| row.is_of(other)));
        alone.map(Row::named).collect()
    };
    let pairs = after.iter().filter_map(|new| Some((before.iter().find(|old| old.is_of(new))?, new)));
    let (mut changed, mut same) = (vec![], 0);
    for (old_row, new_row) in pairs {
        match differs(old_row, new_row, old.to) {
            Some(differs) => changed.push(differs),
            None => same += u64::from(!new_row.any_moment),
        }
    }
    Comparison {
        from: new.from,
        to: new.to,
        timezone: new.timezone.clone(),
        only_old: alone(&before, &after),
        only_new: alone(&after, &before),
        changed,
        same,
    }
}

/// What is held against each other: a job where it is kept, or what dumps and binary logs recover together.
struct Row<'a> {
    job: &'a JobName,
    place: &'a Place,
    any_moment: bool,
    is_by_hand: bool,
    lives: &'a [Life],
    recoverable: &'a [Recoverable],
}

fn rows(of: &Timeline) -> Vec<Row<'_>> {
    let jobs = of.jobs.iter().map(|JobTimeline { job, place, keeps, .. }| Row {
        job,
        place,
        any_moment: false,
        is_by_hand: matches!(keeps, Keeps::ByHand),
        lives: keeps.lives(),
        recoverable: keeps.recoverable(),
    });
    let any_moment = of.any_moment.iter().map(|AnyMoment { job, place, recoverable, .. }| Row {
        job,
        place,
        any_moment: true,
        is_by_hand: false,
        lives: &[],
        recoverable,
    });
    jobs.chain(any_moment).collect()
}

impl Row<'_> {
    fn is_of(&self, other: &Row<'_>) -> bool {
        (self.job, self.place, self.any_moment) == (other.job, other.place, other.any_moment)
    }

    fn named(&self) -> JobPlace {
        JobPlace { job: self.job.clone(), place: self.place.clone() }
    }
}

fn differs(old: &Row<'_>, new: &Row<'_>, to: Timestamp) -> Option<Changed> {
    let there = |of: &Row<'_>| -> Vec<Timestamp> {
        of.lives.iter().filter(|life| life.is_there(to)).map(Life::moment).collect()
    };
    let (before, after) = (there(old), there(new));
    let (lost, gained) = (without(&before, &after), without(&after, &before));
    let at = |of: &Row<'_>, at: Timestamp| of.recoverable.iter().copied().find(|recoverable| recoverable.at == at);
    let times = old.recoverable.iter().chain(new.recoverable).map(|recoverable| recoverable.at);
    let times: std::collections::BTreeSet<Timestamp> = times.collect();
    let nothing = |at| Recoverable { at, points: None, earliest: None, latest: None };
    let moved = times.into_iter().map(|time| Moved {
        old: at(old, time).unwrap_or_else(|| nothing(time)),
        new: at(new, time).unwrap_or_else(|| nothing(time)),
    });
    let moved: Vec<Moved> = moved.filter(|Moved { old, new }| old != new).collect();
    let is_same = lost.is_none() && gained.is_none() && moved.is_empty() && old.is_by_hand == new.is_by_hand;
    (!is_same).then(|| Changed { of: new.named(), any_moment: new.any_moment, lost, gained, moved })
}

/// Those of one rising list that another has not.
fn without(of: &[Timestamp], other: &[Timestamp]) -> Option<Lot> {
    let mut other = other.iter().peekable();
    let mut found: Option<Lot> = None;
    for moment in of {
        while other.next_if(|other| *other < moment).is_some() {}
        if other.peek() == Some(&moment) {
            continue;
        }
        let lot = found.get_or_insert(Lot { points: 0, first: *moment, last: *moment });
        (lot.points, lot.last) = (lot.points + 1, *moment);
    }
    found
}
