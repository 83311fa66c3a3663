//! Unpacked segments as tar events: of the whole tar, or of parts of it.
//!
//! Unaware of where segments come from. Invariant: a part begins at a member and ends behind one; what is told of the whole has
//! the CRC-32 that the zip says.

use std::collections::VecDeque;
use std::ops::Range;
use std::vec;

use bytes::Bytes;
use tokio::sync::mpsc;

use super::segments::Unpacking;
use crate::archive::{ArchiveError, SEGMENT_BYTES, TarEvent, TarReader};
use crate::ports::Fault;

/// What is read of a tar.
pub(super) enum Parts {
    /// All of it, whose CRC-32 is to be this.
    All(u32),
    /// Members, which ascend.
    Some(vec::IntoIter<Range<u64>>),
}

/// Why no more is told: the world, or the archive.
pub(super) enum Stop {
    Fault(Fault),
    Archive(ArchiveError),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<ArchiveError> for Stop {
    fn from(error: ArchiveError) -> Self {
        Self::Archive(error)
    }
}

/// A tar that comes in segments.
pub(super) struct TarStream {
    segments: mpsc::Receiver<Unpacking>,
    parts: Parts,
    tar: TarReader,
    crc: crc32fast::Hasher,
    /// What is left of the segment that came last, in pieces, and where the first of them begins in the tar.
    pieces: VecDeque<Bytes>,
    begins: u64,
    /// What of the first piece was not read yet.
    plain: Bytes,
    /// The next byte, and the end of the part.
    position: u64,
    end: u64,
}

impl TarStream {
    /// A tar of that size.
    pub(super) fn new(segments: mpsc::Receiver<Unpacking>, parts: Parts, size: u64) -> Self {
        let end = if matches!(parts, Parts::All(_)) { size } else { 0 };
        let (tar, crc) = (TarReader::new(), crc32fast::Hasher::new());
        Self { segments, parts, tar, crc, pieces: VecDeque::new(), begins: 0, plain: Bytes::new(), position: 0, end }
    }

    /// The next event; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<TarEvent>, Stop> {
        loop {
            if let Some(event) = self.tar.push(&mut self.plain)? {
                return Ok(Some(event));
            }
            if self.position == self.end && !self.next_part()? {
                return Ok(None);
            }
            self.refill().await?;
        }
    }

    /// Goes on to the next part; false where there is none.
    fn next_part(&mut self) -> Result<bool, Stop> {
        match &mut self.parts {
            Parts::All(crc) => {
                self.tar.finish()?;
                match self.crc.clone().finalize() == *crc {
                    true => Ok(false),
                    false => Err(ArchiveError("the CRC-32 of the tar is wrong".into()).into()),
                }
            }
            Parts::Some(parts) => {
                if !self.tar.is_between_members() {
                    return Err(ArchiveError("a member is longer than the contents say".into()).into());
                }
                let Some(part) = parts.next() else { return Ok(false) };
                self.tar = TarReader::starting_at(part.start);
                (self.position, self.end) = (part.start, part.end);
                Ok(true)
            }
        }
    }

    /// Brings the next bytes of the part.
    async fn refill(&mut self) -> Result<(), Stop> {
        let short = || ArchiveError("the tar is cut short".into());
        loop {
            let Some(piece) = self.pieces.front() else {
                let segment = self.segments.recv().await.ok_or_else(short)?;
                self.begins = segment.index * SEGMENT_BYTES as u64;
                let (plain, crc) = segment.done().await??;
                if let Parts::All(_) = self.parts {
                    self.crc.combine(&crc);
                }
                self.pieces = plain.into();
                continue;
            };
            let length = piece.len() as u64;
            if self.position < self.begins + length {
                break;
            }
            self.begins += length;
            self.pieces.pop_front();
        }
        let piece = self.pieces.front().ok_or_else(short)?;
        // Both are within the piece, which is in memory.
        let from = self.position.checked_sub(self.begins).ok_or_else(short)? as usize;
        let to = piece.len().min((self.end - self.begins) as usize);
        self.plain = piece.slice(from..to);
        self.position += self.plain.len() as u64;
        Ok(())
    }
}
