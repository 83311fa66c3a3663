//! Folder trees on the file systems of this host.
//!
//! Unaware of what the trees are for. Invariants: the last component of a path is never followed where it is a link (those
//! before it are: `/home` may be one, and that is the operator's choice); nothing but a regular file is opened; what is
//! restored is named through the new folder's descriptor and cannot land outside it.

mod destination;
mod link;
mod list;
mod reach;
mod read;
mod remove;
mod xattr;

use bytes::Bytes;
use rustix::fs::{AtFlags, CWD, RenameFlags};
use rustix::io::Errno;

use self::reach::reach;
use super::beneath::plain;
use super::blocking::{blocking, fault, not_durable};
use super::durable::{self, FOLDER_MODE};
use crate::ports::{Cause, Destination, EntryKind, Fault, FileRead, Meta, Names, ReadXattrs, TreeRead, TreeWrite};
use crate::primitives::PathBytes;

/// The file systems of this host.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

#[async_trait::async_trait]
impl TreeRead for Disk {
    async fn stat(&self, path: &PathBytes) -> Result<Option<Meta>, Fault> {
        let path = plain(path);
        blocking("look at a path", move || {
            match reach(path.as_bytes()).and_then(|at| read::look(at.folder(), at.rest())) {
                Ok(found) => read::meta(&found).map(Some).ok_or_else(|| of_no_kind(&path)),
                Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
                Err(errno) => Err(fault(format!("look at {path}"), errno)),
            }
        })
        .await
    }

    async fn list(&self, folder: &PathBytes, after: Option<&[u8]>, limit: usize) -> Result<Names, Fault> {
        let (folder, after) = (plain(folder), after.map(<[u8]>::to_vec));
        blocking("list a folder", move || list::list(&folder, after.as_deref(), limit)).await
    }

    async fn look(&self, folder: &PathBytes, names: &[Vec<u8>]) -> Result<Vec<Result<Option<Meta>, Fault>>, Fault> {
        let (folder, names) = (plain(folder), names.to_vec());
        blocking("look at what is in a folder", move || read::look_at(&folder, &names)).await
    }

    async fn read_link(&self, path: &PathBytes) -> Result<PathBytes, Fault> {
        let path = plain(path);
        blocking("read a link", move || {
            let target = reach(path.as_bytes())
                .and_then(|at| rustix::fs::readlinkat(at.folder(), at.rest(), Vec::new()))
                .map_err(|errno| fault(format!("read the link {path}"), errno))?;
            Ok(PathBytes::new(target.into_bytes()))
        })
        .await
    }

    async fn xattrs(&self, path: &PathBytes) -> Result<ReadXattrs, Fault> {
        let path = plain(path);
        blocking("read extended attributes", move || xattr::of_path(&path)).await
    }

    async fn open(&self, path: &PathBytes) -> Result<Box<dyn FileRead>, Fault> {
        let path = plain(path);
        let open = blocking("open a file", move || read::OpenFile::open(path)).await?;
        Ok(Box::new(open))
    }

    async fn open_all(&self, paths: &[PathBytes]) -> Vec<Result<Box<dyn FileRead>, Fault>> {
        let plain: Vec<PathBytes> = paths.iter().map(plain).collect();
        let open = |path| read::OpenFile::open(path).map(|open| Box::new(open) as Box<dyn FileRead>);
        let opened = blocking("open files", move || Ok(plain.into_iter().map(open).collect::<Vec<_>>())).await;
        opened.unwrap_or_else(|died| paths.iter().map(|_| Err(died.clone())).collect())
    }

    async fn real(&self, path: &PathBytes) -> Result<PathBytes, Fault> {
        let path = plain(path);
        blocking("find a path", move || match durable::real(&path.to_path()) {
            Ok(real) => Ok(PathBytes::from_path(real)),
            Err(error) => Err(Fault::from_io(format!("find {path}"), &error)),
        })
        .await
    }

    async fn free(&self, path: &PathBytes) -> Result<u64, Fault> {
        let path = plain(path);
        blocking("ask for free space", move || {
            let mut ancestor = path.to_path();
            loop {
                let above = match rustix::fs::statvfs(&ancestor) {
                    Ok(found) => return Ok(found.f_bavail.saturating_mul(found.f_frsize)),
                    Err(Errno::NOENT | Errno::NOTDIR) => durable::parent(&ancestor),
                    Err(errno) => return Err(fault(format!("ask for the free space of {path}"), errno)),
                };
                ancestor = above.ok_or_else(|| fault(format!("ask for the free space of {path}"), Errno::NOENT))?;
            }
        })
        .await
    }
}

