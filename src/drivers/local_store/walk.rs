//! Listing a folder tree in the order of its keys.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, Dir, FileType, Stat};
use rustix::io::Errno;

use super::{Shared, info, is_object, upload};
use crate::drivers::beneath::open_folder;
use crate::drivers::durable;
use crate::ports::{Fault, Page, UploadId};
use crate::primitives::Key;

/// An open folder, the text of its keys' beginning, and the names in it that are yet to come. At most as many
/// are open as a key has parts.
struct Level {
    folder: OwnedFd,
    path: String,
    names: VecDeque<String>,
}

/// A name, as it counts for the order: a folder's ends in `/`, as do its keys' beginnings, so that `a-b` comes before
/// `a/x` (`-` is below `/`).
fn as_ordered(name: &str, kind: FileType) -> String {
    if kind == FileType::Directory { format!("{name}/") } else { name.to_owned() }
}

/// Whether keys that begin with `path` may begin with `prefix`.
fn may_hold(path: &str, prefix: &str) -> bool {
    path.starts_with(prefix) || prefix.starts_with(path)
}

/// Whether keys that begin with `path` may be greater than `after`.
fn may_follow(path: &str, after: Option<&str>) -> bool {
    after.is_none_or(|after| path > after || after.starts_with(path))
}

impl Shared {
    pub(super) fn list(&self, prefix: &str, after: Option<&Key>, limit: usize) -> Result<Page, Fault> {
        let after = after.map(Key::as_str);
        let mut page = Page::default();
        let refuse = |errno| self.fault("list", prefix, errno);
        self.walk(
            prefix,
            after,
            |path| may_hold(path, prefix) && may_follow(path, after),
            |folder, path, name| {
                let key = format!("{path}{name}");
                if !key.starts_with(prefix) || after.is_some_and(|after| key.as_str() <= after) {
                    return Ok(true);
                }
                let (Ok(key), Some(object)) = (Key::parse(&key), object(folder, name)?) else { return Ok(true) };
                page.more = page.objects.len() >= limit;
                if !page.more {
                    page.objects.push(info(key, &object));
                }
                Ok(!page.more)
            },
        )
        .map_err(refuse)?;
        Ok(page)
    }

    pub(super) fn uploads(&self, prefix: &str) -> Result<Vec<UploadId>, Fault> {
        let mut found = Vec::new();
        self.walk(
            prefix,
            None,
            |path| may_hold(path, prefix),
            |_, path, name| {
                found.extend(upload::parse(path, name).filter(|upload| upload.key.as_str().starts_with(prefix)));
                Ok(true)
            },
        )
        .map_err(|errno| self.fault("list the uploads of", prefix, errno))?;
        found.sort_unstable();
        Ok(found)
    }

    /// Visits all files whose paths begin with `prefix`, and may be others, in the order of their paths, going into the folders that `enter` wants (asked with their path
    /// and a `/`), until a visit answers false. Files whose path is not greater than `after` may be left out. Nothing is read beside
    /// the way to `prefix`: a store of very many jobs is asked of each.
    fn walk(
        &self,
        prefix: &str,
        after: Option<&str>,
        enter: impl Fn(&str) -> bool,
        mut visit: impl FnMut(&OwnedFd, &str, &str) -> Result<bool, Errno>,
    ) -> Result<(), Errno> {
        let path = prefix.rfind('/').and_then(|end| prefix.get(..=end)).unwrap_or_default();
        if !path.is_empty() && (!is_of_keys(path) || !enter(path)) {
            return Ok(());
        }
        let root = match durable::open_folder(&self.root) {
            Err(Errno::NOENT) => return Ok(()),
            answer => answer?,
        };
        let mut names = path.split_terminator('/');
        let first = match names.try_fold(root, |above, name| open_folder(&above, name.as_bytes())) {
            // What is no folder holds nothing; a link in a store is not followed.
            Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => return Ok(()),
            answer => answer?,
        };
        let mut levels = vec![level(first, path.to_owned(), after)?];
        while let Some(level_now) = levels.last_mut() {
            let Some(name) = level_now.names.pop_front() else {
                levels.pop();
                continue;
            };
            if !name.ends_with('/') {
                if !visit(&level_now.folder, &level_now.path, &name)? {
                    return Ok(());
                }
                continue;
            }
            let path = format!("{}{name}", level_now.path);
            if !is_of_keys(&path) || !enter(&path) {
                continue;
            }
            match open_folder(&level_now.folder, name.trim_end_matches('/').as_bytes()) {
                // It was removed since its name was read, with all that was in it.
                Err(Errno::NOENT) => {}
                answer => levels.push(level(answer?, path, after)?),
            }
        }
        Ok(())
    }
}

/// Whether keys may begin with the path of a folder, with its `/`: a hidden folder is no part of a key, and neither is a path that no key
/// can have.
fn is_of_keys(path: &str) -> bool {
    Key::parse(path.trim_end_matches('/')).is_ok()
}

/// Reads and orders a folder's names. Those that are not UTF-8 are not a store's. Of a folder of very many objects only those behind
/// `after` are remembered.
fn level(folder: OwnedFd, path: String, after: Option<&str>) -> Result<Level, Errno> {
    let passed = after.and_then(|after| after.strip_prefix(path.as_str()));
    let mut names = Vec::new();
    for entry in Dir::read_from(&folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().to_str() else { continue };
        if matches!(name, "." | "..") {
            continue;
        }
        let kind = kind(&folder, name, entry.file_type())?;
        if kind != FileType::Directory && passed.is_some_and(|passed| name <= passed) {
            continue;
        }
        names.push(as_ordered(name, kind));
    }
    names.sort_unstable();
    Ok(Level { folder, path, names: names.into() })
}

/// What an entry is. Some file systems do not say it with the name (readdir(3): `DT_UNKNOWN`).
fn kind(folder: &OwnedFd, name: &str, said: FileType) -> Result<FileType, Errno> {
    if said != FileType::Unknown {
        return Ok(said);
    }
    match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(FileType::from_raw_mode(stat.st_mode)),
        Err(Errno::NOENT) => Ok(FileType::Unknown),
        Err(errno) => Err(errno),
    }
}

/// The size of an object; none where it is none, or no more.
fn object(folder: &OwnedFd, name: &str) -> Result<Option<Stat>, Errno> {
    match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(is_object(&stat).then_some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(errno),
    }
}
