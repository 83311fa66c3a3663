//! Snapshots: which is made, which are copied, and which retention lets go.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::calendar;
use crate::catalog::SnapshotPoint;
use crate::forecast::{Circumstances, DeletionGuard, Suspension, backup};
use crate::graph::Output;
use crate::observe::Observed;
use crate::plan::{Guard, Plan, Retention};
use crate::ports::{Cause, DatabaseName, DatabaseSnapshot, Fault, SnapshotName};
use crate::primitives::{JobName, Name, PointId, RunId};
use crate::retention::{self, Candidate, Rules, Verdict};

/// Which recovery point a snapshot is, and what it is marked with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SnapshotOf {
    /// Of which job.
    pub job: JobName,
    /// Which point.
    pub point: PointId,
    /// What it is called.
    pub name: SnapshotName,
    /// The tags that it gets.
    pub tags: BTreeMap<String, String>,
}

/// A snapshot that is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct NewSnapshot {
    /// Which.
    #[serde(flatten)]
    pub of: SnapshotOf,
    /// Of which database.
    pub database: DatabaseName,
    /// The storage that is allocated to it, in GiB; none where that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allocated_gib: Option<u32>,
}

/// A copy that is made of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SnapshotCopy {
    /// Which.
    #[serde(flatten)]
    pub of: SnapshotOf,
    /// Of which snapshot.
    pub from: SnapshotName,
    /// The key of AWS KMS that it is encrypted with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kms_key: Option<String>,
    /// The snapshot exists.
    pub given: Output,
}

/// Snapshots that are deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SnapshotPrune {
    /// Of which job.
    pub job: JobName,
    /// Of which database, and in which region.
    pub database: DatabaseName,
    /// The rules, asked again before anything is deleted.
    pub rules: Option<Rules>,
    /// The zone of the rules' calendar.
    pub timezone: String,
    /// What retention lets go once the new one exists.
    pub snapshots: Vec<SnapshotDeletion>,
    /// Of this job, what never became a snapshot.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<SnapshotName>,
    /// How much may go at once.
    pub guard: DeletionGuard,
    /// Why none of these is deleted now, where that is plain to see already.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Suspension>,
    /// Why it is not known what there is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unseen: Option<Fault>,
    /// The new one exists.
    pub given: Output,
}

/// A snapshot that is deleted, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SnapshotDeletion {
    /// Which point.
    pub point: PointId,
    /// What it is called.
    pub name: SnapshotName,
    /// When its data is from.
    pub taken: Timestamp,
    /// Why retention lets it go.
    pub reason: String,
}

fn point(plan: &Plan, job: &JobName, who: &Circumstances, run: &RunId) -> SnapshotPoint {
    let slot = who.slots.get(job).copied().unwrap_or_else(|| backup::by_hand(plan, job, run.began()));
    SnapshotPoint::new(&plan.name.value, job, slot)
}

fn of(point: SnapshotPoint, database: &DatabaseName, run: &RunId) -> SnapshotOf {
    let (name, tags) = (point.name(database), point.tags(run));
    SnapshotOf { job: point.job, point: point.point, name, tags }
}

pub(super) fn new(
    plan: &Plan,
    (job, database): (&JobName, &DatabaseName),
    observed: &Observed,
    who: &Circumstances,
    run: &RunId,
) -> (NewSnapshot, Option<Fault>) {
    let foreseen = match observed.databases.databases.get(database) {
        Some(Err(fault)) => Some(fault.clone()),
        Some(Ok(None)) => {
            let (action, answer) = (format!("make a snapshot of {database}"), "there is no such database");
            Some(Fault::permanent(Cause::NotFound, action, answer))
        }
        Some(Ok(Some(_))) | None => None,
    };
    let allocated_gib = observed.databases.database(database).map(|seen| seen.allocated_gib).filter(|gib| *gib > 0);
    let of = of(point(plan, job, who, run), database, run);
    (NewSnapshot { of, database: database.clone(), allocated_gib }, foreseen)
}

pub(super) fn copy(
    plan: &Plan,
    (job, database): (&JobName, &DatabaseName),
    (region, kms_key): (&str, Option<&str>),
    given: Output,
    observed: &Observed,
    who: &Circumstances,
    run: &RunId,
) -> (SnapshotCopy, Option<Fault>) {
    let there = DatabaseName { region: Some(region.to_owned()), ..database.clone() };
    let point = point(plan, job, who, run);
    let from = point.name(database);
    let is_encrypted = observed.databases.database(database).is_some_and(|seen| seen.encrypted);
    let foreseen = (is_encrypted && kms_key.is_none()).then(|| {
        let answer =
            format!("{database} is encrypted, and a key is of one region: name one of {region} with `kms-key=`");
        Fault::permanent(Cause::Invalid, format!("copy {from} into {region}"), answer)
    });
    let kms_key = kms_key.map(str::to_owned);
    (SnapshotCopy { of: of(point, &there, run), from, kms_key, given }, foreseen)
}

