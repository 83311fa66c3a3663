//! A store and a tree in memory, just enough for the tests of this floor.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use bytes::Bytes;

use crate::ports::{
    Attributes, Cause, Certainty, Destination, EntryKind, Fault, FileRead, FileWrite, Meta, Names, ObjectInfo, Page,
    PutMode, PutResult, ReadXattrs, Refused, StorePlace, StoreRead, StoreWrite, TreeRead, TreeWrite, UploadId, Users,
};
use crate::primitives::{DataSegment, Key, PathBytes, Xattrs};

/// How a chosen call fails.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Failure {
    /// It is refused, for now or for good.
    Refused(Certainty),
    /// It is done, and the answer is lost.
    DoneUnknown,
    /// It is not done, and the answer is lost.
    NotDoneUnknown,
}

#[derive(Default)]
pub(super) struct StoreState {
    pub(super) objects: BTreeMap<Key, Bytes>,
    pub(super) uploads: BTreeMap<String, (Key, Vec<u8>)>,
    pub(super) calls: usize,
    pub(super) fail_at: Option<(usize, Failure)>,
    pub(super) tokens: usize,
}

#[derive(Default)]
pub(super) struct MemoryStore(Mutex<StoreState>);

fn fault(certainty: Certainty) -> Fault {
    Fault { certainty, ..Fault::permanent(Cause::Other, "ask the store", "an injected fault") }
}

fn not_found(what: impl ToString) -> Fault {
    Fault::permanent(Cause::NotFound, format!("find {}", what.to_string()), "it is not there")
}

impl MemoryStore {
    pub(super) fn lock(&self) -> MutexGuard<'_, StoreState> {
        self.0.lock().unwrap()
    }

    /// Performs a call, unless it is its turn to fail.
    fn call<T>(&self, perform: impl FnOnce(&mut StoreState) -> Result<T, Fault>) -> Result<T, Fault> {
        let mut state = self.lock();
        state.calls += 1;
        let failure = state.fail_at.filter(|(at, _)| *at == state.calls).map(|(_, failure)| failure);
        match failure {
            None => perform(&mut state),
            Some(Failure::Refused(certainty)) => Err(fault(certainty)),
            Some(Failure::NotDoneUnknown) => Err(fault(Certainty::Unknown)),
            Some(Failure::DoneUnknown) => perform(&mut state).and(Err(fault(Certainty::Unknown))),
        }
    }
}

#[async_trait::async_trait]
impl StoreRead for MemoryStore {
    async fn list(&self, prefix: &str, _: Option<&Key>, _: usize) -> Result<Page, Fault> {
        let state = self.lock();
        let objects = state.objects.iter().filter(|(key, _)| key.as_str().starts_with(prefix));
        let objects = objects
            .map(|(key, bytes)| ObjectInfo { key: key.clone(), size: bytes.len() as u64, stored: None })
            .collect();
        Ok(Page { objects, more: false })
    }
    async fn head(&self, key: &Key) -> Result<Option<ObjectInfo>, Fault> {
        self.call(|state| {
            Ok(state.objects.get(key).map(|bytes| ObjectInfo {
                key: key.clone(),
                size: bytes.len() as u64,
                stored: None,
            }))
        })
    }
    async fn read(&self, key: &Key, offset: u64, length: usize) -> Result<Bytes, Fault> {
        self.call(|state| {
            let bytes = state.objects.get(key).ok_or_else(|| not_found(key))?;
            let from = usize::try_from(offset).unwrap().min(bytes.len());
            Ok(bytes.slice(from..(from + length).min(bytes.len())))
        })
    }
    async fn uploads(&self, prefix: &str) -> Result<Vec<UploadId>, Fault> {
        self.call(|state| {
            let found = state.uploads.iter().filter(|(_, (key, _))| key.as_str().starts_with(prefix));
            Ok(found.map(|(token, (key, _))| UploadId { key: key.clone(), token: token.clone() }).collect())
        })
    }
    async fn real_place(&self) -> Result<StorePlace, Fault> {
        Ok(StorePlace::Elsewhere("memory".into()))
    }
    fn place(&self, key: &Key) -> String {
        format!("memory:{key}")
    }
}

