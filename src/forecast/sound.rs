//! Whether a forecast that comes from outside (a journal) is one that this program could have made.
//!
//! Unaware of where it was read. Invariant: of a forecast that is sound, every id, input and name leads where the code that
//! carries it out expects it; nothing in it points out of its own plan, job, host and destination.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt as _;

use super::{
    Action, DatabaseAction, Deployment, FORMAT_VERSION, Forecast, ForecastStep, Launch, Leftover, Move, NewPoint,
    Recovery, RollBack, SnapshotDeletion, SnapshotOf, StoreLocation, Subject, database::kept,
};
use crate::calendar;
use crate::catalog::{
    MANIFEST_FORMAT_VERSION, PointPlace, SnapshotPoint, TAG_RUN, host_prefix, machine_tags, machine_token,
};
use crate::graph::{Argument, Effect, LAUNCHED, Output, OutputKind, ProbeCheck, ReleaseSource, release_place};
use crate::observe::{kept_beside, release_folder, staging, staging_run};
use crate::ports::{DatabaseName, ImageWanted};
use crate::primitives::{HostPath, JobName, Name, PathBytes};
use crate::retention::Rules;

impl Forecast {
    /// Holds it against itself.
    ///
    /// # Errors
    /// What cannot be, in words that follow "it is no forecast of this program: ".
    pub fn check(&self) -> Result<(), String> {
        if self.format_version != FORMAT_VERSION {
            let known = FORMAT_VERSION;
            return Err(format!("it is of version {}, and this program knows version {known}", self.format_version));
        }
        require(calendar::zone(&self.timezone).is_some(), || format!("there is no zone {}", self.timezone))?;
        require(is_absolute(&self.base), || format!("{} is no absolute path", self.base))?;
        for (name, location) in &self.stores {
            let StoreLocation::Local(folder) = location else { continue };
            require(is_absolute(folder), || format!("store {name} is at {folder}, which is no absolute path"))?;
        }
        let strange = self.limits.keys().find(|store| !self.stores.contains_key(store));
        require(strange.is_none(), || {
            format!("it limits store {}, which it does not know", strange.map_or("", Name::as_str))
        })?;
        let jobs: BTreeSet<&JobName> = match &self.subject {
            Subject::Backup { jobs, .. } => jobs.iter().collect(),
            Subject::Restore { .. } => BTreeSet::new(),
            Subject::RollBack(of) => {
                self.taken_back(of)?;
                BTreeSet::new()
            }
            Subject::Slice(slice) => return Err(format!("it is of {slice}, which this version only shows")),
        };
        let mut names = BTreeSet::new();
        for (place, step) in self.steps.iter().enumerate() {
            let of_step = |why: String| format!("step {place} ({}): {why}", step.name);
            require(step.id.index() == place, || of_step(format!("it has the id {}", step.id.0)))?;
            require(names.insert(step.name.as_str()), || of_step("another step has its name".into()))?;
            let sound = self.ties(step).and_then(|()| self.frame(step, &jobs)).and_then(|()| self.action(step));
            sound.map_err(of_step)?;
        }
        Ok(())
    }

