//! Looks at a source: is every root there, and a folder.

use super::StepOutput;
use crate::forecast::Selection;
use crate::observe::walk;
use crate::ports::{Fault, TreeRead};

/// Looks at every root.
///
/// # Errors
/// When one is not there, or is no folder.
pub(super) async fn look(tree: &dyn TreeRead, selection: &Selection) -> Result<StepOutput, Fault> {
    for root in &selection.roots {
        walk::root(tree, root).await?;
    }
    Ok(StepOutput::Source { roots: selection.roots.clone() })
}
