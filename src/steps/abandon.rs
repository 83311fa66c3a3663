//! Clears away what a step had under way when it was stopped: it cannot do that itself any more.
//!
//! Unaware of why it was stopped. Invariant: only what nobody takes for a result goes, under names that are the run's own.

use super::World;
use crate::catalog::Part;
use crate::forecast::{Action, ForecastStep, NewPoint};
use crate::ports::Fault;

/// Throws away the uploads of a step, or the folder that it was filling.
///
/// # Errors
/// Whatever the world answers; what stays is found by the next attempt, or removed as a leftover by a later run.
pub async fn abandon(step: &ForecastStep, world: &World<'_>) -> Result<(), Fault> {
    match &step.action {
        Action::Pack { new, .. } => uploads(new, &[Part::Archive, Part::Contents], world).await,
        Action::Commit { new, .. } => uploads(new, &[Part::Manifest], world).await,
        Action::Recover(recovery) => world.tree_of(recovery.on.as_deref())?.remove(&recovery.staging).await,
        Action::Deploy(deployment) => {
            if let Some(fetched) = &deployment.fetched {
                world.tree.remove(fetched).await?;
            }
            world.tree_of(deployment.on.as_deref())?.remove(&deployment.staging).await
        }
        _ => Ok(()),
    }
}

async fn uploads(new: &NewPoint, parts: &[Part], world: &World<'_>) -> Result<(), Fault> {
    let store = world.store(&new.store)?;
    for key in parts.iter().map(|part| new.key(*part)) {
        for upload in store.uploads(key.as_str()).await? {
            if upload.key == key {
                store.abort(&upload).await?;
            }
        }
    }
    Ok(())
}
