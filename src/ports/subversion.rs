//! Repositories of Subversion, whose releases are folders.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Fault;
use crate::primitives::PathBytes;

/// A state of a repository, which never changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Revision {
    /// Its number.
    pub number: u64,
    /// When it was committed.
    pub committed: Timestamp,
    /// By whom, where the repository says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
}

/// Looks at repositories.
#[async_trait::async_trait]
pub trait SubversionRead: Send + Sync {
    /// The last revision in which something at the URL, or below it, changed.
    ///
    /// # Errors
    /// `NotFound` where nothing is at that URL, `Denied` where the account may not read it or who serves it cannot be trusted,
    /// `Transient` where the repository cannot be reached.
    async fn last_changed(&self, url: &str) -> Result<Revision, Fault>;
}

/// Takes releases out of repositories.
#[async_trait::async_trait]
pub trait Subversion: SubversionRead {
    /// Makes a new folder of this host with what is at the URL in that revision, without what belongs to the repository itself.
    ///
    /// # Errors
    /// As `last_changed`; `Exists` where something is at `into` already; `Full`. What was made of the folder is left.
    async fn export(&self, url: &str, revision: u64, into: &PathBytes) -> Result<(), Fault>;
}
