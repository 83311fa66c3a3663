//! What the provider holds, and what it does with it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::held::{Held, Then, Underway};
use super::snapshots::{self, Kept, Snapshots, in_order, placed};
use super::{HOME, Refusal, Takes, busy, checked, refuse};
use crate::ports::{
    AutomatedBackups, Cause, Database, DatabaseKind, DatabaseName, DatabaseSettings, DatabaseSnapshot, NewDatabase,
    RestoreFrom, SnapshotName, SnapshotOrigin,
};

/// All databases and snapshots of an account, in all regions.
#[derive(Debug, Default)]
pub(super) struct Contents {
    /// By names that name a region.
    databases: BTreeMap<DatabaseName, Held>,
    /// Those that were deleted, whose automated backups are kept; the newest last.
    gone: Vec<Held>,
    pub(super) snapshots: Snapshots,
    pub(super) to_fail: Vec<String>,
    pub(super) takes: Takes,
    pub(super) now: Timestamp,
    made: u64,
}

/// A name that names a region.
fn at(name: &DatabaseName) -> DatabaseName {
    DatabaseName { region: Some(region_of(name)), ..name.clone() }
}

fn region_of(name: &DatabaseName) -> String {
    name.region.clone().unwrap_or_else(|| HOME.to_owned())
}

/// As it was asked for: whoever names no region is told none.
fn as_asked(snapshot: DatabaseSnapshot, region: Option<&String>) -> DatabaseSnapshot {
    DatabaseSnapshot { name: SnapshotName { region: region.cloned(), ..snapshot.name.clone() }, ..snapshot }
}

impl Contents {
    /// What has come to its end by that time is ended.
    pub(super) fn settle(&mut self, now: Timestamp) {
        self.now = now;
        let is_due = |held: &Held| held.underway.as_ref().is_some_and(|underway| underway.until <= now);
        let due: Vec<DatabaseName> =
            self.databases.iter().filter(|(_, held)| is_due(held)).map(|(name, _)| name.clone()).collect();
        for name in due {
            let Some(mut held) = self.databases.remove(&name) else { continue };
            held.end();
            self.follow(&name, &held.database.name);
            self.databases.insert(held.database.name.clone(), held);
        }
        self.gone.retain(|held| !held.is_forgotten(now));
    }

    /// What names a database by its old name names it by its new one.
    fn follow(&mut self, old: &DatabaseName, new: &DatabaseName) {
        let beside = self.databases.values_mut().map(|held| &mut held.database);
        for database in beside.filter(|database| old != new && database.name.region == old.region) {
            match old.kind {
                DatabaseKind::Cluster if database.cluster.as_ref() == Some(&old.identifier) => {
                    database.cluster = Some(new.identifier.clone());
                }
                DatabaseKind::Instance => {
                    let named = database.members.iter_mut().filter(|member| **member == old.identifier);
                    named.for_each(|member| member.clone_from(&new.identifier));
                }
                DatabaseKind::Cluster => {}
            }
        }
    }

    pub(super) fn put(&mut self, database: Database) -> String {
        let resource = self.resource(database.name.kind);
        let name = at(&database.name);
        let database = Database { resource: resource.clone(), name: name.clone(), ..database };
        self.databases.insert(name, Held::of_old(database, self.now));
        resource
    }

    pub(super) fn delete(&mut self, name: &DatabaseName, keep_backups: bool) {
        let gone = self.databases.remove(&at(name)).filter(|held| keep_backups && held.is_backed_up());
        let deleted = Some(self.now);
        self.gone.extend(gone.map(|held| Held { deleted, underway: None, ..held }));
    }

    pub(super) fn stop_logs(&mut self, name: &DatabaseName) {
        let shipped = self.now.saturating_sub(self.takes.ship).ok();
        self.databases.entry(at(name)).and_modify(|held| held.logs_stopped = shipped);
    }

    pub(super) fn all(&self) -> Vec<Database> {
        self.databases.values().map(|held| held.told(self.now, self.takes.ship)).collect()
    }

    pub(super) fn data_of(&self, name: &DatabaseName) -> Option<Timestamp> {
        self.databases.get(&at(name))?.data
    }

