//! The names a plan declares. They become parts of object keys and file names, so their letters are few.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Malformed;

/// Longest name, in bytes: four of them and a slot must fit a 255-byte file name and a 1024-byte S3 key.
const NAME_BYTES_MAX: usize = 64;

/// A declared name: ASCII letters, digits, `-`, `_` and `.`, beginning with a letter or digit, at most
/// 64 bytes.
//
// A graph of many steps has the same names in many places: they share them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"))]
pub struct Name(Arc<str>);

impl Name {
    /// Reads a name.
    ///
    /// # Errors
    /// When it is empty, too long, begins with a mark, or holds a character that an object key should not.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let help = "use ASCII letters, digits, `-`, `_` and `.`, beginning with a letter or digit";
        let Some(first) = text.chars().next() else {
            return Err(Malformed::new("a name is empty", help));
        };
        if text.len() > NAME_BYTES_MAX {
            let problem = format!("a name of {} bytes is too long", text.len());
            return Err(Malformed::new(problem, format!("use at most {NAME_BYTES_MAX} bytes")));
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if let Some(bad) = text.chars().find(|c| !allowed(*c)) {
            return Err(Malformed::new(format!("a name cannot hold {bad:?}"), help));
        }
        if !first.is_ascii_alphanumeric() {
            return Err(Malformed::new(format!("a name cannot begin with `{first}`"), help));
        }
        Ok(Self(text.into()))
    }

    /// The name as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for Name {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        Self::parse(&text)
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.as_str().to_owned()
    }
}

/// A job, `target/backup`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}/[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"))]
pub struct JobName {
    /// The target that is backed up.
    pub target: Name,
    /// The backup of that target.
    pub backup: Name,
}

impl JobName {
    /// Reads `target/backup`.
    ///
    /// # Errors
    /// When there is not exactly one `/`, or a half is not a name.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let Some((target, backup)) = text.split_once('/') else {
            return Err(Malformed::new(
                format!("`{text}` does not name a job"),
                "write the target and its backup, as in \"documents/daily\"",
            ));
        };
        Ok(Self { target: Name::parse(target)?, backup: Name::parse(backup)? })
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/{}", self.target, self.backup))
    }
}

impl TryFrom<String> for JobName {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        Self::parse(&text)
    }
}

impl From<JobName> for String {
    fn from(job: JobName) -> Self {
        job.to_string()
    }
}
