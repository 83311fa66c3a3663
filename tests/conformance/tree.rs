//! `TreeRead`, `TreeWrite` and `Destination`.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use sonae::drivers::Disk;
use sonae::fakes::{FakeTree, World};
use sonae::ports::{Attributes, Cause, Destination, EntryKind, Meta, TreeRead, TreeWrite};
use sonae::primitives::{DataSegment, PathBytes, Xattrs};

use super::cause;

/// A tree and the test's own hand in it.
trait Stage: Sync {
    fn tree(&self) -> &dyn TreeWrite;
    /// The path of something below the stage.
    fn path(&self, below: &[u8]) -> PathBytes;
    fn file(&self, below: &[u8], content: &[u8]);
    fn symlink(&self, below: &[u8], target: &[u8]);
    fn fifo(&self, below: &[u8]);
    fn hard_link(&self, below: &[u8], existing: &[u8]);
    fn content(&self, below: &[u8]) -> Option<Vec<u8>>;
}

struct OnDisk(tempfile::TempDir);

impl OnDisk {
    fn at(&self, below: &[u8]) -> PathBuf {
        let path = self.0.path().join(OsStr::from_bytes(below));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }
}

impl Stage for OnDisk {
    fn tree(&self) -> &dyn TreeWrite {
        &Disk
    }
    fn path(&self, below: &[u8]) -> PathBytes {
        PathBytes::from_path(self.0.path()).join(below)
    }
    fn file(&self, below: &[u8], content: &[u8]) {
        std::fs::write(self.at(below), content).unwrap();
    }
    fn symlink(&self, below: &[u8], target: &[u8]) {
        std::os::unix::fs::symlink(OsStr::from_bytes(target), self.at(below)).unwrap();
    }
    fn fifo(&self, below: &[u8]) {
        use rustix::fs::{CWD, Mode, mkfifoat};
        mkfifoat(CWD, self.at(below), Mode::RUSR).unwrap();
    }
    fn hard_link(&self, below: &[u8], existing: &[u8]) {
        std::fs::hard_link(self.at(existing), self.at(below)).unwrap();
    }
    fn content(&self, below: &[u8]) -> Option<Vec<u8>> {
        std::fs::read(self.0.path().join(OsStr::from_bytes(below))).ok()
    }
}

struct InMemory(Arc<FakeTree>);

impl InMemory {
    fn at(below: &[u8]) -> Vec<u8> {
        [b"/stage/", below].concat()
    }
}

impl Stage for InMemory {
    fn tree(&self) -> &dyn TreeWrite {
        &*self.0
    }
    fn path(&self, below: &[u8]) -> PathBytes {
        PathBytes::new("/stage").join(below)
    }
    fn file(&self, below: &[u8], content: &[u8]) {
        self.0.put_file(Self::at(below), content);
    }
    fn symlink(&self, below: &[u8], target: &[u8]) {
        self.0.put_symlink(Self::at(below), target);
    }
    fn fifo(&self, below: &[u8]) {
        self.0.put_special(Self::at(below), EntryKind::Fifo);
    }
    fn hard_link(&self, below: &[u8], existing: &[u8]) {
        self.0.put_hard_link(Self::at(below), Self::at(existing));
    }
    fn content(&self, below: &[u8]) -> Option<Vec<u8>> {
        self.0.content(Self::at(below))
    }
}

macro_rules! on_each_tree {
    ($($case:ident)*) => {
        mod disk {
            $(#[tokio::test]
            async fn $case() {
                super::$case(&super::OnDisk(tempfile::tempdir().unwrap())).await;
            })*
        }
        mod fake {
            $(#[tokio::test]
            async fn $case() {
                let tree = super::World::new(1).tree();
                tree.put_folder("/stage");
                super::$case(&super::InMemory(tree)).await;
            })*
        }
    };
}

