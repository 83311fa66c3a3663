//! Pins: while a restore reads a recovery point, nobody deletes it, on whatever host.
//!
//! Unaware of why a point is read. A pin is a chain of objects, as a lease is, of which any number of runs have their own: none keeps
//! another one off. It lasts as long as a lease, by the store's clock. The rules:
//!
//! - Whoever reads a point pins it, and *then* looks whether its manifest is there.
//! - Whoever deletes a point looks for pins, deletes the manifest, **looks again**, and deletes the rest only if there is no pin; else he puts
//!   the manifest back.
//!
//! Invariant: who found the manifest after he had put his pin finds the archive and the contents for as long as the pin lasts: it was
//! there before the manifest was deleted, so the second look shows it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Mutex;

use super::chain::{self, Found, StoreTime, TRIES_MAX, busy, invalid};
use super::moment::Moment;
use super::{LASTS, LEASE_RENEWED_EVERY};
use crate::catalog::{LEASE_BYTES_MAX, LEASE_FORMAT_VERSION, Lease, LeaseHolder, Part, Pin, PointPlace, host_prefix};
use crate::ports::{Cause, Certainty, Clock, Fault, ObjectInfo, StoreRead, StoreWrite};
use crate::primitives::{Key, PointId};

/// A run that began longer ago puts no pin any more: that is the first thing that it does.
const GONE: SignedDuration = SignedDuration::from_hours(24);

/// A pin that is wanted.
#[derive(Clone)]
pub struct PinWanted {
    /// In which store.
    pub store: Arc<dyn StoreWrite>,
    /// At which point.
    pub place: PointPlace,
    /// For whom. Its lock is the one of this host that the run shares, so that a deletion of this host, which holds that alone, need not
    /// wait for the pin of a dead run.
    pub holder: LeaseHolder,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// A pin that was put. Renewing and releasing may be stopped at any moment.
pub struct HeldPin {
    wanted: PinWanted,
    taken: Timestamp,
    own: Mutex<Own>,
}

/// What is there of a pin, as far as its holder knows.
struct Own {
    number: u64,
    keys: Vec<Key>,
}

impl PinWanted {
    /// Puts it beside the points. What the same run left of it when it was killed is taken over.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn put(self) -> Result<HeldPin, Fault> {
        let left = chain::list(&*self.store, &Pin::of(&self.place, &self.holder.run)).await?;
        let prefix = host_prefix(&self.place.plan, &self.place.job, &self.place.host);
        let number = left.iter().filter_map(|object| Pin::parse(&object.key, &prefix)).map(|pin| pin.number).max();
        let own = Own { number: number.unwrap_or(0), keys: left.into_iter().map(|object| object.key).collect() };
        let pin = HeldPin { taken: self.clock.now(), wanted: self, own: Mutex::new(own) };
        if let Err(fault) = pin.renew().await {
            // What stays runs out.
            let _best_effort = pin.release().await;
            return Err(fault);
        }
        // That it stays is no reason not to restore, and whoever only reads may not take anything away.
        let _best_effort = pin.wanted.sweep().await;
        Ok(pin)
    }

    /// Throws away what runs left that were killed while they put a pin, and are gone.
    async fn sweep(&self) -> Result<(), Fault> {
        let prefix = host_prefix(&self.place.plan, &self.place.job, &self.place.host);
        let now = self.clock.now();
        for upload in self.store.uploads(&Pin::all(&prefix)).await? {
            let pin = Pin::parse(&upload.key, &prefix);
            if pin.is_some_and(|pin| now.duration_since(pin.run.began()) >= GONE) {
                self.store.abort(&upload).await?;
            }
        }
        Ok(())
    }
}

impl HeldPin {
    /// Whether the point was there after the pin was put.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn holds(&self) -> Result<bool, Fault> {
        Ok(self.wanted.store.head(&self.wanted.place.key(Part::Manifest)).await?.is_some())
    }

    /// Makes it last longer: writes the next object, and takes away all but the last two, as a lease does.
    ///
    /// # Errors
    /// When the store refuses; then it lasts as long as before, and renewing it may be tried again.
    pub async fn renew(&self) -> Result<(), Fault> {
        let own = &mut *self.own.lock().await;
        let store = &*self.wanted.store;
        for _ in 0..TRIES_MAX {
            own.number = own.number.saturating_add(1);
            let (key, bytes) = self.object(own.number)?;
            // One that is there already is of a renewal that was stopped, and is no newer than that.
            if !chain::write(store, &key, &bytes).await? {
                own.keys.push(key);
                continue;
            }
            own.keys.push(key);
            while own.keys.len() > 2 {
                store.delete(&own.keys[0]).await?;
                own.keys.remove(0);
            }
            return Ok(());
        }
        Err(busy(&Pin::of(&self.wanted.place, &self.wanted.holder.run)))
    }

    fn object(&self, number: u64) -> Result<(Key, Vec<u8>), Fault> {
        let lease = Lease {
            format_version: LEASE_FORMAT_VERSION,
            holder: self.wanted.holder.clone(),
            number,
            taken: self.taken,
            renewed: self.wanted.clock.now(),
            lasts_s: u32::try_from(LASTS.as_secs()).unwrap_or(u32::MAX),
        };
        let key = Pin::key(&self.wanted.place, &self.wanted.holder.run, number).map_err(|error| invalid(&error))?;
        Ok((key, lease.encode().map_err(|error| invalid(&error))?))
    }

    /// Takes it away: all objects of it are removed.
    ///
    /// # Errors
    /// When the store refuses; what stays runs out.
    pub async fn release(&self) -> Result<(), Fault> {
        let own = &mut *self.own.lock().await;
        let store = &*self.wanted.store;
        for object in chain::list(store, &Pin::of(&self.wanted.place, &self.wanted.holder.run)).await? {
            store.delete(&object.key).await?;
        }
        own.keys.clear();
        Ok(())
    }
}

