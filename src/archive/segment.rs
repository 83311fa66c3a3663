//! The tar is cut into segments of one size, and each is packed by itself: on any core, and unpacked without the others.
//!
//! Unaware of what is in a segment. Invariant: the packed segments, one behind the other and then [`end`], are one stream of
//! the zip's method, which any tool unpacks; and each is unpacked by itself to exactly what it was made of.

use bytes::Bytes;
use libdeflater::{CompressionLvl, Compressor, DecompressionError, Decompressor};

use super::{ArchiveError, open_deflate};
use crate::primitives::{Compression, Method};

/// A segment is so many bytes of the tar; the last one is shorter. Larger ones gain next to nothing (0.6 % from 1 to 4 MiB on
/// logs), and what is restored of a single file costs at least one.
pub const SEGMENT_BYTES: usize = 1024 * 1024;
/// A packed segment is at most so much longer than a plain one: deflate stores 65,535 bytes behind each five (RFC 1951
/// §3.2.4), zstd up to 128 KiB behind each three (RFC 8878 §3.1.1.2).
const PACKED_OVER_MAX: usize = 1024;
/// What is looked at to say whether a segment can be packed: so many pieces, evenly spread, of so many bytes.
const LOOKS: usize = 16;
const LOOK_BYTES: usize = 4096;
/// A segment is packed if what was looked at becomes smaller than so many hundredths of it. The tar's own headers, which pack
/// well, are two hundredths of a segment of images: by chance they may be more of what is looked at.
const WORTH_PERCENT: usize = 90;
/// A stored block of deflate holds so many bytes (RFC 1951 §3.2.4).
const STORED_BYTES_MAX: usize = 65_535;

/// The next bytes of a tar.
#[derive(Debug)]
pub struct Segment(pub(super) Vec<u8>);

/// A segment that was packed.
#[derive(Debug, Clone)]
pub struct PackedSegment {
    /// The packed bytes.
    pub bytes: Bytes,
    /// How many plain bytes they are of.
    pub plain_size: usize,
    /// The CRC-32 of the plain bytes, which can be combined with those before.
    pub crc: crc32fast::Hasher,
}

impl Segment {
    /// Packs it.
    ///
    /// # Errors
    /// When the packer does not do what it says.
    pub fn pack(self, compression: Compression) -> Result<PackedSegment, ArchiveError> {
        let plain = self.0;
        let mut crc = crc32fast::Hasher::new();
        crc.update(&plain);
        let packed = match compression.method() {
            Method::Deflate => deflate(&plain, compression.level())?,
            Method::Zstd => zstd::bulk::compress(&plain, compression.level().into())
                .map_err(|error| ArchiveError::new(format!("zstd: {error}")))?,
        };
        // The packers took room for the worst case. Many segments that pack well may wait at a time, none with that room.
        let bytes = Bytes::from(packed.into_boxed_slice());
        Ok(PackedSegment { bytes, plain_size: plain.len(), crc })
    }
}

/// What ends the stream behind the last segment.
pub fn end(method: Method) -> &'static [u8] {
    match method {
        Method::Deflate => &open_deflate::END,
        Method::Zstd => &[],
    }
}

/// Unpacks one segment of so many plain bytes, into one piece or, where it was stored as it is, into the pieces it is stored in.
///
/// # Errors
/// When the bytes are damaged, or unpack to more or less.
pub fn unpack(method: Method, packed: &Bytes, plain_size: usize) -> Result<Vec<Bytes>, ArchiveError> {
    if plain_size > SEGMENT_BYTES || packed.len() > packed_size_max(plain_size) {
        return Err(ArchiveError::new("a segment is longer than it can be"));
    }
    if let Some(pieces) = pieces_if_stored(packed).filter(|_| method == Method::Deflate) {
        return of_size(pieces.iter().map(Bytes::len).sum(), plain_size).map(|()| pieces);
    }
    let mut plain = vec![0; plain_size];
    let unpacked = match method {
        Method::Deflate => {
            let stream = [packed, &open_deflate::END[..]].concat();
            Decompressor::new().deflate_decompress(&stream, &mut plain).map_err(|error| match error {
                DecompressionError::BadData => "they are no deflate".into(),
                DecompressionError::InsufficientSpace => format!("they unpack to more than {plain_size} bytes"),
            })
        }
        Method::Zstd => zstd::bulk::decompress_to_buffer(packed, &mut plain).map_err(|error| error.to_string()),
    };
    let size = unpacked.map_err(|error| ArchiveError::new(format!("the packed bytes are damaged: {error}")))?;
    of_size(size, plain_size).map(|()| vec![Bytes::from(plain)])
}

fn of_size(size: usize, expected: usize) -> Result<(), ArchiveError> {
    match size == expected {
        true => Ok(()),
        false => Err(ArchiveError::new(format!("a segment unpacks to {size} bytes and not {expected}"))),
    }
}

/// The content of stored blocks, where there are no others: not copied, as most of what cannot be packed comes so.
fn pieces_if_stored(packed: &Bytes) -> Option<Vec<Bytes>> {
    let (mut pieces, mut rest) = (Vec::new(), packed.clone());
    while !rest.is_empty() {
        let [0, a, b, c, d] = *rest.get(..5)? else { return None };
        let length = u16::from_le_bytes([a, b]);
        if length != !u16::from_le_bytes([c, d]) || rest.len() < 5 + usize::from(length) {
            return None;
        }
        pieces.push(rest.slice(5..5 + usize::from(length)));
        rest = rest.slice(5 + usize::from(length)..);
    }
    Some(pieces)
}

