//! From the entries of a run's journal to rows.
//!
//! Unaware of where rows go. Invariant: rows are a fold over the entries and nothing else, so that those written while a run goes on and
//! those made from its journal afterwards are the same.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::catalog::Manifest;
use crate::forecast::{Action, DatabaseAction, Forecast, StoreLocation, Subject};
use crate::ports::{JobRow, PointGone, PointMade, PointRow, RunEnd, RunRow, RunUpdate, Series, StepEnd, StepRow};
use crate::primitives::{JobName, Name, StepId, on_one_line};
use crate::run::{self, Entry, Record, State, StepState};
use crate::steps::{DatabaseOutput, StepOutput};

/// What is kept of a fault: a reader wants the reason, and the journal has all of it.
const FAULT_CHARS_MAX: usize = 1000;

/// The rows of one run, as far as its entries were taken in.
#[derive(Debug, Clone)]
pub struct Fold {
    state: State,
    run: RunRow,
    /// Whose each backup is.
    series: BTreeMap<JobName, Series>,
    jobs: Vec<JobRow>,
    steps: Vec<StepRow>,
    points: Vec<PointRow>,
}

impl Fold {
    /// The rows of a run of which the first entry alone is known: none where it is another entry.
    pub fn begin(entry: &Entry) -> Option<Self> {
        let Record::Forecast { forecast } = &entry.record else { return None };
        let forecast = Arc::new((**forecast).clone());
        let series = series_of_jobs(&forecast);
        let run = RunRow {
            run: forecast.run.clone(),
            plan: forecast.plan.clone(),
            host: forecast.host.clone(),
            restore: match &forecast.subject {
                Subject::Restore { restore, .. } => Some(restore.clone()),
                Subject::Backup { .. } | Subject::RollBack(_) | Subject::Slice(_) => None,
            },
            takes_back: match &forecast.subject {
                Subject::RollBack(back) => Some(back.of.clone()),
                Subject::Backup { .. } | Subject::Restore { .. } | Subject::Slice(_) => None,
            },
            allowed: match &forecast.subject {
                Subject::Restore { budget, .. } => *budget,
                Subject::Backup { .. } | Subject::RollBack(_) | Subject::Slice(_) => None,
            },
            part: forecast.steps.iter().any(|step| is_part(&step.action)),
            began: forecast.at,
            last: entry.at,
            end: RunEnd::Open,
            entries: 1,
            bytes: 0,
        };
        let step = |step: &crate::forecast::ForecastStep| StepRow {
            step: step.id.0,
            name: step.name.to_string(),
            end: StepEnd::Waiting,
            takes: step.takes,
            attempts: 0,
            began: None,
            ended: None,
            fault: None,
        };
        let jobs = series.values().map(|series| JobRow { series: series.clone(), end: RunEnd::Open }).collect();
        let steps = forecast.steps.iter().map(step).collect();
        Some(Self { state: State::new(forecast), run, series, jobs, steps, points: vec![] })
    }

    /// Which run.
    pub fn run(&self) -> &RunRow {
        &self.run
    }

    /// All rows.
    pub fn whole(&self) -> RunUpdate {
        RunUpdate {
            since: 0,
            run: self.run.clone(),
            jobs: self.jobs.clone(),
            steps: self.steps.clone(),
            points: self.points.clone(),
        }
    }

    /// Takes in the next entry, and answers the rows that differ.
    ///
    /// # Errors
    /// When it cannot have happened: then the journal is not one that can be believed.
    pub fn take(&mut self, entry: &Entry) -> Result<RunUpdate, String> {
        self.state.apply(&entry.record)?;
        let since = self.run.entries;
        self.run.last = entry.at;
        self.run.entries += 1;
        let points = self.point_rows(entry);
        let steps = self.step_rows(entry);
        let jobs = self.job_rows();
        self.run.end = run_end(&self.state);
        Ok(RunUpdate { since, run: self.run.clone(), jobs, steps, points })
    }

