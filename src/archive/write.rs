//! Writes a zip that holds one tar, member by member.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use super::{ArchiveError, BLOCK, Extent, Member, padding, tar_header};
use crate::primitives::Hasher;

/// What an archive came to.
#[derive(Debug)]
pub struct Finished {
    /// The last bytes; they belong behind all that was taken.
    pub rest: Vec<u8>,
    /// The tar.
    pub plain: Extent,
    /// The zip.
    pub stored: Extent,
}

/// An archive that is being written. What it makes piles up until it is taken.
pub struct Writer {
    zip: ZipWriter<StreamWriter<Sink>>,
    sink: Sink,
    plain: Hasher,
    plain_size: u64,
    stored: Hasher,
    stored_size: u64,
    /// Content that the open member still lacks, and the padding behind it.
    open: Option<(u64, usize)>,
}

impl Writer {
    /// An archive whose tar has that name and time.
    ///
    /// # Errors
    /// When the name cannot be a zip entry's.
    pub fn new(tar_name: &str, at: jiff::Timestamp) -> Result<Self, ArchiveError> {
        let sink = Sink::default();
        let mut zip = ZipWriter::new_stream(sink.clone());
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .large_file(true)
            .unix_permissions(0o600)
            .last_modified_time(dos_time(at));
        zip.start_file(tar_name, options).map_err(|error| ArchiveError::new(format!("{tar_name}: {error}")))?;
        let (plain, stored) = (Hasher::default(), Hasher::default());
        Ok(Self { zip, sink, plain, plain_size: 0, stored, stored_size: 0, open: None })
    }

    /// Begins a member; its content follows. Answers where it begins in the tar.
    ///
    /// # Errors
    /// When the member is malformed or the one before was not ended.
    pub fn entry(&mut self, member: &Member) -> Result<u64, ArchiveError> {
        member.check()?;
        if self.open.is_some() {
            return Err(ArchiveError::new("the member before is not ended"));
        }
        let offset = self.plain_size;
        self.tar(&tar_header::encode(member))?;
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
        self.tar(bytes.get(..take).unwrap_or_default())?;
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
            Some((0, padding)) => self.tar([0; BLOCK].get(..padding).unwrap_or_default()),
            Some((left, _)) => Err(ArchiveError::new(format!("the member lacks {left} bytes"))),
            None => Err(ArchiveError::new("no member is open")),
        }
    }

    /// How many bytes wait to be taken.
    pub fn waiting(&self) -> usize {
        self.sink.lock().len()
    }

    /// Takes what was made so far.
    pub fn take(&mut self) -> Vec<u8> {
        let made = std::mem::take(&mut *self.sink.lock());
        self.stored.update(&made);
        self.stored_size += made.len() as u64;
        made
    }

    /// Ends the archive.
    ///
    /// # Errors
    /// When a member is open.
    pub fn finish(mut self) -> Result<Finished, ArchiveError> {
        if self.open.is_some() {
            return Err(ArchiveError::new("the last member is not ended"));
        }
        // A tar ends with two blocks of zeros.
        self.tar(&[0; 2 * BLOCK])?;
        let mut rest = self.take();
        let Self { zip, sink, plain, plain_size, mut stored, stored_size, .. } = self;
        zip.finish().map_err(|error| ArchiveError::new(error.to_string()))?;
        let last = std::mem::take(&mut *sink.lock());
        stored.update(&last);
        rest.extend_from_slice(&last);
        Ok(Finished {
            rest,
            plain: Extent { size: plain_size, digest: plain.finish() },
            stored: Extent { size: stored_size + last.len() as u64, digest: stored.finish() },
        })
    }

    fn tar(&mut self, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.plain.update(bytes);
        self.plain_size += bytes.len() as u64;
        self.zip.write_all(bytes).map_err(|error| ArchiveError::new(error.to_string()))
    }
}

/// A zip's time is of two seconds, without a zone (here UTC), from 1980 to 2107; what lies outside is 1980.
fn dos_time(at: jiff::Timestamp) -> zip::DateTime {
    let civil = at.to_zoned(jiff::tz::TimeZone::UTC).datetime();
    let number = |part: i8| u8::try_from(part).unwrap_or(0);
    u16::try_from(civil.year())
        .ok()
        .and_then(|year| {
            let (month, day) = (number(civil.month()), number(civil.day()));
            let (hour, minute, second) = (number(civil.hour()), number(civil.minute()), number(civil.second()));
            zip::DateTime::from_date_and_time(year, month, day, hour, minute, second).ok()
        })
        .unwrap_or_default()
}

/// Where the zip writer writes: memory that is drained beside it.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        // Appending cannot leave it half done, so a panic elsewhere does not make it wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
