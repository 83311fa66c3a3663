//! Removing a folder and all below it, without following a link and without crossing into another file system.

use std::collections::VecDeque;
use std::ffi::CString;
use std::os::fd::{AsFd, AsRawFd as _, OwnedFd};

use rustix::fs::{AtFlags, CWD, Dir, Mode, OFlags};
use rustix::io::Errno;

use super::fault;
use super::read::look;
use crate::drivers::beneath::{open_folder, step_into};
use crate::drivers::durable::{self, FOLDER_MODE};
use crate::ports::{Cause, EntryKind, Fault};
use crate::primitives::PathBytes;

/// So many folders are open at once: a process may have 1,024 files open (getrlimit(2), the usual soft limit), and a tree can be
/// deeper than that.
const OPEN_MAX: usize = 64;

/// A folder that is being emptied, by its name in the one above.
struct Level {
    name: CString,
    identity: Identity,
    entries: Dir,
}

/// Device and inode.
type Identity = (u64, u64);

/// Removes `folder`; one that is not there is no error.
///
/// # Errors
/// When it is no folder, another file system is mounted below it, or something cannot be removed.
pub(super) fn remove(folder: &PathBytes) -> Result<(), Fault> {
    let refuse = |errno| fault(format!("remove {folder}"), errno);
    let invalid = |answer: &str| Fault::permanent(Cause::Invalid, format!("remove {folder}"), answer);
    let top = match look(CWD, folder.as_bytes()) {
        Ok(found) => found,
        Err(Errno::NOENT) => return Ok(()),
        Err(errno) => return Err(refuse(errno)),
    };
    if super::read::meta(&top).is_none_or(|meta| meta.kind != EntryKind::Folder) {
        return Err(invalid("it is no folder"));
    }
    let Some(above) = durable::parent(&folder.to_path()) else {
        return Err(invalid("it has no folder above it"));
    };
    let name = CString::new(folder.as_bytes()).map_err(|_| refuse(Errno::INVAL))?;
    empty(name.clone(), top.st_dev).map_err(refuse)?;
    rustix::fs::unlinkat(CWD, &name, AtFlags::REMOVEDIR).map_err(refuse)?;
    durable::sync_folder(&above).map_err(|errno| super::not_durable(format!("remove {folder}"), errno))
}

/// Removes what is in a folder. The way down is a list, not the call stack, as a tree can be deeper than that.
fn empty(top: CString, device: u64) -> Result<(), Errno> {
    let mut levels = VecDeque::from([enter(CWD, top, device)?]);
    // Those above the open ones, outermost first.
    let mut closed: Vec<(CString, Identity)> = Vec::new();
    while let Some(level) = levels.back_mut() {
        match level.entries.read() {
            Some(entry) => {
                let name = entry?.file_name().to_owned();
                if !matches!(name.to_bytes(), b"." | b"..") && !unlink(level.entries.fd()?, &name)? {
                    let below = enter(level.entries.fd()?, name, device)?;
                    levels.push_back(below);
                    if levels.len() > OPEN_MAX {
                        closed.extend(levels.pop_front().map(|level| (level.name, level.identity)));
                    }
                }
            }
            None => {
                let Some(done) = levels.pop_back() else { break };
                if levels.is_empty()
                    && let Some((name, identity)) = closed.pop()
                {
                    levels.push_back(return_to(done.entries.fd()?, name, identity)?);
                }
                if let Some(above) = levels.back() {
                    writable(above.entries.fd()?, |folder| {
                        rustix::fs::unlinkat(folder, &done.name, AtFlags::REMOVEDIR)
                    })?;
                }
            }
        }
    }
    Ok(())
}

/// Removes an entry that is no folder; false for a folder (unlink(2) answers `EISDIR`, or `EPERM` as POSIX has it).
fn unlink(folder: impl AsFd, name: &CString) -> Result<bool, Errno> {
    match writable(&folder, |folder| rustix::fs::unlinkat(folder, name, AtFlags::empty())) {
        Ok(()) | Err(Errno::NOENT) => Ok(true),
        Err(Errno::ISDIR) => Ok(false),
        Err(Errno::PERM) => {
            let is_folder = look(&folder, name.to_bytes())
                .is_ok_and(|found| super::read::meta(&found).is_some_and(|meta| meta.kind == EntryKind::Folder));
            if is_folder { Ok(false) } else { Err(Errno::PERM) }
        }
        Err(errno) => Err(errno),
    }
}

/// Does it, and where the folder lacks permission gives that to its owner and does it again.
fn writable<Fd: AsFd>(folder: Fd, act: impl Fn(&Fd) -> Result<(), Errno>) -> Result<(), Errno> {
    match act(&folder) {
        Err(Errno::ACCESS) => {
            rustix::fs::fchmod(&folder, FOLDER_MODE)?;
            act(&folder)
        }
        answer => answer,
    }
}

/// Opens a folder to empty it; `EXDEV` where another file system begins.
fn enter(above: impl AsFd, name: CString, device: u64) -> Result<Level, Errno> {
    let folder = match open_folder(&above, name.to_bytes()) {
        Err(Errno::ACCESS) => open_closed(&above, &name)?,
        answer => answer?,
    };
    let identity = identity(&folder)?;
    if identity.0 != device {
        return Err(Errno::XDEV);
    }
    Ok(Level { name, identity, entries: Dir::new(folder)? })
}

/// Opens the folder above again, which was entered before; `ESTALE` where another is there now. What is left in it is read from
/// its beginning.
fn return_to(below: impl AsFd, name: CString, expected: Identity) -> Result<Level, Errno> {
    let folder = match open_folder(&below, b"..") {
        Err(Errno::ACCESS) => {
            rustix::fs::fchmod(&below, FOLDER_MODE)?;
            open_folder(&below, b"..")?
        }
        answer => answer?,
    };
    match identity(&folder)? == expected {
        true => Ok(Level { name, identity: expected, entries: Dir::new(folder)? }),
        false => Err(Errno::STALE),
    }
}

fn identity(folder: impl AsFd) -> Result<Identity, Errno> {
    let found = rustix::fs::fstat(folder)?;
    Ok((found.st_dev, found.st_ino))
}

/// Opens a folder that its owner may not read, after letting the owner. The mode is set through a descriptor that is
/// known to be a folder: by name it would follow a link that came between (chmod(2)).
fn open_closed(above: impl AsFd, name: &CString) -> Result<OwnedFd, Errno> {
    let known = step_into(above, name.to_bytes())?;
    rustix::fs::chmod(format!("/proc/self/fd/{}", known.as_raw_fd()), FOLDER_MODE)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    rustix::fs::openat(known, c".", flags, Mode::empty())
}
