//! What survives a power cut: folders that are made from the top, each made known to its parent (fsync(2)), and bytes that are on
//! their way to the disk early.

#![expect(clippy::disallowed_methods, reason = "real paths are asked of the real file system")]

use std::io::ErrorKind;
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Advice, CWD, Mode, OFlags};
use rustix::io::Errno;

/// Readable by their owner alone.
pub(super) const FOLDER_MODE: Mode = Mode::RWXU;
/// Readable by its owner alone.
pub(super) const FILE_MODE: Mode = Mode::RUSR.union(Mode::WUSR);

/// The folder above; `.` above a relative name. None above `/` and `.`.
pub(super) fn parent(path: &Path) -> Option<PathBuf> {
    let parent = path.parent()?;
    if parent.as_os_str().is_empty() {
        return (path != Path::new(".") && !path.as_os_str().is_empty()).then(|| PathBuf::from("."));
    }
    Some(parent.to_owned())
}

/// A path with all links followed (realpath(3)), also where its end is not there yet: then that of what is there, and the rest as it is
/// written.
pub(super) fn real(path: &Path) -> std::io::Result<PathBuf> {
    let mut there = path.to_owned();
    let mut missing = vec![];
    loop {
        match std::fs::canonicalize(&there) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                let (Some(name), Some(above)) = (there.file_name(), parent(&there)) else { return Err(error) };
                missing.push(name.to_owned());
                there = above;
            }
            Err(error) => return Err(error),
            Ok(real) => return Ok(missing.iter().rev().fold(real, |path, name| path.join(name))),
        }
    }
}

/// Opens a folder that people chose; a link in its path is theirs, and followed.
pub(super) fn open_folder(path: &Path) -> Result<OwnedFd, Errno> {
    rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

/// Makes a folder and those above it that are missing, durably, and opens it.
pub(super) fn make_folders(path: &Path) -> Result<OwnedFd, Errno> {
    match open_folder(path) {
        Err(Errno::NOENT) => {}
        answer => return answer,
    }
    let above = parent(path).ok_or(Errno::NOENT)?;
    let above_fd = make_folders(&above)?;
    match rustix::fs::mkdirat(CWD, path, FOLDER_MODE) {
        Ok(()) => rustix::fs::fsync(&above_fd)?,
        Err(Errno::EXIST) => {}
        Err(errno) => return Err(errno),
    }
    open_folder(path)
}

/// Has the kernel begin to write these bytes of a file to its disk, and does not wait for it: when all is synced at the end, most of it
/// is there already. Linux does so before it forgets pages (posix_fadvise(2), `POSIX_FADV_DONTNEED`; mm/fadvise.c), and those that
/// are being written it keeps. It is advice: where it is not taken, the sync does all, and faults of the disk are told by the sync.
pub(super) fn begin_write_back(file: &OwnedFd, offset: u64, length: u64) {
    if let Some(length) = NonZeroU64::new(length) {
        let _advice = rustix::fs::fadvise(file, offset, Some(length), Advice::DontNeed);
    }
}

/// Makes a folder's entries durable.
pub(super) fn sync_folder(path: &Path) -> Result<(), Errno> {
    rustix::fs::fsync(open_folder(path)?)
}
