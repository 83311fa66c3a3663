//! Unpacks the content of a zip entry that comes in pieces.

use bytes::Bytes;
use flate2::{Decompress, FlushDecompress, Status};

use super::{ArchiveError, Packing, TarEntry};

/// Gives at most so many bytes at once, however much they were packed.
const OUTPUT_BYTES_MAX: usize = 128 * 1024;

/// An unpacker that is fed. Size and CRC-32 of what it gave are held against what the zip says.
pub struct Inflate {
    entry: TarEntry,
    decompress: Decompress,
    ended: bool,
    plain: u64,
    crc: crc32fast::Hasher,
}

impl Inflate {
    /// An unpacker of that entry.
    pub fn new(entry: TarEntry) -> Self {
        // Raw deflate: a zip has its own checksums in place of zlib's.
        let decompress = Decompress::new(false);
        Self { entry, decompress, ended: entry.packing == Packing::Stored, plain: 0, crc: crc32fast::Hasher::new() }
    }

    /// Takes from the front of `input` and gives the next plain bytes. None when all of it is used up and nothing is
    /// held back: bytes may come out when none go in.
    ///
    /// # Errors
    /// When the bytes are damaged, more than the zip says, or followed by others.
    pub fn push(&mut self, input: &mut Bytes) -> Result<Option<Bytes>, ArchiveError> {
        if self.entry.packing == Packing::Stored {
            let piece = input.split_to(input.len().min(OUTPUT_BYTES_MAX));
            return self.give(piece);
        }
        if self.ended && input.is_empty() {
            return Ok(None);
        }
        let plain = self.inflate(input)?;
        if self.ended && !input.is_empty() {
            return Err(ArchiveError::new("something follows the end of the packed bytes"));
        }
        self.give(plain)
    }

    fn inflate(&mut self, input: &mut Bytes) -> Result<Bytes, ArchiveError> {
        if self.ended {
            return Ok(Bytes::new());
        }
        let mut plain = Vec::with_capacity(OUTPUT_BYTES_MAX);
        let before = self.decompress.total_in();
        let status = self
            .decompress
            .decompress_vec(input, &mut plain, FlushDecompress::None)
            .map_err(|error| ArchiveError::new(format!("the packed bytes are damaged: {error}")))?;
        let used = usize::try_from(self.decompress.total_in() - before).unwrap_or(usize::MAX).min(input.len());
        let stuck = used == 0 && plain.is_empty() && !input.is_empty();
        let _used = input.split_to(used);
        self.ended = status == Status::StreamEnd;
        if stuck && !self.ended {
            return Err(ArchiveError::new("the packed bytes are damaged: they lead nowhere"));
        }
        Ok(Bytes::from(plain))
    }

    fn give(&mut self, plain: Bytes) -> Result<Option<Bytes>, ArchiveError> {
        self.plain = self.plain.saturating_add(plain.len() as u64);
        if self.plain > self.entry.plain_size {
            return Err(ArchiveError::new("the zip holds more than it says"));
        }
        self.crc.update(&plain);
        Ok(Some(plain).filter(|plain| !plain.is_empty()))
    }

    /// Holds what was given against what the zip says.
    ///
    /// # Errors
    /// When they differ, or the packed bytes have no end.
    pub fn finish(self) -> Result<(), ArchiveError> {
        if !self.ended || self.plain != self.entry.plain_size {
            return Err(ArchiveError::new("the packed bytes are cut short"));
        }
        if self.crc.finalize() != self.entry.crc {
            return Err(ArchiveError::new("the CRC-32 of the unpacked bytes is wrong"));
        }
        Ok(())
    }
}