/// The pins below the prefix of a job and host.
#[derive(Debug, Default)]
pub(in crate::steps) struct Pins {
    /// The points that somebody reads, each with the machine that he is on; none where that cannot be read.
    pub(in crate::steps) live: BTreeMap<PointId, Option<String>>,
    /// What the dead left.
    pub(in crate::steps) dead: Vec<Key>,
}

/// Whoever looks for pins before he deletes.
pub(in crate::steps) struct PinLook<'a> {
    pub(in crate::steps) store: &'a dyn StoreWrite,
    /// What the keys of the job's points of the host begin with.
    pub(in crate::steps) prefix: &'a str,
    /// Whoever holds the lock alone that he names, if it is held.
    pub(in crate::steps) me: Option<LeaseHolder>,
    pub(in crate::steps) clock: &'a dyn Clock,
}

impl PinLook<'_> {
    /// Looks now. Where there are any, the store is asked for the time.
    ///
    /// # Errors
    /// When the store refuses.
    pub(in crate::steps) async fn pins(&self) -> Result<Pins, Fault> {
        let (me, clock) = (self.me.as_ref(), self.clock);
        let found = look(self.store, self.prefix, clock).await?;
        if found.is_empty() {
            return Ok(Pins::default());
        }
        let who = me.map_or_else(String::new, |me| format!("{} {} {}", me.state, me.process, me.run));
        let now = chain::store_time(self.store, self.prefix, &who, clock).await?;
        Ok(judge(found, me, &now))
    }
}

/// The points that somebody pins, by this host's clock: nothing is written to ask the store for the time.
///
/// # Errors
/// When the store cannot be read.
pub async fn pinned(
    store: &dyn StoreRead,
    prefix: &str,
    clock: &dyn Clock,
) -> Result<BTreeMap<PointId, Option<String>>, Fault> {
    let found = look(store, prefix, clock).await?;
    let now = clock.now();
    Ok(judge(found, None, &StoreTime { store: Some(now), here: now }).live)
}

/// Puts the manifest of a point back that somebody pinned just when it was to be deleted; the rest of it was not touched.
///
/// # Errors
/// When the store refuses: then the archive and the contents are there alone, and go when they are old.
pub(in crate::steps) async fn put_back(
    store: &dyn StoreWrite,
    place: &PointPlace,
    manifest: &[u8],
) -> Result<(), Fault> {
    chain::write(store, &place.key(Part::Manifest), manifest).await.map(drop)
}

fn judge(found: Vec<(Pin, Found)>, me: Option<&LeaseHolder>, now: &StoreTime) -> Pins {
    let mut pins = Pins::default();
    for (pin, found) in found {
        let is_dead = me.zip(found.lease.as_ref()).is_some_and(|(me, lease)| me.succeeds(&lease.holder));
        if is_dead || found.seen(now).has_run_out() {
            pins.dead.push(found.key);
        } else {
            pins.live.insert(pin.point, found.lease.map(|lease| lease.holder.machine));
        }
    }
    pins
}

/// All objects of pins. As with leases, what changes while it is looked at is looked at again, and so is what took as long as a renewal does.
async fn look(store: &dyn StoreRead, prefix: &str, clock: &dyn Clock) -> Result<Vec<(Pin, Found)>, Fault> {
    for _ in 0..TRIES_MAX {
        let began = Moment::now(clock);
        if let Some(found) = look_once(store, prefix).await?
            && began.passed(clock) < LEASE_RENEWED_EVERY
        {
            return Ok(found);
        }
    }
    Err(busy(prefix))
}

async fn look_once(store: &dyn StoreRead, prefix: &str) -> Result<Option<Vec<(Pin, Found)>>, Fault> {
    let mut found = vec![];
    for object in chain::list(store, &Pin::all(prefix)).await? {
        let Some(pin) = Pin::parse(&object.key, prefix) else { continue };
        match read(store, object, pin.number).await? {
            Some(object) => found.push((pin, object)),
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

/// None where it is gone. One that this user may not read is believed for as long as one that cannot be understood.
async fn read(store: &dyn StoreRead, object: ObjectInfo, number: u64) -> Result<Option<Found>, Fault> {
    let bytes = match store.read(&object.key, 0, LEASE_BYTES_MAX + 1).await {
        Err(fault) if fault.cause == Cause::NotFound => return Ok(None),
        Err(fault) if fault.certainty == Certainty::Permanent => bytes::Bytes::new(),
        answer => answer?,
    };
    let lease = Lease::decode(&bytes).ok();
    Ok(Some(Found { key: object.key, number, stored: object.stored, bytes, lease }))
}
