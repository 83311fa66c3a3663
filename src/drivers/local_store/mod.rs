//! A store that is a folder: an object is a file, its key the path below the root.
//!
//! Unaware of what the objects mean. An upload is a hidden file beside its target, `.upload-<file name>-<token>`, which no key
//! can name. Invariants: an object appears whole and durable or not at all; a link in the store is no object and is not
//! followed; reading creates nothing, not even the root.

mod upload;
mod walk;

use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use rustix::buffer::spare_capacity;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use self::upload::Progress;
use super::beneath::{open_folder, split_last, step_into};
use super::blocking::{blocking, fault};
use super::durable;
use crate::ports::{Cause, Fault, ObjectInfo, Page, PutMode, PutResult, StorePlace, StoreRead, StoreWrite, UploadId};
use crate::primitives::{Key, PathBytes};

/// A part is written in one go; a file takes any number of them.
const PART_BYTES: usize = 1024 * 1024;

/// A store on a folder of this host. The folder is made by the first writing call, readable by its owner alone.
///
/// The parts of an upload are put by the value that began it: one that another process left behind is seen
/// (`uploads`) and can be thrown away (`abort`), not continued, as nothing says which parts of it are whole.
#[derive(Debug, Clone)]
pub struct LocalStore {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    progress: Mutex<HashMap<UploadId, Progress>>,
}

impl LocalStore {
    /// The store below `root`, which may not exist yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { shared: Arc::new(Shared { root: root.into(), progress: Mutex::default() }) }
    }

    /// Does something to the store where blocking is allowed.
    async fn off<T: Send + 'static>(
        &self,
        what: &'static str,
        calls: impl FnOnce(&Shared) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let shared = Arc::clone(&self.shared);
        blocking(what, move || calls(&shared)).await
    }
}

impl Shared {
    fn place(&self, name: &str) -> String {
        self.root.join(name).display().to_string()
    }

    fn fault(&self, what: &str, name: &str, errno: Errno) -> Fault {
        fault(format!("{what} {}", self.place(name)), errno)
    }

    fn progress(&self) -> MutexGuard<'_, HashMap<UploadId, Progress>> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The root, then each folder down to the one at `path`, all open for reading.
    fn folders(&self, path: &[u8]) -> Result<Vec<OwnedFd>, Errno> {
        let mut folders = vec![durable::open_folder(&self.root)?];
        for name in path.split(|byte| *byte == b'/').filter(|name| !name.is_empty()) {
            let Some(above) = folders.last() else { break };
            folders.push(open_folder(above, name)?);
        }
        Ok(folders)
    }

    /// What is under a key, whatever it is; none also where the way to it is missing or no folder.
    fn look(&self, key: &Key) -> Result<Option<Stat>, Errno> {
        let (folder, name) = split_last(key.as_str().as_bytes());
        let root = match durable::open_folder(&self.root) {
            Err(Errno::NOENT) => return Ok(None),
            answer => answer?,
        };
        let holder = descend(root, folder);
        match holder.and_then(|holder| rustix::fs::statat(holder, name, AtFlags::SYMLINK_NOFOLLOW)) {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
            Err(errno) => Err(errno),
        }
    }

    fn head(&self, key: &Key) -> Result<Option<ObjectInfo>, Fault> {
        let found = self.look(key).map_err(|errno| self.fault("look at", key.as_str(), errno))?;
        Ok(found.filter(is_object).map(|stat| ObjectInfo { key: key.clone(), size: stat.st_size.cast_unsigned() }))
    }

    fn read(&self, key: &Key, offset: u64, length: usize) -> Result<Bytes, Fault> {
        let refuse = |errno| self.fault("read", key.as_str(), errno);
        let Some(object) = self.head(key)? else {
            return Err(refuse(Errno::NOENT));
        };
        let left = usize::try_from(object.size.saturating_sub(offset)).unwrap_or(usize::MAX);
        let length = length.min(left);
        if length == 0 {
            return Ok(Bytes::new());
        }
        let (folder, name) = split_last(key.as_str().as_bytes());
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = durable::open_folder(&self.root)
            .and_then(|root| descend(root, folder))
            .and_then(|folder| rustix::fs::openat(folder, name, flags, Mode::empty()))
            .map_err(refuse)?;
        read_at(&file, length, offset).map(Bytes::from).map_err(refuse)
    }

    fn delete(&self, key: &Key) -> Result<(), Fault> {
        let refuse = |errno| self.fault("delete", key.as_str(), errno);
        if self.look(key).map_err(refuse)?.is_none_or(|found| !is_object(&found)) {
            return Ok(());
        }
        self.unlink(key.as_str().as_bytes()).map_err(refuse)
    }

