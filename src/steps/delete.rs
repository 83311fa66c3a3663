//! Deletes recovery points and leftovers: what was forecast, looked at again, and never more.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::lease::{PinLook, Pins, put_back};
use super::prune::{prune_manifest, prune_rest};
use super::{Deleted, Leases, Omission, Progress};
use crate::calendar;
use crate::catalog::{LeaseHolder, Manifest, Part, PointPlace};
use crate::forecast::{self, Deletion, DeletionGuard, Leftover, Suspension};
use crate::observe::{self, PointsSeen};
use crate::ports::{Cause, Clock, Fault, Keeping, Locks, ObjectInfo, StorePlace, StoreWrite};
use crate::primitives::{Name, PointId};
use crate::retention::{Rules, Verdict};

/// What was forecast.
pub(super) struct Wanted<'a> {
    /// The new point.
    pub(super) made: &'a Manifest,
    /// The store's name.
    pub(super) name: &'a Name,
    /// All of this job's points, whatever the host, have keys that begin so.
    pub(super) all: &'a str,
    pub(super) prefix: &'a str,
    pub(super) roots: &'a [crate::primitives::PathBytes],
    pub(super) rules: Option<&'a Rules>,
    pub(super) timezone: &'a str,
    pub(super) points: &'a [Deletion],
    pub(super) guard: &'a DeletionGuard,
    /// Why none of them is deleted, where a guard says so; leftovers are no points, and go all the same.
    pub(super) suspended: Option<Suspension>,
    pub(super) leftovers: &'a [Leftover],
    /// What the store keeps of what is deleted, as it was forecast.
    pub(super) keeping: &'a Keeping,
    pub(super) clock: &'a dyn Clock,
    /// The time now: the new point is of it, or before.
    pub(super) now: Timestamp,
}

/// The name of the lock that a restore has a share in while it reads points of a job, and a deletion of them holds: the store, and what
/// the keys of all points of the job begin with.
pub fn points_lock(store: &StorePlace, all: &str) -> String {
    format!("points {} in {store}", all.trim_end_matches('/'))
}

/// Deletes what was forecast and may still go. No point is deleted while a restore of this host reads the job's points, or one of another
/// host has a pin at it; a backup does not wait for that either. And nothing is deleted but while the job's lease is held, which is looked at before each deletion.
pub(super) async fn delete(
    store: &dyn StoreWrite,
    locks: &dyn Locks,
    leases: &Leases,
    wanted: &Wanted<'_>,
    progress: &Progress,
) -> Result<Deleted, Fault> {
    let locked = points_lock(&store.real_place().await?, wanted.all);
    let lock =
        if wanted.points.is_empty() || wanted.suspended.is_some() { None } else { locks.try_lock(&locked).await? };
    // Whoever of this host shared the lock is gone, where it is held now.
    let holder = leases.holder(wanted.name, wanted.prefix).filter(|_| lock.is_some());
    let me = holder.map(|holder| LeaseHolder { lock: locked, ..holder.clone() });
    let look = PinLook { store, prefix: wanted.prefix, me, clock: wanted.clock };
    let mut pins = look.pins().await?;
    let seen = observe::points(store, wanted.prefix).await?;
    let verdicts = verdicts(&seen, wanted)?;
    let omissions: Vec<Option<Omission>> =
        wanted.points.iter().map(|deletion| omission(&seen, &deletion.place, &verdicts)).collect();
    let going = omissions.iter().filter(|why| why.is_none()).count() as u64;
    let clock = wrong_clock(store, &seen, wanted).await?;
    let suspended = clock.or_else(|| wanted.suspended.clone()).or_else(|| too_many(&seen, going, wanted));
    let held_back = match (&suspended, &lock) {
        (Some(_), _) => Some(Omission::Suspended),
        (None, None) => Some(Omission::BeingRestored),
        (None, Some(_)) => None,
    };
    let mut deleted = Deleted { suspended, ..Deleted::default() };
    for (deletion, why) in wanted.points.iter().zip(omissions) {
        let point = &deletion.place.point;
        let why = match why {
            // What is suspended may be kept because the new point is so small: that is what there is to tell.
            None | Some(Omission::KeptNow) if held_back == Some(Omission::Suspended) => held_back.clone(),
            why => why.or_else(|| held_back.clone()).or_else(|| pinned(&pins, point)),
        };
        if let Some(why) = why {
            deleted.omitted.push((point.clone(), why));
            continue;
        }
        if !may_delete(leases, wanted, &mut deleted).await? {
            deleted.omitted.push((point.clone(), Omission::NoLease));
            continue;
        }
        deleted.locked_until = deleted.locked_until.max(stays_until(store, &deletion.place, wanted).await?);
        pins = delete_one(store, &deletion.place, &look).await?;
        if let Some(why) = pinned(&pins, point) {
            deleted.omitted.push((point.clone(), why));
            continue;
        }
        progress.entry();
        deleted.points.push(point.clone());
        deleted.bytes = deleted.bytes.saturating_add(deletion.bytes);
    }
    let is_of_clocks = deleted.suspended.as_ref().is_some_and(Suspension::is_of_clocks);
    for leftover in wanted.leftovers.iter().filter(|_| !is_of_clocks) {
        // An object that a manifest speaks of by now is none: another run adopted it.
        let still = match leftover {
            Leftover::Object(object) => seen.leftovers.contains(object),
            Leftover::Upload(upload) => seen.uploads.contains(upload),
        };
        let is_read = PointPlace::parse(leftover.key()).is_some_and(|(of, _)| pins.live.contains_key(&of.point));
        if still && !is_read && may_delete(leases, wanted, &mut deleted).await? {
            deleted.bytes = deleted.bytes.saturating_add(remove(store, leftover).await?);
            deleted.leftovers += 1;
            progress.entry();
        }
    }
    sweep(store, leases, wanted, &pins, &mut deleted).await?;
    Ok(deleted)
}

