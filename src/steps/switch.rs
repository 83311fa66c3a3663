//! Gives what was recovered its place, by renaming; what is there is kept beside.
//!
//! Where a run was killed in the midst of it, the three names show how far it came: what was there is renamed first, and the place is
//! empty for no longer than until the next call.

use super::StepOutput;
use super::recover::rename;
use crate::forecast::Move;
use crate::ports::{Cause, Fault, TreeWrite};
use crate::primitives::PathBytes;

/// Renames one after the other.
pub(super) async fn switch(tree: &dyn TreeWrite, moves: &[Move]) -> Result<StepOutput, Fault> {
    let mut kept = vec![];
    for of in moves {
        kept.extend(one(tree, of).await?);
    }
    Ok(StepOutput::Switched { kept })
}

/// Answers where what was there is.
async fn one(tree: &dyn TreeWrite, of: &Move) -> Result<Option<PathBytes>, Fault> {
    let Move { from, to, kept, replaces } = of;
    let action = || format!("switch {to}");
    let seen = (tree.stat(from).await?.is_some(), tree.stat(to).await?.is_some(), tree.stat(kept).await?.is_some());
    match seen {
        (true, true, false) => {
            rename(tree, to, kept).await?;
            if let Err(fault) = rename(tree, from, to).await {
                // What served until now goes on serving.
                return Err(match tree.rename(kept, to).await {
                    Ok(()) => fault,
                    Err(also) => Fault {
                        answer: format!(
                            "{}; what was there is at {kept}, and could not be put back: {}",
                            fault.answer, also.answer
                        ),
                        ..fault
                    },
                });
            }
            Ok(Some(kept.clone()))
        }
        // Nothing was there, or this run was stopped between the two.
        (true, false, was_there) => {
            rename(tree, from, to).await?;
            Ok(was_there.then(|| kept.clone()))
        }
        // An attempt before did it, and could not say so.
        (false, true, true) => Ok(Some(kept.clone())),
        (false, true, false) if !replaces => tree.settle(to).await.map(|()| None),
        (true, true, true) => {
            let answer =
                format!("{kept} is there already, and so is {to}: somebody put something there; move one of them away");
            Err(Fault::permanent(Cause::Exists, action(), answer))
        }
        (false, _, _) => {
            Err(Fault::permanent(Cause::NotFound, action(), format!("{from}, which is to be put there, is not there")))
        }
    }
}
