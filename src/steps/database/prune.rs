//! Deletes snapshots: what was forecast, looked at again, and never more.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{DatabaseOutput, Omission, Progress, SnapshotMade, SnapshotsDeleted, World};
use crate::calendar;
use crate::catalog::SnapshotPoint;
use crate::forecast::{ClocksApart, SnapshotDeletion, SnapshotPrune, Suspension, snapshot_verdicts};
use crate::ports::{DatabaseSnapshot, Fault};
use crate::primitives::{Name, PointId};
use crate::retention::Verdict;

/// Two clocks that are kept are seconds apart.
const APART_MAX: SignedDuration = SignedDuration::from_hours(1);

pub(super) async fn prune(
    world: &World<'_>,
    (plan, began): (&Name, Timestamp),
    of: &SnapshotPrune,
    made: Option<&SnapshotMade>,
    progress: &Progress,
) -> Result<DatabaseOutput, Fault> {
    let mut deleted = SnapshotsDeleted::default();
    if of.snapshots.is_empty() && of.failed.is_empty() {
        return Ok(DatabaseOutput::Pruned(deleted));
    }
    let seen = world.databases.snapshots(&of.database).await?;
    let now = world.clock.now();
    let verdicts = verdicts(plan, of, &seen, now);
    let omissions: Vec<Option<Omission>> = of.snapshots.iter().map(|it| omission(&seen, it, &verdicts)).collect();
    let going = omissions.iter().filter(|why| why.is_none()).count() as u64;
    let too_many = of.guard.judge(going, verdicts.len() as u64).map(Suspension::TooMany);
    deleted.suspended = made.and_then(|made| apart(made, began)).or_else(|| of.suspended.clone()).or(too_many);
    for (deletion, why) in of.snapshots.iter().zip(omissions) {
        let held_back = deleted.suspended.as_ref().map(|_| Omission::Suspended);
        if let Some(why) = why.or(held_back) {
            deleted.omitted.push((deletion.point.clone(), why));
            continue;
        }
        world.databases.delete_snapshot(&deletion.name).await?;
        progress.entry();
        deleted.points.push(deletion.point.clone());
    }
    for name in &of.failed {
        let still = seen.iter().any(|seen| seen.name == *name && seen.status == "failed");
        if still {
            world.databases.delete_snapshot(name).await?;
            deleted.failed += 1;
        }
    }
    Ok(DatabaseOutput::Pruned(deleted))
}

/// Why nobody knows how old anything is: the provider's clock and this host's are far apart. A snapshot is taken before it is seen; and after the run
/// began, unless it was there by then.
fn apart(made: &SnapshotMade, began: Timestamp) -> Option<Suspension> {
    let here = if made.taken > made.seen { made.seen } else { began };
    let is_ahead = made.taken.duration_since(made.seen) > APART_MAX;
    let is_behind = !made.was_there && began.duration_since(made.taken) > APART_MAX;
    (is_ahead || is_behind).then_some(Suspension::ClocksApart(ClocksApart { here, store: made.taken }))
}

fn verdicts(plan: &Name, of: &SnapshotPrune, seen: &[DatabaseSnapshot], now: Timestamp) -> BTreeMap<PointId, Verdict> {
    let Some(rules) = &of.rules else { return BTreeMap::new() };
    let zone = calendar::zone(&of.timezone).unwrap_or(TimeZone::UTC);
    snapshot_verdicts(seen, (plan, &of.job), rules, None, now, &zone)
}

fn omission(
    seen: &[DatabaseSnapshot],
    deletion: &SnapshotDeletion,
    verdicts: &BTreeMap<PointId, Verdict>,
) -> Option<Omission> {
    let Some(there) = seen.iter().find(|seen| seen.name == deletion.name) else { return Some(Omission::GoneAlready) };
    let is_it = SnapshotPoint::of(there).is_some_and(|there| there.point == deletion.point);
    match verdicts.get(&deletion.point) {
        Some(Verdict::LetGo(_)) if is_it => None,
        Some(_) if is_it => Some(Omission::KeptNow),
        _ => Some(Omission::Unusable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::{DatabaseKind, SnapshotName};

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + 60 * minutes).unwrap()
    }

    /// Taken and seen so many minutes after the run began.
    fn made(taken: i64, seen: i64, was_there: bool) -> SnapshotMade {
        let name = SnapshotName { kind: DatabaseKind::Instance, identifier: "a".into(), region: None };
        SnapshotMade { name, taken: at(taken), seen: at(seen), allocated_gib: 1, was_there }
    }

    #[test]
    fn clocks_that_are_far_apart_let_nothing_go_whichever_is_ahead() {
        let told = |taken, seen, was_there| match apart(&made(taken, seen, was_there), at(0)) {
            Some(Suspension::ClocksApart(ClocksApart { here, store })) => Some((here == at(0), store == at(taken))),
            other => {
                assert_eq!(other, None);
                None
            }
        };
        // However long it takes.
        assert_eq!(told(5, 600, false), None);
        assert_eq!(told(-59, 3, false), None);
        // This host's clock is ahead: what is a day old would pass for three.
        assert_eq!(told(-2 * 24 * 60, 3, false), Some((true, true)));
        // The provider's is.
        assert_eq!(told(70, 3, false), Some((false, true)));
        // Another run had it made.
        assert_eq!(told(-300, 3, true), None);
    }
}
