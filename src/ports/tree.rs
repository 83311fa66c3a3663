//! Folder trees: read where they are backed up, written where they are restored. Paths are bytes, and links
//! are never followed (openat(2), `O_NOFOLLOW`).

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Fault, Users};
use crate::primitives::{DataSegment, PathBytes, Xattrs};

/// What a directory entry is (inode(7)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Symlink,
    /// A named pipe.
    Fifo,
    /// A Unix socket.
    Socket,
    /// A character device.
    CharDevice,
    /// A block device.
    BlockDevice,
}

/// What lstat(2) tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits, with set-user-ID, set-group-ID and sticky: the low 12 bits of `st_mode`.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Bytes, for a file.
    pub size: u64,
    /// What it takes on its file system, in bytes (`st_blocks`); less than its size where it has holes.
    pub allocated: u64,
    /// Last change of content: seconds since 1970, may be negative.
    pub mtime_s: i64,
    /// and nanoseconds, 0 to 999,999,999.
    pub mtime_ns: u32,
    /// Last change of content or attributes, which no call can set back (inode(7)): seconds since 1970,
    pub ctime_s: i64,
    /// and nanoseconds.
    pub ctime_ns: u32,
    /// The file system.
    pub device: u64,
    /// The inode.
    pub inode: u64,
    /// How many names it has.
    pub links: u64,
}

impl Meta {
    /// Device and inode as bytes: the same for all names of a file, while it is there.
    pub fn identity(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.device.to_be_bytes());
        bytes[8..].copy_from_slice(&self.inode.to_be_bytes());
        bytes
    }
}

/// Names in a folder, ordered by their bytes, each once. They lie in one piece: many small ones would stay with the
/// allocator, once for each thread that lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Names {
    bytes: Vec<u8>,
    /// Where each name ends.
    ends: Vec<usize>,
    /// Whether there are more behind them.
    pub more: bool,
}

impl Names {
    /// Adds a name behind the others.
    pub fn push(&mut self, name: &[u8]) {
        self.bytes.extend_from_slice(name);
        self.ends.push(self.bytes.len());
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// One of them, counted from 0.
    pub fn get(&self, at: usize) -> Option<&[u8]> {
        let from = at.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied())?;
        self.bytes.get(from..*self.ends.get(at)?)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).filter_map(|at| self.get(at))
    }

    /// What they take in memory.
    pub fn held_bytes(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * size_of::<usize>()
    }
}

impl<'a> FromIterator<&'a [u8]> for Names {
    fn from_iter<I: IntoIterator<Item = &'a [u8]>>(names: I) -> Self {
        let mut out = Self::default();
        names.into_iter().for_each(|name| out.push(name));
        out
    }
}

/// The extended attributes of something.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReadXattrs {
    /// Those that are kept ([`Xattrs`]).
    pub kept: Xattrs,
    /// Those that would be kept and cannot be read, or are too much.
    pub unread: Vec<Refused>,
}

/// Something about an entry that was refused, while the rest of it is well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What: `owner`, or an attribute's name.
    pub what: String,
    /// Why, in the world's own words.
    pub why: String,
}

/// What is set on a restored entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attributes {
    /// The low 12 bits of `st_mode`.
    pub mode: u32,
    /// Owner and group, where they are to be set.
    pub owner: Option<(u32, u32)>,
    /// Last change of content: seconds since 1970.
    pub mtime_s: i64,
    /// and nanoseconds.
    pub mtime_ns: u32,
    /// Extended attributes.
    pub xattrs: Xattrs,
}

/// Reads trees.
#[async_trait::async_trait]
pub trait TreeRead: Users {
    /// What is at a path, links not followed; none where there is nothing.
    ///
    /// # Errors
    /// When it cannot be looked at.
    async fn stat(&self, path: &PathBytes) -> Result<Option<Meta>, Fault>;

    /// The names in a folder, ordered by their bytes: of those that come behind `after`, the first `limit`. Takes no more memory
    /// than they do, however many there are.
    ///
    /// # Errors
    /// When the folder cannot be read.
    async fn list(&self, folder: &PathBytes, after: Option<&[u8]>, limit: usize) -> Result<Names, Fault>;

    /// What these names in a folder are, in their order, links not followed: none where one is not there, or why it cannot be said.
    ///
    /// # Errors
    /// When the folder cannot be opened.
    async fn look(&self, folder: &PathBytes, names: &[Vec<u8>]) -> Result<Vec<Result<Option<Meta>, Fault>>, Fault>;

    /// Where a symbolic link points.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn read_link(&self, path: &PathBytes) -> Result<PathBytes, Fault>;

