//! Steps that nothing in this version can perform: named, tied and shown, so that a plan can be reviewed whole; refused before anything
//! of their slice is begun.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Effect, Output, OutputKind, Slice};
use crate::primitives::Name;

/// A step that no driver performs yet.
#[derive(Debug, Clone)]
pub struct Undriven {
    /// The part of the plan it belongs to.
    pub slice: Slice,
    /// The store that it reads or writes, if it does.
    pub store: Option<Name>,
    /// The word for it in its name.
    pub word: &'static str,
    /// What it is about, in a few words.
    pub what: String,
    /// Lines of detail.
    pub details: Vec<String>,
    /// What it does to the world.
    pub effect: Effect,
    /// What it yields to those behind it.
    pub yields: Vec<OutputKind>,
    /// What it takes in.
    pub inputs: Vec<Output>,
}

/// What a step needs to be performed, and this version does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Driver {
    /// Stores reached by SFTP.
    Sftp,
    /// Encryption to age recipients.
    Encryption,
    /// A limit on how fast a store is written.
    UploadLimit,
    /// Databases of Amazon RDS.
    Rds,
    /// Files on machines that a step of the same restore launches.
    NewMachines,
    /// MySQL and MariaDB servers.
    Mysql,
    /// Logs selected by the day that they are of.
    LogDays,
    /// Second copies.
    Copies,
    /// Programs before and after a backup.
    Hooks,
    /// Priorities of processes.
    Priorities,
    /// Private keys of SSH in the environment.
    SshKeys,
    /// A person's word on what was done.
    People,
    /// Looks at what is kept.
    Verification,
    /// Restores into scratch.
    Drills,
    /// Notices to those outside.
    Notices,
}

impl fmt::Display for Driver {
    /// A noun, to be said behind "no driver for".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Sftp => "stores by SFTP",
            Self::Encryption => "encryption",
            Self::UploadLimit => "`limit upload`",
            Self::Rds => "Amazon RDS",
            Self::NewMachines => "files on a machine that a step launches",
            Self::Mysql => "MySQL",
            Self::LogDays => "`select`",
            Self::Copies => "`copy`",
            Self::Hooks => "`before-backup` and `after-backup`",
            Self::Priorities => "`priority`",
            Self::SshKeys => "`identity=(env)`",
            Self::People => "sign-offs",
            Self::Verification => "`verify`",
            Self::Drills => "`drill`",
            Self::Notices => "`announce`",
        })
    }
}
