//! Databases that a provider runs, and the copies that it keeps of them. Shaped after Amazon RDS
//! (<https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/>).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Fault;

/// What a database is to its provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseKind {
    /// A DB instance.
    Instance,
    /// An Aurora DB cluster, whose instances share one volume.
    Cluster,
}

impl std::fmt::Display for DatabaseKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Instance => "instance",
            Self::Cluster => "cluster",
        })
    }
}

/// Which database.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DatabaseName {
    /// What it is.
    pub kind: DatabaseKind,
    /// Its identifier, unique among its kind in an account and region.
    pub identifier: String,
    /// Its region; the one that the environment names where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

impl DatabaseName {
    /// Another of its kind and region.
    pub fn renamed(&self, identifier: impl Into<String>) -> Self {
        Self { kind: self.kind, identifier: identifier.into(), region: self.region.clone() }
    }
}

impl std::fmt::Display for DatabaseName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.kind, self.identifier)?;
        self.region.as_ref().map_or(Ok(()), |region| write!(f, " in {region}"))
    }
}

/// What a database is set to, and what a new one that is restored from it would not get by itself: RDS gives the defaults of the account
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_PIT.html>). What is none is left to the provider.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(default)]
pub struct DatabaseSettings {
    /// The class of an instance, `db.m6i.large`; of a cluster, of its instances.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    /// The DB subnet group.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subnet_group: Option<String>,
    /// The VPC security groups, by their ids.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub security_groups: Vec<String>,
    /// The DB parameter group; of a cluster, its own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parameter_group: Option<String>,
    /// The option group. Of no cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub option_group: Option<String>,
    /// Whether a standby is kept in another zone. Of no cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub multi_az: Option<bool>,
    /// The kind of storage, `gp3`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage_type: Option<String>,
    /// The provisioned input/output operations a second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iops: Option<i32>,
    /// The TCP port.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<i32>,
    /// Whether it can be reached from outside its VPC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publicly_accessible: Option<bool>,
    /// Whether it cannot be deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deletion_protection: Option<bool>,
    /// Whether users may log in by IAM.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub iam_authentication: Option<bool>,
    /// The logs that are sent to CloudWatch.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub log_exports: Vec<String>,
}

/// A database, as its provider tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Database {
    /// Which.
    pub name: DatabaseName,
    /// Its identity for as long as it lives, whatever it is called (`DbiResourceId`, `DbClusterResourceId`).
    pub resource: String,
    /// Its state, in the provider's word: `available`, `creating`.
    pub status: String,
    /// The engine, `mysql`.
    pub engine: String,
    /// For how many days it can be brought back; 0 where automated backups are off.
    pub backup_days: u32,
    /// When its daily backup is made, `03:00-03:30` in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<String>,
    /// The newest moment to which it can be brought back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<Timestamp>,
    /// Its name in DNS and TCP port, once it has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<(String, u16)>,
    /// What it is set to.
    pub settings: DatabaseSettings,
    /// Of a cluster, the identifiers of its instances; the one that is written to first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
    /// The cluster that an instance is of, if it is of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cluster: Option<String>,
    /// Storage that is allocated, in GiB; 0 of a cluster, whose volume grows by itself.
    pub allocated_gib: u32,
    /// Whether what it stores is encrypted.
    pub encrypted: bool,
    /// The tags that were given to it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

impl Database {
    /// Whether it can be used.
    pub fn is_available(&self) -> bool {
        self.status == "available"
    }
}

/// What is kept of a database by itself: its automated backups, by which it is brought back to any moment of a window. They can outlive it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct AutomatedBackups {
    /// The database that they are of (`DbiResourceId`, `DbClusterResourceId`).
    pub resource: String,
    /// What that was called.
    pub name: DatabaseName,
    /// Whether the database is gone, and these are kept for a time.
    pub retained: bool,
    /// The oldest moment to which it can be brought back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub earliest: Option<Timestamp>,
    /// The newest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<Timestamp>,
    /// The storage that it had, in GiB.
    pub allocated_gib: u32,
}

/// Who made a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SnapshotOrigin {
    /// Somebody who asked for it; it is kept until somebody deletes it.
    Manual,
    /// The provider, daily; it goes with the automated backups.
    Automated,
}

/// Which snapshot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SnapshotName {
    /// Of an instance or of a cluster.
    pub kind: DatabaseKind,
    /// Its identifier, unique among its kind in an account and region.
    pub identifier: String,
    /// Its region; the one that the environment names where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
}

impl std::fmt::Display for SnapshotName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "snapshot {}", self.identifier)?;
        self.region.as_ref().map_or(Ok(()), |region| write!(f, " in {region}"))
    }
}

/// A snapshot, as its provider tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DatabaseSnapshot {
    /// Which.
    pub name: SnapshotName,
    /// The provider's name for it everywhere (its ARN).
    pub arn: String,
    /// The identifier of the database that it is of.
    pub database: String,
    /// Who made it.
    pub origin: SnapshotOrigin,
    /// Its state, in the provider's word: `available`, `creating`, `failed`.
    pub status: String,
    /// How much of it is made, in percent, where the provider says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub percent: Option<u8>,
    /// When its data is from: none while it is being made. Of a copy, when the original was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken: Option<Timestamp>,
    /// The storage that a database restored from it needs, in GiB.
    pub allocated_gib: u32,
    /// Whether it is encrypted.
    pub encrypted: bool,
    /// The tags that were given to it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tags: BTreeMap<String, String>,
}