on_each_tree! {
    what_is_there_is_told_without_following_links
    folders_are_listed_in_the_order_of_bytes
    folders_are_listed_page_by_page
    names_in_a_folder_are_looked_at_together
    files_are_read_to_their_end
    holes_are_found_and_kept
    only_regular_files_are_opened_and_pipes_do_not_block
    an_open_file_tells_what_it_is_now
    free_space_is_told_of_what_is_not_there_yet
    a_new_folder_is_made_with_its_parents_and_never_over_anything
    what_is_made_is_its_owners_alone_until_it_is_finished
    attributes_are_set_last_and_whole
    extended_attributes_are_kept_or_refused
    users_and_groups_have_names_and_numbers
    nothing_is_made_over_anything
    nothing_is_made_outside
    only_files_made_here_get_another_name
    files_are_written_whole_in_any_pieces
    renaming_never_replaces
    removing_follows_no_link
    any_name_that_bytes_can_spell_is_kept
}

fn attributes(mode: u32) -> Attributes {
    Attributes { mode, owner: None, mtime_s: 1_700_000_000, mtime_ns: 0, xattrs: Xattrs::default() }
}

fn path(text: &str) -> PathBytes {
    PathBytes::new(text)
}

async fn names(tree: &dyn TreeRead, folder: &PathBytes) -> Vec<Vec<u8>> {
    let page = tree.list(folder, None, 1000).await.unwrap();
    assert!(!page.more);
    page.iter().map(<[u8]>::to_vec).collect()
}

async fn meta(tree: &dyn TreeRead, at: &PathBytes) -> Meta {
    tree.stat(at).await.unwrap().unwrap_or_else(|| panic!("nothing is at {at}"))
}

async fn write(into: &mut dyn Destination, at: &str, content: &[u8]) {
    let mut file = into.file(&path(at)).await.unwrap();
    file.write(Bytes::copy_from_slice(content)).await.unwrap();
    file.finish(&attributes(0o644)).await.unwrap();
}

async fn what_is_there_is_told_without_following_links(stage: &dyn Stage) {
    stage.file(b"folder/file", b"four");
    stage.symlink(b"link", b"folder");
    stage.symlink(b"dangling", b"nowhere");
    stage.fifo(b"pipe");
    stage.hard_link(b"second", b"folder/file");
    let tree = stage.tree();
    let kinds = [
        ("folder", EntryKind::Folder),
        ("folder/file", EntryKind::File),
        ("link", EntryKind::Symlink),
        ("link/", EntryKind::Symlink),
        ("dangling", EntryKind::Symlink),
        ("pipe", EntryKind::Fifo),
    ];
    for (name, kind) in kinds {
        assert_eq!(meta(tree, &stage.path(name.as_bytes())).await.kind, kind, "{name}");
    }
    let (first, second) = (meta(tree, &stage.path(b"folder/file")).await, meta(tree, &stage.path(b"second")).await);
    assert_eq!((first.size, first.links), (4, 2));
    assert_eq!((first.device, first.inode), (second.device, second.inode));
    for nothing in ["nothing", "folder/nothing", "nothing/at/all", "folder/file/below"] {
        assert_eq!(tree.stat(&stage.path(nothing.as_bytes())).await.unwrap(), None, "{nothing}");
    }
    assert_eq!(tree.read_link(&stage.path(b"dangling")).await.unwrap(), path("nowhere"));
    assert_eq!(cause(tree.read_link(&stage.path(b"folder")).await), Cause::Invalid);
    assert_eq!(cause(tree.read_link(&stage.path(b"nothing")).await), Cause::NotFound);
}

async fn folders_are_listed_in_the_order_of_bytes(stage: &dyn Stage) {
    for name in [&b"f/b"[..], b"f/a-b", b"f/a/x", b"f/\xff\xfe", b"f/B", "f/あ".as_bytes(), b"f/.hidden"] {
        stage.file(name, b"");
    }
    stage.symlink(b"link", b"f");
    let names = names(stage.tree(), &stage.path(b"f")).await;
    assert_eq!(names, [&b".hidden"[..], b"B", b"a", b"a-b", b"b", "あ".as_bytes(), b"\xff\xfe"]);
    assert_eq!(cause(stage.tree().list(&stage.path(b"f/b"), None, 100).await), Cause::Invalid);
    assert_eq!(cause(stage.tree().list(&stage.path(b"link"), None, 100).await), Cause::Invalid);
    assert_eq!(cause(stage.tree().list(&stage.path(b"link/"), None, 100).await), Cause::Invalid);
    assert_eq!(cause(stage.tree().list(&stage.path(b"nothing"), None, 100).await), Cause::NotFound);
}

