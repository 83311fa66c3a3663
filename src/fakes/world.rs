//! The world itself: its seed, its time, its history, its death.
#![expect(clippy::disallowed_methods, reason = "a world that is tied to tokio's time reads tokio's (paused) clock")]

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::dice::mix;
use super::faults::{FaultScript, Injected, covers};
use super::{
    FakeClock, FakeCommands, FakeDatabases, FakeJournal, FakeLedger, FakeMachines, FakeNetwork, FakePeople,
    FakeScratch, FakeSecrets, FakeStore, FakeSubversion, FakeTree,
};
use crate::ports::Fault;

/// 2026-03-01T00:00:00Z, in seconds since 1970.
const BEGINNING: i64 = 1_772_323_200;

/// One call of a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// When.
    pub at: Timestamp,
    /// What: `store.part`.
    pub op: &'static str,
    /// Of what: a key or path.
    pub key: String,
}

/// On which side of a call's effect the world dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edge {
    /// Nothing was done.
    Before,
    /// It was done, and nobody was told.
    After,
}

/// What strikes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Struck {
    /// It goes wrong.
    By(Injected),
    /// The world dies of it, on that side of its effect.
    Death(Edge),
}

/// Is told of each call that something strikes, in the task that makes it.
type Onlooker = Arc<dyn Fn(&Call, Struck) + Send + Sync>;

/// A simulated world. Clones are the same world.
#[derive(Debug, Clone)]
pub struct World {
    shared: Arc<Shared>,
    clock: Arc<FakeClock>,
    tree: Arc<FakeTree>,
    journal: Arc<FakeJournal>,
    ledger: Arc<FakeLedger>,
    commands: Arc<FakeCommands>,
    databases: Arc<FakeDatabases>,
    machines: Arc<FakeMachines>,
    network: Arc<FakeNetwork>,
    people: Arc<FakePeople>,
    subversion: Arc<FakeSubversion>,
    secrets: Arc<FakeSecrets>,
    scratch: Arc<FakeScratch>,
    stores: Arc<Mutex<BTreeMap<String, Arc<FakeStore>>>>,
}

