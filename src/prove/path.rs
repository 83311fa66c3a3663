//! The longest path through the steps of a restore.

use std::collections::{BTreeMap, BTreeSet};

use super::promise::{Leg, Path};
use crate::plan::{Included, Plan, Recover, Restore, RestoreStep};
use crate::primitives::{Duration, Name, Span};

/// The stores of a plan that let only so many steps use them at once.
pub(super) struct Limits<'p> {
    /// Each with how many.
    stores: Vec<(&'p Name, usize)>,
    /// Of each target, those that it may come from, by their places in `stores`.
    of_target: BTreeMap<&'p Name, BTreeSet<usize>>,
    /// The restores by name, for those that hold others.
    restores: BTreeMap<&'p Name, &'p Restore>,
}

impl<'p> Limits<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        let limit = |limit: u32| usize::try_from(limit).unwrap_or(usize::MAX);
        let limited = plan.stores.iter().filter_map(|store| Some((store, store.side_by_side.as_ref()?.value.get())));
        let stores: Vec<_> = limited.map(|(store, most)| (&store.name.value, limit(most))).collect();
        let places: BTreeMap<_, _> = stores.iter().enumerate().map(|(place, (name, _))| (*name, place)).collect();
        let mut of_target = BTreeMap::new();
        for target in &plan.targets {
            let from = target.backups.iter().filter_map(|backup| places.get(&backup.store()?.value).copied());
            of_target.entry(&target.name.value).or_insert_with(|| from.collect());
        }
        let restores = plan.restores.iter().map(|restore| (&restore.name.value, restore)).collect();
        Self { stores, of_target, restores }
    }

    /// The longest path of steps that run one after the other, or the places of those without `takes`.
    pub(super) fn longest(&self, steps: &'p [RestoreStep]) -> Result<Path, Vec<Span>> {
        let mut missing = vec![];
        self.without_takes(steps, &mut missing);
        if missing.is_empty() { Ok(Path::new(self.sequence(steps).steps.into_iter().map(leg))) } else { Err(missing) }
    }

    fn sequence(&self, steps: &'p [RestoreStep]) -> Line<'p> {
        let mut line = Line::default();
        steps.iter().for_each(|step| line.extend(self.line(step)));
        line
    }

    fn line(&self, step: &'p RestoreStep) -> Line<'p> {
        match step {
            RestoreStep::Parallel(steps) => {
                let lines = steps.iter().map(|step| self.line(step));
                lines.chain(self.queues(steps)).fold(Line::default(), Line::longer)
            }
            RestoreStep::Restore(included) => {
                self.held(included).map_or_else(Line::default, |held| self.sequence(held))
            }
            single => Line { seconds: seconds(single), steps: vec![single] },
        }
    }

    /// The steps of a restore that another holds. No restore holds itself, which was looked for before.
    fn held(&self, included: &Included) -> Option<&'p [RestoreStep]> {
        self.restores.get(&included.restore.value).map(|restore| restore.steps.as_slice())
    }

    /// What is recovered, however deep, in source order.
    fn recoveries(&self, steps: &'p [RestoreStep], found: &mut Vec<(&'p RestoreStep, &'p Recover)>) {
        for step in steps {
            match step {
                RestoreStep::Recover(recover) => found.push((step, recover)),
                RestoreStep::Parallel(steps) => self.recoveries(steps, found),
                RestoreStep::Restore(included) => self.recoveries(self.held(included).unwrap_or_default(), found),
                _ => {}
            }
        }
    }

    /// The steps that do not say how long they take, in source order.
    fn without_takes(&self, steps: &'p [RestoreStep], missing: &mut Vec<Span>) {
        for step in steps {
            match step {
                RestoreStep::Parallel(steps) => self.without_takes(steps, missing),
                RestoreStep::Restore(included) => self.without_takes(self.held(included).unwrap_or_default(), missing),
                single => missing.extend(single.takes().is_none().then(|| single.span())),
            }
        }
    }

    /// The longest of the queues before each store that the plan limits, when these steps are begun side by side. Of a target that has backups in
    /// several stores, any of them may be the one. As steps are begun in source order where there is room, a step that is quicker than it says
    /// makes no queue longer.
    fn queues(&self, steps: &'p [RestoreStep]) -> Vec<Line<'p>> {
        let mut waiting: BTreeMap<usize, Vec<&'p RestoreStep>> = BTreeMap::new();
        let mut recoveries = vec![];
        self.recoveries(steps, &mut recoveries);
        for (step, recover) in recoveries {
            for store in self.of_target.get(&recover.target.value).into_iter().flatten() {
                waiting.entry(*store).or_default().push(step);
            }
        }
        let queue = |(store, waiting): (usize, Vec<&'p RestoreStep>)| {
            let most = self.stores.get(store).map_or(usize::MAX, |(_, most)| *most);
            let mut queues = vec![Line::default(); most.min(waiting.len())];
            for step in waiting {
                if let Some(shortest) = queues.iter_mut().min_by_key(|line| line.seconds) {
                    shortest.extend(Line { seconds: seconds(step), steps: vec![step] });
                }
            }
            queues.into_iter().fold(Line::default(), Line::longer)
        };
        waiting.into_iter().map(queue).collect()
    }
}

/// Steps that run one after the other, none of them a `parallel`.
#[derive(Debug, Clone, Default)]
struct Line<'p> {
    seconds: u64,
    steps: Vec<&'p RestoreStep>,
}

impl Line<'_> {
    fn extend(&mut self, behind: Self) {
        self.seconds = self.seconds.saturating_add(behind.seconds);
        self.steps.extend(behind.steps);
    }

    /// The longer of two; of equals the first, unless it has no step.
    fn longer(self, other: Self) -> Self {
        if other.seconds > self.seconds || self.steps.is_empty() { other } else { self }
    }
}

fn seconds(step: &RestoreStep) -> u64 {
    step.takes().map_or(0, |takes| takes.value.seconds)
}

fn leg(step: &RestoreStep) -> Leg {
    Leg { step: step.title(), takes: Duration::from_seconds(seconds(step)), span: step.span() }
}