#[async_trait::async_trait]
impl StoreWrite for MemoryStore {
    fn part_bytes(&self, _number: u32) -> usize {
        64 * 1024
    }

    async fn begin(&self, key: &Key) -> Result<UploadId, Fault> {
        self.call(|state| {
            state.tokens += 1;
            let token = state.tokens.to_string();
            state.uploads.insert(token.clone(), (key.clone(), Vec::new()));
            Ok(UploadId { key: key.clone(), token })
        })
    }
    async fn part(&self, upload: &UploadId, _: u32, bytes: Bytes) -> Result<(), Fault> {
        self.call(|state| {
            let (_, parts) = state.uploads.get_mut(&upload.token).ok_or_else(|| not_found(&upload.token))?;
            parts.extend_from_slice(&bytes);
            Ok(())
        })
    }
    async fn finish(&self, upload: &UploadId, _: u32, mode: PutMode) -> Result<PutResult, Fault> {
        self.call(|state| {
            let (key, parts) = state.uploads.remove(&upload.token).ok_or_else(|| not_found(&upload.token))?;
            if mode == PutMode::IfAbsent && state.objects.contains_key(&key) {
                return Ok(PutResult::AlreadyThere);
            }
            state.objects.insert(key, parts.into());
            Ok(PutResult::Stored)
        })
    }
    async fn settle(&self, key: &Key) -> Result<(), Fault> {
        self.call(|state| state.objects.get(key).map(drop).ok_or_else(|| not_found(key)))
    }
    async fn abort(&self, upload: &UploadId) -> Result<(), Fault> {
        self.call(|state| {
            state.uploads.remove(&upload.token);
            Ok(())
        })
    }
    async fn delete(&self, key: &Key) -> Result<(), Fault> {
        self.call(|state| {
            state.objects.remove(key);
            Ok(())
        })
    }
}

#[derive(Debug, Clone)]
pub(super) struct Inode {
    pub(super) meta: Meta,
    pub(super) content: Vec<u8>,
    pub(super) xattrs: Xattrs,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Mischief {
    Shrinks,
    Grows,
    ReadFails,
    Vanishes,
    Denied,
    /// An extended attribute cannot be read.
    AttributesFail,
    /// Its size says so many bytes, whatever it holds.
    Says(u64),
}

#[derive(Default)]
pub(super) struct TreeState {
    pub(super) names: BTreeMap<Vec<u8>, u64>,
    pub(super) inodes: BTreeMap<u64, Inode>,
    pub(super) mischief: BTreeMap<Vec<u8>, Mischief>,
    pub(super) denied_folders: BTreeSet<Vec<u8>>,
    pub(super) users: BTreeMap<String, u32>,
    /// What may not be set: `owner`, or an extended attribute.
    pub(super) refuses: BTreeSet<String>,
    /// A folder that can be listed up to a name.
    pub(super) deny_listing_after: Option<(Vec<u8>, Vec<u8>)>,
}

#[derive(Default, Clone)]
pub(super) struct MemoryTree(Arc<Mutex<TreeState>>);

impl TreeState {
    fn get(&self, path: &[u8]) -> Option<&Inode> {
        self.inodes.get(self.names.get(path)?)
    }

