//! Databases of Amazon RDS, instances and clusters.
//!
//! Unaware of engines: what is asked is the same of all of them. Invariants: a call is sent once; nothing is shared, made public or
//! deleted but a manual snapshot by its name; what RDS would take from a default of its own (tags, when changes are made) is always said.

mod clusters;
mod failed;
mod instances;
mod told;

use std::collections::BTreeMap;

use aws_sdk_rds::Client;
use aws_sdk_rds::config::SharedHttpClient;
use tokio::sync::Mutex;

use super::aws::{self, AwsAddress};
use crate::ports::{
    AutomatedBackups, Cause, Database, DatabaseKind, DatabaseName, DatabaseSettings, DatabaseSnapshot, Databases,
    DatabasesRead, Fault, NewDatabase, RestoreFrom, SnapshotName,
};

/// The databases of an account, in all regions.
#[derive(Debug)]
pub struct RdsDatabases {
    address: AwsAddress,
    http: SharedHttpClient,
    /// One for each region that was asked for.
    clients: Mutex<BTreeMap<Option<String>, Client>>,
}

impl Default for RdsDatabases {
    fn default() -> Self {
        Self::new(AwsAddress::default())
    }
}

impl RdsDatabases {
    /// Those that the address says; nothing is looked up or asked before the first call.
    pub fn new(address: AwsAddress) -> Self {
        Self { address, http: aws::http(), clients: Mutex::default() }
    }

    async fn client(&self, region: Option<&String>) -> Result<Client, Fault> {
        let mut clients = self.clients.lock().await;
        if let Some(client) = clients.get(&region.cloned()) {
            return Ok(client.clone());
        }
        let region_of = region.map(String::as_str);
        let client = Client::new(&aws::of_region("RDS", &self.address, self.http.clone(), region_of).await?);
        clients.insert(region.cloned(), client.clone());
        Ok(client)
    }

    /// Whether the automated backups of a resource are those of a living database of that name.
    async fn lives(&self, name: &DatabaseName, resource: &str) -> Result<bool, Fault> {
        Ok(self.database(name).await?.is_some_and(|living| living.resource == resource))
    }
}

#[async_trait::async_trait]
impl DatabasesRead for RdsDatabases {
    async fn database(&self, name: &DatabaseName) -> Result<Option<Database>, Fault> {
        let client = self.client(name.region.as_ref()).await?;
        match name.kind {
            DatabaseKind::Instance => instances::database(&client, name).await,
            DatabaseKind::Cluster => clusters::database(&client, name).await,
        }
    }

    async fn automated_backups(&self, name: &DatabaseName) -> Result<Vec<AutomatedBackups>, Fault> {
        let client = self.client(name.region.as_ref()).await?;
        let mut all = match name.kind {
            DatabaseKind::Instance => instances::automated_backups(&client, name).await?,
            DatabaseKind::Cluster => clusters::automated_backups(&client, name).await?,
        };
        all.sort_by_key(|backups| (backups.retained, std::cmp::Reverse(backups.latest)));
        Ok(all)
    }

    async fn snapshots(&self, of: &DatabaseName) -> Result<Vec<DatabaseSnapshot>, Fault> {
        let client = self.client(of.region.as_ref()).await?;
        let mut all = match of.kind {
            DatabaseKind::Instance => instances::snapshots(&client, of).await?,
            DatabaseKind::Cluster => clusters::snapshots(&client, of).await?,
        };
        all.sort_by(|a, b| {
            let key = |it: &DatabaseSnapshot| (it.taken.is_none(), it.taken);
            key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
        });
        all.dedup_by(|a, b| a.name == b.name);
        Ok(all)
    }

    async fn snapshot(&self, name: &SnapshotName) -> Result<Option<DatabaseSnapshot>, Fault> {
        let client = self.client(name.region.as_ref()).await?;
        match name.kind {
            DatabaseKind::Instance => instances::snapshot(&client, name).await,
            DatabaseKind::Cluster => clusters::snapshot(&client, name).await,
        }
    }
}

#[async_trait::async_trait]
impl Databases for RdsDatabases {
    async fn begin_snapshot(
        &self,
        of: &DatabaseName,
        name: &SnapshotName,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), Fault> {
        let action = format!("begin {name} of {of}");
        if (of.kind, &of.region) != (name.kind, &name.region) {
            return Err(invalid(&action, "a snapshot is made in the region of its database, and is of its kind"));
        }
        let client = self.client(of.region.as_ref()).await?;
        match of.kind {
            DatabaseKind::Instance => instances::begin_snapshot(&client, &action, of, name, tags).await,
            DatabaseKind::Cluster => clusters::begin_snapshot(&client, &action, of, name, tags).await,
        }
    }

