//! Looking at entries and reading files.

use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};
use std::sync::Arc;

use bytes::Bytes;
use rustix::buffer::spare_capacity;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, SeekFrom, Stat};
use rustix::io::Errno;

use super::reach::{Reached, reach};
use super::{blocking, fault, no_regular_file, of_no_kind, take};
use crate::drivers::beneath::open_folder;
use crate::ports::{Certainty, EntryKind, Fault, FileRead, Meta, ReadXattrs};
use crate::primitives::{DataSegment, PathBytes};

/// What is read in one go at least, also when less is asked for: small files come whole with their opening.
const CHUNK_BYTES: usize = 256 * 1024;
/// What is read of a file that says it is small, or nothing at all, as those of /proc do.
const CHUNK_BYTES_MIN: usize = 4096;
/// What is read in one go at most, whatever is asked for.
const CHUNK_BYTES_MAX: usize = 4 * 1024 * 1024;

/// lstat(2), by a name in a folder.
pub(super) fn look(folder: impl AsFd, name: &[u8]) -> Result<Stat, Errno> {
    rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
}

/// What stat(2) told; none for a kind that inode(7) does not know.
pub(super) fn meta(stat: &Stat) -> Option<Meta> {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Folder,
        FileType::Symlink => EntryKind::Symlink,
        FileType::Fifo => EntryKind::Fifo,
        FileType::Socket => EntryKind::Socket,
        FileType::CharacterDevice => EntryKind::CharDevice,
        FileType::BlockDevice => EntryKind::BlockDevice,
        FileType::Unknown => return None,
    };
    Some(Meta {
        kind,
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        size: stat.st_size.cast_unsigned(),
        // In units of 512 bytes, whatever the file system's blocks are (inode(7)).
        allocated: stat.st_blocks.cast_unsigned().saturating_mul(512),
        mtime_s: stat.st_mtime,
        // Below 1,000,000,000 (timespec(3)), wider on some machines.
        mtime_ns: stat.st_mtime_nsec as u32,
        ctime_s: stat.st_ctime,
        ctime_ns: stat.st_ctime_nsec as u32,
        device: stat.st_dev,
        inode: stat.st_ino,
        links: widened(stat.st_nlink),
    })
}

/// Some machines have 32 bits where others have 64.
fn widened(count: impl Into<u64>) -> u64 {
    count.into()
}

/// What names in a folder are, each looked at through the open folder.
pub(super) fn look_at(folder: &PathBytes, names: &[Vec<u8>]) -> Result<Vec<Result<Option<Meta>, Fault>>, Fault> {
    let open = reach(folder.as_bytes()).and_then(|at| open_folder(at.folder(), at.rest()));
    let open = open.map_err(|errno| fault(format!("list {folder}"), errno))?;
    let at = |name: &Vec<u8>| match look(&open, name) {
        // It was removed since the folder was read: it is no entry.
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(fault(format!("look at {}", folder.join(name)), errno)),
        Ok(stat) => meta(&stat).map(Some).ok_or_else(|| of_no_kind(&folder.join(name))),
    };
    Ok(names.iter().map(at).collect())
}

/// A regular file, open for reading.
#[derive(Debug)]
pub(super) struct OpenFile {
    file: Arc<OwnedFd>,
    path: PathBytes,
    at_hand: Bytes,
    ended: bool,
    /// Where the next reading begins, where that is elsewhere than the last one ended.
    seek_to: Option<u64>,
    opened: Meta,
    /// What it was just after its end was read, where that came with its opening.
    at_end: Option<Meta>,
    xattrs: Result<ReadXattrs, Fault>,
}

impl OpenFile {
    /// Opens it and reads its beginning. Its kind is looked at first, as the mere opening of a device can do something
    /// (a tape rewinds), and again when it is open, as it may have been exchanged between the two.
    pub(super) fn open(path: PathBytes) -> Result<Self, Fault> {
        let refuse = |errno| fault(format!("open {path}"), errno);
        let regular = |stat: &Stat| match meta(stat) {
            Some(meta) if meta.kind == EntryKind::File => Ok(meta),
            other => Err(no_regular_file(&path, other.map(|meta| meta.kind))),
        };
        let at = reach(path.as_bytes()).map_err(refuse)?;
        regular(&look(at.folder(), at.rest()).map_err(refuse)?)?;
        let file = open_quietly(&at).map_err(|errno| of_file(format!("open {path}"), errno))?;
        let opened = rustix::fs::fstat(&file).map_err(refuse)?;
        let was = regular(&opened)?;
        // One byte more than there should be, so that the end is seen in the same go.
        let expected = usize::try_from(opened.st_size).unwrap_or_default().saturating_add(1);
        let length = expected.clamp(CHUNK_BYTES_MIN, CHUNK_BYTES);
        let (at_hand, ended) = read_chunk(&file, length).map_err(|errno| of_file(format!("read {path}"), errno))?;
        let xattrs = super::xattr::of_open(&file, &path);
        // So that small files cost one call and not two.
        let at_end = if ended { rustix::fs::fstat(&file).ok().as_ref().and_then(meta) } else { None };
        Ok(Self { file: Arc::new(file), path, at_hand, ended, seek_to: None, opened: was, at_end, xattrs })
    }
}

