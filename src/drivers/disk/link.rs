//! A symbolic link that is pointed elsewhere in one step.
//!
//! Invariant: whoever follows it, and whatever cuts this short, finds where it pointed before or where it points now. What is cut short
//! leaves at most the new link beside it, by a name that the next attempt takes up.

use rustix::fs::{AtFlags, CWD};
use rustix::io::Errno;

use super::read::{look, meta};
use super::{fault, not_durable};
use crate::drivers::beneath::beside;
use crate::drivers::durable;
use crate::ports::{Cause, EntryKind, Fault};
use crate::primitives::PathBytes;

/// Has `link` point to `target`; answers where it pointed before.
pub(super) fn point(link: &PathBytes, target: &PathBytes) -> Result<Option<PathBytes>, Fault> {
    let action = || format!("point the link {link} to {target}");
    let before = before(link).map_err(|errno| fault(action(), errno))?;
    match &before {
        Before::Something => return Err(Fault::permanent(Cause::Exists, action(), "it is no symbolic link")),
        Before::Nothing => rustix::fs::symlinkat(target.as_bytes(), CWD, link.as_bytes()),
        Before::Link(at) if at == target => Ok(()),
        Before::Link(_) => replace(link, target),
    }
    .map_err(|errno| fault(action(), errno))?;
    let above = durable::parent(&link.to_path());
    above.map_or(Ok(()), |above| durable::sync_folder(&above)).map_err(|errno| not_durable(action(), errno))?;
    Ok(match before {
        Before::Link(target) => Some(target),
        Before::Nothing | Before::Something => None,
    })
}

/// What is at the link's path.
enum Before {
    Nothing,
    Link(PathBytes),
    Something,
}

fn before(link: &PathBytes) -> Result<Before, Errno> {
    match look(CWD, link.as_bytes()) {
        Err(Errno::NOENT) => Ok(Before::Nothing),
        Err(errno) => Err(errno),
        Ok(found) if meta(&found).is_some_and(|meta| meta.kind == EntryKind::Symlink) => {
            let target = rustix::fs::readlinkat(CWD, link.as_bytes(), Vec::new())?;
            Ok(Before::Link(PathBytes::new(target.into_bytes())))
        }
        Ok(_) => Ok(Before::Something),
    }
}

/// rename(2) replaces a name in one step.
fn replace(link: &PathBytes, target: &PathBytes) -> Result<(), Errno> {
    let beside = beside(link);
    let make = || rustix::fs::symlinkat(target.as_bytes(), CWD, beside.as_bytes());
    match make() {
        // An attempt that was cut short left it.
        Err(Errno::EXIST) => {
            rustix::fs::unlinkat(CWD, beside.as_bytes(), AtFlags::empty())?;
            make()?;
        }
        answer => answer?,
    }
    rustix::fs::renameat(CWD, beside.as_bytes(), CWD, link.as_bytes()).inspect_err(|_| {
        // The fault that is told is the one that matters.
        let _gone = rustix::fs::unlinkat(CWD, beside.as_bytes(), AtFlags::empty());
    })
}
