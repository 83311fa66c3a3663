//! What a restore that was killed left is taken up, and whatever of it is not whole is made anew.

use std::collections::BTreeMap;

use super::memory::{MemoryStore, MemoryTree};
use super::{do_pack, do_recover, path, request, small_tree};
use crate::ports::EntryKind;
use crate::primitives::PathBytes;
use crate::steps::{Packed, Recovered};

type Left = (MemoryTree, MemoryStore, Packed, Recovered, BTreeMap<PathBytes, String>);

/// A point, and all of it restored into the staging folder, as if the program had been killed just before the rename.
fn left(only: Option<&str>, roots: &[&str]) -> Left {
    let (tree, store) = (small_tree(), MemoryStore::default());
    let packed = do_pack(&tree, &store, &request(roots)).unwrap();
    let whole = do_recover(&store, &tree, &packed, only).unwrap();
    let expected = tree.snapshot("/back");
    let mut state = tree.lock();
    for name in state.below(b"/back") {
        let inode = state.names.remove(&name).unwrap();
        state.names.insert([b"/.back-1", &name[b"/back".len()..]].concat(), inode);
    }
    drop(state);
    (tree, store, packed, whole, expected)
}

#[test]
fn whole_files_stay_and_all_else_is_made_anew() {
    let (tree, store, packed, whole, expected) = left(None, &["/srv/data"]);
    {
        let mut state = tree.lock();
        state.names.remove(&b"/.back-1/a/empty"[..]);
        // As a disk leaves a file that was never synced: it has its size and its time, and not its content.
        let text = state.names[&b"/.back-1/a-b/text"[..]];
        state.inodes.get_mut(&text).unwrap().content.fill(0);
    }
    let of = |name: &str| tree.lock().names[name.as_bytes()];
    let (noise, text) = (of("/.back-1/a/noise"), of("/.back-1/a-b/text"));
    let recovered = do_recover(&store, &tree, &packed, None).unwrap();
    assert_eq!(recovered, whole, "it is told as one restore");
    assert_eq!(tree.snapshot("/back"), expected);
    assert_eq!(of("/back/a/noise"), noise, "it is the file that was there");
    assert_ne!(of("/back/a-b/text"), text);
}

#[test]
fn wherever_it_was_killed_it_ends_as_if_it_had_not_been() {
    for (only, roots) in [
        (None, &["/srv/data"][..]),
        (None, &["/srv/data/z", "/srv/data/a"]),
        (Some("z/deep"), &["/srv/data"]),
        (Some("a"), &["/srv/data"]),
    ] {
        let names: Vec<Vec<u8>> = left(only, roots).0.lock().below(b"/.back-1");
        for name in &names {
            for act in [gone, emptied, older, closed, become_a_link] {
                let (tree, store, packed, whole, expected) = left(only, roots);
                act(&tree, name);
                let recovered = do_recover(&store, &tree, &packed, only).unwrap();
                assert_eq!(recovered, whole, "{}", path(&String::from_utf8_lossy(name)));
                let same = with_members(tree.snapshot("/back")) == with_members(expected);
                assert!(same, "{}", path(&String::from_utf8_lossy(name)));
                assert!(tree.snapshot("/.back-1").is_empty());
            }
        }
    }
}

/// Without the folders above several roots, which have no members and take the time when they were made.
fn with_members(mut there: BTreeMap<PathBytes, String>) -> BTreeMap<PathBytes, String> {
    there.retain(|_, said| !said.starts_with("Folder 600 "));
    there
}

fn gone(tree: &MemoryTree, name: &[u8]) {
    let mut state = tree.lock();
    for below in state.below(name) {
        state.names.remove(&below);
    }
}

fn emptied(tree: &MemoryTree, name: &[u8]) {
    let mut state = tree.lock();
    let inode = state.names[name];
    state.inodes.get_mut(&inode).unwrap().content.clear();
}

fn older(tree: &MemoryTree, name: &[u8]) {
    let mut state = tree.lock();
    let inode = state.names[name];
    state.inodes.get_mut(&inode).unwrap().meta.mtime_s -= 1;
}

/// A mode that the file does not have, and that would keep others from filling a folder.
fn closed(tree: &MemoryTree, name: &[u8]) {
    let mut state = tree.lock();
    let inode = state.names[name];
    let meta = &mut state.inodes.get_mut(&inode).unwrap().meta;
    // What has no member is never given another mode.
    if (meta.kind, meta.mode) != (EntryKind::Folder, 0o600) {
        meta.mode = 0;
    }
}

fn become_a_link(tree: &MemoryTree, name: &[u8]) {
    let is_folder = {
        let state = tree.lock();
        state.inodes[&state.names[name]].meta.kind == EntryKind::Folder
    };
    // Nobody makes folders of this run into something else.
    if !is_folder {
        tree.lock().names.remove(name);
        tree.lock().add(name, EntryKind::Symlink, b"/etc/passwd").unwrap();
    }
}
