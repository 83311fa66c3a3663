//! Tars of any members, in points that agree with themselves, change nothing outside of the folder that is made.

use std::io::Write as _;
use std::sync::OnceLock;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::DeflateEncoder;
use proptest::prelude::*;

use super::memory::{MemoryStore, MemoryTree};
use super::{do_pack, do_recover_point, manifest, path, request, small_tree};
use crate::archive::{self, Crc32, Framed, Member, MemberKind, Plain, SEGMENT_BYTES, TarEvent, TarReader, ZipFrame};
use crate::catalog::{ContentsHeader, ContentsTrailer, ContentsWriter, Entry, Manifest, Named, StoredObject, Totals};
use crate::ports::EntryKind;
use crate::primitives::{Digest, FileHasher, Method, PathBytes};

/// Far more than any restore of a few members asks of its store.
const CALLS_MAX: usize = 1_000;

/// A block of a header, as it will be written: its checksum is right.
#[derive(Debug, Clone)]
struct Block {
    name: Vec<u8>,
    link: Vec<u8>,
    kind: u8,
    size: u64,
    mode: u32,
    /// What follows it, whatever its size says.
    content: Vec<u8>,
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    let part = prop::sample::select(&["r", "a", "b", "c", "..", ".", "", "out", "back", "\u{e9}", "a\0b"][..]);
    let sound =
        prop::sample::select(&["r", "r/a", "r/a/b", "r/b", "r/b/c", "r/c", "s", "s/a", "r/a/", "r/", "../out"][..]);
    let any = prop::collection::vec(part, 0..4).prop_map(|parts| parts.join("/"));
    prop_oneof![4 => sound.prop_map(str::to_owned), 1 => any].prop_map(String::into_bytes)
}

fn block() -> impl Strategy<Value = Block> {
    let kind = prop::sample::select(&b"0000555511122\0x34567gLKSV"[..]);
    let content = prop_oneof![Just(0), 0..600_usize, Just(512)].prop_map(|length| vec![b'x'; length]);
    let size =
        prop_oneof![9 => Just(None), 1 => prop_oneof![0..2_000_u64, Just(u64::MAX), any::<u64>()].prop_map(Some)];
    (name(), name(), kind, size, 0..0o10000_u32, content).prop_map(|(name, link, kind, size, mode, mut content)| {
        if matches!(kind, b'1'..=b'6') && size.is_none() {
            content.clear();
        }
        let size = size.unwrap_or(content.len() as u64);
        Block { name, link, kind, size, mode, content }
    })
}

fn record() -> impl Strategy<Value = Vec<u8>> {
    let keyword =
        prop::sample::select(&["path", "linkpath", "size", "uid", "mtime", "comment", "GNU.sparse.major"][..]);
    let number = prop::sample::select(&["0", "1", "-1", "512", "18446744073709551616", "1.5", "x"][..]);
    let value = prop_oneof![name(), number.prop_map(|text| text.as_bytes().to_vec())];
    (keyword, value, -1..2_i64).prop_map(|(keyword, value, off)| {
        let rest = (keyword.len() + value.len() + 3) as i64;
        let length = (rest..).find(|length| rest + length.to_string().len() as i64 == *length).unwrap();
        // Mostly right.
        let length = if off == 1 && value.len() % 5 == 0 { length + off } else { length };
        [format!("{length} {keyword}=").as_bytes(), &value, b"\n"].concat()
    })
}

/// A piece of a tar.
#[derive(Debug, Clone)]
enum Piece {
    Block(Block),
    Records(Vec<Vec<u8>>),
    Zeros,
}

fn piece() -> impl Strategy<Value = Piece> {
    prop_oneof![
        20 => block().prop_map(Piece::Block),
        2 => prop::collection::vec(record(), 1..3).prop_map(Piece::Records),
        1 => Just(Piece::Zeros),
    ]
}

fn tar(pieces: &[Piece], sorted: bool) -> Vec<u8> {
    let mut pieces = pieces.to_vec();
    if sorted {
        pieces.sort_by_key(|piece| match piece {
            Piece::Block(block) => block.name.split(|byte| *byte == b'/').map(<[u8]>::to_vec).collect::<Vec<_>>(),
            Piece::Records(_) | Piece::Zeros => Vec::new(),
        });
        pieces.dedup_by_key(|piece| if let Piece::Block(block) = piece { block.name.clone() } else { Vec::new() });
    }
    let mut tar = Vec::new();
    for piece in &pieces {
        match piece {
            Piece::Block(block) => append(&mut tar, block),
            Piece::Records(records) => {
                let content = records.concat();
                let size = content.len() as u64;
                append(&mut tar, &Block { name: b"x".to_vec(), link: Vec::new(), kind: b'x', size, mode: 0, content });
            }
            Piece::Zeros => tar.extend([0; 512]),
        }
    }
    tar.extend([0; 1024]);
    tar
}