    /// What it comes after comes before it, each once; and it waits for what it takes in.
    fn ties(&self, step: &ForecastStep) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        for (on, _) in &step.after {
            require(*on < step.id, || format!("it comes after step {}, which is not before it", on.0))?;
            require(seen.insert(*on), || format!("it comes after step {} twice", on.0))?;
        }
        for Output { step: on, kind } in step.action.inputs() {
            require(step.after.contains(&(on, true)), || format!("it takes in what step {} yields, unawaited", on.0))?;
            let from = self.steps.get(on.index());
            let own = from.is_some_and(|from| from.offers(kind) && from.action.job() == step.action.job());
            require(own, || format!("step {} does not yield {kind:?} of its job", on.0))?;
        }
        Ok(())
    }

    /// Effect and yield are those of what is done.
    fn frame(&self, step: &ForecastStep, jobs: &BTreeSet<&JobName>) -> Result<(), String> {
        require(step.effect == step.action.effect(), || format!("its effect is not {:?}", step.effect))?;
        // What a recovery yields was not written down by earlier versions.
        let unsaid = step.yields.is_none() && step.action.yields().is_some_and(|kind| kind.slot().is_some());
        require(unsaid || step.yields == step.action.yields(), || format!("it does not yield {:?}", step.yields))?;
        let host = step.action.host();
        require(host.is_none_or(|host| self.hosts.contains_key(host)), || {
            format!("the run does not know how to reach {}", host.unwrap_or_default())
        })?;
        require(self.is_subject(&step.action, jobs), || "it is not of what the run is about".into())
    }

    /// Whether it is of the restore that the forecast is about, or of one of the `jobs`.
    fn is_subject(&self, action: &Action, jobs: &BTreeSet<&JobName>) -> bool {
        match (&self.subject, action.job()) {
            (Subject::Backup { .. }, Some(job)) => jobs.contains(job),
            (Subject::Restore { .. }, None) => !matches!(action, Action::Link { .. }),
            (Subject::RollBack(_), None) => match action {
                Action::Link { .. } | Action::Switch { .. } => true,
                Action::Database(action) => matches!(&**action, DatabaseAction::Switch(of) if of.puts.is_some()),
                _ => false,
            },
            _ => false,
        }
    }

    fn action(&self, step: &ForecastStep) -> Result<(), String> {
        match &step.action {
            Action::Look { store, selection, mounts, .. } => {
                self.store(store)?;
                let strange = mounts.iter().find(|before| !selection.roots.contains(&before.root));
                require(strange.is_none(), || "it looks for a mount point that is none of its folders".into())?;
                roots(&selection.roots)
            }
            Action::Pack { selection, new, .. } => {
                self.new_point(new)?;
                roots(&selection.roots)
            }
            Action::ReadBack { new, .. } | Action::Commit { new, .. } => self.new_point(new),
            Action::Delete { store, job, prefix, roots: of, rules, timezone, points, leftovers, .. } => {
                self.store(store)?;
                roots(of)?;
                let own = host_prefix(&self.plan, job, &self.host);
                require(*prefix == own, || format!("it deletes below {prefix}, and not below {own}"))?;
                require(*timezone == self.timezone, || format!("its zone is {timezone}"))?;
                rules.as_ref().map_or(Ok(()), periods)?;
                require(rules.is_some() || points.is_empty(), || "it deletes points, and there are no rules".into())?;
                points.iter().try_for_each(|deletion| self.own_place(&deletion.place, job))?;
                leftovers.iter().try_for_each(|leftover| self.own_leftover(leftover, job))
            }
            Action::Recover(recovery) => self.recovery(step, recovery),
            Action::Deploy(deployment) => self.deployment(deployment),
            Action::Database(action) => self.database(step, action),
            Action::Launch(of) => self.launch(step, of),
            Action::Probe { how: ProbeCheck::Path(path), .. } => {
                require(is_absolute(path), || format!("{path} is no absolute path"))
            }
            Action::Probe { how: ProbeCheck::Command(argv), .. } | Action::Command { argv, .. } => {
                require(!argv.is_empty(), || "it runs no program".into())
            }
            Action::Probe { .. } | Action::Approve { .. } => Ok(()),
            Action::Link { target, link, from, to, .. } => self.own_link((target, link), from, to),
            Action::Switch { moves, .. } => {
                require(!moves.is_empty(), || "it renames nothing".into())?;
                moves.iter().try_for_each(|step| self.own_move(step))
            }
        }
    }

    /// What is deployed is made under the run's own names.
    fn deployment(&self, of: &Deployment) -> Result<(), String> {
        let (into, place) = (&of.into, of.place().path);
        require(is_absolute(into), || format!("{into} is no absolute path"))?;
        let own = release_folder(&place, &self.run);
        require(*into == own, || format!("it is made as {into}, and not as {own}"))?;
        let own = staging(&place, &self.run);
        require(of.staging == own, || format!("it is made at {}, and not at {own}", of.staging))?;
        of.leftovers.iter().try_for_each(|leftover| self.own_staging(&place, leftover))?;
        if let Some(fetched) = &of.fetched {
            let own = fetched
                .to_path()
                .file_name()
                .is_some_and(|name| name.as_bytes().starts_with(self.run.to_string().as_bytes()));
            require(is_absolute(fetched) && own, || format!("{fetched} is no folder of this run"))?;
        }
        let is_svn = matches!(of.from, ReleaseSource::Subversion { .. });
        require(is_svn == of.fetched.is_some(), || "it is fetched nowhere, or for nothing".into())?;
        of.from.store().map_or(Ok(()), |store| self.store(store))?;
        let link = of.link.as_ref().map(|of| &of.link);
        require(link.is_none_or(is_absolute), || "its link is no absolute path".into())
    }

    /// What is done with a database is of this plan and run.
    fn database(&self, step: &ForecastStep, action: &DatabaseAction) -> Result<(), String> {
        let own = |of: &SnapshotOf, database: &DatabaseName| {
            let point = SnapshotPoint::new(&self.plan, &of.job, of.point.slot);
            let own = point.point == of.point && point.name(database) == of.name && of.tags == point.tags(&self.run);
            require(own, || format!("{} is no snapshot of this plan, job and run", of.name))
        };
        match action {
            DatabaseAction::Check(_) => Ok(()),
            DatabaseAction::Snapshot(of) => own(&of.of, &of.database),
            DatabaseAction::Copy(of) => {
                let region = of.of.name.region.clone();
                let there = DatabaseName { kind: of.from.kind, identifier: String::new(), region };
                require(of.from.identifier == of.of.name.identifier, || format!("it copies {}", of.from))?;
                own(&of.of, &there)
            }
            DatabaseAction::Prune(of) => {
                require(of.timezone == self.timezone, || format!("its zone is {}", of.timezone))?;
                of.rules.as_ref().map_or(Ok(()), periods)?;
                let sound = of.rules.is_some() || of.snapshots.is_empty();
                require(sound, || "it deletes snapshots, and there are no rules".into())?;
                let is_own = |deletion: &SnapshotDeletion| {
                    let point = SnapshotPoint::new(&self.plan, &of.job, deletion.point.slot);
                    point.point == deletion.point && point.name(&of.database) == deletion.name
                };
                let strange = of.snapshots.iter().find(|deletion| !is_own(deletion));
                require(strange.is_none(), || "it deletes a snapshot of another plan or job".into())
            }
            DatabaseAction::Recover(of) => match &of.new {
                None => require(step.foreseen.is_some(), || "it is made from nothing, and does not say why".into()),
                Some(new) => {
                    let own = new.name == of.into && new.tags.get(TAG_RUN) == Some(&self.run.to_string());
                    require(own, || format!("{} is not what it says that it makes", new.name))
                }
            },
            DatabaseAction::Switch(of) if matches!(&self.subject, Subject::RollBack(_)) => {
                require(of.from != of.to && of.kept != of.to, || format!("{} goes back to nothing else", of.to))
            }
            DatabaseAction::Switch(of) => {
                let is_put = |step: &ForecastStep| match &step.action {
                    Action::Database(action) => {
                        matches!(&**action, DatabaseAction::Recover(recovery) if recovery.into == of.from && recovery.database == of.to)
                    }
                    _ => false,
                };
                require(self.steps.iter().any(is_put), || format!("{} is nothing that it recovers", of.from))?;
                let own = kept(&of.to, &self.run);
                require(of.kept == own, || format!("it calls {} {}, and not {own}", of.to, of.kept))
            }
        }
    }

    /// A machine is launched once for a step of this run, and from the image that was chosen.
    fn launch(&self, step: &ForecastStep, of: &Launch) -> Result<(), String> {
        let Some(new) = &of.new else {
            return require(step.foreseen.is_some(), || "it launches from nothing, and does not say why".into());
        };
        let is_chosen = of.image.as_ref().is_some_and(|image| image.id == new.image);
        let is_meant = !matches!(&of.wanted, ImageWanted::Id(id) if *id != new.image);
        require(is_chosen && is_meant, || format!("{} is not the image that was chosen", new.image))?;
        let own = machine_tags(&self.plan, &self.run, &step.name);
        let are_own = own.iter().all(|(name, value)| new.tags.get(name) == Some(value));
        let is_own = new.token == machine_token(&self.run, &step.name);
        require(are_own && is_own, || "its machine is not marked as this run's".into())?;
        let data = of.user_data.as_ref().map(|data| &data.path);
        require(data.is_none_or(is_absolute), || "its user data is no absolute path".into())
    }

    /// What is removed, another run left beside the same destination.
    fn own_staging(&self, into: &PathBytes, leftover: &PathBytes) -> Result<(), String> {
        let above = into.to_path().parent().map(PathBytes::from_path);
        let path = leftover.to_path();
        let beside = path.parent().map(PathBytes::from_path) == above;
        let run = path.file_name().and_then(|name| staging_run(into, name.as_bytes()));
        let left = beside && is_absolute(leftover) && run.is_some_and(|run| run != self.run);
        require(left, || format!("{leftover} is nothing that a restore to {into} left"))
    }

    /// What is taken back is another run's.
    fn taken_back(&self, of: &RollBack) -> Result<(), String> {
        require(of.of != self.run, || "it takes itself back".into())?;
        let strange = of.destinations.iter().chain(&of.stays).find(|place| !is_absolute(&place.path));
        require(strange.is_none(), || "a place of the restore that it takes back is no absolute path".into())
    }

    /// A link is taken from a release that the restore deployed.
    fn own_link(&self, (target, link): (&Name, &PathBytes), from: &PathBytes, to: &PathBytes) -> Result<(), String> {
        let Subject::RollBack(of) = &self.subject else { return Err("it takes nothing back".into()) };
        let above = PathBytes::from_path(from.to_path().parent().unwrap_or(std::path::Path::new("/")));
        let own = release_folder(&release_place(&HostPath::here(above), target).path, &of.of);
        require(is_absolute(link) && is_absolute(from), || format!("{link} or {from} is no absolute path"))?;
        require(*from == own, || format!("{from} is no release of run {}", of.of))?;
        require(from != to && !to.as_bytes().is_empty(), || format!("{link} goes back to nothing else"))
    }

    /// What is renamed was recovered by this restore, or was kept by the one that is taken back; and what was there is called by its run.
    fn own_move(&self, step: &Move) -> Result<(), String> {
        let Move { from, to, kept, .. } = step;
        require(is_absolute(to), || format!("{to} is no absolute path"))?;
        require(*kept == kept_beside(to, &self.run), || format!("it calls {to} {kept}"))?;
        if let Subject::RollBack(of) = &self.subject {
            let own = kept_beside(to, &of.of);
            return require(*from == own, || format!("{from} is nothing that run {} kept", of.of));
        }
        let put =
            |step: &ForecastStep| matches!(&step.action, Action::Recover(recovery) if from.starts_with(&recovery.into));
        require(self.steps.iter().any(put), || format!("{from} is nothing that it recovers"))
    }

    fn store(&self, name: &crate::primitives::Name) -> Result<(), String> {
        require(self.stores.contains_key(name), || format!("the run has no store {name}"))
    }

    fn new_point(&self, new: &NewPoint) -> Result<(), String> {
        self.store(&new.store)?;
        self.own_place(&new.place, &new.place.job)?;
        let point = &new.place.point;
        require(*point == self.run.point(point.slot), || format!("point {point} is of another run"))?;
        let Subject::Backup { slots, .. } = &self.subject else { return Ok(()) };
        let due = slots.get(&new.place.job);
        require(due.is_none_or(|due| *due == point.slot), || format!("point {point} is not of the slot that is due"))
    }

    fn own_place(&self, place: &PointPlace, job: &JobName) -> Result<(), String> {
        let own = place.plan == self.plan && place.job == *job && place.host == self.host;
        require(own, || format!("point {} is of another plan, job or host", place.point))
    }

    fn own_leftover(&self, leftover: &Leftover, job: &JobName) -> Result<(), String> {
        let key = leftover.key();
        match PointPlace::parse(key) {
            Some((place, _)) => self.own_place(&place, job),
            None => Err(format!("{key} is no part of a recovery point")),
        }
    }

    fn recovery(&self, step: &ForecastStep, recovery: &Recovery) -> Result<(), String> {
        let Recovery { into, staging: made_at, .. } = recovery;
        require(is_absolute(into), || format!("{into} is no absolute path"))?;
        let own = staging(into, &self.run);
        require(*made_at == own, || format!("it is made at {made_at}, and not at {own}"))?;
        recovery.leftovers.iter().try_for_each(|leftover| self.own_staging(into, leftover))?;
        match (&recovery.store, &recovery.manifest) {
            (None, None) => {
                require(step.foreseen.is_some(), || "it has no recovery point, and does not say why".into())
            }
            (Some(store), Some(manifest)) => {
                self.store(store)?;
                let known = manifest.format_version == MANIFEST_FORMAT_VERSION;
                require(known, || format!("its manifest is of version {}", manifest.format_version))?;
                let place = manifest.place();
                let own = place.plan == self.plan && place.host == recovery.host && place.job.target == recovery.target;
                require(own, || format!("point {} is of another plan, target or host", place.point))
            }
            _ => Err("it has a store and no recovery point, or a recovery point and no store".into()),
        }
    }
}

