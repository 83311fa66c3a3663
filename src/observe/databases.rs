//! What a provider says of databases, and of what it keeps of them.

use std::collections::BTreeMap;

use super::Reading;
use crate::graph::{DatabaseKept, DatabaseStep};
use crate::ports::{AutomatedBackups, Database, DatabaseName, DatabaseSnapshot, DatabasesRead, Fault};

/// What was asked of providers.
#[derive(Debug, Clone, Default)]
pub struct DatabasesSeen {
    /// Which databases there are.
    pub databases: BTreeMap<DatabaseName, Result<Option<Database>, Fault>>,
    /// Their automated backups.
    pub automated: BTreeMap<DatabaseName, Result<Vec<AutomatedBackups>, Fault>>,
    /// The snapshots of them, in the region that the name says.
    pub snapshots: BTreeMap<DatabaseName, Result<Vec<DatabaseSnapshot>, Fault>>,
}

impl DatabasesSeen {
    /// A database that is there.
    pub fn database(&self, name: &DatabaseName) -> Option<&Database> {
        self.databases.get(name)?.as_ref().ok()?.as_ref()
    }

    /// Asks what a step needs to know.
    pub(super) async fn ask(&mut self, reading: &Reading<'_>, step: &DatabaseStep) {
        let provider = reading.databases;
        match step {
            DatabaseStep::Check { database, .. } => {
                self.ask_database(provider, database).await;
                self.ask_automated(provider, database).await;
            }
            DatabaseStep::Snapshot { database, .. }
            | DatabaseStep::Copy { database, .. }
            | DatabaseStep::Switch { database, .. } => self.ask_database(provider, database).await,
            DatabaseStep::Prune { database, .. } => self.ask_snapshots(provider, database).await,
            DatabaseStep::Recover { database, jobs, into, .. } => {
                self.ask_database(provider, database).await;
                self.ask_database(provider, into).await;
                for (_, kept) in jobs {
                    match kept {
                        DatabaseKept::AnyMoment => self.ask_automated(provider, database).await,
                        DatabaseKept::Snapshots(_) => self.ask_snapshots(provider, database).await,
                    }
                }
            }
        }
    }

    async fn ask_database(&mut self, provider: &dyn DatabasesRead, name: &DatabaseName) {
        if !self.databases.contains_key(name) {
            self.databases.insert(name.clone(), provider.database(name).await);
        }
    }

    async fn ask_automated(&mut self, provider: &dyn DatabasesRead, name: &DatabaseName) {
        if !self.automated.contains_key(name) {
            self.automated.insert(name.clone(), provider.automated_backups(name).await);
        }
    }

    async fn ask_snapshots(&mut self, provider: &dyn DatabasesRead, name: &DatabaseName) {
        if !self.snapshots.contains_key(name) {
            self.snapshots.insert(name.clone(), provider.snapshots(name).await);
        }
    }
}
