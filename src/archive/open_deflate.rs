//! Opens the end of a deflate stream (RFC 1951), so that another can follow it in one and the same stream.
//!
//! libdeflate packs a whole buffer and marks its last block as the stream's last. An archive of many segments must be one
//! stream, so the mark is taken away, and an empty stored block is put behind, which ends at a whole byte: what zlib calls a
//! full flush. Where the last block begins and ends is only known by walking over the codes before it. Nothing is unpacked for
//! that: how many bits a code and what belongs to it take is enough, and several codes are taken in one step.
//!
//! Unaware of what the bytes stand for. Invariant: what was unpacked from the stream before is unpacked from it after, and
//! then more may follow.

use super::ArchiveError;

/// An empty last block with fixed codes (RFC 1951 §3.2.6): the end of a stream whose blocks were opened.
pub(super) const END: [u8; 2] = [0x03, 0x00];
/// An empty stored block: its header, where it takes a byte of its own, its length and that one's complement (§3.2.4).
const EMPTY_STORED: [u8; 5] = [0x00, 0x00, 0x00, 0xff, 0xff];
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

/// Opens a whole stream; answers what belongs behind it then.
///
/// # Errors
/// When the bytes are no whole deflate stream: the packer did not do what it says.
pub(super) fn open(stream: &mut [u8]) -> Result<&'static [u8], ArchiveError> {
    let mut bits = Bits::new(stream);
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
    let fits = whole * 8 - end >= 3;
    Ok(EMPTY_STORED.get(usize::from(fits)..).unwrap_or_default())
}