/// The fault of a call on one file. `EAGAIN` comes of reading without blocking (/proc/kmsg): it will come again, and only this
/// file is concerned.
fn of_file(action: String, errno: Errno) -> Fault {
    let mut fault = fault(action, errno);
    if errno == Errno::AGAIN {
        fault.certainty = Certainty::Permanent;
    }
    fault
}

/// Opens for reading without blocking on a pipe and without touching the access time, where this user may ask for
/// that (open(2): `O_NOATIME` is for the owner and root; `EPERM` for others).
fn open_quietly(path: &Reached<'_>) -> Result<OwnedFd, Errno> {
    match open_once(path) {
        Err(Errno::AGAIN) => open_leased(path),
        answer => answer,
    }
}

/// Opens a file on which another program holds a lease: it waits until that is given up, which the kernel enforces after
/// 45 s (fcntl(2), `F_SETLEASE`). The file is held by a descriptor first, so that nothing but a regular file is waited for.
fn open_leased(path: &Reached<'_>) -> Result<OwnedFd, Errno> {
    let held = rustix::fs::openat(
        path.folder(),
        path.rest(),
        OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    if FileType::from_raw_mode(rustix::fs::fstat(&held)?.st_mode) != FileType::RegularFile {
        return Err(Errno::AGAIN);
    }
    let name = format!("/proc/self/fd/{}", held.as_raw_fd());
    rustix::fs::open(name, OFlags::RDONLY | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())
}

fn open_once(path: &Reached<'_>) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    match rustix::fs::openat(path.folder(), path.rest(), flags | OFlags::NOATIME, Mode::empty()) {
        Err(Errno::PERM) => rustix::fs::openat(path.folder(), path.rest(), flags, Mode::empty()),
        answer => answer,
    }
}

/// The next bytes, and whether the end was reached: less than `length` are read only there.
fn read_chunk(file: &OwnedFd, length: usize) -> Result<(Bytes, bool), Errno> {
    let mut buffer = Vec::with_capacity(length);
    let mut ended = false;
    while buffer.len() < length && !ended {
        match rustix::io::read(file, spare_capacity(&mut buffer)) {
            Ok(read) => ended = read == 0,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    // What waits to be packed and listed takes what it holds, and not what might have come.
    buffer.shrink_to_fit();
    Ok((Bytes::from(buffer), ended))
}

/// Where a file holds data, up to `size`. While there are too many segments, those with the shortest holes between them are joined.
fn segments(file: &OwnedFd, size: u64, count_max: usize) -> Result<Vec<DataSegment>, Errno> {
    let mut found: Vec<DataSegment> = Vec::new();
    let mut position = 0;
    while position < size {
        let offset = match rustix::fs::seek(file, SeekFrom::Data(position)) {
            // From here on there is a hole, or the file is shorter by now.
            Err(Errno::NXIO) => break,
            // It knows no holes.
            Err(Errno::INVAL) => return Ok(vec![DataSegment { offset: 0, length: size }]),
            answer => answer?.min(size),
        };
        let end = rustix::fs::seek(file, SeekFrom::Hole(offset))?.min(size);
        if end <= offset {
            break;
        }
        found.push(DataSegment { offset, length: end - offset });
        position = end;
        if found.len() >= count_max.saturating_mul(2).max(1024) {
            found = DataSegment::fewest(found, count_max);
        }
    }
    Ok(DataSegment::fewest(found, count_max))
}

#[async_trait::async_trait]
impl FileRead for OpenFile {
    async fn read(&mut self, limit: usize) -> Result<Bytes, Fault> {
        if self.at_hand.is_empty() && !self.ended {
            let (file, path) = (Arc::clone(&self.file), self.path.clone());
            let length = limit.clamp(CHUNK_BYTES, CHUNK_BYTES_MAX);
            let seek_to = self.seek_to.take();
            (self.at_hand, self.ended) = blocking("read a file", move || {
                if let Some(to) = seek_to {
                    rustix::fs::seek(&file, SeekFrom::Start(to))
                        .map_err(|errno| of_file(format!("read {path}"), errno))?;
                }
                read_chunk(&file, length).map_err(|errno| of_file(format!("read {path}"), errno))
            })
            .await?;
        }
        Ok(take(&mut self.at_hand, limit))
    }

    async fn segments(&mut self, count_max: usize) -> Result<Vec<DataSegment>, Fault> {
        let (file, path, size) = (Arc::clone(&self.file), self.path.clone(), self.opened.size);
        self.seek(0);
        let segments = blocking("look for holes in a file", move || {
            segments(&file, size, count_max).map_err(|errno| of_file(format!("look for holes in {path}"), errno))
        });
        segments.await
    }

    fn seek(&mut self, to: u64) {
        (self.at_hand, self.ended, self.seek_to, self.at_end) = (Bytes::new(), false, Some(to), None);
    }

    fn opened(&self) -> Meta {
        self.opened
    }

    async fn stat(&mut self) -> Result<Meta, Fault> {
        if let Some(at_end) = self.at_end.take() {
            return Ok(at_end);
        }
        let (file, path) = (Arc::clone(&self.file), self.path.clone());
        blocking("look at an open file", move || {
            let stat = rustix::fs::fstat(&file).map_err(|errno| fault(format!("look at {path}"), errno))?;
            meta(&stat).ok_or_else(|| of_no_kind(&path))
        })
        .await
    }

    async fn xattrs(&mut self) -> Result<ReadXattrs, Fault> {
        self.xattrs.clone()
    }
}
