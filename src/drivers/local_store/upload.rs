//! Uploads: hidden files that become objects by being renamed.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;

use super::{Shared, invalid, is_object};
use crate::drivers::beneath::{open_folder, split_last};
use crate::drivers::blocking::{fault, not_durable};
use crate::drivers::durable::{self, FILE_MODE, FOLDER_MODE};
use crate::ports::{Cause, Fault, PutMode, PutResult, UploadId};
use crate::primitives::Key;

/// How a hidden file of an upload begins.
const PREFIX: &str = ".upload-";
/// A token's length: 64 bits in hexadecimal digits.
const TOKEN_BYTES: usize = 16;
/// How often a folder may vanish under us before we give up: another process removes folders that are empty.
const VANISHED_MAX: u32 = 16;

/// How far an upload is.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    file: Arc<OwnedFd>,
    parts: u32,
    /// Where the last part begins, where that is known, and where it ends.
    last: (Option<u64>, u64),
}

impl Progress {
    /// Where a part begins that may be put now: the next one, or the last one again; none for another.
    fn start(&self, number: u32) -> Option<u64> {
        let (begins, ends) = self.last;
        match number {
            0 => None,
            _ if number == self.parts => begins,
            _ if Some(number) == self.parts.checked_add(1) => Some(ends),
            _ => None,
        }
    }
}

/// The key and token of a hidden file in `folder` (its key's text with a `/`, or nothing); none where it is none.
pub(super) fn parse(folder: &str, name: &str) -> Option<UploadId> {
    let (file_name, token) = name.strip_prefix(PREFIX)?.rsplit_once('-')?;
    let key = Key::parse(&format!("{folder}{file_name}")).ok()?;
    is_token(token).then(|| UploadId { key, token: token.to_owned() })
}

