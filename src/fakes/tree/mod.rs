//! A simulated file system.

mod destination;
mod nodes;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;

use self::destination::FakeDestination;
use self::nodes::{Body, Nodes, Refusal};
use super::world::{Life, Shared};
use crate::ports::{
    Attributes, Cause, Destination, EntryKind, Fault, FileRead, Meta, Names, ReadXattrs, TreeRead, TreeWrite, Users,
};
use crate::primitives::{DataSegment, PathBytes, Xattrs};

/// A file system in memory. Paths begin at its root, with or without a `/`; links are never followed. The methods of this type
/// itself are the test's hand: they are no calls, and cannot fail or be refused.
#[derive(Debug)]
pub struct FakeTree {
    disk: Arc<Disk>,
}

/// What the tree and all that is open in it share.
#[derive(Debug)]
struct Disk {
    world: Arc<Shared>,
    nodes: Mutex<Nodes>,
}

impl Disk {
    fn nodes(&self) -> MutexGuard<'_, Nodes> {
        let mut nodes = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        nodes.now = self.world.now();
        nodes
    }

    async fn call<T>(
        &self,
        since: Option<Life>,
        op: &'static str,
        path: &PathBytes,
        effect: impl FnOnce(&mut Nodes) -> Result<T, Refusal>,
    ) -> Result<T, Fault> {
        self.call_whole_or_cut(since, op, path, |nodes, _| effect(nodes)).await
    }

    async fn call_whole_or_cut<T>(
        &self,
        since: Option<Life>,
        op: &'static str,
        path: &PathBytes,
        effect: impl FnOnce(&mut Nodes, bool) -> Result<T, Refusal>,
    ) -> Result<T, Fault> {
        let call = self.world.call_whole_or_cut(since, op, path, |cut| {
            let refuse = |(cause, answer)| Fault::permanent(cause, format!("{op} {path}"), answer);
            effect(&mut self.nodes(), cut).map_err(refuse)
        });
        call.await
    }
}

impl FakeTree {
    pub(super) fn new(world: Arc<Shared>) -> Self {
        Self { disk: Arc::new(Disk { world, nodes: Mutex::new(Nodes::new()) }) }
    }

    /// Puts a folder there, with those above it, mode 0755.
    pub fn put_folder(&self, path: impl AsRef<[u8]>) {
        self.disk.nodes().make_all(path.as_ref());
    }

    /// Puts a file there, mode 0644, with the folders above it; what a file of that name held is replaced.
    pub fn put_file(&self, path: impl AsRef<[u8]>, content: impl Into<Vec<u8>>) {
        let mut nodes = self.disk.nodes();
        let content = content.into();
        match nodes.find(path.as_ref()).ok().flatten() {
            Some(inode) => nodes.replace(inode, content),
            None => nodes.plant(path.as_ref(), Body::File(content), 0o644),
        }
    }

    /// Puts a symbolic link there.
    pub fn put_symlink(&self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) {
        self.disk.nodes().plant(path.as_ref(), Body::Symlink(PathBytes::new(target.as_ref())), 0o777);
    }

    /// Puts a pipe, socket or device there.
    pub fn put_special(&self, path: impl AsRef<[u8]>, kind: EntryKind) {
        self.disk.nodes().plant(path.as_ref(), Body::Special(kind), 0o600);
    }

    /// Gives a file one more name.
    pub fn put_hard_link(&self, path: impl AsRef<[u8]>, existing: impl AsRef<[u8]>) {
        self.disk.nodes().plant_link(path.as_ref(), existing.as_ref());
    }

    /// Sets the attributes of what is there.
    pub fn put_attributes(&self, path: impl AsRef<[u8]>, attributes: &Attributes) {
        let mut nodes = self.disk.nodes();
        if let Some(inode) = nodes.find(path.as_ref()).ok().flatten() {
            let _nothing = nodes.set(inode, attributes);
        }
    }

    /// From now on the folder, with all that is in it now, is on that file system; on number 1 is what was never moved.
    pub fn put_on(&self, path: impl AsRef<[u8]>, device: u64) {
        self.disk.nodes().move_to(path.as_ref(), device);
    }

    /// From now on it cannot be read: neither the file nor what is in the folder.
    pub fn deny(&self, path: impl AsRef<[u8]>) {
        self.disk.nodes().deny(path.as_ref());
    }

    /// From now on nobody may set this of anything: `owner`, or an extended attribute.
    pub fn refuse_to_set(&self, what: &str) {
        self.disk.nodes().refuses.push(what.to_owned());
    }

    /// The extended attributes of what is at a path.
    pub fn extended(&self, path: impl AsRef<[u8]>) -> Xattrs {
        let nodes = self.disk.nodes();
        nodes.find(path.as_ref()).ok().flatten().map(|inode| nodes.xattrs(inode)).unwrap_or_default()
    }

