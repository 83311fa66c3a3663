//! Segments packed and unpacked, one after the other by the same packers.

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

/// A segment's worth of it, again and again.
fn repeated(piece: &[u8]) -> Vec<u8> {
    piece.iter().copied().cycle().take(SEGMENT_BYTES).collect()
}

fn text() -> Vec<u8> {
    repeated(b"GET /shop/17 HTTP/1.1 200\n")
}

fn pack(plain: &[u8]) -> Bytes {
    Packers::new(Compression::default()).pack(Segment::of(plain, 0)).unwrap().bytes
}

fn unpack(method: Method, packed: &Bytes, plain_size: usize) -> Result<Vec<Bytes>, ArchiveError> {
    Unpackers::new(method).unpack(packed, plain_size)
}

#[test]
fn a_packed_segment_keeps_no_more_memory_than_it_has_bytes() {
    for (method, level) in [(Method::Deflate, 6), (Method::Deflate, 0), (Method::Zstd, 3)] {
        let packers = Packers::new(Compression::new(method, Some(level)).unwrap());
        for plain in [vec![7; SEGMENT_BYTES], noise(SEGMENT_BYTES)] {
            let packed = Vec::from(packers.pack(Segment::of(&plain, 0)).unwrap().bytes);
            assert_eq!(packed.capacity(), packed.len(), "{method} {level}");
        }
    }
}

/// What a level of ours is, segment by segment, by libdeflate itself.
#[test]
fn segments_of_the_default_level_take_turns() {
    let plain: Vec<u8> =
        (0..40_000_u32).flat_map(|n| format!("{} {:x}\n", n * n % 7919, n % 613).into_bytes()).collect();
    let size_of = |level| {
        let mut packer = libdeflater::Compressor::new(libdeflater::CompressionLvl::new(level).unwrap());
        let mut room = vec![0; packer.deflate_compress_bound(plain.len())];
        packer.deflate_compress(&plain, &mut room).unwrap()
    };
    let (five, six) = (size_of(5), size_of(6));
    assert!(six < five, "{six} {five}");
    let packers = Packers::new(Compression::default());
    for (number, alone) in [(0, six), (1, five), (2, five), (3, six), (7, five), (u64::MAX, six)] {
        let packed = packers.pack(Segment::of(&plain, number)).unwrap().bytes;
        // Opened, it ends with an empty stored block.
        assert!((alone + 4..=alone + 5).contains(&packed.len()), "{number}: {} for {alone}", packed.len());
        assert_eq!(unpack(Method::Deflate, &packed, plain.len()).unwrap().concat(), plain);
    }
}

#[test]
fn what_does_not_compress_is_stored_and_what_does_is_packed() {
    let (text, noise) = (text(), noise(SEGMENT_BYTES));
    let half = SEGMENT_BYTES / 2;
    // No byte is more frequent than others, and yet it repeats itself.
    let record = &noise[..1000];
    // Nothing repeats itself, and yet some bytes do not come: 7 bits are enough for each.
    let narrow: Vec<u8> = noise.iter().map(|byte| byte & 0x7f).collect();
    // Images, with what the tar says of each.
    let images = noise.chunks(60_000).flat_map(|image| [&[0; 512][..], image].concat()).take(SEGMENT_BYTES).collect();
    for (what, plain, percent) in [
        ("text", text.clone(), 0..4),
        ("noise", noise.clone(), 100..101),
        ("half of each", [&text[..half], &noise[..half]].concat(), 50..52),
        ("records", repeated(record), 0..4),
        ("seven bits", narrow, 87..89),
        ("images", images, 100..101),
    ] {
        let packed = pack(&plain);
        assert!(percent.contains(&(packed.len() * 100 / plain.len())), "{what}: {} of {}", packed.len(), plain.len());
        assert_eq!(unpack(Method::Deflate, &packed, plain.len()).unwrap().concat(), plain, "{what}");
    }
}

/// What packers and unpackers keep for the next segment does not show in it, whatever they did before.
#[test]
fn each_segment_is_packed_and_unpacked_as_if_it_were_the_first() {
    let (text, noise) = (text(), noise(SEGMENT_BYTES));
    let contents =
        [&text[..], &noise[..], &noise[..70_000], &repeated(&noise[..1000])[..], &text[..700], &text[..], b"x"];
    for (method, level) in [(Method::Deflate, 0), (Method::Deflate, 6), (Method::Deflate, 12), (Method::Zstd, 3)] {
        let compression = Compression::new(method, Some(level)).unwrap();
        let (packers, unpackers) = (Packers::new(compression), Unpackers::new(method));
        let mut held = Vec::new();
        for plain in contents {
            let packed = packers.pack(Segment::of(plain, 0)).unwrap().bytes;
            let fresh = Packers::new(compression).pack(Segment::of(plain, 0)).unwrap().bytes;
            assert!(packed == fresh, "{method} {level}: {} bytes", plain.len());
            assert!(unpackers.unpack(&packed.slice(..packed.len() / 2), plain.len()).is_err());
            let unpacked = unpackers.unpack(&packed, plain.len()).unwrap();
            assert!(unpacked.concat() == plain, "{method} {level}: {} bytes", plain.len());
            // Some are held for longer, and what held the others is used again.
            if plain.len() % 3 == 1 {
                held.push((plain, unpacked));
            }
        }
        assert!(held.len() > 1 && held.iter().all(|(plain, unpacked)| unpacked.concat() == *plain), "{method} {level}");
    }
}

#[test]
fn stored_blocks_that_are_none_are_refused() {
    let plain = noise(100_000);
    let sound = pack(&plain);
    assert_eq!(unpack(Method::Deflate, &sound, plain.len()).unwrap().len(), 2, "in the pieces that it is stored in");
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
    let packed = pack(&[7; 1000]);
    for wrong in [999, 1001, 0, SEGMENT_BYTES + 1] {
        assert!(unpack(Method::Deflate, &packed, wrong).is_err(), "{wrong}");
    }
    let mut bomb = vec![0; SEGMENT_BYTES];
    let size = libdeflater::Compressor::new(libdeflater::CompressionLvl::best())
        .deflate_compress(&vec![0; 64 * SEGMENT_BYTES], &mut bomb)
        .unwrap();
    bomb.truncate(size);
    assert!(unpack(Method::Deflate, &Bytes::from(bomb), SEGMENT_BYTES).is_err());
    assert!(unpack(Method::Zstd, &packed, 1000).is_err());
}
