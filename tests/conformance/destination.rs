//! `TreeWrite` and `Destination`.

use bytes::Bytes;
use sonae::ports::{Attributes, Cause, EntryKind, WholeFile};
use sonae::primitives::{PathBytes, Xattrs};

use super::cause;
use super::stage::{Stage, attributes, meta, names, on_each_tree, path, write};

on_each_tree! {
    a_new_folder_is_made_with_its_parents_and_never_over_anything
    what_is_made_is_its_owners_alone_until_it_is_finished
    attributes_are_set_last_and_whole
    extended_attributes_are_kept_or_refused
    nothing_is_made_over_anything
    nothing_is_made_outside
    only_files_made_here_get_another_name
    files_are_written_whole_in_any_pieces
    holes_come_behind_what_was_written
    many_files_are_made_in_one_call
    what_was_begun_is_opened_again_and_filled_further
    renaming_never_replaces
    a_link_is_pointed_elsewhere_in_one_step
    removing_follows_no_link
    any_name_that_bytes_can_spell_is_kept
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
    let into = stage.tree().create(&stage.path(b"d")).await.unwrap();
    into.folder(&path("folder")).await.unwrap();
    let file = into.file(&path("folder/file")).await.unwrap();
    assert_eq!(meta(stage.tree(), &stage.path(b"d/folder")).await.mode, 0o700);
    assert_eq!(meta(stage.tree(), &stage.path(b"d/folder/file")).await.mode, 0o600);
    file.finish(&attributes(0o444)).await.unwrap();
    assert_eq!(meta(stage.tree(), &stage.path(b"d/folder/file")).await.mode, 0o444);
    into.sync().await.unwrap();
}

