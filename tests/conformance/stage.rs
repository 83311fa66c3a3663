//! Where trees are tested: on the disk, in the simulated world, and wherever else somebody brings a stage.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;
use std::pin::Pin;

use bytes::Bytes;
use sonae::drivers::Disk;
use sonae::ports::{Attributes, Destination, Meta, TreeRead, TreeWrite};
use sonae::primitives::{PathBytes, Xattrs};

/// A tree and the test's own hand in it.
pub(crate) trait Stage: Sync {
    fn tree(&self) -> &dyn TreeWrite;
    /// The path of something below the stage.
    fn path(&self, below: &[u8]) -> PathBytes;
    fn file(&self, below: &[u8], content: &[u8]);
    fn symlink(&self, below: &[u8], target: &[u8]);
    fn fifo(&self, below: &[u8]);
    fn hard_link(&self, below: &[u8], existing: &[u8]);
    fn content(&self, below: &[u8]) -> Option<Vec<u8>>;
    /// Whether this tree tells inodes, how many names there are, holes, and all times that there are.
    fn tells_all(&self) -> bool {
        true
    }
}

pub(crate) struct OnDisk(pub(crate) tempfile::TempDir);

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

/// A case: what it says, and what it does.
pub(crate) type Case = (&'static str, for<'a> fn(&'a dyn Stage) -> Pin<Box<dyn Future<Output = ()> + 'a>>);

/// The cases of a suite, and a test of each on the disk and in the simulated world.
macro_rules! on_each_tree {
    ($($case:ident)*) => {
        pub(crate) const CASES: &[crate::conformance::stage::Case] =
            &[$((stringify!($case), |stage| Box::pin($case(stage)))),*];
        mod disk {
            $(#[tokio::test]
            async fn $case() {
                let stage = crate::conformance::stage::OnDisk(tempfile::tempdir().unwrap());
                crate::conformance::stage::run(super::CASES, stringify!($case), &stage).await;
            })*
        }
        mod fake {
            $(#[tokio::test]
            async fn $case() {
                let stage = crate::conformance::in_memory::InMemory::new();
                crate::conformance::stage::run(super::CASES, stringify!($case), &stage).await;
            })*
        }
    };
}
pub(super) use on_each_tree;

/// Does one case.
pub(crate) async fn run(cases: &[Case], name: &str, stage: &dyn Stage) {
    let (_, case) = cases.iter().find(|(known, _)| *known == name).unwrap();
    case(stage).await;
}

pub(crate) fn attributes(mode: u32) -> Attributes {
    Attributes { mode, owner: None, mtime_s: 1_700_000_000, mtime_ns: 0, xattrs: Xattrs::default() }
}

pub(crate) fn path(text: &str) -> PathBytes {
    PathBytes::new(text)
}

pub(crate) async fn names(tree: &dyn TreeRead, folder: &PathBytes) -> Vec<Vec<u8>> {
    let page = tree.list(folder, None, 1000).await.unwrap();
    assert!(!page.more);
    page.iter().map(<[u8]>::to_vec).collect()
}

pub(crate) async fn meta(tree: &dyn TreeRead, at: &PathBytes) -> Meta {
    tree.stat(at).await.unwrap().unwrap_or_else(|| panic!("nothing is at {at}"))
}

pub(crate) async fn write(into: &dyn Destination, at: &str, content: &[u8]) {
    let mut file = into.file(&path(at)).await.unwrap();
    file.write(Bytes::copy_from_slice(content)).await.unwrap();
    file.finish(&attributes(0o644)).await.unwrap();
}
