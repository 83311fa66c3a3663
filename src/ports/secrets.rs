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

/// What stands where a secret was.
const HIDDEN: &str = "(hidden)";
/// A shorter secret is not looked for: its bytes come up by chance in whatever a program says, and what is left out there would make the
/// rest unreadable, and tell what the secret is.
const HIDDEN_BYTES_MIN: usize = 4;

/// Secrets that nobody is told who is told what a program said. They are found as they are, and in no other form: not in base64, not in a
/// URL, not with their quotes escaped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Hidden(Vec<Revealed>);

impl Hidden {
    /// These, but for those that are too short to be looked for.
    pub fn new(secrets: impl IntoIterator<Item = Revealed>) -> Self {
        Self(secrets.into_iter().filter(|secret| secret.0.len() >= HIDDEN_BYTES_MIN).collect())
    }

    /// The length of the longest, in bytes.
    pub fn longest(&self) -> usize {
        self.0.iter().map(|secret| secret.0.len()).max().unwrap_or(0)
    }

    /// What was said from there on, without the secrets that begin or end behind it. One that lies across is left out whole.
    pub fn without(&self, said: &[u8], from: usize) -> Vec<u8> {
        let mut left = Vec::with_capacity(said.len());
        let mut at = from;
        for (begin, end) in self.found(said) {
            if end <= at {
                continue;
            }
            left.extend_from_slice(said.get(at..begin).unwrap_or_default());
            left.extend_from_slice(HIDDEN.as_bytes());
            at = end;
        }
        left.extend_from_slice(said.get(at..).unwrap_or_default());
        left
    }

    /// Where secrets are, in order and apart: of those that lie over each other all is secret.
    fn found(&self, said: &[u8]) -> Vec<(usize, usize)> {
        let mut found: Vec<(usize, usize)> = Vec::new();
        for Revealed(secret) in &self.0 {
            let mut from = 0;
            while let Some(at) = said.get(from..).and_then(|rest| memchr::memmem::find(rest, secret)) {
                found.push((from + at, from + at + secret.len()));
                from += at + 1;
            }
        }
        found.sort_unstable();
        found.dedup_by(|next, before| {
            let is_one = next.0 < before.1;
            before.1 = if is_one { before.1.max(next.1) } else { before.1 };
            is_one
        });
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_left_out_wherever_they_lie() {
        let hidden = |secrets: &[&str]| Hidden::new(secrets.iter().map(|secret| Revealed::new(*secret)));
        let of = |secrets: &[&str], said: &str, from| {
            String::from_utf8(hidden(secrets).without(said.as_bytes(), from)).unwrap()
        };
        for (secrets, said, expected) in [
            (&["hunter2"][..], "password: hunter2\nhunter", "password: (hidden)\nhunter"),
            (&["hunter2", "hunter22"], "hunter22hunter2", "(hidden)(hidden)"),
            (&["abcdef", "defghi"], "-abcdefghi-", "-(hidden)-"),
            (&["aaaa"], "aaaaaa", "(hidden)"),
            (&["one", "", "2"], "one 2", "one 2"),
            (&[], "said", "said"),
        ] {
            assert_eq!(of(secrets, said, 0), expected);
        }
        assert_eq!(of(&["hunter2"], "hunter2 hunter2", 3), "(hidden) (hidden)");
        assert_eq!(of(&["hunter2"], "hunter2 hunter2", 7), " (hidden)");
        assert_eq!(hidden(&["hunter2", "a"]).longest(), 7);
    }
}
