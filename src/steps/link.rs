//! Links that point to releases: set, and taken back.
//!
//! Invariant: a link that points elsewhere than it should, as somebody else set it, is not taken back.

use super::StepOutput;
use crate::observe::{self, LinkSeen};
use crate::ports::{Cause, Certainty, Fault, TreeWrite};
use crate::primitives::PathBytes;

/// Sets a link; answers where it pointed.
pub(super) async fn set(tree: &dyn TreeWrite, link: &PathBytes, to: &PathBytes) -> Result<Option<PathBytes>, Fault> {
    match tree.point_link(link, to).await {
        // It is done if it points there.
        Err(fault) if fault.certainty == Certainty::Unknown => match tree.read_link(link).await {
            Ok(there) if there == *to => tree.point_link(link, to).await,
            _ => Err(fault),
        },
        answer => answer,
    }
}

/// Takes a link from a release back to where it pointed. One that points there already was taken back by an attempt before, which may
/// have died before that was durable.
pub(super) async fn take_back(
    tree: &dyn TreeWrite,
    link: &PathBytes,
    from: &PathBytes,
    to: &PathBytes,
) -> Result<StepOutput, Fault> {
    let seen = observe::link(tree, link).await?;
    if !matches!(&seen, LinkSeen::To(now) if now == from || now == to) {
        let answer = match seen {
            LinkSeen::To(now) => format!("it points to {now} now, and not to {from}: somebody set it meanwhile"),
            LinkSeen::Nothing => "nothing is there any more".to_owned(),
            LinkSeen::Other => "something that is no link is there now".to_owned(),
        };
        return Err(Fault::permanent(Cause::Exists, format!("take the link {link} back"), answer));
    }
    set(tree, link, to).await?;
    Ok(StepOutput::Linked)
}
