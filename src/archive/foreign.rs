//! A tar that others made, packed or not: by gzip (RFC 1952) or zstd (RFC 8878).
//!
//! Unaware of where it comes from. Invariant: what is unpacked at a time is bounded, whatever the bytes say.

use std::io::Write as _;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;

use super::{ArchiveError, TarEvent, TarReader};

/// So much is needed to tell how it is packed.
const MAGIC_BYTES: usize = 6;
/// So much is unpacked at a time. Deflate makes at most 1,032 bytes of one,
const GZIP_PIECE_BYTES: usize = 8 * 1024;
/// and zstd at most 128 KiB of a block of four.
const ZSTD_PIECE_BYTES: usize = 256;

/// How it is packed.
enum Packing {
    /// Not known yet: this is how it begins.
    Unknown(Vec<u8>),
    None,
    Gzip(Box<MultiGzDecoder<Vec<u8>>>),
    Zstd(Box<zstd::stream::write::Decoder<'static, Vec<u8>>>),
}

/// Such a tar, read as it comes in.
pub struct ForeignTar {
    packing: Packing,
    tar: TarReader,
    /// Unpacked, and not read yet.
    plain: Bytes,
}

impl Default for ForeignTar {
    fn default() -> Self {
        Self { packing: Packing::Unknown(Vec::new()), tar: TarReader::foreign(), plain: Bytes::new() }
    }
}

impl ForeignTar {
    /// Takes from the front of `input` until something is to be told; none when all of it is used up.
    ///
    /// # Errors
    /// When it is no tar, is packed otherwise, or holds what is not supported. Then it is of no more use.
    pub fn push(&mut self, input: &mut Bytes) -> Result<Option<TarEvent>, ArchiveError> {
        loop {
            if let Some(event) = self.tar.push(&mut self.plain)? {
                return Ok(Some(event));
            }
            if input.is_empty() {
                return Ok(None);
            }
            self.plain = self.unpack(input)?;
        }
    }

    /// Whether it came to its end.
    ///
    /// # Errors
    /// When it was cut short, or was packed by one who did not finish.
    pub fn finish(&mut self) -> Result<(), ArchiveError> {
        match &mut self.packing {
            Packing::Unknown(_) => return Err(ArchiveError::new("it is too short to be an archive")),
            Packing::Gzip(gzip) => gzip.try_finish().map_err(|error| malformed("gzip", &error))?,
            Packing::None | Packing::Zstd(_) => {}
        }
        self.tar.finish()
    }

    fn unpack(&mut self, input: &mut Bytes) -> Result<Bytes, ArchiveError> {
        match &mut self.packing {
            Packing::Unknown(begin) => {
                let wanted = MAGIC_BYTES.saturating_sub(begin.len()).min(input.len());
                begin.extend_from_slice(&input.split_to(wanted));
                if begin.len() < MAGIC_BYTES {
                    return Ok(Bytes::new());
                }
                let mut begin = Bytes::from(std::mem::take(begin));
                self.packing = packing(&begin)?;
                self.unpack(&mut begin)
            }
            Packing::None => Ok(std::mem::take(input)),
            Packing::Gzip(gzip) => {
                let piece = input.split_to(input.len().min(GZIP_PIECE_BYTES));
                gzip.write_all(&piece).map_err(|error| malformed("gzip", &error))?;
                // What was unpacked is handed on when the decoder is flushed.
                gzip.flush().map_err(|error| malformed("gzip", &error))?;
                Ok(std::mem::take(gzip.get_mut()).into())
            }
            Packing::Zstd(zstd) => {
                let piece = input.split_to(input.len().min(ZSTD_PIECE_BYTES));
                zstd.write_all(&piece).map_err(|error| malformed("zstd", &error))?;
                zstd.flush().map_err(|error| malformed("zstd", &error))?;
                Ok(std::mem::take(zstd.get_mut()).into())
            }
        }
    }
}

/// By the first bytes (magic(5)).
fn packing(begin: &[u8]) -> Result<Packing, ArchiveError> {
    let refused = |what: &str| {
        Err(ArchiveError::new(format!("it is {what}, which cannot be unpacked: pack it as a tar, with gzip or zstd")))
    };
    match begin {
        [0x1f, 0x8b, ..] => Ok(Packing::Gzip(Box::new(MultiGzDecoder::new(Vec::new())))),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => {
            let decoder = zstd::stream::write::Decoder::new(Vec::new());
            Ok(Packing::Zstd(Box::new(decoder.map_err(|error| malformed("zstd", &error))?)))
        }
        [b'P', b'K', 3 | 5, ..] => refused("a zip"),
        [0xfd, b'7', b'z', b'X', b'Z', 0] => refused("packed with xz"),
        [b'B', b'Z', b'h', ..] => refused("packed with bzip2"),
        _ => Ok(Packing::None),
    }
}

fn malformed(what: &str, error: &std::io::Error) -> ArchiveError {
    ArchiveError::new(format!("its {what} is damaged: {error}"))
}