fn append(tar: &mut Vec<u8>, block: &Block) {
    let mut header = tar::Header::new_ustar();
    let old = header.as_old_mut();
    old.name[..block.name.len()].copy_from_slice(&block.name);
    old.linkname[..block.link.len()].copy_from_slice(&block.link);
    old.linkflag = [block.kind];
    header.set_size(block.size);
    header.set_mode(block.mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(7);
    header.set_cksum();
    tar.extend_from_slice(header.as_bytes());
    tar.extend_from_slice(&block.content);
    tar.resize(tar.len().next_multiple_of(512), 0);
}

/// What contents would list of a tar, as far as it can be read.
fn listed(tar: &[u8]) -> (Vec<Entry>, Totals) {
    let (mut reader, mut input) = (TarReader::new(), Bytes::copy_from_slice(tar));
    let (mut entries, mut totals) = (Vec::new(), Totals::default());
    let mut open: Option<(Member, u64, FileHasher)> = None;
    while let Ok(Some(event)) = reader.push(&mut input) {
        match event {
            TarEvent::Member { member, offset } => open = Some((member, offset, FileHasher::default())),
            TarEvent::Data(bytes) => {
                totals.bytes += bytes.len() as u64;
                if let Some((_, _, hasher)) = &mut open {
                    hasher.update(&bytes);
                }
            }
            TarEvent::Hole(length) => {
                (totals.bytes, totals.holes) = (totals.bytes + length, totals.holes + length);
                if let Some((_, _, hasher)) = &mut open {
                    hasher.zeros(length);
                }
            }
            TarEvent::EndOfMember => {
                let Some((member, at, mut hasher)) = open.take() else { continue };
                let count = match member.kind {
                    MemberKind::File { .. } => &mut totals.files,
                    MemberKind::Folder => &mut totals.folders,
                    MemberKind::Symlink { .. } => &mut totals.symlinks,
                    MemberKind::HardLink { .. } => &mut totals.hard_links,
                };
                *count += 1;
                let digest = matches!(member.kind, MemberKind::File { .. }).then(|| hasher.finish());
                entries.push(Entry::Stored { member, at, digest, flaw: None });
            }
            TarEvent::End => {}
        }
    }
    (entries, totals)
}

/// A manifest whose objects are replaced.
fn any_manifest() -> &'static Manifest {
    static MANIFEST: OnceLock<Manifest> = OnceLock::new();
    let packed = || do_pack(&small_tree(), &MemoryStore::default(), &request(&["/srv/data"])).unwrap();
    MANIFEST.get_or_init(|| manifest(&packed()))
}

/// A point that holds this tar and agrees with itself.
fn forged(tar: &[u8], roots: &[&str]) -> (MemoryStore, Manifest) {
    let store = MemoryStore::default();
    let mut manifest = any_manifest().clone();
    let roots: Vec<PathBytes> = roots.iter().map(|root| path(root)).collect();
    let frame = ZipFrame { name: "x.tar".into(), at: manifest.moment, method: Method::Deflate };
    let (mut archive, mut sizes) = (frame.head().unwrap(), Vec::new());
    let head = archive.len();
    for segment in tar.chunks(SEGMENT_BYTES) {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(segment).unwrap();
        encoder.flush().unwrap();
        sizes.push(encoder.get_ref().len() as u32);
        archive.extend_from_slice(encoder.get_ref());
    }
    archive.extend_from_slice(archive::end(Method::Deflate));
    let framed =
        Framed { packed_size: (archive.len() - head) as u64, plain_size: tar.len() as u64, crc: crc32fast::hash(tar) };
    archive.extend(frame.tail(framed).unwrap());
    manifest.plain = Plain { size: framed.plain_size, crc32: Crc32(framed.crc) };
    put(&store, &mut manifest.archive, archive);
    let (entries, totals) = listed(tar);
    let mut writer = ContentsWriter::new(ContentsHeader::new(roots.clone())).unwrap();
    entries.into_iter().for_each(|entry| writer.entry(entry).unwrap());
    let nothing = Named::default;
    let trailer = ContentsTrailer {
        moment: manifest.moment,
        totals,
        plain: manifest.plain,
        archive: manifest.archive.clone(),
        unread: nothing(),
        not_stored: nothing(),
        changed: nothing(),
        not_entered: nothing(),
    };
    let contents = writer.finish(&sizes, trailer).unwrap();
    (manifest.segments_at, manifest.totals, manifest.roots) = (contents.segments_at, totals, roots);
    put(&store, &mut manifest.contents, contents.rest);
    store.lock().calls = 0;
    (store, manifest)
}

fn put(store: &MemoryStore, object: &mut StoredObject, bytes: Vec<u8>) {
    (object.size, object.digest) = (bytes.len() as u64, Digest::of(&bytes));
    store.lock().objects.insert(object.key.clone(), Bytes::from(bytes));
}