/// Walks over all blocks to the last one's end; answers where its header begins, in bits.
fn walk(bits: &mut Bits<'_>) -> Option<usize> {
    let mut steps = Steps { literals: [UNKNOWN; STEPS], distances: [UNKNOWN_DISTANCE; STEPS] };
    loop {
        let header = bits.position();
        let last = bits.take(1)? == 1;
        match bits.take(2)? {
            0 => bits.skip_stored()?,
            1 => *bits = steps.skip_codes(*bits, (&Code::new(&fixed_literals())?, &Code::new(&[5; DISTANCES])?))?,
            2 => {
                let (literals, distances) = dynamic(bits)?;
                *bits = steps.skip_codes(*bits, (&literals, &distances))?;
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
    let mut lengths = Vec::with_capacity(LITERALS + DISTANCES);
    while lengths.len() < literals + distances {
        bits.fill();
        let (length, times) = match code.next(bits)? {
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

/// Walks over one token: a literal, a length with its distance, or the block's end, and says whether it was that.
#[inline(never)]
fn skip_token<'a>(mut bits: Bits<'a>, (literals, distances): (&Code, &Code)) -> Option<(Bits<'a>, bool)> {
    // A length with its distance has at most 48 bits: a fill brings as many where there are so many.
    bits.fill();
    let symbol = literals.next(&mut bits)?;
    if symbol > END_OF_BLOCK {
        bits.drop(length_extra(symbol)?.into())?;
        let distance = distances.next(&mut bits)?;
        bits.drop(distance_extra(distance)?.into())?;
    }
    Some((bits, symbol == END_OF_BLOCK))
}

fn length_extra(symbol: u16) -> Option<u8> {
    LENGTH_EXTRA.get(usize::from(symbol).checked_sub(257)?).copied()
}

fn distance_extra(symbol: u16) -> Option<u8> {
    DISTANCE_EXTRA.get(usize::from(symbol)).copied()
}

/// How far it goes for what can come next, which is looked up by its first so many bits: bits alone, as no symbol is wanted.
/// Nearly all codes are no longer than this, and the tables stay in the nearest cache.
struct Steps {
    /// The bits of as many literals as are whole, and of a length behind them.
    literals: [u16; STEPS],
    /// The bits of a distance.
    distances: [u8; STEPS],
}

const STEP_BITS: usize = 10;
const STEPS: usize = 1 << STEP_BITS;
/// In a step: it ends with a length, and a distance follows. Its upper byte is what counts of the distance's.
const LENGTH: u16 = 0x7f00;
/// In a step: what comes is the block's end, a longer code, or none.
const UNKNOWN: u16 = 0x8000;
/// In a distance: what comes is a longer code, or none.
const UNKNOWN_DISTANCE: u8 = 0x40;
/// The bits of a step: at most [`STEP_BITS`], and 5 more behind a length or 13 behind a distance.
const STEP: u16 = 0x1f;

/// A second walk begins so many bytes ahead of the first.
const LEAD: usize = 1024;
/// So many bits of the second walk's way are noted: nearly all walks have met by then.
const NOTED: usize = 1024;

/// A walk that began ahead of the first.
struct Second<'a> {
    begins: usize,
    at: Bits<'a>,
    /// Which of its first bits a step began with.
    noted: [bool; NOTED],
    /// It came to a block's end or to no code: it goes no further.
    lost: bool,
}

impl<'a> Second<'a> {
    fn new(first: Bits<'a>) -> Self {
        match first.ahead(LEAD) {
            Some(at) => Self { begins: at.position(), at, noted: [false; NOTED], lost: false },
            None => Self { begins: usize::MAX, at: first, noted: [false; NOTED], lost: true },
        }
    }

    #[inline(always)]
    fn go_on(&mut self, steps: &Steps, codes: (&Code, &Code)) {
        if self.lost {
            return;
        }
        if let Some(step) = self.noted.get_mut(self.at.position() - self.begins) {
            *step = true;
        }
        if !steps.step(&mut self.at) {
            match skip_token(self.at, codes) {
                Some((next, false)) => self.at = next,
                _ => self.lost = true,
            }
        }
    }
}

impl Steps {
    /// Walks over the codes of one block, its end among them.
    ///
    /// Where a step leads is only known when the one before is done, and a processor that waits for that could do as much again
    /// meanwhile. So a second walk begins somewhere ahead, most likely in the middle of a code. Soon it steps from one code to
    /// the next: prefix codes fall into step by themselves. Where the first walk comes upon a step of the second, it goes on
    /// where that one is by then.
    fn skip_codes<'a>(&mut self, mut here: Bits<'a>, codes: (&Code, &Code)) -> Option<Bits<'a>> {
        self.learn(codes);
        let mut second = Second::new(here);
        loop {
            if !self.step(&mut here) {
                let (next, end) = skip_token(here, codes)?;
                if end {
                    return Some(next);
                }
                here = next;
            }
            match here.position().checked_sub(second.begins).map(|past| second.noted.get(past)) {
                None => second.go_on(self, codes),
                Some(Some(false)) => {}
                Some(Some(true)) => {
                    here = second.at;
                    second = Second::new(here);
                }
                Some(None) => second = Second::new(here),
            }
        }
    }

    /// Goes on by one step where it is known how far. But for that, nothing in it branches on what comes: that cannot be foretold.
    #[inline(always)]
    fn step(&self, bits: &mut Bits<'_>) -> bool {
        let Some(eight) = bits.bytes.get(bits.at..).and_then(<[u8]>::first_chunk) else { return false };
        // What does not fit is read again by the next one.
        bits.buffer |= u64::from_le_bytes(*eight) << bits.filled;
        bits.at += (63 - bits.filled) / 8;
        bits.filled |= 56;
        let step = self.literals[bits.buffer as usize % STEPS];
        let behind = bits.buffer >> (step & STEP);
        let distance = u16::from(self.distances[behind as usize % STEPS]) & (step >> 8);
        if (step & UNKNOWN) | (distance & u16::from(UNKNOWN_DISTANCE)) != 0 {
            return false;
        }
        bits.buffer = behind >> (distance & STEP);
        bits.filled -= usize::from((step & STEP) + (distance & STEP));
        true
    }

    fn learn(&mut self, (literals, distances): (&Code, &Code)) {
        // Each with the bits of its code alone: those behind it need not be seen.
        let mut single = [(UNKNOWN, 0); STEPS];
        literals.each(&mut single, |symbol, bits| match length_extra(symbol) {
            Some(extra) => (LENGTH | u16::from(bits + extra), bits),
            None if symbol < END_OF_BLOCK => (bits.into(), bits),
            None => (UNKNOWN, bits),
        });
        let mut several = single;
        for next in 1..STEPS {
            let (step, bits) = single[next];
            if step & (LENGTH | UNKNOWN) == 0 {
                // A literal. What is known of the bits behind it was found before, as they are the smaller number.
                let behind = next >> bits;
                let fits = |(step, seen): &(u16, u8)| step & UNKNOWN == 0 && usize::from(bits + seen) <= STEP_BITS;
                let more = [several[behind], single[behind]].into_iter().find(fits).unwrap_or_default();
                several[next] = (step + more.0, bits + more.1);
            }
        }
        self.literals = several.map(|(step, _)| step);
        self.distances = [UNKNOWN_DISTANCE; STEPS];
        distances.each(&mut self.distances, |symbol, bits| {
            distance_extra(symbol).map_or(UNKNOWN_DISTANCE, |extra| bits + extra)
        });
    }
}

/// A prefix code: how many codes there are of each length, and what they stand for, in their order (§3.2.2).
struct Code {
    counts: [usize; CODE_BITS_MAX + 1],
    symbols: [u16; LITERALS],
}

impl Code {
    /// The canonical code of these lengths; none where they are more than there is room for.
    fn new(lengths: &[u8]) -> Option<Self> {
        let mut code = Self { counts: [0; CODE_BITS_MAX + 1], symbols: [0; LITERALS] };
        for length in lengths {
            *code.counts.get_mut(usize::from(*length))? += 1;
        }
        code.counts[0] = 0;
        let (mut room, mut begins, mut next) = (1, 0, [0; CODE_BITS_MAX + 1]);
        for (count, next) in code.counts.iter().zip(&mut next) {
            room = usize::checked_sub(room, *count)? * 2;
            *next = begins;
            begins += count;
        }
        for (symbol, length) in lengths.iter().enumerate().filter(|(_, length)| **length > 0) {
            let next = next.get_mut(usize::from(*length))?;
            *code.symbols.get_mut(*next)? = symbol as u16;
            *next += 1;
        }
        Some(code)
    }

    /// Writes what is said of each code that is no longer than a step wherever the code comes next.
    fn each<T: Copy>(&self, table: &mut [T; STEPS], say: impl Fn(u16, u8) -> T) {
        let (mut symbols, mut next) = (self.symbols.iter(), 0_usize);
        for (length, count) in self.counts.iter().enumerate().take(STEP_BITS + 1).skip(1) {
            next *= 2;
            for symbol in symbols.by_ref().take(*count) {
                // Codes come highest bit first, everything else lowest first: the table is asked by what comes.
                let reversed = next.reverse_bits() >> (usize::BITS as usize - length);
                let said = say(*symbol, length as u8);
                table.iter_mut().skip(reversed).step_by(1 << length).for_each(|slot| *slot = said);
                next += 1;
            }
        }
    }

    /// The next symbol, of the bits that were filled in.
    fn next(&self, bits: &mut Bits<'_>) -> Option<u16> {
        let coming = bits.peek(CODE_BITS_MAX);
        let (mut code, mut first, mut begins) = (0, 0, 0);
        for (length, count) in self.counts.iter().enumerate().skip(1) {
            code = code * 2 + (coming >> (length - 1)) % 2;
            first *= 2;
            let place = usize::checked_sub(code, first)?;
            if place < *count {
                bits.drop(length)?;
                return self.symbols.get(begins + place).copied();
            }
            first += count;
            begins += count;
        }
        None
    }
}

/// Bits, the lowest of a byte first (§3.1.1).
#[derive(Clone, Copy)]
struct Bits<'a> {
    bytes: &'a [u8],
    /// The next byte that does not count as being in the buffer.
    at: usize,
    /// Above those that count there may be more of the bits to come, which are filled in once more.
    buffer: u64,
    /// How many count.
    filled: usize,
}

impl<'a> Bits<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, buffer: 0, filled: 0 }
    }

    fn position(&self) -> usize {
        self.at * 8 - self.filled
    }

    /// The bits from so many bytes ahead on, where there are as many once more.
    fn ahead(&self, bytes: usize) -> Option<Self> {
        let at = self.at + bytes;
        (at + bytes <= self.bytes.len()).then_some(Self { at, buffer: 0, filled: 0, ..*self })
    }

    fn fill(&mut self) {
        while self.filled <= 48
            && let Some(byte) = self.bytes.get(self.at)
        {
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
                let tail = open(&mut one).unwrap();
                stream.extend(one);
                stream.extend(tail);
            }
            stream.extend(END);
            let whole: Vec<u8> = contents.into_iter().flat_map(|(content, _)| content).collect();
            prop_assert_eq!(unpacked(&stream), whole);
        }

        /// Long blocks, over which two walks go: words that come again and again, more or less often, and noise between them.
        #[test]
        fn long_blocks_are_opened(seed: u64, words in 2..2000_u64, noisy in 0..40_u64, level in 1..=9) {
            let mut state = seed | 1;
            let mut next = |below: u64| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (state >> 33) % below
            };
            let mut plain = Vec::new();
            while plain.len() < 300_000 {
                let word = next(words) * 2_654_435_761 % words;
                plain.extend_from_slice(format!("{} {:x} ", word * word, word).as_bytes());
                plain.extend((0..next(noisy + 1)).map(|_| next(256) as u8));
            }
            let mut packer = libdeflater::Compressor::new(libdeflater::CompressionLvl::new(level).unwrap());
            let mut stream = vec![0; packer.deflate_compress_bound(plain.len())];
            let size = packer.deflate_compress(&plain, &mut stream).unwrap();
            stream.truncate(size);
            let tail = open(&mut stream).unwrap();
            stream.extend(tail);
            prop_assert!(stream.ends_with(&[0, 0, 0xff, 0xff]));
            stream.extend(END);
            prop_assert_eq!(unpacked(&stream), plain);
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