/// How long a packed segment can be.
pub fn packed_size_max(plain_size: usize) -> usize {
    plain_size + PACKED_OVER_MAX
}

fn deflate(plain: &[u8], level: u8) -> Result<Vec<u8>, ArchiveError> {
    if level > 0 && worth_packing(plain)? {
        let mut packed = raw_deflate(&mut compressor(level)?, plain)?;
        open_deflate::open(&mut packed)?;
        if packed.len() < plain.len() {
            return Ok(packed);
        }
    }
    Ok(stored(plain))
}

fn compressor(level: u8) -> Result<Compressor, ArchiveError> {
    let level = CompressionLvl::new(level.into()).map_err(|_| ArchiveError::new("deflate has no such level"))?;
    Ok(Compressor::new(level))
}

fn raw_deflate(compressor: &mut Compressor, plain: &[u8]) -> Result<Vec<u8>, ArchiveError> {
    let mut packed = vec![0; compressor.deflate_compress_bound(plain.len())];
    let size = compressor
        .deflate_compress(plain, &mut packed)
        .map_err(|error| ArchiveError::new(format!("deflate: {error}")))?;
    packed.truncate(size);
    Ok(packed)
}

/// Whether packing would make it smaller: some of it is packed quickly. Images, films and what is packed or encrypted already
/// do not.
fn worth_packing(plain: &[u8]) -> Result<bool, ArchiveError> {
    if plain.len() <= LOOKS * LOOK_BYTES {
        return Ok(true);
    }
    let mut quick = compressor(1)?;
    let stride = plain.len() / LOOKS;
    let looks = plain.chunks(stride).take(LOOKS).filter_map(|piece| piece.get(..LOOK_BYTES));
    let (mut seen, mut packed) = (0, 0);
    for look in looks {
        seen += look.len();
        packed += raw_deflate(&mut quick, look)?.len();
    }
    Ok(packed * 100 < seen * WORTH_PERCENT)
}

/// As it is, in stored blocks of deflate.
fn stored(plain: &[u8]) -> Vec<u8> {
    let blocks = plain.len().div_ceil(STORED_BYTES_MAX);
    let mut packed = Vec::with_capacity(plain.len() + 5 * blocks);
    for block in plain.chunks(STORED_BYTES_MAX) {
        // No chunk is longer than 65,535.
        let length = block.len() as u16;
        packed.push(0);
        packed.extend_from_slice(&length.to_le_bytes());
        packed.extend_from_slice(&(!length).to_le_bytes());
        packed.extend_from_slice(block);
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn a_packed_segment_keeps_no_more_memory_than_it_has_bytes() {
        for (method, level) in [(Method::Deflate, 6), (Method::Deflate, 0), (Method::Zstd, 3)] {
            let compression = Compression::new(method, Some(level)).unwrap();
            for plain in [vec![7; SEGMENT_BYTES], noise(SEGMENT_BYTES)] {
                let packed = Vec::from(Segment(plain).pack(compression).unwrap().bytes);
                assert_eq!(packed.capacity(), packed.len(), "{compression:?}");
            }
        }
    }

    #[test]
    fn what_does_not_compress_is_stored_and_what_does_is_packed() {
        let (text, noise) = ("GET /shop/17 HTTP/1.1 200\n".repeat(40_000), noise(SEGMENT_BYTES));
        let mixed = [&text.as_bytes()[..SEGMENT_BYTES / 2], &noise[..SEGMENT_BYTES / 2]].concat();
        for (plain, most) in
            [(text.into_bytes(), 30_000), (noise, SEGMENT_BYTES + 85), (mixed, SEGMENT_BYTES * 52 / 100)]
        {
            let plain = plain[..plain.len().min(SEGMENT_BYTES)].to_vec();
            let packed = Segment(plain.clone()).pack(Compression::default()).unwrap();
            assert!(packed.bytes.len() <= most, "{} of {}", packed.bytes.len(), plain.len());
            assert_eq!(unpack(Method::Deflate, &packed.bytes, plain.len()).unwrap().concat(), plain);
        }
    }

    #[test]
    fn stored_blocks_that_are_none_are_refused() {
        let plain = noise(100_000);
        let sound = Segment(plain.clone()).pack(Compression::default()).unwrap().bytes;
        assert_eq!(
            unpack(Method::Deflate, &sound, plain.len()).unwrap().len(),
            2,
            "in the pieces that it is stored in"
        );
        // A type of block that there is none of (RFC 1951 §3.2.3), a length that its complement denies, a cut.
        for (at, byte) in [(0, 6), (1, sound[1] ^ 1), (3, sound[3] ^ 1), (65_540, 6)] {
            let mut wrong = sound.to_vec();
            wrong[at] = byte;
            assert!(unpack(Method::Deflate, &Bytes::from(wrong), plain.len()).is_err(), "{at}");
        }
        assert!(unpack(Method::Deflate, &sound.slice(..sound.len() - 1), plain.len()).is_err());
    }

    #[test]
    fn a_segment_that_is_not_what_it_says_is_refused() {
        let packed = Segment(vec![7; 1000]).pack(Compression::default()).unwrap().bytes;
        for wrong in [999, 1001, 0, SEGMENT_BYTES + 1] {
            assert!(unpack(Method::Deflate, &packed, wrong).is_err(), "{wrong}");
        }
        let bomb = Bytes::from(raw_deflate(&mut compressor(9).unwrap(), &vec![0; 64 * SEGMENT_BYTES]).unwrap());
        assert!(unpack(Method::Deflate, &bomb, SEGMENT_BYTES).is_err());
        assert!(unpack(Method::Zstd, &packed, 1000).is_err());
    }
}
