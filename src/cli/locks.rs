//! Which locks a run holds: per resource, not per program. A resource is named by where it really is, so that whoever reaches it
//! another way meets the same lock.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Failure;
use crate::forecast::{Action, Forecast};
use crate::ports::{Lock, Locks, StorePlace, StoreRead, TreeRead};
use crate::primitives::{Name, PathBytes};
use crate::run::ExitStatus;

/// What a run must have for itself.
pub(super) enum Resource {
    /// What a job writes: the objects of a store whose keys begin so.
    Job(StorePlace, String),
    /// A folder that a restore makes.
    Destination(PathBytes),
}

impl Resource {
    fn text(&self) -> String {
        match self {
            Self::Job(store, prefix) => format!("job {} in {store}", prefix.trim_end_matches('/')),
            Self::Destination(folder) => format!("restore {folder}"),
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

    /// The resources of a forecast.
    pub(super) async fn of(&self, forecast: &Forecast) -> Result<Vec<Resource>, Failure> {
        let (mut written, mut into) = (vec![], vec![]);
        for step in &forecast.steps {
            match &step.action {
                // Every job has such a step.
                Action::Delete { store, prefix, .. } => written.push((store.clone(), prefix.clone())),
                Action::Recover(recovery) => into.push(recovery.into.clone()),
                _ => {}
            }
        }
        let mut found = self.jobs(written).await?;
        found.extend(self.destinations(&into).await?);
        Ok(found)
    }
}

/// Takes all of them, or none. They are released when what this answers is dropped, or by death.
pub(super) async fn take(locks: &dyn Locks, resources: Vec<Resource>) -> Result<Vec<Box<dyn Lock>>, Failure> {
    let mut names: Vec<String> = resources.iter().map(Resource::text).collect();
    // Everybody takes them in the same order, so two runs never wait for each other by halves.
    names.sort();
    names.dedup();
    let mut held = vec![];
    for name in names {
        match locks.try_lock(&name).await? {
            Some(lock) => held.push(lock),
            None => {
                let message = format!("another run holds the lock of {name}; wait until it is done");
                return Err(Failure { status: ExitStatus::Locked, message });
            }
        }
    }
    Ok(held)
}
