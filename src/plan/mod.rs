//! Floor 2: the typed plan.
//!
//! Unaware of KDL and of how it was written, but for the spans. Invariant: every value is well formed by itself; whether the
//! parts fit together (a store that a backup names exists) is `check`'s. A block that could not be read, wholly or in
//! part, is named in `broken`, so that nobody is told that it is missing.

mod backup;
mod people;
mod restore;
mod secret;
mod source;
mod store;
mod watch;

pub use backup::{
    Archive, ArchiveFormat, Backup, Content, CopyTo, Drift, Guard, PointInTime, Priority, Retention, Rhythm, Schedule,
    Select, Selection, Snapshot, Stored, TimeOfDay, Way, Window,
};
pub use people::{Announce, Channel, Email, Event, Host, Member, Notify, Role, Ssh};
pub use restore::{
    Announcing, Approve, Command, Deploy, Included, Into, IntoSettings, Launch, Probe, ProbeKind, Recover, Restore,
    RestoreStep, SqlLogin, Switch,
};
pub use secret::{HostInput, Input, OutputName, Secret};
pub use source::{
    Files, ImageChoice, Logs, MYSQL_PORT, MachineImage, Mysql, MysqlAddress, Rds, RdsDatabase, Release, ReleaseFrom,
    Source,
};
pub use store::{Access, Addressing, LockMode, S3, ServerEncryption, Sftp, Store, StoreKind};
pub use watch::{Depth, Drill, Selector, SignOff, Verify};

use crate::primitives::{Duration, JobName, Name, Period, Span, Spanned};

/// What a plan file declares, with all that it includes.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its name.
    pub name: Spanned<Name>,
    /// The IANA time zone of every time of day that names no other. `UTC` where the plan names none.
    pub timezone: Spanned<String>,
    /// Who answers for it.
    pub owner: Option<Spanned<String>>,
    /// The store in which sign-offs, the results of drills and holds lie; on this host alone where the plan says nothing.
    pub evidence: Option<Spanned<Name>>,
    /// What people may do, in source order.
    pub roles: Vec<Role>,
    /// The machines, in source order.
    pub hosts: Vec<Host>,
    /// Where backups live, in source order.
    pub stores: Vec<Store>,
    /// Who is told of what, in source order.
    pub notifies: Vec<Notify>,
    /// What is backed up or deliberately is not, in source order.
    pub targets: Vec<Target>,
    /// How it comes back, in source order.
    pub restores: Vec<Restore>,
    /// How what is kept is looked at, in source order.
    pub verifies: Vec<Verify>,
    /// How it is practised, in source order.
    pub drills: Vec<Drill>,
    /// The notices to those outside, in source order.
    pub announces: Vec<Announce>,
    /// What targets may have in common, in source order. Each target that uses one has its words already.
    pub templates: Vec<Template>,
    /// Problems set aside for the whole plan (inside `plan { … }`).
    pub waivers: Vec<Waiver>,
    /// Blocks that had errors of their own. What could be read of them is above, and what it lacks may be what could not.
    pub broken: Vec<BrokenBlock>,
}

impl Plan {
    /// Every backup with its target, in source order.
    pub fn backups(&self) -> impl Iterator<Item = (&Target, &Backup)> {
        self.targets.iter().flat_map(|target| target.backups.iter().map(move |backup| (target, backup)))
    }

    /// Every job, in source order.
    pub fn job_names(&self) -> impl Iterator<Item = JobName> {
        self.backups().map(|(target, backup)| target.job(backup))
    }

    /// Every job that puts something into a store, with that store, in source order.
    pub fn jobs(&self) -> impl Iterator<Item = (JobName, Name)> {
        self.backups().filter_map(|(target, backup)| Some((target.job(backup), backup.store()?.value.clone())))
    }

