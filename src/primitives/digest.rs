//! Digests: SHA-256 (FIPS 180-4) of objects, which any tool checks, and BLAKE3 of the content of files.
//!
//! Every byte of a file is digested three times: when it is packed, read back, and restored. BLAKE3 takes a fraction of the time of
//! SHA-256 for that, and is as hard to forge (<https://github.com/BLAKE3-team/BLAKE3-specs>).

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::Digest as _;

use super::Malformed;

/// A SHA-256 digest, shown as `sha256:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = r"^sha256:[0-9a-f]{64}$"))]
pub struct Digest([u8; 32]);

/// The BLAKE3 digest of a file's content, shown as `blake3:` and 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileDigest([u8; 32]);

impl Digest {
    const PREFIX: &str = "sha256:";

    /// The digest of bytes that are at hand.
    pub fn of(bytes: &[u8]) -> Self {
        Self(sha2::Sha256::digest(bytes).into())
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FileDigest {
    const PREFIX: &str = "blake3:";

    /// The digest of bytes that are at hand.
    pub fn of(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes).into())
    }
}

/// Digests what passes by.
#[derive(Clone, Default)]
pub struct Hasher(sha2::Sha256);

impl Hasher {
    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all that was taken in.
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

/// Digests the content of a file as it passes by.
#[derive(Clone, Default)]
pub struct FileHasher(blake3::Hasher);

impl FileHasher {
    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Takes in so many zeros.
    pub fn zeros(&mut self, count: u64) {
        static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];
        let mut left = count;
        while left > 0 {
            let length = usize::try_from(left).map_or(ZEROS.len(), |left| left.min(ZEROS.len()));
            self.update(ZEROS.get(..length).unwrap_or_default());
            left -= length as u64;
        }
    }

    /// The digest of all that was taken in, and begins anew.
    pub fn finish(&mut self) -> FileDigest {
        let digest = FileDigest(self.0.finalize().into());
        self.0.reset();
        digest
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Hasher")
    }
}

impl fmt::Debug for FileHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileHasher")
    }
}

fn write_hex(prefix: &str, bytes: &[u8; 32], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(prefix)?;
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

fn read_hex(prefix: &str, name: &str, text: &str) -> Result<[u8; 32], Malformed> {
    let malformed =
        || Malformed::new(format!("`{text}` is not a {name} digest"), format!("`{prefix}` and 64 hexadecimal digits"));
    let hex = text.strip_prefix(prefix).filter(|hex| hex.len() == 64 && hex.is_ascii()).ok_or_else(malformed)?;
    let mut bytes = [0; 32];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[index * 2..index * 2 + 2], 16).map_err(|_| malformed())?;
    }
    Ok(bytes)
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(Self::PREFIX, &self.0, f)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for Digest {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        read_hex(Self::PREFIX, "SHA-256", &text).map(Self)
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> Self {
        digest.to_string()
    }
}

impl fmt::Display for FileDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(Self::PREFIX, &self.0, f)
    }
}

impl fmt::Debug for FileDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<String> for FileDigest {
    type Error = Malformed;
    fn try_from(text: String) -> Result<Self, Malformed> {
        read_hex(Self::PREFIX, "BLAKE3", &text).map(Self)
    }
}

impl From<FileDigest> for String {
    fn from(digest: FileDigest) -> Self {
        digest.to_string()
    }
}
