//! The objects of a lease in a store: looked at, written where nothing is, and judged.

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::LEASE_RENEWED_EVERY;
use super::moment::Moment;
use crate::catalog::{CatalogError, LEASE_BYTES_MAX, Lease};
use crate::ports::{Cause, Certainty, Clock, Fault, ObjectInfo, PutMode, PutResult, StoreRead, StoreWrite};
use crate::primitives::{Digest, Key};

/// Keys of a page (S3's own limit).
const PAGE: usize = 1000;
/// How often one thing is tried.
pub(super) const TRIES_MAX: u32 = 5;
/// How far the clocks of two hosts may be apart where a store does not say when it stored an object: as far as deletions allow.
const SLACK: SignedDuration = SignedDuration::from_hours(1);

/// An object of a lease that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) key: Key,
    pub(super) number: u64,
    pub(super) stored: Option<Timestamp>,
    pub(super) bytes: Bytes,
    /// None where it cannot be read: it is damaged, or of a newer version.
    pub(super) lease: Option<Lease>,
}

/// What was there at a look.
#[derive(Debug, Default)]
pub(super) struct There {
    /// In the order of their numbers.
    pub(super) leases: Vec<Found>,
    /// What was written to learn the store's time.
    pub(super) asked: Vec<ObjectInfo>,
}

pub(super) fn invalid(error: &CatalogError) -> Fault {
    Fault::permanent(Cause::Invalid, "write a lease", error.to_string())
}

pub(super) fn busy(prefix: &str) -> Fault {
    let (action, answer) = (format!("take the lease of {prefix}"), "others ask for it at the same time".into());
    Fault { action, answer, cause: Cause::Other, certainty: Certainty::Transient, retry_after: None }
}

/// All objects of a lease. What changes while it is looked at is looked at again; so is what took as long as a renewal does, as it may have
/// missed all that were there at any one time.
pub(super) async fn look(store: &dyn StoreRead, prefix: &str, clock: &dyn Clock) -> Result<There, Fault> {
    for _ in 0..TRIES_MAX {
        let began = Moment::now(clock);
        let there = look_once(store, prefix).await?;
        if let Some(there) = there
            && began.passed(clock) < LEASE_RENEWED_EVERY
        {
            return Ok(there);
        }
    }
    Err(busy(prefix))
}

async fn look_once(store: &dyn StoreRead, prefix: &str) -> Result<Option<There>, Fault> {
    let mut there = There::default();
    for object in list(store, &Lease::all(prefix)).await? {
        let Some(number) = Lease::number_of(&object.key, prefix) else {
            if Lease::is_asked(&object.key, prefix) {
                there.asked.push(object);
            }
            continue;
        };
        let bytes = match store.read(&object.key, 0, LEASE_BYTES_MAX + 1).await {
            Err(fault) if fault.cause == Cause::NotFound => return Ok(None),
            answer => answer?,
        };
        let lease = Lease::decode(&bytes).ok();
        there.leases.push(Found { key: object.key, number, stored: object.stored, bytes, lease });
    }
    there.leases.sort_by_key(|found| found.number);
    Ok(Some(there))
}

/// All objects whose keys begin so.
pub(super) async fn list(store: &dyn StoreRead, begins: &str) -> Result<Vec<ObjectInfo>, Fault> {
    let (mut objects, mut after) = (vec![], None);
    loop {
        let page = store.list(begins, after.as_ref(), PAGE).await?;
        after = page.objects.last().map(|object| object.key.clone());
        objects.extend(page.objects);
        if !page.more || after.is_none() {
            return Ok(objects);
        }
    }
}

/// Writes an object where none is; false where another is there. An answer that was lost is looked for.
pub(super) async fn write(store: &dyn StoreWrite, key: &Key, bytes: &[u8]) -> Result<bool, Fault> {
    let mut tries = 0;
    loop {
        tries += 1;
        match store.put(key, Bytes::copy_from_slice(bytes), PutMode::IfAbsent).await {
            Ok(PutResult::Stored) => return Ok(true),
            // Its own, where an answer was lost before.
            Ok(PutResult::AlreadyThere) => return is(store, key, bytes).await,
            Err(fault) if fault.certainty == Certainty::Unknown && is(store, key, bytes).await? => return Ok(true),
            // Whoever took the lease meanwhile threw the upload away.
            Err(fault) if tries < TRIES_MAX && may_pass(&fault) => {}
            Err(fault) => return Err(fault),
        }
    }
}