async fn folders_are_listed_page_by_page(stage: &dyn Stage) {
    let mut expected: Vec<Vec<u8>> = (0..200).map(|at| format!("{:x}", at * 7919 % 1000).into_bytes()).collect();
    for name in &expected {
        stage.file(&[b"f/", &name[..]].concat(), b"");
    }
    expected.sort();
    let folder = stage.path(b"f");
    for limit in [1, 3, 64, 199, 200, 201, usize::MAX] {
        let (mut found, mut after) = (Vec::new(), None::<Vec<u8>>);
        loop {
            let page = stage.tree().list(&folder, after.as_deref(), limit).await.unwrap();
            assert_eq!(page.len(), limit.min(200 - found.len()), "{limit}");
            found.extend(page.iter().map(<[u8]>::to_vec));
            assert_eq!(page.more, found.len() < 200, "{limit}");
            if !page.more {
                break;
            }
            after = found.last().cloned();
        }
        assert_eq!(found, expected, "{limit}");
    }
    // What is between two names, or behind all of them, need not be there itself.
    let behind = stage.tree().list(&folder, Some(b"zzz"), 5).await.unwrap();
    assert_eq!((behind.len(), behind.more), (0, false));
    let none = stage.tree().list(&folder, None, 0).await.unwrap();
    assert_eq!((none.len(), none.more), (0, true));
}

async fn names_in_a_folder_are_looked_at_together(stage: &dyn Stage) {
    for name in ["f/a", "f/b/c"] {
        stage.file(name.as_bytes(), b"text");
    }
    stage.symlink(b"f/link", b"a");
    let folder = stage.path(b"f");
    let names: Vec<Vec<u8>> = ["link", "nothing", "b", "a"].map(|name| name.as_bytes().to_vec()).into();
    let found = stage.tree().look(&folder, &names).await.unwrap();
    assert_eq!(found.len(), names.len());
    for (name, found) in names.iter().zip(found) {
        assert_eq!(found.unwrap(), stage.tree().stat(&folder.join(name)).await.unwrap());
    }
    assert_eq!(cause(stage.tree().look(&stage.path(b"f/a"), &names).await), Cause::Invalid);
    assert_eq!(cause(stage.tree().look(&stage.path(b"f/link"), &names).await), Cause::Invalid);
    assert_eq!(cause(stage.tree().look(&stage.path(b"nothing"), &names).await), Cause::NotFound);
}

async fn files_are_read_to_their_end(stage: &dyn Stage) {
    for length in [0, 1, 4095, 4096, 262_143, 262_144, 262_145, 700_000] {
        let content: Vec<u8> = (0..length).map(|at: u32| (at / 7 % 251) as u8).collect();
        stage.file(b"file", &content);
        for limit in [1000, 65_536, 1 << 20, usize::MAX] {
            let mut file = stage.tree().open(&stage.path(b"file")).await.unwrap();
            let mut read = Vec::new();
            loop {
                let bytes = file.read(limit).await.unwrap();
                assert!(bytes.len() <= limit);
                if bytes.is_empty() {
                    break;
                }
                read.extend_from_slice(&bytes);
            }
            assert!(read == content, "{length} bytes by {limit}");
            assert!(file.read(limit).await.unwrap().is_empty(), "it stays at the end");
        }
    }
}

