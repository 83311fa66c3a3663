//! From a forecast's action to the step that does it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Inputs, PackRequest, Progress, RecoverRequest, StepOutput, pack, read_back, recover};
use super::{commit, delete, look, probe};
use crate::forecast::{Action, Forecast, ForecastStep, NewPoint, Recovery, Selection};
use crate::ports::{Cause, Clock, CommandRun, Fault, Scratch, StoreWrite, TreeWrite};
use crate::primitives::Name;

/// What steps reach.
pub struct World<'a> {
    /// Folder trees of this host.
    pub tree: &'a dyn TreeWrite,
    /// The stores, by the plan's names.
    pub stores: &'a BTreeMap<Name, Arc<dyn StoreWrite>>,
    /// Programs of this host.
    pub commands: &'a dyn CommandRun,
    /// Temporary tables.
    pub scratch: &'a dyn Scratch,
    /// The time.
    pub clock: &'a dyn Clock,
}

impl World<'_> {
    fn store(&self, name: &Name) -> Result<&dyn StoreWrite, Fault> {
        let missing = || Fault::permanent(Cause::NotFound, format!("open store {name}"), "the run has no such store");
        self.stores.get(name).map(|store| &**store).ok_or_else(missing)
    }
}

/// Performs one step.
///
/// # Errors
/// Whatever the world answers.
pub async fn perform(
    forecast: &Forecast,
    step: &ForecastStep,
    inputs: &Inputs,
    world: &World<'_>,
    progress: &Progress,
) -> Result<StepOutput, Fault> {
    match &step.action {
        Action::Look { selection, .. } => look::look(world.tree, selection).await,
        Action::Pack { selection, new, source } => {
            inputs.get(*source)?;
            if let Action::Look { seen: Some(seen), .. } = &forecast.step(source.step).action {
                progress.expect(seen.bytes);
            }
            let request = pack_request(selection, new);
            let store = world.store(&new.store)?;
            let packed = pack(world.tree, world.scratch, store, world.clock, &request, progress).await?;
            Ok(StepOutput::Packed(Box::new(packed)))
        }
        Action::ReadBack { new, packed } => {
            let packed = inputs.packed(*packed)?;
            progress.expect(packed.totals.bytes);
            let store = world.store(&new.store)?;
            let read_back = read_back(store, &packed.archive, &packed.contents, packed.plain, progress).await?;
            Ok(StepOutput::ReadBack(read_back))
        }
        Action::Commit { new, packed, read_back } => {
            let made = commit::Made {
                forecast,
                new,
                packed: inputs.packed(*packed)?,
                read_back: inputs.read_back(*read_back)?,
            };
            commit::commit(world.store(&new.store)?, world.clock, &made).await
        }
        Action::Delete { store, prefix, roots, rules, timezone, points, leftovers, given, .. } => {
            inputs.get(*given)?;
            let now = world.clock.now();
            let wanted = delete::Wanted { prefix, roots, rules: rules.as_ref(), timezone, points, leftovers, now };
            delete::delete(world.store(store)?, &wanted, progress).await.map(StepOutput::Deleted)
        }
        Action::Recover(recovery) => {
            let (store, request) = recover_request(step, recovery, world)?;
            recover(store, world.tree, world.scratch, &request, progress).await.map(StepOutput::Recovered)
        }
        Action::ProbePath { path, .. } => probe::path(world.tree, path).await,
        Action::ProbeCommand { argv, .. } => probe::command(world.commands, argv).await,
    }
}

fn pack_request(selection: &Selection, new: &NewPoint) -> PackRequest {
    PackRequest {
        place: new.place.clone(),
        roots: selection.roots.clone(),
        exclude: selection.exclude.clone(),
        allow_empty: selection.allow_empty,
        one_file_system: selection.one_file_system,
    }
}

/// A restore for which no point was found fails here, for the reason that the forecast gave.
fn recover_request<'a>(
    step: &ForecastStep,
    recovery: &Recovery,
    world: &'a World<'_>,
) -> Result<(&'a dyn StoreWrite, RecoverRequest), Fault> {
    let (Some(store), Some(manifest)) = (&recovery.store, &recovery.manifest) else {
        let unsaid = || Fault::permanent(Cause::NotFound, step.name.to_string(), "no recovery point was chosen");
        return Err(step.foreseen.clone().unwrap_or_else(unsaid));
    };
    let request = RecoverRequest {
        manifest: manifest.clone(),
        into: recovery.into.clone(),
        staging: recovery.staging.clone(),
        only: recovery.only.clone(),
        set_owner: recovery.set_owner,
    };
    Ok((world.store(store)?, request))
}
