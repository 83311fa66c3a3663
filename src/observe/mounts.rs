//! Whether a folder is a mount point, as far as lstat(2) tells: it is on another file system than the folder above it.
//!
//! Unaware of what that is good for. A folder that is mounted onto another of the same file system (a bind mount) is taken for none.

use crate::ports::{Fault, TreeRead};
use crate::primitives::PathBytes;

/// Whether there is a mount point at a path, where links above it lead.
///
/// # Errors
/// When it, or the folder above it, cannot be looked at.
pub async fn is_mount(tree: &dyn TreeRead, folder: &PathBytes) -> Result<bool, Fault> {
    let real = tree.real(folder).await?;
    // The root of all has nothing above it.
    let Some(above) = real.to_path().parent().map(PathBytes::from_path) else { return Ok(false) };
    let (here, above) = (tree.stat(&real).await?, tree.stat(&above).await?);
    Ok(matches!((here, above), (Some(here), Some(above)) if here.device != above.device))
}

/// Those of some folders that are mount points.
///
/// # Errors
/// As [`is_mount`].
pub async fn mounts(tree: &dyn TreeRead, folders: &[PathBytes]) -> Result<Vec<PathBytes>, Fault> {
    let mut mounts = vec![];
    for folder in folders {
        if is_mount(tree, folder).await? {
            mounts.push(folder.clone());
        }
    }
    Ok(mounts)
}