    /// Adds a name; its parent must be a folder.
    pub(super) fn add(&mut self, path: &[u8], kind: EntryKind, content: &[u8]) -> Result<u64, Fault> {
        self.check_free(path)?;
        let inode = self.inodes.len() as u64 + 1;
        let (mode, size) = (0o600, if kind == EntryKind::File { content.len() as u64 } else { 0 });
        let meta = Meta {
            kind,
            mode,
            uid: 0,
            gid: 0,
            size,
            allocated: allocated(content),
            mtime_s: 9,
            mtime_ns: 0,
            ctime_s: 9,
            ctime_ns: 0,
            device: 1,
            inode,
            links: 1,
        };
        self.inodes.insert(inode, Inode { meta, content: content.to_vec(), xattrs: Xattrs::default() });
        self.names.insert(path.to_vec(), inode);
        self.touch_parent(path);
        Ok(inode)
    }

    pub(super) fn link(&mut self, path: &[u8], existing: &[u8]) -> Result<(), Fault> {
        self.check_free(path)?;
        let shown = PathBytes::new(existing);
        let inode = *self.names.get(existing).ok_or_else(|| not_found(&shown))?;
        let file = self.inodes.get_mut(&inode).unwrap();
        if file.meta.kind != EntryKind::File {
            return Err(Fault::permanent(Cause::Invalid, "link", "no file"));
        }
        file.meta.links += 1;
        self.names.insert(path.to_vec(), inode);
        self.touch_parent(path);
        Ok(())
    }

    fn check_free(&self, path: &[u8]) -> Result<(), Fault> {
        if self.names.contains_key(path) {
            return Err(Fault::permanent(Cause::Exists, "make", PathBytes::new(path).to_string()));
        }
        let parent = parent(path);
        match self.get(parent) {
            Some(folder) if folder.meta.kind == EntryKind::Folder => Ok(()),
            _ if parent.is_empty() => Ok(()),
            _ => Err(Fault::permanent(Cause::NotFound, "make", PathBytes::new(path).to_string())),
        }
    }

    /// Writing into a folder changes its time.
    fn touch_parent(&mut self, path: &[u8]) {
        if let Some(inode) = self.names.get(parent(path)).copied() {
            self.inodes.get_mut(&inode).unwrap().meta.mtime_s = 123_456;
        }
    }

    fn set(&mut self, path: &[u8], attributes: &Attributes) -> Result<Vec<Refused>, Fault> {
        let inode = *self.names.get(path).ok_or_else(|| not_found(PathBytes::new(path)))?;
        let Inode { meta, xattrs, .. } = self.inodes.get_mut(&inode).unwrap();
        let may = |what: &str| !self.refuses.contains(what);
        let mut refused = Vec::new();
        let mut refuse =
            |what: &str| refused.push(Refused { what: what.into(), why: "operation not permitted".into() });
        for (name, value) in attributes.xattrs.iter() {
            let shown = String::from_utf8_lossy(name);
            if may(&shown) { xattrs.insert(name, value).unwrap() } else { refuse(&shown) }
        }
        let owner = attributes.owner.filter(|_| may("owner"));
        if owner != attributes.owner {
            refuse("owner");
        }
        if meta.kind != EntryKind::Symlink {
            meta.mode = if owner == attributes.owner { attributes.mode } else { attributes.mode & 0o1777 };
        }
        (meta.uid, meta.gid) = owner.unwrap_or((meta.uid, meta.gid));
        (meta.mtime_s, meta.mtime_ns) = (attributes.mtime_s, attributes.mtime_ns);
        Ok(refused)
    }

    pub(super) fn below(&self, folder: &[u8]) -> Vec<Vec<u8>> {
        let folder = PathBytes::new(folder);
        self.names.keys().filter(|name| PathBytes::new(name.as_slice()).starts_with(&folder)).cloned().collect()
    }
}

/// Blocks of zeros take no space.
fn allocated(content: &[u8]) -> u64 {
    DataSegment::total(&DataSegment::of_content(content, 4096))
}

fn told(xattrs: &Xattrs) -> String {
    if xattrs.is_empty() { String::new() } else { format!(" {xattrs:?}") }
}

fn parent(path: &[u8]) -> &[u8] {
    &path[..path.iter().rposition(|byte| *byte == b'/').unwrap_or(0)]
}

impl MemoryTree {
    pub(super) fn lock(&self) -> MutexGuard<'_, TreeState> {
        self.0.lock().unwrap()
    }

