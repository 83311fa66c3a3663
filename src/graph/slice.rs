//! Parts of a plan that are carried out by themselves.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::primitives::{JobName, Name};

/// The part of a plan that a step belongs to: what one run carries out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Slice {
    /// A backup.
    Job(JobName),
    /// A restore.
    Restore(Name),
    /// A look at what is kept.
    Verify(Name),
    /// A restore that is practised.
    Drill(Name),
    /// A notice to those outside.
    Announce(Name),
}

impl Slice {
    /// What its steps' names begin with.
    pub(super) fn owner(&self) -> String {
        match self {
            Self::Job(job) => job.to_string(),
            Self::Restore(name) => format!("restore/{name}"),
            Self::Verify(name) => format!("verify/{name}"),
            Self::Drill(name) => format!("drill/{name}"),
            Self::Announce(name) => format!("announce/{name}"),
        }
    }
}

impl fmt::Display for Slice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job(job) => write!(f, "{job}"),
            Self::Restore(name) => write!(f, "restore \"{name}\""),
            Self::Verify(name) => write!(f, "verify \"{name}\""),
            Self::Drill(name) => write!(f, "drill \"{name}\""),
            Self::Announce(name) => write!(f, "announce \"{name}\""),
        }
    }
}