/// Until when a lock keeps a point, where the store may have locked it: that is not asked of others.
async fn stays_until(
    store: &dyn StoreWrite,
    place: &PointPlace,
    wanted: &Wanted<'_>,
) -> Result<Option<Timestamp>, Fault> {
    match wanted.keeping {
        Keeping::Gone => Ok(None),
        Keeping::Hidden(_) | Keeping::Unknown(_) => {
            let until = store.locked_until(&place.key(Part::Archive)).await?;
            Ok(until.filter(|until| *until > wanted.now))
        }
    }
}

/// Deletes a point, unless it turns out to be pinned; answers what pins there were then. Whoever put one before the manifest was gone, and
/// found the manifest, is seen now, and reads the point to its end; whoever comes later finds none.
async fn delete_one(store: &dyn StoreWrite, place: &PointPlace, look: &PinLook<'_>) -> Result<Pins, Fault> {
    let manifest = prune_manifest(store, place).await?;
    let pins = look.pins().await?;
    match manifest {
        _ if !pins.live.contains_key(&place.point) => prune_rest(store, place).await?,
        Some(manifest) => put_back(store, place, &manifest).await?,
        // An attempt before this one took it away, and failed; it goes with what is left of old runs.
        None => {}
    }
    Ok(pins)
}

/// Why a point is left that somebody reads.
fn pinned(pins: &Pins, point: &PointId) -> Option<Omission> {
    pins.live.get(point).map(|machine| Omission::Pinned { machine: machine.clone() })
}

/// Removes the pins of the dead.
async fn sweep(
    store: &dyn StoreWrite,
    leases: &Leases,
    wanted: &Wanted<'_>,
    pins: &Pins,
    deleted: &mut Deleted,
) -> Result<(), Fault> {
    for dead in &pins.dead {
        if may_delete(leases, wanted, deleted).await? {
            store.delete(dead).await?;
        }
    }
    Ok(())
}

/// Looks at the lease, until it was once not held; then it says why in what was deleted.
async fn may_delete(leases: &Leases, wanted: &Wanted<'_>, deleted: &mut Deleted) -> Result<bool, Fault> {
    if deleted.lease.is_none() {
        deleted.lease = leases.look(wanted.name, wanted.prefix).await?;
    }
    Ok(deleted.lease.is_none())
}

/// Why a clock cannot be trusted. The new point's manifest was stored a moment after it was finished.
async fn wrong_clock(
    store: &dyn StoreWrite,
    seen: &PointsSeen,
    wanted: &Wanted<'_>,
) -> Result<Option<Suspension>, Fault> {
    let manifest = store.head(&wanted.made.place().key(Part::Manifest)).await?;
    let stored = manifest.and_then(|manifest| manifest.stored);
    let made = stored.map(|stored| (wanted.made.finished, stored));
    Ok(forecast::wrong_clock(seen, made, wanted.now))
}

/// Why so many are not deleted, of what there is now.
fn too_many(seen: &PointsSeen, going: u64, wanted: &Wanted<'_>) -> Option<Suspension> {
    let of = forecast::of_roots(seen, wanted.roots).count() as u64;
    wanted.guard.judge(going, of).map(Suspension::TooMany)
}

async fn remove(store: &dyn StoreWrite, leftover: &Leftover) -> Result<u64, Fault> {
    match leftover {
        Leftover::Object(object) => store.delete(&object.key).await.map(|()| object.size),
        Leftover::Upload(upload) => store.abort(upload).await.map(|()| 0),
    }
}

/// For every point that may go: whether the rules let it go, asked as the forecast asked, but of what is there now.
fn verdicts(seen: &PointsSeen, wanted: &Wanted<'_>) -> Result<BTreeMap<PointId, Verdict>, Fault> {
    let zone = calendar::zone(wanted.timezone).ok_or_else(|| {
        Fault::permanent(Cause::Invalid, "decide what to delete", format!("unknown zone {}", wanted.timezone))
    })?;
    let Some(rules) = wanted.rules else { return Ok(BTreeMap::new()) };
    Ok(forecast::verdicts(seen, wanted.roots, rules, None, wanted.now, &zone))
}

/// Why a point that was to be deleted is left, if it is.
fn omission(seen: &PointsSeen, place: &PointPlace, verdicts: &BTreeMap<PointId, Verdict>) -> Option<Omission> {
    match verdicts.get(&place.point) {
        Some(verdict) => verdict.keeps().then_some(Omission::KeptNow),
        None if seen.points.iter().any(|point| point.place == *place) => Some(Omission::Unusable),
        // Without its manifest, a deletion of it was begun and killed: it is ended now.
        None => {
            let own = |object: &ObjectInfo| PointPlace::parse(&object.key).is_some_and(|(found, _)| found == *place);
            (!seen.leftovers.iter().any(own)).then_some(Omission::GoneAlready)
        }
    }
}
