//! Performs what the dispatcher commands, on tokio.
//!
//! Unaware of what to do next. Invariant: a command is carried out only after all before it, and a record is durable before
//! anything that it announces begins.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::Instant;

use super::retry::{self, Next};
use super::{Command, Entry, Event, LineSums, Outcome, Record, Recorded, State, StepState, Times, turn};
use crate::forecast::{Action, Forecast, ForecastStep};
use crate::ports::{
    Cause, Clock, CommandRun, Compute, Databases, Fault, JournalWrite, Locks, Machines, Network, People, Scratch,
    Secrets, StoreWrite, Subversion, TreeWrite,
};
use crate::primitives::{JobName, Name, StepId};
use crate::steps::{Host, Inputs, Leases, Progress, Reach, World, abandon, perform};

/// The world, with its writing halves.
#[derive(Clone)]
pub struct Ports {
    /// Folder trees of this host.
    pub tree: Arc<dyn TreeWrite>,
    /// The stores, by the plan's names.
    pub stores: BTreeMap<Name, Arc<dyn StoreWrite>>,
    /// Programs of this host.
    pub commands: Arc<dyn CommandRun>,
    /// Other hosts, by the plan's names.
    pub hosts: BTreeMap<String, Host>,
    /// Repositories of Subversion.
    pub subversion: Arc<dyn Subversion>,
    /// Databases that providers run.
    pub databases: Arc<dyn Databases>,
    /// Machines that providers run.
    pub machines: Arc<dyn Machines>,
    /// How those are reached that a step launched.
    pub reach: Reach,
    /// What others serve.
    pub network: Arc<dyn Network>,
    /// People who are asked.
    pub people: Arc<dyn People>,
    /// What the plan does not say.
    pub secrets: Arc<dyn Secrets>,
    /// Temporary tables.
    pub scratch: Arc<dyn Scratch>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The processors of this host.
    pub compute: Arc<dyn Compute>,
    /// The journals of this host.
    pub journal: Arc<dyn JournalWrite>,
    /// Its locks.
    pub locks: Arc<dyn Locks>,
    /// The leases that the run has.
    pub leases: Leases,
}

impl Ports {
    fn world(&self) -> World<'_> {
        World {
            tree: &*self.tree,
            stores: &self.stores,
            commands: &*self.commands,
            hosts: &self.hosts,
            subversion: &*self.subversion,
            databases: &*self.databases,
            machines: &*self.machines,
            reach: &self.reach,
            network: &*self.network,
            people: &*self.people,
            secrets: &*self.secrets,
            clock: &*self.clock,
            locks: &*self.locks,
            leases: &self.leases,
            scratch: &*self.scratch,
            compute: &*self.compute,
        }
    }
}

/// Somebody who watches a run: the terminal, a log, the ledger. What happened is told by [`Record`] alone, the closed enum that the
/// journal is made of, and only once it stands there: nobody is told of what a crash could undo.
pub trait Watch: Send + Sync {
    /// This entry stands in the journal.
    fn entry(&self, forecast: &Forecast, entry: &Entry);
    /// A step is being performed; `progress` tells how far it is.
    fn follow(&self, _step: &ForecastStep, _progress: &Arc<Progress>) {}
    /// Somebody interrupts the run. What is under way is stopped, which may take seconds; then there is an entry of it.
    fn stopping(&self) {}
}

/// What decides what is done next: [`turn`], but where a test plants a bug.
pub type Turn = fn(&mut State, usize, Event) -> Vec<Command>;

tokio::task_local! {
    /// The step that a task performs.
    static PERFORMED: StepId;
}

/// The step that the task which asks performs; none outside of steps.
pub fn performing() -> Option<StepId> {
    PERFORMED.try_with(|step| *step).ok()
}

/// Carries out a forecast. A message on `interrupts` stops it; it can then be resumed.
///
/// # Errors
/// When the journal cannot be written: what was begun is stopped, and nothing more is begun.
pub async fn run(
    forecast: Forecast,
    side_by_side: NonZeroUsize,
    ports: &Ports,
    watch: &dyn Watch,
    interrupts: &mut mpsc::Receiver<()>,
) -> Result<Outcome, Fault> {
    run_by(turn, forecast, side_by_side, ports, watch, interrupts).await
}

/// The same, by another dispatcher.
///
/// # Errors
/// As `run`.
pub async fn run_by(
    turn: Turn,
    forecast: Forecast,
    side_by_side: NonZeroUsize,
    ports: &Ports,
    watch: &dyn Watch,
    interrupts: &mut mpsc::Receiver<()>,
) -> Result<Outcome, Fault> {
    let forecast = Arc::new(forecast);
    let first = Record::Forecast { forecast: Box::new((*forecast).clone()) };
    let state = State::new(forecast);
    Executor::new(turn, state, LineSums::default(), side_by_side, ports, watch).begin(vec![first], interrupts).await
}

