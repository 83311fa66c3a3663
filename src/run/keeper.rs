//! Keeps the leases and the pins of a run: takes them, renews them while it runs, gives them back.
//!
//! Unaware of what is done under them. Invariant: what was taken is given back however the run ends, unless the process dies or the
//! store does not answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::ports::{Cause, Certainty, Fault, Lock};
use crate::primitives::Name;
use crate::steps::{
    HeldLease, HeldPin, LEASE_RENEWED_EVERY, LeaseEntry, LeaseSeen, LeaseTaken, LeaseWanted, Leases, PinWanted,
};

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
    /// Pins are given back all at once, at the end.
    pins: Vec<oneshot::Sender<Guards>>,
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

    /// Pins one more point; answers whether the point was there then. Where the store refuses, the run does without.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn pin(&self, wanted: PinWanted) -> Result<bool, Fault> {
        let pin = Arc::new(wanted.put().await?);
        let (end, ended) = oneshot::channel();
        {
            let mut kept = self.kept();
            kept.pins.push(end);
            kept.renewing.spawn(keep(Arc::clone(&pin), ended));
        }
        pin.holds().await
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
            kept.pins.clear();
            std::mem::take(&mut kept.renewing)
        };
        let mut faults = vec![];
        let all = async {
            while let Some(released) = renewing.join_next().await {
                // A task that panicked is a bug, and its lease runs out.
                faults.extend(released.ok().and_then(Result::err));
            }
        };
        if tokio::time::timeout(RELEASING, all).await.is_err() {
            let (action, answer) = ("give a lease or a pin back".into(), "the store does not answer".into());
            faults.push(Fault {
                action,
                answer,
                cause: Cause::Other,
                certainty: Certainty::Transient,
                retry_after: None,
            });
        }
        faults
    }
}

/// What lasts for a while, and is renewed.
trait Renewed: Send + Sync + 'static {
    fn renew(&self) -> impl Future<Output = Result<(), Fault>> + Send;
    fn release(&self) -> impl Future<Output = Result<(), Fault>> + Send;
}

impl Renewed for HeldLease {
    async fn renew(&self) -> Result<(), Fault> {
        Self::renew(self).await
    }

    async fn release(&self) -> Result<(), Fault> {
        Self::release(self).await
    }
}

impl Renewed for HeldPin {
    async fn renew(&self) -> Result<(), Fault> {
        Self::renew(self).await
    }

    async fn release(&self) -> Result<(), Fault> {
        Self::release(self).await
    }
}

/// Renews a lease or a pin until the end, and gives it back.
async fn keep(held: Arc<impl Renewed>, mut ended: oneshot::Receiver<Guards>) -> Result<(), Fault> {
    let mut pause = LEASE_RENEWED_EVERY;
    loop {
        tokio::select! {
            biased;
            guards = &mut ended => {
                let released = held.release().await;
                drop(guards);
                return released;
            }
            () = tokio::time::sleep(pause) => {
                pause = match held.renew().await {
                    Ok(()) => LEASE_RENEWED_EVERY,
                    // Whoever deletes looks, and finds out where it is over.
                    Err(_) => TRIED_AGAIN_AFTER,
                };
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::LeaseHolder;
    use crate::fakes::{FaultScript, Injected, World};
    use crate::ports::Locks as _;
    use crate::primitives::RunId;

    const PREFIX: &str = "home/photos/daily/nas/";

    fn simulated<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(future)
    }

    fn wanted(world: &World, host: &str) -> LeaseWanted {
        let holder = LeaseHolder {
            run: RunId::parse("20260301T053000Z-0000002a").unwrap(),
            machine: host.into(),
            process: 7,
            state: host.into(),
            boot: host.into(),
            lock: host.into(),
        };
        LeaseWanted { store: world.store("shelf"), prefix: PREFIX.into(), holder, clock: world.clock() }
    }

    fn name() -> LeaseName {
        (Name::parse("shelf").unwrap(), PREFIX.into())
    }

    async fn minutes(number: u64) {
        tokio::time::sleep(Duration::from_secs(60 * number)).await;
    }

    #[test]
    fn a_lease_is_renewed_for_as_long_as_it_takes_and_given_back() {
        simulated(async {
            let world = World::tied_to_tokio(1);
            let (keeper, other) = (Keeper::default(), Keeper::default());
            assert!(keeper.take(name(), wanted(&world, "a")).await.is_none());
            for _ in 0..10 {
                minutes(17).await;
                let seen = other.take(name(), wanted(&world, "b")).await.expect("it is held");
                assert!(seen.age.as_secs() <= 60, "{seen:?}");
            }
            // For a while the store refuses; then it is tried again soon.
            world.script(FaultScript::new().always_on("store.begin", "", Injected::RefuseForGood(Cause::Other)));
            minutes(4).await;
            world.script(FaultScript::new());
            minutes(1).await;
            let seen = other.take(name(), wanted(&world, "b")).await.expect("it is held");
            assert!(seen.age.as_secs() <= 60, "{seen:?}");
            assert_eq!(keeper.close().await, []);
            assert!(world.store("shelf").objects().is_empty());
            assert!(other.take(name(), wanted(&world, "b")).await.is_none());
        });
    }

    #[test]
    fn a_lock_is_let_go_when_the_lease_was_given_back_and_not_before() {
        simulated(async {
            let world = World::tied_to_tokio(1);
            let keeper = Keeper::default();
            assert!(keeper.take(name(), wanted(&world, "a")).await.is_none());
            let lock = world.journal().try_lock("a").await.unwrap().unwrap();
            world.script(FaultScript::new().always_on("store.delete", "", Injected::Delay(Duration::from_secs(2))));
            keeper.release(&name(), vec![lock]);
            let is_free = async || world.journal().try_lock("a").await.unwrap().is_some();
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert!(!is_free().await && !world.store("shelf").objects().is_empty());
            tokio::time::sleep(Duration::from_secs(2)).await;
            assert!(is_free().await && world.store("shelf").objects().is_empty());
            assert_eq!(keeper.close().await, []);
        });
    }

    #[test]
    fn a_store_that_does_not_answer_keeps_nobody_up() {
        simulated(async {
            let world = World::tied_to_tokio(1);
            let keeper = Keeper::default();
            assert!(keeper.take(name(), wanted(&world, "a")).await.is_none());
            world.script(FaultScript::new().always_on("store.list", "", Injected::Delay(Duration::from_secs(3_600))));
            assert_eq!(keeper.close().await.len(), 1);
        });
    }
}