pub(super) fn prune(
    plan: &Plan,
    (job, database): (&JobName, &DatabaseName),
    (retention, guard): (Option<&Retention>, Guard),
    given: Output,
    observed: &Observed,
    who: &Circumstances,
    run: &RunId,
) -> SnapshotPrune {
    let (name, timezone) = (&plan.name.value, &plan.timezone.value);
    let (unseen, seen) = match observed.databases.snapshots.get(database) {
        Some(Ok(seen)) => (None, seen.as_slice()),
        Some(Err(fault)) => (Some(fault.clone()), [].as_slice()),
        None => (None, [].as_slice()),
    };
    let new = point(plan, job, who, run);
    let rules = retention.map(Rules::of);
    let zone = calendar::zone(timezone).unwrap_or(TimeZone::UTC);
    let verdicts = match &rules {
        Some(rules) => {
            let new = Some((new.point.clone(), observed.at));
            snapshot_verdicts(seen, (name, job), rules, new, observed.at, &zone)
        }
        None => BTreeMap::new(),
    };
    let own: Vec<(SnapshotPoint, &DatabaseSnapshot)> = own(seen, (name, job)).collect();
    // It is all that says that its time was done.
    let evidence =
        backup::newest_of_schedule(plan, job, own.iter().map(|(of, _)| of.point.slot).chain([new.point.slot]));
    let goes = |(of, snapshot): &(SnapshotPoint, &DatabaseSnapshot)| match verdicts.get(&of.point)? {
        Verdict::LetGo(reason) if Some(of.point.slot) != evidence => Some(SnapshotDeletion {
            point: of.point.clone(),
            name: snapshot.name.clone(),
            taken: snapshot.taken?,
            reason: reason.to_string(),
        }),
        _ => None,
    };
    let snapshots: Vec<SnapshotDeletion> = own.iter().filter_map(goes).collect();
    let failed = own.iter().filter(|(of, snapshot)| snapshot.status == "failed" && of.point != new.point);
    let failed = failed.map(|(_, snapshot)| snapshot.name.clone()).collect();
    let guard = DeletionGuard { delete: guard.delete, accepted: who.accept_deletions };
    let there = verdicts.len() as u64;
    let suspended = guard.judge(snapshots.len() as u64, there).map(Suspension::TooMany);
    SnapshotPrune {
        job: job.clone(),
        database: database.clone(),
        rules,
        timezone: timezone.clone(),
        snapshots,
        failed,
        guard,
        suspended,
        unseen,
        given,
    }
}

/// The snapshots of a job, whatever their state.
fn own<'a>(
    seen: &'a [DatabaseSnapshot],
    (plan, job): (&'a Name, &'a JobName),
) -> impl Iterator<Item = (SnapshotPoint, &'a DatabaseSnapshot)> {
    let point = |snapshot| SnapshotPoint::of(snapshot).map(|of| (of, snapshot));
    seen.iter().filter_map(point).filter(move |(of, _)| of.plan == *plan && of.job == *job)
}

/// What retention says of each snapshot of a job that can be used. `new` is the one that will be, if it is not there yet.
pub fn snapshot_verdicts(
    seen: &[DatabaseSnapshot],
    of: (&Name, &JobName),
    rules: &Rules,
    new: Option<(PointId, Timestamp)>,
    now: Timestamp,
    zone: &TimeZone,
) -> BTreeMap<PointId, Verdict> {
    let good = own(seen, of).filter(|(_, snapshot)| snapshot.is_available());
    let mut moments: BTreeMap<PointId, Timestamp> =
        good.filter_map(|(of, snapshot)| Some((of.point, snapshot.taken?))).collect();
    if let Some((point, moment)) = new {
        moments.entry(point).or_insert(moment);
    }
    let candidates: Vec<Candidate<PointId>> =
        moments.into_iter().map(|(id, moment)| Candidate { id, moment, good: true }).collect();
    let verdicts = retention::decide(&candidates, rules, now, zone);
    candidates.into_iter().map(|candidate| candidate.id).zip(verdicts).collect()
}