/// Goes on with a run that was killed or interrupted, or waits for a person. What was being performed then is looked at before it is
/// repeated; what had failed stays failed. `decided` is what becomes of steps of which nobody knows whether they were done
/// ([`Recorded::in_doubt`]).
///
/// # Errors
/// As `run`; `Invalid` where something is decided of another step.
pub async fn resume(
    recorded: Recorded,
    decided: &[Decision],
    side_by_side: NonZeroUsize,
    ports: &Ports,
    watch: &dyn Watch,
    interrupts: &mut mpsc::Receiver<()>,
) -> Result<Outcome, Fault> {
    resume_by(turn, recorded, decided, side_by_side, ports, watch, interrupts).await
}

/// The same, by another dispatcher.
///
/// # Errors
/// As `run`.
pub async fn resume_by(
    turn: Turn,
    recorded: Recorded,
    decided: &[Decision],
    side_by_side: NonZeroUsize,
    ports: &Ports,
    watch: &dyn Watch,
    interrupts: &mut mpsc::Receiver<()>,
) -> Result<Outcome, Fault> {
    let mut state = recorded.state;
    let damaged = |what| Fault::permanent(Cause::Invalid, format!("resume {}", recorded.forecast.run), what);
    let decided = decided.iter().map(|Decision { step, again }| Record::Decided { step: *step, again: *again });
    let first: Vec<Record> = std::iter::once(Record::Resumed).chain(decided).collect();
    first.iter().try_for_each(|record| state.apply(record)).map_err(damaged)?;
    let executor = Executor::new(turn, state, recorded.sums, side_by_side, ports, watch);
    Executor { times: recorded.times, ..executor }.begin(first, interrupts).await
}

/// What a person says of a step of which nobody knows whether it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision {
    /// Which.
    pub step: StepId,
    /// Whether it is performed again; else it counts as done.
    pub again: bool,
}

/// How long a step that was stopped is given to clear away what it had under way.
const CLEARING: Duration = Duration::from_secs(5);

/// How long a program whose time is over may take to end: more than any driver waits for that.
const ENDING: Duration = Duration::from_secs(15);

/// Something that was begun for a step.
struct Task {
    handle: AbortHandle,
    /// Whether it performs the step; else it is a pause before it is tried again.
    performs: bool,
}

/// How long a step may take.
#[derive(Clone, Copy)]
struct StepTime {
    timeout: Duration,
    /// When the job began that it belongs to; without one, each attempt has all of its time.
    began: Option<Instant>,
}

impl StepTime {
    /// How much of it is left.
    fn left(self) -> Duration {
        self.began.map_or(self.timeout, |began| self.timeout.saturating_sub(began.elapsed()))
    }
}

struct Executor<'a> {
    turn: Turn,
    state: State,
    times: Times,
    sums: LineSums,
    side_by_side: NonZeroUsize,
    ports: &'a Ports,
    watch: &'a dyn Watch,
    tasks: JoinSet<Event>,
    running: BTreeMap<StepId, Task>,
    /// When each job began here: a job's timeout is for all of its steps together.
    began: BTreeMap<JobName, Instant>,
}

impl<'a> Executor<'a> {
    fn new(
        turn: Turn,
        state: State,
        sums: LineSums,
        side_by_side: NonZeroUsize,
        ports: &'a Ports,
        watch: &'a dyn Watch,
    ) -> Self {
        Self {
            turn,
            state,
            times: Times::default(),
            sums,
            side_by_side,
            ports,
            watch,
            tasks: JoinSet::new(),
            running: BTreeMap::new(),
            began: BTreeMap::new(),
        }
    }

    async fn begin(mut self, first: Vec<Record>, interrupts: &mut mpsc::Receiver<()>) -> Result<Outcome, Fault> {
        for record in first {
            self.write(record).await?;
        }
        let mut event = Event::Begin;
        loop {
            if event == Event::Interrupt {
                self.watch.stopping();
            }
            self.clear_away(&event).await;
            let commands = (self.turn)(&mut self.state, self.side_by_side.get(), event);
            for command in commands {
                if !self.carry_out(command).await? {
                    return Ok(Outcome::of(&self.state, &self.times, self.ports.clock.now()));
                }
            }
            event = self.next(interrupts).await;
        }
    }

