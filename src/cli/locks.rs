//! Which locks a run holds: per resource, not per program. A resource is named by where it really is, so that whoever reaches it
//! another way meets the same lock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::Failure;
use crate::catalog::job_prefix;
use crate::drivers::SystemClock;
use crate::forecast::{Action, DatabaseAction, Forecast, Subject};
use crate::ports::{Clock as _, DatabaseName, Fault, Lock, Locks, StorePlace, StoreRead, TreeRead};
use crate::primitives::{HostPath, JobName, Name, PathBytes, RunId};
use crate::report;
use crate::report::lease::{LockNote, Other};
use crate::run::{ExitStatus, LeaseName};
use crate::steps;

/// What a run must have for itself.
#[derive(Debug, Clone)]
pub(super) enum Resource {
    /// What a job writes: the objects of a store whose keys begin so. Between hosts, there is a lease of it.
    Job {
        /// The store's name in the plan.
        store: Name,
        /// Where it really is.
        place: StorePlace,
        /// What the keys begin with.
        prefix: String,
    },
    /// A folder that a restore makes.
    Destination(PathBytes),
    /// What is done with a database that a provider runs: a job, or a new one that is made. Between hosts, the provider's own names tell who was
    /// first.
    Database(String),
    /// The points of a job that a restore reads, in a store, whatever the host: shared with other restores, and not with a deletion.
    Points(StorePlace, String),
}

impl Resource {
    /// What a job does with a database.
    pub(super) fn of_database_job(plan: &Name, job: &JobName) -> Self {
        Self::Database(format!("job {plan}/{job} of a database"))
    }

    /// What a restore does with one.
    pub(super) fn of_new_database(database: &DatabaseName) -> Self {
        Self::Database(format!("restore {database}"))
    }

    fn is_shared(&self) -> bool {
        matches!(self, Self::Points(..))
    }

    /// The lease that goes with it, if one does.
    pub(super) fn lease_name(&self) -> Option<LeaseName> {
        match self {
            Self::Job { store, prefix, .. } => Some((store.clone(), prefix.clone())),
            Self::Destination(_) | Self::Database(_) | Self::Points(..) => None,
        }
    }

    /// What people read, and what the lock of this host is called.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Job { place, prefix, .. } => format!("job {} in {place}", prefix.trim_end_matches('/')),
            Self::Destination(folder) => format!("restore {folder}"),
            Self::Database(what) => what.clone(),
            Self::Points(store, prefix) => steps::points_lock(store, prefix),
        }
    }
}

/// The world, as far as resources are found in it.
pub(super) struct Finder<'a> {
    pub(super) tree: &'a dyn TreeRead,
    pub(super) stores: &'a BTreeMap<Name, Arc<dyn StoreRead>>,
}

impl Finder<'_> {
    async fn place(&self, store: &Name) -> Result<StorePlace, Failure> {
        let missing = || Failure::error(format!("the plan has no store {store}"));
        Ok(self.stores.get(store).ok_or_else(missing)?.real_place().await?)
    }

    /// What jobs write: the store of each, and what its keys begin with.
    pub(super) async fn jobs(&self, written: Vec<(Name, String)>) -> Result<Vec<Resource>, Failure> {
        let mut found = vec![];
        for (store, prefix) in written {
            let place = self.place(&store).await?;
            found.push(Resource::Job { store, place, prefix });
        }
        Ok(found)
    }

    /// The folders that a restore makes.
    pub(super) async fn destinations(&self, into: &[HostPath]) -> Result<Vec<Resource>, Failure> {
        let mut found = vec![];
        for folder in into {
            found.push(Resource::Destination(match &folder.host {
                None => self.tree.real(&folder.path).await?,
                // No real path begins so. Whoever restores to that host from another one is not seen; nothing is put over what is there.
                Some(host) => PathBytes::new([b"//", host.as_bytes(), folder.path.as_bytes()].concat()),
            }));
        }
        Ok(found)
    }

    /// The points that a restore may read: the store of each job, and what the keys of its points begin with.
    pub(super) async fn points(&self, read: Vec<(Name, String)>) -> Result<Vec<Resource>, Failure> {
        let mut found = vec![];
        for (store, prefix) in read {
            found.push(Resource::Points(self.place(&store).await?, prefix));
        }
        Ok(found)
    }

    /// The resources of a forecast.
    pub(super) async fn of(&self, forecast: &Forecast) -> Result<Vec<Resource>, Failure> {
        let (mut written, mut into, mut read, mut found) = (vec![], vec![], vec![], vec![]);
        for step in &forecast.steps {
            match &step.action {
                // Every job has such a step.
                Action::Delete { store, prefix, .. } => written.push((store.clone(), prefix.clone())),
                Action::Recover(recovery) => {
                    if let (Some(store), Some(manifest)) = (&recovery.store, &recovery.manifest) {
                        read.push((store.clone(), job_prefix(&manifest.plan, &manifest.job)));
                    }
                }
                Action::Database(action) => found.extend(match (&**action, action.job()) {
                    (_, Some(job)) => Some(Resource::of_database_job(&forecast.plan, job)),
                    (DatabaseAction::Recover(of), _) => Some(Resource::of_new_database(&of.into)),
                    (DatabaseAction::Switch(of), _) => Some(Resource::of_new_database(&of.to)),
                    _ => None,
                }),
                _ => {}
            }
            into.extend(step.action.destination());
        }
        // What a restore made is not made and taken back at the same time.
        if let Subject::RollBack(back) = &forecast.subject {
            into.extend(back.destinations.iter().cloned());
        }
        found.extend(self.jobs(written).await?);
        found.extend(self.destinations(&into).await?);
        found.extend(self.points(read).await?);
        Ok(found)
    }
}

