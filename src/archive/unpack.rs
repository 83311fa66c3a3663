//! Unpacks segments, on as many cores as ask for it.
//!
//! Unaware of what is in a segment. Invariant: what is given is as long as it was said to be, or nothing is given.

use bytes::Bytes;
use libdeflater::{DecompressionError, Decompressor};

use super::pool::{Buffers, Pool, room};
use super::{ArchiveError, SEGMENT_BYTES, open_deflate, packed_size_max};
use crate::primitives::Method;

/// Unpacks segments, many at once. What it takes to unpack one is kept for the next, and so is what held its bytes, when
/// nobody holds them any more.
pub struct Unpackers {
    method: Method,
    idle: Pool<Unpacker>,
    plain: Buffers,
}

enum Unpacker {
    /// With room for the packed bytes and their end.
    Deflate(Decompressor, Vec<u8>),
    Zstd(zstd::bulk::Decompressor<'static>),
}

impl Unpackers {
    /// Unpackers of what was packed so.
    pub fn new(method: Method) -> Self {
        Self { method, idle: Pool::default(), plain: Buffers::default() }
    }

    /// Unpacks one segment of so many plain bytes, into one piece or, where it was stored as it is, into the pieces it is stored
    /// in.
    ///
    /// # Errors
    /// When the bytes are damaged, or unpack to more or less.
    pub fn unpack(&self, packed: &Bytes, plain_size: usize) -> Result<Vec<Bytes>, ArchiveError> {
        if plain_size > SEGMENT_BYTES || packed.len() > packed_size_max(plain_size) {
            return Err(ArchiveError::new("a segment is longer than it can be"));
        }
        if let Some(pieces) = pieces_if_stored(packed).filter(|_| self.method == Method::Deflate) {
            return of_size(pieces.iter().map(Bytes::len).sum(), plain_size).map(|()| pieces);
        }
        let mut unpacker = self.idle.take().map_or_else(|| Unpacker::new(self.method), Ok)?;
        let mut plain = self.plain.lend();
        let unpacked = unpacker.unpack(packed, room(&mut plain, plain_size));
        let size = unpacked.map_err(|error| ArchiveError::new(format!("the packed bytes are damaged: {error}")))?;
        self.idle.give_back(unpacker);
        of_size(size, plain_size).map(|()| vec![Bytes::from_owner(plain).slice(..plain_size)])
    }
}

impl Unpacker {
    fn new(method: Method) -> Result<Self, ArchiveError> {
        Ok(match method {
            Method::Deflate => Self::Deflate(Decompressor::new(), Vec::new()),
            Method::Zstd => {
                let unpacker = zstd::bulk::Decompressor::new();
                Self::Zstd(unpacker.map_err(|error| ArchiveError::new(format!("zstd: {error}")))?)
            }
        })
    }

    /// Answers how many bytes it is.
    fn unpack(&mut self, packed: &[u8], plain: &mut [u8]) -> Result<usize, String> {
        match self {
            Self::Deflate(unpacker, stream) => {
                stream.clear();
                stream.extend_from_slice(packed);
                stream.extend_from_slice(&open_deflate::END);
                unpacker.deflate_decompress(stream, plain).map_err(|error| match error {
                    DecompressionError::BadData => "they are no deflate".into(),
                    DecompressionError::InsufficientSpace => format!("they unpack to more than {} bytes", plain.len()),
                })
            }
            Self::Zstd(unpacker) => unpacker.decompress_to_buffer(packed, plain).map_err(|error| error.to_string()),
        }
    }
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