async fn attributes_are_set_last_and_whole(stage: &dyn Stage) {
    let into = stage.tree().create(&stage.path(b"d")).await.unwrap();
    let made = meta(stage.tree(), &stage.path(b"d")).await;
    // Where not all times are told, those between 1970 and 2106 are, rounded down.
    let mtime_s = if stage.tells_all() { -1 } else { i64::from(u32::MAX) };
    let wanted = Attributes {
        mode: 0o6755,
        owner: Some((made.uid, made.gid)),
        mtime_s,
        mtime_ns: 999_999_999,
        xattrs: Xattrs::default(),
    };
    let kept = |ns: u32| ns - ns % stage.tree().mtime_step_ns();
    let mut file = into.file(&path("program")).await.unwrap();
    file.write(Bytes::from_static(b"#!")).await.unwrap();
    file.finish(&wanted).await.unwrap();
    into.folder(&path("folder")).await.unwrap();
    into.symlink(&path("folder/link"), &path("../program")).await.unwrap();
    into.set(&path("folder/link"), &Attributes { mtime_s: 77, mtime_ns: 1, ..wanted.clone() }).await.unwrap();
    let of_folder = Attributes { mode: 0o1555, mtime_s: -62_135_596_800, mtime_ns: 0, ..wanted.clone() };
    // Some file systems begin time in 1901 (ext4 with small inodes); this one may not hold the year 1.
    let early = if stage.tells_all() { -2_000_000_000 } else { 0 };
    let of_folder = Attributes { mtime_s: of_folder.mtime_s.max(early), ..of_folder };
    into.set(&path("folder"), &of_folder).await.unwrap();
    into.set(&path(""), &Attributes { mode: 0o750, ..wanted.clone() }).await.unwrap();
    let expected = [
        ("d/program", 0o6755, mtime_s, kept(999_999_999)),
        ("d/folder/link", 0o777, 77, kept(1)),
        ("d/folder", 0o1555, early, 0),
        ("d", 0o750, mtime_s, kept(999_999_999)),
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
    let into = stage.tree().create(&stage.path(b"d")).await.unwrap();
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

async fn nothing_is_made_over_anything(stage: &dyn Stage) {
    let into = stage.tree().create(&stage.path(b"d")).await.unwrap();
    into.folder(&path("folder")).await.unwrap();
    write(&*into, "file", b"kept").await;
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
    let into = stage.tree().create(&stage.path(b"d")).await.unwrap();
    let outside = stage.path(b"outside");
    into.symlink(&path("absolute"), &outside).await.unwrap();
    into.symlink(&path("relative"), &path("../outside")).await.unwrap();
    into.symlink(&path("itself"), &path(".")).await.unwrap();
    write(&*into, "file", b"").await;
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
    let into = stage.tree().create(&stage.path(b"d")).await.unwrap();
    into.folder(&path("folder")).await.unwrap();
    write(&*into, "folder/file", b"one").await;
    into.symlink(&path("link"), &path("folder/file")).await.unwrap();
    into.hard_link(&path("other"), &path("folder/file")).await.unwrap();
    let (first, second) = (stage.path(b"d/folder/file"), stage.path(b"d/other"));
    let (first, second) = (meta(stage.tree(), &first).await, meta(stage.tree(), &second).await);
    if stage.tells_all() {
        assert_eq!((first.inode, first.links), (second.inode, 2));
    }
    assert_eq!(stage.content(b"d/other").unwrap(), b"one");
    assert_eq!(cause(into.hard_link(&path("a"), &path("link")).await), Cause::Invalid);
    assert_eq!(cause(into.hard_link(&path("a"), &path("folder")).await), Cause::Invalid);
    assert_eq!(cause(into.hard_link(&path("a"), &path("nothing")).await), Cause::NotFound);
    assert_eq!(stage.tree().stat(&stage.path(b"d/a")).await.unwrap(), None);
}

async fn files_are_written_whole_in_any_pieces(stage: &dyn Stage) {
    let into = stage.tree().create(&stage.path(b"d")).await.unwrap();
    let content: Vec<u8> = (0..3_000_000_u32).map(|at| (at / 3 % 253) as u8).collect();
    for (name, piece) in [("huge", 1_400_000), ("big", 400_000), ("middle", 100_000), ("small", 9999)] {
        let mut file = into.file(&path(name)).await.unwrap();
        for part in content.chunks(piece) {
            file.write(Bytes::copy_from_slice(part)).await.unwrap();
        }
        file.finish(&attributes(0o600)).await.unwrap();
        assert!(stage.content(format!("d/{name}").as_bytes()).unwrap() == content, "{name}");
    }
    // Long pieces and short ones, in every order.
    let mut file = into.file(&path("mixed")).await.unwrap();
    let mut rest = &content[..];
    for length in [1, 100_000, 16_384, 16_383, 5, 0, 900_000, 3, 3, 200_000].into_iter().cycle() {
        let (piece, behind) = rest.split_at(length.min(rest.len()));
        file.write(Bytes::copy_from_slice(piece)).await.unwrap();
        rest = behind;
        if rest.is_empty() {
            break;
        }
    }
    file.finish(&attributes(0o600)).await.unwrap();
    assert!(stage.content(b"d/mixed").unwrap() == content);
    into.file(&path("empty")).await.unwrap().finish(&attributes(0o600)).await.unwrap();
    assert_eq!(stage.content(b"d/empty").unwrap(), b"");
}

async fn holes_come_behind_what_was_written(stage: &dyn Stage) {
    let into = stage.tree().create(&stage.path(b"d")).await.unwrap();
    let (data, hole) = (vec![7_u8; 1_500_000], vec![0_u8; 1_100_000]);
    let mut file = into.file(&path("file")).await.unwrap();
    for _ in 0..2 {
        file.write(data.clone().into()).await.unwrap();
        file.hole(hole.len() as u64).await.unwrap();
    }
    file.finish(&attributes(0o600)).await.unwrap();
    assert!(stage.content(b"d/file").unwrap() == [&data[..], &hole, &data, &hole].concat());
}

async fn many_files_are_made_in_one_call(stage: &dyn Stage) {
    let into = stage.tree().create(&stage.path(b"d")).await.unwrap();
    into.folder(&path("f")).await.unwrap();
    let whole = |at: &str, pieces: &[&'static [u8]], mode| WholeFile {
        path: path(at),
        content: pieces.iter().copied().map(Bytes::from_static).collect(),
        attributes: attributes(mode),
    };
    let files =
        vec![whole("one", &[b"ab", b"", b"cd"], 0o640), whole("f/two", &[b"x"], 0o604), whole("none", &[], 0o600)];
    let refused = into.files(files).await.unwrap();
    assert_eq!(refused, [vec![], vec![], vec![]]);
    for (at, content, mode) in [("one", &b"abcd"[..], 0o640), ("f/two", b"x", 0o604), ("none", b"", 0o600)] {
        let made = [b"d/", at.as_bytes()].concat();
        assert_eq!(stage.content(&made).unwrap(), content, "{at}");
        let meta = meta(stage.tree(), &stage.path(&made)).await;
        assert_eq!((meta.mode & 0o7777, meta.mtime_s), (mode, 1_700_000_000), "{at}");
    }
    // Each is refused as one file is, and ends the call.
    stage.symlink(b"d/away", b"/");
    let late =
        WholeFile { attributes: Attributes { mtime_ns: 1_000_000_000, ..attributes(0o600) }, ..whole("l", &[], 0) };
    for (bad, why) in [
        (whole("one", &[b"z"], 0o600), Cause::Exists),
        (whole("../out", &[b"z"], 0o600), Cause::Invalid),
        (whole("away/tmp", &[b"z"], 0o600), Cause::Invalid),
        (whole("nothing/there", &[b"z"], 0o600), Cause::NotFound),
        (late, Cause::Invalid),
    ] {
        let (before, behind) = (format!("before {why:?} {}", bad.path), format!("behind {}", bad.path));
        let [before, behind] = [before, behind].map(|name| name.replace('/', "-"));
        let files = vec![whole(&before, &[b"1"], 0o600), bad, whole(&behind, &[b"2"], 0o600)];
        assert_eq!(cause(into.files(files).await), why, "{before}");
        assert_eq!(stage.content(format!("d/{before}").as_bytes()).unwrap(), b"1");
        assert_eq!(stage.content(format!("d/{behind}").as_bytes()), None);
    }
    assert_eq!(stage.content(b"d/one").unwrap(), b"abcd", "it stays");
}

async fn what_was_begun_is_opened_again_and_filled_further(stage: &dyn Stage) {
    let into = stage.tree().create(&stage.path(b"d")).await.unwrap();
    into.folder(&path("f")).await.unwrap();
    write(&*into, "f/old", b"old").await;
    into.symlink(&path("link"), &path("f")).await.unwrap();
    drop(into);
    let into = stage.tree().reopen(&stage.path(b"d")).await.unwrap();
    assert_eq!(cause(into.folder(&path("f")).await), Cause::Exists);
    write(&*into, "f/new", b"new").await;
    assert_eq!(stage.content(b"d/f/old").unwrap(), b"old");
    // What is removed can be made again; folders stay, and what links lead to.
    for name in ["f/old", "link", "nothing", "f/nothing"] {
        into.remove(&path(name)).await.unwrap();
    }
    assert_eq!(stage.content(b"d/f/old"), None);
    assert_eq!(stage.content(b"d/f/new").unwrap(), b"new");
    write(&*into, "link", b"a file").await;
    write(&*into, "f/old", b"young").await;
    assert_eq!(stage.content(b"d/f/old").unwrap(), b"young");
    for folder in ["f", "../d"] {
        assert_eq!(cause(into.remove(&path(folder)).await), Cause::Invalid, "{folder}");
    }
    stage.file(b"file", b"");
    stage.symlink(b"away", b"d");
    assert_eq!(cause(stage.tree().reopen(&stage.path(b"file")).await), Cause::Invalid);
    assert_eq!(cause(stage.tree().reopen(&stage.path(b"away")).await), Cause::Invalid);
    assert_eq!(cause(stage.tree().reopen(&stage.path(b"nothing")).await), Cause::NotFound);
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

async fn a_link_is_pointed_elsewhere_in_one_step(stage: &dyn Stage) {
    stage.file(b"releases/1/file", b"one");
    stage.file(b"releases/2/file", b"two");
    let link = stage.path(b"current");
    let points = async |to: &str| stage.tree().point_link(&link, &path(to)).await;
    assert_eq!(points("releases/1").await.unwrap(), None);
    assert_eq!(stage.tree().read_link(&link).await.unwrap(), path("releases/1"));
    assert_eq!(points("releases/2").await.unwrap(), Some(path("releases/1")));
    // It is done already, and done again.
    assert_eq!(points("releases/2").await.unwrap(), Some(path("releases/2")));
    assert_eq!(stage.tree().read_link(&link).await.unwrap(), path("releases/2"));
    // Where it leads is nobody's concern, and what it led to stays.
    let odd = PathBytes::new(&b"no\xffwhere"[..]);
    assert_eq!(stage.tree().point_link(&link, &odd).await.unwrap(), Some(path("releases/2")));
    assert_eq!(stage.tree().read_link(&link).await.unwrap(), odd);
    assert_eq!(stage.content(b"releases/2/file").unwrap(), b"two");
    for taken in ["releases", "releases/1/file"] {
        let taken = stage.path(taken.as_bytes());
        assert_eq!(cause(stage.tree().point_link(&taken, &path("x")).await), Cause::Exists, "{taken}");
    }
    assert_eq!(cause(stage.tree().point_link(&stage.path(b"no/where"), &path("x")).await), Cause::NotFound);
    assert_eq!(names(stage.tree(), &stage.path(b"")).await, [&b"current"[..], b"releases"]);
}

async fn removing_follows_no_link(stage: &dyn Stage) {
    stage.file(b"outside/file", b"theirs");
    for at in 0..300 {
        stage.file(format!("d/folder/below/{at}").as_bytes(), b"");
    }
    stage.symlink(b"d/folder/link", stage.path(b"outside").as_bytes());
    stage.symlink(b"link", b"outside");
    stage.fifo(b"d/pipe");
    let into = stage.tree().create(&stage.path(b"d/closed")).await.unwrap();
    write(&*into, "file", b"").await;
    into.set(&path(""), &attributes(0)).await.unwrap();
    assert_eq!(cause(stage.tree().remove(&stage.path(b"link")).await), Cause::Invalid);
    assert_eq!(cause(stage.tree().remove(&stage.path(b"outside/file")).await), Cause::Invalid);
    stage.tree().remove(&stage.path(b"d")).await.unwrap();
    assert_eq!(stage.tree().stat(&stage.path(b"d")).await.unwrap(), None);
    stage.tree().remove(&stage.path(b"d")).await.unwrap();
    assert_eq!(stage.content(b"outside/file").unwrap(), b"theirs");
}

async fn any_name_that_bytes_can_spell_is_kept(stage: &dyn Stage) {
    let into = stage.tree().create(&stage.path(b"d")).await.unwrap();
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
