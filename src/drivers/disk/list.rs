//! Listing a folder page by page, in the order of bytes, though the system tells names in none (readdir(3)).
//!
//! Invariant: one pass for a page, and no more memory than a page and a quarter, however many names there are.

use rustix::fs::Dir;

use super::fault;
use super::reach::reach;
use crate::drivers::beneath::open_folder;
use crate::drivers::smallest::Smallest;
use crate::ports::{Fault, Names};
use crate::primitives::PathBytes;

/// The names in a folder behind `after`, the first `limit` of them.
pub(super) fn list(folder: &PathBytes, after: Option<&[u8]>, limit: usize) -> Result<Names, Fault> {
    let refuse = |errno| fault(format!("list {folder}"), errno);
    let open = reach(folder.as_bytes()).and_then(|at| open_folder(at.folder(), at.rest())).map_err(refuse)?;
    let mut smallest = Smallest::new(limit);
    for entry in Dir::read_from(&open).map_err(refuse)? {
        let entry = entry.map_err(refuse)?;
        let name = entry.file_name().to_bytes();
        if !matches!(name, b"." | b"..") && after.is_none_or(|after| name > after) {
            smallest.offer(name);
        }
    }
    Ok(smallest.finish())
}