/// What all parts of a world share.
pub(super) struct Shared {
    seed: u64,
    state: Mutex<State>,
    dead: tokio::sync::watch::Sender<bool>,
    onlooker: Mutex<Option<Onlooker>>,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("seed", &self.seed).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct State {
    life: Life,
    advanced: SignedDuration,
    tied_since: Option<tokio::time::Instant>,
    script: FaultScript,
    crashes: Vec<Crash>,
    counts: BTreeMap<(&'static str, String), u64>,
    /// Until when the calls of a port are refused.
    throttled: BTreeMap<String, tokio::time::Instant>,
    history: Vec<Call>,
}

#[derive(Debug)]
struct Crash {
    op: String,
    left: u64,
    edge: Edge,
}

/// Which life of the world: one more after each restart.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Life(u64);

/// What was decided of a call when it came in.
struct Fate {
    life: Life,
    crash: Option<Edge>,
    injected: Option<Injected>,
    yields: u64,
}

impl World {
    /// A world whose time stands still but for `FakeClock::advance`.
    pub fn new(seed: u64) -> Self {
        let (dead, _) = tokio::sync::watch::channel(false);
        let shared = Arc::new(Shared { seed, state: Mutex::default(), dead, onlooker: Mutex::default() });
        let tree = Arc::new(FakeTree::new(Arc::clone(&shared)));
        Self {
            clock: Arc::new(FakeClock::new(Arc::clone(&shared))),
            subversion: Arc::new(FakeSubversion::new(Arc::clone(&shared), Arc::clone(&tree))),
            tree,
            journal: Arc::new(FakeJournal::new(Arc::clone(&shared))),
            ledger: Arc::new(FakeLedger::new(Arc::clone(&shared))),
            commands: Arc::new(FakeCommands::new(Arc::clone(&shared))),
            databases: Arc::new(FakeDatabases::new(Arc::clone(&shared))),
            machines: Arc::new(FakeMachines::new(Arc::clone(&shared))),
            network: Arc::new(FakeNetwork::new(Arc::clone(&shared))),
            people: Arc::new(FakePeople::new(Arc::clone(&shared))),
            secrets: Arc::new(FakeSecrets::new(Arc::clone(&shared))),
            scratch: Arc::new(FakeScratch::new(Arc::clone(&shared))),
            stores: Arc::default(),
            shared,
        }
    }

    /// A world whose time goes with tokio's, which the test has paused.
    pub fn tied_to_tokio(seed: u64) -> Self {
        let world = Self::new(seed);
        world.shared.state().tied_since = Some(tokio::time::Instant::now());
        world
    }

    /// Its clock.
    pub fn clock(&self) -> Arc<FakeClock> {
        Arc::clone(&self.clock)
    }

    /// Its file system.
    pub fn tree(&self) -> Arc<FakeTree> {
        Arc::clone(&self.tree)
    }

    /// Its journal and locks.
    pub fn journal(&self) -> Arc<FakeJournal> {
        Arc::clone(&self.journal)
    }

    /// Its ledger.
    pub fn ledger(&self) -> Arc<FakeLedger> {
        Arc::clone(&self.ledger)
    }

    /// Its programs.
    pub fn commands(&self) -> Arc<FakeCommands> {
        Arc::clone(&self.commands)
    }

    /// Its databases that a provider runs.
    pub fn databases(&self) -> Arc<FakeDatabases> {
        Arc::clone(&self.databases)
    }

    /// Its machines that a provider runs.
    pub fn machines(&self) -> Arc<FakeMachines> {
        Arc::clone(&self.machines)
    }

    /// What others serve.
    pub fn network(&self) -> Arc<FakeNetwork> {
        Arc::clone(&self.network)
    }

    /// Its people.
    pub fn people(&self) -> Arc<FakePeople> {
        Arc::clone(&self.people)
    }

    /// Its repositories of Subversion.
    pub fn subversion(&self) -> Arc<FakeSubversion> {
        Arc::clone(&self.subversion)
    }

    /// Its secrets.
    pub fn secrets(&self) -> Arc<FakeSecrets> {
        Arc::clone(&self.secrets)
    }

    /// Its temporary tables.
    pub fn scratch(&self) -> Arc<FakeScratch> {
        Arc::clone(&self.scratch)
    }

    /// Its store of that name, the same each time.
    pub fn store(&self, name: &str) -> Arc<FakeStore> {
        let mut stores = self.stores.lock().unwrap_or_else(PoisonError::into_inner);
        let made = || Arc::new(FakeStore::new(Arc::clone(&self.shared), name));
        Arc::clone(stores.entry(name.to_owned()).or_insert_with(made))
    }

    /// From now on these calls fail; what was set before is forgotten.
    pub fn script(&self, script: FaultScript) {
        let mut state = self.shared.state();
        state.script = script;
        state.throttled.clear();
    }

    /// From now on it is told of each call that something strikes, in the task that makes the call.
    pub fn look_on(&self, onlooker: impl Fn(&Call, Struck) + Send + Sync + 'static) {
        *self.shared.onlooker.lock().unwrap_or_else(PoisonError::into_inner) = Some(Arc::new(onlooker));
    }

    /// The world dies at the `nth` call (from 1, counted from now) of `op` (`journal.append`; `store` for any of a
    /// store), on that side of its effect. From then on no call returns, until `restart`.
    pub fn crash_at(&self, op: &str, nth: u64, edge: Edge) {
        self.shared.state().crashes.push(Crash { op: op.to_owned(), left: nth, edge });
    }

    /// Returns when the world is dead.
    pub async fn crashed(&self) {
        let mut dead = self.shared.dead.subscribe();
        // An error means that the sender is gone, which this world holds.
        let _alive = dead.wait_for(|dead| *dead).await.is_ok();
    }

    /// Whether the world is dead.
    pub fn is_dead(&self) -> bool {
        *self.shared.dead.borrow()
    }

    /// Revives the world: what was durable is there, locks are free, crashes that did not come are forgotten, and
    /// what was begun before never goes on.
    pub fn restart(&self) {
        let mut state = self.shared.state();
        state.life.0 += 1;
        state.crashes.clear();
        self.shared.dead.send_replace(false);
    }

    /// All calls so far.
    pub fn history(&self) -> Vec<Call> {
        self.shared.state().history.clone()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn life(&self) -> Life {
        self.state().life
    }

    pub(super) fn advance(&self, by: SignedDuration) {
        let mut state = self.state();
        state.advanced = state.advanced.saturating_add(by);
    }

    pub(super) fn now(&self) -> Timestamp {
        self.state().now()
    }

    fn is_over(&self, life: Life) -> bool {
        *self.dead.borrow() || self.life() != life
    }

    /// One call of a port: recorded, then refused, delayed, done, or the end of the world. `since` is the life in which
    /// the thing that is called was opened; none where it is part of the world.
    pub(super) async fn call<T>(
        &self,
        since: Option<Life>,
        op: &'static str,
        key: impl ToString,
        effect: impl FnOnce() -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.call_whole_or_cut(since, op, key, |_| effect()).await
    }

    /// The same of a call that hands bytes over, whose effect is told whether half of them get lost.
    pub(super) async fn call_whole_or_cut<T>(
        &self,
        since: Option<Life>,
        op: &'static str,
        key: impl ToString,
        effect: impl FnOnce(bool) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        let key = key.to_string();
        let since = since.unwrap_or_else(|| self.life());
        if self.is_over(since) {
            return std::future::pending().await;
        }
        let fate = self.decide(since, op, &key);
        for _ in 0..fate.yields {
            tokio::task::yield_now().await;
        }
        if let Some(Injected::Delay(time)) = fate.injected {
            tokio::time::sleep(time).await;
        }
        if self.is_over(fate.life) || self.dies(&fate, Edge::Before) {
            return std::future::pending().await;
        }
        let fault = fate.injected.and_then(|injected| injected.fault(op, &key));
        if let Some(refusal) = fault.clone().filter(|_| fate.injected.is_some_and(|what| !what.has_effect())) {
            // It is also a call that was made: a crash after it is one after the refusal.
            return if self.dies(&fate, Edge::After) { std::future::pending().await } else { Err(refusal) };
        }
        if let Some(Injected::SetClock(by)) = fate.injected {
            self.advance(by);
        }
        let answer = effect(fate.injected == Some(Injected::Cut));
        if self.dies(&fate, Edge::After) {
            return std::future::pending().await;
        }
        fault.map_or(answer, Err)
    }

    fn dies(&self, fate: &Fate, edge: Edge) -> bool {
        let dies = fate.crash == Some(edge);
        if dies {
            self.dead.send_replace(true);
        }
        dies
    }

    fn decide(&self, life: Life, op: &'static str, key: &str) -> Fate {
        let (call, fate) = self.decided(life, op, key);
        let struck = fate.crash.map(Struck::Death).or(fate.injected.map(Struck::By));
        if let Some(struck) = struck {
            let onlooker = self.onlooker.lock().unwrap_or_else(PoisonError::into_inner).clone();
            onlooker.into_iter().for_each(|onlooker| onlooker(&call, struck));
        }
        fate
    }

    fn decided(&self, life: Life, op: &'static str, key: &str) -> (Call, Fate) {
        let mut state = self.state();
        let call = Call { at: state.now(), op, key: key.to_owned() };
        state.history.push(call.clone());
        let count = state.counts.entry((op, key.to_owned())).or_default();
        *count += 1;
        let count = *count;
        let struck = state.script.strike(self.seed, op, key, count);
        let injected = state.throttle(op, struck);
        let mut crash = None;
        for due in state.crashes.iter_mut().filter(|crash| covers(&crash.op, op) && crash.left > 0) {
            due.left -= 1;
            if due.left == 0 {
                crash = crash.or(Some(due.edge));
            }
        }
        // Others get their turn, as often as the seed says: another seed is another interleaving.
        let yields = mix(self.seed, &[b"yields", op.as_bytes(), &count.to_le_bytes(), key.as_bytes()]) % 3;
        (call, Fate { life, crash, injected, yields })
    }
}

impl State {
    /// What strikes a call, where its port may be throttled already or is from now on.
    fn throttle(&mut self, op: &str, struck: Option<Injected>) -> Option<Injected> {
        let port = op.split('.').next().unwrap_or(op);
        let now = tokio::time::Instant::now();
        if let Some(until) = self.throttled.get(port).filter(|until| **until > now) {
            return Some(Injected::Throttle(until.duration_since(now)));
        }
        if let Some(Injected::Throttle(time)) = struck {
            self.throttled.insert(port.to_owned(), now + time);
        }
        struck
    }

    fn now(&self) -> Timestamp {
        let beginning = Timestamp::from_second(BEGINNING).unwrap_or(Timestamp::UNIX_EPOCH);
        let elapsed = self.tied_since.map(|since| since.elapsed()).unwrap_or_default();
        let elapsed = SignedDuration::try_from(elapsed).unwrap_or(SignedDuration::MAX);
        beginning.saturating_add(self.advanced.saturating_add(elapsed)).unwrap_or(Timestamp::MAX)
    }
}
