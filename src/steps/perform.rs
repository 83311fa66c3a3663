//! From a forecast's action to the step that does it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{
    Beside, Deployed, Inputs, Leases, PackRequest, Progress, RecoverRequest, Recovered, StepOutput, pack, read_back,
    recover,
};
use super::{approve, command, commit, database, delete, deploy, launch, link, look, probe, switch};
use crate::catalog::{Named, job_prefix};
use crate::forecast::{Action, Forecast, ForecastStep, Held, NewPoint, Recovery, Selection, Suspension};
use crate::ports::{
    Cause, Clock, CommandRun, Compute, Databases, Fault, Locks, Machines, Network, People, Scratch, Secrets,
    StoreWrite, Subversion, TreeWrite,
};
use crate::primitives::{Compression, Name, PathBytes};

/// Another host.
#[derive(Clone)]
pub struct Host {
    /// Its folder trees.
    pub tree: Arc<dyn TreeWrite>,
    /// Its programs.
    pub commands: Arc<dyn CommandRun>,
}

/// How a host is reached of which only the address is known: a machine that a step launched.
pub type Reach = Arc<dyn Fn(&str) -> Host + Send + Sync>;

/// What steps reach.
pub struct World<'a> {
    /// Folder trees of this host.
    pub tree: &'a dyn TreeWrite,
    /// The stores, by the plan's names.
    pub stores: &'a BTreeMap<Name, Arc<dyn StoreWrite>>,
    /// Programs of this host.
    pub commands: &'a dyn CommandRun,
    /// Trees and programs of other hosts, by the plan's names.
    pub hosts: &'a BTreeMap<String, Host>,
    /// And of those that earlier steps launched, by their addresses.
    pub reach: &'a Reach,
    /// Repositories of Subversion.
    pub subversion: &'a dyn Subversion,
    /// Databases that providers run.
    pub databases: &'a dyn Databases,
    /// Machines that providers run.
    pub machines: &'a dyn Machines,
    /// What others serve.
    pub network: &'a dyn Network,
    /// People who are asked.
    pub people: &'a dyn People,
    /// What the plan does not say.
    pub secrets: &'a dyn Secrets,
    /// Temporary tables.
    pub scratch: &'a dyn Scratch,
    /// The time.
    pub clock: &'a dyn Clock,
    /// The processors of this host.
    pub compute: &'a dyn Compute,
    /// Locks of this host.
    pub locks: &'a dyn Locks,
    /// The leases that the run has.
    pub leases: &'a Leases,
}

