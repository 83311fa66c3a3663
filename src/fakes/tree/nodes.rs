//! The inodes of a simulated file system, and the names that lead to them.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::ports::{Attributes, Cause, EntryKind, Meta, Refused};
use crate::primitives::{DataSegment, PathBytes, Xattrs};

/// Why not.
pub(super) type Refusal = (Cause, &'static str);

const ROOT: u64 = 2;
/// Blocks of so many zeros take no space.
pub(super) const BLOCK: usize = 4096;
/// The file system that everything is on but what lies at or below a mount point.
const DEVICE: u64 = 1;
const EXISTS: Refusal = (Cause::Exists, "something is there already");
const MISSING: Refusal = (Cause::NotFound, "nothing is there");
const NO_FOLDER: Refusal = (Cause::Invalid, "it is no folder");

/// What an inode holds.
#[derive(Debug, Clone)]
pub(super) enum Body {
    File(Vec<u8>),
    Folder(BTreeMap<Vec<u8>, u64>),
    Symlink(PathBytes),
    Special(EntryKind),
}

#[derive(Debug)]
struct Node {
    body: Body,
    attributes: Attributes,
    ctime: Timestamp,
    links: u64,
    denied: bool,
    device: u64,
}

/// All inodes. One that lost its last name stays, for whoever has it open.
#[derive(Debug)]
pub(super) struct Nodes {
    table: BTreeMap<u64, Node>,
    next: u64,
    pub(super) free: u64,
    /// What nobody may set: `owner`, or names of attributes.
    pub(super) refuses: Vec<String>,
    pub(super) now: Timestamp,
}

/// The components of a path; a `/` before or between them more or less does not matter.
fn parts(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".")
}

impl Nodes {
    pub(super) fn new() -> Self {
        let mut nodes =
            Self { table: BTreeMap::new(), next: ROOT, free: 1 << 40, refuses: Vec::new(), now: Timestamp::UNIX_EPOCH };
        nodes.add(Body::Folder(BTreeMap::new()), 0o755);
        nodes
    }

    fn add(&mut self, body: Body, mode: u32) -> u64 {
        let inode = self.next;
        self.next += 1;
        let mtime_ns = self.now.subsec_nanosecond().unsigned_abs();
        let attributes = Attributes {
            mode,
            owner: Some((1000, 1000)),
            mtime_s: self.now.as_second(),
            mtime_ns,
            xattrs: Xattrs::default(),
        };
        self.table.insert(inode, Node { body, attributes, ctime: self.now, links: 1, denied: false, device: DEVICE });
        inode
    }

    fn node(&self, inode: u64) -> Option<&Node> {
        self.table.get(&inode)
    }

    fn kind(&self, inode: u64) -> EntryKind {
        match self.node(inode).map(|node| &node.body) {
            Some(Body::Folder(_)) => EntryKind::Folder,
            Some(Body::Symlink(_)) => EntryKind::Symlink,
            Some(Body::Special(kind)) => *kind,
            Some(Body::File(_)) | None => EntryKind::File,
        }
    }

    /// The inode that a path leads to, from a folder; none where the last name is not there.
    pub(super) fn find_from(&self, folder: u64, path: &[u8]) -> Result<Option<u64>, Refusal> {
        let mut at = Some(folder);
        for part in parts(path) {
            let Some(Node { body: Body::Folder(names), denied, .. }) = at.and_then(|at| self.node(at)) else {
                return if at.is_some() { Err(NO_FOLDER) } else { Ok(None) };
            };
            if *denied {
                return Err((Cause::Denied, "permission denied"));
            }
            at = names.get(part).copied();
        }
        Ok(at)
    }

    pub(super) fn find(&self, path: &[u8]) -> Result<Option<u64>, Refusal> {
        self.find_from(ROOT, path)
    }

    pub(super) fn existing(&self, path: &[u8]) -> Result<u64, Refusal> {
        self.find(path)?.ok_or(MISSING)
    }

