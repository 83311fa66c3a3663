//! A simulated ledger.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;

use super::world::Shared;
use crate::ports::{
    Cause, Fault, JobRow, LedgerRead, LedgerWrite, PastRestore, PointGone, PointRow, RunDetail, RunEnd, RunRow,
    RunSummary, RunUpdate, RunsWanted, Series, StepRow,
};
use crate::primitives::{Name, PointId, RunId};

/// Rows in memory, which a death does not end.
#[derive(Debug)]
pub struct FakeLedger {
    world: Arc<Shared>,
    rows: Mutex<Rows>,
}

#[derive(Debug, Default)]
struct Rows {
    runs: BTreeMap<RunId, RunRow>,
    jobs: BTreeMap<(RunId, Series), RunEnd>,
    steps: BTreeMap<(RunId, u32), StepRow>,
    points: BTreeMap<(Series, PointId), PointRow>,
}

impl FakeLedger {
    pub(super) fn new(world: Arc<Shared>) -> Self {
        Self { world, rows: Mutex::default() }
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn call<T>(
        &self,
        op: &'static str,
        key: impl ToString,
        effect: impl FnOnce(&mut Rows) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.world.call(None, op, key, || effect(&mut self.rows())).await
    }
}

impl Rows {
    fn summary(&self, run: &RunRow) -> RunSummary {
        let own = self.jobs.iter().filter(|((of, _), _)| *of == run.run);
        let mut jobs: Vec<JobRow> =
            own.map(|((_, series), end)| JobRow { series: series.clone(), end: *end }).collect();
        jobs.sort_by_key(|row| (row.series.job.to_string(), row.series.place.clone()));
        RunSummary { run: run.clone(), jobs }
    }

    fn steps_of(&self, run: &RunId) -> Vec<StepRow> {
        self.steps.iter().filter(|((of, _), _)| of == run).map(|(_, row)| row.clone()).collect()
    }

    fn points_where(&self, is: impl Fn(&PointRow) -> bool) -> Vec<PointRow> {
        let mut found: Vec<PointRow> = self.points.values().filter(|row| is(row)).cloned().collect();
        found.sort_by_key(|row| (row.series.job.to_string(), row.point.to_string()));
        found
    }

    fn point(&mut self, row: &PointRow) {
        let known = self.points.entry((row.series.clone(), row.point.clone())).or_insert_with(|| row.clone());
        known.made = row.made.clone().or(known.made.take());
        known.gone = row.gone.clone().or(known.gone.take());
    }

    fn put(&mut self, update: &RunUpdate) -> Result<(), Fault> {
        let run = &update.run.run;
        let known = self.runs.get(run).map_or(0, |row| row.entries);
        if known >= update.run.entries {
            return Ok(());
        }
        if known < update.since {
            return Err(Fault::permanent(Cause::NotFound, "write the ledger", "it does not know what came before"));
        }
        self.runs.insert(run.clone(), update.run.clone());
        self.jobs.extend(update.jobs.iter().map(|row| ((run.clone(), row.series.clone()), row.end)));
        self.steps.extend(update.steps.iter().map(|row| ((run.clone(), row.step), row.clone())));
        update.points.iter().for_each(|row| self.point(row));
        Ok(())
    }

    fn see(&mut self, of: &Series, shown: &[PointRow], at: Timestamp) {
        for row in shown {
            self.point(row);
            if let Some(known) = self.points.get_mut(&(row.series.clone(), row.point.clone())) {
                known.gone = None;
            }
        }
        let is_shown = |known: &PointRow| shown.iter().any(|row| row.point == known.point);
        let of_it = self.points.values_mut().filter(|known| known.series == *of && known.gone.is_none());
        for known in of_it.filter(|known| !is_shown(known)) {
            known.gone = Some(PointGone { at, run: None, why: "the store does not show it any more".into() });
        }
    }
}

#[async_trait::async_trait]
impl LedgerRead for FakeLedger {
    async fn runs(&self, wanted: &RunsWanted) -> Result<Vec<RunSummary>, Fault> {
        let call = self.call("ledger.runs", "", |rows| {
            let since = wanted.since.map_or(i64::MIN, Timestamp::as_second);
            let young = rows.runs.values().filter(|run| run.run.began().as_second() >= since);
            let mut young: Vec<&RunRow> = young.collect();
            young.sort_by_key(|run| std::cmp::Reverse((run.began, &run.run)));
            let of_job = |found: &RunSummary| {
                wanted.job.as_ref().is_none_or(|job| found.jobs.iter().any(|row| row.series.job == *job))
            };
            Ok(young.into_iter().map(|run| rows.summary(run)).filter(of_job).take(wanted.limit).collect())
        });
        call.await
    }

