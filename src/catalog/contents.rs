//! The contents: one JSON line for everything that was found in the source, gzip-packed, streamed.
//!
//! A header line and a line for each entry in the archive's order; then, as a gzip member of its own that can be read alone,
//! how long each segment of the archive is, and a trailer line. The trailer says what the archive came to, so that contents
//! are finished after their archive: where contents exist, the archive is whole.

use std::io::Write as _;

use bytes::Bytes;
use flate2::write::GzEncoder;
use flate2::{Compression, Decompress, FlushDecompress, Status};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{CatalogError, Named, StoredObject, Totals};
use crate::archive::{Extent, Member, Plain};
use crate::primitives::{FileDigest, Hasher, PathBytes, on_one_line};

/// The version that this program writes, and the only one it reads.
pub const CONTENTS_FORMAT_VERSION: u32 = 1;
/// A line is at most so many bytes: two paths of 4,096, escaped, are far below it, and so is a trailer's.
const LINE_BYTES_MAX: usize = 1024 * 1024;
/// A line names the sizes of so many segments: of at most seven digits each, they are far below a line's limit.
const SEGMENTS_A_LINE: usize = 16 * 1024;
/// gzip's level: lines of JSON become a ninth of their size at a third of the time that the usual 6 takes.
const GZIP_LEVEL: u32 = 3;
/// Unpacked at once.
const OUTPUT_BYTES_MAX: usize = 64 * 1024;

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Line {
    /// The first.
    Header(ContentsHeader),
    /// One for each thing that was found.
    Entry(Entry),
    /// How many bytes each of the next segments has in the archive.
    Segments(Vec<u32>),
    /// The last.
    Trailer(Box<ContentsTrailer>),
}

/// What the list is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentsHeader {
    /// Which version of this form it has.
    pub format_version: u32,
    /// The folders, in the archive's order.
    pub roots: Vec<PathBytes>,
}

impl ContentsHeader {
    /// Of these folders, in the archive's order.
    pub fn new(roots: Vec<PathBytes>) -> Self {
        Self { format_version: CONTENTS_FORMAT_VERSION, roots }
    }
}

/// One thing that was found in the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Entry {
    /// It is a member of the archive.
    Stored {
        /// The member.
        member: Member,
        /// Where it begins in the tar.
        at: u64,
        /// The digest of a file's content as it was stored.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        digest: Option<FileDigest>,
        /// Why the content is not the file's as it was at one moment.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        flaw: Option<String>,
    },
    /// It could not be read.
    Unread {
        /// Its path in the source.
        path: PathBytes,
        /// Why.
        why: String,
    },
    /// No archive holds such a thing.
    NotStored {
        /// Its path in the source.
        path: PathBytes,
        /// What it is.
        kind: String,
    },
    /// A folder, stored before this as an empty one, in which another file system is mounted that was not entered.
    NotEntered {
        /// Its path in the source.
        path: PathBytes,
    },
}

/// What it all came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentsTrailer {
    /// When packing began.
    pub moment: Timestamp,
    /// What is in the archive.
    pub totals: Totals,
    /// The tar.
    pub plain: Plain,
    /// The archive.
    pub archive: StoredObject,
    /// What could not be read, or not to its end.
    pub unread: Named,
    /// What no archive holds.
    pub not_stored: Named,
    /// Files that changed while they were read.
    pub changed: Named,
    /// Mount points that were not entered.
    #[serde(default)]
    pub not_entered: Named,
}

/// Contents that are finished.
#[derive(Debug)]
pub struct Contents {
    /// The last bytes; they belong behind all that was taken.
    pub rest: Vec<u8>,
    /// The object.
    pub stored: Extent,
    /// Where in the object the segments and the trailer begin.
    pub segments_at: u64,
}

/// Contents that are being written. What is made piles up until it is taken.
pub struct ContentsWriter {
    gzip: GzEncoder<Vec<u8>>,
    digest: Hasher,
    size: u64,
    line: Vec<u8>,
}

