//! A byte that is flipped, wherever it lies, is noticed before anything is left, or changes nothing that is restored.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::memory::{MemoryStore, MemoryTree};
use super::{do_pack, do_recover_point, manifest, path, request, run};
use crate::archive::{self, Locator, SEGMENT_BYTES};
use crate::catalog::{ContentsReader, Entry, Line, Manifest, Part};
use crate::observe;
use crate::ports::{Cause, EntryKind};
use crate::primitives::{Key, PathBytes};
use crate::steps::Packed;

/// So many bytes are flipped in each region.
const FLIPS: usize = 1000;

type Snapshot = BTreeMap<PathBytes, String>;

/// A point in a store, and what it is of.
struct Stored {
    store: MemoryStore,
    packed: Packed,
    manifest_key: Key,
}

impl Stored {
    fn of(tree: &MemoryTree) -> Self {
        let store = MemoryStore::default();
        let packed = do_pack(tree, &store, &request(&["/srv"])).unwrap();
        let manifest = manifest(&packed);
        let manifest_key = manifest.place().key(Part::Manifest);
        store.lock().objects.insert(manifest_key.clone(), manifest.encode().unwrap().into());
        Self { store, packed, manifest_key }
    }

    fn bytes(&self, key: &Key) -> Vec<u8> {
        self.store.lock().objects[key].to_vec()
    }

    /// Chooses the point as a restore does, and recovers it. Answers what is there, or why nothing is.
    fn restored(&self, only: Option<&str>) -> Result<Snapshot, String> {
        let seen = run(observe::points(&self.store, "")).unwrap();
        let [point] = seen.points.as_slice() else { return Err("there is no point".into()) };
        let manifest: Manifest = match &point.manifest {
            Ok(manifest) => manifest.clone(),
            Err(fault) => return Err(format!("the manifest: {}", fault.answer)),
        };
        let tree = MemoryTree::default();
        match do_recover_point(&self.store, &tree, manifest, only) {
            Ok(_) => Ok(tree.snapshot("/back")),
            Err(fault) => {
                assert!(tree.lock().names.is_empty(), "something was left: {fault}");
                assert!(matches!(fault.cause, Cause::Invalid | Cause::NotFound), "{fault}");
                Err(fault.answer)
            }
        }
    }

    /// Restores with one byte changed.
    fn with_flip(&self, key: &Key, at: usize, mask: u8, only: Option<&str>) -> Result<Snapshot, String> {
        let sound = self.store.lock().objects[key].clone();
        let mut flipped = sound.to_vec();
        flipped[at] ^= mask;
        self.store.lock().objects.insert(key.clone(), flipped.into());
        let restored = self.restored(only);
        self.store.lock().objects.insert(key.clone(), sound);
        restored
    }
}

/// A small tree of every kind, whose archive is one segment.
fn tree() -> MemoryTree {
    let tree = MemoryTree::default();
    let mut state = tree.lock();
    for folder in ["/srv", "/srv/a", "/srv/b", "/srv/c"] {
        state.add(folder.as_bytes(), EntryKind::Folder, b"").unwrap();
    }
    let noise: Vec<u8> = (0..2_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    state.add(b"/srv/a/noise", EntryKind::File, &noise).unwrap();
    state.add(b"/srv/a/text", EntryKind::File, &b"some text, again and again\n".repeat(40)).unwrap();
    state.add(b"/srv/b/empty", EntryKind::File, b"").unwrap();
    state.add(b"/srv/b/link", EntryKind::Symlink, b"../a/text").unwrap();
    state.link(b"/srv/c/noise again", b"/srv/a/noise").unwrap();
    state.add(b"/srv/c/pipe", EntryKind::Fifo, b"").unwrap();
    drop(state);
    tree
}

/// Numbers of a fixed series (SplitMix64, <https://prng.di.unimi.it/splitmix64.c>).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }
}

/// Places in a region and what is done to them, each once.
fn flips(random: &mut Random, region: &Range<usize>, number: usize) -> BTreeSet<(usize, u8)> {
    (0..number).map(|_| (region.start + random.below(region.len()), 1 + random.below(255) as u8)).collect()
}

/// How often each reason was given.
#[derive(Default)]
struct Histogram(BTreeMap<String, usize>);

