//! One run through deaths, refusals and interrupts to its end.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::sync::mpsc;

use super::watched::{WatchedCommands, WatchedJournal, WatchedStore, WatchedTree};
use super::{Attempt, FaultKind, Invariant, Law, Planted, Tale};
use crate::fakes::{FakeCompute, FaultScript, World};
use crate::forecast::Forecast;
use crate::ports::{Cause, StoreWrite};
use crate::primitives::Name;
use crate::run::{self, Outcome, Ports, Recorded};
use crate::steps::{Host, Leases, Reach};

/// By the simulated clock: more than all that a plan's timeouts give, and all pauses.
const FOREVER: Duration = Duration::from_secs(400 * 86_400);

/// Runs on one thread, in time that passes only where everybody waits.
///
/// # Panics
/// Where the system gives no runtime.
pub fn simulate<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    runtime.expect("a runtime without input and output needs nothing of the system").block_on(future)
}

/// How an attempt at a run ended.
pub enum Ending {
    /// It came to its end, or was interrupted.
    Over(Outcome),
    /// The world died.
    Died,
    /// The journal could not be written.
    Broken,
}

/// A run of which the world may die.
pub struct Journey {
    world: World,
    forecast: Forecast,
    side_by_side: NonZeroUsize,
    law: Arc<Law>,
    tale: Tale,
    planted: Box<dyn Planted>,
    attempts: AtomicU32,
}

impl Journey {
    /// The run of a forecast, under its law.
    pub fn new(
        world: &World,
        forecast: Forecast,
        side_by_side: usize,
        planted: Box<dyn Planted>,
        secrets: &[String],
    ) -> Self {
        let (law, tale) = (Law::new(world, &forecast, secrets), Tale::default());
        tale.look_on(world, &forecast, &law);
        let side_by_side = NonZeroUsize::new(side_by_side).unwrap_or(NonZeroUsize::MIN);
        Self { world: world.clone(), forecast, side_by_side, law, tale, planted, attempts: AtomicU32::new(0) }
    }

    fn ports(&self) -> Ports {
        let store = |name: &Name| {
            let inner = self.world.store(name.as_str());
            let store = WatchedStore { law: Arc::clone(&self.law), inner, name: name.clone() };
            (name.clone(), Arc::new(store) as Arc<dyn StoreWrite>)
        };
        // What is there is there by whatever host it is looked at.
        let host = |name: &String| {
            let tree = Arc::new(WatchedTree { law: Arc::clone(&self.law), inner: self.world.tree() });
            let commands = Arc::new(WatchedCommands { law: Arc::clone(&self.law), inner: self.world.commands() });
            (name.clone(), Host { tree, commands })
        };
        let (law, world) = (Arc::clone(&self.law), self.world.clone());
        let reach: Reach = Arc::new(move |_| Host {
            tree: Arc::new(WatchedTree { law: Arc::clone(&law), inner: world.tree() }),
            commands: Arc::new(WatchedCommands { law: Arc::clone(&law), inner: world.commands() }),
        });
        let ports = Ports {
            tree: Arc::new(WatchedTree { law: Arc::clone(&self.law), inner: self.world.tree() }),
            stores: self.forecast.stores.keys().map(store).collect(),
            commands: Arc::new(WatchedCommands { law: Arc::clone(&self.law), inner: self.world.commands() }),
            hosts: self.forecast.hosts.keys().map(host).collect(),
            network: self.world.network(),
            people: self.world.people(),
            subversion: self.world.subversion(),
            databases: self.world.databases(),
            machines: self.world.machines(),
            reach,
            secrets: self.world.secrets(),
            scratch: self.world.scratch(),
            clock: self.world.clock(),
            compute: Arc::new(FakeCompute),
            journal: Arc::new(WatchedJournal { law: Arc::clone(&self.law), inner: self.world.journal() }),
            locks: self.world.journal(),
            // A rehearsed host has its stores to itself.
            leases: Leases::Alone,
        };
        self.planted.ports(ports, self.attempts.fetch_add(1, Ordering::Relaxed))
    }

