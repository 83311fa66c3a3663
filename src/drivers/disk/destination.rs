//! Filling a new folder.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use rustix::fs::{AtFlags, Gid, Mode, OFlags, SeekFrom, Timespec, Timestamps, UTIME_OMIT, Uid};
use rustix::io::Errno;

use super::read::{look, meta};
use super::{blocking, fault, xattr};
use crate::drivers::beneath::{Beneath, open_folder};
use crate::drivers::blocking::{Begun, begin};
use crate::drivers::durable::{self, FILE_MODE, FOLDER_MODE};
use crate::ports::{Attributes, Cause, Destination, EntryKind, Fault, FileWrite, Refused, WholeFile};
use crate::primitives::PathBytes;

/// So much is gathered before it is written: each writing is handed to another thread, which takes its time where all cores are busy.
const GATHERED_BYTES: usize = 1024 * 1024;
/// Pieces shorter than this are put together: each may keep more in memory than it holds, and would cost a call of its own.
const SHORT_BYTES: usize = 16 * 1024;

/// A new folder that is being filled.
#[derive(Debug)]
pub(super) struct Filling {
    place: Arc<PathBytes>,
    beneath: Arc<Beneath>,
}

impl Filling {
    pub(super) fn new(place: PathBytes, root: OwnedFd) -> Self {
        Self { place: Arc::new(place), beneath: Arc::new(Beneath::new(root)) }
    }

    /// Does something to a name in a folder of this destination.
    async fn at<T: Send + 'static>(
        &self,
        what: &'static str,
        path: &PathBytes,
        act: impl FnOnce(&Beneath, &OwnedFd, &[u8]) -> Result<T, Errno> + Send + 'static,
    ) -> Result<T, Fault> {
        let (place, beneath, path) = (Arc::clone(&self.place), Arc::clone(&self.beneath), path.clone());
        blocking(what, move || {
            let done = beneath.parent(path.as_bytes()).and_then(|(folder, name)| act(&beneath, &folder, name));
            done.map_err(|errno| fault(format!("{what} {}", place.join(path.as_bytes())), errno))
        })
        .await
    }
}

#[async_trait::async_trait]
impl Destination for Filling {
    async fn folder(&self, path: &PathBytes) -> Result<(), Fault> {
        self.at("make the folder", path, |_, folder, name| rustix::fs::mkdirat(folder, name, FOLDER_MODE)).await
    }

    async fn file(&self, path: &PathBytes) -> Result<Box<dyn FileWrite>, Fault> {
        let made = self.at("make the file", path, |_, folder, name| make_file(folder, name));
        let file = Arc::new(made.await?);
        let path = self.place.join(path.as_bytes());
        Ok(Box::new(NewFile { file, path, at: 0, gathered: Gathered::default(), writing: None, ends_in_hole: false }))
    }

    async fn files(&self, files: Vec<WholeFile>) -> Result<Vec<Vec<Refused>>, Fault> {
        let (place, beneath) = (Arc::clone(&self.place), Arc::clone(&self.beneath));
        blocking("make files", move || files.iter().map(|file| make_whole(&place, &beneath, file)).collect()).await
    }

    async fn symlink(&self, path: &PathBytes, target: &PathBytes) -> Result<(), Fault> {
        let target = target.clone();
        let made = self
            .at("make the link", path, move |_, folder, name| rustix::fs::symlinkat(target.as_bytes(), folder, name));
        made.await
    }

    async fn hard_link(&self, path: &PathBytes, existing: &PathBytes) -> Result<(), Fault> {
        let existing = existing.clone();
        let made = self.at("make the hard link", path, move |beneath, folder, name| {
            let (from, old_name) = beneath.parent(existing.as_bytes())?;
            if meta(&look(&*from, old_name)?).is_none_or(|meta| meta.kind != EntryKind::File) {
                return Err(Errno::INVAL);
            }
            // Without AT_SYMLINK_FOLLOW, so also a link that came between leads nowhere.
            rustix::fs::linkat(&*from, old_name, folder, name, AtFlags::empty())
        });
        made.await
    }

    async fn remove(&self, path: &PathBytes) -> Result<(), Fault> {
        let removed =
            self.at("remove", path, |_, folder, name| match rustix::fs::unlinkat(folder, name, AtFlags::empty()) {
                Err(Errno::NOENT) => Ok(()),
                answer => answer,
            });
        removed.await
    }

    async fn set(&self, path: &PathBytes, attributes: &Attributes) -> Result<Vec<Refused>, Fault> {
        let attributes = attributes.clone();
        if path.as_bytes().is_empty() {
            let (place, beneath) = (Arc::clone(&self.place), Arc::clone(&self.beneath));
            return blocking("set the attributes of a folder", move || {
                set_open(beneath.root(), &attributes)
                    .map_err(|errno| fault(format!("set the attributes of {place}"), errno))
            })
            .await;
        }
        let set = self.at("set the attributes of", path, move |_, folder, name| {
            match meta(&look(folder, name)?).map(|meta| meta.kind) {
                Some(EntryKind::Folder) => set_open(open_folder(folder, name)?, &attributes),
                Some(EntryKind::Symlink) => set_link(folder, name, &attributes),
                _ => Err(Errno::INVAL),
            }
        });
        set.await
    }

