//! Which moment of a database is brought back, from what, and how the new one is set.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalog::{SnapshotPoint, TAG_PLAN, TAG_RUN};
use crate::forecast::{PointChoice, RestoreWish};
use crate::graph::{DatabaseKept, DatabaseStep};
use crate::observe::{DatabasesSeen, Observed};
use crate::plan::Plan;
use crate::ports::{
    Cause, Database, DatabaseKind, DatabaseName, DatabaseSettings, DatabaseSnapshot, Fault, NewDatabase, RestoreFrom,
};
use crate::primitives::{JobName, Name, PointId, RunId};

/// A database that is made from what is kept of another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DatabaseRecovery {
    /// Of which target.
    pub target: Name,
    /// Of which database.
    pub database: DatabaseName,
    /// What it is called.
    pub into: DatabaseName,
    /// When its data is from; none where nothing was found (then `foreseen` says why).
    pub moment: Option<Timestamp>,
    /// What it is made from.
    pub from: Option<KeptAs>,
    /// What is asked of the provider.
    pub new: Option<NewDatabase>,
    /// Of a cluster, the instances that it gets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
    /// Whether the database that it is of is gone, so that nobody can say how it was set.
    #[serde(default)]
    pub source_gone: bool,
    /// The storage that it takes, in GiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocated_gib: Option<u32>,
}

/// What a database is made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum KeptAs {
    /// Its automated backups.
    AutomatedBackups,
    /// A snapshot.
    Snapshot(PointId),
}

/// Something that will do.
struct Found {
    moment: Timestamp,
    kept: KeptAs,
    from: RestoreFrom,
    allocated_gib: u32,
}

pub(super) fn recover(
    plan: &Plan,
    step: &DatabaseStep,
    observed: &Observed,
    wish: &RestoreWish,
    run: &RunId,
) -> (DatabaseRecovery, Option<Fault>) {
    let DatabaseStep::Recover { restore: _, target, database, jobs, into, settings } = step else {
        unreachable!("only what is recovered is handed in")
    };
    let seen = &observed.databases;
    let source = seen.database(database);
    let look = Look { plan: &plan.name.value, database, seen, choice: &wish.choice };
    let found = jobs.iter().filter_map(|(job, kept)| look.best(job, kept)).max_by_key(|found| found.moment);
    let foreseen = in_the_way(seen, into).or_else(|| found.is_none().then(|| look.nothing(target, jobs)));
    let mut recovery = DatabaseRecovery {
        target: target.clone(),
        database: database.clone(),
        into: into.clone(),
        moment: None,
        from: None,
        new: None,
        members: members(source, into),
        source_gone: matches!(seen.databases.get(database), Some(Ok(None))),
        allocated_gib: None,
    };
    if let Some(found) = found {
        let tags = [(TAG_PLAN, plan.name.value.to_string()), (TAG_RUN, run.to_string())];
        recovery.moment = Some(found.moment);
        recovery.from = Some(found.kept);
        recovery.allocated_gib = Some(found.allocated_gib).filter(|gib| *gib > 0);
        recovery.new = Some(NewDatabase {
            name: into.clone(),
            from: found.from,
            engine: source.map(|source| source.engine.clone()).unwrap_or_default(),
            settings: settings_of(source, settings),
            tags: tags.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<BTreeMap<_, _>>(),
        });
    }
    (recovery, foreseen)
}

/// What will do, of what was seen.
struct Look<'a> {
    plan: &'a Name,
    database: &'a DatabaseName,
    seen: &'a DatabasesSeen,
    choice: &'a PointChoice,
}

