//! Floor 3: an archive as pure blocks that are fed and drained: one zip that holds one tar (POSIX pax), which is packed in
//! segments. Beside it, tars that others made.
//!
//! Unaware of files, stores and plans: bytes go in, bytes or events come out, and nothing waits. Invariant: what
//! the writer makes, the reader gives back, in pieces of any size; what the reader gives was well formed: relative
//! paths without `..`, known kinds, checksums that agree. Memory is bounded whatever the bytes say.

mod acl;
mod foreign;
mod locate;
mod member;
mod open_deflate;
mod pack;
mod pax;
mod pool;
mod read;
mod segment;
mod sparse;
mod tar_header;
mod unpack;
mod write;
mod zip_frame;
mod zip_tail;

#[cfg(test)]
mod tests;

pub use foreign::ForeignTar;
pub use locate::{Locator, Need, TarEntry};
pub use member::{Member, MemberKind, PATH_BYTES_MAX, Sparse};
pub use pack::Packers;
pub use read::{HOLE_BYTES_MAX, TarEvent, TarReader};
pub use segment::{PackedSegment, SEGMENT_BYTES, Segment, end, packed_size_max};
pub use sparse::{SEGMENTS_MAX, sparse_map};
pub use unpack::Unpackers;
pub use write::Writer;
pub use zip_frame::{Framed, ZipFrame};

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::primitives::Digest;

/// Why bytes are no archive, or cannot become one: what is wrong, lower case, without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ArchiveError(pub String);

impl ArchiveError {
    fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

/// How long a stream of bytes is, and its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// In bytes.
    pub size: u64,
    /// Of all of them.
    pub digest: Digest,
}

/// The tar inside an archive. Each file's digest is in the contents, and the archive's covers every stored byte; this is what
/// the zip itself says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Plain {
    /// In bytes.
    pub size: u64,
    /// CRC-32 of all of them.
    pub crc32: Crc32,
}

/// A CRC-32 as zips have it, shown as eight hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(extend("pattern" = r"^[0-9a-f]{8}$"))]
pub struct Crc32(pub u32);

impl fmt::Display for Crc32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Debug for Crc32 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl From<Crc32> for String {
    fn from(crc: Crc32) -> Self {
        crc.to_string()
    }
}

impl TryFrom<String> for Crc32 {
    type Error = ArchiveError;
    fn try_from(text: String) -> Result<Self, ArchiveError> {
        let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let crc = digits.then(|| u32::from_str_radix(&text, 16).ok()).flatten();
        crc.map(Self).ok_or_else(|| ArchiveError::new(format!("`{text}` is not a CRC-32 of eight hexadecimal digits")))
    }
}

/// A tar is made of blocks of so many bytes
/// (<https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html>, "ustar Interchange Format").
const BLOCK: usize = 512;

/// How many zeros follow so many bytes to fill their last block.
const fn padding(size: u64) -> usize {
    let over = (size % BLOCK as u64) as usize;
    if over == 0 { 0 } else { BLOCK - over }
}