    /// Every secret that is named anywhere.
    pub fn secrets(&self) -> impl Iterator<Item = &Secret> {
        let hosts = self.hosts.iter().filter_map(|host| host.ssh.as_ref()?.identity.as_ref());
        let stores = self.stores.iter().filter_map(|store| match &store.kind {
            StoreKind::Sftp(sftp) => sftp.identity.as_ref(),
            _ => None,
        });
        let notifies = self.notifies.iter().filter_map(|notify| match &notify.channel {
            Channel::Email(email) => email.password.as_ref(),
            Channel::Ping(url) => Some(url),
            Channel::Command(_) => None,
        });
        let targets = self.targets.iter().filter_map(|target| match target.source.as_ref()? {
            Source::Mysql(mysql) => mysql.password.as_ref(),
            _ => None,
        });
        let steps = self.restores.iter().flat_map(|restore| restore.steps.iter().flat_map(RestoreStep::secrets));
        hosts.chain(stores).chain(notifies).chain(targets).map(|secret| &secret.value).chain(steps)
    }

    /// The backup of a job.
    pub fn backup(&self, job: &JobName) -> Option<&Backup> {
        let target = self.targets.iter().find(|target| target.name.value == job.target)?;
        target.backups.iter().find(|backup| backup.name.value == job.backup)
    }
}

/// A block that could not be read, or not all of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BrokenBlock {
    /// Its node word: `store`, `template`, `target`, `backup`, `restore`; empty where the word itself could not be read.
    pub kind: &'static str,
    /// Its name, where that could be read; for a backup, its target's and its own are in `owner` and here.
    pub name: Option<Name>,
    /// The target that a broken backup belongs to.
    pub owner: Option<Name>,
}

/// One thing that a policy speaks of.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name.
    pub name: Spanned<Name>,
    /// Which area of the policy it belongs to.
    pub area: Option<Spanned<Name>>,
    /// On which hosts; on whichever runs the plan where it names none.
    pub hosts: Vec<Spanned<Name>>,
    /// What it is.
    pub source: Option<Source>,
    /// How it is backed up, in source order.
    pub backups: Vec<Backup>,
    /// Why it is not backed up.
    pub no_backup: Option<Spanned<String>>,
    /// What is promised.
    pub objective: Option<Objective>,
    /// Problems set aside for this target.
    pub waivers: Vec<Waiver>,
    /// The node's name and arguments, without its children.
    pub span: Span,
}

/// What targets may have in common.
#[derive(Debug, Clone)]
pub struct Template {
    /// Its name.
    pub name: Spanned<Name>,
    /// Whether any target uses it.
    pub is_used: bool,
    /// Problems set aside for what stands in it, in its backups too. A target that uses it has them once more, for its own block.
    pub waivers: Vec<Waiver>,
    /// The node and its block.
    pub body: Span,
}

impl Target {
    /// The job of one of its backups.
    pub fn job(&self, backup: &Backup) -> JobName {
        JobName { target: self.name.value.clone(), backup: backup.name.value.clone() }
    }

    /// Its backup of that name.
    pub fn backup(&self, name: &Name) -> Option<&Backup> {
        self.backups.iter().find(|backup| backup.name.value == *name)
    }

    /// Whether it is backed up on that host.
    pub fn is_of(&self, host: &Name) -> bool {
        self.hosts.is_empty() || self.hosts.iter().any(|of| of.value == *host)
    }
}

/// What a plan promises of a target.
#[derive(Debug, Clone)]
pub struct Objective {
    /// Recovery point objective: at most so much may be lost.
    pub rpo: Option<Spanned<Duration>>,
    /// Recovery time objective: it is back within so long.
    pub rto: Option<Spanned<Duration>>,
    /// It can be brought back to any moment of so many last days.
    pub any_point: Option<Spanned<Period>>,
    /// The node's name and arguments.
    pub span: Span,
}

/// A problem that somebody decided to live with.
#[derive(Debug, Clone)]
pub struct Waiver {
    /// The diagnostic's code.
    pub code: Spanned<String>,
    /// Why.
    pub reason: Spanned<String>,
    /// The last day it holds, in the plan's zone.
    pub until: Spanned<jiff::civil::Date>,
    /// Where it holds: the whole block that it stands in; none where that is the whole plan.
    pub scope: Option<Span>,
    /// The node's name and arguments.
    pub span: Span,
}
