//! Opens what a walk finds a little before it is packed: many small files cost one call.
//!
//! Unaware of what is done with the files. Invariant: what is told is what the walk told, in its order; what is held is bounded.

use crate::observe::walk::{Visited, Walk};
use crate::ports::{EntryKind, Fault, FileRead, Meta, TreeRead};
use crate::primitives::PathBytes;

/// So many entries are taken at once,
const ENTRIES_MAX: usize = 64;
/// with so many bytes of small files, whose content comes with their opening.
const BYTES_MAX: u64 = 1024 * 1024;
/// A file is opened ahead if it has no more than so many bytes.
const SMALL_BYTES_MAX: u64 = 256 * 1024;

/// What was found, and the file where it was opened ahead.
pub(super) struct Ahead {
    pub(super) visited: Visited,
    pub(super) opened: Option<Result<Box<dyn FileRead>, Fault>>,
}

/// The next of what a walk finds; nothing at its end.
///
/// # Errors
/// As those of the walk. That a file cannot be opened is told with it.
pub(super) async fn read_ahead(tree: &dyn TreeRead, walk: &mut Walk<'_>) -> Result<Vec<Ahead>, Fault> {
    let (mut found, mut small, mut bytes) = (Vec::new(), Vec::<(usize, PathBytes)>::new(), 0);
    while found.len() < ENTRIES_MAX && bytes < BYTES_MAX {
        let Some(visited) = walk.next().await? else { break };
        if let Some(meta) = visited.meta.as_ref().ok().filter(|meta| is_small(meta)) {
            bytes += meta.size;
            small.push((found.len(), visited.path.clone()));
        }
        found.push(Ahead { visited, opened: None });
    }
    let (places, paths): (Vec<usize>, Vec<PathBytes>) = small.into_iter().unzip();
    for (place, opened) in places.into_iter().zip(tree.open_all(&paths).await) {
        if let Some(ahead) = found.get_mut(place) {
            ahead.opened = Some(opened);
        }
    }
    Ok(found)
}

/// Of a file of several names only the first is opened, which is not known here; one that says it is empty may hold anything.
fn is_small(meta: &Meta) -> bool {
    meta.kind == EntryKind::File && meta.links < 2 && (1..=SMALL_BYTES_MAX).contains(&meta.size)
}
