//! What a tick holds for each job that is due, given back job by job.
//!
//! Unaware of why a job is due. Invariant: a job's lock is let go only after its lease was given back, so that nobody of this host takes a
//! lease for a dead one's that is being given back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::mpsc;

use super::hold::{self, Asker};
use super::locks::{self, Locked, Resource};
use super::{Failure, terminal};
use crate::forecast::{Forecast, ForecastStep};
use crate::primitives::{JobName, RunId, StepId};
use crate::run::{Entry, Keeper, LeaseName, Record, Watch};
use crate::steps::{Leases, Progress};

/// What is held for the jobs of one run.
pub(super) struct JobsHeld {
    /// A moment before anything was held: by it the run has its name in the leases.
    pub(super) at: Timestamp,
    /// By which a person stops the tick, from when something is held.
    pub(super) interrupts: mpsc::Receiver<()>,
    held: Arc<Shared>,
    later: Vec<Resource>,
}

#[derive(Default)]
struct Shared {
    keeper: Keeper,
    jobs: Mutex<BTreeMap<JobName, JobHeld>>,
}

struct JobHeld {
    locked: Locked,
    lease: Option<LeaseName>,
}

impl Shared {
    fn jobs(&self) -> MutexGuard<'_, BTreeMap<JobName, JobHeld>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn release(&self, job: &JobName) {
        let held = self.jobs().remove(job);
        if let Some(JobHeld { locked, lease: Some(lease) }) = held {
            self.keeper.release(&lease, locked.locks);
        }
    }
}

impl JobsHeld {
    pub(super) fn new(at: Timestamp) -> Result<Self, Failure> {
        Ok(Self { at, interrupts: terminal::interrupts()?, held: Arc::default(), later: vec![] })
    }

    /// Takes what one more job needs; false where another run has it.
    pub(super) async fn take(
        &mut self,
        job: &JobName,
        asker: &Asker<'_>,
        resources: &[Resource],
        run: &RunId,
    ) -> Result<bool, Failure> {
        let Ok(locked) = locks::take(&**asker.state, resources).await? else { return Ok(false) };
        locked.note(&**asker.state, Some(run), self.at).await;
        let Ok(later) = hold::lease(asker, resources, run, &self.held.keeper).await? else { return Ok(false) };
        self.later.extend(later);
        let lease = resources.iter().find_map(Resource::lease_name);
        self.held.jobs().insert(job.clone(), JobHeld { locked, lease });
        Ok(true)
    }

    pub(super) fn holds(&self, job: &JobName) -> bool {
        self.held.jobs().contains_key(job)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held.jobs().is_empty()
    }

    /// Gives back what is held for other jobs than these.
    pub(super) fn keep_only(&self, jobs: &BTreeSet<&JobName>) {
        let others: Vec<JobName> = self.held.jobs().keys().filter(|job| !jobs.contains(job)).cloned().collect();
        others.iter().for_each(|job| self.held.release(job));
    }

    /// Takes the leases that wait for the forecast, of the jobs that are held. Another run may have taken one meanwhile: then what is held
    /// for its job is given back, and the job is named.
    pub(super) async fn settle(&self, asker: &Asker<'_>, forecast: &Forecast) -> Result<BTreeSet<JobName>, Failure> {
        let held: BTreeSet<LeaseName> = self.held.jobs().values().filter_map(|held| held.lease.clone()).collect();
        let is_held = |resource: &&Resource| resource.lease_name().is_some_and(|name| held.contains(&name));
        let later: Vec<Resource> = self.later.iter().filter(is_held).cloned().collect();
        let refused = hold::settle(asker, &later, forecast, &self.held.keeper).await?;
        let is_refused = |held: &JobHeld| held.lease.as_ref().is_some_and(|lease| refused.contains_key(lease));
        let jobs: BTreeSet<JobName> =
            self.held.jobs().iter().filter(|(_, held)| is_refused(held)).map(|(job, _)| job.clone()).collect();
        jobs.iter().for_each(|job| self.held.release(job));
        Ok(jobs)
    }

    pub(super) fn leases(&self) -> Leases {
        self.held.keeper.leases()
    }

