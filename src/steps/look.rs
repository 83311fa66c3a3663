//! Looks at a source: is every root there, and a folder, and a mount point where it was one.

use super::StepOutput;
use crate::forecast::{MountBefore, Selection};
use crate::observe;
use crate::observe::walk::{Walk, Wanted};
use crate::ports::{Fault, StoreRead, TreeRead};

/// Looks at every root, and whether the store lies outside all of them.
///
/// # Errors
/// When one is not there, or is no folder, or is no mount point and was one, or the store lies inside one.
pub(super) async fn look(
    tree: &dyn TreeRead,
    store: &dyn StoreRead,
    selection: &Selection,
    before: &[MountBefore],
) -> Result<StepOutput, Fault> {
    observe::outside(tree, store, &selection.roots, &selection.exclude).await?;
    for root in &selection.roots {
        // The first thing a walk tells is its root, or why it is no source.
        let wanted = Wanted { roots: std::slice::from_ref(root), exclude: &[], one_file_system: false };
        Walk::new(tree, wanted)?.next().await?;
    }
    let mounts = observe::mounts(tree, &selection.roots).await?;
    match before.iter().find(|before| !mounts.contains(&before.root)) {
        Some(before) => Err(before.gone()),
        None => Ok(StepOutput::Source { roots: selection.roots.clone(), mounts }),
    }
}
