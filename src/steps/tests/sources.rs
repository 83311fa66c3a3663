//! Sources that are not as they should be.

use super::memory::{MemoryStore, MemoryTree, Mischief};
use super::{do_pack, do_read_back, do_recover, request, small_tree};
use crate::catalog::Named;
use crate::observe::walk::{Wanted, totals};
use crate::ports::{EntryKind, Meta};

fn told(named: &Named) -> Vec<String> {
    named.first.iter().map(|named| format!("{}: {}", named.path, named.why)).collect()
}

#[test]
fn what_cannot_be_read_or_changes_is_named_and_the_rest_is_whole() {
    let tree = small_tree();
    {
        let mut state = tree.lock();
        for (name, mischief) in [
            ("shrinks", Mischief::Shrinks),
            ("grows", Mischief::Grows),
            ("fails", Mischief::ReadFails),
            ("gone", Mischief::Vanishes),
            ("locked", Mischief::Denied),
            ("says less", Mischief::Says(1_000)),
            ("xattr", Mischief::AttributesFail),
        ] {
            let path = format!("/srv/data/a/{name}").into_bytes();
            state.add(&path, EntryKind::File, &[7; 3_000]).unwrap();
            state.mischief.insert(path, mischief);
        }
        state.denied_folders.insert(b"/srv/data/a-b".to_vec());
    }
    let store = MemoryStore::default();
    let packed = do_pack(&tree, &store, &request(&["/srv/data"])).unwrap();
    assert!(!packed.clean());
    insta::assert_debug_snapshot!((told(&packed.unread), told(&packed.changed), told(&packed.not_stored)), @r#"
    (
        [
            "/srv/data/a/fails: input/output error",
            "/srv/data/a/gone: it is not there",
            "/srv/data/a/locked: permission denied",
            "/srv/data/a/xattr: its attribute user.lost: input/output error",
            "/srv/data/a-b: permission denied",
        ],
        [
            "/srv/data/a/grows: it changed while it was read",
            "/srv/data/a/says less: it holds more than its size says (1000 bytes); the first 1000 are stored",
            "/srv/data/a/shrinks: it became 1500 bytes shorter while it was read",
        ],
        [
            "/srv/data/z/pipe: named pipe",
        ],
    )
    "#);
    do_read_back(&store, &packed).unwrap();
    let recovered = do_recover(&store, &tree, &packed, None).unwrap();
    insta::assert_debug_snapshot!(told(&recovered.flawed), @r#"
    [
        "a/fails: input/output error",
        "a/grows: it changed while it was read",
        "a/says less: it holds more than its size says (1000 bytes); the first 1000 are stored",
        "a/shrinks: it became 1500 bytes shorter while it was read",
        "a/xattr: its attribute user.lost: input/output error",
    ]
    "#);
    let (back, was) = (tree.snapshot("/back"), tree.snapshot("/srv/data"));
    assert!(back.keys().all(|path| was.contains_key(path)));
    assert_eq!(was.len() - back.len(), 4, "two files, one in a folder, one pipe");
}

#[test]
fn a_file_that_says_it_is_empty_is_read_all_the_same() {
    let (small, large) = (vec![7; 3_000], vec![8; 1024 * 1024 + 1]);
    let tree = small_tree();
    for (path, content) in [(&b"/srv/data/a/small"[..], &small), (b"/srv/data/a/large", &large)] {
        let mut state = tree.lock();
        state.add(path, EntryKind::File, content).unwrap();
        state.mischief.insert(path.to_vec(), Mischief::Says(0));
    }
    let store = MemoryStore::default();
    let packed = do_pack(&tree, &store, &request(&["/srv/data"])).unwrap();
    assert_eq!(
        told(&packed.changed),
        ["/srv/data/a/large: it holds more than its size says (0 bytes); the first 1048576 are stored"]
    );
    do_read_back(&store, &packed).unwrap();
    do_recover(&store, &tree, &packed, None).unwrap();
    let state = tree.lock();
    let restored = |path: &[u8]| &state.inodes[&state.names[path]].content;
    assert!(*restored(b"/back/a/small") == small);
    assert!(*restored(b"/back/a/large") == large[..large.len() - 1]);
}

#[test]
fn holes_stay_holes_and_the_digest_is_of_the_whole_content() {
    let block = |fill: u8, blocks: usize| vec![fill; blocks * 4096];
    let files = [
        ("between", [block(1, 2), block(0, 20), block(2, 1)].concat(), 20),
        ("at both ends", [block(0, 17), block(3, 3), block(0, 30)].concat(), 47),
        ("all", block(0, 100), 100),
        ("to an odd end", [block(0, 40), vec![0; 5]].concat(), 40),
        ("of little worth", [block(1, 1), block(0, 15), block(1, 1)].concat(), 0),
        ("many", (0..400).map(|at| block(u8::from(at % 2 == 0), 1)).collect::<Vec<_>>().concat(), 200),
    ];
    let tree = small_tree();
    for (name, content, _) in &files {
        tree.lock().add(format!("/srv/data/a/{name}").as_bytes(), EntryKind::File, content).unwrap();
    }
    let store = MemoryStore::default();
    let packed = do_pack(&tree, &store, &request(&["/srv/data"])).unwrap();
    assert!(packed.clean());
    let holes: u64 = files.iter().map(|(_, _, blocks)| blocks * 4096).sum();
    // The last five zeros of one file are no block, and a hole all the same.
    assert_eq!(packed.totals.holes, holes + 5);
    assert!(packed.plain.size < packed.totals.bytes - packed.totals.holes + 64 * 1024, "{:?}", packed.plain);
    let seen = do_read_back(&store, &packed).unwrap();
    assert_eq!(seen.bytes, packed.totals.bytes);
    let recovered = do_recover(&store, &tree, &packed, None).unwrap();
    assert_eq!(recovered.totals, packed.totals);
    assert_eq!(do_recover(&store, &tree, &packed, None).unwrap(), recovered, "found to be done");
    let state = tree.lock();
    for (name, content, _) in &files {
        let restored = &state.inodes[&state.names[format!("/back/a/{name}").as_bytes()]];
        assert!(restored.content == *content, "{name}");
    }
}

#[test]
fn a_sparse_file_that_shrinks_or_fails_is_named_and_filled_with_zeros() {
    let content = [vec![1; 4096], vec![0; 200_000], vec![2; 9_000]].concat();
    for mischief in [Mischief::Shrinks, Mischief::ReadFails] {
        let tree = small_tree();
        tree.lock().add(b"/srv/data/a/sparse", EntryKind::File, &content).unwrap();
        tree.lock().mischief.insert(b"/srv/data/a/sparse".to_vec(), mischief);
        let store = MemoryStore::default();
        let packed = do_pack(&tree, &store, &request(&["/srv/data"])).unwrap();
        assert_eq!(packed.unread.count + packed.changed.count, 1);
        do_read_back(&store, &packed).unwrap();
        do_recover(&store, &tree, &packed, None).unwrap();
        let state = tree.lock();
        let restored = &state.inodes[&state.names[&b"/back/a/sparse"[..]]].content;
        assert!(restored.len() == content.len() && restored[..4096] == content[..4096]);
        assert!(restored[4096..].iter().all(|byte| *byte == 0));
    }
}

#[test]
fn an_inode_that_was_freed_and_used_again_is_another_file() {
    use super::memory::Inode;
    let changes: [fn(&mut Inode); 3] = [
        |file| file.meta.size = 9,
        |file| file.meta.mtime_ns += 1,
        // Same size and times, as `touch -r` gives them: only the time of the last change cannot be set back.
        |file| file.meta.ctime_ns += 1,
    ];
    for change in changes {
        let tree = small_tree();
        {
            let mut state = tree.lock();
            state.add(b"/srv/data/a/first", EntryKind::File, b"old text").unwrap();
            let second = state.add(b"/srv/data/z/second", EntryKind::File, b"new text").unwrap();
            let first = state.names[&b"/srv/data/a/first"[..]];
            state.inodes.get_mut(&first).unwrap().meta.links = 2;
            let meta = state.inodes[&first].meta;
            let file = state.inodes.get_mut(&second).unwrap();
            file.meta = meta;
            change(file);
            file.content.resize(usize::try_from(file.meta.size).unwrap(), b'!');
        }
        let store = MemoryStore::default();
        let packed = do_pack(&tree, &store, &request(&["/srv/data"])).unwrap();
        do_recover(&store, &tree, &packed, None).unwrap();
        let restored = tree.snapshot("/back");
        assert!(restored[&super::path("/z/second")].contains("[110, 101, 119, 32"));
    }
}

#[test]
fn a_folder_that_goes_while_it_is_listed_is_named() {
    let tree = small_tree();
    for number in 0..500 {
        let path = format!("/srv/data/z/{number:03}").into_bytes();
        tree.lock().add(&path, EntryKind::File, b"x").unwrap();
    }
    tree.lock().deny_listing_after = Some((b"/srv/data/z".to_vec(), b"100".to_vec()));
    let store = MemoryStore::default();
    let packed = do_pack(&tree, &store, &request(&["/srv/data"])).unwrap();
    assert_eq!((packed.clean(), told(&packed.unread)), (false, vec!["/srv/data/z: permission denied".to_owned()]));
    do_read_back(&store, &packed).unwrap();
    // Of a root, nobody knows what else is missing.
    do_pack(&tree, &store, &request(&["/srv/data/z"])).unwrap_err();
}

#[test]
fn a_source_that_is_none_is_refused_and_nothing_stays() {
    let tree = small_tree();
    tree.lock().add(b"/srv/link", EntryKind::Symlink, b"data").unwrap();
    tree.lock().denied_folders.insert(b"/srv/data/z".to_vec());
    let mut out = String::new();
    for roots in [
        &["/srv/none"][..],
        &["/srv/link"],
        &["/srv/data/a/noise"],
        &["/srv/data/z"],
        &["/srv/data/z/deep/../.."],
        &["srv"],
        &["/srv/data/a", "/srv/data/a/"],
        &["/srv/data/a", "/srv/data/a-b", "/srv/data/a/x"],
    ] {
        let store = MemoryStore::default();
        out += &format!("{}\n", do_pack(&tree, &store, &request(roots)).unwrap_err());
        assert!(store.lock().objects.is_empty() && store.lock().uploads.is_empty());
    }
    let empty = MemoryTree::default();
    empty.lock().add(b"/e", EntryKind::Folder, b"").unwrap();
    empty.lock().add(b"/e/only a folder", EntryKind::Folder, b"").unwrap();
    let store = MemoryStore::default();
    out += &format!("{}\n", do_pack(&empty, &store, &request(&["/e"])).unwrap_err());
    assert!(store.lock().objects.is_empty() && store.lock().uploads.is_empty());
    empty.lock().add(b"/e/file", EntryKind::File, b"x").unwrap();
    empty.lock().mischief.insert(b"/e/file".to_vec(), Mischief::Denied);
    out += &format!("{}\n", do_pack(&empty, &store, &request(&["/e"])).unwrap_err());
    insta::assert_snapshot!(out, @r#"
    look at the source /srv/none: it does not exist
    look at the source /srv/link: it is a symbolic link; write the folder it points to
    look at the source /srv/data/a/noise: it is no folder; write the folder it is in
    list /srv/data/z: permission denied
    look at the source /srv/data/z/deep/../..: it holds `.` or `..`
    look at the source srv: it is not an absolute path
    look at the source /srv/data/a: it is named twice
    look at the source /srv/data/a/x: it lies in /srv/data/a
    pack /e: there is no file in it
    pack /e: none of its files could be read (1 unreadable)
    "#);
    let allowed = crate::steps::PackRequest { allow_empty: true, ..request(&["/e"]) };
    do_read_back(&store, &do_pack(&empty, &store, &allowed).unwrap()).unwrap();
}

#[test]
fn excludes_leave_out_whole_folders() {
    let tree = small_tree();
    let store = MemoryStore::default();
    let exclude = vec!["z".to_owned(), "*/no*".to_owned(), "text".to_owned()];
    let packed = do_pack(&tree, &store, &crate::steps::PackRequest { exclude, ..request(&["/srv/data"]) }).unwrap();
    do_recover(&store, &tree, &packed, None).unwrap();
    let names: Vec<_> = tree.snapshot("/back").keys().map(ToString::to_string).collect();
    assert_eq!(names, ["", "/a", "/a-b", "/a-b/text", "/a/empty"]);
}

#[test]
fn totals_count_what_a_backup_would_find() {
    let tree = small_tree();
    let roots = [super::path("/srv/data")];
    let exclude = ["a-b".to_owned()];
    let count = |tree: &MemoryTree, one_file_system| {
        let wanted = Wanted { roots: &roots, exclude: &exclude, one_file_system };
        super::run(totals(tree, &*crate::fakes::World::new(1).scratch(), wanted)).unwrap()
    };
    let totals = count(&tree, false);
    insta::assert_compact_debug_snapshot!(totals, @"WalkTotals { files: 4, folders: 4, symlinks: 1, special: 1, bytes: 200000, unreadable: 0, not_entered: 0 }");
    change(&tree, b"/srv/data/z/deep", |meta| meta.device = 7);
    let totals = count(&tree, true);
    insta::assert_compact_debug_snapshot!(totals, @"WalkTotals { files: 2, folders: 4, symlinks: 1, special: 1, bytes: 200000, unreadable: 0, not_entered: 1 }");
}

fn change(tree: &MemoryTree, path: &[u8], change: impl FnOnce(&mut Meta)) {
    let mut state = tree.lock();
    let inode = state.names[path];
    change(&mut state.inodes.get_mut(&inode).unwrap().meta);
}

#[test]
fn other_file_systems_are_entered_or_named() {
    for one_file_system in [false, true] {
        let tree = small_tree();
        for path in [&b"/srv/data"[..], b"/srv/data/z/deep"] {
            change(&tree, path, |meta| meta.device = 7);
        }
        for path in [&b"/srv/data/a"[..], b"/srv/data/a-b", b"/srv/data/z"] {
            change(&tree, path, |meta| meta.device = if path.ends_with(b"z") { 8 } else { 7 });
        }
        let store = MemoryStore::default();
        let request = crate::steps::PackRequest { one_file_system, ..request(&["/srv/data"]) };
        let packed = do_pack(&tree, &store, &request).unwrap();
        assert!(packed.clean());
        let named = if one_file_system { vec!["/srv/data/z: another file system".to_owned()] } else { vec![] };
        assert_eq!(told(&packed.not_entered), named);
        do_read_back(&store, &packed).unwrap();
        assert_eq!(do_pack(&tree, &store, &request).unwrap(), packed, "an earlier try is taken as it is");
        do_recover(&store, &tree, &packed, None).unwrap();
        let back: Vec<_> =
            tree.snapshot("/back").into_keys().filter(|path| path.as_bytes().starts_with(b"/z")).collect();
        assert_eq!(back.len(), if one_file_system { 1 } else { 5 }, "{back:?}");
        if one_file_system {
            let fault = do_recover(&store, &MemoryTree::default(), &packed, Some("z/deep")).unwrap_err();
            assert_eq!(fault.answer, "it is not in the backup: /srv/data/z is a mount point that was not entered");
        }
    }
}

/// A path that no archive of ours holds is named, and what is beside it is backed up.
#[test]
fn a_path_that_is_too_long_is_named() {
    let tree = small_tree();
    let deep = format!("/srv/data/{}", "d".repeat(crate::archive::PATH_BYTES_MAX));
    tree.lock().add(deep.as_bytes(), EntryKind::File, b"deep").unwrap();
    let store = MemoryStore::default();
    let packed = do_pack(&tree, &store, &request(&["/srv/data"])).unwrap();
    assert_eq!((packed.unread.count, packed.totals.files), (1, 3));
    assert_eq!(packed.unread.first[0].why, "its path has more than 12288 bytes, and is not stored");
    do_read_back(&store, &packed).unwrap();
}