    /// Somebody who watches for `inner`, and gives back what is held for a job when its last step is done: a job that is done early can be
    /// due again while another one of the same run takes its time. What is held for a job that fails is held to the end of the run.
    pub(super) fn releasing(&self, forecast: &Forecast, inner: Box<dyn Watch>) -> Box<dyn Watch> {
        let of_job: BTreeMap<&JobName, StepId> =
            forecast.steps.iter().filter_map(|step| Some((step.action.job()?, step.id))).collect();
        let last = of_job.into_iter().map(|(job, step)| (step, job.clone())).collect();
        Box::new(Releasing { inner, last, held: Arc::clone(&self.held) })
    }

    /// Gives all of it back.
    pub(super) async fn close(&self) {
        hold::close(&self.held.keeper).await;
        self.held.jobs().clear();
    }
}

struct Releasing {
    inner: Box<dyn Watch>,
    last: BTreeMap<StepId, JobName>,
    held: Arc<Shared>,
}

impl Watch for Releasing {
    fn entry(&self, forecast: &Forecast, entry: &Entry) {
        self.inner.entry(forecast, entry);
        if let Record::Finished { step, .. } = &entry.record
            && let Some(job) = self.last.get(step)
        {
            self.held.release(job);
        }
    }

    fn follow(&self, step: &ForecastStep, progress: &Arc<Progress>) {
        self.inner.follow(step, progress);
    }

    fn stopping(&self) {
        self.inner.stopping();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::host_prefix;
    use crate::cli::world;
    use crate::drivers::StateFolder;
    use crate::forecast::{FORMAT_VERSION, StoreLocation, Subject};
    use crate::primitives::{Name, PathBytes};

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn forecast(run: &RunId, stores: &BTreeMap<Name, StoreLocation>) -> Forecast {
        Forecast {
            fail_fast: false,
            format_version: FORMAT_VERSION,
            plan: name("home"),
            run: run.clone(),
            host: name("nas"),
            subject: Subject::Backup { jobs: vec![], slots: BTreeMap::new() },
            at: Timestamp::UNIX_EPOCH,
            timezone: "UTC".into(),
            base: crate::primitives::PathBytes::new(*b"/"),
            stores: stores.clone(),
            hosts: BTreeMap::new(),
            secrets: std::collections::BTreeSet::new(),
            limits: BTreeMap::new(),
            steps: vec![],
        }
    }

    /// The lease of a run of another machine, which was renewed just now.
    fn lease_of_another() -> String {
        let now = Timestamp::now();
        let lease = serde_json::json!({
            "format_version": 1, "run": "20260301T053000Z-0000002a", "machine": "other", "process": 7, "state": "5a", "boot": "b0",
            "lock": "job", "number": 1, "taken": now, "renewed": now, "lasts_s": 300
        });
        lease.to_string()
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 1)]
    async fn a_job_whose_lease_another_run_took_before_the_forecast_was_made_is_left_to_that_run() {
        let folder = tempfile::tempdir().unwrap();
        let state = Arc::new(StateFolder::new(folder.path().join("state")));
        let at = PathBytes::from_path(folder.path().join("store"));
        let locations = BTreeMap::from([(name("shelf"), StoreLocation::Local(at))]);
        let asker = Asker { state: &state, locations: &locations, plan: "plan.kdl".into() };
        let (run, jobs) = (RunId::new(Timestamp::now(), 1), ["photos/daily", "music/daily"]);
        let jobs = jobs.map(|job| JobName::parse(job).unwrap());
        let mut held = JobsHeld::new(Timestamp::now()).unwrap();
        for job in &jobs {
            let store = &world::reading(&locations)[&name("shelf")];
            let prefix = host_prefix(&name("home"), job, &name("nas"));
            let resource = Resource::Job { store: name("shelf"), place: store.real_place().await.unwrap(), prefix };
            assert!(held.take(job, &asker, &[resource], &run).await.unwrap());
        }
        let theirs = folder.path().join("store/home/photos/daily/nas");
        std::fs::create_dir_all(&theirs).unwrap();
        std::fs::write(theirs.join("lease-000000000001.json"), lease_of_another()).unwrap();
        let refused = held.settle(&asker, &forecast(&run, &locations)).await.unwrap();
        let [photos, music] = &jobs;
        assert_eq!(refused, BTreeSet::from([photos.clone()]));
        assert_eq!((held.holds(photos), held.holds(music)), (false, true));
        held.close().await;
    }
}
