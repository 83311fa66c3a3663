//! What a forecast's step will do, with every name and size that is known before it runs.

use serde::{Deserialize, Serialize};

use super::{DatabaseAction, DeletionGuard, Deployment, Launch, MountBefore, ShrinkGuard, Suspension};
use crate::catalog::{Manifest, Part, PointPlace, Totals};
use crate::graph::{Argument, Output, ProbeCheck};
use crate::observe::SourceTotals;
use crate::ports::{Fault, Keeping, ObjectInfo, Person, UploadId};
use crate::primitives::{Compression, Duration, HostPath, JobName, Key, Name, PathBytes, PointId};
use crate::retention::Rules;

/// A folder tree's selection: fixed by the forecast; the files themselves are found when the step runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Selection {
    /// The roots, absolute.
    pub roots: Vec<PathBytes>,
    /// Globs of what is left out.
    pub exclude: Vec<String>,
    /// Whether an empty tree is what is meant.
    pub allow_empty: bool,
    /// Whether other file systems that are mounted below the roots are left out.
    #[serde(default)]
    pub one_file_system: bool,
}

/// The recovery point that a job makes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NewPoint {
    /// In which store.
    pub store: Name,
    /// Where its objects lie: its plan, job, host and identity.
    pub place: PointPlace,
}

impl NewPoint {
    /// The key of one of its objects.
    pub fn key(&self, part: Part) -> Key {
        self.place.key(part)
    }
}

/// A recovery point that is deleted, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Deletion {
    /// Where its objects lie.
    pub place: PointPlace,
    /// What deleting it frees, in bytes.
    pub bytes: u64,
    /// Why retention lets it go.
    pub reason: String,
}

/// What an unfinished run left in the store: no recovery point, and none will come of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Leftover {
    /// An object that no manifest speaks of.
    Object(ObjectInfo),
    /// An upload that was never finished.
    Upload(UploadId),
}

impl Leftover {
    /// Where it is, or would be.
    pub fn key(&self) -> &Key {
        match self {
            Self::Object(object) => &object.key,
            Self::Upload(upload) => &upload.key,
        }
    }
}

/// What a step does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Action {
    /// Looks at the source again.
    Look {
        /// For which job.
        job: JobName,
        /// To which store it goes.
        store: Name,
        /// What is looked at.
        selection: Selection,
        /// What was there when the forecast was made.
        seen: Option<SourceTotals>,
        /// The roots that should be mount points, as they were.
        #[serde(default)]
        mounts: Vec<MountBefore>,
    },
    /// Packs the source and puts it into the store.
    Pack {
        /// What is packed.
        selection: Selection,
        /// How the archive is compressed.
        compression: Compression,
        /// What becomes of it.
        new: NewPoint,
        /// The source was found.
        source: Output,
    },
    /// Reads the archive back from the store.
    ReadBack {
        /// What is read back.
        new: NewPoint,
        /// Its digests: known after packing.
        packed: Output,
    },
    /// Writes the manifest.
    Commit {
        /// What begins to exist.
        new: NewPoint,
        /// What it is held against.
        guard: ShrinkGuard,
        /// What it tells of: known after packing.
        packed: Output,
        /// That it is readable: known after reading back.
        read_back: Output,
    },
    /// Deletes recovery points and leftovers.
    Delete {
        /// In which store.
        store: Name,
        /// Of which job.
        job: JobName,
        /// All that begins so is of this plan, job and host.
        prefix: String,
        /// The roots that the new point holds: points of other folders are left alone.
        roots: Vec<PathBytes>,
        /// The rules, asked again before anything is deleted.
        rules: Option<Rules>,
        /// The zone of the rules' calendar.
        timezone: String,
        /// What retention lets go once the new point exists.
        points: Vec<Deletion>,
        /// How much may go at once.
        #[serde(default)]
        guard: DeletionGuard,
        /// Why none of these points is deleted now, where that is plain to see already.
        suspended: Option<Suspension>,
        /// What unfinished runs left.
        leftovers: Vec<Leftover>,
        /// What the store keeps of it all.
        #[serde(default, skip_serializing_if = "Keeping::is_gone")]
        keeping: Keeping,
        /// The new point exists.
        given: Output,
    },
    /// Puts a recovery point beside what is there.
    Recover(Box<Recovery>),
    /// Looks whether all is well.
    Probe {
        /// What it shows.
        shows: String,
        /// How.
        how: ProbeCheck,
        /// How long it is tried again until it is well.
        patience: Duration,
    },
    /// Waits for the word of a person.
    Approve {
        /// What is approved, in the plan's words.
        what: String,
        /// The role that a person needs.
        role: Name,
        /// Those who have it.
        people: Vec<Person>,
    },
    /// Runs a program, which should exit with 0.
    Command {
        /// The program and its arguments; never through a shell.
        argv: Vec<Argument>,
        /// On which other host, as the plan names it or an earlier step yields its address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on: Option<Argument>,
        /// Whether it does no harm to run it again where nobody knows whether it was done.
        repeatable: bool,
    },
    /// Does something with a database that a provider runs.
    Database(Box<DatabaseAction>),
    /// Puts a release on a host, and has a link point to it.
    Deploy(Box<Deployment>),
    /// Has a provider launch a machine.
    Launch(Box<Launch>),
    /// Has a link point again to what it pointed to before a release was deployed.
    Link {
        /// Which release.
        target: Name,
        /// On which other host, as the plan names it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on: Option<String>,
        /// The link.
        link: PathBytes,
        /// The folder of the release, to which it points now. That stays.
        from: PathBytes,
        /// Where it points then.
        to: PathBytes,
    },
    /// Renames what was recovered into its place.
    Switch {
        /// What was recovered.
        target: Name,
        /// On which other host, as the plan names it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        on: Option<String>,
        /// What is renamed, in this order.
        moves: Vec<Move>,
    },
}

