//! What a store gives back differently is noticed.

use bytes::Bytes;
use proptest::prelude::*;

use super::memory::{MemoryStore, MemoryTree};
use super::{do_pack, do_read_back, do_recover, request, small_tree};
use crate::archive::{Crc32, Framed, Packers, Plain, Writer, ZipFrame, end};
use crate::catalog::{ContentsHeader, ContentsReader, ContentsWriter, Entry, Line, StoredObject};
use crate::ports::{Cause, EntryKind};
use crate::primitives::Digest;

fn packed() -> (MemoryStore, crate::steps::Packed) {
    let store = MemoryStore::default();
    let packed = do_pack(&small_tree(), &store, &request(&["/srv/data"])).unwrap();
    (store, packed)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_flipped_bit_is_noticed(contents in any::<bool>(), at in any::<prop::sample::Index>(), bit in 0..8_u8) {
        let (store, packed) = packed();
        let key = if contents { &packed.contents.key } else { &packed.archive.key };
        let mut bytes = store.lock().objects[key].to_vec();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        store.lock().objects.insert(key.clone(), bytes.into());
        let fault = do_read_back(&store, &packed).unwrap_err();
        prop_assert_eq!(fault.cause, Cause::Invalid);
    }

    #[test]
    fn a_cut_object_is_noticed(contents in any::<bool>(), at in any::<prop::sample::Index>()) {
        let (store, packed) = packed();
        let key = if contents { &packed.contents.key } else { &packed.archive.key };
        let bytes = store.lock().objects[key].clone();
        let cut = bytes.slice(..at.index(bytes.len()));
        store.lock().objects.insert(key.clone(), cut.clone());
        do_read_back(&store, &packed).unwrap_err();
        // Even one that claims to be what it is.
        let mut forged = packed.clone();
        let object = if contents { &mut forged.contents } else { &mut forged.archive };
        (object.size, object.digest) = (cut.len() as u64, crate::primitives::Digest::of(&cut));
        do_read_back(&store, &forged).unwrap_err();
    }
}

#[test]
fn a_missing_object_is_not_found() {
    let (store, packed) = packed();
    store.lock().objects.remove(&packed.archive.key);
    assert_eq!(do_read_back(&store, &packed).unwrap_err().cause, Cause::NotFound);
}

/// Puts an archive of these members in the place of the packed one, whose segments the contents have as they are. What the
/// contents list is left as it was.
fn forge(store: &MemoryStore, packed: &mut crate::steps::Packed, members: &[crate::archive::Member]) {
    forge_with(store, packed, members, |crc| crc);
}

/// The same, where zip, contents and manifest all say another CRC-32.
fn forge_with(
    store: &MemoryStore,
    packed: &mut crate::steps::Packed,
    members: &[crate::archive::Member],
    told: fn(u32) -> u32,
) {
    let compression = crate::primitives::Compression::default();
    let mut writer = Writer::default();
    for member in members {
        writer.entry(member).unwrap();
        writer.end_entry().unwrap();
    }
    let (segments, plain_size) = writer.finish().unwrap();
    let frame = ZipFrame { name: "x.tar".into(), at: packed.moment, method: compression.method() };
    let (mut archive, mut sizes, mut crc) = (frame.head().unwrap(), Vec::new(), crc32fast::Hasher::new());
    let head = archive.len();
    for segment in segments {
        let segment = Packers::new(compression).pack(segment).unwrap();
        archive.extend_from_slice(&segment.bytes);
        crc.combine(&segment.crc);
        sizes.push(segment.bytes.len() as u32);
    }
    archive.extend_from_slice(end(compression.method()));
    let packed_size = (archive.len() - head) as u64;
    let crc = told(crc.finalize());
    archive.extend(frame.tail(Framed { packed_size, plain_size, crc }).unwrap());
    packed.plain = Plain { size: plain_size, crc32: Crc32(crc) };
    put(store, &mut packed.archive, archive);
    list(store, packed, &sizes);
}

