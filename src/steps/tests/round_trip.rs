//! Any tree comes back as it was.

use proptest::prelude::*;

use super::memory::{MemoryStore, MemoryTree};
use super::{do_pack, do_read_back, do_recover, request};
use crate::ports::EntryKind;

/// One thing to add: under which folder, its name, what it is, its attributes.
#[derive(Debug, Clone)]
struct Thing {
    folder: prop::sample::Index,
    name: Vec<u8>,
    kind: Kind,
    mode: u32,
    owner: (u32, u32),
    mtime: (i64, u32),
    xattrs: Vec<(Vec<u8>, Vec<u8>)>,
}

#[derive(Debug, Clone)]
enum Kind {
    Folder,
    File(Vec<u8>),
    Symlink(Vec<u8>),
    HardLink(prop::sample::Index),
}

fn name() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![4 => prop::sample::select(&b"ab-. \n"[..]), 1 => any::<u8>()];
    let length = prop_oneof![9 => 1..6_usize, 1 => 90..130_usize];
    length
        .prop_flat_map(move |length| prop::collection::vec(byte.clone(), length))
        .prop_filter("no name", |name| !name.contains(&0) && !name.contains(&b'/') && name != b"." && name != b"..")
}

fn thing() -> impl Strategy<Value = Thing> {
    let content = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        (any::<u8>(), 0..3_000_usize).prop_map(|(byte, length)| vec![byte; length])
    ];
    let kind = prop_oneof![
        3 => Just(Kind::Folder),
        4 => content.prop_map(Kind::File),
        1 => name().prop_map(Kind::Symlink),
        2 => any::<prop::sample::Index>().prop_map(Kind::HardLink),
    ];
    let mtime = (prop_oneof![Just(0), -5..5_i64, any::<i32>().prop_map(i64::from)], 0..1_000_000_000_u32);
    let xattr = (prop::collection::vec(1..=255_u8, 1..6), prop::collection::vec(any::<u8>(), 0..6));
    let xattrs = prop_oneof![2 => Just(vec![]), 1 => prop::collection::vec(xattr, 1..3)];
    (any::<prop::sample::Index>(), name(), kind, 0..0o10000_u32, any::<(u32, u32)>(), mtime, xattrs).prop_map(
        |(folder, name, kind, mode, owner, mtime, xattrs)| Thing { folder, name, kind, mode, owner, mtime, xattrs },
    )
}

fn build(things: Vec<Thing>) -> MemoryTree {
    let tree = MemoryTree::default();
    let mut state = tree.lock();
    state.add(b"/r", EntryKind::Folder, b"").unwrap();
    state.add(b"/r/one file", EntryKind::File, b"x").unwrap();
    let mut folders = vec![b"/r".to_vec()];
    let mut files = vec![b"/r/one file".to_vec()];
    let mut attributes = Vec::new();
    for thing in things {
        let path = [thing.folder.get(&folders).as_slice(), b"/", &thing.name].concat();
        let added = match &thing.kind {
            Kind::Folder => state.add(&path, EntryKind::Folder, b"").map(|_| folders.push(path.clone())),
            Kind::File(content) => state.add(&path, EntryKind::File, content).map(|_| files.push(path.clone())),
            Kind::Symlink(target) => state.add(&path, EntryKind::Symlink, target).map(|_| ()),
            Kind::HardLink(existing) => state.link(&path, existing.get(&files).as_slice()),
        };
        if added.is_ok() {
            attributes.push((path, thing));
        }
    }
    for (path, thing) in attributes {
        let inode = state.names[&path];
        let inode = state.inodes.get_mut(&inode).unwrap();
        for (name, value) in thing.xattrs {
            inode.xattrs.insert([b"user.", &name[..]].concat(), value).unwrap();
        }
        let meta = &mut inode.meta;
        meta.mode = thing.mode;
        (meta.uid, meta.gid) = thing.owner;
        (meta.mtime_s, meta.mtime_ns) = thing.mtime;
    }
    drop(state);
    tree
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_tree_comes_back(things in prop::collection::vec(thing(), 0..24)) {
        let tree = build(things);
        let store = MemoryStore::default();
        let packed = do_pack(&tree, &store, &request(&["/r"])).unwrap();
        prop_assert!(packed.clean());
        let seen = do_read_back(&store, &packed).unwrap();
        prop_assert_eq!((seen.entries, seen.bytes), (packed.totals.entries(), packed.totals.bytes));
        let recovered = do_recover(&store, &tree, &packed, None).unwrap();
        prop_assert_eq!(recovered.totals, packed.totals);
        prop_assert_eq!(tree.snapshot("/back"), tree.snapshot("/r"));
        prop_assert!(tree.snapshot("/.back-1").is_empty());
        // Packing once more finds that it is done.
        let before = store.lock().tokens;
        prop_assert_eq!(&do_pack(&tree, &store, &request(&["/r"])).unwrap(), &packed);
        prop_assert_eq!(store.lock().tokens, before);
    }
}