impl Look<'_> {
    /// The newest of what a job keeps.
    fn best(&self, job: &JobName, kept: &DatabaseKept) -> Option<Found> {
        match kept {
            DatabaseKept::AnyMoment => {
                self.windows().filter_map(|window| self.within(&window)).max_by_key(|found| found.moment)
            }
            DatabaseKept::Snapshots(_) => {
                let mut good: Vec<_> = self.snapshots(job).filter_map(|found| self.snapshot(found)).collect();
                good.sort_by_key(|found| found.moment);
                good.pop()
            }
        }
    }

    /// The stretches of time that are kept whole: of the living database first, then of those that were called so.
    fn windows(&self) -> impl Iterator<Item = Kept> + '_ {
        let living = self.seen.database(self.database);
        let automated = self.seen.automated.get(self.database).and_then(|seen| seen.as_ref().ok());
        let automated = || automated.into_iter().flatten();
        let of_living = living.filter(|living| living.backup_days > 0).and_then(|living| {
            let backups = automated().find(|backups| backups.resource == living.resource);
            Some(Kept {
                resource: living.resource.clone(),
                earliest: backups.and_then(|backups| backups.earliest),
                latest: living.latest.or_else(|| backups?.latest)?,
                allocated_gib: living.allocated_gib,
            })
        });
        let others = automated().filter(move |backups| living.is_none_or(|living| living.resource != backups.resource));
        let others = others.filter_map(|backups| {
            Some(Kept {
                resource: backups.resource.clone(),
                earliest: backups.earliest,
                latest: backups.latest?,
                allocated_gib: backups.allocated_gib,
            })
        });
        of_living.into_iter().chain(others)
    }

    /// The moment of a stretch that was asked for.
    fn within(&self, kept: &Kept) -> Option<Found> {
        let moment = match self.choice {
            PointChoice::Latest => kept.latest,
            PointChoice::At(at) => kept.latest.min(*at),
            PointChoice::Point(_) => return None,
        };
        // RDS takes whole seconds.
        let moment = Timestamp::from_second(moment.as_second()).unwrap_or(moment);
        if kept.earliest.is_some_and(|earliest| moment < earliest) {
            return None;
        }
        let (resource, database) = (kept.resource.clone(), self.database.identifier.clone());
        let from = RestoreFrom::Moment { resource, database, at: Some(moment) };
        Some(Found { moment, kept: KeptAs::AutomatedBackups, from, allocated_gib: kept.allocated_gib })
    }

    /// The snapshots of a job that can be used.
    fn snapshots<'s>(&'s self, job: &'s JobName) -> impl Iterator<Item = (PointId, Timestamp, &'s DatabaseSnapshot)> {
        let all = self.seen.snapshots.get(self.database).and_then(|seen| seen.as_ref().ok());
        all.into_iter().flatten().filter(|snapshot| snapshot.is_available()).filter_map(move |snapshot| {
            let of = SnapshotPoint::of(snapshot)?;
            (of.plan == *self.plan && of.job == *job).then_some((of.point, snapshot.taken?, snapshot))
        })
    }

    fn snapshot(&self, (point, taken, snapshot): (PointId, Timestamp, &DatabaseSnapshot)) -> Option<Found> {
        let will_do = match self.choice {
            PointChoice::Latest => true,
            PointChoice::At(at) => taken <= *at,
            PointChoice::Point(wanted) => point == *wanted,
        };
        let from = RestoreFrom::Snapshot(snapshot.name.clone());
        let allocated_gib = snapshot.allocated_gib;
        will_do.then_some(Found { moment: taken, kept: KeptAs::Snapshot(point), from, allocated_gib })
    }

    /// Why nothing will do, and what there is instead.
    fn nothing(&self, target: &Name, jobs: &[(JobName, DatabaseKept)]) -> Fault {
        let faults = [
            self.seen.databases.get(self.database).and_then(|seen| seen.as_ref().err()),
            self.seen.automated.get(self.database).and_then(|seen| seen.as_ref().err()),
            self.seen.snapshots.get(self.database).and_then(|seen| seen.as_ref().err()),
        ];
        if let Some(fault) = faults.into_iter().flatten().next() {
            return fault.clone();
        }
        let snapshots = jobs.iter().flat_map(|(job, _)| self.snapshots(job).map(|(_, taken, _)| taken));
        let oldest = self.windows().map(|kept| kept.earliest.unwrap_or(kept.latest)).chain(snapshots).min();
        let answer = match (self.choice, oldest) {
            (_, None) => format!("RDS keeps nothing of {} by which it can be brought back", self.database),
            (PointChoice::At(at), Some(oldest)) => {
                format!("the oldest is of {oldest}, and you asked for {at} or before")
            }
            (PointChoice::Point(point), Some(_)) => {
                format!("none of its snapshots is {point}; `sonae points` lists all; a moment is asked for with --at")
            }
            (PointChoice::Latest, Some(_)) => "none of what is kept of it can be used".into(),
        };
        Fault::permanent(Cause::NotFound, format!("choose a recovery point of {target}"), answer)
    }
}

/// A stretch of time to any moment of which a database can be brought back.
struct Kept {
    resource: String,
    earliest: Option<Timestamp>,
    latest: Timestamp,
    allocated_gib: u32,
}

/// Why the new one cannot be called so.
fn in_the_way(seen: &DatabasesSeen, into: &DatabaseName) -> Option<Fault> {
    match seen.databases.get(into)? {
        Err(fault) => Some(fault.clone()),
        Ok(Some(_)) => {
            let answer = "there is one of that name, and a restore goes beside, never over: have the plan name another, or rename it";
            Some(Fault::permanent(Cause::Exists, format!("restore into {into}"), answer))
        }
        Ok(None) => None,
    }
}

/// As many instances as the cluster has, and one at least.
fn members(source: Option<&Database>, into: &DatabaseName) -> Vec<String> {
    if into.kind == DatabaseKind::Instance {
        return vec![];
    }
    let count = source.map_or(1, |source| source.members.len().max(1));
    (1..=count).map(|number| format!("{}-{number}", into.identifier)).collect()
}

/// As the source is set, but for what the plan says.
fn settings_of(source: Option<&Database>, planned: &DatabaseSettings) -> DatabaseSettings {
    let mut settings = source.map(|source| source.settings.clone()).unwrap_or_default();
    let DatabaseSettings { class, subnet_group, security_groups, parameter_group, option_group, .. } = planned.clone();
    settings.class = class.or(settings.class);
    settings.subnet_group = subnet_group.or(settings.subnet_group);
    settings.parameter_group = parameter_group.or(settings.parameter_group);
    settings.option_group = option_group.or(settings.option_group);
    if !security_groups.is_empty() {
        settings.security_groups = security_groups;
    }
    // The defaults of its engine it gets by itself, and they need no name.
    settings.parameter_group = settings.parameter_group.filter(|group| !group.starts_with("default."));
    settings.option_group = settings.option_group.filter(|group| !group.starts_with("default:"));
    settings
}
