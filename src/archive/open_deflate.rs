//! Opens the end of a deflate stream (RFC 1951), so that another can follow it in one and the same stream.
//!
//! libdeflate packs a whole buffer and marks its last block as the stream's last. An archive of many segments must be one
//! stream, so the mark is taken away, and an empty stored block is put behind, which ends at a whole byte: what zlib calls a
//! full flush. Where the last block begins and ends is only known by reading the codes before it; nothing is unpacked for that.
//!
//! Unaware of what the bytes stand for. Invariant: what was unpacked from the stream before is unpacked from it after, and
//! then more may follow.

use super::ArchiveError;

/// An empty last block with fixed codes (RFC 1951 §3.2.6): the end of a stream whose blocks were opened.
pub(super) const END: [u8; 2] = [0x03, 0x00];
/// The length and its complement of an empty stored block (§3.2.4).
const EMPTY_STORED: [u8; 4] = [0x00, 0x00, 0xff, 0xff];
/// Codes are of at most 15 bits (§3.2.7).
const CODE_BITS_MAX: usize = 15;
/// Literals and lengths (§3.2.5): of the 288 that fixed codes have, two are never used.
const LITERALS: usize = 288;
/// Distances: 30, of 32 that a block can describe.
const DISTANCES: usize = 32;
/// The order in which a block describes the code of its codes (§3.2.7).
const CODE_ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const END_OF_BLOCK: u16 = 256;
/// Extra bits behind each length symbol from 257 on, and each distance symbol (§3.2.5).
const LENGTH_EXTRA: [u8; 31] =
    [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0, 0, 0];
const DISTANCE_EXTRA: [u8; 32] =
    [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13, 0, 0];

/// Opens a whole stream.
///
/// # Errors
/// When the bytes are no whole deflate stream: the packer did not do what it says.
pub(super) fn open(stream: &mut Vec<u8>) -> Result<(), ArchiveError> {
    let mut bits = Bits { bytes: stream, at: 0, buffer: 0, filled: 0 };
    let last_block = walk(&mut bits).ok_or_else(|| ArchiveError::new("the packer made no deflate stream"))?;
    let end = bits.position();
    let whole = end.div_ceil(8);
    if whole != stream.len() {
        return Err(ArchiveError::new("the packer made more than one deflate stream"));
    }
    if let Some(byte) = stream.get_mut(last_block / 8) {
        *byte &= !(1 << (last_block % 8));
    }
    // The three bits of the stored block's header are zeros, as are those that fill its byte.
    if whole * 8 - end < 3 {
        stream.push(0);
    }
    stream.extend_from_slice(&EMPTY_STORED);
    Ok(())
}

/// Walks over all blocks to the last one's end; answers where its header begins, in bits.
fn walk(bits: &mut Bits<'_>) -> Option<usize> {
    loop {
        let header = bits.position();
        let last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => bits.skip_stored()?,
            1 => skip_codes(bits, &Code::new(&fixed_literals())?, &Code::new(&[5; DISTANCES])?)?,
            2 => {
                let (literals, distances) = dynamic(bits)?;
                skip_codes(bits, &literals, &distances)?;
            }
            _ => return None,
        }
        if last {
            return Some(header);
        }
    }
}

/// The lengths of the fixed codes (§3.2.6).
fn fixed_literals() -> [u8; LITERALS] {
    std::array::from_fn(|symbol| match symbol {
        0..=143 | 280..=287 => 8,
        144..=255 => 9,
        _ => 7,
    })
}

/// Reads the codes that a block describes (§3.2.7).
fn dynamic(bits: &mut Bits<'_>) -> Option<(Code, Code)> {
    let literals = bits.take(5)? as usize + 257;
    let distances = bits.take(5)? as usize + 1;
    let described = bits.take(4)? as usize + 4;
    let mut code_lengths = [0; CODE_ORDER.len()];
    for symbol in CODE_ORDER.iter().take(described) {
        *code_lengths.get_mut(*symbol)? = bits.take(3)? as u8;
    }
    let code = Code::new(&code_lengths)?;
    let mut lengths = Vec::with_capacity(literals + distances);
    while lengths.len() < literals + distances {
        let (length, times) = match code.read(bits)? {
            16 => (*lengths.last()?, 3 + bits.take(2)?),
            17 => (0, 3 + bits.take(3)?),
            18 => (0, 11 + bits.take(7)?),
            length => (length as u8, 1),
        };
        lengths.extend(std::iter::repeat_n(length, times as usize));
    }
    let (of_literals, of_distances) = lengths.split_at_checked(literals)?;
    Some((Code::new(of_literals)?, Code::new(of_distances)?))
}

/// Walks over the codes of one block, its end among them. A fill brings at least 49 bits where there are so many: a length with
/// its distance has at most 48.
fn skip_codes(bits: &mut Bits<'_>, literals: &Code, distances: &Code) -> Option<()> {
    loop {
        bits.fill();
        let mut symbol = literals.next(bits)?;
        // Literals are short and come in rows: three of them fit what is there.
        for _ in 0..2 {
            if symbol < END_OF_BLOCK {
                symbol = literals.next(bits)?;
            }
        }
        if symbol < END_OF_BLOCK {
            continue;
        }
        if symbol == END_OF_BLOCK {
            return Some(());
        }
        bits.fill();
        bits.drop((*LENGTH_EXTRA.get(usize::from(symbol) - 257)?).into())?;
        let distance = distances.next(bits)?;
        bits.drop((*DISTANCE_EXTRA.get(usize::from(distance))?).into())?;
    }
}

