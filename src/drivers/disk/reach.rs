//! Paths that are longer than a system call takes (`PATH_MAX`, limits.h): trees can be deeper than that.
//!
//! Invariant: a long path leads where it would lead if it could be said at once; links in the middle of it are followed, the
//! last component is the caller's.

use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};

use rustix::fs::{CWD, Mode, OFlags};
use rustix::io::Errno;

/// `PATH_MAX` with its NUL. A little less is said at once, so that a name always fits behind it.
const SAID_BYTES_MAX: usize = 4096 - 256 - 1;

/// A place that can be named in one call: a folder, and a path from there.
pub(super) struct Reached<'p> {
    folder: Option<OwnedFd>,
    rest: &'p [u8],
}

/// Goes down a path until the rest of it is short.
///
/// # Errors
/// Those of openat(2).
pub(super) fn reach(path: &[u8]) -> Result<Reached<'_>, Errno> {
    let mut reached = Reached { folder: None, rest: path };
    while reached.rest.len() > SAID_BYTES_MAX {
        let said = reached.rest.get(..SAID_BYTES_MAX).unwrap_or_default();
        // A name alone that is so long is refused by whoever asks for it.
        let Some(slash) = said.iter().rposition(|byte| *byte == b'/').filter(|slash| *slash > 0) else { break };
        let (head, rest) = reached.rest.split_at(slash);
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let folder = rustix::fs::openat(reached.folder(), head, flags, Mode::empty())?;
        reached = Reached { folder: Some(folder), rest: rest.get(1..).unwrap_or_default() };
    }
    Ok(reached)
}

impl<'p> Reached<'p> {
    pub(super) fn folder(&self) -> BorrowedFd<'_> {
        self.folder.as_ref().map_or(CWD, |folder| folder.as_fd())
    }

    pub(super) fn rest(&self) -> &'p [u8] {
        self.rest
    }

    /// As one path, for calls that take no folder (proc(5), `/proc/self/fd`).
    pub(super) fn as_path(&self) -> Vec<u8> {
        match &self.folder {
            None => self.rest.to_vec(),
            Some(folder) => [format!("/proc/self/fd/{}/", folder.as_raw_fd()).as_bytes(), self.rest].concat(),
        }
    }
}
