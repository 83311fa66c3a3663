//! What the world answers when it does not do as it is asked.

use serde::{Deserialize, Serialize};

/// What is known of the effect of a call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Certainty {
    /// Nothing was done; asking again may help.
    Transient,
    /// Nothing was done, or it was undone as far as that is possible; asking again will not help.
    Permanent,
    /// The answer was lost: it may have been done. Look before repeating.
    Unknown,
}

/// Why, where the caller does different things for different reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// It is not there.
    NotFound,
    /// Permission was refused.
    Denied,
    /// Something is there already.
    Exists,
    /// No space is left.
    Full,
    /// It is not what it should be (not a folder, damaged, of another kind).
    Invalid,
    /// Anything else.
    Other,
}

/// A failed call: what was asked, of what, and what was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{action}: {answer}")]
pub struct Fault {
    /// What was asked, with its object: `read /srv/a`.
    pub action: String,
    /// The world's own words.
    pub answer: String,
    /// Why.
    pub cause: Cause,
    /// What is known of its effect.
    pub certainty: Certainty,
}

impl Fault {
    /// A refusal that asking again will not change.
    pub fn permanent(cause: Cause, action: impl Into<String>, answer: impl Into<String>) -> Self {
        Self { action: action.into(), answer: answer.into(), cause, certainty: Certainty::Permanent }
    }

    /// The fault of an input/output error (errno(3)).
    pub fn from_io(action: impl Into<String>, error: &std::io::Error) -> Self {
        use std::io::ErrorKind as Kind;
        let cause = match error.kind() {
            Kind::NotFound => Cause::NotFound,
            Kind::PermissionDenied | Kind::ReadOnlyFilesystem => Cause::Denied,
            Kind::AlreadyExists => Cause::Exists,
            Kind::StorageFull | Kind::QuotaExceeded | Kind::FileTooLarge => Cause::Full,
            Kind::NotADirectory | Kind::IsADirectory | Kind::InvalidInput | Kind::InvalidData | Kind::UnexpectedEof => {
                Cause::Invalid
            }
            _ => Cause::Other,
        };
        let certainty = match error.kind() {
            Kind::Interrupted | Kind::TimedOut | Kind::WouldBlock | Kind::ResourceBusy => Certainty::Transient,
            _ => Certainty::Permanent,
        };
        Self { action: action.into(), answer: error.to_string(), cause, certainty }
    }
}
