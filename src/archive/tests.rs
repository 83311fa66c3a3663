//! Archives written and read in any pieces, held against the `zip` and `tar` crates' own readers.

mod segments;

use std::io::{Cursor, Read};

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::primitives::{ACL_ACCESS, ACL_DEFAULT, Compression, DataSegment, Method, PathBytes, Xattrs};

/// A member with its content.
type Whole = (Member, Vec<u8>);

fn part() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![6 => prop::sample::select(&b"ab .\n=\\"[..]), 1 => any::<u8>()];
    let utf8 = "[a-z\u{e9}\u{5099}]{1,8}".prop_map(String::into_bytes);
    let length = prop_oneof![8 => 1..6_usize, 1 => 95..140_usize];
    let raw = length.prop_flat_map(move |length| prop::collection::vec(byte.clone(), length));
    prop_oneof![raw, utf8]
        .prop_filter("no part", |part| !part.contains(&0) && !part.contains(&b'/') && part != b"." && part != b"..")
}

fn path() -> impl Strategy<Value = PathBytes> {
    prop::collection::vec(part(), 1..4).prop_map(|parts| PathBytes::new(parts.join(&b'/')))
}

fn owner_name() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{0,8}", "[a-z_-]{28,34}", "[a-z\u{e9}]{1,4}", "[a-z]{200,256}"]
}

/// Extended attributes of any name and value, access control lists well and ill formed.
fn xattrs() -> impl Strategy<Value = Xattrs> {
    let list = b"\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x02\0\x05\0\xe8\x03\0\0\x20\0\0\0\xff\xff\xff\xff".to_vec();
    let name = prop_oneof![
        prop::collection::vec(1..=255_u8, 0..8).prop_map(|name| [b"user.", &name[..]].concat()),
        Just(b"security.capability".to_vec()),
        Just(ACL_ACCESS.to_vec()),
        Just(ACL_DEFAULT.to_vec()),
    ];
    let value = prop_oneof![prop::collection::vec(any::<u8>(), 0..60), Just(list)];
    let set = |pairs: Vec<(Vec<u8>, Vec<u8>)>| {
        let mut xattrs = Xattrs::default();
        for (name, value) in pairs {
            xattrs.insert(name, value).unwrap();
        }
        xattrs
    };
    prop_oneof![2 => Just(Xattrs::default()), 1 => prop::collection::vec((name, value), 0..4).prop_map(set)]
}

/// A file with holes, of blocks of seven bytes.
fn sparse() -> impl Strategy<Value = (MemberKind, Vec<u8>)> {
    prop::collection::vec((prop::bool::weighted(0.3), 1..5_usize), 0..60).prop_map(|pieces| {
        let piece = |(full, blocks): (bool, usize)| vec![if full { b'x' } else { 0 }; blocks * 7];
        let content: Vec<u8> = pieces.into_iter().flat_map(piece).collect();
        let (segments, size) = (DataSegment::of_content(&content, 7), content.len() as u64);
        let data = DataSegment::total(&segments);
        let stored = sparse_map(&segments, size).len() as u64 + data;
        (MemberKind::File { size, sparse: Some(Sparse { stored, holes: size - data }) }, content)
    })
}

/// What stands for a member's content in the tar.
fn stored(member: &Member, content: &[u8]) -> Vec<u8> {
    let MemberKind::File { size, sparse: Some(_) } = member.kind else { return content.to_vec() };
    let segments = DataSegment::of_content(content, 7);
    let data = segments.iter().flat_map(|segment| &content[segment.offset as usize..segment.end() as usize]);
    sparse_map(&segments, size).into_iter().chain(data.copied()).collect()
}

fn whole() -> impl Strategy<Value = Whole> {
    let sizes = prop_oneof![0..3_usize, 510..515_usize, 1020..1030_usize, 0..5000_usize];
    let kind = prop_oneof![
        4 => (any::<u8>(), sizes).prop_map(|(byte, size)| {
            (MemberKind::File { size: size as u64, sparse: None }, vec![byte; size])
        }),
        2 => sparse(),
        1 => Just((MemberKind::Folder, Vec::new())),
        1 => path().prop_map(|target| (MemberKind::Symlink { target }, Vec::new())),
        1 => path().prop_map(|target| (MemberKind::HardLink { target }, Vec::new())),
    ];
    let mtime_s = prop_oneof![0..2_000_000_000_i64, -3..3_i64, any::<i64>().prop_map(|n| n / 2)];
    let mtime_ns = prop_oneof![Just(0), 0..1_000_000_000_u32];
    let owner = || prop_oneof![0..70_000_u32, any::<u32>()];
    let attributes = (0..0o10000_u32, owner(), owner(), owner_name(), owner_name(), xattrs());
    (path(), kind, attributes, mtime_s, mtime_ns).prop_map(
        |(path, (kind, content), (mode, uid, gid, user, group, xattrs), mtime_s, mtime_ns)| {
            (Member { path, kind, mode, uid, gid, user, group, mtime_s, mtime_ns, xattrs }, content)
        },
    )
}

