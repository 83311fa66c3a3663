//! What stands before and behind the packed bytes in the zip: the entry's local header, its data descriptor, and the
//! directory (<https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>).
//!
//! Unaware of the packed bytes: only of how many they are.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rawzip::time::UtcDateTime;
use rawzip::{CompressionMethod, DataDescriptorOutput, ZipArchiveWriter};

use super::ArchiveError;
use crate::primitives::Method;

/// The zip's one entry, whose sizes are known only behind it.
#[derive(Debug, Clone)]
pub struct ZipFrame {
    /// The tar's name.
    pub name: String,
    /// The tar's time.
    pub at: jiff::Timestamp,
    /// How it is packed.
    pub method: Method,
}

/// What was written between the head and the tail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Framed {
    /// Packed bytes.
    pub packed_size: u64,
    /// Plain bytes.
    pub plain_size: u64,
    /// The plain bytes' CRC-32.
    pub crc: u32,
}

impl ZipFrame {
    /// The bytes before the packed ones.
    ///
    /// # Errors
    /// When the name cannot be a zip entry's.
    pub fn head(&self) -> Result<Vec<u8>, ArchiveError> {
        self.write(None).map(|(head, _)| head)
    }

    /// The bytes behind the packed ones.
    ///
    /// # Errors
    /// When the name cannot be a zip entry's.
    pub fn tail(&self, framed: Framed) -> Result<Vec<u8>, ArchiveError> {
        self.write(Some(framed)).map(|(_, tail)| tail)
    }

    /// Writes a zip whose packed bytes are counted and thrown away.
    fn write(&self, framed: Option<Framed>) -> Result<(Vec<u8>, Vec<u8>), ArchiveError> {
        let refused = |error: rawzip::Error| ArchiveError::new(format!("{}: {error}", self.name));
        let sink = Sink::default();
        let mut zip = ZipArchiveWriter::new(sink.clone());
        let method = match self.method {
            Method::Deflate => CompressionMethod::DEFLATE,
            Method::Zstd => CompressionMethod::ZSTD,
        };
        let entry = zip
            .new_file(&self.name)
            .compression_method(method)
            .unix_permissions(0o100_600)
            .last_modified(UtcDateTime::from_unix(self.at.as_second()));
        let (mut entry, _) = entry.start().map_err(refused)?;
        let head = sink.take();
        let Some(Framed { packed_size, plain_size, crc }) = framed else { return Ok((head, Vec::new())) };
        count(&mut entry, &sink, packed_size).map_err(|error| ArchiveError::new(error.to_string()))?;
        entry.finish(DataDescriptorOutput::new(crc, plain_size)).map_err(refused)?;
        zip.finish().map_err(refused)?;
        Ok((head, sink.take()))
    }
}

/// Lets the entry count so many bytes: what it is given for them is thrown away.
fn count(entry: &mut impl Write, sink: &Sink, mut left: u64) -> io::Result<()> {
    static ANY: [u8; 1024 * 1024] = [0; 1024 * 1024];
    sink.lock().counts_only = true;
    while left > 0 {
        let piece = ANY.get(..usize::try_from(left).map_or(ANY.len(), |left| left.min(ANY.len()))).unwrap_or_default();
        entry.write_all(piece)?;
        left -= piece.len() as u64;
    }
    sink.lock().counts_only = false;
    Ok(())
}

/// Where the zip is written, seen from beside its writer.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Written>>);

#[derive(Default)]
struct Written {
    bytes: Vec<u8>,
    counts_only: bool,
}

impl Sink {
    fn lock(&self) -> MutexGuard<'_, Written> {
        // Appending cannot leave it half done, so a panic elsewhere does not make it wrong.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.lock().bytes)
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.lock();
        if !written.counts_only {
            written.bytes.extend_from_slice(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