    /// The extended attributes of what is at a path, links not followed; none where its file system has none.
    ///
    /// # Errors
    /// When they cannot be listed.
    async fn xattrs(&self, path: &PathBytes) -> Result<ReadXattrs, Fault>;

    /// Opens a regular file; never blocks on a pipe, never follows a link, leaves its access time alone where that is permitted.
    ///
    /// # Errors
    /// When it cannot be opened or is no regular file. `Busy` where that may pass and is this file's own.
    async fn open(&self, path: &PathBytes) -> Result<Box<dyn FileRead>, Fault>;

    /// Opens several files, in their order, each as [`TreeRead::open`] does. A driver may do in one call what would be many.
    async fn open_all(&self, paths: &[PathBytes]) -> Vec<Result<Box<dyn FileRead>, Fault>> {
        let mut opened = Vec::with_capacity(paths.len());
        for path in paths {
            opened.push(self.open(path).await);
        }
        opened
    }

    /// The same place with all links followed; where it, or what is above it, is not there yet, those of what is there.
    ///
    /// # Errors
    /// When that cannot be said.
    async fn real(&self, path: &PathBytes) -> Result<PathBytes, Fault>;

    /// The bytes free for this user on the file system that holds, or would hold, `path`.
    ///
    /// # Errors
    /// When that cannot be said.
    async fn free(&self, path: &PathBytes) -> Result<u64, Fault>;

    /// Whether both paths are names of one file, links not followed.
    ///
    /// # Errors
    /// When one of them cannot be looked at.
    async fn is_one_file(&self, one: &PathBytes, other: &PathBytes) -> Result<bool, Fault> {
        let (one, other) = (self.stat(one).await?, self.stat(other).await?);
        Ok(one.zip(other).is_some_and(|(one, other)| one.identity() == other.identity()))
    }

    /// In which steps times of last change are kept, in nanoseconds; what is set is rounded down to them.
    fn mtime_step_ns(&self) -> u32 {
        1
    }
}

/// An open file, read from its beginning to its end.
#[async_trait::async_trait]
pub trait FileRead: Send {
    /// The next bytes, at most `limit`; none at the end.
    ///
    /// # Errors
    /// When they cannot be read; `Busy` as for [`TreeRead::open`]. Then reading may go on after a `seek`.
    async fn read(&mut self, limit: usize) -> Result<Bytes, Fault>;

    /// Where it held data just now, up to the size it had when it was opened: ascending, apart, at most `count_max` segments. What lies
    /// between are holes, which read as zeros (lseek(2)). Of a file in more pieces the shortest holes count as data; of one whose file
    /// system knows no holes all of it does. Then reading begins anew.
    ///
    /// # Errors
    /// When that cannot be said.
    async fn segments(&mut self, count_max: usize) -> Result<Vec<DataSegment>, Fault>;

    /// Goes on reading at this place.
    fn seek(&mut self, to: u64);

    /// What it was when it was opened.
    fn opened(&self) -> Meta;

    /// What the open file is now (fstat(2)). Where its end was read by then, the first answer may be of just after that.
    ///
    /// # Errors
    /// When that cannot be said.
    async fn stat(&mut self) -> Result<Meta, Fault>;

    /// Its extended attributes, as they were when it was opened.
    ///
    /// # Errors
    /// When they cannot be listed.
    async fn xattrs(&mut self) -> Result<ReadXattrs, Fault>;
}

/// Writes trees.
#[async_trait::async_trait]
pub trait TreeWrite: TreeRead {
    /// Makes a new folder, readable by its owner alone, and opens it to be filled. Its parents are made as well.
    ///
    /// # Errors
    /// `Exists` where something is there already.
    async fn create(&self, folder: &PathBytes) -> Result<Box<dyn Destination>, Fault>;

    /// Opens a folder that was made so before, to fill it further.
    ///
    /// # Errors
    /// `NotFound` where it is not there, `Invalid` where it is no folder.
    async fn reopen(&self, folder: &PathBytes) -> Result<Box<dyn Destination>, Fault>;

    /// Renames, never over what is there (renameat2(2), `RENAME_NOREPLACE`), durably.
    ///
    /// # Errors
    /// `Exists` where something is there already. Where it could not be made durable, `Permanent`, and it was renamed back as far as
    /// that is possible.
    async fn rename(&self, from: &PathBytes, to: &PathBytes) -> Result<(), Fault>;

    /// Returns when a folder that is there, by whatever hand, is durable: its name, and all below it.
    ///
    /// # Errors
    /// When the system says that something was not written.
    async fn settle(&self, folder: &PathBytes) -> Result<(), Fault>;