    /// Begins or goes on in such weather; none where the journal says that the run has ended.
    pub async fn attempt_in(&self, weather: &Attempt) -> Option<Ending> {
        self.world.restart();
        weather.over(&self.world);
        self.attempt(weather.interrupt).await
    }

    /// Begins, or goes on from the journal; none where the journal says that it has ended. After that time somebody interrupts it.
    pub async fn attempt(&self, interrupt_after: Option<Duration>) -> Option<Ending> {
        let (sender, interrupts) = mpsc::channel(1);
        let interrupt = async {
            match interrupt_after {
                Some(after) => tokio::time::sleep(after).await,
                None => std::future::pending().await,
            }
            self.tale.struck(FaultKind::Interrupt, self.law.running());
            // Nobody hears it where the run is over.
            let _heard = sender.send(()).await.is_ok();
            std::future::pending::<()>().await;
        };
        let ending = tokio::select! {
            biased;
            () = self.world.crashed() => Some(Ending::Died),
            ending = self.go_on(interrupts) => ending,
            () = interrupt => None,
            () = tokio::time::sleep(FOREVER) => {
                self.law.broke(Invariant::Ends, "the run does not end, whatever its timeouts");
                None
            }
        };
        self.law.hear();
        self.law.hold();
        ending
    }

    async fn go_on(&self, mut interrupts: mpsc::Receiver<()>) -> Option<Ending> {
        let so_far = match run::recorded(&*self.world.journal(), &self.forecast.run).await {
            Ok(so_far) => so_far,
            Err(fault) => {
                if fault.cause == Cause::Invalid {
                    self.law.broke(Invariant::Resumed, format!("the journal cannot be believed: {fault}"));
                }
                return Some(Ending::Broken);
            }
        };
        let (ports, turn) = (self.ports(), self.planted.turn());
        let (side_by_side, watch) = (self.side_by_side, &self.tale);
        let ended = match so_far {
            None => {
                let forecast = self.forecast.clone();
                run::run_by(turn, forecast, side_by_side, &ports, watch, &mut interrupts).await
            }
            Some(so_far) if so_far.state.end().is_some() => return None,
            Some(so_far) => {
                if *so_far.forecast != self.forecast {
                    self.law.broke(Invariant::Resumed, "another forecast than that of the run is gone on with");
                }
                let decided = again(&so_far);
                run::resume_by(turn, so_far, &decided, side_by_side, &ports, watch, &mut interrupts).await
            }
        };
        Some(ended.map_or(Ending::Broken, Ending::Over))
    }

    /// Goes on until the journal says that the run has ended, in a world without faults; none where that does not come, which breaks
    /// the law.
    pub async fn to_the_end(&self) -> Option<Outcome> {
        self.world.restart();
        self.world.script(FaultScript::new());
        for _ in 0..3 {
            match self.attempt(None).await {
                Some(Ending::Over(outcome)) => return Some(outcome),
                None if self.law.broken().is_none() => return self.recorded_end().await,
                _ if self.law.broken().is_some() => return None,
                _ => {}
            }
        }
        self.law.broke(Invariant::Ends, "a world without faults does not let the run end");
        None
    }

    /// The outcome of a run that ended and whose executor died before it could say so.
    async fn recorded_end(&self) -> Option<Outcome> {
        let recorded: Option<Recorded> = run::recorded(&*self.world.journal(), &self.forecast.run).await.ok().flatten();
        let (ports, (_sender, mut interrupts)) = (self.ports(), mpsc::channel(1));
        let turn = self.planted.turn();
        let ended = run::resume_by(turn, recorded?, &[], self.side_by_side, &ports, &self.tale, &mut interrupts).await;
        ended.ok()
    }

    /// What is held against it.
    pub fn law(&self) -> &Law {
        &self.law
    }

    /// What happened so far.
    pub fn tale(&self) -> &Tale {
        &self.tale
    }

    /// The world it is in.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// What it carries out.
    pub fn forecast(&self) -> &Forecast {
        &self.forecast
    }
}

/// Whoever practises lets each program of which nobody knows whether it was run to its end be run again.
fn again(so_far: &run::Recorded) -> Vec<run::Decision> {
    so_far.in_doubt().into_iter().map(|step| run::Decision { step: step.id, again: true }).collect()
}