    async fn sync(&self) -> Result<(), Fault> {
        let (place, beneath) = (Arc::clone(&self.place), Arc::clone(&self.beneath));
        blocking("sync a file system", move || {
            rustix::fs::syncfs(beneath.root()).map_err(|errno| super::not_durable(format!("sync {place}"), errno))
        })
        .await
    }
}

fn make_file(folder: &OwnedFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(folder, name, flags, FILE_MODE)
}

fn make_whole(place: &PathBytes, beneath: &Beneath, whole: &WholeFile) -> Result<Vec<Refused>, Fault> {
    let told = |what: &str, errno| fault(format!("{what} {}", place.join(whole.path.as_bytes())), errno);
    let made = beneath.parent(whole.path.as_bytes()).and_then(|(folder, name)| make_file(&folder, name));
    let file = made.map_err(|errno| told("make the file", errno))?;
    let written = whole.content.iter().try_for_each(|bytes| write_all(&file, bytes));
    written.map_err(|errno| told("write", errno))?;
    durable::begin_write_back(&file, 0, whole.content.iter().map(|bytes| bytes.len() as u64).sum());
    set_finished(&file, &whole.attributes, || place.join(whole.path.as_bytes()))
}

/// Sets the attributes of a file that is written.
fn set_finished(file: &OwnedFd, attributes: &Attributes, path: impl Fn() -> PathBytes) -> Result<Vec<Refused>, Fault> {
    let action = || format!("set the attributes of {}", path());
    if attributes.mtime_ns > 999_999_999 {
        return Err(Fault::permanent(Cause::Invalid, action(), "a second has 1,000,000,000 nanoseconds"));
    }
    set_open(file, attributes).map_err(|errno| fault(action(), errno))
}

/// The owner comes first: chown(2) takes set-user-ID and file capabilities away. Extended attributes come before the mode, which
/// may forbid them, and which says the mask of an access control list.
fn set_open(file: impl AsFd, attributes: &Attributes) -> Result<Vec<Refused>, Errno> {
    let mut out = Vec::new();
    let (owner, group) = owner(attributes);
    if owner.is_some() {
        permitted("owner", rustix::fs::fchown(&file, owner, group), &mut out)?;
    }
    xattr::set_open(&file, &attributes.xattrs, &mut out);
    let mode = if out.iter().any(|refused| refused.what == "owner") { 0o1777 } else { 0o7777 } & attributes.mode;
    permitted("mode", rustix::fs::fchmod(&file, Mode::from_raw_mode(mode)), &mut out)?;
    permitted("time", rustix::fs::futimens(&file, &times(attributes)), &mut out)?;
    Ok(out)
}

fn set_link(folder: impl AsFd, name: &[u8], attributes: &Attributes) -> Result<Vec<Refused>, Errno> {
    let mut out = Vec::new();
    let (owner, group) = owner(attributes);
    if owner.is_some() {
        let changed = rustix::fs::chownat(&folder, name, owner, group, AtFlags::SYMLINK_NOFOLLOW);
        permitted("owner", changed, &mut out)?;
    }
    xattr::set_in(&folder, name, &attributes.xattrs, &mut out);
    let changed = rustix::fs::utimensat(&folder, name, &times(attributes), AtFlags::SYMLINK_NOFOLLOW);
    permitted("time", changed, &mut out)?;
    Ok(out)
}

/// What this user may not do, or this file system does not do: NFS that maps root to nobody, FAT, an id that a user namespace
/// does not map (chown(2): `EINVAL`).
fn permitted(what: &str, answer: Result<(), Errno>, out: &mut Vec<Refused>) -> Result<(), Errno> {
    match answer {
        Err(errno)
            if matches!(errno, Errno::PERM | Errno::ACCESS | Errno::NOTSUP | Errno::NOSYS)
                || (what == "owner" && errno == Errno::INVAL) =>
        {
            out.push(Refused { what: what.to_owned(), why: std::io::Error::from(errno).to_string() });
            Ok(())
        }
        answer => answer,
    }
}

fn owner(attributes: &Attributes) -> (Option<Uid>, Option<Gid>) {
    attributes.owner.map_or((None, None), |(uid, gid)| (Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid))))
}

fn times(attributes: &Attributes) -> Timestamps {
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: attributes.mtime_s, tv_nsec: attributes.mtime_ns.into() },
    }
}

/// A new file. What comes is gathered, and written while more comes, so that a full disk may be noticed only by a later call.
#[derive(Debug)]
struct NewFile {
    file: Arc<OwnedFd>,
    path: PathBytes,
    /// Where what is gathered begins.
    at: u64,
    gathered: Gathered,
    /// What came before it, where that is not known to be written.
    writing: Option<Begun<()>>,
    /// Whether what was written last is a hole, which gives a file no length by itself.
    ends_in_hole: bool,
}

