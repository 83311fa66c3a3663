//! Packs segments, on as many cores as ask for it.
//!
//! Unaware of what is in a segment. Invariant: what is kept between two segments changes nothing of what the next one becomes.

use bytes::Bytes;
use libdeflater::{CompressionLvl, Compressor};

use super::pool::{Pool, room};
use super::{ArchiveError, PackedSegment, Segment, open_deflate};
use crate::primitives::{Compression, Method};

/// What is looked at to say whether a segment can be packed: so many pieces, evenly spread, of so many bytes.
const LOOKS: usize = 16;
const LOOK_BYTES: usize = 4096;
/// Of each piece, so many bytes are counted.
const COUNTED_BYTES: usize = 1024;
/// A segment is packed if what was looked at becomes smaller than so many hundredths of it. The tar's own headers, which pack
/// well, are two hundredths of a segment of images: by chance they may be more of what is looked at.
const WORTH_PERCENT: usize = 90;
/// It is packed without another look if its bytes alone, wherever they stand, need no more than so many bits each: codes for
/// them make it 88 hundredths or less.
const WORTH_BITS: f64 = 7.0;
/// A stored block of deflate holds so many bytes (RFC 1951 §3.2.4).
const STORED_BYTES_MAX: usize = 65_535;

/// Packs segments, many at once. What it takes to pack one is kept for the next.
pub struct Packers {
    compression: Compression,
    idle: Pool<Packer>,
}

enum Packer {
    Deflate(Deflate),
    Zstd(zstd::bulk::Compressor<'static>, Vec<u8>),
}

impl Packers {
    /// Packers that pack so.
    pub fn new(compression: Compression) -> Self {
        Self { compression, idle: Pool::default() }
    }

    /// Packs a segment.
    ///
    /// # Errors
    /// When the packer does not do what it says.
    pub fn pack(&self, segment: Segment) -> Result<PackedSegment, ArchiveError> {
        let plain = segment.bytes();
        let mut crc = crc32fast::Hasher::new();
        crc.update(plain);
        let mut packer = self.idle.take().map_or_else(|| Packer::new(self.compression), Ok)?;
        let bytes = packer.pack(plain, segment.number())?;
        self.idle.give_back(packer);
        Ok(PackedSegment { bytes, plain_size: plain.len(), crc })
    }
}

impl Packer {
    fn new(compression: Compression) -> Result<Self, ArchiveError> {
        Ok(match compression.method() {
            Method::Deflate => Self::Deflate(Deflate::new(compression.level())?),
            Method::Zstd => {
                let packer = zstd::bulk::Compressor::new(compression.level().into());
                Self::Zstd(packer.map_err(of_zstd)?, Vec::new())
            }
        })
    }

    /// The packers need room for the worst case. What they made is copied out of it: many segments that pack well may wait at
    /// a time, none with that room.
    fn pack(&mut self, plain: &[u8], number: u64) -> Result<Bytes, ArchiveError> {
        match self {
            Self::Deflate(packer) => packer.pack(plain, number).map(Bytes::from),
            Self::Zstd(packer, buffer) => {
                let packed = room(buffer, zstd::zstd_safe::compress_bound(plain.len()));
                let size = packer.compress_to_buffer(plain, packed).map_err(of_zstd)?;
                Ok(packed.get(..size).map(Bytes::copy_from_slice).unwrap_or_default())
            }
        }
    }
}

fn of_zstd(error: std::io::Error) -> ArchiveError {
    ArchiveError::new(format!("zstd: {error}"))
}

struct Deflate {
    /// The first is for every third segment, the last for the others. None where nothing is packed.
    packers: Vec<Compressor>,
    /// Looks whether a segment can be packed.
    quick: Option<Compressor>,
    room: Vec<u8>,
}

impl Deflate {
    fn new(level: u8) -> Result<Self, ArchiveError> {
        let packers = own_levels(level).iter().map(|level| compressor(*level)).collect::<Result<_, _>>()?;
        Ok(Self { packers, quick: None, room: Vec::new() })
    }

    fn pack(&mut self, plain: &[u8], number: u64) -> Result<Vec<u8>, ArchiveError> {
        let turn = if number.is_multiple_of(3) { 0 } else { self.packers.len().saturating_sub(1) };
        if self.worth_packing(plain)?
            && let Some(packer) = self.packers.get_mut(turn)
            && let Some(packed) = raw_deflate(packer, plain, room(&mut self.room, plain.len()))
        {
            let tail = open_deflate::open(packed)?;
            if packed.len() + tail.len() < plain.len() {
                return Ok([packed, tail].concat());
            }
        }
        Ok(stored(plain))
    }

    /// Whether packing would make it smaller. Text needs fewer bits a byte, which is counted. Of what does not, some is packed
    /// quickly: it may repeat itself. Images, films and what is packed or encrypted already do not.
    fn worth_packing(&mut self, plain: &[u8]) -> Result<bool, ArchiveError> {
        if self.packers.is_empty() || plain.len() <= LOOKS * LOOK_BYTES {
            return Ok(!self.packers.is_empty());
        }
        let stride = plain.len() / LOOKS;
        let looks = || plain.chunks(stride).take(LOOKS).filter_map(|piece| piece.get(..LOOK_BYTES));
        if bits_a_byte(looks().filter_map(|look| look.get(..COUNTED_BYTES))) <= WORTH_BITS {
            return Ok(true);
        }
        let quick = match &mut self.quick {
            Some(quick) => quick,
            none => none.insert(compressor(1)?),
        };
        let (mut seen, mut packed) = (0, 0);
        for look in looks() {
            seen += look.len();
            packed +=
                raw_deflate(quick, look, room(&mut self.room, look.len())).map_or(look.len(), |packed| packed.len());
        }
        Ok(packed * 100 < seen * WORTH_PERCENT)
    }
}

/// The levels of libdeflate that are one of ours. At 5 it makes logs a little larger than `gzip -6` does; at 6 it takes a quarter longer for
/// 6 % less, and there is nothing between. Who does not say a level gets both: an archive no larger than gzip's, in little more time than
/// 5 takes.
fn own_levels(level: u8) -> &'static [u8] {
    const LEVELS: [&[u8]; 13] = [&[], &[1], &[2], &[3], &[4], &[5], &[6, 5], &[7], &[8], &[9], &[10], &[11], &[12]];
    LEVELS.get(usize::from(level)).copied().unwrap_or(&[])
}

fn compressor(level: u8) -> Result<Compressor, ArchiveError> {
    let level = CompressionLvl::new(level.into()).map_err(|_| ArchiveError::new("deflate has no such level"))?;
    Ok(Compressor::new(level))
}

/// A whole deflate stream of it; none where there is no room for it, which is all that can go wrong.
fn raw_deflate<'a>(compressor: &mut Compressor, plain: &[u8], room: &'a mut [u8]) -> Option<&'a mut [u8]> {
    let size = compressor.deflate_compress(plain, room).ok()?;
    room.get_mut(..size)
}

/// How many bits a byte needs where nothing is known but how often each comes: their entropy.
fn bits_a_byte<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> f64 {
    let mut counts = [0_u32; 256];
    pieces.flatten().for_each(|byte| counts[usize::from(*byte)] += 1);
    let all = f64::from(counts.iter().sum::<u32>());
    let bits = |count: &u32| f64::from(*count) * (all / f64::from(*count)).log2();
    counts.iter().filter(|count| **count > 0).map(bits).sum::<f64>() / all
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
