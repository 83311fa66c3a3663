//! A tree with all that file systems allow and backups forget.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FileType, Mode, Timespec, Timestamps, UTIME_OMIT};

use super::needs::is_root;

/// What no archive holds, by the name it has in the tree.
pub(crate) fn specials() -> Vec<&'static str> {
    if is_root() {
        vec!["special/fifo", "special/socket", "special/null"]
    } else {
        vec!["special/fifo", "special/socket"]
    }
}

/// Makes the tree below `root`, which is made too.
pub(crate) fn make(root: &Path) {
    std::fs::create_dir_all(root).unwrap();
    names(root);
    long_paths(root);
    links(root);
    special_files(root);
    if is_root() {
        std::fs::write(root.join("of-somebody"), "owned").unwrap();
        std::os::unix::fs::lchown(root.join("of-somebody"), Some(12_345), Some(12_346)).unwrap();
        std::fs::write(root.join("of-a-large-number"), "owned").unwrap();
        std::os::unix::fs::lchown(root.join("of-a-large-number"), Some(3_000_000_000), Some(3_000_000_001)).unwrap();
        symlink("of-somebody", root.join("link-of-somebody")).unwrap();
        std::os::unix::fs::lchown(root.join("link-of-somebody"), Some(12_345), Some(12_346)).unwrap();
    }
    modes(root);
    attributes(root);
    // Last: what is made in a folder changes its time.
    times(root);
}

fn named(root: &Path, name: &[u8]) -> PathBuf {
    root.join(OsStr::from_bytes(name))
}

fn names(root: &Path) {
    let plain: [&[u8]; 14] = [
        b"zero-bytes",
        b"not utf-8 \xff\xfe\x80",
        b"new\nline",
        b"tab\tand\x01control\x7f",
        b" leading and trailing ",
        b"-dash",
        b"back\\slash",
        b"quote\"'`$(x)",
        b"*?[glob]{a,b}",
        "日本語のファイル名 é e\u{301}".as_bytes(),
        b".hidden",
        b"...",
        b"~",
        b"C:aux.",
    ];
    for name in plain {
        let content = if name == b"zero-bytes" { &b""[..] } else { name };
        std::fs::write(named(root, name), content).unwrap();
    }
    for folder in [&b"empty folder"[..], b"folder \xc3\x28", b"folder\nof lines"] {
        std::fs::create_dir(named(root, folder)).unwrap();
    }
    std::fs::write(named(root, b"folder \xc3\x28").join("inside"), "x").unwrap();
    std::fs::write(named(root, b"folder\nof lines").join(OsStr::from_bytes(b"\xe9\n")), "x").unwrap();
    // Of many blocks, of one less and one more than a block of tar, and with a hole.
    std::fs::write(root.join("large"), super::noise::noise(7, 3 * 1024 * 1024 + 5)).unwrap();
    for size in [511, 512, 513, 10_240] {
        std::fs::write(root.join(format!("of-{size}-bytes")), super::noise::noise(8, size)).unwrap();
    }
    std::fs::File::create(root.join("hole")).unwrap().set_len(4 * 1024 * 1024).unwrap();
    sparse(&root.join("holes"), 8 << 20, &[0, 1 << 20, (1 << 20) + 4096, 5 << 20]);
    sparse(&named(root, b"ends in data \xff\xfe"), 3 << 20, &[(3 << 20) - 4096]);
    sparse(&root.join("many holes"), 40 << 20, &(0..300).map(|at| at * 8192).collect::<Vec<_>>());
    sparse(&root.join(format!("{}holes", "h".repeat(200))), 1 << 20, &[0]);
}

/// The data at a place of a sparse file.
pub(crate) fn block(at: u64) -> Vec<u8> {
    super::noise::noise(at, 4096)
}

/// A file of that length with a block of data at each of these places.
pub(crate) fn sparse(path: &Path, length: u64, places: &[u64]) {
    use std::os::unix::fs::FileExt as _;
    let file = std::fs::File::create(path).unwrap();
    file.set_len(length).unwrap();
    for at in places {
        file.write_all_at(&block(*at), *at).unwrap();
    }
}

fn long_paths(root: &Path) {
    for length in [99, 100, 101, 155, 156, 255] {
        std::fs::write(root.join("n".repeat(length)), "long").unwrap();
        symlink("t".repeat(length), root.join(format!("link-to-{length}"))).unwrap();
    }
    std::fs::write(named(root, &[0xff; 200]), "long and no UTF-8").unwrap();
    let mut deep = root.join("deep");
    for level in 0..12 {
        deep = deep.join(format!("level-{level}-{}", "d".repeat(50)));
    }
    std::fs::create_dir_all(&deep).unwrap();
    std::fs::write(deep.join("bottom"), "far down").unwrap();
}

fn links(root: &Path) {
    for folder in ["a", "b/c"] {
        std::fs::create_dir_all(root.join(folder)).unwrap();
    }
    std::fs::write(root.join("b/c/original"), "one file, four names").unwrap();
    for name in ["a/before-its-original", "b/beside", "z-last"] {
        std::fs::hard_link(root.join("b/c/original"), root.join(name)).unwrap();
    }
    std::fs::write(named(root, b"linked \xff"), "of a name that is no UTF-8").unwrap();
    std::fs::hard_link(named(root, b"linked \xff"), root.join("y".repeat(200))).unwrap();
    let targets: [(&str, &[u8]); 7] = [
        ("dangling", b"nowhere/at/all"),
        ("absolute", b"/etc/passwd"),
        ("out", b"../../../../../etc"),
        ("to-a-folder", b"b/c"),
        ("to-itself", b"to-itself"),
        ("of-odd-bytes", b"\xff\n\xfe"),
        ("dot", b"."),
    ];
    for (name, target) in targets {
        symlink(OsStr::from_bytes(target), root.join(name)).unwrap();
    }
}

