//! A lease that is held: renewed, looked at, released.

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::LeaseWanted;
use super::chain::{self, Found, TRIES_MAX, busy};
use super::take::Own;
use crate::catalog::LeaseHolder;
use crate::ports::Fault;

/// Why a lease is not held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum LeaseLost {
    /// It ran out and another run took it, or somebody broke it.
    Gone,
    /// It could not be renewed in time.
    NotRenewed {
        /// Why.
        fault: Fault,
    },
    /// It could not be taken.
    NotTaken {
        /// Why.
        fault: Fault,
    },
}

/// A lease that was taken. Renewing, looking and releasing may be stopped at any moment.
pub struct HeldLease {
    wanted: LeaseWanted,
    /// The last object; none when it was lost or released.
    own: Mutex<Option<Own>>,
}

impl HeldLease {
    pub(super) fn new(wanted: LeaseWanted, own: Own) -> Self {
        Self { wanted, own: Mutex::new(Some(own)) }
    }

    pub(super) fn holder(&self) -> &LeaseHolder {
        &self.wanted.holder
    }

    /// Makes it last longer, if it is still held.
    ///
    /// # Errors
    /// When the store refuses; then it lasts as long as before, and renewing it may be tried again.
    pub async fn renew(&self) -> Result<(), Fault> {
        self.go_on(&mut *self.own.lock().await).await
    }

    /// Looks whether it is held now; answers why not.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub async fn look(&self) -> Result<Option<LeaseLost>, Fault> {
        let (mut held, clock) = (self.own.lock().await, &*self.wanted.clock);
        if held.as_ref().is_some_and(|own| !own.is_trusted(clock))
            && let Err(fault) = self.go_on(&mut held).await
        {
            return Ok(Some(LeaseLost::NotRenewed { fault }));
        }
        let Some(own) = &*held else { return Ok(Some(LeaseLost::Gone)) };
        if !chain::is(&*self.wanted.store, &own.key, &own.bytes).await? {
            *held = None;
            return Ok(Some(LeaseLost::Gone));
        }
        // Reading it took its time.
        Ok((!own.is_trusted(clock)).then(|| LeaseLost::NotRenewed { fault: busy(&self.wanted.prefix) }))
    }

    /// For how long its holder believes in it if nobody tells him otherwise.
    #[cfg(test)]
    pub(super) async fn believed_for(&self) -> std::time::Duration {
        let passed = |own: &Own| own.since.passed(&*self.wanted.clock);
        let own = self.own.lock().await;
        own.as_ref().map_or(std::time::Duration::ZERO, |own| super::TRUSTED.saturating_sub(passed(own)))
    }

    /// Gives it back: all objects of it are removed.
    ///
    /// # Errors
    /// When the store refuses; what stays runs out.
    pub async fn release(&self) -> Result<(), Fault> {
        let Some(own) = self.own.lock().await.take() else { return Ok(()) };
        let there = self.wanted.look().await?;
        for found in there.leases.iter().filter(|found| is_of(found, &own)) {
            self.wanted.store.delete(&found.key).await?;
        }
        Ok(())
    }

    /// Writes the next object. A number that is taken is of somebody who will find this lease and withdraw, or of a renewal that was stopped.
    async fn go_on(&self, held: &mut Option<Own>) -> Result<(), Fault> {
        let Some(own) = held.clone() else { return Ok(()) };
        for ahead in 1..=u64::from(TRIES_MAX) {
            let number = own.lease.number.saturating_add(ahead);
            let Some(next) = self.wanted.write(number, own.lease.taken).await? else { continue };
            let kept = self.is_kept(&own, &next).await;
            if !matches!(kept, Ok(true)) {
                chain::withdraw(&*self.wanted.store, &next.key, &next.bytes).await;
            }
            *held = kept?.then_some(next);
            return Ok(());
        }
        Err(busy(&self.wanted.prefix))
    }

    /// Whether the lease was held all the while until now, when another object of it is there. What is older than both is removed.
    async fn is_kept(&self, own: &Own, next: &Own) -> Result<bool, Fault> {
        let there = self.wanted.look().await?.leases;
        let holds = |wanted: &Own| there.iter().any(|found| wanted.is(found));
        // Whoever takes or breaks a lease removes its objects.
        if !holds(own) || !holds(next) {
            return Ok(false);
        }
        // When its time was up, nobody else may be there, as when it is taken.
        let trusted = |own: &Own| own.is_trusted(&*self.wanted.clock);
        let is_alone = there.iter().all(|found| is_of(found, own));
        if !trusted(own) && (!is_alone || !trusted(next)) {
            return Ok(false);
        }
        for old in there.iter().filter(|found| is_of(found, own) && found.number < own.lease.number) {
            self.wanted.store.delete(&old.key).await?;
        }
        Ok(true)
    }
}

/// Whether an object is of the same lease as one's own.
fn is_of(found: &Found, own: &Own) -> bool {
    found.lease.as_ref().is_some_and(|lease| lease.is_same(&own.lease))
}