    /// Removes a folder and all below it, links not followed; one that is not there is no error.
    ///
    /// # Errors
    /// When something cannot be removed.
    async fn remove(&self, folder: &PathBytes) -> Result<(), Fault>;

    /// Has a symbolic link point to `target`, durably and in one step: whoever follows it finds what it pointed to, or `target`. Makes it
    /// where nothing is there. Answers where it pointed before.
    ///
    /// # Errors
    /// `Exists` where something that is no symbolic link is there, `NotFound` where the folder that is to hold it is not. Where it could
    /// not be made durable, `Permanent`, and it points to `target`.
    async fn point_link(&self, link: &PathBytes, target: &PathBytes) -> Result<Option<PathBytes>, Fault>;
}

/// A file that is to be made, and whose content is at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WholeFile {
    /// Where, below the destination.
    pub path: PathBytes,
    /// Its content, in pieces.
    pub content: Vec<Bytes>,
    /// What it is given when it is written.
    pub attributes: Attributes,
}

/// A new folder that is being filled. Paths are relative to it; one that is absolute, holds `..`, or passes
/// through anything but a folder is refused as `Invalid`, so nothing is written outside.
#[async_trait::async_trait]
pub trait Destination: Send + Sync {
    /// Makes a folder, readable by its owner alone until `set` says otherwise.
    ///
    /// # Errors
    /// `Exists` where something is there already.
    async fn folder(&self, path: &PathBytes) -> Result<(), Fault>;

    /// Makes a new file, readable by its owner alone until it is finished.
    ///
    /// # Errors
    /// `Exists` where something is there already.
    async fn file(&self, path: &PathBytes) -> Result<Box<dyn FileWrite>, Fault>;

    /// Makes new files, in their order, each as [`Destination::file`] and [`FileWrite`] do. Answers of each what was refused. A driver
    /// may do in one call what would be many.
    ///
    /// # Errors
    /// The first of theirs; what comes behind it is not made.
    async fn files(&self, files: Vec<WholeFile>) -> Result<Vec<Vec<Refused>>, Fault> {
        let mut refused = Vec::with_capacity(files.len());
        for WholeFile { path, content, attributes } in files {
            let mut file = self.file(&path).await?;
            for bytes in content {
                file.write(bytes).await?;
            }
            refused.push(file.finish(&attributes).await?);
        }
        Ok(refused)
    }

    /// Makes a symbolic link; its target is only text.
    ///
    /// # Errors
    /// `Exists` where something is there already.
    async fn symlink(&self, path: &PathBytes, target: &PathBytes) -> Result<(), Fault>;

    /// Gives a file that was made here one more name.
    ///
    /// # Errors
    /// `Exists` where something is there already; `Invalid` where `existing` is no regular file of this destination.
    async fn hard_link(&self, path: &PathBytes, existing: &PathBytes) -> Result<(), Fault>;

    /// Removes a name that is no folder's; one that is not there is no error.
    ///
    /// # Errors
    /// `Invalid` where it is a folder.
    async fn remove(&self, path: &PathBytes) -> Result<(), Fault>;

    /// Sets the attributes of a folder (the empty path: the destination itself) or of a symbolic link (all but the mode): the
    /// owner first, then extended attributes, mode and times, each of which may undo one of those before it. Answers what this
    /// user or file system may not set; where that is the owner, set-user-ID and set-group-ID are left out of the mode, for they
    /// would be those of somebody else.
    ///
    /// # Errors
    /// When something else is wrong.
    async fn set(&self, path: &PathBytes, attributes: &Attributes) -> Result<Vec<Refused>, Fault>;

    /// Returns when all that was written is durable (syncfs(2)).
    ///
    /// # Errors
    /// When the system says that something was not written.
    async fn sync(&self) -> Result<(), Fault>;
}

/// A new file that is being written.
#[async_trait::async_trait]
pub trait FileWrite: Send {
    /// Appends.
    ///
    /// # Errors
    /// `Full` where no space is left.
    async fn write(&mut self, bytes: Bytes) -> Result<(), Fault>;

    /// Appends so many zeros, for which no space is taken where the file system knows holes.
    ///
    /// # Errors
    /// As `write`; `Invalid` where no file can be so long.
    async fn hole(&mut self, length: u64) -> Result<(), Fault>;

    /// Sets the attributes as [`Destination::set`] does, and closes.
    ///
    /// # Errors
    /// When what was written cannot be finished; as `set`.
    async fn finish(self: Box<Self>, attributes: &Attributes) -> Result<Vec<Refused>, Fault>;
}
