//! Names below an open folder, by which nothing outside it can be reached: each component is opened by itself,
//! and only if it is a folder and no link (openat(2), `O_NOFOLLOW`).

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::primitives::PathBytes;

/// The components of a relative path; none where it is empty, absolute, or holds an empty component, `.` or `..`.
pub(super) fn components(path: &[u8]) -> Option<Vec<&[u8]>> {
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    let plain = |part: &&[u8]| !part.is_empty() && *part != b"." && *part != b".." && !part.contains(&0);
    parts.iter().all(plain).then_some(parts)
}

/// The path without slashes at its end, which would have a link followed (path_resolution(7)).
pub(super) fn plain(path: &PathBytes) -> PathBytes {
    let bytes = path.as_bytes();
    let length = bytes.iter().rposition(|byte| *byte != b'/').map_or(bytes.len().min(1), |last| last + 1);
    PathBytes::new(&bytes[..length])
}

/// Splits off the last component: the folder's path (empty for the root itself) and the name in it.
pub(super) fn split_last(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|byte| *byte == b'/') {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (&[], path),
    }
}

/// Where a link is made that is to replace another: in the same folder, by a name of its own for each link, no longer than names may be.
pub(super) fn beside(link: &PathBytes) -> PathBytes {
    let (_, name) = split_last(link.as_bytes());
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    let above = link.as_bytes().get(..link.as_bytes().len() - name.len()).unwrap_or_default();
    PathBytes::new([above, format!(".sonae-link-{:016x}", hasher.finish()).as_bytes()].concat())
}

/// Opens a folder by its name in another, to name things in it: no permission to read it is needed (open(2), `O_PATH`).
pub(super) fn step_into(folder: impl AsFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(folder, name, flags, Mode::empty())
}

/// Opens a folder by its name in another, to read or sync it.
pub(super) fn open_folder(folder: impl AsFd, name: &[u8]) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    rustix::fs::openat(folder, name, flags, Mode::empty())
}

/// An open folder and the folder below it that was used last: trees are filled folder by folder.
#[derive(Debug)]
pub(super) struct Beneath {
    root: Arc<OwnedFd>,
    last: Mutex<Option<(Vec<u8>, Arc<OwnedFd>)>>,
}

impl Beneath {
    pub(super) fn new(root: OwnedFd) -> Self {
        Self { root: Arc::new(root), last: Mutex::new(None) }
    }

    pub(super) fn root(&self) -> &OwnedFd {
        &self.root
    }

    /// The folder that holds `path`, and the name of `path` in it.
    ///
    /// # Errors
    /// `EINVAL` where the path could lead outside; those of openat(2), of which `ENOTDIR` is also said of a link.
    pub(super) fn parent<'p>(&self, path: &'p [u8]) -> Result<(Arc<OwnedFd>, &'p [u8]), Errno> {
        components(path).ok_or(Errno::INVAL)?;
        let (folder, name) = split_last(path);
        Ok((self.folder(folder)?, name))
    }

    fn folder(&self, path: &[u8]) -> Result<Arc<OwnedFd>, Errno> {
        if path.is_empty() {
            return Ok(Arc::clone(&self.root));
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, folder)) = last.as_ref()
            && known == path
        {
            return Ok(Arc::clone(folder));
        }
        let mut folder = Arc::clone(&self.root);
        for name in components(path).ok_or(Errno::INVAL)? {
            folder = Arc::new(step_into(&*folder, name)?);
        }
        *last = Some((path.to_vec(), Arc::clone(&folder)));
        Ok(folder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_at_the_end_are_dropped_but_the_root_stays() {
        for (given, plain_path) in [("/a/", "/a"), ("/a//", "/a"), ("/", "/"), ("//", "/"), ("", ""), ("a", "a")] {
            assert_eq!(plain(&PathBytes::new(given)), PathBytes::new(plain_path), "{given}");
        }
    }
}