    /// What is at and below a folder, in a form that says all that a backup should bring back.
    pub(super) fn snapshot(&self, folder: &str) -> BTreeMap<PathBytes, String> {
        let state = self.lock();
        let mut first = BTreeMap::new();
        let mut out = BTreeMap::new();
        for name in state.below(folder.as_bytes()) {
            let inode = state.names[&name];
            let below = PathBytes::new(&name[folder.len()..]);
            let twin = first.entry(inode).or_insert_with(|| below.clone()).clone();
            let Inode { meta: m, content, xattrs } = &state.inodes[&inode];
            let mode = if m.kind == EntryKind::Symlink { 0 } else { m.mode };
            let said = format!(
                "{:?} {:o} {}:{} {}.{:09} {twin} {:?}{}",
                m.kind,
                mode,
                m.uid,
                m.gid,
                m.mtime_s,
                m.mtime_ns,
                content,
                told(xattrs)
            );
            out.insert(below, said);
        }
        out
    }
}

#[async_trait::async_trait]
impl TreeRead for MemoryTree {
    async fn real(&self, path: &PathBytes) -> Result<PathBytes, Fault> {
        Ok(path.clone())
    }
    async fn stat(&self, path: &PathBytes) -> Result<Option<Meta>, Fault> {
        Ok(self.lock().get(path.as_bytes()).map(|inode| inode.meta))
    }
    async fn list(&self, folder: &PathBytes, after: Option<&[u8]>, limit: usize) -> Result<Names, Fault> {
        let state = self.lock();
        let stops = |(denied, last): &(Vec<u8>, Vec<u8>)| {
            denied == folder.as_bytes() && after.is_some_and(|after| after >= last.as_slice())
        };
        if state.denied_folders.contains(folder.as_bytes()) || state.deny_listing_after.as_ref().is_some_and(stops) {
            return Err(Fault::permanent(Cause::Denied, format!("list {folder}"), "permission denied"));
        }
        let children = state.names.keys().filter(|name| parent(name) == folder.as_bytes());
        let mut names: Vec<Vec<u8>> = children.map(|name| name[folder.as_bytes().len() + 1..].to_vec()).collect();
        names.sort();
        names.retain(|name| after.is_none_or(|after| name.as_slice() > after));
        // Pages of three, so that most folders have several.
        let mut page: Names = names.iter().take(limit.min(3)).map(Vec::as_slice).collect();
        page.more = names.len() > limit.min(3);
        Ok(page)
    }
    async fn look(&self, folder: &PathBytes, names: &[Vec<u8>]) -> Result<Vec<Result<Option<Meta>, Fault>>, Fault> {
        let state = self.lock();
        let at = |name: &Vec<u8>| Ok(state.get(folder.join(name).as_bytes()).map(|inode| inode.meta));
        Ok(names.iter().map(at).collect())
    }
    async fn read_link(&self, path: &PathBytes) -> Result<PathBytes, Fault> {
        Ok(PathBytes::new(self.lock().get(path.as_bytes()).unwrap().content.clone()))
    }
    async fn open(&self, path: &PathBytes) -> Result<Box<dyn FileRead>, Fault> {
        let state = self.lock();
        let mischief = state.mischief.get(path.as_bytes()).copied();
        match mischief {
            Some(Mischief::Vanishes) => return Err(not_found(path)),
            Some(Mischief::Denied) => return Err(Fault::permanent(Cause::Denied, "open", "permission denied")),
            _ => {}
        }
        let inode = state.get(path.as_bytes()).ok_or_else(|| not_found(path))?.clone();
        Ok(Box::new(MemoryFile { inode, position: 0, mischief }))
    }
    async fn xattrs(&self, path: &PathBytes) -> Result<ReadXattrs, Fault> {
        let kept = self.lock().get(path.as_bytes()).unwrap().xattrs.clone();
        Ok(ReadXattrs { kept, unread: vec![] })
    }
    async fn free(&self, _: &PathBytes) -> Result<u64, Fault> {
        Ok(u64::MAX)
    }
}

