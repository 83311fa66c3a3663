//! The manual snapshots.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{HOME, Refusal, busy, checked, refuse};
use crate::ports::{Cause, DatabaseKind, DatabaseName, DatabaseSnapshot, SnapshotName, SnapshotOrigin};

/// A manual snapshot that is there or being made.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    /// As it is when it is made; its name names a region.
    pub(super) snapshot: DatabaseSnapshot,
    /// The database that it is of, whatever that is called.
    pub(super) resource: String,
    pub(super) engine: String,
    pub(super) began: Timestamp,
    pub(super) ready: Timestamp,
    /// Until when it is being copied.
    pub(super) copied_until: Timestamp,
}

impl Kept {
    pub(super) fn told(&self, now: Timestamp) -> DatabaseSnapshot {
        if self.ready <= now {
            return DatabaseSnapshot { percent: Some(100), ..self.snapshot.clone() };
        }
        let whole = self.ready.duration_since(self.began).as_secs().max(1);
        let percent = now.duration_since(self.began).as_secs().clamp(0, whole) * 100 / whole;
        DatabaseSnapshot {
            status: "creating".to_owned(),
            percent: u8::try_from(percent.min(99)).ok(),
            taken: None,
            ..self.snapshot.clone()
        }
    }
}

/// All of them, by names that name a region.
#[derive(Debug)]
pub(super) struct Snapshots {
    kept: BTreeMap<SnapshotName, Kept>,
    pub(super) quota: usize,
}

impl Default for Snapshots {
    fn default() -> Self {
        // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/CHAP_Limits.html
        Self { kept: BTreeMap::new(), quota: 100 }
    }
}

/// A name that names a region.
pub(super) fn placed(name: &SnapshotName) -> SnapshotName {
    SnapshotName { region: Some(name.region.clone().unwrap_or_else(|| HOME.to_owned())), ..name.clone() }
}

/// The name that the provider has for it everywhere.
pub(super) fn arn(name: &SnapshotName) -> String {
    let resource = match name.kind {
        DatabaseKind::Instance => "snapshot",
        DatabaseKind::Cluster => "cluster-snapshot",
    };
    let region = name.region.as_deref().unwrap_or(HOME);
    format!("arn:aws:rds:{region}:000000000000:{resource}:{}", name.identifier)
}

/// Those with the oldest data first; those that are being made last.
pub(super) fn in_order(mut snapshots: Vec<DatabaseSnapshot>) -> Vec<DatabaseSnapshot> {
    snapshots.sort_by(|a, b| {
        let key = |it: &DatabaseSnapshot| (it.taken.is_none(), it.taken);
        key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
    });
    snapshots
}

impl Snapshots {
    pub(super) fn get(&self, name: &SnapshotName) -> Option<&Kept> {
        self.kept.get(&placed(name))
    }

    pub(super) fn forget(&mut self, name: &SnapshotName) {
        self.kept.remove(&placed(name));
    }

    pub(super) fn all(&self, now: Timestamp) -> Vec<DatabaseSnapshot> {
        in_order(self.kept.values().map(|kept| kept.told(now)).collect())
    }

    /// Those of a database (whose name names a region), by its name when they were made or by its resource.
    pub(super) fn of(&self, database: &DatabaseName, resource: Option<&str>) -> impl Iterator<Item = &Kept> {
        self.kept.values().filter(move |kept| {
            let snapshot = &kept.snapshot;
            snapshot.name.kind == database.kind
                && snapshot.name.region == database.region
                && (snapshot.database == database.identifier || resource == Some(kept.resource.as_str()))
        })
    }

    /// Whether one of that name can be begun.
    pub(super) fn has_room_for(&self, name: &SnapshotName) -> Result<(), Refusal> {
        checked(&name.identifier, 255)?;
        let name = placed(name);
        if self.kept.contains_key(&name) {
            return refuse(Cause::Exists, format!("there is a {name} already"));
        }
        let beside = self.kept.keys().filter(|kept| (kept.kind, &kept.region) == (name.kind, &name.region));
        if beside.count() >= self.quota {
            return refuse(Cause::Full, "the quota of manual snapshots is reached");
        }
        Ok(())
    }

    pub(super) fn insert(&mut self, kept: Kept) {
        self.kept.insert(kept.snapshot.name.clone(), kept);
    }

    pub(super) fn copied_until(&mut self, name: &SnapshotName, until: Timestamp) {
        let copied = self.kept.get_mut(&placed(name));
        copied.into_iter().for_each(|kept| kept.copied_until = kept.copied_until.max(until));
    }

    pub(super) fn delete(&mut self, name: &SnapshotName, now: Timestamp) -> Result<(), Refusal> {
        match self.get(name) {
            Some(kept) if kept.ready > now => busy(format!("{name} is being made")),
            Some(kept) if kept.copied_until > now => busy(format!("{name} is being copied")),
            _ => {
                self.forget(name);
                Ok(())
            }
        }
    }
}

/// The identifier of an automated snapshot.
pub(super) fn daily_name(kind: DatabaseKind, region: &str, database: &str, taken: Timestamp) -> SnapshotName {
    let identifier = format!("rds:{database}-{}", taken.strftime("%Y-%m-%d-%H-%M"));
    SnapshotName { kind, identifier, region: Some(region.to_owned()) }
}

/// An automated snapshot.
pub(super) fn daily(of: &super::held::Held, taken: Timestamp) -> DatabaseSnapshot {
    let database = &of.database;
    let region = database.name.region.as_deref().unwrap_or(HOME);
    let name = daily_name(database.name.kind, region, &database.name.identifier, taken);
    DatabaseSnapshot {
        arn: arn(&name),
        database: database.name.identifier.clone(),
        origin: SnapshotOrigin::Automated,
        status: "available".to_owned(),
        percent: Some(100),
        taken: Some(taken),
        allocated_gib: database.allocated_gib,
        encrypted: database.encrypted,
        tags: BTreeMap::new(),
        name,
    }
}