    fn step_rows(&mut self, entry: &Entry) -> Vec<StepRow> {
        let mut differ = vec![];
        for (row, state) in self.steps.iter_mut().zip(self.state.steps()) {
            let before = row.clone();
            row.end = step_end(state);
            let is_of_it = |step: &StepId| step.0 == row.step;
            match &entry.record {
                Record::Started { step, attempt } if is_of_it(step) => {
                    row.attempts = *attempt;
                    row.began = row.began.or(Some(entry.at));
                }
                Record::Finished { step, .. } if is_of_it(step) => {
                    row.ended = Some(entry.at);
                    row.fault = None;
                }
                Record::Failed { step, fault, .. } if is_of_it(step) => {
                    row.ended = Some(entry.at);
                    row.fault = Some(on_one_line(&fault.to_string()).chars().take(FAULT_CHARS_MAX).collect());
                }
                _ => {}
            }
            if *row != before {
                differ.push(row.clone());
            }
        }
        differ
    }

    fn job_rows(&mut self) -> Vec<JobRow> {
        let mut differ = vec![];
        for row in &mut self.jobs {
            let end = job_end(&self.state, &row.series.job);
            if row.end != end {
                row.end = end;
                differ.push(row.clone());
            }
        }
        differ
    }

    /// The points that an entry speaks of; and the bytes that it tells of are counted.
    fn point_rows(&mut self, entry: &Entry) -> Vec<PointRow> {
        let Record::Finished { step, output } = &entry.record else { return vec![] };
        let forecast = Arc::clone(self.state.forecast());
        let found = match (&**output, &forecast.step(*step).action) {
            (StepOutput::Committed(manifest), Action::Commit { new, .. }) => {
                self.run.bytes = self.run.bytes.saturating_add(manifest.stored_bytes());
                self.series.get(&new.place.job).map(|series| vec![made(series, manifest)]).unwrap_or_default()
            }
            (StepOutput::Deleted(deleted), Action::Delete { job, points, .. }) => {
                let Some(series) = self.series.get(job) else { return vec![] };
                let gone = points.iter().filter(|deletion| deleted.points.contains(&deletion.place.point));
                let row = |deletion: &crate::forecast::Deletion| PointRow {
                    series: series.clone(),
                    point: deletion.place.point.clone(),
                    made: None,
                    gone: Some(PointGone {
                        at: entry.at,
                        run: Some(self.run.run.clone()),
                        why: deletion.reason.clone(),
                    }),
                };
                gone.map(row).collect()
            }
            (StepOutput::Database(done), Action::Database(action)) => self.of_database(entry, done, action),
            (StepOutput::Recovered(recovered), _) => {
                self.run.bytes = self.run.bytes.saturating_add(recovered.totals.bytes);
                vec![]
            }
            _ => vec![],
        };
        self.points.extend(found.iter().cloned());
        found
    }
}

impl Fold {
    /// The snapshots that were made, and those that are gone; copies are no points of their own.
    fn of_database(&self, entry: &Entry, done: &DatabaseOutput, action: &DatabaseAction) -> Vec<PointRow> {
        const GIB: u64 = 1 << 30;
        let Some(series) = action.job().and_then(|job| self.series.get(job)) else { return vec![] };
        match (done, action) {
            (DatabaseOutput::Snapshot(made), DatabaseAction::Snapshot(of)) => {
                let made = PointMade {
                    run: self.run.run.clone(),
                    moment: Timestamp::from_microsecond(made.taken.as_microsecond()).unwrap_or(made.taken),
                    clean: true,
                    files: 0,
                    bytes: u64::from(made.allocated_gib) * GIB,
                    stored: 0,
                };
                let (series, point) = (series.clone(), of.of.point.clone());
                vec![PointRow { series, point, made: Some(made), gone: None }]
            }
            (DatabaseOutput::Pruned(deleted), DatabaseAction::Prune(of)) => {
                let gone = of.snapshots.iter().filter(|deletion| deleted.points.contains(&deletion.point));
                let is_copy = of.database.to_string() != series.place;
                let gone = gone.filter(|_| !is_copy).map(|deletion| PointRow {
                    series: series.clone(),
                    point: deletion.point.clone(),
                    made: None,
                    gone: Some(PointGone {
                        at: entry.at,
                        run: Some(self.run.run.clone()),
                        why: deletion.reason.clone(),
                    }),
                });
                gone.collect()
            }
            _ => vec![],
        }
    }
}

