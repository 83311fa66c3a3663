//! Filling a new folder of a simulated file system.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use super::nodes::{Body, Nodes, Refusal};
use super::{Disk, Life};
use crate::ports::{Attributes, Cause, Destination, EntryKind, Fault, FileWrite, Refused};
use crate::primitives::PathBytes;

pub(super) struct FakeDestination {
    disk: Arc<Disk>,
    life: Life,
    place: PathBytes,
    root: u64,
}

impl FakeDestination {
    pub(super) fn new(disk: Arc<Disk>, place: PathBytes, root: u64) -> Self {
        let life = disk.world.life();
        Self { disk, life, place, root }
    }

    async fn at<T>(
        &self,
        op: &'static str,
        path: &PathBytes,
        effect: impl FnOnce(&mut Nodes, u64) -> Result<T, Refusal>,
    ) -> Result<T, Fault> {
        let place = self.place.join(path.as_bytes());
        let call = self.disk.call(Some(self.life), op, &place, |nodes| {
            stays_inside(path)?;
            effect(nodes, self.root)
        });
        call.await
    }
}

/// Refuses a path that is absolute, empty, or holds an empty component, `.` or `..`.
fn stays_inside(path: &PathBytes) -> Result<(), Refusal> {
    let plain = |part: &[u8]| !part.is_empty() && part != b"." && part != b".." && !part.contains(&0);
    if path.as_bytes().split(|byte| *byte == b'/').all(plain) {
        return Ok(());
    }
    Err((Cause::Invalid, "the path leads outside"))
}

#[async_trait::async_trait]
impl Destination for FakeDestination {
    async fn folder(&self, path: &PathBytes) -> Result<(), Fault> {
        let call = self.at("destination.folder", path, |nodes, root| {
            nodes.make(root, path.as_bytes(), Body::Folder(BTreeMap::new()), 0o700)
        });
        call.await.map(drop)
    }

    async fn file(&self, path: &PathBytes) -> Result<Box<dyn FileWrite>, Fault> {
        let made = self.at("destination.file", path, |nodes, root| {
            nodes.make(root, path.as_bytes(), Body::File(Vec::new()), 0o600)
        });
        let inode = made.await?;
        let path = self.place.join(path.as_bytes());
        Ok(Box::new(NewFile { disk: Arc::clone(&self.disk), life: self.life, path, inode }))
    }

    async fn symlink(&self, path: &PathBytes, target: &PathBytes) -> Result<(), Fault> {
        let call = self.at("destination.symlink", path, |nodes, root| {
            nodes.make(root, path.as_bytes(), Body::Symlink(target.clone()), 0o777)
        });
        call.await.map(drop)
    }

    async fn hard_link(&self, path: &PathBytes, existing: &PathBytes) -> Result<(), Fault> {
        let call = self.at("destination.hard-link", path, |nodes, root| {
            stays_inside(existing)?;
            let inode =
                nodes.find_from(root, existing.as_bytes())?.ok_or((Cause::NotFound, "nothing is there to link to"))?;
            nodes.require_file(inode)?;
            nodes.link(root, path.as_bytes(), inode)
        });
        call.await
    }

    async fn remove(&self, path: &PathBytes) -> Result<(), Fault> {
        let call = self.at("destination.remove", path, |nodes, root| {
            let Some(inode) = nodes.find_from(root, path.as_bytes())? else { return Ok(()) };
            if nodes.meta(inode).kind == EntryKind::Folder {
                return Err((Cause::Invalid, "it is a folder"));
            }
            nodes.unlink_all_from(root, path.as_bytes());
            Ok(())
        });
        call.await
    }

    async fn set(&self, path: &PathBytes, attributes: &Attributes) -> Result<Vec<Refused>, Fault> {
        let place = self.place.join(path.as_bytes());
        let call = self.disk.call(Some(self.life), "destination.set", &place, |nodes| {
            if !path.as_bytes().is_empty() {
                stays_inside(path)?;
            }
            let inode = nodes.find_from(self.root, path.as_bytes())?.ok_or((Cause::NotFound, "nothing is there"))?;
            if !matches!(nodes.meta(inode).kind, EntryKind::Folder | EntryKind::Symlink) {
                return Err((Cause::Invalid, "it is neither folder nor link"));
            }
            Ok(nodes.set(inode, attributes))
        });
        call.await
    }

    async fn sync(&self) -> Result<(), Fault> {
        self.disk.call(Some(self.life), "destination.sync", &self.place, |_| Ok(())).await
    }
}

/// A new file: what was written is there at once, and stays in a death.
struct NewFile {
    disk: Arc<Disk>,
    life: Life,
    path: PathBytes,
    inode: u64,
}

#[async_trait::async_trait]
impl FileWrite for NewFile {
    async fn write(&mut self, bytes: Bytes) -> Result<(), Fault> {
        let inode = self.inode;
        let call = self.disk.call_whole_or_cut(Some(self.life), "file.write", &self.path, |nodes, cut| {
            nodes.append(inode, if cut { &bytes[..bytes.len() / 2] } else { &bytes })
        });
        call.await
    }

    async fn hole(&mut self, length: u64) -> Result<(), Fault> {
        let inode = self.inode;
        let call = self.disk.call(Some(self.life), "file.hole", &self.path, |nodes| {
            let length = i64::try_from(length).ok().and_then(|length| usize::try_from(length).ok());
            let length = length.ok_or((Cause::Invalid, "no file can be so long"))?;
            nodes.append(inode, &vec![0; length])
        });
        call.await
    }

    async fn finish(self: Box<Self>, attributes: &Attributes) -> Result<Vec<Refused>, Fault> {
        let call = self.disk.call(Some(self.life), "file.finish", &self.path, |nodes| {
            if attributes.mtime_ns > 999_999_999 {
                return Err((Cause::Invalid, "a second has 1,000,000,000 nanoseconds"));
            }
            Ok(nodes.set(self.inode, attributes))
        });
        call.await
    }
}