/// Writes the contents anew, with other segments and the archive as it is now.
fn list(store: &MemoryStore, packed: &mut crate::steps::Packed, sizes: &[u32]) {
    let mut bytes = store.lock().objects[&packed.contents.key].clone();
    let mut reader = ContentsReader::new();
    let mut writer = ContentsWriter::new(ContentsHeader::new(packed.roots.clone())).unwrap();
    while let Some(line) = reader.push(&mut bytes).unwrap() {
        match line {
            Line::Entry(entry) => writer.entry(entry).unwrap(),
            Line::Trailer(mut trailer) => {
                (trailer.archive, trailer.plain) = (packed.archive.clone(), packed.plain);
                let contents = writer.finish(sizes, *trailer).unwrap();
                packed.segments_at = contents.segments_at;
                return put(store, &mut packed.contents, contents.rest);
            }
            _ => {}
        }
    }
    panic!("the contents have no trailer");
}

fn put(store: &MemoryStore, object: &mut StoredObject, bytes: Vec<u8>) {
    (object.size, object.digest) = (bytes.len() as u64, Digest::of(&bytes));
    store.lock().objects.insert(object.key.clone(), Bytes::from(bytes));
}

/// A tar that agrees with its contents, and not with the CRC-32 that all others agree on.
#[test]
fn a_wrong_crc_is_noticed() {
    let tree = MemoryTree::default();
    tree.lock().add(b"/one", EntryKind::Folder, b"").unwrap();
    let store = MemoryStore::default();
    let allowed = crate::steps::PackRequest { allow_empty: true, ..request(&["/one"]) };
    let packed = do_pack(&tree, &store, &allowed).unwrap();
    let mut lines = store.lock().objects[&packed.contents.key].clone();
    let mut reader = ContentsReader::new();
    let members: Vec<_> = std::iter::from_fn(|| reader.push(&mut lines).unwrap())
        .filter_map(|line| match line {
            Line::Entry(Entry::Stored { member, .. }) => Some(member),
            _ => None,
        })
        .collect();
    let mut right = packed.clone();
    forge(&store, &mut right, &members);
    do_read_back(&store, &right).unwrap();
    let mut wrong = packed;
    forge_with(&store, &mut wrong, &members, |crc| crc ^ 1);
    assert_eq!(do_read_back(&store, &wrong).unwrap_err().answer, "the CRC-32 of the tar is wrong");
}

/// An archive and a manifest that agree, with a member that no contents list.
#[test]
fn a_member_that_is_not_in_the_contents_is_refused() {
    let (store, mut packed) = packed();
    let member = crate::archive::Member {
        path: super::path("srv/data/smuggled"),
        kind: crate::archive::MemberKind::File { size: 0, sparse: None },
        mode: 0o644,
        uid: 0,
        gid: 0,
        user: String::new(),
        group: String::new(),
        mtime_s: 0,
        mtime_ns: 0,
        xattrs: crate::primitives::Xattrs::default(),
    };
    forge(&store, &mut packed, &[member]);
    let tree = small_tree();
    let fault = do_recover(&store, &tree, &packed, None).unwrap_err();
    insta::assert_snapshot!(fault, @"read memory:plan/docs/daily/web-1/20260301T120000Z-0000002a.tar.zip: srv/data/smuggled comes where the contents have srv/data, or with other attributes");
    assert!(tree.snapshot("/back").is_empty());
}

/// Contents that lie about the segments are noticed, whatever they say.
#[test]
fn segments_that_are_not_those_of_the_archive_are_refused() {
    let (store, packed) = packed();
    let mut lines = store.lock().objects[&packed.contents.key].slice(packed.segments_at as usize..);
    let Some(Line::Segments(sizes)) = ContentsReader::at_segments().push(&mut lines).unwrap() else { panic!() };
    let [only] = sizes[..] else { panic!("one segment") };
    let mut refused = Vec::new();
    for wrong in [vec![], vec![only - 1], vec![only, 0], vec![u32::MAX]] {
        let mut forged = packed.clone();
        list(&store, &mut forged, &wrong);
        refused.push(do_read_back(&store, &forged).unwrap_err().answer);
    }
    insta::assert_debug_snapshot!(refused, @r#"
    [
        "it has 0 segments, which are not 218624 bytes",
        "its segments are not as long as the zip's entry",
        "it has more segments than 218624 bytes",
        "a segment is longer or shorter than it can be",
    ]
    "#);
}