/// Recovers a tar, whole and in part, in a tree that holds something else; answers how often that went well.
fn recover_in_a_world(tar: &[u8], roots: &[&str]) -> usize {
    let mut well = 0;
    for only in [None, Some("/r/a"), Some("/r")] {
        let (store, manifest) = forged(tar, roots);
        let tree = MemoryTree::default();
        tree.lock().add(b"/out", EntryKind::Folder, b"").unwrap();
        tree.lock().add(b"/out/precious", EntryKind::File, b"as it was").unwrap();
        let before = tree.snapshot("/out");
        let done = do_recover_point(&store, &tree, manifest, only);
        assert_eq!(tree.snapshot("/out"), before);
        assert!(store.lock().calls < CALLS_MAX, "{} calls", store.lock().calls);
        let below = |name: &Vec<u8>| name.starts_with(b"/back/") || name == b"/back" && done.is_ok();
        let made = tree.lock().names.keys().filter(|name| !name.starts_with(b"/out")).cloned().collect::<Vec<_>>();
        assert!(made.iter().all(below) && made.is_empty() == done.is_err(), "{done:?} made {made:?}");
        well += usize::from(done.is_ok());
    }
    well
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(384) })]

    #[test]
    fn any_members_stay_inside(
        pieces in prop::collection::vec(piece(), 0..12),
        rooted: bool,
        sorted: bool,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..2),
        roots in prop::sample::select(vec![&["/r"][..], &["/r"], &["/r", "/s"], &["/"], &["/r/a"], &["/.."], &[]]),
    ) {
        let root = Block { name: b"r".to_vec(), link: vec![], kind: b'5', size: 0, mode: 0o755, content: vec![] };
        let root = if rooted { vec![Piece::Block(root)] } else { vec![] };
        let mut tar = tar(&[root, pieces].concat(), sorted);
        for (at, byte) in edits {
            let at = at.index(tar.len());
            tar[at] = byte;
        }
        recover_in_a_world(&tar, roots);
    }

    /// Bytes of a tar that is sound, changed, cut, doubled or left out, with and without checksums that are right.
    #[test]
    fn a_mutated_tar_stays_inside(
        mutations in prop::collection::vec((0..5_u8, any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>()), 0..4),
        mends: bool,
    ) {
        let mut tar = tar(&sound(), false);
        for (how, at, other, byte) in &mutations {
            mutate(&mut tar, *how, at, other, *byte);
        }
        if mends {
            tar.chunks_exact_mut(512).for_each(mend);
        }
        recover_in_a_world(&tar, &["/r"]);
    }
}

/// A tar that is recovered whole, so that mutations of it go far.
fn sound() -> Vec<Piece> {
    let block = |name: &str, kind: u8, link: &str, content: &[u8]| {
        let (name, link, size) = (name.as_bytes().to_vec(), link.as_bytes().to_vec(), content.len() as u64);
        Piece::Block(Block { name, link, kind, size, mode: 0o755, content: content.to_vec() })
    };
    vec![
        block("r/", b'5', "", b""),
        block("r/a/", b'5', "", b""),
        block("r/a/file", b'0', "", &[b'x'; 700]),
        block("r/a/link", b'2', "../../out", b""),
        block("r/b/", b'5', "", b""),
        Piece::Records(vec![b"20 path=r/b/again\xc3\xa9\n".to_vec()]),
        block("r/b/again", b'1', "r/a/file", b""),
    ]
}

fn mutate(tar: &mut Vec<u8>, how: u8, at: &prop::sample::Index, other: &prop::sample::Index, byte: u8) {
    if tar.len() < 1024 {
        return;
    }
    let blocks = tar.len() / 512;
    let (block, to) = (at.index(blocks) * 512, other.index(blocks) * 512);
    match how {
        // The fields of a header are in the first bytes of a block.
        0 => tar[block + other.index(160)] = byte,
        1 => drop(tar.drain(block..block + 512)),
        2 => {
            let copy = tar[block..block + 512].to_vec();
            tar.splice(to..to, copy);
        }
        3 => tar.truncate(block),
        _ => {
            let copy = tar[block..block + 512].to_vec();
            tar[to..to + 512].copy_from_slice(&copy);
        }
    }
}

/// Sets a block's checksum, as if it were a header.
fn mend(block: &mut [u8]) {
    if block.iter().any(|byte| *byte != 0) && block[257..262] == *b"ustar" {
        let mut header = tar::Header::new_old();
        header.as_mut_bytes().copy_from_slice(block);
        header.set_cksum();
        block.copy_from_slice(header.as_bytes());
    }
}

/// What is forged is taken for real where nothing is wrong with it: else the properties would show nothing.
#[test]
fn a_forged_point_is_taken_for_real() {
    assert_eq!(recover_in_a_world(&tar(&sound(), false), &["/r"]), 3);
}
