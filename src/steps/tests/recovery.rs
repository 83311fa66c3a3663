//! Recovering a part, several roots, and never over what is there.

use super::memory::{Inode, MemoryStore, MemoryTree};
use super::{do_pack, do_part_totals, do_recover, request, run, small_tree};
use crate::ports::{Cause, EntryKind, TreeWrite as _};
use crate::steps::Packed;

fn packed(roots: &[&str]) -> (MemoryTree, MemoryStore, Packed) {
    let (tree, store) = (small_tree(), MemoryStore::default());
    let packed = do_pack(&tree, &store, &request(roots)).unwrap();
    (tree, store, packed)
}

fn names(tree: &MemoryTree) -> Vec<String> {
    tree.snapshot("/back").keys().map(ToString::to_string).collect()
}

#[test]
fn one_path_comes_back_with_the_folders_above_it() {
    for (only, expected) in [
        ("/srv/data/a-b", &["", "/a-b", "/a-b/text"][..]),
        ("a-b/text", &["", "/a-b", "/a-b/text"]),
        ("./a//", &["", "/a", "/a/empty", "/a/noise"]),
        ("z/to", &["", "/z", "/z/to"]),
    ] {
        let (tree, store, packed) = packed(&["/srv/data"]);
        do_recover(&store, &tree, &packed, Some(only)).unwrap();
        assert_eq!(names(&tree), expected, "{only}");
        let was = tree.snapshot("/srv/data");
        let same = |(path, said): (&_, &String)| path == &super::path("/a/noise") || was[path] == *said;
        assert!(tree.snapshot("/back").iter().all(same), "{only}");
    }
}

#[test]
fn a_further_name_whose_file_is_not_chosen_becomes_the_file() {
    let (tree, store, packed) = packed(&["/srv/data"]);
    let recovered = do_recover(&store, &tree, &packed, Some("z/deep")).unwrap();
    assert_eq!((recovered.totals.files, recovered.totals.hard_links, recovered.totals.folders), (1, 1, 3));
    let (back, was) = (tree.snapshot("/back"), tree.snapshot("/srv/data"));
    assert_eq!(names(&tree), ["", "/z", "/z/deep", "/z/deep/again", "/z/deep/third"]);
    for folder in ["", "/z", "/z/deep"].map(super::path) {
        assert_eq!(back[&folder], was[&folder]);
    }
    let (again, third) = (&back[&super::path("/z/deep/again")], &back[&super::path("/z/deep/third")]);
    assert_eq!(again, third, "both are one file");
    assert_eq!(again.replace("/z/deep/again", "/a/noise"), was[&super::path("/a/noise")]);
}

#[test]
fn what_a_path_comes_to_is_known_before_it_is_recovered() {
    let tree = small_tree();
    let sparse = [vec![1; 4096], vec![0; 100 * 4096], vec![2; 4096]].concat();
    tree.lock().add(b"/srv/data/z/deep/sparse", EntryKind::File, &sparse).unwrap();
    let (store, all) = (MemoryStore::default(), tree.snapshot("/srv/data"));
    let packed = do_pack(&tree, &store, &request(&["/srv/data"])).unwrap();
    let mut spaces = std::collections::BTreeSet::new();
    for only in all.keys().map(|path| format!("/srv/data{path}")).filter(|path| !path.ends_with("pipe")) {
        let known = do_part_totals(&store, &packed, &only).unwrap();
        let made = do_recover(&store, &tree, &packed, Some(&only)).unwrap();
        assert_eq!(known, made.totals, "{only}");
        spaces.insert(known.space());
        run(tree.remove(&super::path("/back"))).unwrap();
    }
    // Nothing, the text, two ends of the sparse file, the noise, and what there is of these together.
    assert!(spaces.is_superset(&[0, 10, 8_192, 200_000, 208_192, 208_202].into()), "{spaces:?}");
    let fault = |only| do_part_totals(&store, &packed, only).unwrap_err();
    assert_eq!(
        [fault("no/such").cause, fault("z/pipe").cause, fault("..").cause],
        [Cause::NotFound, Cause::NotFound, Cause::Invalid]
    );
}

