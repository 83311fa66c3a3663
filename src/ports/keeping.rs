//! What a store keeps of what is deleted from it: buckets may keep each version of an object, and lock it
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html>).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Fault;
use crate::primitives::{Duration, Key};

/// What becomes of what is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Keeping {
    /// It is gone.
    #[default]
    Gone,
    /// It is hidden, and stays.
    Hidden(Box<HiddenVersions>),
    /// The store does not say.
    Unknown(Fault),
}

/// How a store keeps what it hides.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HiddenVersions {
    /// Whether what is put now is not kept so, but only what was put before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub suspended: bool,
    /// When what is hidden ends by itself.
    pub ends: HiddenEnds,
    /// Whether it can be locked.
    pub locks: ObjectLocks,
}

/// When what is hidden ends by itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HiddenEnds {
    /// Never.
    Never,
    /// So many days after it was hidden.
    AfterDays(u32),
    /// The store does not say.
    Unknown(Fault),
}

/// Whether a store can lock what is put.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectLocks {
    /// It cannot.
    Off,
    /// It can.
    On {
        /// How long everything is locked that is put without a word of it; nothing is where there is none.
        default: Option<Duration>,
    },
    /// The store does not say.
    Unknown(Fault),
}

impl Keeping {
    /// Whether what is deleted is gone.
    pub fn is_gone(&self) -> bool {
        *self == Self::Gone
    }

    /// Whether it is known that nothing that is put can be locked.
    pub fn locks_nothing(&self) -> bool {
        match self {
            Self::Gone => true,
            Self::Hidden(versions) => versions.locks == ObjectLocks::Off,
            Self::Unknown(_) => false,
        }
    }
}

/// An object that was deleted, and is still there below.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct HiddenObject {
    /// Its key.
    pub key: Key,
    /// When it was deleted, as the store says.
    pub deleted: Option<Timestamp>,
    /// What it has in bytes.
    pub size: u64,
    /// The command that brings it back, for a shell.
    pub back: String,
}

/// A page of what is hidden, in ascending order of keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HiddenPage {
    /// What is hidden.
    pub objects: Vec<HiddenObject>,
    /// The last key that was looked at, whatever is there; none where there are no more.
    pub seen_to: Option<Key>,
}