async fn holes_are_found_and_kept(stage: &dyn Stage) {
    const MIB: usize = 1 << 20;
    let mut into = stage.tree().create(&stage.path(b"d")).await.unwrap();
    // Data and holes by turns, in mebibytes; a negative one is a hole.
    let shapes: [(&str, &[i32]); 5] = [
        ("between", &[1, -2, 1]),
        ("ends", &[-1, 1, -3]),
        ("none", &[2]),
        ("all", &[-2]),
        ("many", &[1, -1, 1, -2, 1, -1, 1]),
    ];
    for (name, shape) in shapes {
        let mut file = into.file(&path(name)).await.unwrap();
        let mut content = Vec::new();
        for length in shape {
            let bytes = vec![u8::from(*length > 0); length.unsigned_abs() as usize * MIB];
            match length {
                1.. => file.write(Bytes::from(bytes.clone())).await.unwrap(),
                _ => file.hole(bytes.len() as u64).await.unwrap(),
            }
            content.extend(bytes);
        }
        file.hole(0).await.unwrap();
        assert!(file.finish(&attributes(0o600)).await.unwrap().is_empty());
        let at = stage.path(b"d").join(name.as_bytes());
        assert!(stage.content(format!("d/{name}").as_bytes()).unwrap() == content, "{name}");
        let mut file = stage.tree().open(&at).await.unwrap();
        let segments = file.segments(100).await.unwrap();
        assert_eq!(segments, DataSegment::of_content(&content, 4096), "{name}: does this file system know holes?");
        let data = DataSegment::total(&segments);
        assert_eq!(file.opened().size, content.len() as u64);
        assert!(file.opened().allocated >= data && file.opened().allocated < data + 65_536, "{name}");
        for segment in segments.iter().rev() {
            file.seek(segment.offset + 5);
            let read = file.read(1000).await.unwrap();
            assert!(!read.is_empty() && read.iter().all(|byte| *byte == 1), "{name}");
        }
        // Fewer are the same, with the shortest holes for data.
        let fewest = file.segments(2).await.unwrap();
        assert_eq!(fewest, DataSegment::fewest(segments, 2), "{name}");
        assert_eq!(file.read(1).await.unwrap(), content[..1], "reading begins anew");
        file.seek(content.len() as u64 + 7);
        assert!(file.read(10).await.unwrap().is_empty());
    }
    let mut file = into.file(&path("too long")).await.unwrap();
    assert_eq!(cause(file.hole(u64::MAX).await), Cause::Invalid);
}

async fn only_regular_files_are_opened_and_pipes_do_not_block(stage: &dyn Stage) {
    stage.file(b"folder/file", b"");
    stage.symlink(b"link", b"folder/file");
    stage.fifo(b"pipe");
    for other in ["folder", "link", "pipe"] {
        assert_eq!(cause(stage.tree().open(&stage.path(other.as_bytes())).await), Cause::Invalid, "{other}");
    }
    assert_eq!(cause(stage.tree().open(&stage.path(b"nothing")).await), Cause::NotFound);
}

async fn an_open_file_tells_what_it_is_now(stage: &dyn Stage) {
    stage.file(b"file", b"short");
    let mut file = stage.tree().open(&stage.path(b"file")).await.unwrap();
    assert_eq!(file.stat().await.unwrap(), meta(stage.tree(), &stage.path(b"file")).await);
    stage.file(b"file", b"now it is longer");
    assert_eq!((file.stat().await.unwrap().size, file.opened().size), (16, 5));
    stage.file(b"folder/file", b"of a folder");
    let mut file = stage.tree().open(&stage.path(b"folder/file")).await.unwrap();
    stage.tree().remove(&stage.path(b"folder")).await.unwrap();
    assert_eq!(file.read(100).await.unwrap(), "of a folder");
    // Small files are looked at when their end is read, which their opening may do.
    assert!(file.stat().await.unwrap().links <= 1);
    assert_eq!(file.stat().await.unwrap().links, 0);
}

async fn free_space_is_told_of_what_is_not_there_yet(stage: &dyn Stage) {
    stage.file(b"file", b"");
    for at in ["", "file", "not/there/yet", "file/below"] {
        assert!(stage.tree().free(&stage.path(at.as_bytes())).await.unwrap() > 0, "{at}");
    }
}

