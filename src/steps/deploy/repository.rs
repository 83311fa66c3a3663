//! A release out of a repository: exported to this host, and laid from there wherever it goes.

use super::laying::Laying;
use crate::observe::walk::{Walk, Wanted};
use crate::ports::{Certainty, EntryKind, Fault, TreeRead};
use crate::primitives::PathBytes;
use crate::steps::World;

/// So much of a file is read at a time.
const READ_BYTES: usize = 1024 * 1024;

/// Exports a revision, or the newest, into a folder that is made anew. Answers which it is.
pub(super) async fn fetch(world: &World<'_>, url: &str, revision: Option<u64>, into: &PathBytes) -> Result<u64, Fault> {
    world.tree.remove(into).await?;
    let revision = match revision {
        Some(known) => known,
        None => world.subversion.last_changed(url).await?.number,
    };
    let exported = world.subversion.export(url, revision, into).await;
    if exported.as_ref().is_err_and(|fault| fault.certainty == Certainty::Permanent) {
        // The fault that is told is the one that matters.
        let _best_effort = world.tree.remove(into).await;
    }
    exported.map(|()| revision)
}

/// Lays all that a folder of this host holds.
pub(super) async fn lay(tree: &dyn TreeRead, from: &PathBytes, laying: &mut Laying<'_>) -> Result<(), Fault> {
    let wanted = Wanted { roots: std::slice::from_ref(from), exclude: &[], one_file_system: false };
    let mut walk = Walk::new(tree, wanted)?;
    while let Some(visited) = walk.next().await? {
        let meta = visited.meta?;
        let below = visited.path.as_bytes().strip_prefix(from.as_bytes()).unwrap_or_default();
        let path = PathBytes::new(below.strip_prefix(b"/").unwrap_or(below));
        match meta.kind {
            EntryKind::Folder => laying.folder(path, (meta.mode, meta.mtime_s)).await?,
            EntryKind::Symlink => laying.symlink(path, &tree.read_link(&visited.path).await?).await?,
            EntryKind::File => {
                laying.file(path, meta.size, (meta.mode, meta.mtime_s)).await?;
                let mut file = tree.open(&visited.path).await?;
                loop {
                    let bytes = file.read(READ_BYTES).await?;
                    if bytes.is_empty() {
                        break;
                    }
                    laying.data(bytes).await?;
                }
                laying.end_of_file().await?;
            }
            // A repository holds none of the others.
            _ => {}
        }
    }
    Ok(())
}