impl ForecastStep {
    /// Whether it yields that, perhaps beside something else.
    fn offers(&self, kind: OutputKind) -> bool {
        let also = match &self.action {
            Action::Database(action) => action.yields(),
            Action::Launch(_) => LAUNCHED,
            _ => &[],
        };
        self.yields == Some(kind) || also.contains(&kind)
    }
}

impl Action {
    /// What it takes in of earlier steps.
    pub fn inputs(&self) -> Vec<Output> {
        match self {
            Self::Pack { source, .. } => vec![*source],
            Self::ReadBack { packed, .. } => vec![*packed],
            Self::Commit { packed, read_back, .. } => vec![*packed, *read_back],
            Self::Delete { given, .. } => vec![*given],
            Self::Database(action) => action.input().into_iter().collect(),
            Self::Command { argv, on, .. } => argv.iter().chain(on).filter_map(Argument::input).collect(),
            Self::Probe { how, .. } => how.words().iter().filter_map(Argument::input).collect(),
            _ => vec![],
        }
    }

    fn yields(&self) -> Option<OutputKind> {
        match self {
            Self::Look { .. } => Some(OutputKind::Source),
            Self::Pack { .. } => Some(OutputKind::Packed),
            Self::ReadBack { .. } => Some(OutputKind::ReadBack),
            Self::Commit { .. } => Some(OutputKind::Committed),
            Self::Recover(_) | Self::Deploy(_) => Some(OutputKind::Path),
            Self::Launch(_) => LAUNCHED.first().copied(),
            Self::Database(action) => action.yields().first().copied(),
            _ => None,
        }
    }

