//! The tar is cut into segments of one size, and each is packed by itself: on any core, and unpacked without the others.
//!
//! Unaware of what is in a segment. Invariant: the packed segments, one behind the other and then [`end`], are one stream of
//! the zip's method, which any tool unpacks; and each is unpacked by itself to exactly what it was made of.

use bytes::Bytes;

use super::open_deflate;
use super::pool::{Buffer, Buffers};
use crate::primitives::Method;

/// A segment is so many bytes of the tar; the last one is shorter. Larger ones gain next to nothing (0.6 % from 1 to 4 MiB on
/// logs), and what is restored of a single file costs at least one.
pub const SEGMENT_BYTES: usize = 1024 * 1024;
/// A packed segment is at most so much longer than a plain one: deflate stores 65,535 bytes behind each five (RFC 1951
/// §3.2.4), zstd up to 128 KiB behind each three (RFC 8878 §3.1.1.2).
const PACKED_OVER_MAX: usize = 1024;

/// The next bytes of a tar.
#[derive(Debug)]
pub struct Segment {
    bytes: Buffer,
    /// Which of the tar's segments, from 0.
    number: u64,
}

impl Segment {
    /// One that is to be filled.
    pub(super) fn empty(buffers: &Buffers, number: u64) -> Self {
        let mut bytes = buffers.lend();
        bytes.clear();
        bytes.reserve_exact(SEGMENT_BYTES);
        Self { bytes, number }
    }

    /// Takes as much as there is room for; answers the rest.
    pub(super) fn fill<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (fits, rest) = bytes.split_at(bytes.len().min(SEGMENT_BYTES - self.bytes.len()));
        self.bytes.extend_from_slice(fits);
        rest
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() == SEGMENT_BYTES
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    #[cfg(test)]
    pub(super) fn of(bytes: &[u8], number: u64) -> Self {
        let mut segment = Self::empty(&Buffers::default(), number);
        assert!(segment.fill(bytes).is_empty());
        segment
    }
}

/// A segment that was packed.
#[derive(Debug, Clone)]
pub struct PackedSegment {
    /// The packed bytes.
    pub bytes: Bytes,
    /// How many plain bytes they are of.
    pub plain_size: usize,
    /// The CRC-32 of the plain bytes, which can be combined with those before.
    pub crc: crc32fast::Hasher,
}

/// What ends the stream behind the last segment.
pub fn end(method: Method) -> &'static [u8] {
    match method {
        Method::Deflate => &open_deflate::END,
        Method::Zstd => &[],
    }
}

/// How long a packed segment can be.
pub fn packed_size_max(plain_size: usize) -> usize {
    plain_size + PACKED_OVER_MAX
}
