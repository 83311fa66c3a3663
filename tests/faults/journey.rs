//! One run through deaths and refusals to its end.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::Arc;

use sonae::catalog::{Manifest, Part, PointPlace};
use sonae::fakes::{FakeCompute, World};
use sonae::forecast::{Action, Forecast};
use sonae::ports::StoreWrite;
use sonae::primitives::{Key, Name, PathBytes};
use sonae::run::{self, Outcome, Ports, StepEnd, Watch};
use sonae::steps::{Expected, Progress, StepOutput, read_back};
use tokio::sync::mpsc;

use super::watched::{Law, WatchedStore, WatchedTree};

/// Runs on one thread, in paused time.
pub(super) fn simulate<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap().block_on(future)
}

pub(super) struct Nobody;

impl Watch for Nobody {
    fn entry(&self, _: &Forecast, _: &run::Entry) {}
}

/// How an attempt at a run ended.
pub(super) enum Ending {
    /// It came to its end, or was interrupted.
    Over(Outcome),
    /// The world died.
    Died,
    /// The journal could not be written.
    Broken,
}

/// A run of which the world may die.
pub(super) struct Journey {
    world: World,
    forecast: Forecast,
    side_by_side: NonZeroUsize,
    law: Arc<Law>,
}

impl Journey {
    pub(super) fn new(world: &World, forecast: Forecast, side_by_side: usize) -> Self {
        let law = Law::new(world, &forecast);
        Self { world: world.clone(), forecast, side_by_side: NonZeroUsize::new(side_by_side).unwrap(), law }
    }

    fn ports(&self) -> Ports {
        let store = |name: &Name| {
            let inner = self.world.store(name.as_str());
            let store = WatchedStore { law: Arc::clone(&self.law), inner, name: name.clone() };
            (name.clone(), Arc::new(store) as Arc<dyn StoreWrite>)
        };
        Ports {
            tree: Arc::new(WatchedTree { law: Arc::clone(&self.law), inner: self.world.tree() }),
            stores: self.forecast.stores.keys().map(store).collect(),
            commands: self.world.commands(),
            scratch: self.world.scratch(),
            clock: self.world.clock(),
            compute: Arc::new(FakeCompute),
            journal: self.world.journal(),
            locks: self.world.journal(),
            leases: sonae::steps::Leases::Alone,
        }
    }

    /// Begins, or goes on from the journal; none where the journal says that it has ended.
    pub(super) async fn attempt(&self, interrupt_after: Option<std::time::Duration>) -> Option<Ending> {
        let (ports, (sender, mut interrupts)) = (self.ports(), mpsc::channel(1));
        let going = async {
            let so_far = match run::recorded(&*self.world.journal(), &self.forecast.run).await {
                Ok(so_far) => so_far,
                Err(fault) if fault.cause == sonae::ports::Cause::Invalid => panic!("the journal: {fault}"),
                Err(_) => return Some(Ending::Broken),
            };
            let ended = match so_far {
                None => run::run(self.forecast.clone(), self.side_by_side, &ports, &Nobody, &mut interrupts).await,
                Some(so_far) if so_far.state.end().is_some() => return None,
                Some(so_far) => {
                    assert_eq!(*so_far.forecast, self.forecast, "a resumed run carries out what was forecast");
                    run::resume(so_far, self.side_by_side, &ports, &Nobody, &mut interrupts).await
                }
            };
            Some(ended.map_or(Ending::Broken, Ending::Over))
        };
        let interrupt = async {
            match interrupt_after {
                Some(after) => tokio::time::sleep(after).await,
                None => std::future::pending().await,
            }
            // Nobody hears it where the run is over.
            let _heard = sender.send(()).await.is_ok();
            std::future::pending::<()>().await;
        };
        let ending = tokio::select! {
            biased;
            () = self.world.crashed() => Some(Ending::Died),
            ending = going => ending,
            () = interrupt => None,
        };
        self.hold();
        ending
    }

    /// Goes on until the journal says that it has ended, in a world without faults.
    pub(super) async fn to_the_end(&self) -> Outcome {
        self.world.restart();
        self.world.script(sonae::fakes::FaultScript::new());
        for _ in 0..3 {
            match self.attempt(None).await {
                Some(Ending::Over(outcome)) => return outcome,
                None => return self.recorded_end().await,
                Some(Ending::Died | Ending::Broken) => {}
            }
        }
        panic!("a world without faults does not let the run end");
    }

    /// The outcome of a run that ended and whose executor died before it could say so.
    async fn recorded_end(&self) -> Outcome {
        let recorded = run::recorded(&*self.world.journal(), &self.forecast.run).await.unwrap().unwrap();
        let ports = self.ports();
        let (_sender, mut interrupts) = mpsc::channel(1);
        run::resume(recorded, self.side_by_side, &ports, &Nobody, &mut interrupts).await.unwrap()
    }