async fn a_new_folder_is_made_with_its_parents_and_never_over_anything(stage: &dyn Stage) {
    stage.file(b"file", b"");
    stage.symlink(b"dangling", b"nowhere");
    stage.tree().create(&stage.path(b"new/one/deep")).await.unwrap();
    for made in ["new", "new/one", "new/one/deep"] {
        let made = meta(stage.tree(), &stage.path(made.as_bytes())).await;
        assert_eq!((made.kind, made.mode & 0o777), (EntryKind::Folder, 0o700));
    }
    for taken in ["file", "dangling", "new/one", "new/one/deep", "new/one/deep/"] {
        assert_eq!(cause(stage.tree().create(&stage.path(taken.as_bytes())).await), Cause::Exists, "{taken}");
    }
    assert_eq!(cause(stage.tree().create(&stage.path(b"file/below")).await), Cause::Invalid);
}

async fn what_is_made_is_its_owners_alone_until_it_is_finished(stage: &dyn Stage) {
    let mut into = stage.tree().create(&stage.path(b"d")).await.unwrap();
    into.folder(&path("folder")).await.unwrap();
    let file = into.file(&path("folder/file")).await.unwrap();
    assert_eq!(meta(stage.tree(), &stage.path(b"d/folder")).await.mode, 0o700);
    assert_eq!(meta(stage.tree(), &stage.path(b"d/folder/file")).await.mode, 0o600);
    file.finish(&attributes(0o444)).await.unwrap();
    assert_eq!(meta(stage.tree(), &stage.path(b"d/folder/file")).await.mode, 0o444);
    into.sync().await.unwrap();
}

async fn attributes_are_set_last_and_whole(stage: &dyn Stage) {
    let mut into = stage.tree().create(&stage.path(b"d")).await.unwrap();
    let made = meta(stage.tree(), &stage.path(b"d")).await;
    let wanted = Attributes {
        mode: 0o6755,
        owner: Some((made.uid, made.gid)),
        mtime_s: -1,
        mtime_ns: 999_999_999,
        xattrs: Xattrs::default(),
    };
    let mut file = into.file(&path("program")).await.unwrap();
    file.write(Bytes::from_static(b"#!")).await.unwrap();
    file.finish(&wanted).await.unwrap();
    into.folder(&path("folder")).await.unwrap();
    into.symlink(&path("folder/link"), &path("../program")).await.unwrap();
    into.set(&path("folder/link"), &Attributes { mtime_s: 77, mtime_ns: 1, ..wanted.clone() }).await.unwrap();
    let of_folder = Attributes { mode: 0o1555, mtime_s: -62_135_596_800, mtime_ns: 0, ..wanted.clone() };
    // Some file systems begin time in 1901 (ext4 with small inodes); this one may not hold the year 1.
    let of_folder = Attributes { mtime_s: of_folder.mtime_s.max(-2_000_000_000), ..of_folder };
    into.set(&path("folder"), &of_folder).await.unwrap();
    into.set(&path(""), &Attributes { mode: 0o750, ..wanted.clone() }).await.unwrap();
    let expected = [
        ("d/program", 0o6755, -1, 999_999_999),
        ("d/folder/link", 0o777, 77, 1),
        ("d/folder", 0o1555, -2_000_000_000, 0),
        ("d", 0o750, -1, 999_999_999),
    ];
    for (name, mode, mtime_s, mtime_ns) in expected {
        let found = meta(stage.tree(), &stage.path(name.as_bytes())).await;
        assert_eq!((found.mode, found.mtime_s, found.mtime_ns), (mode, mtime_s, mtime_ns), "{name}");
        assert_eq!((found.uid, found.gid), (made.uid, made.gid), "{name}");
    }
    assert_eq!(cause(into.set(&path("program"), &wanted).await), Cause::Invalid);
    assert_eq!(cause(into.set(&path("nothing"), &wanted).await), Cause::NotFound);
    let file = into.file(&path("late")).await.unwrap();
    assert_eq!(cause(file.finish(&Attributes { mtime_ns: 1_000_000_000, ..wanted.clone() }).await), Cause::Invalid);
}

