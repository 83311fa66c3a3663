//! Where trees are tested: on the disk, and in the simulated world.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use sonae::drivers::Disk;
use sonae::fakes::FakeTree;
use sonae::ports::{Attributes, Destination, EntryKind, Meta, TreeRead, TreeWrite};
use sonae::primitives::{PathBytes, Xattrs};

/// A tree and the test's own hand in it.
pub(super) trait Stage: Sync {
    fn tree(&self) -> &dyn TreeWrite;
    /// The path of something below the stage.
    fn path(&self, below: &[u8]) -> PathBytes;
    fn file(&self, below: &[u8], content: &[u8]);
    fn symlink(&self, below: &[u8], target: &[u8]);
    fn fifo(&self, below: &[u8]);
    fn hard_link(&self, below: &[u8], existing: &[u8]);
    fn content(&self, below: &[u8]) -> Option<Vec<u8>>;
}

pub(super) struct OnDisk(pub(super) tempfile::TempDir);

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

pub(super) struct InMemory(pub(super) Arc<FakeTree>);

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

/// Runs each case on both.
macro_rules! on_each_tree {
    ($($case:ident)*) => {
        mod disk {
            $(#[tokio::test]
            async fn $case() {
                super::$case(&crate::conformance::stage::OnDisk(tempfile::tempdir().unwrap())).await;
            })*
        }
        mod fake {
            $(#[tokio::test]
            async fn $case() {
                let tree = sonae::fakes::World::new(1).tree();
                tree.put_folder("/stage");
                super::$case(&crate::conformance::stage::InMemory(tree)).await;
            })*
        }
    };
}
pub(super) use on_each_tree;

pub(super) fn attributes(mode: u32) -> Attributes {
    Attributes { mode, owner: None, mtime_s: 1_700_000_000, mtime_ns: 0, xattrs: Xattrs::default() }
}

pub(super) fn path(text: &str) -> PathBytes {
    PathBytes::new(text)
}

pub(super) async fn names(tree: &dyn TreeRead, folder: &PathBytes) -> Vec<Vec<u8>> {
    let page = tree.list(folder, None, 1000).await.unwrap();
    assert!(!page.more);
    page.iter().map(<[u8]>::to_vec).collect()
}

pub(super) async fn meta(tree: &dyn TreeRead, at: &PathBytes) -> Meta {
    tree.stat(at).await.unwrap().unwrap_or_else(|| panic!("nothing is at {at}"))
}

pub(super) async fn write(into: &dyn Destination, at: &str, content: &[u8]) {
    let mut file = into.file(&path(at)).await.unwrap();
    file.write(Bytes::copy_from_slice(content)).await.unwrap();
    file.finish(&attributes(0o644)).await.unwrap();
}