/// What an archive came to.
struct Finished {
    plain: Plain,
    sizes: Vec<usize>,
}

fn write(members: &[Whole]) -> (Vec<u8>, Finished) {
    write_with(members, Compression::default())
}

fn write_with(members: &[Whole], compression: Compression) -> (Vec<u8>, Finished) {
    let at = "2026-03-01T05:30:01Z".parse().unwrap();
    let frame = ZipFrame { name: "x.tar".into(), at, method: compression.method() };
    let mut writer = Writer::default();
    let mut segments = Vec::new();
    for (member, content) in members {
        writer.entry(member).unwrap();
        for piece in stored(member, content).chunks(700) {
            assert_eq!(writer.data(piece).unwrap(), piece.len());
        }
        writer.end_entry().unwrap();
        segments.extend(std::iter::from_fn(|| writer.segment()));
    }
    let (rest, size) = writer.finish().unwrap();
    segments.extend(rest);
    let (mut out, mut crc, mut sizes) = (frame.head().unwrap(), crc32fast::Hasher::new(), Vec::new());
    let head = out.len();
    let packers = Packers::new(compression);
    for segment in segments {
        let packed = packers.pack(segment).unwrap();
        out.extend_from_slice(&packed.bytes);
        crc.combine(&packed.crc);
        sizes.push(packed.bytes.len());
    }
    out.extend_from_slice(end(compression.method()));
    let crc = crc.finalize();
    let packed_size = (out.len() - head) as u64;
    out.extend(frame.tail(Framed { packed_size, plain_size: size, crc }).unwrap());
    (out, Finished { plain: Plain { size, crc32: Crc32(crc) }, sizes })
}

fn locate(zip: &[u8]) -> Result<TarEntry, ArchiveError> {
    let mut locator = Locator::new(zip.len() as u64);
    loop {
        match locator.locate()? {
            Ok(entry) => return Ok(entry),
            Err(Need { offset, length }) => {
                let from = usize::try_from(offset).unwrap();
                locator.supply(offset, &zip[from..from + length]);
            }
        }
    }
}

/// Unpacks the tar segment by segment.
fn unpacked(zip: &[u8], finished: &Finished) -> Result<Vec<u8>, ArchiveError> {
    let entry = locate(zip)?;
    let unpackers = Unpackers::new(entry.method);
    let (mut at, mut plain) = (entry.start as usize, Vec::new());
    for size in &finished.sizes {
        let left = finished.plain.size as usize - plain.len();
        let packed = Bytes::copy_from_slice(&zip[at..at + size]);
        plain.extend(unpackers.unpack(&packed, left.min(SEGMENT_BYTES))?.concat());
        at += size;
    }
    Ok(plain)
}

/// Unpacks the tar as another tool would, which knows nothing of segments.
fn unzipped(zip: &[u8]) -> Result<Vec<u8>, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(zip)).map_err(|error| error.to_string())?;
    let mut file = archive.by_index(0).map_err(|error| error.to_string())?;
    let mut plain = Vec::new();
    file.read_to_end(&mut plain).map(|_| plain).map_err(|error| error.to_string())
}

/// The events of a tar that comes in pieces of these sizes, with neighbouring data joined.
fn events(tar: &[u8], chunks: &[usize]) -> Result<Vec<TarEvent>, ArchiveError> {
    let (mut reader, mut events, mut rest) = (TarReader::new(), Vec::<TarEvent>::new(), tar);
    for chunk in chunks.iter().copied().chain(std::iter::repeat(4096)) {
        if rest.is_empty() {
            break;
        }
        let (piece, after) = rest.split_at(chunk.min(rest.len()));
        rest = after;
        let mut input = Bytes::copy_from_slice(piece);
        while let Some(event) = reader.push(&mut input)? {
            match (events.last_mut(), event) {
                (Some(TarEvent::Data(before)), TarEvent::Data(bytes)) => {
                    *before = [&before[..], &bytes].concat().into()
                }
                (_, event) => events.push(event),
            }
        }
    }
    reader.finish()?;
    Ok(events)
}