    fn resource(&mut self, kind: DatabaseKind) -> String {
        self.made += 1;
        match kind {
            DatabaseKind::Instance => format!("db-{:05}", self.made),
            DatabaseKind::Cluster => format!("cluster-{:05}", self.made),
        }
    }

    pub(super) fn database(&self, name: &DatabaseName) -> Option<Database> {
        let told = self.databases.get(&at(name))?.told(self.now, self.takes.ship);
        Some(Database { name: name.clone(), ..told })
    }

    /// The living one, then those that are gone, the newest first.
    fn called(&self, name: &DatabaseName) -> impl Iterator<Item = &Held> {
        let name = at(name);
        let living = self.databases.get(&name);
        living.into_iter().chain(self.gone.iter().rev().filter(move |held| held.database.name == name))
    }

    pub(super) fn automated_backups(&self, name: &DatabaseName) -> Vec<AutomatedBackups> {
        let backups = |held: &Held| AutomatedBackups {
            resource: held.database.resource.clone(),
            name: name.clone(),
            retained: held.deleted.is_some(),
            earliest: held.earliest(self.now, self.takes.ship),
            latest: held.latest(self.now, self.takes.ship),
            allocated_gib: held.database.allocated_gib,
        };
        self.called(name).filter(|held| held.is_backed_up()).map(backups).collect()
    }

    pub(super) fn snapshots_of(&self, of: &DatabaseName) -> Vec<DatabaseSnapshot> {
        let daily = self.called(of).flat_map(|held| {
            held.daily(self.now).into_iter().map(|taken| snapshots::daily(held, taken)).collect::<Vec<_>>()
        });
        let name = at(of);
        let living = self.databases.get(&name).map(|held| held.database.resource.as_str());
        let manual = self.snapshots.of(&name, living);
        let told = manual.map(|kept| kept.told(self.now));
        in_order(daily.chain(told).map(|snapshot| as_asked(snapshot, of.region.as_ref())).collect())
    }

    /// An automated snapshot, with the database that it is of.
    fn daily(&self, name: &SnapshotName) -> Option<(DatabaseSnapshot, &Held)> {
        let name = placed(name);
        let held = self.databases.values().chain(&self.gone);
        let all = held.flat_map(|held| held.daily(self.now).into_iter().map(move |taken| (taken, held)));
        all.map(|(taken, held)| (snapshots::daily(held, taken), held)).find(|(daily, _)| daily.name == name)
    }

    pub(super) fn snapshot(&self, name: &SnapshotName) -> Option<DatabaseSnapshot> {
        let manual = self.snapshots.get(name).map(|kept| kept.told(self.now));
        let found = manual.or_else(|| Some(self.daily(name)?.0))?;
        Some(as_asked(found, name.region.as_ref()))
    }

    fn idle(&mut self, name: &DatabaseName) -> Result<&mut Held, Refusal> {
        let held = self.databases.get_mut(&at(name));
        let held = held.ok_or_else(|| missing(&format!("{name}")))?;
        if held.is_idle() {
            return Ok(held);
        }
        let status = held.underway.as_ref().map_or(held.database.status.as_str(), |underway| underway.status);
        busy(format!("{name} is {status}, not available"))
    }

    fn after(&self, takes: SignedDuration) -> Timestamp {
        self.now.saturating_add(takes).unwrap_or(Timestamp::MAX)
    }

    /// Whether what is begun under that identifier is to fail.
    fn fails(&mut self, identifier: &str) -> bool {
        let planted = self.to_fail.iter().position(|part| identifier.contains(part.as_str()));
        planted.map(|index| self.to_fail.remove(index)).is_some()
    }

    pub(super) fn begin_snapshot(
        &mut self,
        of: &DatabaseName,
        name: &SnapshotName,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), Refusal> {
        if (of.kind, &at(of).region) != (name.kind, &placed(name).region) {
            return refuse(Cause::Invalid, "a snapshot is made where the database is, and of its kind");
        }
        self.snapshots.has_room_for(name)?;
        let (now, ready) = (self.now, self.after(self.takes.snapshot));
        let held = self.idle(of)?;
        if held.database.cluster.is_some() {
            return refuse(Cause::Invalid, format!("{of} is of a cluster; a snapshot is made of that"));
        }
        held.underway = Some(Underway { status: "backing-up", until: ready, then: Then::Nothing });
        let database = held.database.clone();
        let status = if self.fails(&name.identifier) { "failed" } else { "available" };
        let name = placed(name);
        let snapshot = DatabaseSnapshot {
            arn: snapshots::arn(&name),
            name,
            database: database.name.identifier,
            origin: SnapshotOrigin::Manual,
            status: status.to_owned(),
            percent: None,
            taken: (status == "available").then_some(now),
            allocated_gib: database.allocated_gib,
            encrypted: database.encrypted,
            tags: tags.clone(),
        };
        let (resource, engine) = (database.resource, database.engine);
        self.snapshots.insert(Kept { snapshot, resource, engine, began: now, ready, copied_until: now });
        Ok(())
    }

