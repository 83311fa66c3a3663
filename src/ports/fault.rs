//! What the world answers when it does not do as it is asked.

use serde::{Deserialize, Serialize};

use crate::primitives::Duration;

/// What is known of the effect of a call that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
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
    /// It is in use, and cannot be had just now; that says nothing of anything else.
    Busy,
    /// A person has to say something, and nobody has.
    Unanswered,
    /// A person said no.
    Refused,
    /// Anything else.
    Other,
}

/// A failed call: what was asked, of what, and what was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema, thiserror::Error)]
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
    /// How long it asks not to be asked again, where it says so: a store that throttles.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<Duration>,
}

impl Fault {
    /// A refusal that asking again will not change.
    pub fn permanent(cause: Cause, action: impl Into<String>, answer: impl Into<String>) -> Self {
        let (action, answer) = (action.into(), answer.into());
        Self { action, answer, cause, certainty: Certainty::Permanent, retry_after: None }
    }

    /// Whether it may pass, and whatever is asked next will most likely meet it as well: the machine is short of something, or a file
    /// system does not answer. Then it is better to wait than to pass over what was asked for.
    pub fn is_general(&self) -> bool {
        self.certainty == Certainty::Transient && self.cause != Cause::Busy
    }

    /// The same of a call that may be made again whatever became of it.
    #[must_use]
    pub fn passing(self) -> Self {
        match self.certainty {
            Certainty::Unknown => Self { certainty: Certainty::Transient, ..self },
            Certainty::Transient | Certainty::Permanent => self,
        }
    }

    /// Whether only what was asked for cannot be had, for a reason that may pass.
    pub fn is_busy(&self) -> bool {
        self.certainty == Certainty::Transient && self.cause == Cause::Busy
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
            Kind::ResourceBusy | Kind::ExecutableFileBusy => Cause::Busy,
            _ => Cause::Other,
        };
        let certainty = match error.kind() {
            Kind::Interrupted | Kind::TimedOut | Kind::WouldBlock | Kind::ResourceBusy | Kind::ExecutableFileBusy => {
                Certainty::Transient
            }
            _ => Certainty::Permanent,
        };
        Self { action: action.into(), answer: error.to_string(), cause, certainty, retry_after: None }
    }
}
