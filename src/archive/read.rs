//! Reads a tar that comes in pieces.

use bytes::Bytes;
use tar::EntryType;

use super::pax::{self, Records};
use super::{ArchiveError, BLOCK, Member, padding, tar_header};
use crate::primitives::PathBytes;

/// A pax header or a long name may have so many bytes: paths are at most 4,096 (limits.h), and nothing else is needed.
const EXTENSION_BYTES_MAX: u64 = 1024 * 1024;

/// What a tar holds, in its order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TarEvent {
    /// A member begins. Its `size` bytes follow as data.
    Member {
        /// The member.
        member: Member,
        /// Where its first header block lies in the tar.
        offset: u64,
    },
    /// The next bytes of the member's content; never empty.
    Data(Bytes),
    /// The member's content is complete.
    EndOfMember,
    /// The tar's end. Only zeros may follow.
    End,
}

/// What is expected next.
enum State {
    Header,
    Extension { kind: EntryType, left: u64, padding: usize },
    Content { left: u64, padding: usize },
    Padding(usize),
    ZeroBlock,
    Ended,
}

/// A tar reader that is fed.
pub struct TarReader {
    state: State,
    /// The block, or extension, that is being collected.
    collected: Vec<u8>,
    records: Records,
    /// Bytes taken in.
    position: u64,
    /// Where the member that is being read began: at its first extension.
    began: Option<u64>,
}

impl Default for TarReader {
    fn default() -> Self {
        Self::new()
    }
}

impl TarReader {
    /// A reader at a tar's first byte.
    pub fn new() -> Self {
        let records = Records::default();
        Self { state: State::Header, collected: Vec::with_capacity(BLOCK), records, position: 0, began: None }
    }

    /// A reader at a member that begins there in the tar.
    pub fn starting_at(position: u64) -> Self {
        Self { position, ..Self::new() }
    }

    /// Takes from the front of `input` until something is to be told; none when all of it is used up.
    ///
    /// # Errors
    /// When it is no tar, or holds what is not supported. Then it is of no more use.
    pub fn push(&mut self, input: &mut Bytes) -> Result<Option<TarEvent>, ArchiveError> {
        loop {
            let told = match self.state {
                State::Content { left: 0, padding } => {
                    self.state = State::Padding(padding);
                    Some(TarEvent::EndOfMember)
                }
                State::Padding(0) => {
                    self.state = State::Header;
                    None
                }
                _ if input.is_empty() => return Ok(None),
                State::Header => self.header(input)?,
                State::Extension { kind, left, padding } => self.extension(input, kind, left, padding)?,
                State::Content { left, padding } => {
                    let piece = self.split(input, left);
                    self.state = State::Content { left: left - piece.len() as u64, padding };
                    Some(TarEvent::Data(piece))
                }
                State::Padding(left) => {
                    let piece = self.split(input, left as u64);
                    self.state = State::Padding(left - piece.len());
                    None
                }
                State::ZeroBlock => self.second_zero_block(input)?,
                State::Ended => self.only_zeros(input)?,
            };
            if told.is_some() {
                return Ok(told);
            }
        }
    }

    /// Whether the tar's end was reached.
    ///
    /// # Errors
    /// When it was not: the tar is cut short.
    pub fn finish(&self) -> Result<(), ArchiveError> {
        match self.state {
            State::Ended => Ok(()),
            _ => Err(ArchiveError::new("the tar is cut short")),
        }
    }

    /// Whether what was taken in ends with a member, or nothing was taken in.
    pub fn is_between_members(&self) -> bool {
        matches!(self.state, State::Header) && self.collected.is_empty() && self.began.is_none()
    }

    /// The next bytes of the input, at most `limit`.
    fn split(&mut self, input: &mut Bytes, limit: u64) -> Bytes {
        let length = usize::try_from(limit).map_or(input.len(), |limit| limit.min(input.len()));
        self.position += length as u64;
        input.split_to(length)
    }

    /// Collects a block; none until it is whole.
    fn block(&mut self, input: &mut Bytes) -> Option<[u8; BLOCK]> {
        let piece = self.split(input, BLOCK.saturating_sub(self.collected.len()) as u64);
        self.collected.extend_from_slice(&piece);
        let block = <[u8; BLOCK]>::try_from(self.collected.as_slice()).ok()?;
        self.collected.clear();
        Some(block)
    }

    fn header(&mut self, input: &mut Bytes) -> Result<Option<TarEvent>, ArchiveError> {
        let Some(block) = self.block(input) else { return Ok(None) };
        if tar_header::is_end(&block) {
            if self.began.is_some() {
                return Err(ArchiveError::new("a tar extension has no member"));
            }
            self.state = State::ZeroBlock;
            return Ok(None);
        }
        let header = tar_header::decode(&block)?;
        let offset = *self.began.get_or_insert(self.position.saturating_sub(BLOCK as u64));
        let kind = header.entry_type();
        if matches!(kind, EntryType::XHeader | EntryType::GNULongName | EntryType::GNULongLink) {
            let size = header.entry_size().map_err(|error| ArchiveError::new(error.to_string()))?;
            if size > EXTENSION_BYTES_MAX {
                return Err(ArchiveError::new(format!("a tar extension of {size} bytes is too long")));
            }
            self.state = State::Extension { kind, left: size, padding: padding(size) };
            return Ok(None);
        }
        let member = tar_header::member(&header, std::mem::take(&mut self.records))?;
        self.began = None;
        self.state = State::Content { left: member.size(), padding: padding(member.size()) };
        Ok(Some(TarEvent::Member { member, offset }))
    }

    fn extension(
        &mut self,
        input: &mut Bytes,
        kind: EntryType,
        left: u64,
        padding: usize,
    ) -> Result<Option<TarEvent>, ArchiveError> {
        let piece = self.split(input, left);
        self.collected.extend_from_slice(&piece);
        let left = left - piece.len() as u64;
        self.state = State::Extension { kind, left, padding };
        if left == 0 {
            let bytes = std::mem::take(&mut self.collected);
            match kind {
                EntryType::GNULongName => self.records.path = Some(until_nul(&bytes)),
                EntryType::GNULongLink => self.records.linkpath = Some(until_nul(&bytes)),
                _ => self.records = pax::parse(&bytes)?,
            }
            self.state = State::Padding(padding);
        }
        Ok(None)
    }

    fn second_zero_block(&mut self, input: &mut Bytes) -> Result<Option<TarEvent>, ArchiveError> {
        let Some(block) = self.block(input) else { return Ok(None) };
        if !tar_header::is_end(&block) {
            return Err(ArchiveError::new("a tar goes on behind a block of zeros"));
        }
        self.state = State::Ended;
        Ok(Some(TarEvent::End))
    }

    fn only_zeros(&mut self, input: &mut Bytes) -> Result<Option<TarEvent>, ArchiveError> {
        let rest = self.split(input, u64::MAX);
        match rest.iter().all(|byte| *byte == 0) {
            true => Ok(None),
            false => Err(ArchiveError::new("something follows the tar's end")),
        }
    }
}

/// GNU's long names end with a NUL.
fn until_nul(bytes: &[u8]) -> PathBytes {
    PathBytes::new(bytes.split(|byte| *byte == 0).next().unwrap_or_default())
}
