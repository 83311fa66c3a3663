//! What a run has for itself while it goes on: locks of this host, and leases in stores; waited for where that is asked.
//!
//! Unaware of what is done with them. Invariant: what is held is given back however the run ends, unless the process dies.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::locks::{self, Locked, Refusal, Resource};
use super::{Failure, host, output, world};
use crate::catalog::{LeaseHolder, host_prefix};
use crate::drivers::{StateFolder, SystemClock};
use crate::forecast::{Action, Forecast, ForecastStep, StoreLocation};
use crate::ports::{Clock as _, Fault, StoreWrite};
use crate::primitives::{Name, RunId};
use crate::report;
use crate::run::{ExitStatus, Keeper, LeaseName};
use crate::steps::LeaseWanted;

/// How often somebody who waits asks for a lease: to ask writes to the store.
const ASKED_EVERY: Duration = Duration::from_secs(5);

/// Who asks.
pub(super) struct Asker<'a> {
    pub(super) state: &'a Arc<StateFolder>,
    pub(super) locations: &'a BTreeMap<Name, StoreLocation>,
    /// The plan's file, as a person would name it.
    pub(super) plan: String,
}

/// What a run holds.
pub(super) struct Held {
    pub(super) state: Arc<StateFolder>,
    pub(super) keeper: Keeper,
    /// A moment before all was held: by it the run has its name in the leases.
    pub(super) at: Timestamp,
    locked: Locked,
    later: Vec<Resource>,
}

impl Held {
    /// Takes the leases that wait for the forecast.
    pub(super) async fn settle(&self, asker: &Asker<'_>, forecast: &Forecast) -> Result<(), Failure> {
        match settle(asker, &self.later, forecast, &self.keeper).await?.pop_first() {
            Some((_, refusal)) => Err(refusal.into()),
            None => Ok(()),
        }
    }

    /// Leaves word of the run at the locks of this host.
    pub(super) async fn note(&self, run: &RunId) {
        self.locked.note(&*self.state, Some(run), self.at).await;
    }

    /// Does something meanwhile, and gives all back whatever comes of it.
    pub(super) async fn during<T>(self, body: impl AsyncFnOnce(&Self) -> Result<T, Failure>) -> Result<T, Failure> {
        let done = body(&self).await;
        close(&self.keeper).await;
        done
    }
}

/// Gives leases and pins back; what cannot be is said.
pub(super) async fn close(keeper: &Keeper) {
    for fault in keeper.close().await {
        output::say(&format!("a lease or a pin could not be given back, and will run out: {fault}"));
    }
}

/// Whose name is in the leases: that of a run that is resumed, or of one whose world is observed at that moment.
pub(super) type Named<'a> = &'a dyn Fn(Timestamp) -> RunId;

/// Takes all, or says who is at work on the same; where a time to wait is given, only when it is over.
pub(super) async fn hold(
    asker: &Asker<'_>,
    resources: &[Resource],
    named: Named<'_>,
    wait: Option<Duration>,
    interrupts: &mut mpsc::Receiver<()>,
) -> Result<Held, Failure> {
    let began = Instant::now();
    let mut told = false;
    loop {
        let refusal = match unless_interrupted(interrupts, attempt(asker, resources, named)).await?? {
            Ok(held) => return Ok(held),
            Err(refusal) => refusal,
        };
        let left = wait.unwrap_or_default().saturating_sub(began.elapsed());
        if left.is_zero() {
            return Err(refusal.into());
        }
        if !told {
            output::say(&format!("waiting: {}", refusal.other.who));
            told = true;
        }
        unless_interrupted(interrupts, tokio::time::sleep(left.min(refusal.again_after))).await?;
    }
}

/// Waits for something, unless a person stops the run first.
pub(super) async fn unless_interrupted<T>(
    interrupts: &mut mpsc::Receiver<()>,
    waited_for: impl Future<Output = T>,
) -> Result<T, Failure> {
    tokio::select! {
        biased;
        Some(()) = interrupts.recv() => {
            let message = "interrupted before anything was changed".to_owned();
            Err(Failure { status: ExitStatus::Interrupted, message })
        }
        done = waited_for => Ok(done),
    }
}

