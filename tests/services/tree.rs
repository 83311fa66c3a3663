//! Two trees held against each other, by this file's own eyes and by rsync's.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use sha2::{Digest as _, Sha256};

use super::needs::is_root;
use super::scene::done;

/// One name in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) kind: &'static str,
    mode: u32,
    owner: (u32, u32),
    pub(crate) mtime: (i64, i64),
    /// A file's digest, a link's target.
    holds: Vec<u8>,
    /// Extended attributes, access control lists among them.
    xattrs: BTreeMap<Vec<u8>, Vec<u8>>,
    /// The first name of this very file, where it has several in the tree.
    first_name: Option<Vec<u8>>,
}

impl Seen {
    pub(crate) fn owner(&self) -> (u32, u32) {
        self.owner
    }

    /// Forgets what SFTP does not keep: extended attributes, access control lists among them, nanoseconds, and times before 1970 and
    /// after 2106.
    pub(crate) fn forget_what_sftp_does_not_keep(&mut self) {
        self.xattrs.clear();
        let (seconds, _) = self.mtime;
        self.mtime = (seconds, 0);
    }

    /// The time of last change in seconds.
    pub(crate) fn mtime_s(&self) -> i64 {
        self.mtime.0
    }

    /// Forgets the time.
    pub(crate) fn forget_time(&mut self) {
        self.mtime = (0, 0);
    }

    /// Forgets the owner, and the attributes that name users or need privilege; and the mode's bits that go with an owner.
    pub(crate) fn forget_what_may_be_refused(&mut self) {
        self.owner = (0, 0);
        self.mode &= 0o1777;
        self.xattrs.retain(|name, _| name.starts_with(b"user."));
    }
}

/// A tree, by paths below its root; the root itself is the empty path.
pub(crate) type Tree = BTreeMap<Vec<u8>, Seen>;

/// Looks at everything below a folder; sockets, FIFOs and devices too.
pub(crate) fn look(root: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut names: BTreeMap<(u64, u64), Vec<Vec<u8>>> = BTreeMap::new();
    let mut left = vec![root.to_owned()];
    while let Some(path) = left.pop() {
        let meta = std::fs::symlink_metadata(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let below = path.strip_prefix(root).unwrap().as_os_str().as_bytes().to_vec();
        let (kind, holds) = match meta.file_type() {
            kind if kind.is_dir() => {
                left.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
                ("folder", vec![])
            }
            kind if kind.is_symlink() => ("link", std::fs::read_link(&path).unwrap().as_os_str().as_bytes().to_vec()),
            kind if kind.is_file() => {
                names.entry((meta.dev(), meta.ino())).or_default().push(below.clone());
                ("file", sha256(&path).to_vec())
            }
            kind if kind.is_socket() => ("socket", vec![]),
            kind if kind.is_fifo() => ("FIFO", vec![]),
            _ => ("device", vec![]),
        };
        let owner = if is_root() { (meta.uid(), meta.gid()) } else { (0, 0) };
        let mtime = (meta.mtime(), meta.mtime_nsec());
        tree.insert(
            below,
            Seen { kind, mode: meta.mode() & 0o7777, owner, mtime, holds, xattrs: xattrs(&path), first_name: None },
        );
    }
    for group in names.into_values().filter(|group| group.len() > 1) {
        let first = group.iter().min().cloned();
        for name in group {
            if let Some(seen) = tree.get_mut(&name) {
                seen.first_name.clone_from(&first);
            }
        }
    }
    tree
}

fn xattrs(path: &Path) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut buffer = vec![0; 65_536];
    let Ok(length) = rustix::fs::llistxattr(path, &mut buffer) else { return BTreeMap::new() };
    let names: Vec<&[u8]> = buffer[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty()).collect();
    let value = |name: &&[u8]| {
        let mut value = vec![0; 65_536];
        let length = rustix::fs::lgetxattr(path, *name, &mut value).unwrap();
        value.truncate(length);
        (name.to_vec(), value)
    };
    names.iter().map(value).collect()
}

/// The digest of a file.
pub(crate) fn sha256(path: &Path) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let mut file = std::fs::File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    std::io::copy(&mut file, &mut Writer(&mut hasher)).unwrap();
    hasher.finalize().into()
}

struct Writer<'a>(&'a mut Sha256);

impl std::io::Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// A digest as manifests write it.
pub(crate) fn digest_text(digest: &[u8]) -> String {
    digest.iter().fold("sha256:".into(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Without what no archive holds.
pub(crate) fn storable(mut tree: Tree) -> Tree {
    tree.retain(|_, seen| !matches!(seen.kind, "socket" | "FIFO" | "device"));
    tree
}

/// That two trees are the same: names, kinds, modes, owners (as root), times to the nanosecond, content, link targets, and which
/// names are one file.
pub(crate) fn assert_same(expected: &Tree, found: &Tree) {
    let mut differences = String::new();
    let mut count = 0;
    for path in expected.keys().chain(found.keys().filter(|path| !expected.contains_key(*path))) {
        let (expected, found) = (expected.get(path), found.get(path));
        if expected != found {
            count += 1;
            if count <= 10 {
                let path = String::from_utf8_lossy(path);
                let _ = writeln!(differences, "{path:?}\n  expected {expected:?}\n  found    {found:?}");
            }
        }
    }
    assert_eq!(count, 0, "names that differ, the first of them:\n{differences}");
}

/// That rsync would have nothing to do, and sees no more than what no archive holds in the way.
pub(crate) fn assert_rsync_agrees(source: &Path, copy: &Path) {
    let mut rsync = Command::new("rsync");
    rsync.args(["-aHn", "--no-D", "--numeric-ids", "--checksum", "--delete", "--itemize-changes"]);
    // Below zero, nanoseconds are compared too (rsync(1)).
    rsync.arg("--modify-window=-1");
    if !is_root() {
        rsync.args(["--no-owner", "--no-group"]);
    }
    let with_slash = |path: &Path| PathBuf::from(format!("{}/", path.display()));
    let said = done(rsync.args([with_slash(source), with_slash(copy)]));
    let changes: Vec<String> = said
        .stdout()
        .lines()
        .filter(|line| !line.starts_with("skipping non-regular file"))
        .map(str::to_owned)
        .collect();
    assert!(changes.is_empty(), "rsync would change:\n{}", changes.join("\n"));
}
