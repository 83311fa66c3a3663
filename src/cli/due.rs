//! `sonae run --due`: a tick. Goes on with what died, then runs what is due, then waits for the next call.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::arguments::{Form, RunArguments, RunForm};
use super::hold::{Asker, unless_interrupted};
use super::jobs_held::JobsHeld;
use super::load::Loaded;
use super::locks::Resource;
use super::{
    Failure, Seams, accept, databases, host, ledger, load, locks, output, resume, run, slices, terminal, world,
};
use crate::calendar;
use crate::catalog::{FirstSeen, host_prefix};
use crate::drivers::{Disk, StateFolder, SvnPrograms, SystemClock, TemporaryTables};
use crate::due::{self, Due, Failed, History, JobHistory, Stranger, Verdict};
use crate::forecast::{self, Circumstances, Forecast, Outlook, StoreLocation, Subject};
use crate::graph::Slice;
use crate::observe::{self, Observed, Reading, SlotsSeen};
use crate::plan::{Plan, Schedule};
use crate::ports::{Cause, Clock, Fault, StoreRead};
use crate::primitives::{JobName, Name, RunId, Slot};
use crate::prove::{Lacking, ProvenPlan};
use crate::report;
use crate::run::{ExitStatus, Outcome, Ports, RecentRuns, Recorded, Times, recent_runs, recorded};
use crate::steps::put_object;

/// Journals that are older are not looked at. What a dead run left is removed after a day, so that nothing is left to go on with; and a
/// failure that is older no longer delays an attempt.
const RECENT: SignedDuration = SignedDuration::from_hours(24);

pub(super) fn due(arguments: &RunArguments, seams: &Seams) -> Result<ExitStatus, Failure> {
    let form = run::form(arguments)?;
    let loaded = load::load_for(!arguments.dry.dry_run, &arguments.plan)?;
    if arguments.accepted {
        accept::require(&arguments.plan, &loaded.proven)?;
    }
    let locations = forecast::locations(loaded.proven.plan(), &loaded.base);
    let host = host::name(arguments.host.as_deref())?;
    slices::of_host(loaded.proven.plan(), loaded.proven.plan().job_names().collect(), false, &host)?;
    let (proven, lacking) = loaded.proven.performable(Some(&host));
    let tick = Tick {
        host,
        stores: world::reading(&locations),
        state: world::state()?,
        proven,
        lacking,
        loaded: &loaded,
        arguments,
        form,
        seams,
    };
    let dry = arguments.dry.dry_run;
    world::runtime()?.block_on(async { if dry { tick.foretell().await } else { tick.go().await } })
}

/// One call.
struct Tick<'a> {
    loaded: &'a Loaded,
    /// What of the plan can be run on this host.
    proven: ProvenPlan,
    /// What of it cannot be run by this version.
    lacking: Lacking,
    arguments: &'a RunArguments,
    /// Of summaries.
    form: Form,
    seams: &'a Seams,
    host: Name,
    stores: BTreeMap<Name, Arc<dyn StoreRead>>,
    state: Arc<StateFolder>,
}

/// What is known beside the stores.
#[derive(Default)]
struct Aside {
    /// Attempts that failed.
    failed: Vec<(JobName, Failed)>,
    /// Jobs that a run is at work on.
    running: BTreeSet<JobName>,
    /// Jobs whose slots are all read; of the others, as many as say whether they are due.
    whole: BTreeSet<JobName>,
    /// Whether jobs that the plan has not are looked for.
    strangers: bool,
}

/// What became of the runs that had died.
struct Dead {
    status: ExitStatus,
    resumed: Vec<Outcome>,
    /// Jobs of those that are left for a while: nothing else is begun for what they were to do.
    waiting: BTreeSet<JobName>,
}

/// What becomes of a run that has not ended.
enum Fate {
    /// It is none of ours, alive, or a person's.
    Nothing,
    /// It was gone on with.
    Resumed(Box<Outcome>),
    /// It died each time that it was gone on with, and is left until then.
    Later(Box<Recorded>, Timestamp),
}

