//! A simulated provider of databases, whose work takes simulated time.
//!
//! Unaware of what is in a database: it holds the moment that its data is from, and no more. Invariant: what was asked for goes on by
//! the world's clock, whether anybody looks or not, and survives a death.

mod contents;
mod held;
mod snapshots;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::world::Shared;
use crate::ports::{
    AutomatedBackups, Cause, Certainty, Database, DatabaseName, DatabaseSettings, DatabaseSnapshot, Databases,
    DatabasesRead, Fault, NewDatabase, SnapshotName,
};
use contents::Contents;

/// The region of a name that names none.
const HOME: &str = "home-1";

/// How long the provider takes.
#[derive(Debug, Clone, Copy)]
pub struct Takes {
    /// Over a snapshot or a copy of one.
    pub snapshot: SignedDuration,
    /// Over a new database, or an instance of a cluster.
    pub restore: SignedDuration,
    /// Over another name.
    pub rename: SignedDuration,
    /// Over another setting.
    pub change: SignedDuration,
    /// From the end of a log to when it can be brought back to. Logs end every five minutes.
    pub ship: SignedDuration,
}

impl Default for Takes {
    fn default() -> Self {
        Self {
            snapshot: SignedDuration::from_mins(6),
            restore: SignedDuration::from_mins(20),
            rename: SignedDuration::from_mins(2),
            change: SignedDuration::from_mins(1),
            ship: SignedDuration::from_mins(1),
        }
    }
}

/// Why not.
type Refusal = (Cause, Certainty, String);

fn refuse<T>(cause: Cause, answer: impl Into<String>) -> Result<T, Refusal> {
    Err((cause, Certainty::Permanent, answer.into()))
}

fn busy<T>(answer: impl Into<String>) -> Result<T, Refusal> {
    Err((Cause::Busy, Certainty::Transient, answer.into()))
}

/// Databases that a simulated provider runs. As RDS does, it keeps automated backups of its own accord, makes an automated snapshot a
/// day, and lets nothing be done to a database that is in the middle of something.
#[derive(Debug)]
pub struct FakeDatabases {
    world: Arc<Shared>,
    contents: Mutex<Contents>,
}

impl FakeDatabases {
    pub(super) fn new(world: Arc<Shared>) -> Self {
        Self { world, contents: Mutex::default() }
    }

    /// An available database of that name, with backups for seven days; set what is wanted otherwise, and `put` it.
    pub fn plain(name: DatabaseName) -> Database {
        held::plain(name)
    }

    /// Puts a database there behind everybody's back, as one that has been backed up for as long as backups are kept. Its resource is
    /// given to it, and answered.
    pub fn put(&self, database: Database) -> String {
        self.contents().put(database)
    }

    /// Takes a database away behind everybody's back, with its automated backups or without them. Its manual snapshots stay.
    pub fn delete(&self, name: &DatabaseName, keep_backups: bool) {
        self.contents().delete(name, keep_backups);
    }

    /// Takes a snapshot away behind everybody's back.
    pub fn forget(&self, name: &SnapshotName) {
        self.contents().snapshots.forget(name);
    }

    /// From now on its logs are not shipped: the newest moment to which it can be brought back stands still.
    pub fn stop_logs(&self, name: &DatabaseName) {
        self.contents().stop_logs(name);
    }

    /// The next snapshot, copy, database or instance that is begun with an identifier that holds `part` ends `failed`.
    pub fn fail_next(&self, part: &str) {
        self.contents().to_fail.push(part.to_owned());
    }

    /// How long everything takes that is begun from now on.
    pub fn set_takes(&self, takes: Takes) {
        self.contents().takes = takes;
    }

    /// So many manual snapshots of a kind can be in a region.
    pub fn set_quota(&self, snapshots: usize) {
        self.contents().snapshots.quota = snapshots;
    }

    /// All databases, without a call; regions are named.
    pub fn all(&self) -> Vec<Database> {
        self.contents().all()
    }

    /// All manual snapshots, without a call; regions are named.
    pub fn all_snapshots(&self) -> Vec<DatabaseSnapshot> {
        let contents = self.contents();
        contents.snapshots.all(contents.now)
    }