impl ContentsWriter {
    /// The list that this header begins.
    ///
    /// # Errors
    /// When a line would be too long.
    pub fn new(header: ContentsHeader) -> Result<Self, CatalogError> {
        let gzip = GzEncoder::new(Vec::new(), Compression::new(GZIP_LEVEL));
        let mut writer = Self { gzip, digest: Hasher::default(), size: 0, line: Vec::new() };
        writer.line(&Line::Header(header))?;
        Ok(writer)
    }

    /// Adds an entry.
    ///
    /// # Errors
    /// When its line would be too long.
    pub fn entry(&mut self, entry: Entry) -> Result<(), CatalogError> {
        self.line(&Line::Entry(entry))
    }

    /// How many bytes wait to be taken.
    pub fn waiting(&self) -> usize {
        self.gzip.get_ref().len()
    }

    /// Takes what was made so far.
    pub fn take(&mut self) -> Vec<u8> {
        let made = std::mem::take(self.gzip.get_mut());
        self.digest.update(&made);
        self.size += made.len() as u64;
        made
    }

    /// Ends the list: the packed sizes of the archive's segments, and what it all came to.
    ///
    /// # Errors
    /// When the trailer would be too long.
    pub fn finish(mut self, segments: &[u32], trailer: ContentsTrailer) -> Result<Contents, CatalogError> {
        let failed = |error: std::io::Error| CatalogError(error.to_string());
        self.gzip.try_finish().map_err(failed)?;
        let mut rest = self.take();
        let segments_at = self.size;
        self.gzip = GzEncoder::new(Vec::new(), Compression::new(GZIP_LEVEL));
        for sizes in segments.chunks(SEGMENTS_A_LINE) {
            self.line(&Line::Segments(sizes.to_vec()))?;
        }
        self.line(&Line::Trailer(Box::new(trailer)))?;
        self.gzip.try_finish().map_err(failed)?;
        rest.extend(self.take());
        let stored = Extent { size: self.size, digest: self.digest.finish() };
        Ok(Contents { rest, stored, segments_at })
    }

    fn line(&mut self, line: &Line) -> Result<(), CatalogError> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line).map_err(|error| CatalogError(error.to_string()))?;
        self.line.push(b'\n');
        if self.line.len() > LINE_BYTES_MAX {
            return Err(CatalogError(format!("a contents line of {} bytes is too long", self.line.len())));
        }
        self.gzip.write_all(&self.line).map_err(|error| CatalogError(error.to_string()))
    }
}

/// A reader of contents that is fed. It gives a header, entries, segments and a trailer, in this order only.
pub struct ContentsReader {
    gzip: Decompress,
    /// Whether a gzip member ended, and none has begun since.
    packed_end: bool,
    /// Packed bytes of the members that ended.
    ended: u64,
    /// Where the first member ended.
    segments_at: Option<u64>,
    plain: Vec<u8>,
    /// How much of `plain` was given as lines.
    used: usize,
    /// How much of `plain` is known to hold no further line break.
    scanned: usize,
    seen: Seen,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Nothing,
    Header,
    Segments,
    Trailer,
}

impl Default for ContentsReader {
    fn default() -> Self {
        Self::new()
    }
}

impl ContentsReader {
    /// A reader at the first byte.
    pub fn new() -> Self {
        Self {
            gzip: member_reader(),
            packed_end: false,
            ended: 0,
            segments_at: None,
            plain: Vec::new(),
            used: 0,
            scanned: 0,
            seen: Seen::Nothing,
        }
    }

    /// A reader at the first byte of the segments.
    pub fn at_segments() -> Self {
        Self { seen: Seen::Segments, ..Self::new() }
    }

    /// Where the segments begin, when that was passed.
    pub fn segments_at(&self) -> Option<u64> {
        self.segments_at
    }

