//! Recovers a point's files, beside what is there and never over it.

use serde::{Deserialize, Serialize};

use super::filling::Filling;
use super::making::making;
use super::recover_names::{Names, check_roots};
use super::recovered_before::recovered_before;
use super::taken_up::{TakenUp, take_up};
use super::verified::{Expected, Pair};
use super::{Beside, Progress};
use crate::catalog::{Manifest, Named, Totals};
use crate::ports::{Cause, Certainty, Fault, StoreRead, TreeWrite};
use crate::primitives::PathBytes;

/// What is recovered, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoverRequest {
    /// The point.
    pub manifest: Manifest,
    /// The folder that is made; nothing may be there.
    pub into: PathBytes,
    /// Where it is made until it is whole: beside `into`, of this run alone. What is there was left by an attempt before.
    pub staging: PathBytes,
    /// One path with all below it: absolute, or relative to the root where there is one. All where none is given.
    pub only: Option<PathBytes>,
    /// Whether owners are set, which takes a privileged user.
    pub set_owner: bool,
}

/// What was recovered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Recovered {
    /// What was made.
    pub totals: Totals,
    /// What was not whole when it was backed up.
    pub flawed: Named,
    /// What could not be read when it was backed up, and is not in the backup: of a folder, what is in it.
    pub unread: Named,
    /// What could not be given all of its attributes: owners, modes, extended attributes.
    pub unset: Named,
    /// What of the leftovers of killed restores is gone.
    pub removed: Vec<PathBytes>,
    /// What of them could not be removed, and why.
    pub not_removed: Named,
}

impl Recovered {
    /// Adds what was recovered before.
    fn add(&mut self, other: Self) {
        self.totals.add(other.totals);
        self.flawed.add(other.flawed);
        self.unset.add(other.unset);
    }

    /// Whether all that is asked for was read whole when it was backed up.
    pub fn clean(&self) -> bool {
        self.flawed.count == 0 && self.unread.count == 0
    }
}

/// Recovers a point: the one root's content becomes the folder `into`; of several, whole paths lie below it, where the
/// folders above them are open to their owner alone. All is written to `staging`, verified as `read_back` does, made
/// durable, and then renamed. What an attempt before left in `staging` is taken up. Where `into` is exactly what this makes, it is done already: the attempt before ended
/// without being able to say so.
///
/// # Errors
/// `Exists` where `into` is something else; `Invalid` where the backup is damaged; `NotFound` where nothing is of the chosen path; else
/// when something cannot be read or written. Then `into` was not made; and unless the fault may pass, `staging` is gone as far as it can
/// be removed.
pub async fn recover(
    store: &dyn StoreRead,
    tree: &dyn TreeWrite,
    world: Beside<'_>,
    request: &RecoverRequest,
    progress: &Progress,
) -> Result<Recovered, Fault> {
    let action = format!("recover into {}", request.into);
    let mut names = Names::choose(store, world.scratch, &request.manifest, request.only.as_ref()).await?;
    if tree.stat(&request.into).await?.is_some() {
        let exists =
            || Fault::permanent(Cause::Exists, action, "something is there already, and nothing is overwritten");
        let recovered = recovered_before(store, tree, request, &mut names).await?.ok_or_else(exists)?;
        // Whoever renamed it may have died before that was durable.
        return tree.settle(&request.into).await.map(|()| recovered);
    }
    let recovered = fill(store, tree, world, request, &mut names, progress).await;
    let done = match recovered {
        Ok(recovered) => rename(tree, &request.staging, &request.into).await.map(|()| recovered),
        Err(fault) => Err(fault),
    };
    if done.as_ref().is_err_and(|fault| fault.certainty == Certainty::Permanent) {
        // What stays is removed as a leftover; the fault that is told is the one that matters.
        let _best_effort = tree.remove(&request.staging).await;
    }
    done
}

/// Renames, and finds out whether it was done where the answer was lost.
pub(super) async fn rename(tree: &dyn TreeWrite, from: &PathBytes, to: &PathBytes) -> Result<(), Fault> {
    match tree.rename(from, to).await {
        // It is done if what was there is here.
        Err(fault) if fault.certainty == Certainty::Unknown => {
            let (left, there) = (tree.stat(from).await?, tree.stat(to).await?);
            if left.is_none() && there.is_some() { tree.settle(to).await } else { Err(fault) }
        }
        answer => answer,
    }
}

async fn fill(
    store: &dyn StoreRead,
    tree: &dyn TreeWrite,
    world: Beside<'_>,
    request: &RecoverRequest,
    names: &mut Names,
    progress: &Progress,
) -> Result<Recovered, Fault> {
    let taken_up = take_up(store, tree, world.scratch, request, names).await?;
    let pair = Pair::open(store, world.compute, Expected::of(&request.manifest)).await?;
    let (supply, mut verified) = pair.read(names.parts()).await?;
    verified.remember_unread(names.chosen());
    if verified.roots() != request.manifest.roots {
        return Err(verified.damaged("the contents are of other folders than the manifest says"));
    }
    check_roots(&request.manifest.roots).map_err(|why| verified.damaged(why))?;
    let (destination, kept) = match taken_up {
        Some(TakenUp { destination, kept }) => (destination, Some(kept)),
        None => (tree.create(&request.staging).await?, None),
    };
    let (orders, making) = making(&*destination, world.compute.width());
    let filling =
        Filling::new((&*destination, orders), (names, kept.is_some()), (tree, world.scratch), request.set_owner);
    let filling = async { tokio::try_join!(supply.run(), filling.fill(verified, progress)) };
    // What is being made ends before anything else happens, whatever failed: the folder may have to be removed.
    let (filled, unset) = tokio::join!(filling, making.run());
    let unset = unset?;
    let ((), mut recovered) = filled?;
    destination.sync().await?;
    recovered.unset.add(unset);
    kept.into_iter().for_each(|kept| recovered.add(kept));
    Ok(recovered)
}
