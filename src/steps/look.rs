//! Looks at a source: is every root there, and a folder.

use super::StepOutput;
use crate::forecast::Selection;
use crate::observe::walk::{Walk, Wanted};
use crate::ports::{Fault, TreeRead};

/// Looks at every root.
///
/// # Errors
/// When one is not there, or is no folder.
pub(super) async fn look(tree: &dyn TreeRead, selection: &Selection) -> Result<StepOutput, Fault> {
    for root in &selection.roots {
        // The first thing a walk tells is its root, or why it is no source.
        let wanted = Wanted { roots: std::slice::from_ref(root), exclude: &[], one_file_system: false };
        Walk::new(tree, wanted)?.next().await?;
    }
    Ok(StepOutput::Source { roots: selection.roots.clone() })
}
