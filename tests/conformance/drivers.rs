//! What the drivers promise beyond their ports.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use bytes::Bytes;
use sonae::drivers::{Disk, LocalStore, StateFolder, SystemClock};
use sonae::ports::{
    Attributes, Cause, Clock as _, JournalRead as _, JournalWrite as _, Locks as _, PutMode, StorePlace,
    StoreRead as _, StoreWrite as _, TreeRead as _, TreeWrite as _,
};
use sonae::primitives::{Key, PathBytes, RunId, Xattrs};

use super::cause;

fn mode(path: &Path) -> u32 {
    std::fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

fn key(text: &str) -> Key {
    Key::parse(text).unwrap()
}

async fn put(store: &LocalStore, at: &str) {
    let upload = store.begin(&key(at)).await.unwrap();
    store.part(&upload, 1, Bytes::from_static(b"x")).await.unwrap();
    store.finish(&upload, 1, PutMode::IfAbsent).await.unwrap();
}

#[tokio::test]
async fn reading_creates_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::new(folder.path().join("store"));
    store.list("", None, 1).await.unwrap();
    store.uploads("").await.unwrap();
    store.head(&key("a")).await.unwrap();
    store.delete(&key("a/b")).await.unwrap();
    let state = StateFolder::new(folder.path().join("state"));
    state.runs().await.unwrap();
    state.lines(&RunId::parse("20260301T053000Z-00000001").unwrap()).await.unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_place_is_the_same_by_whatever_way_it_is_reached_and_before_it_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().canonicalize().unwrap();
    std::fs::create_dir(real.join("a")).unwrap();
    std::os::unix::fs::symlink("a", real.join("link")).unwrap();
    std::os::unix::fs::symlink("nowhere", real.join("dangling")).unwrap();
    let is = |written: &str, place: &str| {
        let (written, place) = (real.join(written), PathBytes::from_path(real.join(place)));
        async move {
            let path = PathBytes::from_path(&written);
            assert_eq!(Disk.real(&path).await.unwrap(), place);
            assert_eq!(LocalStore::new(&written).real_place().await.unwrap(), StorePlace::Folder(place));
        }
    };
    for _ in 0..2 {
        is("link/b/c", "a/b/c").await;
        is("link/../a/b/", "a/b").await;
        is("dangling/x", "dangling/x").await;
        std::fs::create_dir_all(real.join("a/b/c")).unwrap();
    }
    std::fs::write(real.join("file"), "").unwrap();
    is("file/below", "file/below").await;
}

#[tokio::test]
async fn what_is_made_is_its_owners_alone() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("above/store");
    let store = LocalStore::new(&root);
    put(&store, "a/b/c").await;
    store.begin(&key("a/b/d")).await.unwrap();
    let state = StateFolder::new(folder.path().join("state"));
    state.append(&RunId::parse("20260301T053000Z-00000001").unwrap(), "{}").await.unwrap();
    let _held = state.try_lock("r").await.unwrap();
    state.leave_note("r", "7").await.unwrap();
    state.identity().await.unwrap();
    let mut left = vec![folder.path().join("above"), folder.path().join("state")];
    let mut files = 0;
    while let Some(path) = left.pop() {
        if path.is_dir() {
            assert_eq!(mode(&path), 0o700, "{}", path.display());
            left.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            assert_eq!(mode(&path), 0o600, "{}", path.display());
            files += 1;
        }
    }
    assert_eq!(files, 5);
}

#[tokio::test]
async fn a_note_stands_at_a_lock_until_another_holder_takes_it() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateFolder::new(folder.path().join("state"));
    let note = async || state.note("a/b").await.unwrap();
    assert_eq!(note().await, None, "reading makes nothing");
    assert!(!folder.path().join("state").exists());
    let held = state.try_lock("a/b").await.unwrap();
    state.leave_note("a/b", &"long".repeat(100)).await.unwrap();
    state.leave_note("a/b", "run 7").await.unwrap();
    assert_eq!(note().await.as_deref(), Some("run 7"));
    assert!(state.try_lock("a/b").await.unwrap().is_none(), "it is the same lock");
    assert_eq!(note().await.as_deref(), Some("run 7"), "who was turned away took nothing");
    drop(held);
    let _other = state.try_lock("a/b").await.unwrap();
    assert_eq!(note().await, None);
    state.leave_note("a/b", &"long".repeat(10_000)).await.unwrap();
    assert_eq!(note().await, None, "it is no note");
}