    pub(super) fn begin_copy(
        &mut self,
        from: &SnapshotName,
        to: &SnapshotName,
        kms_key: Option<&str>,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), Refusal> {
        let (source, resource, engine) = self.usable(from)?;
        if source.encrypted && kms_key.is_none() && placed(from).region != placed(to).region {
            return refuse(Cause::Invalid, format!("{from} is encrypted: a key of the other region is needed"));
        }
        self.snapshots.has_room_for(to)?;
        let (now, ready) = (self.now, self.after(self.takes.snapshot));
        let status = if self.fails(&to.identifier) { "failed" } else { "available" };
        let name = placed(to);
        let snapshot = DatabaseSnapshot {
            arn: snapshots::arn(&name),
            name,
            origin: SnapshotOrigin::Manual,
            status: status.to_owned(),
            encrypted: source.encrypted || kms_key.is_some(),
            tags: tags.clone(),
            ..source
        };
        self.snapshots.insert(Kept { snapshot, resource, engine, began: now, ready, copied_until: now });
        self.snapshots.copied_until(from, ready);
        Ok(())
    }

    /// A snapshot that can be used now, with the resource and the engine of what it is of.
    fn usable(&self, name: &SnapshotName) -> Result<(DatabaseSnapshot, String, String), Refusal> {
        let manual = self.snapshots.get(name).map(|it| (it.told(self.now), it.resource.clone(), it.engine.clone()));
        let daily = || {
            let (daily, held) = self.daily(name)?;
            Some((daily, held.database.resource.clone(), held.database.engine.clone()))
        };
        let found = manual.or_else(daily).ok_or_else(|| missing(&format!("{name}")))?;
        match &found.0 {
            it if it.is_available() => Ok(found),
            it if it.is_broken() => refuse(Cause::Invalid, format!("{name} is {}", it.status)),
            it => busy(format!("{name} is {}", it.status)),
        }
    }

    pub(super) fn delete_snapshot(&mut self, name: &SnapshotName) -> Result<(), Refusal> {
        if self.daily(name).is_some() {
            return refuse(Cause::Invalid, format!("{name} is an automated one: it goes with its database's backups"));
        }
        self.snapshots.delete(name, self.now)
    }

    pub(super) fn set_backups(&mut self, of: &DatabaseName, days: u32, window: Option<&str>) -> Result<(), Refusal> {
        // https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_ModifyDBInstance.html
        if days > 35 || (days == 0 && of.kind == DatabaseKind::Cluster) {
            return refuse(Cause::Invalid, format!("{of} cannot be kept for {days} days"));
        }
        if window.is_some_and(|window| super::held::begins(window).is_none()) {
            return refuse(Cause::Invalid, "a window is written `hh:mm-hh:mm`");
        }
        let until = self.after(self.takes.change);
        let then = Then::Backups(days, window.map(str::to_owned));
        self.idle(of)?.underway = Some(Underway { status: "modifying", until, then });
        Ok(())
    }

    fn is_free(&self, name: &DatabaseName) -> Result<(), Refusal> {
        checked(&name.identifier, 63)?;
        let name = at(name);
        let becomes = |held: &Held| match &held.underway {
            Some(Underway { then: Then::Renamed(to), .. }) => held.database.name.renamed(to.clone()) == name,
            _ => false,
        };
        if self.databases.contains_key(&name) || self.databases.values().any(becomes) {
            return refuse(Cause::Exists, format!("there is {name} already"));
        }
        Ok(())
    }