/// Takes all at once, or nothing: nobody holds one thing while he waits for another.
async fn attempt(asker: &Asker<'_>, resources: &[Resource], named: Named<'_>) -> Result<Result<Held, Refusal>, Fault> {
    let (at, state) = (SystemClock.now(), Arc::clone(asker.state));
    let locked = match locks::take(&*state, resources).await? {
        Ok(locked) => locked,
        Err(refusal) => return Ok(Err(refusal)),
    };
    locked.note(&*state, None, at).await;
    let keeper = Keeper::default();
    match lease(asker, resources, &named(at), &keeper).await? {
        Ok(later) => Ok(Ok(Held { state, keeper, at, locked, later })),
        Err(refusal) => {
            close(&keeper).await;
            Ok(Err(refusal))
        }
    }
}

/// Takes the leases of what a run writes, whose locks it holds; says who holds one. Answers those for which it is too early: where a store
/// holds nothing of a job and host there is nothing that could be deleted, and nothing is made for a job before the forecast says that it
/// can begin.
pub(super) async fn lease(
    asker: &Asker<'_>,
    resources: &[Resource],
    run: &RunId,
    keeper: &Keeper,
) -> Result<Result<Vec<Resource>, Refusal>, Fault> {
    let (stores, mut later) = (world::stores(asker.locations), vec![]);
    for resource in resources {
        let Some((store, prefix)) = resource.lease_name() else { continue };
        let Some(store) = stores.get(&store) else { continue };
        // A store that cannot be read says so when the world is observed.
        match store.list(&prefix, None, 1).await {
            Ok(page) if !page.objects.is_empty() => {}
            _ => {
                later.push(resource.clone());
                continue;
            }
        }
        if let Some(refusal) = lease_one(asker, resource, store, run, keeper).await? {
            return Ok(Err(refusal));
        }
    }
    Ok(Ok(later))
}

/// Takes those for which it was too early, but for jobs that will plainly not begin; answers those that another run took meanwhile.
pub(super) async fn settle(
    asker: &Asker<'_>,
    later: &[Resource],
    forecast: &Forecast,
    keeper: &Keeper,
) -> Result<BTreeMap<LeaseName, Refusal>, Fault> {
    let (stores, mut refused) = (world::stores(asker.locations), BTreeMap::new());
    let fails: BTreeSet<LeaseName> = forecast.steps.iter().filter_map(|step| cannot_begin(forecast, step)).collect();
    for resource in later {
        let Some(name) = resource.lease_name().filter(|name| !fails.contains(name)) else { continue };
        let Some(store) = stores.get(&name.0) else { continue };
        if let Some(refusal) = lease_one(asker, resource, store, &forecast.run, keeper).await? {
            refused.insert(name, refusal);
        }
    }
    Ok(refused)
}

/// The lease of a job whose first step will fail.
fn cannot_begin(forecast: &Forecast, step: &ForecastStep) -> Option<LeaseName> {
    let Action::Look { job, store, .. } = &step.action else { return None };
    step.foreseen.as_ref().map(|_| (store.clone(), host_prefix(&forecast.plan, job, &forecast.host)))
}

async fn lease_one(
    asker: &Asker<'_>,
    resource: &Resource,
    store: &Arc<dyn StoreWrite>,
    run: &RunId,
    keeper: &Keeper,
) -> Result<Option<Refusal>, Fault> {
    let Some(name) = resource.lease_name() else { return Ok(None) };
    let (wanted, job) = (wanted(asker, resource, &name.1, run, store).await?, job(&name.1));
    let refusal = |seen: Box<_>| Refusal {
        other: report::lease::leased(&resource.text(), &seen, &asker.plan, &job),
        again_after: ASKED_EVERY,
    };
    Ok(keeper.take(name, wanted).await.map(refusal))
}

async fn wanted(
    asker: &Asker<'_>,
    resource: &Resource,
    prefix: &str,
    run: &RunId,
    store: &Arc<dyn StoreWrite>,
) -> Result<LeaseWanted, Fault> {
    let holder = LeaseHolder {
        run: run.clone(),
        machine: host::machine(),
        process: std::process::id(),
        state: asker.state.identity().await?,
        boot: host::boot(),
        lock: resource.text(),
    };
    Ok(LeaseWanted { store: Arc::clone(store), prefix: prefix.to_owned(), holder, clock: Arc::new(SystemClock) })
}

/// The job that a prefix is of.
fn job(prefix: &str) -> String {
    prefix.split('/').skip(1).take(2).collect::<Vec<_>>().join("/")
}
