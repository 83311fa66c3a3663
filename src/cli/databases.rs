//! Jobs whose recovery points a provider of databases keeps: what it says of them, for whoever asks.
//!
//! Unaware of what is done about it.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};

use crate::calendar::Occurrences;
use crate::catalog::{FirstSeen, SnapshotPoint};
use crate::due::{self, JobHistory};
use crate::ledger::Known;
use crate::plan::{Backup, Plan, Schedule, Source, Way};
use crate::ports::{
    DatabaseName, DatabaseSnapshot, DatabasesRead, Fault, LedgerRead, PointMade, PointRow, RunEnd, Series,
};
use crate::primitives::{JobName, Name, PointId, RunId, Slot};
use crate::report::points::DatabasePoints;

/// A job of a database that a provider runs.
pub(super) struct DatabaseJob<'p> {
    pub(super) job: JobName,
    pub(super) backup: &'p Backup,
    pub(super) database: DatabaseName,
}

/// All of a plan, in source order.
pub(super) fn jobs(plan: &Plan) -> impl Iterator<Item = DatabaseJob<'_>> {
    plan.backups().filter(|(_, backup)| backup.stored().is_none()).filter_map(|(target, backup)| {
        let Some(Source::Rds(rds)) = &target.source else { return None };
        Some(DatabaseJob { job: target.job(backup), backup, database: rds.name() })
    })
}

/// What is remembered of a job is remembered under its database, as there is no store.
pub(super) fn series(plan: &Name, host: &Name, of: &DatabaseJob<'_>) -> Series {
    Series { plan: plan.clone(), job: of.job.clone(), host: host.clone(), place: of.database.to_string() }
}

impl DatabaseJob<'_> {
    /// What the provider keeps of it.
    pub(super) async fn points(&self, provider: &dyn DatabasesRead, plan: &Name) -> Result<DatabasePoints, Fault> {
        let mut points = DatabasePoints::new(self.job.clone(), self.database.clone());
        match &self.backup.way {
            Way::PointInTime(_) => {
                let living = provider.database(&self.database).await?;
                points.days = living.as_ref().map(|living| living.backup_days);
                points.windows = provider.automated_backups(&self.database).await?;
                // The database itself knows its newest moment to the second.
                if let (Some(living), Some(of_living)) =
                    (&living, points.windows.iter_mut().find(|window| !window.retained))
                {
                    of_living.latest = living.latest.or(of_living.latest);
                }
            }
            Way::Snapshot(kept) => {
                points.snapshots = self.snapshots(provider, plan, &self.database).await?;
                if let Some(region) = &kept.copy_to {
                    let there = DatabaseName { region: Some(region.value.clone()), ..self.database.clone() };
                    points.copies = self.snapshots(provider, plan, &there).await?;
                }
            }
            Way::Stored(_) => {}
        }
        Ok(points)
    }

    async fn snapshots(
        &self,
        provider: &dyn DatabasesRead,
        plan: &Name,
        of: &DatabaseName,
    ) -> Result<Vec<(PointId, DatabaseSnapshot)>, Fault> {
        let all = provider.snapshots(of).await?;
        let own = all.into_iter().filter_map(|snapshot| {
            let of = SnapshotPoint::of(&snapshot)?;
            (of.plan == *plan && of.job == self.job).then_some((of.point, snapshot))
        });
        Ok(own.collect())
    }

    /// Which of its times were done: of snapshots, as they themselves say it; of looks, as this host remembers. The newest time of a job that was
    /// never done is due: one more snapshot, or look, does no harm, and there is no store to take note that it is new.
    pub(super) async fn history(
        &self,
        (provider, ledger): (&dyn DatabasesRead, &dyn LedgerRead),
        (plan, host): (&Name, &Name),
        schedule: &Schedule,
        now: Timestamp,
    ) -> Result<JobHistory, Fault> {
        let newest = Occurrences::of(schedule).ok().and_then(|times| times.last_at_or_before(now));
        let done: BTreeSet<Slot> = match &self.backup.way {
            Way::Snapshot(_) => {
                let seen = self.snapshots(provider, plan, &self.database).await?;
                seen.into_iter().filter(|(_, seen)| seen.is_available()).map(|(point, _)| point.slot).collect()
            }
            _ => {
                // That nothing is remembered is no trouble: then it is looked once more.
                let last = ledger.last_run(&series(plan, host, self)).await.ok().flatten();
                let looked = last.filter(|(_, end)| *end == RunEnd::Complete).map(|(run, _)| run.began);
                newest
                    .filter(|newest| looked.is_some_and(|looked| looked >= *newest))
                    .map(Slot::new)
                    .into_iter()
                    .collect()
            }
        };
        let since = done.first().map_or(newest, |first| Some(first.time())).unwrap_or(now);
        let since = since.checked_sub(SignedDuration::from_secs(1)).unwrap_or(since);
        let first_seen = vec![FirstSeen { at: Slot::new(since), schedule: due::mark(schedule) }];
        Ok(JobHistory { done, first_seen, failed: vec![], running: false })
    }

    /// How it stands: a moment to which it can be brought back is a recovery point.
    pub(super) async fn known(
        &self,
        provider: Option<&dyn DatabasesRead>,
        ledger: &dyn LedgerRead,
        series: &Series,
    ) -> Result<Known, Fault> {
        let last_run = ledger.last_run(series).await?;
        let Some(provider) = provider else {
            let points = ledger.points(series).await?;
            return Ok(Known { points, from: crate::ledger::Source::Ledger, last_run, ..Known::default() });
        };
        match self.points(provider, &series.plan).await {
            Err(fault) => {
                let (points, from) =
                    (ledger.points(series).await?, crate::ledger::Source::Unanswered(fault.to_string()));
                Ok(Known { points, from, last_run, ..Known::default() })
            }
            Ok(seen) => {
                let unusable = seen.snapshots.iter().filter(|(_, snapshot)| snapshot.is_broken()).count() as u64;
                Ok(Known { points: rows(series, &seen), last_run, unusable, ..Known::default() })
            }
        }
    }
}

fn rows(series: &Series, seen: &DatabasePoints) -> Vec<PointRow> {
    const GIB: u64 = 1 << 30;
    let row = |point: PointId, moment: Timestamp, gib: u32| PointRow {
        series: series.clone(),
        made: Some(PointMade {
            run: RunId::new(point.slot.time(), 0),
            moment,
            clean: true,
            files: 0,
            bytes: u64::from(gib) * GIB,
            stored: 0,
        }),
        point,
        gone: None,
    };
    let good = seen.snapshots.iter().filter(|(_, snapshot)| snapshot.is_available());
    let snapshots =
        good.filter_map(|(point, snapshot)| Some(row(point.clone(), snapshot.taken?, snapshot.allocated_gib)));
    let moments = seen.windows.iter().filter(|window| !window.retained).filter_map(|window| {
        let latest = window.latest?;
        let point = SnapshotPoint::new(&series.plan, &series.job, Slot::new(latest)).point;
        Some(row(point, latest, window.allocated_gib))
    });
    snapshots.chain(moments).collect()
}