    pub(super) fn require_folder(&self, inode: u64) -> Result<(), Refusal> {
        if self.kind(inode) == EntryKind::Folder { Ok(()) } else { Err(NO_FOLDER) }
    }

    pub(super) fn require_file(&self, inode: u64) -> Result<(), Refusal> {
        if self.kind(inode) == EntryKind::File { Ok(()) } else { Err((Cause::Invalid, "it is no regular file")) }
    }

    pub(super) fn readable_file(&self, inode: u64) -> Result<(), Refusal> {
        self.require_file(inode)?;
        if self.node(inode).is_some_and(|node| node.denied) {
            return Err((Cause::Denied, "permission denied"));
        }
        Ok(())
    }

    pub(super) fn meta(&self, inode: u64) -> Meta {
        let node = self.node(inode);
        let set = node.map(|node| &node.attributes);
        let (uid, gid) = set.and_then(|set| set.owner).unwrap_or_default();
        Meta {
            kind: self.kind(inode),
            allocated: self
                .content(inode)
                .map_or(0, |content| DataSegment::total(&DataSegment::of_content(content, BLOCK))),
            mode: set.map_or(0, |set| set.mode),
            uid,
            gid,
            size: self.content(inode).map_or(0, |content| content.len() as u64),
            mtime_s: set.map_or(0, |set| set.mtime_s),
            mtime_ns: set.map_or(0, |set| set.mtime_ns),
            ctime_s: node.map_or(0, |node| node.ctime.as_second()),
            ctime_ns: node.map_or(0, |node| node.ctime.subsec_nanosecond().unsigned_abs()),
            device: node.map_or(DEVICE, |node| node.device),
            inode,
            links: node.map_or(0, |node| node.links),
        }
    }

    pub(super) fn content(&self, inode: u64) -> Option<&[u8]> {
        match &self.node(inode)?.body {
            Body::File(content) => Some(content),
            _ => None,
        }
    }

    pub(super) fn target(&self, inode: u64) -> Option<PathBytes> {
        match &self.node(inode)?.body {
            Body::Symlink(target) => Some(target.clone()),
            _ => None,
        }
    }

    pub(super) fn entries(&self, inode: u64) -> Result<BTreeMap<Vec<u8>, u64>, Refusal> {
        match self.node(inode) {
            Some(Node { denied: true, .. }) => Err((Cause::Denied, "permission denied")),
            Some(Node { body: Body::Folder(names), .. }) => Ok(names.clone()),
            _ => Err(NO_FOLDER),
        }
    }

    /// Names an inode in a folder.
    fn name(&mut self, folder: u64, name: &[u8], inode: u64) -> Result<(), Refusal> {
        let Some(Node { body: Body::Folder(names), .. }) = self.table.get_mut(&folder) else { return Err(NO_FOLDER) };
        if names.contains_key(name) {
            return Err(EXISTS);
        }
        names.insert(name.to_vec(), inode);
        Ok(())
    }

