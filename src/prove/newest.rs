//! How old the data of a target's newest recovery point may be, moment by moment.
//!
//! Unaware of restores. Invariant: a target that is too dense to be walked is taken to be older than it is, never younger.

use std::collections::BTreeSet;

use super::rhythms::WINDOW;
use super::runs::Runs;
use crate::plan::{Backup, Stored, Target, Way};
use crate::primitives::Span;

/// What is backed up more often than this, in seconds, is not looked at run by run.
const WALKED_APART: u64 = 3_600;

/// How the newest point of a target comes to be. Targets with the same have points of the same moments.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Newest {
    /// Of any moment up to so many seconds ago.
    Within(i64),
    /// Of the runs of these kinds of jobs.
    Of(BTreeSet<usize>),
}

/// Why nothing is known: where, and a few words.
pub(super) type Reasons = Vec<(Span, String)>;

impl Newest {
    /// How a target's newest point comes to be.
    ///
    /// # Errors
    /// Why that cannot be said.
    pub(super) fn of(target: &Target, runs: &Runs<'_>) -> Result<Self, Reasons> {
        let (mut lag, mut kinds, mut reasons) = (None::<i64>, BTreeSet::new(), vec![]);
        for backup in target.backups.iter().filter(|backup| is_whole(backup)) {
            match of_backup(target, backup, runs) {
                Ok(Self::Within(seconds)) => lag = Some(lag.map_or(seconds, |least| least.min(seconds))),
                Ok(Self::Of(kind)) => kinds.extend(kind),
                Err(why) => reasons.push(why),
            }
        }
        match lag {
            Some(lag) => Ok(Self::Within(lag)),
            None if kinds.is_empty() && reasons.is_empty() => {
                Err(vec![(target.name.span, "nothing backs all of it up".into())])
            }
            None if kinds.is_empty() => Err(reasons),
            None => Ok(Self::Of(kinds)),
        }
    }

    /// The most that it is old, without looking at it run by run.
    pub(super) fn lag_max(&self, runs: &Runs<'_>) -> i64 {
        match self {
            Self::Within(lag) => *lag,
            Self::Of(kinds) => kinds.iter().filter_map(|kind| loss(*kind, runs)).min().unwrap_or(i64::MAX),
        }
    }

    /// The points of the window, run by run; none where it is of any moment.
    pub(super) fn points(&self, runs: &Runs<'_>) -> Points {
        let Self::Of(kinds) = self else { return Points::default() };
        let mut all: Vec<(i64, i64)> = kinds.iter().flat_map(|kind| slots(*kind, runs)).collect();
        all.sort_unstable();
        let slots = all.iter().map(|(slot, _)| *slot).collect();
        all.sort_by_key(|(_, there)| *there);
        let mut newest = i64::MIN;
        all.retain(|(slot, _)| {
            let is_newer = *slot > newest;
            newest = newest.max(*slot);
            is_newer
        });
        Points { slots, newest: all }
    }
}

/// The points of a target in the window, in seconds since the epoch.
#[derive(Debug, Default)]
pub(super) struct Points {
    /// The slots, in order.
    pub(super) slots: Vec<i64>,
    /// The slots whose points come to be the newest, each with when it is there at the latest.
    pub(super) newest: Vec<(i64, i64)>,
}

/// The slots of a kind in the window, each with when its point is there at the latest.
fn slots<'r>(kind: usize, runs: &'r Runs<'_>) -> impl Iterator<Item = (i64, i64)> + 'r {
    let before = WINDOW.start - jiff::SignedDuration::from_nanos(1);
    let slots = runs.times(kind).after(before).take_while(|slot| *slot < WINDOW.end);
    let longest = runs.wait_max(kind).saturating_add(runs.length(kind));
    slots.map(move |slot| (slot.as_second(), slot.as_second().saturating_add(longest)))
}

/// How much is lost at worst with a kind alone; none where it comes round less than twice.
fn loss(kind: usize, runs: &Runs<'_>) -> Option<i64> {
    let gap = i64::try_from(runs.gaps(kind)?.longest.seconds()).ok()?;
    Some(gap.saturating_add(runs.wait_max(kind)).saturating_add(runs.length(kind)))
}

/// Whether its points hold all of the target, so that a restore takes them.
fn is_whole(backup: &Backup) -> bool {
    !matches!(&backup.way, Way::Stored(Stored { select: Some(_), .. }))
}

fn of_backup(target: &Target, backup: &Backup, runs: &Runs<'_>) -> Result<Newest, (Span, String)> {
    if let Way::PointInTime(kept) = &backup.way {
        return Ok(Newest::Within(i64::try_from(kept.max_lag.value.seconds).unwrap_or(i64::MAX)));
    }
    let name = &backup.name.value;
    let Some(kind) = runs.kind_of(target, backup) else {
        return Err((backup.span, format!("`{name}` has no `schedule`: it runs when it is named")));
    };
    let Some(takes) = &backup.takes else { return Err((backup.span, format!("`{name}` has no `takes`"))) };
    let Some(gaps) = runs.gaps(kind) else {
        return Err((backup.span, format!("`{name}` comes round less than twice in {WINDOW}")));
    };
    if takes.value.seconds > gaps.shortest.seconds() {
        return Err((takes.span, "its runs overlap".into()));
    }
    match loss(kind, runs) {
        Some(loss) if gaps.shortest.seconds() < WALKED_APART => Ok(Newest::Within(loss)),
        _ => Ok(Newest::Of([kind].into())),
    }
}
