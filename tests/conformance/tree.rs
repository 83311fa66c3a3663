//! `TreeRead` and `Users`.

use bytes::Bytes;
use sonae::ports::{Cause, EntryKind};
use sonae::primitives::DataSegment;

use super::cause;
use super::stage::{Stage, attributes, meta, names, on_each_tree, path};

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
    the_real_place_is_told_of_what_is_not_there_yet
    users_and_groups_have_names_and_numbers
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
    assert_eq!((first.size, second.size), (4, 4));
    if stage.tells_all() {
        assert_eq!((first.links, second.links), (2, 2));
        assert_eq!((first.device, first.inode), (second.device, second.inode));
    }
    stage.file(b"like it", b"four");
    for (other, is_one) in
        [("second", true), ("folder/file", true), ("like it", false), ("link", false), ("nothing", false)]
    {
        let (file, other) = (stage.path(b"folder/file"), stage.path(other.as_bytes()));
        assert_eq!(tree.is_one_file(&file, &other).await.unwrap(), is_one, "{other}");
    }
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
    let into = stage.tree().create(&stage.path(b"d")).await.unwrap();
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
        assert_eq!(file.opened().size, content.len() as u64);
        if !stage.tells_all() {
            assert_eq!(segments, [DataSegment { offset: 0, length: content.len() as u64 }], "{name}: all is data");
            file.seek(5);
            assert_eq!(file.read(1000).await.unwrap(), content[5..1005], "{name}");
            continue;
        }
        assert_eq!(segments, DataSegment::of_content(&content, 4096), "{name}: does this file system know holes?");
        let data = DataSegment::total(&segments);
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
    if !stage.tells_all() {
        return;
    }
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

async fn the_real_place_is_told_of_what_is_not_there_yet(stage: &dyn Stage) {
    stage.file(b"file", b"");
    let real = stage.tree().real(&stage.path(b"")).await.unwrap();
    for below in ["file", "not/there/yet"] {
        assert_eq!(
            stage.tree().real(&stage.path(below.as_bytes())).await.unwrap(),
            real.join(below.as_bytes()),
            "{below}"
        );
    }
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