/// Members with their content and offset.
fn members(events: Vec<TarEvent>) -> Vec<(u64, Whole)> {
    let mut out: Vec<(u64, Whole)> = Vec::new();
    for event in events {
        match (event, out.last_mut()) {
            (TarEvent::Member { member, offset }, _) => out.push((offset, (member, Vec::new()))),
            (TarEvent::Data(bytes), Some((_, (_, content)))) => content.extend_from_slice(&bytes),
            (TarEvent::Hole(length), Some((_, (_, content)))) => content.resize(content.len() + length as usize, 0),
            _ => {}
        }
    }
    out
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn members_come_back_in_any_pieces(
        wholes in prop::collection::vec(whole(), 0..6),
        method in prop::sample::select(vec![Method::Deflate, Method::Zstd]),
        chunks in prop::collection::vec(1..700_usize, 0..20),
    ) {
        let (zip, finished) = write_with(&wholes, Compression::new(method, None).unwrap());
        let tar = unpacked(&zip, &finished).unwrap();
        prop_assert_eq!(unzipped(&zip).unwrap(), &tar[..]);
        prop_assert_eq!(finished.plain, Plain { size: tar.len() as u64, crc32: Crc32(crc32fast::hash(&tar)) });
        let read = events(&tar, &chunks).unwrap();
        prop_assert_eq!(&read, &events(&tar, &[]).unwrap());
        let read = members(read);
        prop_assert_eq!(read.iter().map(|(_, whole)| whole.clone()).collect::<Vec<_>>(), wholes);
        // A member can be found by its offset alone.
        for (offset, whole) in read {
            let alone = members(events(&tar[offset as usize..], &[]).unwrap());
            prop_assert_eq!(&alone[0].1, &whole);
        }
    }

    #[test]
    fn other_readers_agree(wholes in prop::collection::vec(whole(), 0..6)) {
        // The tar crate cuts pax records at line breaks, and names end where a NUL would.
        let has_break = |path: &PathBytes| path.as_bytes().contains(&b'\n');
        prop_assume!(!wholes.iter().any(|(member, _)| has_break(&member.path) || match &member.kind {
            MemberKind::Symlink { target } | MemberKind::HardLink { target } => has_break(target),
            _ => false,
        }));
        let (zip, _) = write(&wholes);
        let mut archive = zip::ZipArchive::new(Cursor::new(&zip)).unwrap();
        prop_assert_eq!(archive.len(), 1);
        let file = archive.by_index(0).unwrap();
        prop_assert_eq!(file.unix_mode(), Some(0o100_600));
        let mut seen = 0;
        for (entry, (member, content)) in tar::Archive::new(file).entries().unwrap().zip(&wholes) {
            let mut entry = entry.unwrap();
            let mut read = Vec::new();
            entry.read_to_end(&mut read).unwrap();
            // The tar crate does not know this form of sparse files, and gives what is stored.
            let is_sparse = matches!(member.kind, MemberKind::File { sparse: Some(_), .. });
            prop_assert_eq!(&read, &stored(member, content));
            let path = if is_sparse { member.path.as_bytes().to_vec() } else { entry.path_bytes().into_owned() };
            prop_assert_eq!(path.strip_suffix(b"/").unwrap_or(&path), member.path.as_bytes());
            prop_assert_eq!(entry.header().mode().unwrap(), member.mode);
            if let MemberKind::Symlink { target } | MemberKind::HardLink { target } = &member.kind {
                prop_assert_eq!(&*entry.link_name_bytes().unwrap(), target.as_bytes());
            }
            seen += 1;
        }
        prop_assert_eq!(seen, wholes.len());
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..3000)) {
        let _refused = events(&bytes, &[]);
        let _refused = locate(&bytes);
    }

    #[test]
    fn mutated_archives_never_panic_and_tell_the_same_in_any_pieces(
        wholes in prop::collection::vec(whole(), 1..4),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        chunks in prop::collection::vec(1..700_usize, 0..20),
    ) {
        let (mut zip, finished) = write(&wholes);
        let mut tar = unpacked(&zip, &finished).unwrap();
        for (at, byte) in &edits {
            let (in_tar, in_zip) = (at.index(tar.len()), at.index(zip.len()));
            tar[in_tar] = *byte;
            zip[in_zip] = *byte;
        }
        prop_assert_eq!(events(&tar, &chunks), events(&tar, &[]));
        let _any = unpacked(&zip, &finished);
    }
}

fn file(path: &str, size: u64) -> Member {
    let path = PathBytes::new(path.as_bytes());
    let (user, group, xattrs) = (String::new(), String::new(), Xattrs::default());
    let kind = MemberKind::File { size, sparse: None };
    Member { path, kind, mode: 0o644, uid: 0, gid: 0, user, group, mtime_s: 0, mtime_ns: 0, xattrs }
}