/// A tick for programs: what was due, and what became of it (`sonae run --due`).
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct Report<'a> {
    /// The version of this form.
    #[schemars(extend("const" = 1))]
    format_version: u32,
    /// What was due.
    due: &'a Due,
    /// What became of runs that had died, and were gone on with.
    resumed: &'a [Outcome],
    /// What became of what was due; none where nothing was.
    outcome: Option<&'a Outcome>,
}

/// A dry tick for programs: what is due, and what would happen (`sonae run --due --dry-run`).
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct Foretold<'a> {
    /// The version of this form.
    #[schemars(extend("const" = 1))]
    format_version: u32,
    /// What is due.
    due: &'a Due,
    /// What would happen; none where nothing is due.
    forecast: Option<&'a Outlook>,
}

impl Tick<'_> {
    fn plan(&self) -> &Plan {
        self.proven.plan()
    }

    /// The jobs that would be due some day, and cannot be run, a line each. That is told each time, as nobody else would tell it.
    fn set_aside(&self) -> Vec<String> {
        let is_scheduled = |slice: &Slice| {
            let Slice::Job(job) = slice else { return false };
            self.loaded.proven.plan().backup(job).is_some_and(|backup| backup.schedule.is_some())
        };
        let lacking: Lacking = self.lacking.clone().into_iter().filter(|(slice, _)| is_scheduled(slice)).collect();
        slices::told(&lacking).map(|line| format!("not run: {line}, which this version does not have")).collect()
    }

    fn quiet(&self) -> bool {
        self.arguments.pace.quiet
    }

    fn form(&self) -> Form {
        self.form
    }

    async fn go(&self) -> Result<ExitStatus, Failure> {
        let recent = recent_runs(&*self.state, before(SystemClock.now())).await?;
        let Dead { mut status, resumed, waiting } = self.go_on_with_the_dead(&recent).await?;
        let aside = self.set_aside();
        aside.iter().for_each(|line| output::say(line));
        status = status.worse(findings(&aside));
        for outcome in &resumed {
            status = status.worse(self.summary(outcome));
        }
        if status == ExitStatus::Interrupted {
            return Ok(status);
        }
        let (mut found, held) = self.take(&recent, waiting).await?;
        for line in report::due::told(&found, self.quiet()) {
            output::say(&line);
        }
        let unknown = found.jobs.iter().any(|of| matches!(of.verdict, Verdict::Unknown { .. }));
        if unknown || !self.note_what_is_new(&found).await {
            status = status.worse(ExitStatus::Failed);
        }
        let outcome = match held {
            Some(held) => self.carry_out(&mut found, held).await?,
            None => None,
        };
        if let Some(outcome) = &outcome {
            status = status.worse(self.summary(outcome));
        } else if self.form() == Form::Text && !self.quiet() && resumed.is_empty() {
            output::data(&report::due::nothing(&found))?;
        }
        if self.form() == Form::Json && !(self.quiet() && status == ExitStatus::Well) {
            output::json(&Report { format_version: 1, due: &found, resumed: &resumed, outcome: outcome.as_ref() })?;
        }
        Ok(status)
    }

    /// The exit status of a run, after its summary where that is text.
    fn summary(&self, outcome: &Outcome) -> ExitStatus {
        match self.form() {
            Form::Text => run::tell(outcome, Form::Text, self.quiet()),
            Form::Json => outcome.end.exit(),
        }
    }

    /// Goes on with this plan's backups that died on this host. One that a person interrupted is theirs, and so is a restore.
    async fn go_on_with_the_dead(&self, recent: &RecentRuns) -> Result<Dead, Failure> {
        let mut dead = Dead { status: ExitStatus::Well, resumed: vec![], waiting: BTreeSet::new() };
        for run in &recent.open {
            match self.go_on_with(run).await {
                Ok(Fate::Nothing) => {}
                Ok(Fate::Resumed(outcome)) => {
                    let interrupted = outcome.end.exit() == ExitStatus::Interrupted;
                    dead.resumed.push(*outcome);
                    if interrupted {
                        break;
                    }
                }
                Ok(Fate::Later(found, until)) => {
                    output::say(&report::due::in_vain(run, found.in_vain, until, &self.plan().timezone.value));
                    dead.status = dead.status.worse(ExitStatus::Waiting);
                    dead.waiting.extend(found.unfilled().into_iter().map(|(job, _)| job));
                }
                // It is no reason to leave the others.
                Err(failure) => {
                    output::say(&format!("run {run} is left alone: {}", failure.message));
                    dead.status = dead.status.worse(ExitStatus::Failed);
                }
            }
        }
        Ok(dead)
    }

    async fn go_on_with(&self, run: &RunId) -> Result<Fate, Failure> {
        let Some(found) = recorded(&*self.state, run).await? else { return Ok(Fate::Nothing) };
        let Subject::Backup { slots, .. } = &found.forecast.subject else { return Ok(Fate::Nothing) };
        let theirs = found.forecast.plan != self.plan().name.value || found.forecast.host != self.host;
        let by_a_person = slots.is_empty() && found.state.is_interrupted();
        if theirs || by_a_person {
            return Ok(Fate::Nothing);
        }
        let mut interrupts = terminal::interrupts()?;
        let held = match resume::held_for(&self.state, &found, None, &mut interrupts).await {
            Ok(held) => held,
            // It is alive, or another run is at work on the same.
            Err(Failure { status: ExitStatus::Locked, .. }) => return Ok(Fate::Nothing),
            Err(failure) => return Err(failure),
        };
        held.during(async |held| {
            let Some(found) = resume::resumable(&self.state, run).await? else { return Ok(Fate::Nothing) };
            // What it died of each time it may die of again: the machine is not to be brought down every few minutes.
            let until = found.last.saturating_add(due::delay_of_run(found.in_vain, run)).unwrap_or(Timestamp::MAX);
            if SystemClock.now() < until {
                return Ok(Fate::Later(Box::new(found), until));
            }
            match resume::go_on(found, &[], &self.arguments.pace, held, &mut interrupts, self.seams).await {
                Ok(resumed) => Ok(Fate::Resumed(Box::new(resumed))),
                // Another run took the lease meanwhile.
                Err(Failure { status: ExitStatus::Locked, .. }) => Ok(Fate::Nothing),
                Err(failure) => Err(failure),
            }
        })
        .await
    }

    /// What is due, and what is held for that, if anything is. It is asked twice: what is due is looked at again under its locks, as whoever
    /// held them may have done it. A job whose lock or lease another run holds is not due.
    async fn take(&self, recent: &RecentRuns, waiting: BTreeSet<JobName>) -> Result<(Due, Option<JobsHeld>), Failure> {
        let aside = Aside { running: waiting, ..Aside::default() };
        let found = self.ask(SystemClock.now(), &aside).await;
        let open = |of: &&due::JobDue| matches!(of.verdict, Verdict::Due { .. } | Verdict::New { .. });
        let whole: BTreeSet<JobName> = found.jobs.iter().filter(open).map(|of| of.job.clone()).collect();
        if whole.is_empty() {
            return Ok((found, None));
        }
        let strangers = found.jobs.iter().any(|of| matches!(of.verdict, Verdict::New { .. }));
        let mut aside = Aside { failed: self.failed(recent).await, whole, strangers, ..aside };
        if found.slots().next().is_none() {
            return Ok((self.ask(SystemClock.now(), &aside).await, None));
        }
        let mut held = JobsHeld::new(SystemClock.now())?;
        match self.take_each(&found, &mut held, &mut aside).await {
            Ok(found) if !held.is_empty() => Ok((found, Some(held))),
            found => {
                held.close().await;
                Ok((found?, None))
            }
        }
    }

    fn asker<'a>(&'a self, locations: &'a BTreeMap<Name, StoreLocation>) -> Asker<'a> {
        Asker { state: &self.state, locations, plan: self.arguments.plan.display().to_string() }
    }

    /// Takes what each job that is due needs, and asks again what is.
    async fn take_each(&self, found: &Due, held: &mut JobsHeld, aside: &mut Aside) -> Result<Due, Failure> {
        let finder = locks::Finder { tree: &Disk, stores: &self.stores };
        let locations = forecast::locations(self.plan(), &self.loaded.base);
        let asker = self.asker(&locations);
        let run = forecast::run_id(self.plan(), &self.host, held.at);
        for (job, _) in found.slots() {
            let prefix = host_prefix(&self.plan().name.value, job, &self.host);
            let Some(backup) = self.plan().backup(job) else { continue };
            let resources = match backup.store() {
                Some(store) => finder.jobs(vec![(store.value.clone(), prefix)]).await?,
                None => vec![Resource::of_database_job(&self.plan().name.value, job)],
            };
            if !held.take(job, &asker, &resources, &run).await? {
                aside.running.insert(job.clone());
            }
        }
        let mut found = self.ask(SystemClock.now(), aside).await;
        held.keep_only(&found.slots().map(|(job, _)| job).collect());
        // What became due only now has no lock, and waits for the next call.
        leave_to_others(&mut found, held);
        Ok(found)
    }

    async fn ask(&self, now: Timestamp, aside: &Aside) -> Due {
        let history = self.history(now, aside).await;
        due::due(self.plan(), &self.loaded.base, &history, now)
    }

    async fn history(&self, now: Timestamp, aside: &Aside) -> History {
        let mut jobs = BTreeMap::new();
        for (job, store) in self.plan().jobs() {
            let Some(schedule) = self.plan().backup(&job).and_then(|backup| backup.schedule.as_ref()) else { continue };
            let from = if aside.whole.contains(&job) { None } else { due::since_slot(schedule, now) };
            let prefix = host_prefix(&self.plan().name.value, &job, &self.host);
            let seen = observe::slots(&*self.stores[&store], &prefix, from).await;
            let past = |SlotsSeen { done, first_seen }| JobHistory {
                done,
                first_seen,
                failed: aside.failed.iter().filter(|(of, _)| *of == job).map(|(_, failed)| *failed).collect(),
                running: aside.running.contains(&job),
            };
            jobs.insert(job.clone(), seen.map(past));
        }
        jobs.extend(self.of_databases(now, aside).await);
        let strangers = if aside.strangers { self.strangers().await } else { vec![] };
        History { host: self.host.clone(), jobs, strangers }
    }

    /// The past of the jobs whose points a provider keeps.
    async fn of_databases(&self, now: Timestamp, aside: &Aside) -> BTreeMap<JobName, Result<JobHistory, Fault>> {
        let (provider, mut jobs) = (world::databases(), BTreeMap::new());
        let Ok(ledger) = world::ledger_looked_at() else { return jobs };
        for of in databases::jobs(self.plan()) {
            let Some(schedule) = of.backup.due() else { continue };
            let whose = (&self.plan().name.value, &self.host);
            let past = of.history((&provider, &ledger), whose, &schedule, now).await.map(|past| JobHistory {
                failed: aside.failed.iter().filter(|(job, _)| *job == of.job).map(|(_, failed)| *failed).collect(),
                running: aside.running.contains(&of.job),
                ..past
            });
            jobs.insert(of.job, past);
        }
        jobs
    }

    async fn strangers(&self) -> Vec<Stranger> {
        let known: BTreeSet<JobName> = self.plan().jobs().map(|(job, _)| job).collect();
        let mut strangers = vec![];
        for store in self.stores.values() {
            // A store that cannot be read is told of by the jobs that are in it.
            let seen = observe::other_jobs(&**store, &self.plan().name.value, &self.host, &known).await;
            strangers
                .extend(seen.unwrap_or_default().into_iter().map(|seen| Stranger { job: seen.job, roots: seen.roots }));
        }
        strangers
    }

    /// The attempts that failed, of which the journals tell. One that cannot be read tells nothing: then the slot is tried at once.
    async fn failed(&self, recent: &RecentRuns) -> Vec<(JobName, Failed)> {
        let mut failed = vec![];
        for run in &recent.failed {
            if let Ok(Some(found)) = recorded(&*self.state, run).await
                && found.forecast.plan == self.plan().name.value
                && found.forecast.host == self.host
            {
                let at = found.last;
                failed.extend(found.unfilled().into_iter().map(|(job, slot)| (job, Failed { slot, at })));
            }
        }
        failed
    }

    /// Writes the records of what is seen for the first time; answers whether all could be written.
    async fn note_what_is_new(&self, found: &Due) -> bool {
        let mut all = true;
        for of in found.jobs.iter().filter(|of| matches!(of.verdict, Verdict::New { .. })) {
            let backup = self.plan().backup(&of.job);
            let noted = backup.and_then(|backup| Some((backup.store()?, backup.schedule.as_ref()?)));
            let Some((store, schedule)) = noted else { continue };
            if let Err(fault) = self.note(&of.job, &store.value, schedule, found.at).await {
                output::say(&format!(
                    "{}: the store takes no note that it is new, so nothing will be due: {fault}",
                    of.job
                ));
                all = false;
            }
        }
        all
    }

    async fn note(&self, job: &JobName, store: &Name, schedule: &Schedule, at: Timestamp) -> Result<(), Fault> {
        let plan = &self.plan().name.value;
        let record = FirstSeen { at: Slot::new(at), schedule: due::mark(schedule) };
        let key = record.key(plan, job, &self.host);
        let invalid = |error: crate::catalog::CatalogError| {
            Fault::permanent(Cause::Invalid, format!("write {key}"), error.to_string())
        };
        let bytes = record.encode(plan, job, &self.host, &calendar::describe(schedule)).map_err(invalid)?;
        let locations = forecast::locations(self.plan(), &self.loaded.base);
        let stores = world::stores(&locations);
        put_object(&*stores[store], &key, &bytes).await
    }

    fn circumstances(&self, found: &Due) -> Circumstances {
        Circumstances {
            host: self.host.clone(),
            base: self.loaded.base.clone(),
            fetched: world::fetched(),
            superuser: host::is_superuser(),
            superuser_on: BTreeSet::new(),
            accept_shrink: false,
            accept_deletions: false,
            accept_old_image: false,
            fail_fast: false,
            slots: found.slots().map(|(job, slot)| (job.clone(), slot)).collect(),
        }
    }

    /// The forecast of what is due, as of `now` or of when the world is looked at.
    async fn forecast(&self, found: &Due, now: Option<Timestamp>) -> Outlook {
        let jobs: BTreeSet<JobName> = found.slots().map(|(job, _)| job.clone()).collect();
        let graph = self.proven.graph().of_jobs(&jobs);
        let reading = Reading {
            tree: &Disk,
            hosts: &BTreeMap::new(),
            stores: &self.stores,
            subversion: &SvnPrograms,
            databases: &world::databases(),
            machines: &*world::machines(),
            scratch: &TemporaryTables,
            clock: &SystemClock,
        };
        let observed = observe::observe(&graph, &reading, &self.plan().name.value, &self.host).await;
        let observed = Observed { at: now.unwrap_or(observed.at), ..observed };
        forecast::backup(self.plan(), &graph, &observed, &self.circumstances(found))
    }

    /// Carries out what is due, unless other runs have taken all of that meanwhile.
    async fn carry_out(&self, found: &mut Due, mut held: JobsHeld) -> Result<Option<Outcome>, Failure> {
        let outcome = self.under(found, &mut held).await;
        held.close().await;
        outcome
    }

    /// Carries out what is due while it is held.
    async fn under(&self, found: &mut Due, held: &mut JobsHeld) -> Result<Option<Outcome>, Failure> {
        let Some(forecast) = self.settled(found, held).await? else { return Ok(None) };
        let ports = Ports { leases: held.leases(), ..world::writing(&forecast, &self.state, self.seams) };
        run::tidy(&ports).await;
        let releasing = held.releasing(&forecast, terminal::watch(self.quiet(), Times::default()));
        let watch = ledger::watched(releasing, &self.state, None).await?;
        let run = forecast.run.clone();
        let side_by_side = self.arguments.pace.side_by_side;
        let outcome = crate::run::run(forecast, side_by_side, &ports, &watch, &mut held.interrupts).await;
        watch.close().await;
        outcome.map(Some).map_err(|fault| run::stopped(&run, &fault))
    }

    /// The forecast of what is due, once all is held that it needs: a job whose lease another run took meanwhile is left to that run.
    async fn settled(&self, found: &mut Due, held: &mut JobsHeld) -> Result<Option<Forecast>, Failure> {
        while found.slots().next().is_some() {
            let outlook = unless_interrupted(&mut held.interrupts, self.forecast(found, Some(held.at))).await?;
            let forecast = run::performable(outlook)?;
            let refused = held.settle(&self.asker(&forecast.stores), &forecast).await?;
            if refused.is_empty() {
                return Ok(Some(forecast));
            }
            for job in refused.iter().filter(|_| !self.quiet()) {
                output::say(&format!("{job}: running: another run took it up meanwhile"));
            }
            leave_to_others(found, held);
        }
        Ok(None)
    }

    /// The dry run: nothing is locked or written.
    async fn foretell(&self) -> Result<ExitStatus, Failure> {
        let now = run::as_of(&self.arguments.dry, self.plan())?;
        let at = now.unwrap_or_else(|| SystemClock.now());
        let recent = recent_runs(&*self.state, before(at)).await?;
        let mut running = BTreeSet::new();
        for run in &recent.open {
            // One that cannot be read is told by a tick that is none.
            if let Ok(Some(found)) = recorded(&*self.state, run).await
                && let Subject::Backup { jobs, .. } = &found.forecast.subject
                && found.forecast.plan == self.plan().name.value
                && found.forecast.host == self.host
            {
                running.extend(jobs.iter().cloned());
            }
        }
        let whole = self.plan().job_names().collect();
        let aside = Aside { failed: self.failed(&recent).await, running, whole, strangers: true };
        let found = self.ask(at, &aside).await;
        let forecast = match found.slots().next() {
            Some(_) => Some(self.forecast(&found, now).await),
            None => None,
        };
        let unknown = found.jobs.iter().any(|of| matches!(of.verdict, Verdict::Unknown { .. }));
        let foretold = |forecast: &Outlook| run::foretold(forecast, &self.arguments.dry);
        let aside = self.set_aside();
        if self.arguments.format != RunForm::Html {
            aside.iter().for_each(|line| output::say(line));
        }
        let status = forecast.as_ref().map_or(ExitStatus::Well, foretold).worse(findings(&aside));
        let status = if unknown { status.worse(ExitStatus::Failed) } else { status };
        match self.arguments.format {
            RunForm::Text => {
                let forecast = forecast.as_ref().map(|forecast| format!("\n{}", report::forecast::text(forecast)));
                output::data(&format!("{}{}", report::due::text(&found), forecast.unwrap_or_default()))?;
            }
            RunForm::Html => {
                let told = report::due::text(&found);
                let due = report::html::Due { told: &told, outlook: forecast.as_ref(), at: found.at };
                output::data(&report::html::due(&due, self.loaded.proven.plan(), &aside, status))?;
            }
            RunForm::Json => output::json(&Foretold { format_version: 1, due: &found, forecast: forecast.as_ref() })?,
            form @ (RunForm::Mermaid | RunForm::Dot) => output::data(&run::drawn(forecast.as_ref(), form))?,
        }
        Ok(status)
    }
}

/// Somebody should look where jobs are set aside.
fn findings(aside: &[String]) -> ExitStatus {
    if aside.is_empty() { ExitStatus::Well } else { ExitStatus::Findings }
}

/// What is due and not held is another run's.
fn leave_to_others(found: &mut Due, held: &JobsHeld) {
    for of in &mut found.jobs {
        if let Verdict::Due { slot, .. } = of.verdict
            && !held.holds(&of.job)
        {
            of.verdict = Verdict::Running { slot: Some(slot) };
        }
    }
}

fn before(now: Timestamp) -> Timestamp {
    now.checked_sub(RECENT).unwrap_or(Timestamp::MIN)
}
