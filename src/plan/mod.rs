//! Floor 2: the typed plan.
//!
//! Unaware of KDL and of how it was written, but for the spans. Invariant: every value is well formed by itself; whether the
//! parts fit together (a store that a backup names exists) is `check`'s. A block that could not be read, wholly or in
//! part, is named in `broken`, so that nobody is told that it is missing.

mod backup;
mod restore;
mod store;

pub use backup::{Archive, ArchiveFormat, Backup, Guard, Retention, Rhythm, Schedule, TimeOfDay};
pub use restore::{Probe, ProbeKind, Recover, Restore, RestoreStep};
pub use store::{Access, Store, StoreKind};

use crate::primitives::{Duration, JobName, Name, Span, Spanned};

/// What a plan file declares, with all that it includes.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Its name.
    pub name: Spanned<Name>,
    /// The IANA time zone of every time of day that names no other. `UTC` where the plan names none.
    pub timezone: Spanned<String>,
    /// Who answers for it.
    pub owner: Option<Spanned<String>>,
    /// Where backups live, in source order.
    pub stores: Vec<Store>,
    /// What is backed up or deliberately is not, in source order.
    pub targets: Vec<Target>,
    /// How it comes back, in source order.
    pub restores: Vec<Restore>,
    /// What targets may have in common, in source order. Each target that uses one has its words already.
    pub templates: Vec<Template>,
    /// Problems set aside for the whole plan (inside `plan { … }`).
    pub waivers: Vec<Waiver>,
    /// Blocks that had errors of their own. What could be read of them is above, and what it lacks may be what could not.
    pub broken: Vec<BrokenBlock>,
}

impl Plan {
    /// Every job with its store, in source order.
    pub fn jobs(&self) -> impl Iterator<Item = (JobName, Name)> {
        let of = |target: &Target, backup: &Backup| {
            let job = JobName { target: target.name.value.clone(), backup: backup.name.value.clone() };
            (job, backup.store.value.clone())
        };
        self.targets.iter().flat_map(move |target| target.backups.iter().map(move |backup| of(target, backup)))
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

/// What a target is made of.
#[derive(Debug, Clone)]
pub enum Source {
    /// Folder trees.
    Files(Files),
}

/// Folder trees of one host.
#[derive(Debug, Clone)]
pub struct Files {
    /// The trees' roots, as written; a relative one is relative to the plan file's folder.
    pub roots: Vec<Spanned<String>>,
    /// Globs of what is left out, matched against the path below its root; `**` crosses folders. A folder that
    /// matches is left out with all below it.
    pub exclude: Vec<Spanned<String>>,
    /// Whether an empty tree is what is meant; else it fails its step.
    pub allow_empty: bool,
    /// Whether other file systems that are mounted below the roots are left out.
    pub one_file_system: bool,
    /// Whether it is fine when a root that was a mount point is none.
    pub allow_unmounted: bool,
    /// The node's name and arguments.
    pub span: Span,
}

/// What a plan promises of a target.
#[derive(Debug, Clone)]
pub struct Objective {
    /// Recovery point objective: at most so much may be lost.
    pub rpo: Option<Spanned<Duration>>,
    /// Recovery time objective: it is back within so long.
    pub rto: Option<Spanned<Duration>>,
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