#[test]
fn a_member_has_exactly_the_content_that_its_header_says() {
    let mut writer = Writer::default();
    writer.entry(&file("a", 3)).unwrap();
    assert_eq!(writer.data(b"12").unwrap(), 2);
    assert_eq!(writer.lacking(), 1);
    assert_eq!(writer.data(b"345").unwrap(), 1);
    assert!(writer.entry(&file("b", 0)).is_err());
    writer.end_entry().unwrap();
    writer.entry(&file("b", 1)).unwrap();
    assert!(writer.end_entry().is_err());
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    let mut writer = Writer::default();
    for bad in ["", "/etc/passwd", "a/../b", "..", "./a", "a//b", "a/", "a\0b"] {
        assert!(writer.entry(&file(bad, 0)).is_err(), "{bad:?}");
        let mut tar = tar_header::encode(&file(bad, 0));
        tar.extend([0; 1024]);
        // A tar's names end at a NUL: what is read is another name, and not the dangerous one.
        assert!(events(&tar, &[]).is_err() || bad == "a\0b", "{bad:?}");
    }
}

#[test]
fn sizes_beyond_octal_are_said_by_a_record() {
    let member = file("big", 9 << 30);
    let header = tar_header::encode(&member);
    let mut reader = TarReader::new();
    let event = reader.push(&mut Bytes::from(header.clone())).unwrap();
    assert_eq!(event, Some(TarEvent::Member { member, offset: 0 }));
    assert!(header.windows(16).any(|window| window == b"size=9663676416\n"));
}