/// A prefix code: for every 15 bits that can come next, the symbol that they begin with and how long its code is.
struct Code {
    bits: usize,
    /// Symbol and length; a length of zero is no code.
    table: Vec<(u16, u8)>,
}

impl Code {
    /// The canonical code of these lengths (§3.2.2).
    fn new(lengths: &[u8]) -> Option<Self> {
        let bits = usize::from(*lengths.iter().max()?).max(1);
        let mut table = vec![(0, 0); 1 << bits];
        let mut next = 0_usize;
        for length in 1..=CODE_BITS_MAX.min(bits) {
            for (symbol, _) in lengths.iter().enumerate().filter(|(_, told)| usize::from(**told) == length) {
                // Codes come highest bit first, everything else lowest first: the table is asked by what comes.
                let reversed = next.reverse_bits() >> (usize::BITS as usize - length);
                for slot in (reversed..1 << bits).step_by(1 << length) {
                    *table.get_mut(slot)? = (symbol as u16, length as u8);
                }
                next += 1;
            }
            next <<= 1;
        }
        Some(Self { bits, table })
    }

    fn read(&self, bits: &mut Bits<'_>) -> Option<u16> {
        bits.fill();
        self.next(bits)
    }

    /// The next symbol, of the bits that were filled in.
    #[inline]
    fn next(&self, bits: &mut Bits<'_>) -> Option<u16> {
        let (symbol, length) = *self.table.get(bits.peek(self.bits))?;
        if length == 0 {
            return None;
        }
        bits.drop(length.into())?;
        Some(symbol)
    }
}

/// Bits, the lowest of a byte first (§3.1.1).
struct Bits<'a> {
    bytes: &'a [u8],
    /// The next byte that is not in the buffer.
    at: usize,
    buffer: u64,
    filled: usize,
}

impl Bits<'_> {
    fn position(&self) -> usize {
        self.at * 8 - self.filled
    }

    #[inline]
    fn fill(&mut self) {
        if self.filled > 48 {
            return;
        }
        if let Some(eight) = self.bytes.get(self.at..self.at + 8).and_then(|eight| eight.try_into().ok()) {
            // What does not fit is read again by the next fill.
            self.buffer |= u64::from_le_bytes(eight) << self.filled;
            let taken = (63 - self.filled) / 8;
            self.at += taken;
            self.filled += taken * 8;
            self.buffer &= u64::MAX >> (64 - self.filled);
            return;
        }
        while self.filled <= 48 {
            let Some(byte) = self.bytes.get(self.at) else { return };
            self.buffer |= u64::from(*byte) << self.filled;
            self.at += 1;
            self.filled += 8;
        }
    }

    fn peek(&self, count: usize) -> usize {
        (self.buffer & ((1 << count) - 1)) as usize
    }

    fn drop(&mut self, count: usize) -> Option<()> {
        self.filled = self.filled.checked_sub(count)?;
        self.buffer >>= count;
        Some(())
    }

    fn take(&mut self, count: usize) -> Option<u64> {
        self.fill();
        let taken = self.peek(count) as u64;
        self.drop(count)?;
        Some(taken)
    }

    fn skip_stored(&mut self) -> Option<()> {
        let begins = self.position().div_ceil(8);
        let length = self.bytes.get(begins..begins + 2)?;
        let length = usize::from(u16::from_le_bytes(length.try_into().ok()?));
        (self.at, self.buffer, self.filled) = (begins + 4 + length, 0, 0);
        (self.at <= self.bytes.len()).then_some(())
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Write as _};

    use proptest::prelude::*;

    use super::*;

    fn content() -> impl Strategy<Value = Vec<u8>> {
        let text = prop::collection::vec(prop::sample::select(&b"abcab, \n"[..]), 0..6000);
        let noise = prop::collection::vec(any::<u8>(), 0..3000);
        let run = (any::<u8>(), 0..80_000_usize).prop_map(|(byte, length)| vec![byte; length]);
        let piece = prop_oneof![3 => text, 1 => noise, 1 => run];
        prop::collection::vec(piece, 0..4).prop_map(|pieces| pieces.concat())
    }

    fn unpacked(stream: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        flate2::read::DeflateDecoder::new(stream).read_to_end(&mut plain).unwrap();
        plain
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        /// zlib's own streams are opened, and what follows is one stream to an independent reader.
        #[test]
        fn opened_streams_follow_each_other(contents in prop::collection::vec((content(), 0..10_u32), 1..4)) {
            let mut stream = Vec::new();
            for (content, level) in &contents {
                let mut encoder =
                    flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(*level));
                encoder.write_all(content).unwrap();
                let mut one = encoder.finish().unwrap();
                open(&mut one).unwrap();
                stream.extend(one);
            }
            stream.extend(END);
            let whole: Vec<u8> = contents.into_iter().flat_map(|(content, _)| content).collect();
            prop_assert_eq!(unpacked(&stream), whole);
        }

        #[test]
        fn no_bytes_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let _any = open(&mut bytes);
        }

        #[test]
        fn no_change_of_a_stream_panics(content in content(), at: prop::sample::Index, byte: u8) {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(6));
            encoder.write_all(&content).unwrap();
            let mut stream = encoder.finish().unwrap();
            let at = at.index(stream.len());
            stream[at] = byte;
            let _any = open(&mut stream);
        }
    }
}
