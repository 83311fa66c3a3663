//! The leases that a run has, or has not.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{HeldLease, LeaseLost};
use crate::catalog::LeaseHolder;
use crate::ports::Fault;
use crate::primitives::Name;

/// One that was asked for.
#[derive(Clone)]
pub enum LeaseEntry {
    /// It was taken.
    Held(Arc<HeldLease>),
    /// It could not be: the store refused.
    NotTaken(Fault),
}

/// The leases of a run, by store and by what the keys of the job's points of the host begin with.
#[derive(Clone)]
pub enum Leases {
    /// Nobody else reaches the stores: they are simulated.
    Alone,
    /// These.
    Of(BTreeMap<(Name, String), LeaseEntry>),
}

impl Leases {
    /// For whom a lease was taken; none where it was not.
    pub(in crate::steps) fn holder(&self, store: &Name, prefix: &str) -> Option<&LeaseHolder> {
        let Self::Of(leases) = self else { return None };
        match leases.get(&(store.clone(), prefix.to_owned())) {
            Some(LeaseEntry::Held(lease)) => Some(lease.holder()),
            _ => None,
        }
    }

    /// Looks whether a lease is held now; answers why not. One that nobody asked for is not.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub(in crate::steps) async fn look(&self, store: &Name, prefix: &str) -> Result<Option<LeaseLost>, Fault> {
        let Self::Of(leases) = self else { return Ok(None) };
        match leases.get(&(store.clone(), prefix.to_owned())) {
            Some(LeaseEntry::Held(lease)) => lease.look().await,
            Some(LeaseEntry::NotTaken(fault)) => Ok(Some(LeaseLost::NotTaken { fault: fault.clone() })),
            None => Ok(Some(LeaseLost::Gone)),
        }
    }
}