#[tokio::test]
async fn a_state_folder_is_told_from_every_other_and_its_copy_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let identity = async |name: &str| StateFolder::new(folder.path().join(name)).identity().await.unwrap();
    let first = identity("a/b").await;
    assert_eq!((first.len(), identity("a/b").await), (32, first.clone()));
    assert_ne!(identity("c").await, first);
    std::fs::copy(folder.path().join("a/b/identity"), folder.path().join("c/identity")).unwrap();
    assert_eq!(identity("c").await, first);
    for damaged in ["", "no number", &"é".repeat(16)] {
        std::fs::write(folder.path().join("c/identity"), damaged).unwrap();
        assert_eq!(identity("c").await.len(), 32, "{damaged}");
    }
    assert_eq!(std::fs::read_dir(folder.path().join("c")).unwrap().count(), 1, "nothing is left over");
}

#[tokio::test]
async fn links_and_foreign_files_in_a_store_are_no_objects() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("store");
    let store = LocalStore::new(&root);
    put(&store, "a/real").await;
    std::fs::create_dir(folder.path().join("outside")).unwrap();
    std::fs::write(folder.path().join("outside/secret"), b"theirs").unwrap();
    std::os::unix::fs::symlink("../outside", root.join("linked")).unwrap();
    std::os::unix::fs::symlink("../../outside/secret", root.join("a/link")).unwrap();
    std::fs::write(root.join("a/.hidden"), b"").unwrap();
    std::fs::write(root.join("a/with space"), b"").unwrap();
    std::fs::create_dir(root.join(".trash")).unwrap();
    std::fs::write(root.join(".trash/x"), b"").unwrap();
    let page = store.list("", None, 10).await.unwrap();
    assert_eq!(page.objects.iter().map(|object| object.key.as_str()).collect::<Vec<_>>(), ["a/real"]);
    for not_one in ["linked/secret", "a/link", "linked"] {
        assert_eq!(store.head(&key(not_one)).await.unwrap(), None, "{not_one}");
        assert_eq!(cause(store.read(&key(not_one), 0, 1).await), Cause::NotFound, "{not_one}");
        store.delete(&key(not_one)).await.unwrap();
    }
    assert_eq!(cause(store.begin(&key("linked/new")).await), Cause::Invalid);
    assert_eq!(std::fs::read_dir(folder.path().join("outside")).unwrap().count(), 1);
    let upload = store.begin(&key("a/link")).await.unwrap();
    assert_eq!(cause(store.finish(&upload, 0, PutMode::IfAbsent).await), Cause::Invalid);
    assert!(root.join("a/link").is_symlink() && root.join("linked").is_symlink());
}

#[tokio::test]
async fn a_folder_cannot_hold_a_key_below_another() {
    let folder = tempfile::tempdir().unwrap();
    let store = LocalStore::new(folder.path());
    put(&store, "a/b").await;
    assert_eq!(cause(store.begin(&key("a/b/c")).await), Cause::Invalid);
    for mode in [PutMode::IfAbsent, PutMode::Replace] {
        let upload = store.begin(&key("a")).await.unwrap();
        assert_eq!(cause(store.finish(&upload, 0, mode).await), Cause::Invalid);
    }
    assert_eq!(&store.read(&key("a/b"), 0, 1).await.unwrap()[..], b"x");
}

#[tokio::test]
async fn emptied_folders_go_and_the_root_stays() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("store");
    let store = LocalStore::new(&root);
    put(&store, "a/b/c").await;
    put(&store, "a/d").await;
    store.delete(&key("a/b/c")).await.unwrap();
    assert!(!root.join("a/b").exists() && root.join("a/d").exists());
    store.delete(&key("a/d")).await.unwrap();
    assert_eq!(std::fs::read_dir(&root).unwrap().count(), 0);
    assert!(root.exists());
}

#[tokio::test]
async fn another_process_finds_what_one_left_behind() {
    let folder = tempfile::tempdir().unwrap();
    let dead = LocalStore::new(folder.path());
    let upload = dead.begin(&key("a/b")).await.unwrap();
    dead.part(&upload, 1, Bytes::from_static(b"half")).await.unwrap();
    let next = LocalStore::new(folder.path());
    assert_eq!(next.uploads("a/").await.unwrap(), std::slice::from_ref(&upload));
    assert_eq!(cause(next.part(&upload, 2, Bytes::new()).await), Cause::NotFound);
    next.abort(&upload).await.unwrap();
    assert_eq!(next.uploads("").await.unwrap(), []);
    assert_eq!(cause(dead.finish(&upload, 1, PutMode::IfAbsent).await), Cause::NotFound);
}

#[tokio::test]
async fn a_root_that_is_no_folder_is_a_fault_and_not_empty() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("file");
    std::fs::write(&root, b"").unwrap();
    let store = LocalStore::new(&root);
    assert_eq!(cause(store.list("", None, 1).await), Cause::Invalid);
    assert_eq!(cause(store.head(&key("a")).await), Cause::Invalid);
    assert_eq!(cause(store.begin(&key("a")).await), Cause::Invalid);
}