    /// Splits a path below `root` into the inode of its folder and its name.
    fn holder<'p>(&self, root: u64, path: &'p [u8]) -> Result<(u64, &'p [u8]), Refusal> {
        let name = parts(path).last().ok_or(EXISTS)?;
        let above: Vec<&[u8]> = parts(path).collect();
        let above = above.split_last().map(|(_, above)| above.join(&b'/')).unwrap_or_default();
        let folder = self.find_from(root, &above)?.ok_or(MISSING)?;
        self.require_folder(folder)?;
        Ok((folder, name))
    }

    /// Makes something new at a path below `root`.
    pub(super) fn make(&mut self, root: u64, path: &[u8], body: Body, mode: u32) -> Result<u64, Refusal> {
        let (folder, name) = self.holder(root, path)?;
        let inode = self.next;
        self.name(folder, name, inode)?;
        Ok(self.add(body, mode))
    }

    pub(super) fn link(&mut self, root: u64, path: &[u8], inode: u64) -> Result<(), Refusal> {
        let (folder, name) = self.holder(root, path)?;
        self.name(folder, name, inode)?;
        if let Some(node) = self.table.get_mut(&inode) {
            node.links += 1;
            node.ctime = self.now;
        }
        Ok(())
    }

    /// Sets what may be set, and answers the rest.
    pub(super) fn set(&mut self, inode: u64, attributes: &Attributes) -> Vec<Refused> {
        let mut refused = Vec::new();
        let Some(node) = self.table.get_mut(&inode) else { return refused };
        let mut refuse = |what: &str| {
            refused.push(Refused { what: what.to_owned(), why: "operation not permitted".into() });
        };
        let owner_stays = attributes.owner.is_some() && self.refuses.iter().any(|what| what == "owner");
        if owner_stays {
            refuse("owner");
        }
        let owner = attributes.owner.filter(|_| !owner_stays).or(node.attributes.owner);
        let mut xattrs = Xattrs::default();
        for (name, value) in attributes.xattrs.iter() {
            let shown = PathBytes::new(name).to_string();
            let taken = !self.refuses.contains(&shown) && xattrs.insert(name, value).is_ok();
            if !taken {
                refuse(&shown);
            }
        }
        let of_others = if owner_stays { 0o6000 } else { 0 };
        // A link's own mode means nothing (symlink(7)).
        let mode = if matches!(node.body, Body::Symlink(_)) { 0o777 } else { attributes.mode & 0o7777 & !of_others };
        node.attributes = Attributes { mode, owner, xattrs, ..*attributes };
        node.ctime = self.now;
        refused
    }

    pub(super) fn xattrs(&self, inode: u64) -> Xattrs {
        self.node(inode).map(|node| node.attributes.xattrs.clone()).unwrap_or_default()
    }

    pub(super) fn append(&mut self, inode: u64, bytes: &[u8]) -> Result<(), Refusal> {
        self.free = self.free.checked_sub(bytes.len() as u64).ok_or((Cause::Full, "no space is left"))?;
        if let Some(Node { body: Body::File(content), ctime, .. }) = self.table.get_mut(&inode) {
            content.extend_from_slice(bytes);
            *ctime = self.now;
        }
        Ok(())
    }

    pub(super) fn replace(&mut self, inode: u64, new: Vec<u8>) {
        let (mtime_s, mtime_ns) = (self.now.as_second(), self.now.subsec_nanosecond().unsigned_abs());
        if let Some(node) = self.table.get_mut(&inode) {
            node.body = Body::File(new);
            (node.attributes.mtime_s, node.attributes.mtime_ns) = (mtime_s, mtime_ns);
            node.ctime = self.now;
        }
    }

    /// A new folder and those above it that are missing.
    pub(super) fn make_with_parents(&mut self, path: &[u8]) -> Result<u64, Refusal> {
        let all: Vec<&[u8]> = parts(path).collect();
        for end in 1..all.len() {
            let above = all[..end].join(&b'/');
            if self.find(&above)?.is_none() {
                self.make(ROOT, &above, Body::Folder(BTreeMap::new()), 0o700)?;
            }
        }
        self.make(ROOT, path, Body::Folder(BTreeMap::new()), 0o700)
    }

    /// A folder, whether or not it is there.
    pub(super) fn make_all(&mut self, path: &[u8]) {
        let all: Vec<&[u8]> = parts(path).collect();
        for end in 1..=all.len() {
            // What is there already is what is wanted.
            let _there = self.make(ROOT, &all[..end].join(&b'/'), Body::Folder(BTreeMap::new()), 0o755);
        }
    }

    /// Something new, with the folders above it; what is there is taken away.
    pub(super) fn plant(&mut self, path: &[u8], body: Body, mode: u32) {
        let all: Vec<&[u8]> = parts(path).collect();
        if let Some((_, above)) = all.split_last() {
            self.make_all(&above.join(&b'/'));
        }
        self.unlink_all(path);
        let _made = self.make(ROOT, path, body, mode);
    }

    pub(super) fn plant_link(&mut self, path: &[u8], existing: &[u8]) {
        if let Some(inode) = self.find(existing).ok().flatten() {
            let _linked = self.link(ROOT, path, inode);
        }
    }

    pub(super) fn deny(&mut self, path: &[u8]) {
        let found = self.find(path).ok().flatten();
        if let Some(node) = found.and_then(|inode| self.table.get_mut(&inode)) {
            node.denied = true;
        }
    }

    /// Puts what is at a path, and all below it, on that file system.
    pub(super) fn move_to(&mut self, path: &[u8], device: u64) {
        let mut left: Vec<u64> = self.find(path).ok().flatten().into_iter().collect();
        while let Some(node) = left.pop().and_then(|inode| self.table.get_mut(&inode)) {
            node.device = device;
            if let Body::Folder(names) = &node.body {
                left.extend(names.values());
            }
        }
    }

    fn unname(&mut self, root: u64, path: &[u8]) -> Option<u64> {
        let (folder, name) = self.holder(root, path).ok()?;
        match self.table.get_mut(&folder) {
            Some(Node { body: Body::Folder(names), .. }) => names.remove(name),
            _ => None,
        }
    }

    /// Takes a name away, and all below it; what loses its last name gives its bytes back.
    pub(super) fn unlink_all(&mut self, path: &[u8]) {
        self.unlink_all_from(ROOT, path);
    }

    pub(super) fn unlink_all_from(&mut self, root: u64, path: &[u8]) {
        let mut gone: Vec<u64> = self.unname(root, path).into_iter().collect();
        while let Some(inode) = gone.pop() {
            let Some(node) = self.table.get_mut(&inode) else { continue };
            node.links = node.links.saturating_sub(1);
            node.ctime = self.now;
            match &mut node.body {
                Body::Folder(names) => gone.extend(std::mem::take(names).into_values()),
                Body::File(content) if node.links == 0 => {
                    self.free = self.free.saturating_add(content.len() as u64);
                }
                _ => {}
            }
        }
    }

    pub(super) fn rename(&mut self, from: &[u8], to: &[u8]) -> Result<(), Refusal> {
        let inode = self.existing(from)?;
        if parts(to).collect::<Vec<_>>().starts_with(&parts(from).collect::<Vec<_>>()) {
            return Err(if parts(from).eq(parts(to)) {
                EXISTS
            } else {
                (Cause::Invalid, "a folder cannot hold itself")
            });
        }
        let (folder, name) = self.holder(ROOT, to)?;
        self.name(folder, name, inode)?;
        self.unname(ROOT, from);
        Ok(())
    }

    /// Has a link point elsewhere, or makes it.
    pub(super) fn point_link(&mut self, path: &[u8], target: &PathBytes) -> Result<Option<PathBytes>, Refusal> {
        let before = match self.find(path)? {
            None => None,
            Some(inode) => Some(self.target(inode).ok_or((Cause::Exists, "it is no symbolic link"))?),
        };
        self.holder(ROOT, path)?;
        self.unlink_all(path);
        self.make(ROOT, path, Body::Symlink(target.clone()), 0o777)?;
        Ok(before)
    }

    pub(super) fn everything(&self, path: &[u8]) -> Vec<(PathBytes, Meta)> {
        let mut left: Vec<(PathBytes, u64)> = Vec::new();
        left.extend(self.find(path).ok().flatten().map(|inode| (PathBytes::new(path), inode)));
        let mut all = Vec::new();
        while let Some((path, inode)) = left.pop() {
            all.push((path.clone(), self.meta(inode)));
            if let Some(Node { body: Body::Folder(names), .. }) = self.node(inode) {
                left.extend(names.iter().rev().map(|(name, inode)| (path.join(name), *inode)));
            }
        }
        all
    }
}