    /// So many bytes more can be written; the file system is then full.
    pub fn set_free(&self, bytes: u64) {
        self.disk.nodes().free = bytes;
    }

    /// Takes away what is there, with all below it.
    pub fn take_away(&self, path: impl AsRef<[u8]>) {
        self.disk.nodes().unlink_all(path.as_ref());
    }

    /// Whether something is there, without a call.
    pub fn is_there(&self, path: &PathBytes) -> bool {
        matches!(self.disk.nodes().find(path.as_bytes()), Ok(Some(_)))
    }

    /// What a file holds; none where there is no file.
    pub fn content(&self, path: impl AsRef<[u8]>) -> Option<Vec<u8>> {
        let nodes = self.disk.nodes();
        let inode = nodes.find(path.as_ref()).ok().flatten()?;
        nodes.content(inode).map(<[u8]>::to_vec)
    }

    /// What is at a path and everything below it, by path, in the order of a walk.
    pub fn everything(&self, path: impl AsRef<[u8]>) -> Vec<(PathBytes, Meta)> {
        self.disk.nodes().everything(path.as_ref())
    }
}

#[async_trait::async_trait]
impl TreeRead for FakeTree {
    async fn stat(&self, path: &PathBytes) -> Result<Option<Meta>, Fault> {
        let call = self.disk.call(None, "tree.stat", path, |nodes| match nodes.find(path.as_bytes()) {
            Ok(found) => Ok(found.map(|inode| nodes.meta(inode))),
            // The way to it is no folder: there is nothing.
            Err((Cause::Invalid, _)) => Ok(None),
            Err(refusal) => Err(refusal),
        });
        call.await
    }

    async fn list(&self, folder: &PathBytes, after: Option<&[u8]>, limit: usize) -> Result<Names, Fault> {
        let call = self.disk.call(None, "tree.list", folder, |nodes| {
            let entries = nodes.entries(nodes.existing(folder.as_bytes())?)?;
            let behind = entries.into_keys().filter(|name| after.is_none_or(|after| name.as_slice() > after));
            let behind: Vec<Vec<u8>> = behind.take(limit.saturating_add(1)).collect();
            let mut names: Names = behind.iter().take(limit).map(Vec::as_slice).collect();
            names.more = behind.len() > limit;
            Ok(names)
        });
        call.await
    }

    async fn look(&self, folder: &PathBytes, names: &[Vec<u8>]) -> Result<Vec<Result<Option<Meta>, Fault>>, Fault> {
        let call = self.disk.call(None, "tree.look", folder, |nodes| {
            let entries = nodes.entries(nodes.existing(folder.as_bytes())?)?;
            Ok(names.iter().map(|name| Ok(entries.get(name).map(|inode| nodes.meta(*inode)))).collect())
        });
        call.await
    }

    async fn read_link(&self, path: &PathBytes) -> Result<PathBytes, Fault> {
        let call = self.disk.call(None, "tree.read-link", path, |nodes| {
            nodes.target(nodes.existing(path.as_bytes())?).ok_or((Cause::Invalid, "it is no symbolic link"))
        });
        call.await
    }

    async fn xattrs(&self, path: &PathBytes) -> Result<ReadXattrs, Fault> {
        let call = self.disk.call(None, "tree.xattrs", path, |nodes| {
            let kept = nodes.xattrs(nodes.existing(path.as_bytes())?);
            Ok(ReadXattrs { kept, unread: vec![] })
        });
        call.await
    }

    async fn open(&self, path: &PathBytes) -> Result<Box<dyn FileRead>, Fault> {
        let inode = self.disk.call(None, "tree.open", path, |nodes| {
            let inode = nodes.existing(path.as_bytes())?;
            nodes.readable_file(inode)?;
            Ok((inode, nodes.meta(inode)))
        });
        let (inode, opened) = inode.await?;
        let (disk, life) = (Arc::clone(&self.disk), self.disk.world.life());
        Ok(Box::new(OpenFile { disk, life, path: path.clone(), inode, opened, at: 0 }))
    }

    async fn real(&self, path: &PathBytes) -> Result<PathBytes, Fault> {
        // Links are never followed here.
        self.disk.call(None, "tree.real", path, |_| Ok(path.absolute(&PathBytes::new(*b"/")))).await
    }

    async fn free(&self, path: &PathBytes) -> Result<u64, Fault> {
        self.disk.call(None, "tree.free", path, |nodes| Ok(nodes.free)).await
    }
}

#[async_trait::async_trait]
impl TreeWrite for FakeTree {
    async fn create(&self, folder: &PathBytes) -> Result<Box<dyn Destination>, Fault> {
        let root = self.disk.call(None, "tree.create", folder, |nodes| nodes.make_with_parents(folder.as_bytes()));
        let root = root.await?;
        Ok(Box::new(FakeDestination::new(Arc::clone(&self.disk), folder.clone(), root)))
    }

