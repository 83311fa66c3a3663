//! Deletes recovery points and leftovers: what was forecast, looked at again, and never more.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Deleted, Omission, Progress, prune_keys};
use crate::calendar;
use crate::catalog::Part;

use crate::forecast::{Deletion, Leftover};
use crate::observe::{self, PointsSeen};
use crate::ports::{Cause, Fault, ObjectInfo, StoreWrite};
use crate::primitives::PointId;
use crate::retention::{self, Candidate, Rules, Verdict};

/// What was forecast.
pub(super) struct Wanted<'a> {
    pub(super) prefix: &'a str,
    pub(super) rules: Option<&'a Rules>,
    pub(super) timezone: &'a str,
    pub(super) points: &'a [Deletion],
    pub(super) leftovers: &'a [Leftover],
    /// The time now: the new point is of it, or before.
    pub(super) now: Timestamp,
}

/// Deletes what was forecast and may still go.
pub(super) async fn delete(store: &dyn StoreWrite, wanted: &Wanted<'_>, progress: &Progress) -> Result<Deleted, Fault> {
    let seen = observe::points(store, wanted.prefix).await?;
    let verdicts = verdicts(&seen, wanted)?;
    let mut deleted = Deleted::default();
    for deletion in wanted.points {
        let point = &deletion.place.point;
        let own = |object: &ObjectInfo| Part::ALL.iter().any(|part| deletion.place.key(*part) == object.key);
        let half_gone = seen.leftovers.iter().any(own);
        match verdicts.get(point) {
            None if !half_gone => deleted.omitted.push((point.clone(), Omission::GoneAlready)),
            Some(false) => deleted.omitted.push((point.clone(), Omission::KeptNow)),
            // Without its manifest, a deletion of it was begun and killed: it is ended now.
            None | Some(true) => {
                prune_keys(store, std::slice::from_ref(&deletion.place)).await?;
                progress.entry();
                deleted.points.push(point.clone());
                deleted.bytes += deletion.bytes;
            }
        }
    }
    for leftover in wanted.leftovers {
        // An object that a manifest speaks of by now is none: another run adopted it.
        let still = match leftover {
            Leftover::Object(object) => seen.leftovers.contains(object),
            Leftover::Upload(upload) => seen.uploads.contains(upload),
        };
        if still {
            deleted.bytes += remove(store, leftover).await?;
            deleted.leftovers += 1;
            progress.entry();
        }
    }
    Ok(deleted)
}

async fn remove(store: &dyn StoreWrite, leftover: &Leftover) -> Result<u64, Fault> {
    match leftover {
        Leftover::Object(object) => store.delete(&object.key).await.map(|()| object.size),
        Leftover::Upload(upload) => store.abort(upload).await.map(|()| 0),
    }
}

/// For every point that is there now: whether the rules let it go, asked as the forecast asked, but of what is there now.
fn verdicts(seen: &PointsSeen, wanted: &Wanted<'_>) -> Result<BTreeMap<PointId, bool>, Fault> {
    let zone = calendar::zone(wanted.timezone).ok_or_else(|| {
        Fault::permanent(Cause::Invalid, "decide what to delete", format!("unknown zone {}", wanted.timezone))
    })?;
    let candidates: Vec<Candidate<PointId>> = seen
        .readable()
        .map(|(seen, manifest)| Candidate { id: seen.place.point.clone(), moment: manifest.moment, good: true })
        .collect();
    let Some(rules) = wanted.rules else { return Ok(BTreeMap::new()) };
    let decided = retention::decide(&candidates, rules, wanted.now, &zone);
    let let_go = |verdict: Verdict| !verdict.keeps();
    Ok(candidates.into_iter().zip(decided).map(|(candidate, verdict)| (candidate.id, let_go(verdict))).collect())
}
