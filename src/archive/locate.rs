//! Finds the one tar inside a zip, from pieces of its beginning and end
//! (<https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>).

use std::io::{self, Read, Seek, SeekFrom};

use zip::read::{ArchiveOffset, Config, ZipReadOptions};
use zip::{CompressionMethod, ZipArchive};

use super::{ArchiveError, zip_tail};
use crate::primitives::{Method, on_one_line};

/// Where the tar lies in the zip, and what the zip says of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TarEntry {
    /// How it is packed.
    pub method: Method,
    /// The first packed byte.
    pub start: u64,
    /// How many packed bytes.
    pub packed_size: u64,
    /// How many plain bytes.
    pub plain_size: u64,
    /// The plain bytes' CRC-32.
    pub crc: u32,
}

/// Bytes that must be supplied before the tar can be found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Need {
    /// Where they begin.
    pub offset: u64,
    /// How many.
    pub length: usize,
}

/// A zip's comment and extra fields are at most 65,535 bytes each: with two pieces of this size all is seen.
const PIECE_BYTES: u64 = 68 * 1024;
/// More pieces than a sound zip with one entry can need.
const PIECES_MAX: usize = 8;

/// Looks for the tar.
pub struct Locator {
    length: u64,
    pieces: Vec<(u64, Vec<u8>)>,
}

impl Locator {
    /// For a zip of so many bytes.
    pub fn new(length: u64) -> Self {
        Self { length, pieces: Vec::new() }
    }

    /// Supplies what was needed.
    pub fn supply(&mut self, offset: u64, bytes: &[u8]) {
        self.pieces.push((offset, bytes.to_vec()));
    }

    /// The entry, or what must be supplied before it can be said.
    ///
    /// # Errors
    /// When it is no zip with exactly one tar in it, packed in a known way and not encrypted, or when the zip
    /// contradicts itself.
    pub fn locate(&self) -> Result<Result<TarEntry, Need>, ArchiveError> {
        if self.pieces.is_empty() && self.length > 0 {
            let length = self.length.min(PIECE_BYTES);
            return Ok(Err(Need { offset: self.length - length, length: length as usize }));
        }
        let mut view = View { locator: self, position: 0, missing: None };
        let found = entry(&mut view);
        match (found, view.missing) {
            (_, Some(offset)) if self.pieces.len() < PIECES_MAX => {
                let length = PIECE_BYTES.min(self.length - offset);
                Ok(Err(Need { offset, length: length as usize }))
            }
            (Ok(entry), None) => Ok(Ok(entry)),
            (Err(error), _) => Err(error),
            (Ok(_), Some(_)) => Err(ArchiveError::new("the zip's directory is scattered")),
        }
    }
}

fn entry(view: &mut View<'_>) -> Result<TarEntry, ArchiveError> {
    let refused = |error: zip::result::ZipError| {
        ArchiveError::new(format!("the zip is damaged: {}", on_one_line(&error.to_string())))
    };
    let config = Config { archive_offset: ArchiveOffset::Known(0) };
    let mut archive = ZipArchive::with_config(config, &mut *view).map_err(refused)?;
    let directory = archive.central_directory_start();
    if archive.has_duplicate_names() {
        return Err(ArchiveError::new("the zip has two entries of one name"));
    }
    if archive.len() != 1 {
        return Err(ArchiveError::new(format!("the zip holds {} entries and not one tar", archive.len())));
    }
    let options = ZipReadOptions::new().enforce_header_consistency(true);
    let file = archive.by_index_with_options(0, options).map_err(refused)?;
    let other_kind = file.unix_mode().is_some_and(|mode| !matches!(mode & 0o170_000, 0 | 0o100_000));
    if file.encrypted() || !file.name_raw().ends_with(b".tar") || !file.is_file() || other_kind {
        return Err(ArchiveError::new("the zip's entry is encrypted or no tar"));
    }
    let method = match file.compression() {
        CompressionMethod::Deflated => Method::Deflate,
        CompressionMethod::Zstd => Method::Zstd,
        other => {
            return Err(ArchiveError::new(format!(
                "the zip's entry is packed with {other}, and not with deflate or zstd"
            )));
        }
    };
    let start = file.data_start().ok_or_else(|| ArchiveError::new("the zip's entry has no content"))?;
    let found =
        TarEntry { method, start, packed_size: file.compressed_size(), plain_size: file.size(), crc: file.crc32() };
    let inside = start.checked_add(found.packed_size).is_some_and(|end| end <= directory);
    if file.header_start() != 0 || !inside {
        return Err(ArchiveError::new("the zip's entry lies where it cannot"));
    }
    drop(file);
    drop(archive);
    check_tail(view, &found, directory)?;
    Ok(found)
}

/// What follows the packed bytes in a sound zip with one entry is below this, whatever its name and extra fields of use.
const TAIL_BYTES_MAX: u64 = 8 * 1024;
/// The flag of an entry whose sizes follow its packed bytes (APPNOTE 4.4.4), in the local header's byte 6.
const SIZES_FOLLOW: u8 = 1 << 3;

/// Refuses a zip in which anything but what belongs there follows the packed bytes.
fn check_tail(view: &mut View<'_>, found: &TarEntry, directory: u64) -> Result<(), ArchiveError> {
    let end = found.start + found.packed_size;
    let length = view.locator.length - end;
    if length > TAIL_BYTES_MAX {
        return Err(ArchiveError::new("the zip holds more than its entry"));
    }
    // The directory begins in the tail, which is short.
    let (mut tail, descriptor) = (vec![0; length as usize], (directory - end) as usize);
    view.bytes(end, &mut tail)?;
    let mut flags = [0];
    view.bytes(6, &mut flags)?;
    zip_tail::check(&tail, descriptor, (flags[0] & SIZES_FOLLOW != 0).then_some(found))
}

/// The zip as far as it was supplied; the first byte that was missed is noted.
struct View<'a> {
    locator: &'a Locator,
    position: u64,
    missing: Option<u64>,
}

impl View<'_> {
    fn bytes(&mut self, at: u64, bytes: &mut [u8]) -> Result<(), ArchiveError> {
        self.position = at;
        self.read_exact(bytes).map_err(|error| ArchiveError::new(format!("the zip is damaged: {error}")))
    }
}

impl Read for View<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position >= self.locator.length || buffer.is_empty() {
            return Ok(0);
        }
        for (offset, bytes) in &self.locator.pieces {
            let behind = self.position.checked_sub(*offset).and_then(|behind| usize::try_from(behind).ok());
            if let Some(mut rest) = behind.and_then(|behind| bytes.get(behind..)).filter(|rest| !rest.is_empty()) {
                let read = rest.read(buffer)?;
                self.position += read as u64;
                return Ok(read);
            }
        }
        self.missing.get_or_insert(self.position);
        Err(io::Error::other("not supplied yet"))
    }
}

impl Seek for View<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::End(delta) => self.locator.length.checked_add_signed(delta),
            SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
        };
        self.position = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}
