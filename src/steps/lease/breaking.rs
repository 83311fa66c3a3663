//! Shows the leases of a store, and breaks the one of a run that a person knows to be dead.

use super::LeaseSeen;
use super::chain::{self, Found, StoreTime, TRIES_MAX, busy};
use crate::catalog::Lease;
use crate::ports::{Clock, Fault, StoreRead, StoreWrite};
use crate::primitives::RunId;

/// A lease that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseShown {
    /// What the keys of the job's points of the host begin with.
    pub prefix: String,
    /// What is known of it. How old it is, is by this host's clock: nothing is written to ask the store for the time.
    pub seen: LeaseSeen,
}

/// What came of breaking one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// It is gone.
    Gone,
    /// It has not run out, so it was left.
    Alive(Box<LeaseSeen>),
    /// There is none of that run.
    NotThere,
}

/// The leases of a job, whatever the host: the last object of each. `all` is what the keys of the job's points begin with.
///
/// # Errors
/// When the store cannot be read.
pub async fn leases_of(store: &dyn StoreRead, all: &str, clock: &dyn Clock) -> Result<Vec<LeaseShown>, Fault> {
    let mut prefixes: Vec<String> = vec![];
    for object in chain::list(store, all).await? {
        if let Some((prefix, _)) = Lease::split(&object.key)
            && prefixes.last().is_none_or(|last| last != prefix)
        {
            prefixes.push(prefix.to_owned());
        }
    }
    let mut shown = vec![];
    for prefix in prefixes {
        let there = chain::look(store, &prefix, clock).await?.leases;
        let now = StoreTime { store: Some(clock.now()), here: clock.now() };
        for (at, found) in there.iter().enumerate() {
            let is_last = !there.iter().skip(at + 1).any(|later| is_same(later, found));
            if is_last {
                shown.push(LeaseShown { prefix: prefix.clone(), seen: found.seen(&now) });
            }
        }
    }
    Ok(shown)
}

fn is_same(one: &Found, other: &Found) -> bool {
    one.lease.as_ref().zip(other.lease.as_ref()).is_some_and(|(one, other)| one.is_same(other))
}

/// Breaks the lease of a run: one that has run out, or any by `force`. Its holder finds that out before it deletes anything more.
///
/// # Errors
/// When the store refuses, or the lease is renewed as fast as it is broken.
pub async fn break_lease(
    store: &dyn StoreWrite,
    prefix: &str,
    run: &RunId,
    force: bool,
    clock: &dyn Clock,
) -> Result<Broken, Fault> {
    let mut broken = Broken::NotThere;
    for _ in 0..TRIES_MAX {
        let there = chain::look(store, prefix, clock).await?.leases;
        let is_its = |found: &&Found| found.lease.as_ref().is_some_and(|lease| lease.holder.run == *run);
        let its: Vec<&Found> = there.iter().filter(is_its).collect();
        let Some(last) = its.last() else { return Ok(broken) };
        let now = chain::store_time(store, prefix, &format!("unlock {run}"), clock).await?;
        let seen = last.seen(&now);
        if !force && !seen.has_run_out() {
            return Ok(Broken::Alive(Box::new(seen)));
        }
        for found in its {
            store.delete(&found.key).await?;
        }
        broken = Broken::Gone;
    }
    Err(busy(prefix))
}
