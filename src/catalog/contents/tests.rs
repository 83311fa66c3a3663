//! Contents written and read in any pieces.

use proptest::prelude::*;

use super::*;
use crate::archive::{Crc32, MemberKind};
use crate::primitives::{Digest, Key, Xattrs};

fn trailer() -> ContentsTrailer {
    let key = Key::parse("p/t/b/h/x.tar.zip").unwrap();
    ContentsTrailer {
        moment: "2026-03-01T05:30:02Z".parse().unwrap(),
        totals: Totals { files: 1, folders: 1, ..Totals::default() },
        plain: Plain { size: 3, crc32: Crc32(7) },
        archive: StoredObject { key, size: 2, digest: Digest::of(b"zip") },
        unread: Named::default(),
        not_stored: Named::default(),
        changed: Named::default(),
        not_entered: Named::default(),
    }
}

fn header() -> ContentsHeader {
    ContentsHeader { format_version: CONTENTS_FORMAT_VERSION, roots: vec![PathBytes::new(*b"/srv")] }
}

fn entries() -> Vec<Entry> {
    let member = |path: &[u8], kind| Member {
        path: PathBytes::new(path),
        kind,
        mode: 0o750,
        uid: 1,
        gid: 2,
        user: "web".into(),
        group: String::new(),
        mtime_s: -3,
        mtime_ns: 4,
        xattrs: Xattrs::default(),
    };
    let file = member(b"srv/caf\xe9", MemberKind::File { size: 1, sparse: None });
    let link = member(b"srv/l", MemberKind::Symlink { target: PathBytes::new(*b"..") });
    vec![
        Entry::Stored { member: member(b"srv", MemberKind::Folder), at: 0, digest: None, flaw: None },
        Entry::Stored { member: file, at: 512, digest: Some(FileDigest::of(b"x")), flaw: Some("it changed".into()) },
        Entry::Stored { member: link, at: 1536, digest: None, flaw: None },
        Entry::Unread { path: PathBytes::new(*b"/srv/secret"), why: "permission denied".into() },
        Entry::NotStored { path: PathBytes::new(*b"/srv/socket"), kind: "socket".into() },
        Entry::NotEntered { path: PathBytes::new(*b"/srv/mnt") },
    ]
}

fn write(entries: &[Entry]) -> Vec<u8> {
    write_with(entries, &[64, 128])
}

fn write_with(entries: &[Entry], segments: &[u32]) -> Vec<u8> {
    let mut writer = ContentsWriter::new(header()).unwrap();
    let mut out = Vec::new();
    for entry in entries {
        writer.entry(entry.clone()).unwrap();
        out.extend(writer.take());
    }
    let contents = writer.finish(segments, trailer()).unwrap();
    out.extend_from_slice(&contents.rest);
    let mut tail = ContentsReader::at_segments();
    let mut input = Bytes::copy_from_slice(&out[contents.segments_at as usize..]);
    let lines: Vec<Line> = std::iter::from_fn(|| tail.push(&mut input).unwrap()).collect();
    let sizes: Vec<u32> = lines
        .iter()
        .filter_map(|line| if let Line::Segments(some) = line { Some(some) } else { None })
        .flatten()
        .copied()
        .collect();
    assert_eq!(sizes, segments);
    assert_eq!(lines.last(), Some(&Line::Trailer(Box::new(trailer()))));
    tail.finish().unwrap();
    assert_eq!(contents.stored, Extent { size: out.len() as u64, digest: Digest::of(&out) });
    out
}

