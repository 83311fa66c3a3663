//! Which locks a run holds: per resource, not per program. A resource is named by where it really is, so that whoever reaches it
//! another way meets the same lock.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::Failure;
use crate::catalog::job_prefix;
use crate::forecast::{Action, Forecast};
use crate::ports::{Lock, Locks, StorePlace, StoreRead, TreeRead};
use crate::primitives::{Name, PathBytes};
use crate::run::ExitStatus;
use crate::steps;

/// What a run must have for itself.
pub(super) enum Resource {
    /// What a job writes: the objects of a store whose keys begin so.
    Job(StorePlace, String),
    /// A folder that a restore makes.
    Destination(PathBytes),
    /// The points of a job that a restore reads, in a store, whatever the host: shared with other restores, and not with a deletion.
    Points(StorePlace, String),
}

impl Resource {
    fn is_shared(&self) -> bool {
        matches!(self, Self::Points(..))
    }

    fn text(&self) -> String {
        match self {
            Self::Job(store, prefix) => format!("job {} in {store}", prefix.trim_end_matches('/')),
            Self::Destination(folder) => format!("restore {folder}"),
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
            found.push(Resource::Job(self.place(&store).await?, prefix));
        }
        Ok(found)
    }

    /// The folders that a restore makes.
    pub(super) async fn destinations(&self, into: &[PathBytes]) -> Result<Vec<Resource>, Failure> {
        let mut found = vec![];
        for folder in into {
            found.push(Resource::Destination(self.tree.real(folder).await?));
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
        let (mut written, mut into, mut read) = (vec![], vec![], vec![]);
        for step in &forecast.steps {
            match &step.action {
                // Every job has such a step.
                Action::Delete { store, prefix, .. } => written.push((store.clone(), prefix.clone())),
                Action::Recover(recovery) => {
                    into.push(recovery.into.clone());
                    if let (Some(store), Some(manifest)) = (&recovery.store, &recovery.manifest) {
                        read.push((store.clone(), job_prefix(&manifest.plan, &manifest.job)));
                    }
                }
                _ => {}
            }
        }
        let mut found = self.jobs(written).await?;
        found.extend(self.destinations(&into).await?);
        found.extend(self.points(read).await?);
        Ok(found)
    }
}

/// How long a restore waits for a deletion to end, and how often it looks.
const DELETION: Duration = Duration::from_secs(30);
const LOOKS_EVERY: Duration = Duration::from_millis(100);

/// Takes all of them, or none. They are released when what this answers is dropped, or by death.
pub(super) async fn take(locks: &dyn Locks, resources: Vec<Resource>) -> Result<Vec<Box<dyn Lock>>, Failure> {
    let mut named: Vec<(String, bool)> = resources.iter().map(|it| (it.text(), it.is_shared())).collect();
    // Everybody takes them in the same order, so two runs never wait for each other by halves.
    named.sort();
    named.dedup();
    let mut held = vec![];
    for (name, shared) in named {
        let lock = if shared { share(locks, &name).await? } else { locks.try_lock(&name).await? };
        match lock {
            Some(lock) => held.push(lock),
            None => {
                let message = format!("another run holds the lock of {name}; wait until it is done");
                return Err(Failure { status: ExitStatus::Locked, message });
            }
        }
    }
    Ok(held)
}

/// A deletion holds the lock for moments, and whoever restores is in need: so it is waited for.
async fn share(locks: &dyn Locks, name: &str) -> Result<Option<Box<dyn Lock>>, Failure> {
    for _ in 0..DELETION.as_millis() / LOOKS_EVERY.as_millis() {
        if let Some(lock) = locks.try_share(name).await? {
            return Ok(Some(lock));
        }
        tokio::time::sleep(LOOKS_EVERY).await;
    }
    Ok(locks.try_share(name).await?)
}