    /// Takes from the front of `input` until a line is whole; none when more is needed.
    ///
    /// # Errors
    /// When the bytes are damaged, too long a line, or lines out of their order.
    pub fn push(&mut self, input: &mut Bytes) -> Result<Option<Line>, CatalogError> {
        loop {
            let rest = self.plain.get(self.scanned..).unwrap_or_default();
            if let Some(length) = rest.iter().position(|byte| *byte == b'\n') {
                let end = self.scanned + length;
                let line = self.parse(self.plain.get(self.used..end).unwrap_or_default());
                (self.used, self.scanned) = (end + 1, end + 1);
                return self.in_order(line?).map(Some);
            }
            self.plain.drain(..self.used);
            self.used = 0;
            self.scanned = self.plain.len();
            if self.plain.len() > LINE_BYTES_MAX {
                return Err(CatalogError("a contents line is too long".into()));
            }
            if !self.unpack(input)? {
                return Ok(None);
            }
        }
    }

    /// Whether it ended as it should.
    ///
    /// # Errors
    /// When it is cut short.
    pub fn finish(&self) -> Result<(), CatalogError> {
        match self.packed_end && self.seen == Seen::Trailer && self.plain.len() == self.used {
            true => Ok(()),
            false => Err(CatalogError("the contents are cut short".into())),
        }
    }

    /// Unpacks a little more; false when nothing came of it.
    fn unpack(&mut self, input: &mut Bytes) -> Result<bool, CatalogError> {
        if self.packed_end {
            if input.is_empty() {
                return Ok(false);
            }
            if self.seen == Seen::Trailer {
                return Err(CatalogError("something follows the end of the contents".into()));
            }
            (self.gzip, self.packed_end) = (member_reader(), false);
        }
        let (before_in, before_out) = (self.gzip.total_in(), self.plain.len());
        self.plain.reserve_exact(OUTPUT_BYTES_MAX);
        let status = self
            .gzip
            .decompress_vec(input, &mut self.plain, FlushDecompress::None)
            .map_err(|error| CatalogError(format!("the contents are damaged: {error}")))?;
        let used = usize::try_from(self.gzip.total_in() - before_in).unwrap_or(usize::MAX).min(input.len());
        let stuck = used == 0 && self.plain.len() == before_out && !input.is_empty();
        let _used = input.split_to(used);
        self.packed_end = status == Status::StreamEnd;
        if self.packed_end {
            self.ended += self.gzip.total_in();
            self.segments_at.get_or_insert(self.ended);
        }
        if stuck && !self.packed_end {
            return Err(CatalogError("the contents are damaged: they lead nowhere".into()));
        }
        Ok(used > 0 || self.plain.len() > before_out || self.packed_end)
    }

    fn parse(&self, line: &[u8]) -> Result<Line, CatalogError> {
        let malformed = |error: serde_json::Error| {
            CatalogError(format!("a contents line is malformed: {}", on_one_line(&error.to_string())))
        };
        if self.seen == Seen::Nothing {
            check_version(line).map_err(malformed)??;
        }
        serde_json::from_slice(line).map_err(malformed)
    }

    fn in_order(&mut self, line: Line) -> Result<Line, CatalogError> {
        self.seen = match (self.seen, &line) {
            (Seen::Nothing, Line::Header(_)) | (Seen::Header, Line::Entry(_)) => Seen::Header,
            (Seen::Header | Seen::Segments, Line::Segments(_)) => Seen::Segments,
            (Seen::Header | Seen::Segments, Line::Trailer(_)) => Seen::Trailer,
            _ => return Err(CatalogError("the contents' lines are out of order".into())),
        };
        Ok(line)
    }
}

/// A reader of one gzip member, with the largest window (RFC 1951 §2): any can be read.
fn member_reader() -> Decompress {
    Decompress::new_gzip(15)
}

/// Looks at the version before anything else of the header, which another version may have changed.
fn check_version(line: &[u8]) -> Result<Result<(), CatalogError>, serde_json::Error> {
    #[derive(Deserialize)]
    struct First {
        header: Version,
    }
    #[derive(Deserialize)]
    struct Version {
        format_version: u32,
    }
    let version = serde_json::from_slice::<First>(line)?.header.format_version;
    Ok(match version == CONTENTS_FORMAT_VERSION {
        true => Ok(()),
        false => Err(CatalogError(format!(
            "the contents have format version {version}, and this program reads version {CONTENTS_FORMAT_VERSION}"
        ))),
    })
}

#[cfg(test)]
mod tests;
