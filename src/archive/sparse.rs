//! Sparse files, as GNU tar stores them in its pax format 1.0, which bsdtar and Python's tarfile read as well
//! (<https://www.gnu.org/software/tar/manual/html_section/Sparse-Formats.html>, "PAX Format, Version 1.0"): a map, then the data of the
//! segments that it lists, one behind the other.
//!
//! Invariant: what is read of a map ascends, lies inside the file, and is as much data as the header says.

use bytes::{Buf as _, Bytes};

use super::{ArchiveError, BLOCK, padding};
use crate::primitives::DataSegment;

/// A map lists at most so many segments, so that it fits into memory whatever it claims; of a file in more pieces, the shortest
/// holes are stored as zeros.
pub const SEGMENTS_MAX: usize = 64 * 1024;
/// Digits of the largest number.
const DIGITS_MAX: usize = 20;

/// The map of a file: what stands in the tar before its data. The segments ascend, and end inside of `size`.
pub fn sparse_map(segments: &[DataSegment], size: u64) -> Vec<u8> {
    // A file that ends in a hole has an empty segment there, so that readers give it its length.
    let end = segments.last().is_none_or(|last| last.end() < size).then_some(DataSegment { offset: size, length: 0 });
    let all: Vec<DataSegment> = segments.iter().copied().chain(end).collect();
    let mut out = format!("{}\n", all.len()).into_bytes();
    for segment in &all {
        out.extend_from_slice(format!("{}\n{}\n", segment.offset, segment.length).as_bytes());
    }
    out.resize(out.len() + padding(out.len() as u64), 0);
    out
}

/// A map that is being read.
pub(super) struct MapReader {
    /// The file's length.
    size: u64,
    taken: u64,
    digits: Vec<u8>,
    count: Option<usize>,
    offset: Option<u64>,
    segments: Vec<DataSegment>,
}

impl MapReader {
    pub(super) fn new(size: u64) -> Self {
        Self { size, taken: 0, digits: Vec::new(), count: None, offset: None, segments: Vec::new() }
    }

    /// Takes from the front of `input` until the map is whole, with the zeros that fill its last block; none when all of it is used up.
    pub(super) fn push(&mut self, input: &mut Bytes) -> Result<Option<Vec<DataSegment>>, ArchiveError> {
        loop {
            if self.is_whole() && self.taken.is_multiple_of(BLOCK as u64) {
                return Ok(Some(std::mem::take(&mut self.segments)));
            }
            let Some(byte) = input.first().copied() else { return Ok(None) };
            input.advance(1);
            self.taken += 1;
            match byte {
                // What fills the block.
                _ if self.is_whole() => {}
                b'0'..=b'9' if self.digits.len() < DIGITS_MAX => self.digits.push(byte),
                b'\n' => self.number()?,
                _ => return Err(malformed()),
            }
        }
    }

    /// Bytes taken in.
    pub(super) fn taken(&self) -> u64 {
        self.taken
    }

    fn is_whole(&self) -> bool {
        self.count == Some(self.segments.len()) && self.offset.is_none()
    }

    fn number(&mut self) -> Result<(), ArchiveError> {
        let digits = std::mem::take(&mut self.digits);
        let number: u64 = std::str::from_utf8(&digits).ok().and_then(|text| text.parse().ok()).ok_or_else(malformed)?;
        match (self.count, self.offset.take()) {
            (None, _) => {
                let count = usize::try_from(number).ok().filter(|count| *count <= SEGMENTS_MAX);
                self.count = Some(count.ok_or_else(|| {
                    ArchiveError::new(format!("a sparse file's map lists {number} segments, more than {SEGMENTS_MAX}"))
                })?);
            }
            (Some(_), None) => self.offset = Some(number),
            (Some(_), Some(offset)) => {
                let before = self.segments.last().map_or(0, DataSegment::end);
                let ends_inside = offset.checked_add(number).is_some_and(|end| end <= self.size);
                if offset < before || !ends_inside {
                    return Err(malformed());
                }
                self.segments.push(DataSegment { offset, length: number });
            }
        }
        Ok(())
    }
}

fn malformed() -> ArchiveError {
    ArchiveError::new("a sparse file's map is malformed")
}
