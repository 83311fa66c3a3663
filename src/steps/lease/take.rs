//! Takes a lease, or says who holds it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::chain::{self, Found, LeaseSeen, StoreTime, TRIES_MAX, There, busy, invalid};
use super::moment::Moment;
use super::{HeldLease, LASTS, TRUSTED};
use crate::catalog::{LEASE_FORMAT_VERSION, Lease, LeaseHolder, Pin};
use crate::ports::{Clock, Fault, StoreWrite};
use crate::primitives::Key;

/// How old an object must be that somebody wrote to learn the time, for nobody to wait for it.
const ASKED_LASTS: SignedDuration = SignedDuration::from_hours(1);

/// A lease that is asked for. Whoever asks holds the lock of the operating system that `holder` names.
#[derive(Clone)]
pub struct LeaseWanted {
    /// In which store.
    pub store: Arc<dyn StoreWrite>,
    /// What the keys of the job's points of the host begin with.
    pub prefix: String,
    /// For whom.
    pub holder: LeaseHolder,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// What came of asking.
pub enum LeaseTaken {
    /// It is held. It must be renewed, and released at the end.
    Held(Arc<HeldLease>),
    /// Somebody else holds it.
    By(Box<LeaseSeen>),
}

/// What came of one attempt.
enum Attempt {
    Held(Box<Own>),
    By(Box<LeaseSeen>),
    /// Somebody else asked at the same time.
    Again(Option<Box<LeaseSeen>>),
}

/// An object that one wrote oneself.
#[derive(Debug, Clone)]
pub(super) struct Own {
    pub(super) key: Key,
    pub(super) bytes: Vec<u8>,
    pub(super) lease: Lease,
    /// A moment before it was written.
    pub(super) since: Moment,
}

impl Own {
    /// Whether its holder may still believe in it.
    pub(super) fn is_trusted(&self, clock: &dyn Clock) -> bool {
        self.since.passed(clock) < TRUSTED
    }

    pub(super) fn is(&self, found: &Found) -> bool {
        found.key == self.key && found.bytes == self.bytes
    }
}

impl LeaseWanted {
    /// Takes it where nobody holds it.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn take(self) -> Result<LeaseTaken, Fault> {
        let mut other = None;
        for _ in 0..TRIES_MAX {
            match self.attempt().await? {
                Attempt::Held(own) => return Ok(LeaseTaken::Held(Arc::new(HeldLease::new(self, *own)))),
                Attempt::By(seen) => return Ok(LeaseTaken::By(seen)),
                Attempt::Again(seen) => other = seen.or(other),
            }
        }
        other.map(LeaseTaken::By).ok_or_else(|| busy(&self.prefix))
    }

    pub(super) async fn look(&self) -> Result<There, Fault> {
        chain::look(&*self.store, &self.prefix, &*self.clock).await
    }

    async fn attempt(&self) -> Result<Attempt, Fault> {
        let there = self.look().await?.leases;
        if let Some(alive) = self.alive(&there).await? {
            return Ok(Attempt::By(alive));
        }
        let number = there.last().map_or(0, |found| found.number).saturating_add(1);
        let Some(own) = self.write(number, self.clock.now()).await? else { return Ok(Attempt::Again(None)) };
        let confirmed = self.confirm(&own, &there).await;
        if !matches!(confirmed, Ok(None)) {
            chain::withdraw(&*self.store, &own.key, &own.bytes).await;
        }
        Ok(confirmed?.unwrap_or_else(|| Attempt::Held(Box::new(own))))
    }

    /// The newest of these of which nobody knows that it is dead.
    async fn alive(&self, there: &[Found]) -> Result<Option<Box<LeaseSeen>>, Fault> {
        let is_dead = |found: &Found| found.lease.as_ref().is_some_and(|lease| self.holder.succeeds(&lease.holder));
        let others: Vec<&Found> = there.iter().filter(|found| !is_dead(found)).collect();
        if others.is_empty() {
            return Ok(None);
        }
        let who = format!("{} {} {}", self.holder.state, self.holder.process, self.holder.run);
        let now = chain::store_time(&*self.store, &self.prefix, &who, &*self.clock).await?;
        let mut seen = others.iter().rev().map(|found| found.seen(&now));
        Ok(seen.find(|seen| !seen.has_run_out()).map(Box::new))
    }

    /// Writes the object of that number; none where another is there.
    pub(super) async fn write(&self, number: u64, taken: Timestamp) -> Result<Option<Own>, Fault> {
        let since = Moment::now(&*self.clock);
        let lease = Lease {
            format_version: LEASE_FORMAT_VERSION,
            holder: self.holder.clone(),
            number,
            taken,
            renewed: self.clock.now(),
            lasts_s: u32::try_from(LASTS.as_secs()).unwrap_or(u32::MAX),
        };
        let key = Lease::key(&self.prefix, number).map_err(|error| invalid(&error))?;
        let bytes = lease.encode().map_err(|error| invalid(&error))?;
        let written = chain::write(&*self.store, &key, &bytes).await?;
        Ok(written.then_some(Own { key, bytes, lease, since }))
    }

    /// Looks again: none where nothing is there but what was written and what was judged, which is removed.
    async fn confirm(&self, own: &Own, judged: &[Found]) -> Result<Option<Attempt>, Fault> {
        let there = self.look().await?;
        let strange = there.leases.iter().find(|found| !own.is(found) && !judged.contains(found));
        if let Some(strange) = strange {
            // It was written a moment ago.
            let now = StoreTime { store: strange.stored, here: self.clock.now() };
            return Ok(Some(Attempt::Again(Some(Box::new(strange.seen(&now))))));
        }
        if !there.leases.iter().any(|found| own.is(found)) {
            return Ok(Some(Attempt::Again(None)));
        }
        for dead in there.leases.iter().filter(|found| !own.is(found)) {
            self.store.delete(&dead.key).await?;
        }
        self.sweep(&there, own).await?;
        // All of this took its time.
        Ok((!own.is_trusted(&*self.clock)).then_some(Attempt::Again(None)))
    }

    /// Removes what the dead left that is no lease. What somebody has under way just now he begins again.
    async fn sweep(&self, there: &There, own: &Own) -> Result<(), Fault> {
        for begins in [Lease::all(&self.prefix), Pin::all(&self.prefix)] {
            for upload in self.store.uploads(&begins).await? {
                self.store.abort(&upload).await?;
            }
        }
        let now = there.leases.iter().find(|found| own.is(found)).and_then(|found| found.stored);
        for asked in &there.asked {
            let age = now.zip(asked.stored).map(|(now, stored)| now.duration_since(stored));
            if age.is_some_and(|age| age > ASKED_LASTS) {
                self.store.delete(&asked.key).await?;
            }
        }
        Ok(())
    }
}
