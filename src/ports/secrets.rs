//! Secrets: what is read where the plan says that it is, when it is needed.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Cause, Fault};
use crate::primitives::PathBytes;

/// Where a secret is. This is written, shown and kept; what is there is not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SecretPlace {
    /// In a variable of this program's environment.
    Env(String),
    /// In a file of this host, absolute.
    File(PathBytes),
}

impl fmt::Display for SecretPlace {
    /// As a plan says it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "(env){name:?}"),
            Self::File(path) => write!(f, "(file){:?}", path.to_string()),
        }
    }
}

/// A secret that was read. Nothing shows it: whoever needs what it is says so.
#[derive(Clone, PartialEq, Eq)]
pub struct Revealed(Vec<u8>);

impl Revealed {
    /// A secret of these bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// What it is.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What it is, as text.
    ///
    /// # Errors
    /// `Invalid` where it is none; `action` is what it was to be used for.
    pub fn text(&self, action: &str) -> Result<&str, Fault> {
        let none = |_| Fault::permanent(Cause::Invalid, action, "the secret is no text in UTF-8");
        std::str::from_utf8(&self.0).map_err(none)
    }
}

impl fmt::Debug for Revealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(hidden)")
    }
}

/// Reads secrets.
#[async_trait::async_trait]
pub trait Secrets: Send + Sync {
    /// What is there, without the newline at its end.
    ///
    /// # Errors
    /// `NotFound` where no such variable or file is there; `Invalid` where it is empty, too large, or no regular file. No fault says what it
    /// is.
    async fn reveal(&self, place: &SecretPlace) -> Result<Revealed, Fault>;
}