#[test]
fn several_roots_keep_their_whole_paths() {
    let (tree, store, packed) = packed(&["/srv/data/z", "/srv/data/a"]);
    do_recover(&store, &tree, &packed, None).unwrap();
    let deep = "/srv/data/z/deep";
    assert_eq!(
        names(&tree),
        [
            "",
            "/srv",
            "/srv/data",
            "/srv/data/a",
            "/srv/data/a/empty",
            "/srv/data/a/noise",
            "/srv/data/z",
            deep,
            "/srv/data/z/deep/again",
            "/srv/data/z/deep/third",
            "/srv/data/z/to"
        ]
    );
    let (tree, store, packed) = super::recovery::packed(&["/srv/data/z", "/srv/data/a"]);
    do_recover(&store, &tree, &packed, Some("/srv/data/z/deep")).unwrap();
    let expected = ["", "/srv", "/srv/data", "/srv/data/z", deep, "/srv/data/z/deep/again", "/srv/data/z/deep/third"];
    assert_eq!(names(&tree), expected);
    assert_eq!(tree.snapshot("/back/srv/data/z")[&super::path("")], tree.snapshot("/srv/data/z")[&super::path("")]);
}

#[test]
fn what_cannot_be_recovered_is_said_and_nothing_is_made() {
    let mut out = String::new();
    for (roots, only) in [
        (&["/srv/data"][..], "no/such"),
        (&["/srv/data"], "z/pipe"),
        (&["/srv/data"], "../data"),
        (&["/srv/data/a", "/srv/data/z"], "a"),
    ] {
        let (tree, store, packed) = packed(roots);
        out += &format!("{}\n", do_recover(&store, &tree, &packed, Some(only)).unwrap_err());
        assert!(tree.snapshot("/back").is_empty() && tree.snapshot("/.back-1").is_empty());
    }
    insta::assert_snapshot!(out, @r#"
    recover no/such: nothing of that path is in the backup
    recover z/pipe: it is not in the backup: a named pipe is not stored
    recover ../data: the path holds `..`
    recover a: the backup is of several folders; write the path from `/` on
    "#);
}

#[test]
fn nothing_is_overwritten() {
    let (tree, store, packed) = packed(&["/srv/data"]);
    tree.lock().add(b"/back", EntryKind::File, b"precious").unwrap();
    let before = tree.snapshot("/back");
    let fault = do_recover(&store, &tree, &packed, None).unwrap_err();
    assert_eq!(fault.cause, Cause::Exists);
    insta::assert_snapshot!(fault, @"recover into /back: something is there already, and nothing is overwritten");
    assert_eq!(tree.snapshot("/back"), before);
}

fn change(tree: &MemoryTree, path: &str, change: fn(&mut Inode)) {
    let mut state = tree.lock();
    let inode = state.names[path.as_bytes()];
    change(state.inodes.get_mut(&inode).unwrap());
}

#[test]
fn what_was_recovered_before_the_answer_was_lost_is_done_and_anything_else_is_in_the_way() {
    for only in [None, Some("z/deep"), Some("a-b/text")] {
        let (tree, store, packed) = packed(&["/srv/data"]);
        let first = do_recover(&store, &tree, &packed, only).unwrap();
        let before = tree.snapshot("/back");
        assert_eq!(do_recover(&store, &tree, &packed, only).unwrap(), first, "{only:?}");
        assert_eq!(tree.snapshot("/back"), before);
    }
    let (tree, store, packed) = packed(&["/srv/data/z", "/srv/data/a"]);
    let first = do_recover(&store, &tree, &packed, None).unwrap();
    assert_eq!(do_recover(&store, &tree, &packed, None).unwrap(), first);
    let changes: [fn(&MemoryTree); 6] = [
        |tree| change(tree, "/back/z", |inode| inode.meta.uid += 1),
        |tree| change(tree, "/back/a-b/text", |inode| inode.content = b"some t3xt\n".to_vec()),
        |tree| change(tree, "/back/a-b/text", |inode| inode.meta.mtime_ns += 1),
        |tree| change(tree, "/back/a-b", |inode| inode.meta.mode ^= 1),
        |tree| change(tree, "/back/z/to", |inode| inode.content = b"elsewhere".to_vec()),
        |tree| change(tree, "/back", |inode| inode.meta.uid += 1),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let (tree, store, packed) = self::packed(&["/srv/data"]);
        do_recover(&store, &tree, &packed, None).unwrap();
        change(&tree);
        let before = tree.snapshot("/back");
        let fault = do_recover(&store, &tree, &packed, None).unwrap_err();
        assert_eq!((fault.cause, tree.snapshot("/back")), (Cause::Exists, before), "{number}");
    }
}

#[test]
fn owners_come_back_by_their_names_where_those_are_known() {
    let tree = small_tree();
    {
        let mut state = tree.lock();
        state.users = [("web".to_owned(), 1000), ("mail".to_owned(), 8)].into();
        let inode = state.names[&b"/srv/data/a-b/text"[..]];
        let meta = &mut state.inodes.get_mut(&inode).unwrap().meta;
        (meta.uid, meta.gid) = (1000, 8);
    }
    let store = MemoryStore::default();
    let packed = do_pack(&tree, &store, &request(&["/srv/data"])).unwrap();
    // Another host: `web` has another number, there is no `mail`, and 1000 is somebody else.
    tree.lock().users = [("web".to_owned(), 33), ("other".to_owned(), 1000)].into();
    do_recover(&store, &tree, &packed, None).unwrap();
    let meta = |path: &[u8]| {
        let state = tree.lock();
        state.inodes[&state.names[path]].meta
    };
    let restored = meta(b"/back/a-b/text");
    assert_eq!((restored.uid, restored.gid), (33, 8));
    assert_eq!(meta(b"/back/a/empty").uid, 0, "a number without a name stays what it is");
    // Looked at once more, it is the same.
    do_recover(&store, &tree, &packed, None).unwrap();
}

#[test]
fn what_may_not_be_set_is_named_and_the_rest_comes_back() {
    let tree = small_tree();
    {
        let mut state = tree.lock();
        for path in [&b"/srv/data/a-b/text"[..], b"/srv/data/z", b"/srv/data/z/to"] {
            let inode = state.names[path];
            let inode = state.inodes.get_mut(&inode).unwrap();
            inode.meta.mode |= 0o6000;
            inode.xattrs.insert("user.note", "kept").unwrap();
            inode.xattrs.insert("trusted.secret", "lost").unwrap();
        }
        for inode in state.inodes.values_mut() {
            inode.meta.uid = 7;
        }
        state.refuses = ["owner".to_owned(), "trusted.secret".to_owned()].into();
    }
    let store = MemoryStore::default();
    let packed = do_pack(&tree, &store, &request(&["/srv/data"])).unwrap();
    let recovered = do_recover(&store, &tree, &packed, None).unwrap();
    assert_eq!(recovered.unset.count, recovered.totals.entries() - recovered.totals.hard_links);
    let of =
        |path: &str| recovered.unset.first.iter().find(|named| named.path == super::path(path)).unwrap().why.clone();
    assert_eq!(of("a/empty"), "owner: operation not permitted");
    assert_eq!(of("z"), "trusted.secret: operation not permitted; owner: operation not permitted");
    let back = tree.snapshot("/back");
    assert!(back[&super::path("/z")].contains("user.note") || back[&super::path("/z")].contains("117, 115, 101, 114"));
    {
        let state = tree.lock();
        let text = &state.inodes[&state.names[&b"/back/a-b/text"[..]]];
        assert_eq!(text.meta.mode & 0o6000, 0, "whose they would be, nobody asked for");
        assert_eq!((text.meta.uid, text.xattrs.get(b"user.note")), (0, Some(&b"kept"[..])));
        assert_eq!(text.xattrs.get(b"trusted.secret"), None);
    }
    // A run that was killed before it could say so finds its own work, and says again what is missing.
    let again = do_recover(&store, &tree, &packed, None).unwrap();
    assert_eq!((again.totals, again.unset.count), (recovered.totals, recovered.unset.count));
    assert_eq!(tree.snapshot("/back"), back);
}
