//! Puts a release on a host, in a folder of its own, and has a link point to it.
//!
//! Unaware of what the release is. Invariant: the link points to a release that is whole, or to what it pointed to; and what it pointed
//! to is left as it is.

mod archive;
mod laying;
mod repository;

use serde::{Deserialize, Serialize};

use super::making::making;
use super::recover::rename;
use super::{Progress, World, link};
use crate::catalog::{Named, Totals};
use crate::forecast::{Deployment, LinkMove};
use crate::graph::ReleaseSource;
use crate::ports::{Cause, Certainty, Fault, TreeWrite};
use crate::primitives::PathBytes;
use laying::Laying;

/// A release that is in place.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Deployed {
    /// Of a repository, which revision it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<u64>,
    /// What was made.
    pub totals: Totals,
    /// What could not be given its mode or time.
    pub unset: Named,
    /// Where the link pointed until then; it is there still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<PathBytes>,
    /// What of the leftovers of killed restores is gone.
    pub removed: Vec<PathBytes>,
    /// What of them could not be removed, and why.
    pub not_removed: Named,
}

/// Deploys. The folder is of this run alone, so one that is there was made by an attempt before, and is whole.
pub(super) async fn deploy(world: &World<'_>, of: &Deployment, progress: &Progress) -> Result<Deployed, Fault> {
    let tree = world.tree_of(of.on.as_deref())?;
    let known = of.revision.as_ref().map(|revision| revision.number);
    let mut deployed = if tree.stat(&of.into).await?.is_some() {
        // Whoever renamed it may have died before that was durable.
        tree.settle(&of.into).await?;
        Deployed { revision: known, ..Deployed::default() }
    } else {
        let made = make(world, tree, of, progress).await;
        if made.as_ref().is_err_and(|fault| fault.certainty == Certainty::Permanent) {
            // What stays is removed as a leftover; the fault that is told is the one that matters.
            let _best_effort = tree.remove(&of.staging).await;
        }
        made?
    };
    if let Some(fetched) = &of.fetched {
        world.tree.remove(fetched).await?;
    }
    if let Some(link) = &of.link {
        deployed.previous = point(tree, link, &of.into).await?;
    }
    Ok(deployed)
}

/// Makes the folder beside its place, and renames it when it is whole and durable. What an attempt before left is made anew: nothing
/// says how much of it is whole.
async fn make(
    world: &World<'_>,
    tree: &dyn TreeWrite,
    of: &Deployment,
    progress: &Progress,
) -> Result<Deployed, Fault> {
    tree.remove(&of.staging).await?;
    let fetched = match (&of.from, &of.fetched) {
        (ReleaseSource::Subversion { url }, Some(fetched)) => {
            let exported =
                repository::fetch(world, url, of.revision.as_ref().map(|known| known.number), fetched).await?;
            Some((exported, fetched))
        }
        _ => None,
    };
    open_folders_above(tree, &of.staging, world.clock.now().as_second()).await?;
    let destination = tree.create(&of.staging).await?;
    let (orders, making) = making(&*destination, world.compute.width());
    let mut laying = Laying::new(&*destination, orders, world.clock.now(), progress);
    let laid = async {
        match fetched {
            Some((_, fetched)) => repository::lay(world.tree, fetched, &mut laying).await?,
            None => archive::lay(world, &of.from, &mut laying).await?,
        }
        laying.finish().await
    };
    // What is being made ends before anything else happens, whatever failed: the folder may have to be removed.
    let (laid, unset) = tokio::join!(laid, making.run());
    let unset = unset?;
    let (totals, mut refused) = laid?;
    refused.add(unset);
    destination.sync().await?;
    rename(tree, &of.staging, &of.into).await?;
    let revision = fetched.map(|(revision, _)| revision);
    Ok(Deployed { revision, totals, unset: refused, ..Deployed::default() })
}

/// Makes the folders above that are not there yet. Who serves a release is often not who deploys it, so all may look into them.
async fn open_folders_above(tree: &dyn TreeWrite, path: &PathBytes, now: i64) -> Result<(), Fault> {
    let path = path.to_path();
    let mut missing = vec![];
    for above in path.ancestors().skip(1) {
        let above = PathBytes::from_path(above);
        if tree.stat(&above).await?.is_some() {
            break;
        }
        missing.push(above);
    }
    for above in missing.iter().rev() {
        match tree.create(above).await {
            Ok(folder) => folder.set(&PathBytes::default(), &laying::attributes((laying::FOLDER_MODE, now))).await?,
            // A step beside this one made it.
            Err(fault) if fault.cause == Cause::Exists => vec![],
            Err(fault) => return Err(fault),
        };
    }
    Ok(())
}

/// Sets the link; answers where it pointed before this run.
async fn point(tree: &dyn TreeWrite, link: &LinkMove, to: &PathBytes) -> Result<Option<PathBytes>, Fault> {
    let before = link::set(tree, &link.link, to).await?;
    // An attempt before may have set it, and then the forecast knows where it pointed.
    Ok(if before.as_ref() == Some(to) { link.was.clone() } else { before })
}