/// Bytes that are to be written one behind the other. Only short pieces are copied.
#[derive(Debug, Default)]
struct Gathered {
    pieces: Vec<Bytes>,
    /// What comes behind them, of short pieces.
    short: BytesMut,
    length: usize,
}

impl Gathered {
    fn push(&mut self, bytes: Bytes) {
        self.length += bytes.len();
        if bytes.len() < SHORT_BYTES {
            self.short.extend_from_slice(&bytes);
            return;
        }
        if !self.short.is_empty() {
            self.pieces.push(std::mem::take(&mut self.short).freeze());
        }
        self.pieces.push(bytes);
    }

    fn is_enough(&self) -> bool {
        self.length >= GATHERED_BYTES
    }

    fn write(&self, file: &OwnedFd) -> Result<(), Errno> {
        self.pieces.iter().try_for_each(|bytes| write_all(file, bytes))?;
        write_all(file, &self.short)
    }
}

impl NewFile {
    /// What is written from here on comes behind what was; a fault of that is told now.
    async fn written(&mut self) -> Result<(), Fault> {
        let Some(writing) = &mut self.writing else { return Ok(()) };
        let written = writing.done().await;
        // Not before: who gives up waiting and waits again must not be told less.
        self.writing = None;
        written
    }
}

#[async_trait::async_trait]
impl FileWrite for NewFile {
    async fn write(&mut self, bytes: Bytes) -> Result<(), Fault> {
        self.ends_in_hole &= bytes.is_empty();
        self.gathered.push(bytes);
        if !self.gathered.is_enough() {
            return Ok(());
        }
        self.written().await?;
        let (file, path, at) = (Arc::clone(&self.file), self.path.clone(), self.at);
        let gathered = std::mem::take(&mut self.gathered);
        self.at += gathered.length as u64;
        self.writing = Some(begin("write a file", move || {
            let written = gathered.write(&file);
            durable::begin_write_back(&file, at, gathered.length as u64);
            written.map_err(|errno| fault(format!("write {path}"), errno))
        }));
        Ok(())
    }

    async fn hole(&mut self, length: u64) -> Result<(), Fault> {
        if length == 0 {
            return Ok(());
        }
        self.written().await?;
        self.ends_in_hole = true;
        let (file, path, gathered) = (Arc::clone(&self.file), self.path.clone(), std::mem::take(&mut self.gathered));
        self.at = self.at.saturating_add(gathered.length as u64).saturating_add(length);
        blocking("leave a hole in a file", move || {
            let by = i64::try_from(length).map_err(|_| Errno::INVAL);
            gathered
                .write(&file)
                .and(by)
                .and_then(|by| rustix::fs::seek(&file, SeekFrom::Current(by)))
                .map(drop)
                .map_err(|errno| fault(format!("write {path}"), errno))
        })
        .await
    }

    async fn finish(mut self: Box<Self>, attributes: &Attributes) -> Result<Vec<Refused>, Fault> {
        self.written().await?;
        let attributes = attributes.clone();
        blocking("finish a file", move || {
            self.gathered
                .write(&self.file)
                .and_then(|()| if self.ends_in_hole { lengthen(&self.file) } else { Ok(()) })
                .map_err(|errno| fault(format!("write {}", self.path), errno))?;
            set_finished(&self.file, &attributes, || self.path.clone())
        })
        .await
    }
}

/// Makes a file as long as the place that was reached in it.
fn lengthen(file: &OwnedFd) -> Result<(), Errno> {
    let reached = rustix::fs::seek(file, SeekFrom::Current(0))?;
    rustix::fs::ftruncate(file, reached)
}

fn write_all(file: &OwnedFd, mut bytes: &[u8]) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match rustix::io::write(file, bytes) {
            // No file system answers so; better a fault than to ask for ever.
            Ok(0) => return Err(Errno::IO),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::Xattrs;

    fn full() -> Box<NewFile> {
        let device = rustix::fs::open("/dev/full", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty()).unwrap();
        let (file, path, gathered) = (Arc::new(device), PathBytes::new(&b"file"[..]), Gathered::default());
        Box::new(NewFile { file, path, at: 0, gathered, writing: None, ends_in_hole: false })
    }

    fn attributes() -> Attributes {
        Attributes { mode: 0o600, owner: None, mtime_s: 0, mtime_ns: 0, xattrs: Xattrs::default() }
    }

    #[tokio::test]
    async fn a_full_disk_is_told_by_whichever_call_comes_behind() {
        let enough = || Bytes::from(vec![1; GATHERED_BYTES]);
        let is_full = |fault: Fault| assert!(fault.action.contains("write file"), "{fault:?}");
        let mut file = full();
        file.write(enough()).await.unwrap();
        is_full(file.write(enough()).await.unwrap_err());
        let mut file = full();
        file.write(enough()).await.unwrap();
        is_full(file.hole(1).await.unwrap_err());
        let mut file = full();
        file.write(enough()).await.unwrap();
        is_full(file.finish(&attributes()).await.unwrap_err());
        // What was gathered and not begun to be written.
        let mut file = full();
        file.write(Bytes::from_static(b"short")).await.unwrap();
        is_full(file.finish(&attributes()).await.unwrap_err());
    }
}