fn is_token(token: &str) -> bool {
    token.len() == TOKEN_BYTES && token.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The hidden file's path below the root.
fn hidden(upload: &UploadId) -> Result<String, Fault> {
    if !is_token(&upload.token) {
        return Err(invalid(format!("find the upload of {}", upload.key), "its token is not one of a local store"));
    }
    let key = upload.key.as_str();
    let folder = key.strip_suffix(upload.key.file_name()).unwrap_or_default();
    Ok(format!("{folder}{PREFIX}{}-{}", upload.key.file_name(), upload.token))
}

impl Shared {
    pub(super) fn begin(&self, key: Key) -> Result<UploadId, Fault> {
        let refuse = |errno| self.fault("begin the upload of", key.as_str(), errno);
        for _ in 0..VANISHED_MAX {
            let token = format!("{:016x}", RandomState::new().hash_one(key.as_str()));
            let upload = UploadId { key: key.clone(), token };
            match self.make_hidden(&hidden(&upload)?) {
                Ok(file) => {
                    let begun = Progress { file: Arc::new(file), parts: 0, last: (None, 0) };
                    self.progress().insert(upload.clone(), begun);
                    return Ok(upload);
                }
                // The folder was removed as empty just after it was made, or the token is taken: again.
                Err(Errno::NOENT | Errno::EXIST) => {}
                Err(errno) => return Err(refuse(errno)),
            }
        }
        Err(refuse(Errno::NOENT))
    }

    fn make_hidden(&self, path: &str) -> Result<OwnedFd, Errno> {
        let (folder, name) = split_last(path.as_bytes());
        let mut open = durable::make_folders(&self.root)?;
        for name in folder.split(|byte| *byte == b'/').filter(|name| !name.is_empty()) {
            open = match open_folder(&open, name) {
                Err(Errno::NOENT) => make_folder(&open, name)?,
                answer => answer?,
            };
        }
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat(&open, name, flags, FILE_MODE)
    }

    /// Writes the part at its place; the last one may be put again. What a failed write left behind is cut off, so that the
    /// same part can follow.
    pub(super) fn part(&self, upload: &UploadId, number: u32, bytes: &[u8]) -> Result<(), Fault> {
        let action = || format!("put part {number} of {}", self.place(upload.key.as_str()));
        let Some(mut progress) = self.progress().remove(upload) else {
            return Err(self.unknown_upload(&action()));
        };
        let Some(start) = progress.start(number) else {
            let answer = format!("part {} comes next", progress.parts + 1);
            self.progress().insert(upload.clone(), progress);
            return Err(invalid(action(), answer));
        };
        let cut = || rustix::fs::ftruncate(&progress.file, start);
        let written = cut().and_then(|()| write_at(&progress.file, bytes, start));
        durable::begin_write_back(&progress.file, start, bytes.len() as u64);
        match &written {
            Ok(()) => (progress.parts, progress.last) = (number, (Some(start), start + bytes.len() as u64)),
            Err(_) => {
                if number == progress.parts {
                    // It was put again, and is gone.
                    (progress.parts, progress.last) = (number - 1, (None, start));
                }
                // Where even this fails, the next part cuts again.
                let _cut = cut();
            }
        }
        self.progress().insert(upload.clone(), progress);
        written.map_err(|errno| fault(action(), errno))
    }

    fn unknown_upload(&self, action: &str) -> Fault {
        Fault::permanent(Cause::NotFound, action, "no such upload was begun here")
    }

    /// Makes the bytes durable, then the name. The folders above are made durable again each time: whoever made them
    /// may have died before.
    pub(super) fn finish(&self, upload: &UploadId, parts: u32, mode: PutMode) -> Result<PutResult, Fault> {
        let key = upload.key.as_str();
        let action = || format!("finish the upload of {}", self.place(key));
        let refuse = |errno| self.fault("finish the upload of", key, errno);
        let path = hidden(upload)?;
        let Some(progress) = self.progress().get(upload).cloned() else {
            return Err(self.unknown_upload(&action()));
        };
        if parts != progress.parts {
            return Err(invalid(action(), format!("{} parts were put, not {parts}", progress.parts)));
        }
        rustix::fs::fsync(&progress.file).map_err(refuse)?;
        let (folder, name) = split_last(key.as_bytes());
        let folders = self.folders(folder).map_err(refuse)?;
        let holder = folders.last().ok_or_else(|| refuse(Errno::NOENT))?;
        match publish(holder, split_last(path.as_bytes()).1, name, mode) {
            Ok(()) => {}
            Err(Errno::EXIST) if self.look(&upload.key).map_err(refuse)?.is_some_and(|found| is_object(&found)) => {
                self.abort(upload)?;
                return Ok(PutResult::AlreadyThere);
            }
            Err(Errno::EXIST | Errno::ISDIR) => {
                return Err(invalid(action(), "something else than an object is there"));
            }
            Err(errno) => return Err(refuse(errno)),
        }
        self.progress().remove(upload);
        sync_all(&folders).map_err(|errno| {
            // So that it is not taken for one that is durable. What cannot be taken away either is told by the fault.
            let _taken_away = rustix::fs::unlinkat(holder, name, AtFlags::empty());
            not_durable(action(), errno)
        })?;
        Ok(PutResult::Stored)
    }

    /// Makes an object durable that somebody published, and may have died before it was.
    pub(super) fn settle(&self, key: &Key) -> Result<(), Fault> {
        let (action, refuse) = ("make durable", |errno| self.fault("make durable", key.as_str(), errno));
        if self.head(key)?.is_none() {
            return Err(refuse(Errno::NOENT));
        }
        let (folder, name) = split_last(key.as_str().as_bytes());
        let folders = self.folders(folder).map_err(refuse)?;
        let holder = folders.last().ok_or_else(|| refuse(Errno::NOENT))?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = rustix::fs::openat(holder, name, flags, Mode::empty()).map_err(refuse)?;
        let synced = rustix::fs::fsync(&file).and_then(|()| sync_all(&folders));
        synced.map_err(|errno| not_durable(format!("{action} {}", self.place(key.as_str())), errno))
    }

    pub(super) fn abort(&self, upload: &UploadId) -> Result<(), Fault> {
        let path = hidden(upload)?;
        self.unlink(path.as_bytes()).map_err(|errno| self.fault("throw away", &path, errno))?;
        self.progress().remove(upload);
        Ok(())
    }
}

/// Makes the names in folders durable, the innermost first.
fn sync_all(folders: &[OwnedFd]) -> Result<(), Errno> {
    folders.iter().rev().try_for_each(rustix::fs::fsync)
}

fn make_folder(above: impl AsFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    match rustix::fs::mkdirat(&above, name, FOLDER_MODE) {
        Ok(()) | Err(Errno::EXIST) => open_folder(&above, name),
        Err(errno) => Err(errno),
    }
}

/// Gives the hidden file its name. Where the file system cannot rename without replacing (renameat2(2): `EINVAL`), a
/// second name is given, which never replaces (link(2)), and the first taken away.
fn publish(folder: &OwnedFd, hidden: &[u8], name: &[u8], mode: PutMode) -> Result<(), Errno> {
    if mode == PutMode::Replace {
        return rustix::fs::renameat(folder, hidden, folder, name);
    }
    match rustix::fs::renameat_with(folder, hidden, folder, name, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS) => {}
        answer => return answer,
    }
    rustix::fs::linkat(folder, hidden, folder, name, AtFlags::empty())?;
    // It is an object now; a first name that stays is found as an upload that nobody finishes.
    let _leftover = rustix::fs::unlinkat(folder, hidden, AtFlags::empty());
    Ok(())
}

fn write_at(file: &OwnedFd, mut bytes: &[u8], mut offset: u64) -> Result<(), Errno> {
    while !bytes.is_empty() {
        match rustix::io::pwrite(file, bytes, offset) {
            // No file system answers so; better a fault than to ask for ever.
            Ok(0) => return Err(Errno::IO),
            Ok(written) => {
                bytes = bytes.get(written..).unwrap_or_default();
                offset += written as u64;
            }
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_names_are_read_back_and_foreign_ones_are_not() {
        let upload = UploadId { key: Key::parse("a/b-c.zip").unwrap(), token: "0123456789abcdef".into() };
        let path = hidden(&upload).unwrap();
        assert_eq!(path, "a/.upload-b-c.zip-0123456789abcdef");
        assert_eq!(parse("a/", ".upload-b-c.zip-0123456789abcdef"), Some(upload));
        for foreign in ["b", ".upload-", ".upload-b", ".upload-b-", ".upload-b-xyz", ".upload--0123456789abcdef"] {
            assert_eq!(parse("a/", foreign), None, "{foreign}");
        }
        let escaping = UploadId { key: Key::parse("a").unwrap(), token: "/../../../etc/x".into() };
        assert_eq!(hidden(&escaping).unwrap_err().cause, Cause::Invalid);
    }
}