impl World<'_> {
    fn beside(&self) -> Beside<'_> {
        Beside { clock: self.clock, compute: self.compute, scratch: self.scratch }
    }

    /// The trees of this host, or of that.
    pub(super) fn tree_of(&self, host: Option<&str>) -> Result<&dyn TreeWrite, Fault> {
        host.map_or(Ok(self.tree), |host| Ok(&*self.host(host)?.tree))
    }

    fn host(&self, name: &str) -> Result<&Host, Fault> {
        let unknown = || Fault::permanent(Cause::NotFound, format!("reach {name}"), "the run has no such host");
        self.hosts.get(name).ok_or_else(unknown)
    }

    pub(super) fn store(&self, name: &Name) -> Result<&dyn StoreWrite, Fault> {
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
        Action::Look { store, selection, mounts, .. } => {
            look::look(world.tree, world.store(store)?, selection, mounts).await
        }
        Action::Pack { selection, compression, new, source } => {
            let mounts = inputs.mounts(*source)?;
            if let Action::Look { seen: Some(seen), .. } = &forecast.step(source.step).action {
                progress.expect(seen.bytes);
            }
            let request = pack_request(selection, mounts, *compression, new);
            let packed = pack(world.tree, world.store(&new.store)?, world.beside(), &request, progress).await?;
            Ok(StepOutput::Packed(Box::new(packed)))
        }
        Action::ReadBack { new, packed } => {
            let packed = inputs.packed(*packed)?;
            progress.expect(packed.totals.bytes);
            let store = world.store(&new.store)?;
            let read_back = read_back(store, world.compute, packed.expected(), progress).await?;
            Ok(StepOutput::ReadBack(read_back))
        }
        Action::Commit { new, guard, packed, read_back } => {
            let made = commit::Made {
                forecast,
                new,
                guard,
                packed: inputs.packed(*packed)?,
                read_back: inputs.read_back(*read_back)?,
            };
            commit::commit(world.store(&new.store)?, world.clock, &made).await
        }
        Action::Delete {
            store,
            job,
            prefix,
            roots,
            rules,
            timezone,
            points,
            guard,
            suspended,
            leftovers,
            keeping,
            given,
        } => {
            let made = inputs.committed(*given)?;
            // What was really packed may be less than the forecast saw.
            let suspended = suspended.clone().or_else(|| match &forecast.step(given.step).action {
                Action::Commit { guard, .. } => guard.judge(Held::of(&made.totals)).map(Suspension::Shrunk),
                _ => None,
            });
            let now = world.clock.now();
            let all = job_prefix(&forecast.plan, job);
            let rules = rules.as_ref();
            let wanted = delete::Wanted {
                made,
                name: store,
                all: &all,
                prefix,
                roots,
                rules,
                timezone,
                points,
                guard,
                suspended,
                leftovers,
                keeping,
                clock: world.clock,
                now,
            };
            delete::delete(world.store(store)?, world.locks, world.leases, &wanted, progress)
                .await
                .map(StepOutput::Deleted)
        }
        Action::Recover(recovery) => {
            let (store, request) = recover_request(step, recovery, world)?;
            let tree = world.tree_of(recovery.on.as_deref())?;
            let (removed, not_removed) = remove_leftovers(tree, &recovery.leftovers).await;
            let recovered = recover(store, tree, world.beside(), &request, progress).await?;
            Ok(StepOutput::Recovered(Recovered { removed, not_removed, ..recovered }))
        }
        Action::Probe { how, patience, .. } => {
            let words = inputs.words(how.words(), forecast)?;
            probe::probe(world, (how, &words), *patience, forecast).await
        }
        Action::Approve { what, role, people } => approve::approve(world, forecast, step, (what, role, people)).await,
        Action::Command { argv, on, .. } => {
            let argv = inputs.words(argv, forecast)?;
            let on = on.as_ref().map(|on| Ok((inputs.word(on, forecast)?, on.input().is_some()))).transpose()?;
            let commands = match &on {
                Some((address, true)) => (world.reach)(address).commands,
                Some((host, false)) => Arc::clone(&world.host(host)?.commands),
                None => return command::command((world.commands, world.secrets), forecast, step, &argv).await,
            };
            command::command((&*commands, world.secrets), forecast, step, &argv).await
        }
        Action::Database(action) => {
            let made = action.input().map(|input| inputs.snapshot(input)).transpose()?;
            database::perform(world, forecast, step, action, made, progress).await
        }
        Action::Launch(of) => launch::launch(world, step, &forecast.run, of).await,
        Action::Deploy(deployment) => {
            let (removed, not_removed) =
                remove_leftovers(world.tree_of(deployment.on.as_deref())?, &deployment.leftovers).await;
            let deployed = deploy::deploy(world, deployment, progress).await?;
            Ok(StepOutput::Deployed(Deployed { removed, not_removed, ..deployed }))
        }
        Action::Link { on, link, from, to, .. } => link::take_back(world.tree_of(on.as_deref())?, link, from, to).await,
        Action::Switch { on, moves, .. } => switch::switch(world.tree_of(on.as_deref())?, moves).await,
    }
}

/// Removes what killed restores left beside a destination; what stays is no reason not to restore, and is named.
async fn remove_leftovers(tree: &dyn TreeWrite, leftovers: &[PathBytes]) -> (Vec<PathBytes>, Named) {
    let (mut removed, mut not_removed) = (vec![], Named::default());
    for leftover in leftovers {
        match tree.remove(leftover).await {
            Ok(()) => removed.push(leftover.clone()),
            Err(fault) => not_removed.push(leftover, fault.answer),
        }
    }
    (removed, not_removed)
}

fn pack_request(selection: &Selection, mounts: &[PathBytes], compression: Compression, new: &NewPoint) -> PackRequest {
    PackRequest {
        place: new.place.clone(),
        roots: selection.roots.clone(),
        mounts: mounts.to_vec(),
        exclude: selection.exclude.clone(),
        allow_empty: selection.allow_empty,
        compression,
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
