//! Writes a tar, member by member, and cuts it into segments.

use std::collections::VecDeque;

use super::pool::Buffers;
use super::{ArchiveError, BLOCK, Member, Segment, padding, tar_header};

/// A tar that is being written. Its segments wait until they are taken.
#[derive(Debug)]
pub struct Writer {
    segments: VecDeque<Segment>,
    /// The segment that is being filled.
    filling: Segment,
    /// What segments are filled in, one after the other.
    buffers: Buffers,
    size: u64,
    /// Content that the open member still lacks, and the padding behind it.
    open: Option<(u64, usize)>,
}

impl Default for Writer {
    fn default() -> Self {
        let buffers = Buffers::default();
        Self { segments: VecDeque::new(), filling: Segment::empty(&buffers, 0), buffers, size: 0, open: None }
    }
}

impl Writer {
    /// Begins a member; its content follows. Answers where it begins in the tar.
    ///
    /// # Errors
    /// When the member is malformed or the one before was not ended.
    pub fn entry(&mut self, member: &Member) -> Result<u64, ArchiveError> {
        member.check()?;
        if self.open.is_some() {
            return Err(ArchiveError::new("the member before is not ended"));
        }
        let offset = self.size;
        self.tar(&tar_header::encode(member));
        self.open = Some((member.size(), padding(member.size())));
        Ok(offset)
    }

    /// Adds content to the open member. Answers how much of it was taken: what goes beyond the member's size is not.
    ///
    /// # Errors
    /// When no member is open.
    pub fn data(&mut self, bytes: &[u8]) -> Result<usize, ArchiveError> {
        let (left, padding) = self.open.ok_or_else(|| ArchiveError::new("no member is open"))?;
        let take = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        self.tar(bytes.get(..take).unwrap_or_default());
        self.open = Some((left - take as u64, padding));
        Ok(take)
    }

    /// Content that the open member still lacks.
    pub fn lacking(&self) -> u64 {
        self.open.map_or(0, |(left, _)| left)
    }

    /// Ends the open member.
    ///
    /// # Errors
    /// When none is open, or it lacks content: a tar cannot be mended behind its header.
    pub fn end_entry(&mut self) -> Result<(), ArchiveError> {
        match self.open.take() {
            Some((0, padding)) => {
                self.tar([0; BLOCK].get(..padding).unwrap_or_default());
                Ok(())
            }
            Some((left, _)) => Err(ArchiveError::new(format!("the member lacks {left} bytes"))),
            None => Err(ArchiveError::new("no member is open")),
        }
    }

    /// The next whole segment, where there is one.
    pub fn segment(&mut self) -> Option<Segment> {
        self.segments.pop_front()
    }

    /// Ends the tar. Answers the segments that were not taken, of which the last may be shorter, and the tar's size in bytes.
    ///
    /// # Errors
    /// When a member is open.
    pub fn finish(mut self) -> Result<(impl Iterator<Item = Segment>, u64), ArchiveError> {
        if self.open.is_some() {
            return Err(ArchiveError::new("the last member is not ended"));
        }
        // A tar ends with two blocks of zeros.
        self.tar(&[0; 2 * BLOCK]);
        if !self.filling.bytes().is_empty() {
            self.segments.push_back(self.filling);
        }
        Ok((self.segments.into_iter(), self.size))
    }

    fn tar(&mut self, mut bytes: &[u8]) {
        self.size += bytes.len() as u64;
        while !bytes.is_empty() {
            bytes = self.filling.fill(bytes);
            if self.filling.is_full() {
                let next = Segment::empty(&self.buffers, self.filling.number() + 1);
                let full = std::mem::replace(&mut self.filling, next);
                self.segments.push_back(full);
            }
        }
    }
}