    /// What a new database is made from: what it was, and the moment that the data is from.
    fn origin(&self, new: &NewDatabase) -> Result<(Held, Timestamp), Refusal> {
        match &new.from {
            RestoreFrom::Moment { resource, database, at: moment } => {
                let region = region_of(&new.name);
                let kept = self.databases.values().chain(&self.gone).find(|held| {
                    held.database.resource == *resource && held.database.name.region.as_ref() == Some(&region)
                });
                let kept = kept.filter(|held| held.is_backed_up()).ok_or_else(|| missing(database))?;
                self.moment(kept, *moment).map(|moment| (kept.clone(), moment))
            }
            RestoreFrom::Snapshot(name) => {
                if placed(name).region != at(&new.name).region || name.kind != new.name.kind {
                    return Err(missing(&format!("{name}")));
                }
                let (snapshot, _, engine) = self.usable(name)?;
                let taken = snapshot.taken.unwrap_or(self.now);
                // What is restored from a snapshot is kept for a day, as the default is.
                let database = Database {
                    engine,
                    backup_days: 1,
                    allocated_gib: snapshot.allocated_gib,
                    encrypted: snapshot.encrypted,
                    ..super::held::plain(new.name.clone())
                };
                Ok((Held::of_old(database, self.now), taken))
            }
        }
    }

    fn moment(&self, kept: &Held, moment: Option<Timestamp>) -> Result<Timestamp, Refusal> {
        let ship = self.takes.ship;
        let window = kept.earliest(self.now, ship).zip(kept.latest(self.now, ship));
        let Some((earliest, latest)) = window else {
            return busy("there is no automated backup of it yet");
        };
        let moment = moment.unwrap_or(latest);
        if moment < earliest || latest < moment {
            return refuse(Cause::Invalid, format!("{moment} is not between {earliest} and {latest}"));
        }
        Ok(moment)
    }

    pub(super) fn begin_restore(&mut self, new: &NewDatabase) -> Result<(), Refusal> {
        self.is_free(&new.name)?;
        let (from, data) = self.origin(new)?;
        let database = Database {
            settings: new.settings.clone(),
            tags: new.tags.clone(),
            members: vec![],
            cluster: None,
            ..from.database
        };
        self.create(&new.name, database, Some(data));
        Ok(())
    }

    fn create(&mut self, name: &DatabaseName, database: Database, data: Option<Timestamp>) {
        let then = if self.fails(&name.identifier) { Then::Failed } else { Then::Created };
        let until = self.after(self.takes.restore);
        let (resource, name) = (self.resource(name.kind), at(name));
        let database = Database { name: name.clone(), resource, status: "available".to_owned(), ..database };
        let underway = Some(Underway { status: "creating", until, then });
        let held = Held { database, underway, backed_up_since: None, logs_stopped: None, deleted: None, data };
        self.databases.insert(name, held);
    }

    pub(super) fn begin_member(
        &mut self,
        cluster: &DatabaseName,
        identifier: &str,
        engine: &str,
        settings: &DatabaseSettings,
        tags: &BTreeMap<String, String>,
    ) -> Result<(), Refusal> {
        let name = DatabaseName { kind: DatabaseKind::Instance, ..cluster.renamed(identifier) };
        self.is_free(&name)?;
        let held = self.idle(cluster)?;
        if held.database.engine != engine {
            return refuse(Cause::Invalid, format!("{cluster} is of engine {}, not {engine}", held.database.engine));
        }
        held.database.members.push(identifier.to_owned());
        let (data, encrypted, days) = (held.data, held.database.encrypted, held.database.backup_days);
        let database = Database {
            engine: engine.to_owned(),
            settings: settings.clone(),
            tags: tags.clone(),
            cluster: Some(cluster.identifier.clone()),
            backup_days: days,
            allocated_gib: 0,
            encrypted,
            ..super::held::plain(name.clone())
        };
        self.create(&name, database, data);
        Ok(())
    }

    pub(super) fn begin_rename(&mut self, from: &DatabaseName, to: &str) -> Result<(), Refusal> {
        self.is_free(&from.renamed(to))?;
        let until = self.after(self.takes.rename);
        let underway = Underway { status: "renaming", until, then: Then::Renamed(to.to_owned()) };
        self.idle(from)?.underway = Some(underway);
        Ok(())
    }
}

fn missing(what: &str) -> Refusal {
    (Cause::NotFound, crate::ports::Certainty::Permanent, format!("there is no {what}"))
}
