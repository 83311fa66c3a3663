//! Why a request was not done, as far as SFTP tells: it has eight reasons (draft-ietf-secsh-filexfer-02, section 7), and all that is in
//! none of them is "Failure".

use crate::ports::{Cause, Certainty, Fault};

/// Why not; in comments, what OpenSSH's sftp-server.c means by it (`errno_to_portable`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum No {
    /// Nothing is there, or what is on the way is no folder: `ENOENT`, `ENOTDIR`, `ELOOP`.
    Missing,
    /// `EPERM`, `EACCES`.
    Denied,
    /// `EINVAL`, `ENAMETOOLONG`.
    Invalid,
    /// The end of a file or a folder.
    End,
    /// The server does not know how.
    Unsupported,
    /// Something else: `EEXIST`, `ENOTEMPTY`, `EISDIR`, `ENOSPC`, `EIO` and whatever there is.
    Failure(String),
    /// The connection ended, and why.
    Lost(String),
}

impl No {
    /// What a status says; none where it says that all is well.
    pub(super) fn of_status(code: u32, words: String) -> Option<Self> {
        Some(match code {
            0 => return None,
            1 => Self::End,
            2 => Self::Missing,
            3 => Self::Denied,
            5 => Self::Invalid,
            8 => Self::Unsupported,
            _ => Self::Failure(if words.is_empty() { format!("status {code}") } else { words }),
        })
    }

    /// An answer of the wrong kind.
    pub(super) fn confused() -> Self {
        Self::Failure("the server's answer is none to this request".to_owned())
    }

    /// The fault of a request that changes nothing.
    pub(super) fn reading(self, action: impl Into<String>) -> Fault {
        self.fault(action.into(), Certainty::Transient)
    }

    /// The fault of a request that changes something: it may have been done when the connection was lost.
    pub(super) fn writing(self, action: impl Into<String>) -> Fault {
        self.fault(action.into(), Certainty::Unknown)
    }

    fn fault(self, action: String, when_lost: Certainty) -> Fault {
        let refused = |cause, answer: &str| Fault::permanent(cause, action.clone(), answer);
        match self {
            Self::Missing => refused(Cause::NotFound, "there is no such file or folder"),
            Self::Denied => refused(Cause::Denied, "permission denied"),
            Self::Invalid => refused(Cause::Invalid, "invalid, or a name or path that is too long"),
            Self::End => refused(Cause::Invalid, "it ended"),
            Self::Unsupported => refused(Cause::Other, "the server's SFTP does not know how; OpenSSH's does"),
            Self::Failure(words) => refused(Cause::Other, &format!("the server says only: {words}")),
            Self::Lost(why) => {
                Fault { certainty: when_lost, ..refused(Cause::Other, &format!("the connection was lost: {why}")) }
            }
        }
    }
}
