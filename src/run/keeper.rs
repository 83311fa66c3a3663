//! Keeps the leases of a run: takes them, renews them while it runs, gives them back.
//!
//! Unaware of what is done under them. Invariant: a lease that was taken is given back however the run ends, unless the process dies or the
//! store does not answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::ports::{Fault, Lock};
use crate::primitives::Name;
use crate::steps::{HeldLease, LEASE_RENEWED_EVERY, LeaseEntry, LeaseSeen, LeaseTaken, LeaseWanted, Leases};

/// How soon a renewal that failed is tried again.
const TRIED_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// How long a store is given to take leases back.
const RELEASING: Duration = Duration::from_secs(5);

/// Which lease: the store, and what the keys of the job's points of the host begin with.
pub type LeaseName = (Name, String);
/// What is let go when a lease was given back.
type Guards = Vec<Box<dyn Lock>>;

/// Leases that are renewed until they are given back.
#[derive(Default)]
pub struct Keeper(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    entries: BTreeMap<LeaseName, LeaseEntry>,
    ends: BTreeMap<LeaseName, oneshot::Sender<Guards>>,
    renewing: JoinSet<Result<(), Fault>>,
}

impl Keeper {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one more lease; answers who holds it, if somebody else does. Where the store refuses, the run does without: it deletes nothing.
    pub async fn take(&self, name: LeaseName, wanted: LeaseWanted) -> Option<Box<LeaseSeen>> {
        let taken = wanted.take().await;
        let mut kept = self.kept();
        let entry = match taken {
            Ok(LeaseTaken::By(seen)) => return Some(seen),
            Ok(LeaseTaken::Held(lease)) => {
                let (end, ended) = oneshot::channel();
                kept.ends.insert(name.clone(), end);
                kept.renewing.spawn(keep(Arc::clone(&lease), ended));
                LeaseEntry::Held(lease)
            }
            Err(fault) => LeaseEntry::NotTaken(fault),
        };
        kept.entries.insert(name, entry);
        None
    }

    /// The leases, for the steps.
    pub fn leases(&self) -> Leases {
        Leases::Of(self.kept().entries.clone())
    }

    /// Gives one back soon, and lets go of these then.
    pub fn release(&self, name: &LeaseName, guards: Guards) {
        let end = self.kept().ends.remove(name);
        if let Some(end) = end {
            // An error means that its task is gone: then it was given back. One that could not be taken has none.
            let _released = end.send(guards).is_ok();
        }
    }

    /// Gives all back; answers what could not be, and will run out.
    pub async fn close(&self) -> Vec<Fault> {
        let mut renewing = {
            let mut kept = self.kept();
            kept.ends.clear();
            std::mem::take(&mut kept.renewing)
        };
        let mut faults = vec![];
        let all = async {
            while let Some(released) = renewing.join_next().await {
                // A task that panicked is a bug, and its lease runs out.
                faults.extend(released.ok().and_then(Result::err));
            }
        };
        let _best_effort = tokio::time::timeout(RELEASING, all).await;
        faults
    }
}

/// Renews a lease until the end, and gives it back.
async fn keep(lease: Arc<HeldLease>, mut ended: oneshot::Receiver<Guards>) -> Result<(), Fault> {
    let mut pause = LEASE_RENEWED_EVERY;
    loop {
        tokio::select! {
            biased;
            guards = &mut ended => {
                let released = lease.release().await;
                drop(guards);
                return released;
            }
            () = tokio::time::sleep(pause) => {
                pause = match lease.renew().await {
                    Ok(()) => LEASE_RENEWED_EVERY,
                    // Whoever deletes looks, and finds out where it is over.
                    Err(_) => TRIED_AGAIN_AFTER,
                };
            }
        }
    }
}