struct MemoryFile {
    inode: Inode,
    position: usize,
    mischief: Option<Mischief>,
}

#[async_trait::async_trait]
impl FileRead for MemoryFile {
    async fn read(&mut self, limit: usize) -> Result<Bytes, Fault> {
        let content = &self.inode.content;
        let end = match self.mischief {
            Some(Mischief::Shrinks | Mischief::ReadFails) => content.len() / 2,
            _ => content.len(),
        };
        if self.mischief == Some(Mischief::ReadFails) && self.position >= end {
            return Err(Fault::permanent(Cause::Other, "read", "input/output error"));
        }
        // Small pieces, so that many calls are made.
        let to = end.min(self.position + limit.min(1_000));
        let bytes = Bytes::copy_from_slice(content.get(self.position..to).unwrap_or_default());
        self.position = to;
        Ok(bytes)
    }
    async fn segments(&mut self, count_max: usize) -> Result<Vec<DataSegment>, Fault> {
        self.position = 0;
        Ok(DataSegment::fewest(DataSegment::of_content(&self.inode.content, 4096), count_max))
    }
    fn seek(&mut self, to: u64) {
        self.position = usize::try_from(to).unwrap();
    }
    fn opened(&self) -> Meta {
        match self.mischief {
            Some(Mischief::Says(size)) => Meta { size, ..self.inode.meta },
            _ => self.inode.meta,
        }
    }
    async fn stat(&mut self) -> Result<Meta, Fault> {
        if let Some(Mischief::Says(size)) = self.mischief {
            return Ok(Meta { size, ..self.inode.meta });
        }
        let grown = u64::from(self.mischief == Some(Mischief::Grows) && self.position > 0);
        Ok(Meta { size: self.inode.meta.size + grown, ..self.inode.meta })
    }
    async fn xattrs(&mut self) -> Result<ReadXattrs, Fault> {
        let lost = Refused { what: "user.lost".into(), why: "input/output error".into() };
        let unread = if self.mischief == Some(Mischief::AttributesFail) { vec![lost] } else { vec![] };
        Ok(ReadXattrs { kept: self.inode.xattrs.clone(), unread })
    }
}

/// Users and groups are the same.
#[async_trait::async_trait]
impl Users for MemoryTree {
    async fn user_name(&self, uid: u32) -> Result<Option<String>, Fault> {
        let state = self.lock();
        Ok(state.users.iter().find(|(_, number)| **number == uid).map(|(name, _)| name.clone()))
    }
    async fn group_name(&self, gid: u32) -> Result<Option<String>, Fault> {
        self.user_name(gid).await
    }
    async fn uid(&self, name: &str) -> Result<Option<u32>, Fault> {
        Ok(self.lock().users.get(name).copied())
    }
    async fn gid(&self, name: &str) -> Result<Option<u32>, Fault> {
        self.uid(name).await
    }
}