/// How long a restore waits for a deletion to end, and how often it looks.
const DELETION: Duration = Duration::from_secs(30);
const LOOKS_EVERY: Duration = Duration::from_millis(100);
/// How often somebody who waits asks for a lock.
const ASKED_EVERY: Duration = Duration::from_secs(1);

/// What a run holds of this host: the locks, and what they are called.
#[derive(Default)]
pub(super) struct Locked {
    pub(super) locks: Vec<Box<dyn Lock>>,
    /// Those that nobody shares, at which a note stands.
    noted: Vec<String>,
}

impl Locked {
    /// Leaves word for whoever meets the locks. That it cannot be left is no reason not to run.
    pub(super) async fn note(&self, locks: &dyn Locks, run: Option<&RunId>, since: Timestamp) {
        let note = LockNote { run: run.cloned(), process: std::process::id(), since };
        let Ok(note) = serde_json::to_string(&note) else { return };
        for name in &self.noted {
            let _best_effort = locks.leave_note(name, &note).await;
        }
    }
}

/// Takes all of them, or none: then it says who holds one. They are released when what this answers is dropped, or by death.
pub(super) async fn take(locks: &dyn Locks, resources: &[Resource]) -> Result<Result<Locked, Refusal>, Fault> {
    let mut named: Vec<(String, bool)> = resources.iter().map(|it| (it.text(), it.is_shared())).collect();
    // Everybody takes them in the same order, so two runs never wait for each other by halves.
    named.sort();
    named.dedup();
    let mut held = Locked::default();
    for (name, shared) in named {
        let lock = if shared { share(locks, &name).await? } else { locks.try_lock(&name).await? };
        let Some(lock) = lock else { return Ok(Err(refusal(locks, &name).await)) };
        held.locks.push(lock);
        if !shared {
            held.noted.push(name);
        }
    }
    Ok(Ok(held))
}

/// Why a run cannot begin now: somebody else is at work on the same.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) other: Other,
    /// After how long it is worth asking again.
    pub(super) again_after: Duration,
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self { status: ExitStatus::Locked, message: refusal.other.to_string() }
    }
}

async fn refusal(locks: &dyn Locks, name: &str) -> Refusal {
    let note = locks.note(name).await.ok().flatten();
    let note: Option<LockNote> = note.and_then(|note| serde_json::from_str(&note).ok());
    Refusal { other: report::lease::locked(name, note.as_ref(), SystemClock.now()), again_after: ASKED_EVERY }
}

/// A deletion holds the lock for moments, and whoever restores is in need: so it is waited for.
async fn share(locks: &dyn Locks, name: &str) -> Result<Option<Box<dyn Lock>>, Fault> {
    for _ in 0..DELETION.as_millis() / LOOKS_EVERY.as_millis() {
        if let Some(lock) = locks.try_share(name).await? {
            return Ok(Some(lock));
        }
        tokio::time::sleep(LOOKS_EVERY).await;
    }
    locks.try_share(name).await
}