fn may_pass(fault: &Fault) -> bool {
    fault.certainty != Certainty::Permanent || fault.cause == Cause::NotFound
}

/// Whether an object holds these very bytes. No two leases have the same.
pub(super) async fn is(store: &dyn StoreRead, key: &Key, bytes: &[u8]) -> Result<bool, Fault> {
    match store.read(key, 0, bytes.len() + 1).await {
        Ok(there) => Ok(there == bytes),
        Err(fault) if fault.cause == Cause::NotFound => Ok(false),
        Err(fault) => Err(fault),
    }
}

/// Takes an object away that holds these very bytes, as far as the store lets one: what stays runs out.
pub(super) async fn withdraw(store: &dyn StoreWrite, key: &Key, bytes: &[u8]) {
    for _ in 0..TRIES_MAX {
        let gone = match is(store, key, bytes).await {
            Ok(true) => store.delete(key).await,
            Ok(false) => return,
            Err(fault) => Err(fault),
        };
        match gone {
            Ok(()) => return,
            Err(fault) if may_pass(&fault) => {}
            Err(_) => return,
        }
    }
}

/// The time, as far as it is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct StoreTime {
    /// By the store's clock, where it says so.
    pub(super) store: Option<Timestamp>,
    /// By this host's.
    pub(super) here: Timestamp,
}

/// Asks a store for the time, by writing something and looking when it says that it was stored.
pub(super) async fn store_time(
    store: &dyn StoreWrite,
    prefix: &str,
    who: &str,
    clock: &dyn Clock,
) -> Result<StoreTime, Fault> {
    let here = clock.now();
    let digest = Digest::of(format!("{who} {prefix} {}", here.as_nanosecond()).as_bytes());
    let token = digest.as_bytes().iter().take(8).fold(0, |token, byte| token << 8 | u64::from(*byte));
    let key = Lease::asked_key(prefix, token).map_err(|error| invalid(&error))?;
    let bytes = b"{\"format_version\":1}\n";
    write(store, &key, bytes).await?;
    let stored = store.head(&key).await.map(|found| found.and_then(|found| found.stored));
    // What stays is removed by whoever takes the lease, an hour later.
    let _best_effort = store.delete(&key).await;
    Ok(StoreTime { store: stored?, here })
}

/// A lease that somebody holds, or held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseSeen {
    /// What it says; none where it cannot be read.
    pub lease: Option<Lease>,
    /// How long ago it was renewed.
    pub age: SignedDuration,
    /// How long it lasts from then on.
    pub lasts: SignedDuration,
    /// By how much the age may be wrong.
    slack: SignedDuration,
}

impl LeaseSeen {
    /// Whether nobody can believe any more that he holds it. One that is far in the store's future was stored before the store's clock was
    /// set back: nobody has renewed it since.
    pub fn has_run_out(&self) -> bool {
        self.age.abs() > self.lasts.saturating_add(self.slack)
    }

    /// How long until it has run out, if it is not renewed.
    pub fn left(&self) -> SignedDuration {
        self.lasts.saturating_add(self.slack).saturating_sub(self.age).max(SignedDuration::ZERO)
    }

    /// Since how long it is held.
    pub fn held_for(&self) -> SignedDuration {
        let renewed_after = self.lease.as_ref().map(|lease| lease.renewed.duration_since(lease.taken));
        self.age.saturating_add(renewed_after.unwrap_or_default())
    }
}

impl Found {
    pub(super) fn seen(&self, now: &StoreTime) -> LeaseSeen {
        let lease = self.lease.clone();
        let lasts = lease.as_ref().map_or(Lease::unreadable_lasts(), Lease::lasts);
        let (age, slack) = match (now.store, self.stored, &lease) {
            (Some(now), Some(stored), _) => (now.duration_since(stored), SignedDuration::ZERO),
            (_, _, Some(lease)) => (now.here.duration_since(lease.renewed), SLACK),
            // Nothing says how old it is: a person has to.
            (_, _, None) => (SignedDuration::ZERO, SLACK),
        };
        LeaseSeen { lease, age, lasts, slack }
    }
}