    async fn reopen(&self, folder: &PathBytes) -> Result<Box<dyn Destination>, Fault> {
        let call = self.disk.call(None, "tree.reopen", folder, |nodes| {
            let root = nodes.existing(folder.as_bytes())?;
            nodes.require_folder(root)?;
            Ok(root)
        });
        let root = call.await?;
        Ok(Box::new(FakeDestination::new(Arc::clone(&self.disk), folder.clone(), root)))
    }

    async fn rename(&self, from: &PathBytes, to: &PathBytes) -> Result<(), Fault> {
        self.disk.call(None, "tree.rename", to, |nodes| nodes.rename(from.as_bytes(), to.as_bytes())).await
    }

    async fn settle(&self, folder: &PathBytes) -> Result<(), Fault> {
        let call = self.disk.call(None, "tree.settle", folder, |nodes| {
            nodes.existing(folder.as_bytes()).and_then(|inode| nodes.require_folder(inode))
        });
        call.await
    }

    async fn remove(&self, folder: &PathBytes) -> Result<(), Fault> {
        let call = self.disk.call(None, "tree.remove", folder, |nodes| {
            let Some(inode) = nodes.find(folder.as_bytes())? else { return Ok(()) };
            nodes.require_folder(inode)?;
            nodes.unlink_all(folder.as_bytes());
            Ok(())
        });
        call.await
    }

    async fn point_link(&self, link: &PathBytes, target: &PathBytes) -> Result<Option<PathBytes>, Fault> {
        self.disk.call(None, "tree.point-link", link, |nodes| nodes.point_link(link.as_bytes(), target)).await
    }
}

/// A file, open for reading: it stays what it is when its name goes.
struct OpenFile {
    disk: Arc<Disk>,
    life: Life,
    path: PathBytes,
    inode: u64,
    opened: Meta,
    at: usize,
}

#[async_trait::async_trait]
impl FileRead for OpenFile {
    async fn read(&mut self, limit: usize) -> Result<Bytes, Fault> {
        let (inode, at) = (self.inode, self.at);
        let call = self.disk.call(Some(self.life), "file.read", &self.path, |nodes| {
            let left = nodes.content(inode).and_then(|content| content.get(at..)).unwrap_or_default();
            Ok(Bytes::copy_from_slice(&left[..limit.min(left.len())]))
        });
        let bytes = call.await?;
        self.at += bytes.len();
        Ok(bytes)
    }

    async fn segments(&mut self, count_max: usize) -> Result<Vec<DataSegment>, Fault> {
        let (inode, size) = (self.inode, self.opened.size);
        self.at = 0;
        let call = self.disk.call(Some(self.life), "file.segments", &self.path, |nodes| {
            let content = nodes.content(inode).unwrap_or_default();
            let content = content.get(..usize::try_from(size).unwrap_or(usize::MAX)).unwrap_or(content);
            Ok(DataSegment::fewest(DataSegment::of_content(content, nodes::BLOCK), count_max))
        });
        call.await
    }

    fn seek(&mut self, to: u64) {
        self.at = usize::try_from(to).unwrap_or(usize::MAX);
    }

    fn opened(&self) -> Meta {
        self.opened
    }

    async fn stat(&mut self) -> Result<Meta, Fault> {
        let inode = self.inode;
        self.disk.call(Some(self.life), "file.stat", &self.path, |nodes| Ok(nodes.meta(inode))).await
    }

    async fn xattrs(&mut self) -> Result<ReadXattrs, Fault> {
        let inode = self.inode;
        let call = self.disk.call(Some(self.life), "file.xattrs", &self.path, |nodes| {
            Ok(ReadXattrs { kept: nodes.xattrs(inode), unread: vec![] })
        });
        call.await
    }
}

/// Users and groups of this host are called after their numbers: 1000 is `u1000`, and the group 7 is `g7`. From 60,000 on they have
/// no names.
#[async_trait::async_trait]
impl Users for FakeTree {
    async fn user_name(&self, uid: u32) -> Result<Option<String>, Fault> {
        Ok((uid < 60_000).then(|| format!("u{uid}")))
    }

    async fn group_name(&self, gid: u32) -> Result<Option<String>, Fault> {
        Ok((gid < 60_000).then(|| format!("g{gid}")))
    }

    async fn uid(&self, name: &str) -> Result<Option<u32>, Fault> {
        Ok(name.strip_prefix('u').and_then(|number| number.parse().ok()).filter(|uid| *uid < 60_000))
    }

    async fn gid(&self, name: &str) -> Result<Option<u32>, Fault> {
        Ok(name.strip_prefix('g').and_then(|number| number.parse().ok()).filter(|gid| *gid < 60_000))
    }
}