    async fn run(&self, run: &RunId) -> Result<Option<RunDetail>, Fault> {
        let call = self.call("ledger.run", run, |rows| {
            let detail = |row: &RunRow| RunDetail {
                run: rows.summary(row),
                steps: rows.steps_of(run),
                made: rows.points_where(|row| row.made.as_ref().is_some_and(|made| made.run == *run)),
                deleted: rows.points_where(|row| row.gone.as_ref().is_some_and(|gone| gone.run.as_ref() == Some(run))),
            };
            Ok(rows.runs.get(run).map(detail))
        });
        call.await
    }

    async fn ended_from(&self, from: &RunId) -> Result<BTreeSet<RunId>, Fault> {
        let call = self.call("ledger.ended-from", from, |rows| {
            let ended =
                rows.runs.range(from..).filter(|(_, row)| !matches!(row.end, RunEnd::Open | RunEnd::Interrupted));
            Ok(ended.map(|(run, _)| run.clone()).collect())
        });
        call.await
    }

    async fn last_run(&self, of: &Series) -> Result<Option<(RunRow, RunEnd)>, Fault> {
        let call = self.call("ledger.last-run", &of.job, |rows| {
            let of_it = rows.jobs.iter().filter(|((_, series), _)| series == of);
            let runs = of_it.filter_map(|((run, _), end)| rows.runs.get(run).map(|row| (row.clone(), *end)));
            Ok(runs.max_by_key(|(row, _)| (row.began, row.run.clone())))
        });
        call.await
    }

    async fn restores(&self, plan: &Name, restore: &Name, limit: usize) -> Result<Vec<PastRestore>, Fault> {
        let call = self.call("ledger.restores", restore, |rows| {
            let of_it = |run: &&RunRow| run.plan == *plan && run.restore.as_ref() == Some(restore) && !run.part;
            let newest = rows.runs.values().rev().filter(of_it).take(limit);
            Ok(newest.map(|run| PastRestore { run: run.clone(), steps: rows.steps_of(&run.run) }).collect())
        });
        call.await
    }

    async fn points(&self, of: &Series) -> Result<Vec<PointRow>, Fault> {
        let call = self.call("ledger.points", &of.job, |rows| {
            Ok(rows.points_where(|row| row.series == *of && row.gone.is_none()))
        });
        call.await
    }
}

#[async_trait::async_trait]
impl LedgerWrite for FakeLedger {
    async fn put(&self, update: &RunUpdate) -> Result<(), Fault> {
        self.call("ledger.put", &update.run.run, |rows| rows.put(update)).await
    }

    async fn see(&self, of: &Series, points: &[PointRow], at: Timestamp) -> Result<(), Fault> {
        let call = self.call("ledger.see", &of.job, |rows| {
            rows.see(of, points, at);
            Ok(())
        });
        call.await
    }

    async fn forget(&self, details: Timestamp, runs: Timestamp) -> Result<(), Fault> {
        let call = self.call("ledger.forget", "", |rows| {
            let is_of = |run: &RunId, from: Timestamp| run.began().as_second() >= from.as_second();
            rows.steps.retain(|(run, _), _| is_of(run, details.max(runs)));
            rows.points.retain(|_, row| row.gone.as_ref().is_none_or(|gone| gone.at >= details));
            rows.jobs.retain(|(run, _), _| is_of(run, runs));
            rows.runs.retain(|run, _| is_of(run, runs));
            Ok(())
        });
        call.await
    }

    async fn set_aside(&self) -> Result<String, Fault> {
        let call = self.call("ledger.set-aside", "", |rows| {
            *rows = Rows::default();
            Ok("memory:damaged".to_owned())
        });
        call.await
    }
}