fn read(bytes: &[u8], chunk: usize) -> Result<Vec<Line>, CatalogError> {
    let (mut reader, mut lines) = (ContentsReader::new(), Vec::new());
    for piece in bytes.chunks(chunk) {
        let mut input = Bytes::copy_from_slice(piece);
        while let Some(line) = reader.push(&mut input)? {
            lines.push(line);
        }
    }
    reader.finish().map(|()| lines)
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn contents_read_back_in_any_pieces_and_by_other_tools() {
    let bytes = write(&entries());
    let lines = read(&bytes, 4096).unwrap();
    assert_eq!(lines.len(), entries().len() + 3);
    for chunk in [1, 2, 7, 100] {
        assert_eq!(read(&bytes, chunk).unwrap(), lines);
    }
    let read: Vec<Entry> =
        lines.into_iter().filter_map(|line| if let Line::Entry(e) = line { Some(e) } else { None }).collect();
    assert_eq!(read, entries());
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::MultiGzDecoder::new(&bytes[..]), &mut text).unwrap();
    insta::assert_snapshot!(text, @r#"
    {"header":{"format_version":1,"roots":["/srv"]}}
    {"entry":{"stored":{"member":{"path":"srv","kind":"folder","mode":488,"uid":1,"gid":2,"user":"web","mtime_s":-3,"mtime_ns":4},"at":0}}}
    {"entry":{"stored":{"member":{"path":{"hex":"7372762f636166e9"},"kind":{"file":{"size":1}},"mode":488,"uid":1,"gid":2,"user":"web","mtime_s":-3,"mtime_ns":4},"at":512,"digest":"blake3:3ae7d805f6789a6402acb70ad4096a85a56bf6804eaf25c0493ac697548d30b5","flaw":"it changed"}}}
    {"entry":{"stored":{"member":{"path":"srv/l","kind":{"symlink":{"target":".."}},"mode":488,"uid":1,"gid":2,"user":"web","mtime_s":-3,"mtime_ns":4},"at":1536}}}
    {"entry":{"unread":{"path":"/srv/secret","why":"permission denied"}}}
    {"entry":{"not-stored":{"path":"/srv/socket","kind":"socket"}}}
    {"entry":{"not-entered":{"path":"/srv/mnt"}}}
    {"segments":[64,128]}
    {"trailer":{"moment":"2026-03-01T05:30:02Z","totals":{"files":1,"folders":1,"symlinks":0,"hard_links":0,"bytes":0},"plain":{"size":3,"crc32":"00000007"},"archive":{"key":"p/t/b/h/x.tar.zip","size":2,"digest":"sha256:4a70fe9aa6436e02c2dea340fbd1e352e4ef2d8ce6ca52ad25d4b95471fc8bf2"},"unread":{"count":0,"first":[]},"not_stored":{"count":0,"first":[]},"changed":{"count":0,"first":[]},"not_entered":{"count":0,"first":[]}}}
    "#);
}

#[test]
fn many_entries_stream() {
    let many: Vec<Entry> =
        (0..3_000).map(|n| Entry::Unread { path: PathBytes::new(format!("/{n}")), why: "x".repeat(n % 90) }).collect();
    let segments: Vec<u32> = (0..SEGMENTS_A_LINE as u32 + 1).map(|n| n * 64).collect();
    // A header, two lines of segments, a trailer.
    assert_eq!(read(&write_with(&many, &segments), 1_000).unwrap().len(), 3_004);
}

#[test]
fn what_is_cut_out_of_order_or_too_long_is_refused() {
    let bytes = write(&entries());
    assert!((0..bytes.len()).all(|length| read(&bytes[..length], 4096).is_err()));
    assert!(read(&[&bytes[..], b"x"].concat(), 4096).is_err());
    assert!(read(&[&bytes[..], &bytes].concat(), 4096).is_err());
    let header = r#"{"header":{"format_version":1,"roots":[]}}"#;
    let entry = r#"{"entry":{"unread":{"path":"a","why":"b"}}}"#;
    let mut refused = Vec::new();
    for text in [
        format!("{entry}\n"),
        format!("{header}\n{header}\n"),
        format!("{header}\n{entry}\n"),
        format!("{header}\n{}\n", header.replace("header", "other")),
        format!("{}\n", header.replace(":1", ":2")),
        format!("{header}\n\"{}\"\n", "x".repeat(LINE_BYTES_MAX + OUTPUT_BYTES_MAX)),
    ] {
        refused.push(read(&gzip(&text), 4096).unwrap_err().to_string());
    }
    insta::assert_debug_snapshot!(refused, @r#"
    [
        "a contents line is malformed: missing field `header` at line 1 column 43",
        "the contents' lines are out of order",
        "the contents are cut short",
        "a contents line is malformed: unknown variant `other`, expected one of `header`, `entry`, `segments`, `trailer` at line 1 column 8",
        "the contents have format version 2, and this program reads version 1",
        "a contents line is too long",
    ]
    "#);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn hostile_contents_never_panic(
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        noise in prop::collection::vec(any::<u8>(), 0..400),
        text in any::<String>(),
    ) {
        let mut bytes = write(&entries());
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        for hostile in [bytes, noise, gzip(&text)] {
            prop_assert_eq!(read(&hostile, 3).is_ok(), read(&hostile, 4096).is_ok());
        }
    }
}
