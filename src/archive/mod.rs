//! Floor 3: an archive as pure blocks that are fed and drained: one zip that holds one tar (POSIX pax).
//!
//! Unaware of files, stores and plans: bytes go in, bytes or events come out, and nothing waits. Invariant: what
//! the writer makes, the reader gives back, in pieces of any size; what the reader gives was well formed: relative
//! paths without `..`, known kinds, checksums that agree. Memory is bounded whatever the bytes say.

mod acl;
mod inflate;
mod locate;
mod member;
mod pax;
mod read;
mod sparse;
mod tar_header;
mod write;

#[cfg(test)]
mod tests;

pub use inflate::Inflate;
pub use locate::{Locator, Need, Packing, TarEntry};
pub use member::{Member, MemberKind, Sparse};
pub use read::{HOLE_BYTES_MAX, TarEvent, TarReader};
pub use sparse::{SEGMENTS_MAX, sparse_map};
pub use write::{Finished, Writer};

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

/// A tar is made of blocks of so many bytes
/// (<https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html>, "ustar Interchange Format").
const BLOCK: usize = 512;

/// How many zeros follow so many bytes to fill their last block.
const fn padding(size: u64) -> usize {
    let over = (size % BLOCK as u64) as usize;
    if over == 0 { 0 } else { BLOCK - over }
}