    /// Removes a file durably; one that is not there is no error. Folders that it leaves empty go too, if nobody
    /// minds: an empty folder is nothing in a store.
    fn unlink(&self, path: &[u8]) -> Result<(), Errno> {
        let (folder, name) = split_last(path);
        let gone = self.folders(folder).and_then(|mut folders| {
            let Some(holder) = folders.last() else { return Ok(()) };
            rustix::fs::unlinkat(holder, name, AtFlags::empty())?;
            rustix::fs::fsync(holder)?;
            let names: Vec<&[u8]> = folder.split(|byte| *byte == b'/').collect();
            for name in names.iter().rev() {
                folders.pop();
                let emptied = |above| rustix::fs::unlinkat(above, *name, AtFlags::REMOVEDIR);
                if folders.last().is_none_or(|above| emptied(above).is_err()) {
                    break;
                }
            }
            Ok(())
        });
        match gone {
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(()),
            answer => answer,
        }
    }
}

/// The folder at `path` below an open one, to name things in it.
fn descend(mut folder: OwnedFd, path: &[u8]) -> Result<OwnedFd, Errno> {
    for name in path.split(|byte| *byte == b'/').filter(|name| !name.is_empty()) {
        folder = step_into(&folder, name)?;
    }
    Ok(folder)
}

fn is_object(stat: &Stat) -> bool {
    FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
}

/// So many bytes from `offset` on, fewer only at the end.
fn read_at(file: &OwnedFd, length: usize, offset: u64) -> Result<Vec<u8>, Errno> {
    let mut bytes = Vec::with_capacity(length);
    while bytes.len() < length {
        let next = offset + bytes.len() as u64;
        match rustix::io::pread(file, spare_capacity(&mut bytes), next) {
            Ok(0) => break,
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    // There may be more room than was asked for.
    bytes.truncate(length);
    Ok(bytes)
}

#[async_trait::async_trait]
impl StoreRead for LocalStore {
    async fn list(&self, prefix: &str, after: Option<&Key>, limit: usize) -> Result<Page, Fault> {
        let (prefix, after) = (prefix.to_owned(), after.cloned());
        self.off("list a store", move |store| store.list(&prefix, after.as_ref(), limit)).await
    }

    async fn head(&self, key: &Key) -> Result<Option<ObjectInfo>, Fault> {
        let key = key.clone();
        self.off("look at an object", move |store| store.head(&key)).await
    }

    async fn read(&self, key: &Key, offset: u64, length: usize) -> Result<Bytes, Fault> {
        let key = key.clone();
        self.off("read an object", move |store| store.read(&key, offset, length)).await
    }

    async fn uploads(&self, prefix: &str) -> Result<Vec<UploadId>, Fault> {
        let prefix = prefix.to_owned();
        self.off("list uploads", move |store| store.uploads(&prefix)).await
    }

    async fn real_place(&self) -> Result<StorePlace, Fault> {
        self.off("find a store", move |store| {
            let real = durable::real(&store.root);
            let real = real.map_err(|error| Fault::from_io(format!("find {}", store.root.display()), &error))?;
            Ok(StorePlace::Folder(PathBytes::from_path(real)))
        })
        .await
    }

    fn place(&self, key: &Key) -> String {
        self.shared.place(key.as_str())
    }
}

#[async_trait::async_trait]
impl StoreWrite for LocalStore {
    fn part_bytes(&self, _number: u32) -> usize {
        PART_BYTES
    }

    async fn begin(&self, key: &Key) -> Result<UploadId, Fault> {
        let key = key.clone();
        self.off("begin an upload", move |store| store.begin(key)).await
    }

    async fn part(&self, upload: &UploadId, number: u32, bytes: Bytes) -> Result<(), Fault> {
        let upload = upload.clone();
        self.off("put a part", move |store| store.part(&upload, number, &bytes)).await
    }

    async fn finish(&self, upload: &UploadId, parts: u32, mode: PutMode) -> Result<PutResult, Fault> {
        let upload = upload.clone();
        self.off("finish an upload", move |store| store.finish(&upload, parts, mode)).await
    }

    async fn settle(&self, key: &Key) -> Result<(), Fault> {
        let key = key.clone();
        self.off("make an object durable", move |store| store.settle(&key)).await
    }

    async fn abort(&self, upload: &UploadId) -> Result<(), Fault> {
        let upload = upload.clone();
        self.off("throw an upload away", move |store| store.abort(&upload)).await
    }

    async fn delete(&self, key: &Key) -> Result<(), Fault> {
        let key = key.clone();
        self.off("delete an object", move |store| store.delete(&key)).await
    }
}

/// A refusal of what is not as it should be.
fn invalid(action: impl Into<String>, answer: impl Into<String>) -> Fault {
    Fault::permanent(Cause::Invalid, action, answer)
}
