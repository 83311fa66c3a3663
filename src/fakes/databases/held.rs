//! A database and what is underway with it.

use jiff::{SignedDuration, Timestamp};

use crate::ports::{Database, DatabaseKind, DatabaseName, DatabaseSettings};

/// Logs end so often.
const LOG: i64 = 5 * 60;

/// What a database is in the middle of.
#[derive(Debug, Clone)]
pub(super) struct Underway {
    pub(super) status: &'static str,
    pub(super) until: Timestamp,
    pub(super) then: Then,
}

/// What is when that is over.
#[derive(Debug, Clone)]
pub(super) enum Then {
    /// What was before.
    Nothing,
    /// It is there, and backed up.
    Created,
    /// It failed.
    Failed,
    /// Another name.
    Renamed(String),
    /// Other backups.
    Backups(u32, Option<String>),
}

/// A database that is there, or whose automated backups are.
#[derive(Debug, Clone)]
pub(super) struct Held {
    /// As it is when nothing is underway. Its name names a region.
    pub(super) database: Database,
    pub(super) underway: Option<Underway>,
    /// Since when it can be brought back; none before its first backup.
    pub(super) backed_up_since: Option<Timestamp>,
    /// When its logs were shipped last, where they are no more.
    pub(super) logs_stopped: Option<Timestamp>,
    /// When it was deleted.
    pub(super) deleted: Option<Timestamp>,
    /// The moment that its data is from, where it was restored.
    pub(super) data: Option<Timestamp>,
}

/// An available database.
pub(super) fn plain(name: DatabaseName) -> Database {
    let is_instance = name.kind == DatabaseKind::Instance;
    let engine = if is_instance { "mysql" } else { "aurora-mysql" };
    Database {
        resource: String::new(),
        status: "available".to_owned(),
        engine: engine.to_owned(),
        backup_days: 7,
        window: Some("18:00-18:30".to_owned()),
        latest: None,
        address: None,
        settings: DatabaseSettings { class: Some("db.t4g.medium".to_owned()), ..DatabaseSettings::default() },
        members: vec![],
        cluster: None,
        allocated_gib: if is_instance { 20 } else { 0 },
        encrypted: true,
        tags: std::collections::BTreeMap::new(),
        name,
    }
}

impl Held {
    /// One that has been there for long.
    pub(super) fn of_old(database: Database, now: Timestamp) -> Self {
        let long_ago = now.saturating_sub(SignedDuration::from_hours(24 * 365)).unwrap_or(Timestamp::MIN);
        Self {
            database,
            underway: None,
            backed_up_since: Some(long_ago),
            logs_stopped: None,
            deleted: None,
            data: None,
        }
    }

    /// The database as its provider tells it now.
    pub(super) fn told(&self, now: Timestamp, ship: SignedDuration) -> Database {
        let status = self.underway.as_ref().map_or(self.database.status.as_str(), |underway| underway.status);
        let port = if self.database.engine.contains("postgres") { 5432 } else { 3306 };
        let port = self.database.settings.port.and_then(|port| u16::try_from(port).ok()).unwrap_or(port);
        let DatabaseName { identifier, region, .. } = &self.database.name;
        let host = format!("{identifier}.{}.rds.invalid", region.as_deref().unwrap_or_default());
        Database {
            status: status.to_owned(),
            latest: self.latest(now, ship),
            address: (status != "creating").then_some((host, port)),
            ..self.database.clone()
        }
    }

    /// Whether nothing is underway, and it can be used.
    pub(super) fn is_idle(&self) -> bool {
        self.underway.is_none() && self.database.is_available()
    }

    /// The newest moment to which it can be brought back.
    pub(super) fn latest(&self, now: Timestamp, ship: SignedDuration) -> Option<Timestamp> {
        let since = self.backed_up_since.filter(|_| self.is_backed_up())?;
        let last = [self.logs_stopped, self.deleted].into_iter().flatten().chain([now.saturating_sub(ship).ok()?]);
        let last = last.min()?.as_second();
        let latest = Timestamp::from_second(last - last.rem_euclid(LOG)).ok()?;
        (latest >= since).then_some(latest)
    }

    /// The oldest.
    pub(super) fn earliest(&self, now: Timestamp, ship: SignedDuration) -> Option<Timestamp> {
        let kept_from = now.saturating_sub(self.kept_for()).ok()?;
        self.latest(now, ship)?;
        self.backed_up_since.map(|since| since.max(kept_from))
    }

    /// The instances of a cluster are backed up as a cluster.
    pub(super) fn is_backed_up(&self) -> bool {
        self.database.backup_days > 0 && self.database.cluster.is_none()
    }

    fn kept_for(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.database.backup_days))
    }

    /// Whether its backups are kept no more after its deletion.
    pub(super) fn is_forgotten(&self, now: Timestamp) -> bool {
        let until = self.deleted.and_then(|deleted| deleted.checked_add(self.kept_for()).ok());
        until.is_some_and(|until| until <= now)
    }

    /// When its automated snapshots were taken that are kept, the newest first.
    pub(super) fn daily(&self, now: Timestamp) -> Vec<Timestamp> {
        let Some(since) = self.backed_up_since.filter(|_| self.is_backed_up()) else { return vec![] };
        let ended = self.deleted.unwrap_or(now);
        let of_day = self.database.window.as_deref().and_then(begins).unwrap_or(0);
        let last = ended.as_second() - (ended.as_second() - of_day).rem_euclid(86_400);
        (0..i64::from(self.database.backup_days))
            .filter_map(|day| Timestamp::from_second(last - day * 86_400).ok())
            .filter(|taken| *taken >= since)
            .collect()
    }

    /// What was underway is over.
    pub(super) fn end(&mut self) {
        let Some(Underway { until, then, .. }) = self.underway.take() else { return };
        match then {
            Then::Nothing => {}
            Then::Created => self.backed_up_since = Some(until),
            Then::Failed => "failed".clone_into(&mut self.database.status),
            Then::Renamed(to) => self.database.name.identifier = to,
            Then::Backups(days, window) => {
                let are_new = self.database.backup_days == 0 && days > 0;
                self.database.backup_days = days;
                self.database.window = window.or(self.database.window.take());
                self.backed_up_since = if are_new { Some(until) } else { self.backed_up_since };
            }
        }
    }
}

/// The second of the day at which a window begins, `03:00-03:30`.
pub(super) fn begins(window: &str) -> Option<i64> {
    let (hour, minute) = window.split('-').next()?.split_once(':')?;
    Some(hour.parse::<i64>().ok()? * 3_600 + minute.parse::<i64>().ok()? * 60)
}
