//! Reads a tar that comes in pieces.

use std::collections::VecDeque;

use bytes::Bytes;
use tar::EntryType;

use super::pax::{self, Records};
use super::sparse::MapReader;
use super::{ArchiveError, BLOCK, Member, MemberKind, padding, tar_header};
use crate::primitives::{DataSegment, PathBytes};

/// A pax header or a long name may have so many bytes: paths are at most 4,096 (limits.h), and nothing else is needed.
const EXTENSION_BYTES_MAX: u64 = 1024 * 1024;

/// A longer hole is told piece by piece, so that whoever fills it can be stopped.
pub const HOLE_BYTES_MAX: u64 = 16 * 1024 * 1024;

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
    /// So many zeros come next in the member's content, and are a hole; at most [`HOLE_BYTES_MAX`], and never none.
    Hole(u64),
    /// The member's content is complete.
    EndOfMember,
    /// The tar's end. Only zeros may follow.
    End,
}

/// What is expected next.
enum State {
    Header,
    Extension {
        kind: EntryType,
        left: u64,
        padding: usize,
    },
    Content {
        left: u64,
        padding: usize,
    },
    /// The map of a file with holes, which holds the member back: so much stands for the file.
    Map {
        stored: u64,
    },
    /// The content of a file with holes, from here on.
    Segments {
        position: u64,
        size: u64,
        padding: usize,
    },
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
    /// A file with holes whose map is being read: where it began, and the map.
    mapped: Option<(Member, u64, MapReader)>,
    /// What is still to come of a file with holes.
    segments: VecDeque<DataSegment>,
    /// Whether others made it, in their own manner.
    foreign: bool,
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
        let (mapped, segments) = (None, VecDeque::new());
        let collected = Vec::with_capacity(BLOCK);
        let foreign = false;
        Self { state: State::Header, collected, records, position: 0, began: None, mapped, segments, foreign }
    }

    /// A reader of tars that others made: names may begin with `./`, and what is said of all members is passed over.
    pub(super) fn foreign() -> Self {
        Self { foreign: true, ..Self::new() }
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
                State::Segments { position, size, padding } => match self.segment(input, position, size, padding) {
                    Some(event) => Some(event),
                    None if input.is_empty() && matches!(self.state, State::Segments { .. }) => return Ok(None),
                    None => None,
                },
                _ if input.is_empty() => return Ok(None),
                State::Header => self.header(input)?,
                State::Extension { kind, left, padding } => self.extension(input, kind, left, padding)?,
                State::Content { left, padding } => {
                    let piece = self.split(input, left);
                    self.state = State::Content { left: left - piece.len() as u64, padding };
                    Some(TarEvent::Data(piece))
                }
                State::Map { stored } => self.map(input, stored)?,
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
        let is_of_all = kind == EntryType::XGlobalHeader && self.foreign;
        if is_of_all || matches!(kind, EntryType::XHeader | EntryType::GNULongName | EntryType::GNULongLink) {
            let size = header.entry_size().map_err(|error| ArchiveError::new(error.to_string()))?;
            if size > EXTENSION_BYTES_MAX {
                return Err(ArchiveError::new(format!("a tar extension of {size} bytes is too long")));
            }
            self.state = State::Extension { kind, left: size, padding: padding(size) };
            return Ok(None);
        }
        let member = tar_header::member(&header, std::mem::take(&mut self.records), self.foreign)?;
        self.began = None;
        if let MemberKind::File { size, sparse: Some(sparse) } = member.kind {
            self.mapped = Some((member, offset, MapReader::new(size)));
            self.state = State::Map { stored: sparse.stored };
            return Ok(None);
        }
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
                // It is of no member.
                EntryType::XGlobalHeader => self.began = None,
                _ => self.records = pax::parse(&bytes)?,
            }
            self.state = State::Padding(padding);
        }
        Ok(None)
    }

    /// Reads a map, and tells its member when it is whole.
    fn map(&mut self, input: &mut Bytes, stored: u64) -> Result<Option<TarEvent>, ArchiveError> {
        let wrong = || ArchiveError::new("a sparse file's map does not fit what is stored of it");
        let (mut member, offset, mut map) = self.mapped.take().ok_or_else(wrong)?;
        let before = input.len();
        let segments = map.push(input)?;
        self.position += (before - input.len()) as u64;
        if map.taken() > stored {
            return Err(wrong());
        }
        let Some(segments) = segments else {
            self.mapped = Some((member, offset, map));
            return Ok(None);
        };
        let MemberKind::File { size, sparse: Some(sparse) } = &mut member.kind else { return Err(wrong()) };
        let data = DataSegment::total(&segments);
        if map.taken().checked_add(data) != Some(stored) {
            return Err(wrong());
        }
        // Segments lie inside the file and apart, so that their data is at most its size.
        sparse.holes = *size - data;
        self.state = State::Segments { position: 0, size: *size, padding: padding(stored) };
        self.segments = segments.into();
        Ok(Some(TarEvent::Member { member, offset }))
    }

    /// The next piece of a file with holes; none where input is needed, or the state is another now.
    fn segment(&mut self, input: &mut Bytes, position: u64, size: u64, padding: usize) -> Option<TarEvent> {
        // An empty segment says where a file ends, and is nothing itself.
        while self.segments.pop_front_if(|segment| segment.length == 0 && segment.offset <= position).is_some() {}
        let next = self.segments.front_mut();
        let until = next.as_ref().map_or(size, |segment| segment.offset);
        if position < until {
            let length = (until - position).min(HOLE_BYTES_MAX);
            self.state = State::Segments { position: position + length, size, padding };
            return Some(TarEvent::Hole(length));
        }
        let Some(segment) = next else {
            self.state = State::Padding(padding);
            return Some(TarEvent::EndOfMember);
        };
        let length = usize::try_from(segment.length).map_or(input.len(), |length| length.min(input.len()));
        let taken = length as u64;
        (segment.offset, segment.length) = (segment.offset + taken, segment.length - taken);
        if segment.length == 0 {
            self.segments.pop_front();
        }
        self.position += taken;
        self.state = State::Segments { position: position + taken, size, padding };
        (taken > 0).then(|| TarEvent::Data(input.split_to(length)))
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