#[async_trait::async_trait]
impl TreeWrite for MemoryTree {
    async fn create(&self, folder: &PathBytes) -> Result<Box<dyn Destination>, Fault> {
        self.lock().add(folder.as_bytes(), EntryKind::Folder, b"")?;
        Ok(Box::new(MemoryDestination { tree: self.clone(), folder: folder.clone() }))
    }
    async fn reopen(&self, folder: &PathBytes) -> Result<Box<dyn Destination>, Fault> {
        self.settle(folder).await?;
        Ok(Box::new(MemoryDestination { tree: self.clone(), folder: folder.clone() }))
    }
    async fn rename(&self, from: &PathBytes, to: &PathBytes) -> Result<(), Fault> {
        let mut state = self.lock();
        state.check_free(to.as_bytes())?;
        for name in state.below(from.as_bytes()) {
            let inode = state.names.remove(&name).unwrap();
            state.names.insert([to.as_bytes(), &name[from.as_bytes().len()..]].concat(), inode);
        }
        Ok(())
    }
    async fn settle(&self, folder: &PathBytes) -> Result<(), Fault> {
        self.lock().names.get(folder.as_bytes()).map(drop).ok_or_else(|| not_found(folder))
    }
    async fn remove(&self, folder: &PathBytes) -> Result<(), Fault> {
        let mut state = self.lock();
        for name in state.below(folder.as_bytes()) {
            state.names.remove(&name);
        }
        Ok(())
    }
    async fn point_link(&self, link: &PathBytes, _: &PathBytes) -> Result<Option<PathBytes>, Fault> {
        unreachable!("no step that is tested here points a link: {link}")
    }
}

struct MemoryDestination {
    tree: MemoryTree,
    folder: PathBytes,
}

impl MemoryDestination {
    /// Whoever fills a destination asks for no other path, whatever an archive says.
    fn at(&self, path: &PathBytes) -> Vec<u8> {
        let plain = |part: &[u8]| !part.is_empty() && part != b"." && part != b".." && !part.contains(&0);
        match path.as_bytes() {
            [] => self.folder.as_bytes().to_vec(),
            below if !below.split(|byte| *byte == b'/').all(plain) => panic!("{path} leads out"),
            below => [self.folder.as_bytes(), b"/", below].concat(),
        }
    }
}

#[async_trait::async_trait]
impl Destination for MemoryDestination {
    async fn folder(&self, path: &PathBytes) -> Result<(), Fault> {
        self.tree.lock().add(&self.at(path), EntryKind::Folder, b"").map(|_| ())
    }
    async fn file(&self, path: &PathBytes) -> Result<Box<dyn FileWrite>, Fault> {
        let inode = self.tree.lock().add(&self.at(path), EntryKind::File, b"")?;
        Ok(Box::new(MemoryNewFile { tree: self.tree.clone(), inode, path: self.at(path) }))
    }
    async fn symlink(&self, path: &PathBytes, target: &PathBytes) -> Result<(), Fault> {
        self.tree.lock().add(&self.at(path), EntryKind::Symlink, target.as_bytes()).map(|_| ())
    }
    async fn hard_link(&self, path: &PathBytes, existing: &PathBytes) -> Result<(), Fault> {
        self.tree.lock().link(&self.at(path), &self.at(existing))
    }
    async fn remove(&self, path: &PathBytes) -> Result<(), Fault> {
        self.tree.lock().names.remove(&self.at(path));
        Ok(())
    }
    async fn set(&self, path: &PathBytes, attributes: &Attributes) -> Result<Vec<Refused>, Fault> {
        self.tree.lock().set(&self.at(path), attributes)
    }
    async fn sync(&self) -> Result<(), Fault> {
        Ok(())
    }
}

struct MemoryNewFile {
    tree: MemoryTree,
    inode: u64,
    path: Vec<u8>,
}

#[async_trait::async_trait]
impl FileWrite for MemoryNewFile {
    async fn write(&mut self, bytes: Bytes) -> Result<(), Fault> {
        let mut state = self.tree.lock();
        let inode = state.inodes.get_mut(&self.inode).unwrap();
        inode.content.extend_from_slice(&bytes);
        inode.meta.size = inode.content.len() as u64;
        inode.meta.allocated = allocated(&inode.content);
        Ok(())
    }
    async fn hole(&mut self, length: u64) -> Result<(), Fault> {
        self.write(vec![0; usize::try_from(length).unwrap()].into()).await
    }
    async fn finish(self: Box<Self>, attributes: &Attributes) -> Result<Vec<Refused>, Fault> {
        self.tree.lock().set(&self.path, attributes)
    }
}