/// A point as its manifest has it.
pub fn made(series: &Series, manifest: &Manifest) -> PointRow {
    PointRow {
        series: series.clone(),
        point: manifest.point.clone(),
        made: Some(PointMade {
            run: manifest.run.clone(),
            // As exact as a ledger is.
            moment: Timestamp::from_microsecond(manifest.moment.as_microsecond()).unwrap_or(manifest.moment),
            clean: manifest.clean,
            files: manifest.totals.files,
            bytes: manifest.totals.bytes,
            stored: manifest.stored_bytes(),
        }),
        gone: None,
    }
}

fn is_part(action: &Action) -> bool {
    matches!(action, Action::Recover(recovery) if recovery.only.is_some())
}

/// Where a store is, as text.
pub fn place(location: &StoreLocation) -> String {
    let folder = match location {
        StoreLocation::Local(folder) => folder,
        StoreLocation::S3(bucket) => return bucket.url(),
    };
    folder.to_string()
}

/// Whose the points of each job are. Every job has a step that deletes, which knows its store.
fn series_of_jobs(forecast: &Forecast) -> BTreeMap<JobName, Series> {
    let of = |job: &JobName, store: &Name| Series {
        plan: forecast.plan.clone(),
        job: job.clone(),
        host: forecast.host.clone(),
        place: forecast.stores.get(store).map(place).unwrap_or_default(),
    };
    let stores = forecast.steps.iter().filter_map(|step| match &step.action {
        Action::Delete { store, job, .. } => Some((job.clone(), of(job, store))),
        Action::Database(action) => {
            let job = action.job()?;
            let place = match &**action {
                DatabaseAction::Check(of) => of.database.to_string(),
                DatabaseAction::Snapshot(of) => of.database.to_string(),
                _ => return None,
            };
            let (plan, host) = (forecast.plan.clone(), forecast.host.clone());
            Some((job.clone(), Series { plan, job: job.clone(), host, place }))
        }
        _ => None,
    });
    stores.collect()
}

fn step_end(state: &StepState) -> StepEnd {
    match state {
        StepState::Waiting(_) | StepState::Unanswered(..) | StepState::InDoubt(..) => StepEnd::Waiting,
        StepState::Running(_) => StepEnd::Running,
        StepState::Pausing(_) => StepEnd::Pausing,
        StepState::Done(_) => StepEnd::Done,
        StepState::Failed(_) => StepEnd::Failed,
        StepState::Skipped(_) => StepEnd::Skipped,
    }
}

fn run_end(state: &State) -> RunEnd {
    match state.end() {
        Some(run::End::Complete) => RunEnd::Complete,
        Some(run::End::Suspended) => held_back(state.steps()),
        Some(run::End::NotClean) => RunEnd::NotClean,
        Some(run::End::Failed) => RunEnd::Failed,
        Some(run::End::Interrupted) => RunEnd::Interrupted,
        Some(run::End::Waiting) => RunEnd::Open,
        None if state.is_interrupted() => RunEnd::Interrupted,
        None => RunEnd::Open,
    }
}

/// Why not all was deleted that was to be: a guard is for a person to look at, and a lost lease mends itself.
fn held_back<'a>(steps: impl IntoIterator<Item = &'a StepState>) -> RunEnd {
    let is_suspended = |step: &StepState| matches!(step, StepState::Done(output) if output.suspension().is_some());
    if steps.into_iter().any(is_suspended) { RunEnd::Suspended } else { RunEnd::LeaseLost }
}

/// How a job's part ended: by its own steps, so that another job's trouble is not its own.
fn job_end(state: &State, job: &JobName) -> RunEnd {
    let forecast = state.forecast();
    let own = || forecast.steps.iter().filter(|step| step.action.job() == Some(job)).map(|step| state.step(step.id));
    let any =
        |is: &dyn Fn(&StepOutput) -> bool| own().any(|step| matches!(step, StepState::Done(output) if is(output)));
    if own().any(|step| matches!(step, StepState::Failed(_) | StepState::Skipped(_))) {
        RunEnd::Failed
    } else if !own().all(StepState::is_settled) {
        if state.is_interrupted() { RunEnd::Interrupted } else { RunEnd::Open }
    } else if any(&StepOutput::is_held_back) {
        held_back(own())
    } else if any(&|output| !output.is_clean()) {
        RunEnd::NotClean
    } else {
        RunEnd::Complete
    }
}