#[test]
fn maps_of_sparse_files_that_lie_are_refused() {
    let tar = |size: u64, map: &[u8], data: usize| {
        let mut map = map.to_vec();
        map.resize(map.len() + padding(map.len() as u64), 0);
        map.resize(map.len() + data, b'x');
        let kind = MemberKind::File { size, sparse: Some(Sparse { stored: map.len() as u64, holes: 0 }) };
        let mut tar = tar_header::encode(&Member { kind, ..file("a", 0) });
        tar.extend_from_slice(&map);
        tar.resize(tar.len() + padding(tar.len() as u64) + 1024, 0);
        events(&tar, &[])
    };
    let good = members(tar(100, b"2\n10\n5\n100\n0\n", 5).unwrap());
    let content = [&[0; 10][..], b"xxxxx", &[0; 85]].concat();
    assert_eq!(good[0].1.1, content);
    let sparse = Some(Sparse { stored: 517, holes: 95 });
    assert_eq!(good[0].1.0.kind, MemberKind::File { size: 100, sparse });
    let mut refused = Vec::new();
    for (map, data) in [
        (&b"2\n10\n5\n12\n1\n"[..], 6),
        (b"1\n96\n5\n", 5),
        (b"1\n18446744073709551615\n5\n", 5),
        (b"1\n10\n5\n", 6),
        (b"1\n10\n5\n", 4),
        (b"65537\n", 0),
        (b"-1\n", 0),
        (b"\n", 0),
        (b"1\n10\nx\n", 5),
        (b"000000000000000000001\n", 0),
    ] {
        refused.push(tar(100, map, data).unwrap_err().to_string());
    }
    refused.dedup();
    insta::assert_debug_snapshot!(refused, @r#"
    [
        "a sparse file's map is malformed",
        "a sparse file's map does not fit what is stored of it",
        "a sparse file's map lists 65537 segments, more than 65536",
        "a sparse file's map is malformed",
    ]
    "#);
}

#[test]
fn what_gnu_tar_writes_for_long_names_is_read() {
    let name = "n".repeat(150);
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(2);
    header.set_mode(0o640);
    header.set_uid(0);
    header.set_gid(0);
    builder.append_data(&mut header, &name, &b"hi"[..]).unwrap();
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    header.set_mode(0o777);
    header.set_uid(0);
    header.set_gid(0);
    builder.append_link(&mut header, "link", &name).unwrap();
    let read = members(events(&builder.into_inner().unwrap(), &[]).unwrap());
    assert_eq!(read[0].1, (Member { mode: 0o640, ..file(&name, 2) }, b"hi".to_vec()));
    assert_eq!(read[1].1.0.kind, MemberKind::Symlink { target: PathBytes::new(name.as_bytes()) });
}

#[test]
fn zips_that_are_not_one_tar_are_refused() {
    use std::io::Write as _;
    let zip = |names: &[&str], method| {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for name in names {
            let options = zip::write::SimpleFileOptions::default().compression_method(method);
            writer.start_file(*name, options).unwrap();
            writer.write_all(b"content").unwrap();
        }
        writer.finish().unwrap().into_inner()
    };
    let stored = zip::CompressionMethod::Stored;
    assert_eq!(locate(&zip(&["a.tar"], zip::CompressionMethod::Deflated)).unwrap().plain_size, 7);
    let (sound, _) = write(&[(file("a", 1), b"x".to_vec())]);
    let mut shifted = b"junk".to_vec();
    shifted.extend_from_slice(&sound);
    let mut renamed = sound.clone();
    let at = renamed.windows(5).position(|window| window == b"x.tar").unwrap();
    renamed[at] = b'y';
    let mut refused = Vec::new();
    for bad in [
        zip(&[], stored),
        zip(&["a.tar", "b.tar"], stored),
        zip(&["a.txt"], stored),
        zip(&["a.tar"], stored),
        shifted,
        renamed,
        Vec::new(),
    ] {
        refused.push(locate(&bad).unwrap_err().to_string());
    }
    insta::assert_debug_snapshot!(refused, @r#"
    [
        "the zip holds 0 entries and not one tar",
        "the zip holds 2 entries and not one tar",
        "the zip's entry is encrypted or no tar",
        "the zip's entry is packed with Stored, and not with deflate or zstd",
        "the zip is damaged: invalid Zip archive: No CDFH found",
        "the zip is damaged: invalid Zip archive: header inconsistency detected: Local file header filename mismatch (does not match central directory)",
        "the zip is damaged: invalid Zip archive: Could not find EOCD",
    ]
    "#);
}

/// Sizes beyond 32 bits stand in other records, behind a tar of any size.
#[test]
fn a_zip_beyond_32_bits_is_located_and_nothing_may_lie_in_it() {
    let frame = ZipFrame { name: "x.tar".into(), at: "2026-03-01T05:30:01Z".parse().unwrap(), method: Method::Deflate };
    for (packed_size, plain_size) in [(1 << 20, 5 << 30), (5 << 30, 5 << 30), (u32::MAX.into(), 1 << 33)] {
        let head = frame.head().unwrap();
        let tail = frame.tail(Framed { packed_size, plain_size, crc: 7 }).unwrap();
        let found = locate_between(&head, packed_size, &tail).unwrap();
        let start = head.len() as u64;
        assert_eq!(found, TarEntry { method: Method::Deflate, start, packed_size, plain_size, crc: 7 });
        for at in 0..tail.len() {
            let longer = [&tail[..at], &[0], &tail[at..]].concat();
            assert!(locate_between(&head, packed_size, &longer).is_err(), "{at}");
        }
    }
}

/// Locates in a zip whose packed bytes are not there: nobody may ask for them.
fn locate_between(head: &[u8], packed: u64, tail: &[u8]) -> Result<TarEntry, ArchiveError> {
    let length = head.len() as u64 + packed + tail.len() as u64;
    let mut locator = Locator::new(length);
    loop {
        match locator.locate()? {
            Ok(entry) => return Ok(entry),
            Err(Need { offset, length }) => {
                let at = |at: u64| match at.checked_sub(head.len() as u64 + packed) {
                    Some(behind) => tail[behind as usize],
                    None => head.get(at as usize).copied().unwrap_or(0),
                };
                let piece: Vec<u8> = (offset..offset + length as u64).map(at).collect();
                locator.supply(offset, &piece);
            }
        }
    }
}

/// A tar of several segments, some of which compress and some do not, is one stream to every reader.
#[test]
fn segments_of_every_kind_follow_each_other() {
    let noise: Vec<u8> = (0..3 * SEGMENT_BYTES as u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 11) as u8).collect();
    let text = "2026-03-01 GET /shop/17 200\n".repeat(90_000).into_bytes();
    let whole = |path: &str, content: &[u8]| (file(path, content.len() as u64), content.to_vec());
    let wholes = [whole("a", &text), whole("b", &noise), whole("c", b""), whole("d", &text[..70_000])];
    for (method, level) in [(Method::Deflate, 0), (Method::Deflate, 1), (Method::Deflate, 12), (Method::Zstd, 1)] {
        let (zip, finished) = write_with(&wholes, Compression::new(method, Some(level)).unwrap());
        assert_eq!(finished.sizes.len(), 6, "{method} {level}");
        let tar = unpacked(&zip, &finished).unwrap();
        assert_eq!(unzipped(&zip).unwrap(), tar, "{method} {level}");
        let read: Vec<Whole> = members(events(&tar, &[]).unwrap()).into_iter().map(|(_, whole)| whole).collect();
        assert_eq!(read, wholes, "{method} {level}");
    }
}