impl DatabaseSnapshot {
    /// Whether it can be used.
    pub fn is_available(&self) -> bool {
        self.status == "available"
    }

    /// Whether it never will be.
    pub fn is_broken(&self) -> bool {
        matches!(self.status.as_str(), "failed" | "incompatible-restore" | "deleting" | "deleted")
    }
}

/// What a new database is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RestoreFrom {
    /// The automated backups of a database, by its resource, to a moment; the newest that there is where none is named.
    Moment {
        /// `DbiResourceId` or `DbClusterResourceId`.
        resource: String,
        /// What that database is called, or was.
        database: String,
        /// To which moment. RDS takes whole seconds.
        at: Option<Timestamp>,
    },
    /// A snapshot.
    Snapshot(SnapshotName),
}

/// A new database, made from what is kept of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NewDatabase {
    /// What it will be called.
    pub name: DatabaseName,
    /// What it is made from.
    pub from: RestoreFrom,
    /// The engine; of clusters restored from a snapshot it must be said.
    pub engine: String,
    /// What it is set to.
    pub settings: DatabaseSettings,
    /// The tags that are given to it.
    pub tags: BTreeMap<String, String>,
}

/// Looks at databases.
#[async_trait::async_trait]
pub trait DatabasesRead: Send + Sync {
    /// The database of that name; none where there is none.
    ///
    /// # Errors
    /// `Denied` where the account may not look, `Transient` where the provider cannot be reached or asks to wait (`retry_after`).
    async fn database(&self, name: &DatabaseName) -> Result<Option<Database>, Fault>;

    /// The automated backups of the databases that are or were called so: of the living one first, then of those that are gone, newest
    /// first.
    ///
    /// # Errors
    /// As `database`.
    async fn automated_backups(&self, name: &DatabaseName) -> Result<Vec<AutomatedBackups>, Fault>;

    /// The snapshots of the databases that are or were called so, of both origins, in that region, those with the oldest data first; those
    /// that are being made last.
    ///
    /// # Errors
    /// As `database`.
    async fn snapshots(&self, of: &DatabaseName) -> Result<Vec<DatabaseSnapshot>, Fault>;

    /// The snapshot of that name; none where there is none.
    ///
    /// # Errors
    /// As `database`.
    async fn snapshot(&self, name: &SnapshotName) -> Result<Option<DatabaseSnapshot>, Fault>;
}

/// Changes databases. Each call answers when it was taken; what it asks for goes on and is seen by looking. Nothing is ever shared with another account
/// or made public, and no database is deleted: there is no call for it.
#[async_trait::async_trait]
pub trait Databases: DatabasesRead {
    /// Begins a snapshot.
    ///
    /// # Errors
    /// `Exists` where there is one of that name, `NotFound` where there is no such database, `Busy` and `Transient` where its state does not let
    /// it, `Full` where the account's quota is reached, `Unknown` where the answer was lost: look before repeating. Else as `database`.
    async fn begin_snapshot(
        &self,
        of: &DatabaseName,
        name: &SnapshotName,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), Fault>;

    /// Begins a copy of a snapshot under a new name, in another region or the same; `kms_key` is the key there.
    ///
    /// # Errors
    /// As `begin_snapshot`; `NotFound` where there is no such snapshot; `Invalid` where it is encrypted and no key is given for another region.
    async fn begin_copy(
        &self,
        from: &DatabaseSnapshot,
        to: &SnapshotName,
        kms_key: Option<&str>,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), Fault>;

    /// Deletes a manual snapshot; one that is not there is no error.
    ///
    /// # Errors
    /// `Denied`, or `Busy` and `Transient` while it is being made or copied. Else as `database`.
    async fn delete_snapshot(&self, name: &SnapshotName) -> Result<(), Fault>;

    /// Sets for how many days a database can be brought back, and when its daily backup is made (`03:00-03:30` in UTC; left as it is where there is
    /// none), at once.
    ///
    /// # Errors
    /// As `begin_snapshot`.
    async fn set_backups(&self, of: &DatabaseName, days: u32, window: Option<&str>) -> Result<(), Fault>;

    /// Begins a new database. Of a cluster, its instances are to be begun as well, when it is there.
    ///
    /// # Errors
    /// `Exists` where there is one of that name, `NotFound` where what it is made from is not there, `Invalid` where the moment is
    /// outside the window. Else as `begin_snapshot`.
    async fn begin_restore(&self, new: &NewDatabase) -> Result<(), Fault>;

    /// Begins an instance of a cluster.
    ///
    /// # Errors
    /// As `begin_restore`.
    async fn begin_member(
        &self,
        cluster: &DatabaseName,
        identifier: &str,
        engine: &str,
        settings: &DatabaseSettings,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), Fault>;

    /// Begins to give a database another name, at once; with it its address in DNS. Its automated backups and snapshots stay its own.
    ///
    /// # Errors
    /// `Exists` where there is one of that name. Else as `begin_snapshot`.
    async fn begin_rename(&self, from: &DatabaseName, to: &str) -> Result<(), Fault>;
}