impl Histogram {
    /// Reasons are told apart by their first words, without names and numbers.
    fn count(&mut self, restored: &Result<Snapshot, String>) {
        let reason = match restored {
            Ok(_) => "- restored as it was".to_owned(),
            Err(why) => {
                let words = why.split(' ').take_while(|word| !word.contains(['`', '/']));
                words.filter(|word| !word.contains(|c: char| c.is_ascii_digit())).take(7).collect::<Vec<_>>().join(" ")
            }
        };
        *self.0.entry(reason).or_default() += 1;
    }

    #[expect(clippy::print_stderr, reason = "how it was noticed is said to whoever runs the tests")]
    fn print(&self, region: &str) {
        let total: usize = self.0.values().sum();
        eprintln!("{region}: {total} flips");
        self.0.iter().for_each(|(reason, count)| eprintln!("  {count:>5}  {reason}"));
    }
}

/// Flips bytes of a region, which lies between borders; `always` says that each must be noticed. Else what is restored must be what was backed up.
fn check(region: &str, key: fn(&Stored) -> Key, ranges: fn(&Stored) -> Vec<[usize; 2]>, always: bool) {
    let stored = Stored::of(&tree());
    let sound = stored.restored(None).unwrap();
    let (key, mut random, mut histogram) = (key(&stored), Random(0x5eed), Histogram::default());
    let ranges = ranges(&stored);
    for [from, to] in ranges.iter().copied() {
        for (at, mask) in flips(&mut random, &(from..to), FLIPS / ranges.len()) {
            let restored = stored.with_flip(&key, at, mask, None);
            histogram.count(&restored);
            if let Ok(restored) = restored {
                assert!(!always, "{region}: byte {at} with {mask:02x} is not noticed");
                assert_eq!(restored, sound, "{region}: byte {at} with {mask:02x}");
            }
        }
    }
    histogram.print(region);
    assert!(histogram.0.keys().any(|reason| !reason.starts_with('-')), "{region}: nothing is ever noticed");
}

fn archive_key(stored: &Stored) -> Key {
    stored.packed.archive.key.clone()
}

fn contents_key(stored: &Stored) -> Key {
    stored.packed.contents.key.clone()
}

/// Where the archive's parts begin: the packed bytes, their end marker, the data descriptor, the directory, the end; and its size.
fn borders(archive: &[u8]) -> [usize; 6] {
    let mut locator = Locator::new(archive.len() as u64);
    locator.supply(0, archive);
    let entry = locator.locate().unwrap().unwrap();
    let (start, packed_end) = (entry.start as usize, (entry.start + entry.packed_size) as usize);
    let find = |signature: &[u8]| archive.windows(4).rposition(|window| window == signature).unwrap();
    let marker = packed_end - archive::end(entry.method).len();
    [start, marker, packed_end, find(b"PK\x01\x02"), find(b"PK\x05\x06"), archive.len()]
}

fn between(stored: &Stored, from: usize, to: usize) -> Vec<[usize; 2]> {
    let borders = borders(&stored.bytes(&stored.packed.archive.key));
    let border = |at: usize| if at == 0 { 0 } else { borders[at - 1] };
    vec![[border(from), border(to)]]
}

#[test]
fn a_flipped_byte_of_the_zips_frame_is_noticed() {
    check("local header", archive_key, |stored| between(stored, 0, 1), true);
    check("end marker", archive_key, |stored| between(stored, 2, 3), true);
    check("data descriptor", archive_key, |stored| between(stored, 3, 4), true);
    check("central directory", archive_key, |stored| between(stored, 4, 5), true);
    check("end of central directory", archive_key, |stored| between(stored, 5, 6), true);
}

#[test]
fn a_flipped_byte_of_the_packed_bytes_is_noticed() {
    check("segments", archive_key, |stored| between(stored, 1, 2), true);
}

/// A gzip member begins with 10 bytes of header and ends with 8 of CRC-32 and size (RFC 1952).
fn gzip_edges(stored: &Stored) -> Vec<[usize; 2]> {
    let (size, border) = (stored.packed.contents.size as usize, stored.packed.segments_at as usize);
    vec![[0, 10], [border - 8, border], [border, border + 10], [size - 8, size]]
}

#[test]
fn a_flipped_byte_of_the_contents_is_noticed() {
    check("contents, entries", contents_key, |stored| vec![[10, stored.packed.segments_at as usize - 8]], true);
    let segments =
        |stored: &Stored| vec![[stored.packed.segments_at as usize + 10, stored.packed.contents.size as usize - 8]];
    check("contents, segments", contents_key, segments, true);
    check("contents, gzip headers and trailers", contents_key, gzip_edges, true);
}