    fn effect(&self) -> Effect {
        match self {
            Self::Look { .. } | Self::ReadBack { .. } | Self::Approve { .. } => Effect::Read,
            Self::Pack { .. } | Self::Commit { .. } | Self::Recover(_) | Self::Launch(_) => Effect::Add,
            Self::Delete { .. } => Effect::Delete,
            Self::Probe { how, .. } => how.effect(),
            Self::Command { .. } => Effect::Execute,
            Self::Deploy(deployment) if deployment.link.is_none() => Effect::Add,
            Self::Database(action) => action.effect(),
            Self::Link { .. } | Self::Switch { .. } | Self::Deploy(_) => Effect::Replace,
        }
    }
}

fn require(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

/// Absolute, and written as `PathBytes::absolute` writes it.
fn is_absolute(path: &PathBytes) -> bool {
    path.as_bytes().starts_with(b"/") && path.absolute(&PathBytes::new(*b"/")) == *path
}

fn roots(roots: &[PathBytes]) -> Result<(), String> {
    require(!roots.is_empty(), || "it has no folder".into())?;
    roots.iter().try_for_each(|root| require(is_absolute(root), || format!("{root} is no absolute path")))
}

/// A period counts as the plan language has it: beyond that, calendar arithmetic is not promised.
fn periods(rules: &Rules) -> Result<(), String> {
    let sound = rules.within.is_none_or(|period| (1..=9999).contains(&period.count));
    require(sound, || "a period of its rules is out of range".into())
}
