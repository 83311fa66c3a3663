//! A run through deaths and refusals to its end, of which a test demands that no promise is broken.

use std::collections::{BTreeMap, BTreeSet};

use sonae::catalog::PointPlace;
use sonae::fakes::World;
use sonae::forecast::Forecast;
use sonae::ports::{EntryKind, Meta};
use sonae::primitives::{Key, Name, PathBytes};
use sonae::rehearse::{self, Sound, verdict};
use sonae::run::{Entry, Outcome, Watch};

pub(super) use sonae::rehearse::{Ending, simulate};

/// Watches nothing.
pub(super) struct Nobody;

impl Watch for Nobody {
    fn entry(&self, _: &Forecast, _: &Entry) {}
}

/// A run of which the world may die; what is broken fails the test.
pub(super) struct Journey(rehearse::Journey);

impl Journey {
    pub(super) fn new(world: &World, forecast: Forecast, side_by_side: usize) -> Self {
        Self(rehearse::Journey::new(world, forecast, side_by_side, Box::new(Sound), &[]))
    }

    /// Begins, or goes on from the journal; none where the journal says that it has ended.
    pub(super) async fn attempt(&self, interrupt_after: Option<std::time::Duration>) -> Option<Ending> {
        let ending = self.0.attempt(interrupt_after).await;
        self.hold();
        ending
    }

    /// Goes on until the journal says that it has ended, in a world without faults.
    pub(super) async fn to_the_end(&self) -> Outcome {
        let outcome = self.0.to_the_end().await;
        self.hold();
        outcome.expect("no promise is broken, so it ends")
    }

    /// What holds between any two attempts.
    pub(super) fn hold(&self) {
        self.0.law().hold();
        assert_eq!(self.0.law().broken(), None, "{:#?}", self.0.tale().told().lines);
    }

    pub(super) fn world(&self) -> &World {
        self.0.world()
    }

    pub(super) fn forecast(&self) -> &Forecast {
        self.0.forecast()
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
    verdict::keys(world, forecast)
}

/// Every point of every store, read back through the steps' own eyes; answers what each holds.
pub(super) async fn read_all(world: &World, forecast: &Forecast) -> BTreeMap<PointPlace, String> {
    verdict::read_all(world, forecast, &|_, _, _| false).await.unwrap()
}

/// Nothing is left of what was not finished.
pub(super) fn assert_no_leftovers(world: &World, forecast: &Forecast, but_whole: bool) {
    assert_eq!(verdict::no_leftovers(world, forecast, but_whole), Ok(()));
}

/// The outcome says of each step what its ties allow, and the exit status says the worst of it.
pub(super) fn assert_consistent(outcome: &Outcome) {
    assert_eq!(verdict::consistent(outcome), Ok(()));
}

/// What was deleted is what was forecast, or less, each omission named.
pub(super) fn assert_subset(outcome: &Outcome) {
    assert_eq!(verdict::subset(outcome), Ok(()));
}

/// What a restore made is what is at the source, and nothing else lies beside it.
pub(super) fn assert_restored(world: &World, pairs: &[(&str, &str)]) {
    let tree = world.tree();
    let below = |folder: &str| {
        let entry = |(path, meta): (PathBytes, Meta)| {
            let rest = path.as_bytes()[folder.len()..].to_vec();
            let content = (tree.content(path.as_bytes()), tree.extended(path.as_bytes()));
            (rest, meta.kind, meta.mode, (meta.uid, meta.gid), (meta.mtime_s, meta.mtime_ns), meta.links, content)
        };
        let kept = |path: &[u8], kind: EntryKind| !path.ends_with(b".tmp") && kind != EntryKind::Socket;
        let all = tree.everything(folder).into_iter().filter(|(path, meta)| kept(path.as_bytes(), meta.kind));
        all.map(entry).collect::<Vec<_>>()
    };
    for (source, restored) in pairs {
        assert_eq!(below(source), below(restored), "{restored} is not what was at {source}");
    }
    let stray = |path: &PathBytes| path.to_string().contains(".restoring-");
    let left: Vec<_> = tree.everything("/back").into_iter().map(|(path, _)| path).filter(stray).collect();
    assert!(left.is_empty(), "{left:?}");
}