    /// Carries out one command; false when the run is over. Dropping the tasks stops them.
    async fn carry_out(&mut self, command: Command) -> Result<bool, Fault> {
        match command {
            Command::Record(record) => self.write(record).await?,
            Command::Perform(step) => self.perform(step),
            Command::Pause(step, pause) => {
                let handle = self.tasks.spawn(async move {
                    tokio::time::sleep(pause).await;
                    Event::PauseOver { step }
                });
                self.running.insert(step, Task { handle, performs: false });
            }
            Command::Stop(step) => self.stop(step).await,
            Command::Finish => {
                self.tasks.shutdown().await;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// A restore that may be tried again keeps what it made until then; when it has failed for good, nobody takes it up.
    async fn clear_away(&self, event: &Event) {
        let Event::Ended { step, result: Err(fault), left } = event else { return };
        let forecast = self.state.forecast();
        let is_final = matches!(retry::next(&self.state, *step, fault, *left), Next::Nothing(_));
        if keeps_what_it_made(forecast.step(*step)) && is_final {
            // What stays is removed as a leftover.
            let world = self.ports.world();
            let _best_effort = tokio::time::timeout(CLEARING, abandon(forecast.step(*step), &world)).await;
        }
    }

    /// Stops a step, and clears away what it had under way and nobody takes up: before the journal says that it was stopped, so that
    /// this stands in it as well.
    async fn stop(&mut self, step: StepId) {
        let Some(Task { handle, performs }) = self.running.remove(&step) else { return };
        handle.abort();
        if !performs || keeps_what_it_made(self.state.forecast().step(step)) {
            return;
        }
        let (forecast, ports) = (Arc::clone(self.state.forecast()), self.ports);
        let cleared = async {
            while !handle.is_finished() {
                tokio::task::yield_now().await;
            }
            abandon(forecast.step(step), &ports.world()).await
        };
        // What stays is found by whoever resumes, or removed as a leftover.
        let _best_effort = tokio::time::timeout(CLEARING, cleared).await;
    }

    async fn write(&mut self, record: Record) -> Result<(), Fault> {
        let entry = Entry { at: self.ports.clock.now(), record };
        let unwritable =
            |error: serde_json::Error| Fault::permanent(Cause::Other, "write a journal record", error.to_string());
        let line = self.sums.line(&serde_json::to_string(&entry).map_err(unwritable)?);
        let forecast = self.state.forecast();
        self.ports.journal.append(&forecast.run, &line).await?;
        self.watch.entry(forecast, &entry);
        self.times.take(&entry);
        Ok(())
    }

    fn perform(&mut self, id: StepId) {
        let forecast = Arc::clone(self.state.forecast());
        let progress = Arc::new(Progress::default());
        self.watch.follow(forecast.step(id), &progress);
        let inputs = self.inputs();
        let time = self.time(forecast.step(id));
        let ports = self.ports.clone();
        let task = async move {
            let step = forecast.step(id);
            let world = ports.world();
            let performed = perform(&forecast, step, &inputs, &world, &progress);
            let result = match tokio::time::timeout(time.left() + ending(step), performed).await {
                Ok(result) => result.map(Box::new),
                Err(_) => {
                    // What stays is removed by a later run.
                    let _best_effort = tokio::time::timeout(CLEARING, abandon(step, &world)).await;
                    Err(timed_out(step))
                }
            };
            Event::Ended { step: id, result, left: time.left() }
        };
        let handle = self.tasks.spawn(PERFORMED.scope(id, task));
        self.running.insert(id, Task { handle, performs: true });
    }

    /// The time that a step may use: a job's is for all of its steps together.
    #[expect(clippy::disallowed_methods, reason = "the executor keeps the time that a clock set anew does not change")]
    fn time(&mut self, step: &ForecastStep) -> StepTime {
        let job = step.action.job();
        let began = job.map(|job| *self.began.entry(job.clone()).or_insert_with(Instant::now));
        StepTime { timeout: step.timeout.to_std(), began }
    }

    /// What every finished step yielded.
    fn inputs(&self) -> Inputs {
        let done = |(index, state): (usize, &StepState)| match state {
            StepState::Done(output) => u32::try_from(index).ok().map(|id| (StepId(id), (**output).clone())),
            _ => None,
        };
        Inputs::new(self.state.steps().iter().enumerate().filter_map(done).collect())
    }

    /// The next thing that happens. An interrupt comes first where both are there: `biased` keeps a simulated run repeatable.
    async fn next(&mut self, interrupts: &mut mpsc::Receiver<()>) -> Event {
        loop {
            tokio::select! {
                biased;
                Some(()) = interrupts.recv() => return Event::Interrupt,
                Some(ended) = self.tasks.join_next_with_id() => match ended {
                    Ok((_, event)) => return event,
                    Err(error) if error.is_panic() => return self.panicked(error.id()),
                    Err(_) => {} // stopped by us
                },
                // Neither a step nor anybody who could interrupt: the dispatcher finishes before that.
                else => return Event::Interrupt,
            }
        }
    }

    /// A step that panicked is a bug; the others and the journal go on.
    fn panicked(&self, task: tokio::task::Id) -> Event {
        let step = self.running.iter().find(|(_, running)| running.handle.id() == task).map(|(step, _)| *step);
        let Some(step) = step else { return Event::Interrupt };
        let action = self.state.forecast().step(step).name.to_string();
        let fault = Fault::permanent(Cause::Other, action, "the step ended by a bug of this program; please report it");
        Event::Ended { step, result: Err(fault), left: Duration::ZERO }
    }
}

/// Whether what a step made until it was stopped is taken up by whoever resumes the run.
fn keeps_what_it_made(step: &ForecastStep) -> bool {
    matches!(step.action, Action::Recover(_))
}

/// How much longer than its timeout a step may take to end what it began on time: a program is told to end, which says whether it did.
fn ending(step: &ForecastStep) -> Duration {
    if matches!(step.action, Action::Command { .. }) { ENDING } else { Duration::ZERO }
}

fn timed_out(step: &ForecastStep) -> Fault {
    Fault::permanent(Cause::Other, step.name.to_string(), format!("not done within its timeout of {}", step.timeout))
}