async fn extended_attributes_are_kept_or_refused(stage: &dyn Stage) {
    let mut xattrs = Xattrs::default();
    xattrs.insert("user.note", "text").unwrap();
    xattrs.insert(&b"user.\xff=%\n"[..], &b"\0\xff"[..]).unwrap();
    xattrs.insert("user.long", vec![7; 300]).unwrap();
    let wanted = Attributes { xattrs: xattrs.clone(), ..attributes(0o400) };
    let mut into = stage.tree().create(&stage.path(b"d")).await.unwrap();
    let file = into.file(&path("file")).await.unwrap();
    let mut refused = vec![("file", file.finish(&wanted).await.unwrap())];
    into.folder(&path("folder")).await.unwrap();
    into.symlink(&path("link"), &path("file")).await.unwrap();
    for name in ["folder", "link", ""] {
        refused.push((name, into.set(&path(name), &wanted).await.unwrap()));
    }
    for (name, refused) in refused {
        let at = stage.path(b"d").join(name.as_bytes());
        let found = stage.tree().xattrs(&at).await.unwrap();
        assert!(found.unread.is_empty());
        // Not every file system has such attributes, and Linux lets users put none on links (xattr(7)).
        let expected = if refused.is_empty() { xattrs.clone() } else { Xattrs::default() };
        assert_eq!(found.kept, expected, "{name}");
        assert!(refused.is_empty() || refused.len() == 3, "{refused:?}");
        assert!(refused.iter().all(|refused| refused.what.starts_with("user.") && !refused.why.is_empty()));
        // What was refused did not keep the rest from being set.
        assert_eq!(meta(stage.tree(), &at).await.mtime_s, 1_700_000_000, "{name}");
    }
    let mut file = stage.tree().open(&stage.path(b"d/file")).await.unwrap();
    let by_path = stage.tree().xattrs(&stage.path(b"d/file")).await.unwrap();
    assert_eq!(file.xattrs().await.unwrap(), by_path);
    stage.file(b"plain", b"");
    assert!(stage.tree().xattrs(&stage.path(b"plain")).await.unwrap().kept.is_empty());
    assert_eq!(cause(stage.tree().xattrs(&stage.path(b"nothing")).await), Cause::NotFound);
}

async fn users_and_groups_have_names_and_numbers(stage: &dyn Stage) {
    let tree = stage.tree();
    let user = tree.user_name(0).await.unwrap().unwrap();
    let group = tree.group_name(0).await.unwrap().unwrap();
    assert_eq!((tree.uid(&user).await.unwrap(), tree.gid(&group).await.unwrap()), (Some(0), Some(0)));
    let nobody = u32::MAX - 7;
    assert_eq!((tree.user_name(nobody).await.unwrap(), tree.group_name(nobody).await.unwrap()), (None, None));
    assert_eq!((tree.uid("no such user").await.unwrap(), tree.gid("no such group").await.unwrap()), (None, None));
}

async fn nothing_is_made_over_anything(stage: &dyn Stage) {
    let mut into = stage.tree().create(&stage.path(b"d")).await.unwrap();
    into.folder(&path("folder")).await.unwrap();
    write(&mut *into, "file", b"kept").await;
    into.symlink(&path("link"), &path("nowhere")).await.unwrap();
    for taken in ["folder", "file", "link"] {
        let at = path(taken);
        assert_eq!(cause(into.folder(&at).await), Cause::Exists, "folder over {taken}");
        assert_eq!(cause(into.file(&at).await), Cause::Exists, "file over {taken}");
        assert_eq!(cause(into.symlink(&at, &path("x")).await), Cause::Exists, "link over {taken}");
        assert_eq!(cause(into.hard_link(&at, &path("file")).await), Cause::Exists, "name over {taken}");
    }
    assert_eq!(stage.content(b"d/file").unwrap(), b"kept");
    assert_eq!(stage.content(b"d/nowhere"), None);
}