#[tokio::test]
async fn a_torn_last_line_was_never_written() {
    let folder = tempfile::tempdir().unwrap();
    let run = RunId::parse("20260301T053000Z-00000001").unwrap();
    StateFolder::new(folder.path()).append(&run, "whole").await.unwrap();
    let path = folder.path().join("runs/20260301T053000Z-00000001.jsonl");
    for torn in ["to".to_owned(), "x".repeat(10_000)] {
        let mut text = std::fs::read(&path).unwrap();
        text.extend_from_slice(torn.as_bytes());
        std::fs::write(&path, text).unwrap();
        let state = StateFolder::new(folder.path());
        assert!(!state.lines(&run).await.unwrap().unwrap().contains(&torn));
        state.append(&run, "next").await.unwrap();
        assert!(std::fs::read_to_string(&path).unwrap().ends_with("whole\nnext\n"));
        std::fs::write(&path, "whole\n").unwrap();
    }
    std::fs::write(&path, "only torn").unwrap();
    let state = StateFolder::new(folder.path());
    assert_eq!(state.lines(&run).await.unwrap().unwrap(), [""; 0]);
    state.append(&run, "first").await.unwrap();
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "first\n");
    std::fs::write(folder.path().join("runs/notes.txt"), "").unwrap();
    assert_eq!(state.runs().await.unwrap(), [run]);
}

#[tokio::test]
async fn reading_leaves_the_access_time_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    std::fs::write(&path, b"read me").unwrap();
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1000);
    let times = std::fs::FileTimes::new().set_accessed(long_ago);
    std::fs::File::options().write(true).open(&path).unwrap().set_times(times).unwrap();
    let mut file = Disk.open(&PathBytes::from_path(&path)).await.unwrap();
    assert_eq!(file.read(100).await.unwrap(), "read me");
    assert_eq!(std::fs::metadata(&path).unwrap().atime(), 1000);
}

#[tokio::test]
async fn a_path_may_be_longer_than_a_call_takes() {
    let folder = tempfile::tempdir().unwrap();
    let top = PathBytes::from_path(folder.path().join("d"));
    let into = Disk.create(&top).await.unwrap();
    let mut deep = PathBytes::default();
    while deep.as_bytes().len() < 10_000 {
        let name = "n".repeat(1 + deep.as_bytes().len() % 255);
        deep = if deep.as_bytes().is_empty() { PathBytes::new(name) } else { deep.join(name.as_bytes()) };
        into.folder(&deep).await.unwrap();
    }
    let mut xattrs = Xattrs::default();
    xattrs.insert("user.note", "deep").unwrap();
    let attributes = Attributes { mode: 0o640, owner: None, mtime_s: 1, mtime_ns: 2, xattrs };
    let mut file = into.file(&deep.join(b"file")).await.unwrap();
    file.write(Bytes::from_static(b"at the bottom")).await.unwrap();
    let refused = file.finish(&attributes).await.unwrap();
    into.symlink(&deep.join(b"link"), &PathBytes::new("file")).await.unwrap();
    let at = top.join(deep.as_bytes());
    assert_eq!(Disk.stat(&at.join(b"file")).await.unwrap().unwrap().mode, 0o640);
    assert_eq!(Disk.stat(&at.join(b"nothing")).await.unwrap(), None);
    assert_eq!(Disk.stat(&at.join(&[b'x'; 256])).await.unwrap_err().cause, Cause::Invalid);
    let names = Disk.list(&at, None, 10).await.unwrap();
    assert_eq!(names.iter().collect::<Vec<_>>(), [b"file", b"link"]);
    assert!(Disk.look(&at, &[b"link".to_vec()]).await.unwrap()[0].as_ref().unwrap().is_some());
    assert_eq!(Disk.read_link(&at.join(b"link")).await.unwrap(), PathBytes::new("file"));
    let kept = Disk.xattrs(&at.join(b"file")).await.unwrap().kept;
    assert_eq!((kept.is_empty(), refused.is_empty()), (!refused.is_empty(), refused.is_empty()));
    let mut file = Disk.open(&at.join(b"file")).await.unwrap();
    assert_eq!(file.read(100).await.unwrap(), "at the bottom");
    Disk.remove(&top).await.unwrap();
}

#[tokio::test]
async fn the_clock_tells_the_time() {
    let before = std::time::SystemTime::now();
    let told = std::time::SystemTime::from(SystemClock.now());
    assert!(before <= told && told <= std::time::SystemTime::now());
}