fn special_files(root: &Path) {
    let folder = root.join("special");
    std::fs::create_dir(&folder).unwrap();
    let mode = Mode::from_raw_mode(0o640);
    rustix::fs::mknodat(CWD, folder.join("fifo"), FileType::Fifo, mode, 0).unwrap();
    rustix::fs::mknodat(CWD, folder.join("socket"), FileType::Socket, mode, 0).unwrap();
    if is_root() {
        let null = rustix::fs::makedev(1, 3);
        rustix::fs::mknodat(CWD, folder.join("null"), FileType::CharacterDevice, mode, null).unwrap();
    }
}

fn modes(root: &Path) {
    let set = |path: PathBuf, mode: u32| std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    for mode in [0o4755, 0o2755, 0o1644, 0o7777, 0o400, 0o444, 0o666] {
        let file = root.join(format!("mode-{mode:o}"));
        std::fs::write(&file, "x").unwrap();
        set(file, mode);
    }
    for mode in [0o1777, 0o2775, 0o700] {
        let folder = root.join(format!("folder-mode-{mode:o}"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("inside"), "x").unwrap();
        set(folder, mode);
    }
    std::fs::create_dir_all(root.join("read-only/below")).unwrap();
    std::fs::write(root.join("read-only/below/inside"), "x").unwrap();
    set(root.join("read-only/below/inside"), 0o400);
    set(root.join("read-only/below"), 0o555);
    set(root.join("read-only"), 0o500);
}

/// Extended attributes and access control lists, where this file system has them and this user may set them.
fn attributes(root: &Path) {
    let folder = root.join("attributes");
    std::fs::create_dir(&folder).unwrap();
    let make = |name: &str| {
        let path = folder.join(name);
        std::fs::write(&path, name).unwrap();
        path
    };
    let (file, below, link) = (make("file"), folder.join("below"), folder.join("link"));
    std::fs::create_dir(&below).unwrap();
    symlink("file", &link).unwrap();
    for path in [&file, &below] {
        set_xattr(path, "user.note", b"a text");
        set_xattr(path, "user.empty", b"");
        set_xattr(path, "user.bytes\n", b"\0\xff=\n%25");
        set_xattr(path, "user.large", &super::noise::noise(9, 2_000));
        set_xattr(path, "system.posix_acl_access", &access_list());
    }
    set_xattr(&below, "system.posix_acl_default", &access_list());
    std::fs::write(below.join("inherits"), "of a folder with a default list").unwrap();
    if is_root() {
        for path in [&file, &below, &link] {
            set_xattr(path, "trusted.note", b"\x01\x02");
        }
        // cap_net_raw, effective and permitted (linux/capability.h, `vfs_cap_data`).
        let capability = [&0x0200_0001_u32.to_le_bytes()[..], &0x2000_u32.to_le_bytes(), &[0; 12]].concat();
        set_xattr(&make("capable"), "security.capability", &capability);
    }
}

/// Of mode 0640, with a user and a group more, in the kernel's form (linux/posix_acl_xattr.h).
fn access_list() -> Vec<u8> {
    let entries = [(1, 6, !0), (2, 5, 12_345), (4, 4, !0), (8, 7, 12_346), (0x10, 7, !0), (0x20, 0, !0)];
    let entry = |(tag, permissions, id): (u16, u16, u32)| {
        [&tag.to_le_bytes()[..], &permissions.to_le_bytes(), &id.to_le_bytes()].concat()
    };
    2_u32.to_le_bytes().into_iter().chain(entries.into_iter().flat_map(entry)).collect()
}

fn set_xattr(path: &Path, name: &str, value: &[u8]) {
    use rustix::io::Errno;
    match rustix::fs::lsetxattr(path, name, value, rustix::fs::XattrFlags::empty()) {
        Ok(()) | Err(Errno::NOTSUP | Errno::PERM) => {}
        Err(errno) => panic!("{name} of {}: {errno}", path.display()),
    }
}

fn times(root: &Path) {
    // Before 1970, before 1901, beyond 2038 and 2106, beyond the eleven octal digits of a tar; with nanoseconds.
    let times: [(&str, i64, i64); 8] = [
        ("before-1970", -1, 1),
        ("in-1910", -1_893_456_000, 999_999_999),
        ("at-1970", 0, 0),
        ("nanoseconds", 1_700_000_000, 123_456_789),
        ("beyond-2038", 2_147_483_648, 5),
        ("beyond-2106", 4_294_967_296, 0),
        ("in-2242", 8_589_934_592, 7),
        ("far-away", 14_000_000_000, 1),
    ];
    for (name, seconds, nanoseconds) in times {
        let folder = root.join(format!("folder-{name}"));
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join(name), name).unwrap();
        symlink(name, folder.join("link")).unwrap();
        for path in [folder.join("link"), folder.join(name), folder] {
            set_time(&path.into(), seconds, nanoseconds);
        }
    }
    for path in ["b/c/original", "read-only/below", "read-only", "a"] {
        set_time(&root.join(path).into(), 1_234_567_890, 987_654_321);
    }
    set_time(&root.as_os_str().to_owned(), 1_111_111_111, 222_222_222);
}

fn set_time(path: &OsString, tv_sec: i64, tv_nsec: i64) {
    let omitted = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
    let times = Timestamps { last_access: omitted, last_modification: Timespec { tv_sec, tv_nsec } };
    rustix::fs::utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW).unwrap();
}