async fn nothing_is_made_outside(stage: &dyn Stage) {
    stage.file(b"outside/file", b"theirs");
    let mut into = stage.tree().create(&stage.path(b"d")).await.unwrap();
    let outside = stage.path(b"outside");
    into.symlink(&path("absolute"), &outside).await.unwrap();
    into.symlink(&path("relative"), &path("../outside")).await.unwrap();
    into.symlink(&path("itself"), &path(".")).await.unwrap();
    write(&mut *into, "file", b"").await;
    let absolute = outside.join(b"new");
    let escapes = ["", ".", "..", "../new", "a/../../new", "absolute/new", "relative/new", "itself/new", "file/new"];
    let doubtful = ["/new", "//new", "new/", "folder//new", "./new", "folder/./new", "folder/..", "new\0"];
    into.folder(&path("folder")).await.unwrap();
    for bad in escapes.into_iter().chain(doubtful).map(path).chain([absolute]) {
        assert_eq!(cause(into.folder(&bad).await), Cause::Invalid, "folder {bad}");
        assert_eq!(cause(into.file(&bad).await), Cause::Invalid, "file {bad}");
        assert_eq!(cause(into.symlink(&bad, &path("x")).await), Cause::Invalid, "link {bad}");
        assert_eq!(cause(into.hard_link(&bad, &path("file")).await), Cause::Invalid, "name {bad}");
        if !bad.as_bytes().is_empty() {
            assert_eq!(cause(into.set(&bad, &attributes(0)).await), Cause::Invalid, "set {bad}");
        }
        assert_eq!(cause(into.hard_link(&path("stolen"), &bad).await), Cause::Invalid, "name for {bad}");
    }
    assert_eq!(cause(into.hard_link(&path("stolen"), &path("relative/file")).await), Cause::Invalid);
    assert_eq!(cause(into.file(&path("missing/new")).await), Cause::NotFound);
    assert_eq!(names(stage.tree(), &outside).await, [b"file"]);
    assert_eq!(meta(stage.tree(), &outside.join(b"file")).await.links, 1);
    assert_eq!(names(stage.tree(), &stage.path(b"d")).await.len(), 5);
}

async fn only_files_made_here_get_another_name(stage: &dyn Stage) {
    let mut into = stage.tree().create(&stage.path(b"d")).await.unwrap();
    into.folder(&path("folder")).await.unwrap();
    write(&mut *into, "folder/file", b"one").await;
    into.symlink(&path("link"), &path("folder/file")).await.unwrap();
    into.hard_link(&path("other"), &path("folder/file")).await.unwrap();
    let (first, second) = (stage.path(b"d/folder/file"), stage.path(b"d/other"));
    let (first, second) = (meta(stage.tree(), &first).await, meta(stage.tree(), &second).await);
    assert_eq!((first.inode, first.links), (second.inode, 2));
    assert_eq!(cause(into.hard_link(&path("a"), &path("link")).await), Cause::Invalid);
    assert_eq!(cause(into.hard_link(&path("a"), &path("folder")).await), Cause::Invalid);
    assert_eq!(cause(into.hard_link(&path("a"), &path("nothing")).await), Cause::NotFound);
    assert_eq!(stage.tree().stat(&stage.path(b"d/a")).await.unwrap(), None);
}

async fn files_are_written_whole_in_any_pieces(stage: &dyn Stage) {
    let mut into = stage.tree().create(&stage.path(b"d")).await.unwrap();
    let content: Vec<u8> = (0..1_000_000_u32).map(|at| (at / 3 % 253) as u8).collect();
    for (name, piece) in [("big", 400_000), ("middle", 100_000), ("small", 9999)] {
        let mut file = into.file(&path(name)).await.unwrap();
        for part in content.chunks(piece) {
            file.write(Bytes::copy_from_slice(part)).await.unwrap();
        }
        file.finish(&attributes(0o600)).await.unwrap();
        assert!(stage.content(format!("d/{name}").as_bytes()).unwrap() == content, "{name}");
    }
    into.file(&path("empty")).await.unwrap().finish(&attributes(0o600)).await.unwrap();
    assert_eq!(stage.content(b"d/empty").unwrap(), b"");
}