#[test]
fn a_flipped_byte_of_the_manifest_is_noticed_or_changes_nothing() {
    let all = |stored: &Stored| vec![[0, stored.bytes(&stored.manifest_key).len()]];
    check("manifest", |stored| stored.manifest_key.clone(), all, false);
}

/// A tree whose archive has several segments: what lies between is no part of `/srv/m`.
fn large_tree() -> MemoryTree {
    let tree = MemoryTree::default();
    let mut state = tree.lock();
    for folder in ["/srv", "/srv/a", "/srv/m", "/srv/z"] {
        state.add(folder.as_bytes(), EntryKind::Folder, b"").unwrap();
    }
    let text = |word: &str, length: usize| {
        let lines = (0..).map(|n: u32| format!("{word} {} {}\n", n, n.wrapping_mul(2_654_435_761)));
        lines.flat_map(String::into_bytes).take(length).collect::<Vec<u8>>()
    };
    state.add(b"/srv/a/before", EntryKind::File, &text("before", 5 * SEGMENT_BYTES / 2)).unwrap();
    state.add(b"/srv/m/chosen", EntryKind::File, &text("chosen", SEGMENT_BYTES / 4)).unwrap();
    state.link(b"/srv/m/elsewhere", b"/srv/a/before").unwrap();
    state.add(b"/srv/z/behind", EntryKind::File, &text("behind", 3 * SEGMENT_BYTES / 2)).unwrap();
    drop(state);
    tree
}

/// The packed bytes of the segments that hold a member, by its place in the contents.
fn packed_bytes_of(stored: &Stored, member: &str) -> Range<usize> {
    let (mut reader, mut input) =
        (ContentsReader::new(), stored.store.lock().objects[&stored.packed.contents.key].clone());
    let (mut sizes, mut begins, mut ends) = (Vec::new(), 0, None);
    while let Some(line) = reader.push(&mut input).unwrap() {
        match line {
            Line::Entry(Entry::Stored { member: found, at, .. }) if found.path == path(member) => {
                (begins, ends) = (at as usize, Some(at as usize + 512 + found.size() as usize));
            }
            Line::Segments(some) => sizes.extend(some),
            _ => {}
        }
    }
    let start = borders(&stored.bytes(&stored.packed.archive.key))[0];
    let packed = |segments: usize| start + sizes[..segments].iter().map(|size| *size as usize).sum::<usize>();
    packed(begins / SEGMENT_BYTES)..packed(ends.unwrap() / SEGMENT_BYTES + 1)
}

/// Of one path only a part of the archive is read. Whatever is flipped, what is restored is right.
#[test]
fn a_flipped_byte_never_makes_one_path_wrong() {
    let stored = Stored::of(&large_tree());
    let only = Some("/srv/m/chosen");
    let sound = stored.restored(only).unwrap();
    let archive = stored.packed.archive.size as usize;
    let read = packed_bytes_of(&stored, "srv/m/chosen");
    let mut random = Random(0x9a57);
    let mut one = |region: &str, key: &Key, range: Range<usize>, number: usize| {
        let mut histogram = Histogram::default();
        for (at, mask) in flips(&mut random, &range, number) {
            let restored = stored.with_flip(key, at, mask, only);
            histogram.count(&restored);
            assert!(restored.is_err() || restored.as_ref() == Ok(&sound), "{region}: byte {at} with {mask:02x}");
        }
        histogram.print(&format!("of one path, {region}"));
        (histogram.0.get("- restored as it was").copied().unwrap_or(0), histogram.0.values().sum::<usize>())
    };
    let (archive_key, contents_key) = (&stored.packed.archive.key, &stored.packed.contents.key);
    let contents = stored.packed.contents.size as usize;
    let (unnoticed, flipped) = one("segments that are read", archive_key, read.clone(), 200);
    assert!(unnoticed < flipped, "what is read is looked at");
    let (unnoticed, flipped) = one("segments that are not read", archive_key, read.end + 2..archive - 200, 60);
    assert_eq!(unnoticed, flipped, "what is not read is not looked at");
    one("the archive's edges", archive_key, archive - 200..archive, 100);
    assert_eq!(one("contents", contents_key, 0..contents, 200).0, 0, "contents are read whole");
    one("the manifest", &stored.manifest_key, 0..stored.bytes(&stored.manifest_key).len(), 200);
}