impl Action {
    /// The job it belongs to, if it is a backup's.
    pub fn job(&self) -> Option<&JobName> {
        match self {
            Self::Look { job, .. } | Self::Delete { job, .. } => Some(job),
            Self::Pack { new, .. } | Self::ReadBack { new, .. } | Self::Commit { new, .. } => Some(&new.place.job),
            Self::Database(action) => action.job(),
            Self::Recover(_)
            | Self::Deploy(_)
            | Self::Launch(_)
            | Self::Probe { .. }
            | Self::Approve { .. }
            | Self::Command { .. }
            | Self::Link { .. }
            | Self::Switch { .. } => None,
        }
    }

    /// The other host that it is done on, if it is.
    pub fn host(&self) -> Option<&str> {
        match self {
            Self::Recover(recovery) => recovery.on.as_deref(),
            Self::Deploy(deployment) => deployment.on.as_deref(),
            Self::Command { on, .. } => on.as_ref().and_then(Argument::text),
            Self::Link { on, .. } | Self::Switch { on, .. } => on.as_deref(),
            _ => None,
        }
    }

    /// The store that it reads or writes, if it does.
    pub fn store(&self) -> Option<&Name> {
        match self {
            Self::Look { store, .. } | Self::Delete { store, .. } => Some(store),
            Self::Pack { new, .. } | Self::ReadBack { new, .. } | Self::Commit { new, .. } => Some(&new.store),
            Self::Recover(recovery) => recovery.store.as_ref(),
            Self::Deploy(deployment) => deployment.from.store(),
            Self::Database(_)
            | Self::Launch(_)
            | Self::Probe { .. }
            | Self::Approve { .. }
            | Self::Command { .. }
            | Self::Link { .. }
            | Self::Switch { .. } => None,
        }
    }

    /// The folder that it makes for a restore, if it does: what the folders of a release are called after.
    pub fn destination(&self) -> Option<HostPath> {
        match self {
            Self::Recover(recovery) => Some(HostPath::on(recovery.on.as_deref(), recovery.into.clone())),
            Self::Deploy(deployment) => Some(deployment.place()),
            _ => None,
        }
    }
}

/// What was recovered, and the place that it gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Move {
    /// Where it was put.
    pub from: PathBytes,
    /// Its place.
    pub to: PathBytes,
    /// What is there now is called so from then on.
    pub kept: PathBytes,
    /// Whether something was there when the forecast was made.
    pub replaces: bool,
}

/// A recovery point that is put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Recovery {
    /// Whose.
    pub target: Name,
    /// Whose points on it were looked for.
    pub host: Name,
    /// From which store; none where no point was found.
    pub store: Option<Name>,
    /// Which point; none where none was found (then `foreseen` says why).
    pub manifest: Option<Manifest>,
    /// The folder that is made.
    pub into: PathBytes,
    /// On which other host, as the plan names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<String>,
    /// Where it is made before it gets its name.
    pub staging: PathBytes,
    /// What killed restores to the same destination left beside it: it is removed.
    pub leftovers: Vec<PathBytes>,
    /// The one path that is restored; all of it where none is named.
    pub only: Option<PathBytes>,
    /// What that path comes to, as the contents say.
    #[serde(default)]
    pub part: Option<Totals>,
    /// The stores that could not say what they hold, and why: a newer point may be there.
    pub unread_stores: Vec<(Name, Fault)>,
    /// Newer points of that host which cannot be used, and why.
    pub unusable: Vec<(PointId, Fault)>,
    /// Whether owners are set: only the superuser can (chown(2)).
    pub set_owner: bool,
    /// Bytes free where it goes, when the forecast was made.
    pub free: Option<u64>,
}