async fn renaming_never_replaces(stage: &dyn Stage) {
    stage.file(b"a/file", b"a");
    stage.file(b"b/file", b"b");
    stage.symlink(b"dangling", b"nowhere");
    stage.tree().create(&stage.path(b"empty")).await.unwrap();
    for taken in ["b", "b/file", "dangling", "empty"] {
        let taken = stage.path(taken.as_bytes());
        assert_eq!(cause(stage.tree().rename(&stage.path(b"a"), &taken).await), Cause::Exists, "{taken}");
        assert_eq!(cause(stage.tree().rename(&stage.path(b"a/file"), &taken).await), Cause::Exists, "{taken}");
    }
    assert_eq!(cause(stage.tree().rename(&stage.path(b"nothing"), &stage.path(b"c")).await), Cause::NotFound);
    assert_eq!(cause(stage.tree().rename(&stage.path(b"a"), &stage.path(b"a/below")).await), Cause::Invalid);
    stage.tree().rename(&stage.path(b"a"), &stage.path(b"b/moved")).await.unwrap();
    stage.tree().settle(&stage.path(b"b/moved")).await.unwrap();
    assert_eq!(cause(stage.tree().settle(&stage.path(b"a")).await), Cause::NotFound);
    assert_eq!(stage.content(b"b/moved/file").unwrap(), b"a");
    assert_eq!(stage.tree().stat(&stage.path(b"a")).await.unwrap(), None);
    assert_eq!(stage.content(b"b/file").unwrap(), b"b");
}

async fn removing_follows_no_link(stage: &dyn Stage) {
    stage.file(b"outside/file", b"theirs");
    for at in 0..300 {
        stage.file(format!("d/folder/below/{at}").as_bytes(), b"");
    }
    stage.symlink(b"d/folder/link", stage.path(b"outside").as_bytes());
    stage.symlink(b"link", b"outside");
    stage.fifo(b"d/pipe");
    let mut into = stage.tree().create(&stage.path(b"d/closed")).await.unwrap();
    write(&mut *into, "file", b"").await;
    into.set(&path(""), &attributes(0)).await.unwrap();
    assert_eq!(cause(stage.tree().remove(&stage.path(b"link")).await), Cause::Invalid);
    assert_eq!(cause(stage.tree().remove(&stage.path(b"outside/file")).await), Cause::Invalid);
    stage.tree().remove(&stage.path(b"d")).await.unwrap();
    assert_eq!(stage.tree().stat(&stage.path(b"d")).await.unwrap(), None);
    stage.tree().remove(&stage.path(b"d")).await.unwrap();
    assert_eq!(stage.content(b"outside/file").unwrap(), b"theirs");
}

async fn any_name_that_bytes_can_spell_is_kept(stage: &dyn Stage) {
    let mut into = stage.tree().create(&stage.path(b"d")).await.unwrap();
    let names = [&b"\xff\xfe\x80"[..], b"new\nline", b" ", b"...", b"-rf", "名前".as_bytes(), &[b'x'; 255]];
    for name in names {
        let file = into.file(&PathBytes::new(name)).await.unwrap();
        file.finish(&attributes(0o600)).await.unwrap();
    }
    let link = PathBytes::new(&b"\xe3link"[..]);
    into.symlink(&link, &PathBytes::new(&b"\xe3target"[..])).await.unwrap();
    let mut found = self::names(stage.tree(), &stage.path(b"d")).await;
    found.retain(|name| name != link.as_bytes());
    let mut expected: Vec<Vec<u8>> = names.iter().map(|name| name.to_vec()).collect();
    expected.sort();
    assert_eq!(found, expected);
    let target = stage.tree().read_link(&stage.path(b"d").join(link.as_bytes())).await.unwrap();
    assert_eq!(target.as_bytes(), b"\xe3target");
}