    /// The moment that the data of a database is from, which was restored; none where it was not.
    pub fn data_of(&self, name: &DatabaseName) -> Option<Timestamp> {
        self.contents().data_of(name)
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        let mut contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        contents.settle(self.world.now());
        contents
    }

    async fn call<T>(
        &self,
        op: &'static str,
        of: &str,
        effect: impl FnOnce(&mut Contents) -> Result<T, Refusal>,
    ) -> Result<T, Fault> {
        let fault = |(cause, certainty, answer)| Fault {
            certainty,
            ..Fault::permanent(cause, format!("{} {of}", op.trim_start_matches("databases.")), answer)
        };
        self.world.call(None, op, of, || effect(&mut self.contents()).map_err(fault)).await
    }
}

#[async_trait::async_trait]
impl DatabasesRead for FakeDatabases {
    async fn database(&self, name: &DatabaseName) -> Result<Option<Database>, Fault> {
        self.call("databases.database", &name.identifier, |contents| Ok(contents.database(name))).await
    }

    async fn automated_backups(&self, name: &DatabaseName) -> Result<Vec<AutomatedBackups>, Fault> {
        let call =
            self.call("databases.automated-backups", &name.identifier, |contents| Ok(contents.automated_backups(name)));
        call.await
    }

    async fn snapshots(&self, of: &DatabaseName) -> Result<Vec<DatabaseSnapshot>, Fault> {
        self.call("databases.snapshots", &of.identifier, |contents| Ok(contents.snapshots_of(of))).await
    }

    async fn snapshot(&self, name: &SnapshotName) -> Result<Option<DatabaseSnapshot>, Fault> {
        self.call("databases.snapshot", &name.identifier, |contents| Ok(contents.snapshot(name))).await
    }
}

#[async_trait::async_trait]
impl Databases for FakeDatabases {
    async fn begin_snapshot(
        &self,
        of: &DatabaseName,
        name: &SnapshotName,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), Fault> {
        let call =
            self.call("databases.begin-snapshot", &name.identifier, |contents| contents.begin_snapshot(of, name, tags));
        call.await
    }

    async fn begin_copy(
        &self,
        from: &DatabaseSnapshot,
        to: &SnapshotName,
        kms_key: Option<&str>,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), Fault> {
        let call = self.call("databases.begin-copy", &to.identifier, |contents| {
            contents.begin_copy(&from.name, to, kms_key, tags)
        });
        call.await
    }

    async fn delete_snapshot(&self, name: &SnapshotName) -> Result<(), Fault> {
        self.call("databases.delete-snapshot", &name.identifier, |contents| contents.delete_snapshot(name)).await
    }

    async fn set_backups(&self, of: &DatabaseName, days: u32, window: Option<&str>) -> Result<(), Fault> {
        let call =
            self.call("databases.set-backups", &of.identifier, |contents| contents.set_backups(of, days, window));
        call.await
    }

    async fn begin_restore(&self, new: &NewDatabase) -> Result<(), Fault> {
        self.call("databases.begin-restore", &new.name.identifier, |contents| contents.begin_restore(new)).await
    }

    async fn begin_member(
        &self,
        cluster: &DatabaseName,
        identifier: &str,
        engine: &str,
        settings: &DatabaseSettings,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), Fault> {
        let call = self.call("databases.begin-member", identifier, |contents| {
            contents.begin_member(cluster, identifier, engine, settings, tags)
        });
        call.await
    }

    async fn begin_rename(&self, from: &DatabaseName, to: &str) -> Result<(), Fault> {
        self.call("databases.begin-rename", &from.identifier, |contents| contents.begin_rename(from, to)).await
    }
}

/// Whether RDS takes an identifier: letters, digits and single hyphens, a letter first
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html>). Capitals, which it would make small, are not taken here.
fn checked(identifier: &str, bytes_max: usize) -> Result<(), Refusal> {
    let fits = identifier.len() <= bytes_max
        && identifier.starts_with(|c: char| c.is_ascii_lowercase())
        && identifier.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        && !identifier.ends_with('-')
        && !identifier.contains("--");
    if fits { Ok(()) } else { refuse(Cause::Invalid, format!("{identifier} is not a valid identifier")) }
}