    /// What holds between any two attempts.
    pub(super) fn hold(&self) {
        self.law.hold();
        let lines = self.world.journal().written(&self.forecast.run).unwrap_or_default();
        for (number, line) in lines.iter().enumerate() {
            assert_eq!(number == 0, line.contains(r#""record":"forecast""#), "{line}");
            assert!(!line.contains("a bug of this program"), "a step panicked, or an invariant was violated: {line}");
        }
    }

    pub(super) fn world(&self) -> &World {
        &self.world
    }

    pub(super) fn forecast(&self) -> &Forecast {
        &self.forecast
    }
}

/// A run in a world where nothing goes wrong.
pub(super) async fn unbroken(world: &World, forecast: Forecast, side_by_side: usize) -> Outcome {
    let journey = Journey::new(world, forecast, side_by_side);
    match journey.attempt(None).await {
        Some(Ending::Over(outcome)) => outcome,
        _ => panic!("nothing goes wrong here"),
    }
}

/// The keys of every store.
pub(super) fn keys(world: &World, forecast: &Forecast) -> BTreeSet<(Name, Key)> {
    let of = |store: &Name| {
        let keys = world.store(store.as_str()).objects().into_keys();
        let store = store.clone();
        keys.map(move |key| (store.clone(), key))
    };
    forecast.stores.keys().flat_map(of).collect()
}

/// Every point of every store, read back through the steps' own eyes; answers what each holds.
pub(super) async fn read_all(world: &World, forecast: &Forecast) -> BTreeMap<PointPlace, String> {
    let mut all = BTreeMap::new();
    for store in forecast.stores.keys() {
        let store = world.store(store.as_str());
        for (key, bytes) in store.objects() {
            let Some((place, Part::Manifest)) = PointPlace::parse(&key) else { continue };
            let manifest = Manifest::decode(&bytes).unwrap();
            let expected = Expected::of(&manifest);
            let read = read_back(&*store, &FakeCompute, expected, &Progress::default()).await;
            let read = read.unwrap_or_else(|fault| panic!("{key}: {fault}"));
            assert_eq!(read.entries, manifest.totals.entries());
            // The tar holds neither the time of packing nor of anything else but its members.
            all.insert(place, format!("{:?} {:?} {}", manifest.plain, manifest.totals, manifest.clean));
        }
    }
    all
}

/// Nothing is left of what was not finished: every object belongs to a point, no upload is open. An archive and contents
/// that lack only their manifest stay for a month, where `but_whole` says that they may.
pub(super) fn assert_no_leftovers(world: &World, forecast: &Forecast, but_whole: bool) {
    for store in forecast.stores.keys() {
        let store = world.store(store.as_str());
        assert_eq!(store.unfinished(), [], "uploads that nobody finishes");
        let objects = store.objects();
        for key in objects.keys() {
            let (place, _) = PointPlace::parse(key).unwrap_or_else(|| panic!("{key} is no part of a point"));
            let holds = |part| objects.contains_key(&place.key(part));
            let whole = but_whole && holds(Part::Archive) && holds(Part::Contents);
            assert!(holds(Part::Manifest) || whole, "{key} was left over");
        }
    }
}

/// What a restore made is what is at the source, and nothing else lies beside it.
pub(super) fn assert_restored(world: &World, pairs: &[(&str, &str)]) {
    let tree = world.tree();
    let below = |folder: &str| {
        let entry = |(path, meta): (PathBytes, sonae::ports::Meta)| {
            let rest = path.as_bytes()[folder.len()..].to_vec();
            let content = (tree.content(path.as_bytes()), tree.extended(path.as_bytes()));
            (rest, meta.kind, meta.mode, (meta.uid, meta.gid), (meta.mtime_s, meta.mtime_ns), meta.links, content)
        };
        let kept = |path: &[u8]| !path.ends_with(b".tmp") && !path.ends_with(b"socket");
        let all = tree.everything(folder).into_iter().filter(|(path, _)| kept(path.as_bytes()));
        all.map(entry).collect::<Vec<_>>()
    };
    for (source, restored) in pairs {
        assert_eq!(below(source), below(restored), "{restored} is not what was at {source}");
    }
    let stray = |path: &PathBytes| path.to_string().contains(".restoring-");
    let left: Vec<_> = tree.everything("/back").into_iter().map(|(path, _)| path).filter(stray).collect();
    assert!(left.is_empty(), "{left:?}");
}

/// The outcome says of each step what its ties allow, and the exit status says the worst of it.
pub(super) fn assert_consistent(outcome: &Outcome) {
    let failed = |end: &StepEnd| matches!(end, StepEnd::Failed(_) | StepEnd::Skipped(_));
    for step in &outcome.steps {
        let after = &outcome.forecast.step(step.step).after;
        let lost = after.iter().any(|(on, needs)| *needs && failed(&outcome.steps[on.index()].end));
        assert_eq!(lost, matches!(step.end, StepEnd::Skipped(_)), "{step:?}");
    }
    let (any_failed, open) = (
        outcome.steps.iter().any(|step| failed(&step.end)),
        outcome.steps.iter().any(|step| step.end == StepEnd::Open),
    );
    let code = outcome.end.exit().code();
    assert!(if open { code == 130 } else { (code == 4) == any_failed && (any_failed || [0, 5, 6].contains(&code)) });
    let suspended = |end: &StepEnd| matches!(end, StepEnd::Done(output) if output.suspension().is_some());
    let any_suspended = outcome.steps.iter().any(|step| suspended(&step.end));
    assert!(open || any_failed || (code == 6) == any_suspended);
}

/// What was deleted is what was forecast, or less, each omission named.
pub(super) fn assert_subset(outcome: &Outcome) {
    for step in &outcome.steps {
        let (Action::Delete { points, leftovers, .. }, StepEnd::Done(output)) =
            (&outcome.forecast.step(step.step).action, &step.end)
        else {
            continue;
        };
        let StepOutput::Deleted(deleted) = &**output else { panic!("{output:?}") };
        let told: BTreeSet<_> =
            deleted.points.iter().chain(deleted.omitted.iter().map(|(point, _)| point)).cloned().collect();
        let forecast: BTreeSet<_> = points.iter().map(|deletion| deletion.place.point.clone()).collect();
        assert_eq!(told, forecast);
        assert!(deleted.suspended.is_none() || deleted.points.is_empty(), "a guard suspended this: {deleted:?}");
        assert!(deleted.leftovers <= leftovers.len() as u64);
    }
}