    async fn begin_copy(
        &self,
        from: &DatabaseSnapshot,
        to: &SnapshotName,
        kms_key: Option<&str>,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), Fault> {
        let action = format!("begin to copy {} to {to}", from.name);
        if from.name.kind != to.kind {
            return Err(invalid(&action, "a copy is of the kind of its original"));
        }
        let client = self.client(to.region.as_ref()).await?;
        let is_elsewhere = from.arn.split(':').nth(3) != client.config().region().map(AsRef::as_ref);
        if from.encrypted && kms_key.is_none() && is_elsewhere {
            let answer = "it is encrypted, and a key is of one region: name a key of the region that it is copied to";
            return Err(invalid(&action, answer));
        }
        match to.kind {
            DatabaseKind::Instance => instances::begin_copy(&client, &action, from, to, kms_key, tags).await,
            DatabaseKind::Cluster => clusters::begin_copy(&client, &action, from, to, kms_key, tags).await,
        }
    }

    async fn delete_snapshot(&self, name: &SnapshotName) -> Result<(), Fault> {
        let client = self.client(name.region.as_ref()).await?;
        match name.kind {
            DatabaseKind::Instance => instances::delete_snapshot(&client, name).await,
            DatabaseKind::Cluster => clusters::delete_snapshot(&client, name).await,
        }
    }

    async fn set_backups(&self, of: &DatabaseName, days: u32, window: Option<&str>) -> Result<(), Fault> {
        let action = format!("keep {of} for {days} days");
        // What RDS takes is an `i32`; the most that it allows is 35.
        let days = i32::try_from(days).map_err(|_| invalid(&action, "RDS keeps a database for 35 days at most"))?;
        let client = self.client(of.region.as_ref()).await?;
        match of.kind {
            DatabaseKind::Instance => instances::set_backups(&client, &action, of, days, window).await,
            DatabaseKind::Cluster => clusters::set_backups(&client, &action, of, days, window).await,
        }
    }

    async fn begin_restore(&self, new: &NewDatabase) -> Result<(), Fault> {
        let action = format!("begin to restore {}", new.name);
        let client = self.client(new.name.region.as_ref()).await?;
        match &new.from {
            RestoreFrom::Snapshot(name) if (name.kind, &name.region) != (new.name.kind, &new.name.region) => {
                Err(invalid(&action, "a snapshot is restored in its region, as what it is of"))
            }
            RestoreFrom::Snapshot(name) => match new.name.kind {
                DatabaseKind::Instance => instances::restore_snapshot(&client, &action, new, name).await,
                DatabaseKind::Cluster => clusters::restore_snapshot(&client, &action, new, name).await,
            },
            RestoreFrom::Moment { resource, database, at } => {
                // RDS takes the name of what lives, and the resource of what is gone.
                let lives = self.lives(&new.name.renamed(database), resource).await?;
                let source = if lives { Source::Living(database) } else { Source::Gone(resource) };
                match new.name.kind {
                    DatabaseKind::Instance => instances::restore_moment(&client, &action, new, source, *at).await,
                    DatabaseKind::Cluster => clusters::restore_moment(&client, &action, new, source, *at).await,
                }
            }
        }
    }

    /// The instance gets the class of the settings, and whether it can be reached from outside: all else it has of its cluster, or by
    /// default.
    async fn begin_member(
        &self,
        cluster: &DatabaseName,
        identifier: &str,
        engine: &str,
        settings: &DatabaseSettings,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), Fault> {
        let client = self.client(cluster.region.as_ref()).await?;
        clusters::begin_member(&client, cluster, identifier, engine, settings, tags).await
    }

    async fn begin_rename(&self, from: &DatabaseName, to: &str) -> Result<(), Fault> {
        let action = format!("rename {from} to {to}");
        let client = self.client(from.region.as_ref()).await?;
        match from.kind {
            DatabaseKind::Instance => instances::begin_rename(&client, &action, from, to).await,
            DatabaseKind::Cluster => clusters::begin_rename(&client, &action, from, to).await,
        }
    }
}

/// Of whose automated backups a database is made.
#[derive(Debug, Clone, Copy)]
enum Source<'a> {
    /// By its name.
    Living(&'a str),
    /// By its resource.
    Gone(&'a str),
}

impl Source<'_> {
    fn living(self) -> Option<String> {
        if let Self::Living(name) = self { Some(name.to_owned()) } else { None }
    }

    fn gone(self) -> Option<String> {
        if let Self::Gone(resource) = self { Some(resource.to_owned()) } else { None }
    }
}

fn invalid(action: &str, answer: &str) -> Fault {
    Fault::permanent(Cause::Invalid, action, answer)
}

/// A list that says nothing where it is empty.
fn listed(all: &[String]) -> Option<Vec<String>> {
    (!all.is_empty()).then(|| all.to_vec())
}
