//! The key of an object in a store.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Malformed;

/// An object's key: parts of printable ASCII joined by `/`, none of them empty, `.` or `..`; at most 1024
/// bytes (the limit of S3, <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html>).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Key(String);

impl Key {
    /// Reads a key. A key cannot lead out of its store.
    ///
    /// # Errors
    /// When a part is empty, `.`, `..`, begins with `.` (those are a store's own), or holds anything but printable ASCII.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let bad_part = |part: &str| {
            part.is_empty() || part.starts_with('.') || part.bytes().any(|b| !(0x21..0x7f).contains(&b) || b == b'\\')
        };
        if text.len() > 1024 || text.split('/').any(bad_part) {
            return Err(Malformed::new(
                format!("{text:?} is not an object key"),
                "parts of printable ASCII joined by `/`, none empty or beginning with `.`",
            ));
        }
        Ok(Self(text.to_owned()))
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part behind the last `/`.
    pub fn file_name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or(&self.0)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for Key {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        Self::parse(&text)
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.0
    }
}