#[async_trait::async_trait]
impl TreeWrite for Disk {
    async fn create(&self, folder: &PathBytes) -> Result<Box<dyn Destination>, Fault> {
        let folder = plain(folder);
        let made = blocking("make a folder", move || {
            let refuse = |errno| fault(format!("make the folder {folder}"), errno);
            let path = folder.to_path();
            if let Some(above) = durable::parent(&path) {
                durable::make_folders(&above).map_err(refuse)?;
            }
            rustix::fs::mkdirat(CWD, &path, FOLDER_MODE).map_err(refuse)?;
            let root = super::beneath::open_folder(CWD, folder.as_bytes()).map_err(refuse)?;
            xattr::disinherit(&root).map_err(refuse)?;
            Ok(destination::Filling::new(folder, root))
        })
        .await?;
        Ok(Box::new(made))
    }

    async fn reopen(&self, folder: &PathBytes) -> Result<Box<dyn Destination>, Fault> {
        let folder = plain(folder);
        let opened = blocking("open a folder", move || {
            let root = super::beneath::open_folder(CWD, folder.as_bytes());
            let root = root.map_err(|errno| fault(format!("open the folder {folder}"), errno))?;
            Ok(destination::Filling::new(folder, root))
        })
        .await?;
        Ok(Box::new(opened))
    }

    async fn rename(&self, from: &PathBytes, to: &PathBytes) -> Result<(), Fault> {
        let (from, to) = (plain(from), plain(to));
        blocking("rename", move || {
            let action = || format!("rename {from} to {to}");
            rename_new(&from, &to).map_err(|errno| fault(action(), errno))?;
            sync_names([&to, &from]).map_err(|errno| {
                // So that it is not taken for one that is durable.
                let _renamed_back = rename_new(&to, &from);
                not_durable(action(), errno)
            })
        })
        .await
    }

    async fn settle(&self, folder: &PathBytes) -> Result<(), Fault> {
        let folder = plain(folder);
        blocking("make a folder durable", move || {
            let synced = super::beneath::open_folder(CWD, folder.as_bytes()).and_then(rustix::fs::syncfs);
            let synced = synced.and_then(|()| sync_names([&folder]));
            synced.map_err(|errno| not_durable(format!("make {folder} durable"), errno))
        })
        .await
    }

    async fn remove(&self, folder: &PathBytes) -> Result<(), Fault> {
        let folder = plain(folder);
        blocking("remove a folder", move || remove::remove(&folder)).await
    }

    async fn point_link(&self, link: &PathBytes, target: &PathBytes) -> Result<Option<PathBytes>, Fault> {
        let (link, target) = (plain(link), target.clone());
        blocking("point a link", move || link::point(&link, &target)).await
    }
}

/// Makes names durable, in the folders that hold them.
fn sync_names<const COUNT: usize>(paths: [&PathBytes; COUNT]) -> Result<(), Errno> {
    paths.iter().filter_map(|path| durable::parent(&path.to_path())).try_for_each(|above| durable::sync_folder(&above))
}

/// Renames, never over what is there. A file system that cannot promise that (renameat2(2): `EINVAL`; NFS, some FUSE) is
/// asked first whether the name is free; whoever takes it between the two calls loses only an empty folder or a file
/// made in that instant.
fn rename_new(from: &PathBytes, to: &PathBytes) -> Result<(), Errno> {
    let (old, new) = (from.as_bytes(), to.as_bytes());
    match rustix::fs::renameat_with(CWD, old, CWD, new, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS) => {}
        answer => return answer,
    }
    match rustix::fs::statat(CWD, new, AtFlags::SYMLINK_NOFOLLOW) {
        Ok(_) => Err(Errno::EXIST),
        Err(Errno::NOENT) => rustix::fs::renameat(CWD, old, CWD, new),
        Err(errno) => Err(errno),
    }
}

fn of_no_kind(path: &PathBytes) -> Fault {
    Fault::permanent(Cause::Invalid, format!("look at {path}"), "it is of a kind that inode(7) does not know")
}

fn no_regular_file(path: &PathBytes, kind: Option<EntryKind>) -> Fault {
    let answer = match kind {
        Some(EntryKind::Symlink) => "it is a symbolic link",
        Some(EntryKind::Folder) => "it is a folder",
        _ => "it is no regular file",
    };
    Fault::permanent(Cause::Invalid, format!("open {path}"), answer)
}

/// Hands out the first `limit` bytes of what is at hand.
fn take(at_hand: &mut Bytes, limit: usize) -> Bytes {
    at_hand.split_to(limit.min(at_hand.len()))
}
