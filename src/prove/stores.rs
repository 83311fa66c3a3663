//! What restores wait for at the stores that they read.

use std::collections::BTreeMap;

use crate::plan::{Plan, Store};
use crate::primitives::{Duration, Name};

/// The place of a store among those that let only so many steps use them at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct StorePlace(usize);

/// The stores of a plan, and what of each target may come from them: of a target that has backups in several, any may be the one.
pub(super) struct Stores<'p> {
    /// Those that are limited, each with how many steps may use it at once.
    limited: Vec<(&'p Name, usize)>,
    /// Of each target, those that are limited.
    limits: BTreeMap<&'p Name, Vec<StorePlace>>,
    /// Of each target, the one that hands out what it holds slowest, where one does not at once.
    retrievals: BTreeMap<&'p Name, (&'p Name, Duration)>,
}

impl<'p> Stores<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        let most = |store: &'p Store| {
            Some((&store.name.value, usize::try_from(store.side_by_side.as_ref()?.value.get()).unwrap_or(usize::MAX)))
        };
        let limited: Vec<_> = plan.stores.iter().filter_map(most).collect();
        let places: BTreeMap<_, _> =
            limited.iter().enumerate().map(|(place, (name, _))| (*name, StorePlace(place))).collect();
        let retrieval = |store: &'p Store| Some((&store.name.value, store.retrieval()?));
        let cold: BTreeMap<_, _> = plan.stores.iter().filter_map(retrieval).collect();
        let (mut limits, mut retrievals) = (BTreeMap::new(), BTreeMap::new());
        for target in &plan.targets {
            let from = || target.backups.iter().filter_map(|backup| Some(&backup.store()?.value));
            let mut limited: Vec<StorePlace> = from().filter_map(|store| places.get(store).copied()).collect();
            limited.sort_unstable();
            limited.dedup();
            limits.entry(&target.name.value).or_insert(limited);
            let slowest = from().filter_map(|store| cold.get_key_value(store)).max_by_key(|(_, takes)| **takes);
            if let Some((store, takes)) = slowest {
                retrievals.entry(&target.name.value).or_insert((*store, *takes));
            }
        }
        Self { limited, limits, retrievals }
    }

    /// How many are limited.
    pub(super) fn how_many_limited(&self) -> u64 {
        self.limited.len() as u64
    }

    /// Whether any is limited.
    pub(super) fn any_limited(&self) -> bool {
        !self.limited.is_empty()
    }

    /// The limited stores that a target may come from.
    pub(super) fn limited(&self, target: &Name) -> impl Iterator<Item = &StorePlace> {
        self.limits.get(target).into_iter().flatten()
    }

    /// How many steps may use one at once.
    pub(super) fn most(&self, store: StorePlace) -> usize {
        self.limited.get(store.0).map_or(usize::MAX, |(_, most)| *most)
    }

    /// What the plan calls one.
    pub(super) fn name(&self, store: StorePlace) -> &'p Name {
        self.limited[store.0].0
    }

    /// The store from which a target may have to be retrieved first, and how long its provider says that this takes.
    pub(super) fn retrieval(&self, target: &Name) -> Option<(&'p Name, Duration)> {
        self.retrievals.get(target).copied()
    }
}
