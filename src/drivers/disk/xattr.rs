//! Extended attributes (xattr(7)), access control lists among them, by path or by descriptor.

use std::os::fd::{AsFd, AsRawFd as _};

use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fremovexattr, fsetxattr, lgetxattr, llistxattr, lsetxattr};
use rustix::io::Errno;

use super::fault;
use super::reach::reach;
use crate::ports::{Fault, ReadXattrs, Refused};
use crate::primitives::{ACL_ACCESS, ACL_DEFAULT, PathBytes, Xattrs};

/// The attributes of an open file.
pub(super) fn of_open(file: impl AsFd, path: &PathBytes) -> Result<ReadXattrs, Fault> {
    let file = file.as_fd();
    read(path, |list| flistxattr(file, list), |name, value| fgetxattr(file, name, value))
}

/// The attributes of what is at a path, a link not followed.
pub(super) fn of_path(path: &PathBytes) -> Result<ReadXattrs, Fault> {
    let reached = reach(path.as_bytes()).map_err(|errno| fault(format!("list the attributes of {path}"), errno))?;
    let at = reached.as_path();
    read(path, |list| llistxattr(at.as_slice(), list), |name, value| lgetxattr(at.as_slice(), name, value))
}

/// Calls with a buffer, and with a larger one while it is too small (xattr(7): the size may change between two calls).
fn whole(call: impl Fn(&mut [u8]) -> Result<usize, Errno>) -> Result<Vec<u8>, Errno> {
    // Most have none, or few: one call. The kernel gives no more than the last.
    for size in [256, 4096, 65_536] {
        let mut buffer = vec![0; size];
        match call(&mut buffer) {
            Err(Errno::RANGE) => {}
            answer => {
                buffer.truncate(answer?);
                return Ok(buffer);
            }
        }
    }
    Err(Errno::RANGE)
}

fn read(
    path: &PathBytes,
    list: impl Fn(&mut [u8]) -> Result<usize, Errno>,
    get: impl Fn(&[u8], &mut [u8]) -> Result<usize, Errno>,
) -> Result<ReadXattrs, Fault> {
    let mut found = ReadXattrs::default();
    let names = match whole(list) {
        // A file system without attributes, or a kind of file that has none.
        Err(Errno::NOTSUP | Errno::NOSYS) => return Ok(found),
        answer => answer.map_err(|errno| fault(format!("list the attributes of {path}"), errno))?,
    };
    for name in names.split(|byte| *byte == 0).filter(|name| Xattrs::keeps(name)) {
        match whole(|value| get(name, value)) {
            // It was removed since it was listed; or it is listed by a file system that has no access control lists.
            Err(Errno::NODATA | Errno::NOTSUP) => {}
            Err(errno) => found.unread.push(refused(name, errno)),
            Ok(value) => {
                if let Err(malformed) = found.kept.insert(name, value) {
                    found.unread.push(Refused { what: shown(name), why: malformed.problem });
                }
            }
        }
    }
    Ok(found)
}

/// Sets attributes of an open file or folder; what cannot be set is answered.
pub(super) fn set_open(file: impl AsFd, xattrs: &Xattrs, out: &mut Vec<Refused>) {
    let file = file.as_fd();
    set(xattrs, out, |name, value| fsetxattr(file, name, value, XattrFlags::empty()));
}

/// Sets attributes of a name in a folder, a link not followed. There is no call for that on a descriptor; through /proc the
/// folder is the one that is open (proc(5), `/proc/self/fd`).
pub(super) fn set_in(folder: impl AsFd, name: &[u8], xattrs: &Xattrs, out: &mut Vec<Refused>) {
    let folder = format!("/proc/self/fd/{}/", folder.as_fd().as_raw_fd());
    let path = [folder.as_bytes(), name].concat();
    set(xattrs, out, |name, value| lsetxattr(path.as_slice(), name, value, XattrFlags::empty()));
}

fn set(xattrs: &Xattrs, out: &mut Vec<Refused>, call: impl Fn(&[u8], &[u8]) -> Result<(), Errno>) {
    out.extend(xattrs.iter().filter_map(|(name, value)| call(name, value).err().map(|errno| refused(name, errno))));
}

/// Takes the lists away that a new folder inherited from the one it is in (acl(5)): what is restored has its own, or none.
pub(super) fn disinherit(folder: impl AsFd) -> Result<(), Errno> {
    for list in [ACL_ACCESS, ACL_DEFAULT] {
        match fremovexattr(&folder, list) {
            Ok(()) | Err(Errno::NODATA | Errno::NOTSUP | Errno::NOSYS) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}

fn refused(name: &[u8], errno: Errno) -> Refused {
    Refused { what: shown(name), why: std::io::Error::from(errno).to_string() }
}

fn shown(name: &[u8]) -> String {
    PathBytes::new(name).to_string()
}
