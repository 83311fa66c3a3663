//! Floor 6: a plan compiled to a DAG of typed steps.
//!
//! Unaware of the world and of the time: it says what is done and in what order, not with which names and
//! sizes. Alone names `petgraph`. Invariant: steps stand in a deterministic topological order (ties by the plan's own order), every input is
//! an output that an earlier step produces, and a step's name depends on the plan alone.

mod argument;
mod build;
mod cycle;
mod database;
mod launch;
mod order;
mod release;
mod size;
mod slice;
mod step;
mod undriven;

pub use argument::{Argument, argument_line};
pub use build::{TIMEOUT_DEFAULT, compile};
pub use database::{DatabaseKept, DatabaseStep, RECOVERED, WantedBackups};
pub use launch::{LAUNCHED, LaunchStep};
pub use release::{ReleaseSource, release_place};
pub use slice::Slice;
pub use step::{Dependency, Effect, Output, OutputKind, ProbeCheck, SqlCheck, Step, StepKind};
pub use undriven::{Driver, Undriven};

use std::collections::{BTreeMap, BTreeSet};

use crate::ports::DatabaseName;
use crate::primitives::{HostPath, JobName, Name, StepId};

/// Steps in the order they would run one by one.
#[derive(Debug, Clone)]
pub struct Graph {
    steps: Vec<Step>,
}

impl Graph {
    /// All steps, each after what it depends on.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The step of an id of this graph.
    pub fn step(&self, id: StepId) -> &Step {
        &self.steps[id.index()]
    }

    /// The part of the graph that backs up these jobs. A tie to a job that is not chosen is no tie.
    pub fn of_jobs(&self, jobs: &BTreeSet<JobName>) -> Self {
        self.keep(|step| step.kind.job().is_some_and(|job| jobs.contains(job)))
    }

    /// The part of the graph that is this restore.
    pub fn of_restore(&self, restore: &Name) -> Self {
        self.keep(|step| step.kind.restore() == Some(restore))
    }

    /// The part of the graph that is this slice.
    pub fn of_slice(&self, slice: &Slice) -> Self {
        self.keep(|step| step.kind.slice() == *slice)
    }

    /// The slices of it that this version cannot carry out, each with what it has no driver for.
    pub fn lacking(&self) -> BTreeMap<Slice, BTreeSet<Driver>> {
        let mut lacking: BTreeMap<Slice, BTreeSet<Driver>> = BTreeMap::new();
        for step in &self.steps {
            if let Some(driver) = step.lacks {
                lacking.entry(step.kind.slice()).or_default().insert(driver);
            }
        }
        lacking
    }

    /// The databases that it makes and those that it puts out of service.
    pub fn databases(&self) -> impl Iterator<Item = &DatabaseName> {
        self.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Database(step) => match &**step {
                DatabaseStep::Recover { into, .. } => Some(into),
                DatabaseStep::Switch { database, .. } => Some(database),
                _ => None,
            },
            _ => None,
        })
    }

    /// The graph without these slices.
    #[must_use]
    pub fn without(&self, slices: &BTreeSet<Slice>) -> Self {
        self.keep(|step| !slices.contains(&step.kind.slice()))
    }

    /// What of a restore puts something beside, without all that concerns the service itself: for a restore of one path, or into another
    /// folder than the plan's. What came after a step that is left out comes after what that step came after. Of `probes`, those stay that
    /// look at this host.
    #[must_use]
    pub fn beside(&self, probes: bool) -> Self {
        let is_out = |step: &Step| match &step.kind {
            StepKind::Probe { how: ProbeCheck::Path(_) | ProbeCheck::Command(_), .. } => !probes,
            StepKind::Probe { .. }
            | StepKind::Approve { .. }
            | StepKind::Command { .. }
            | StepKind::Switch { .. }
            | StepKind::Deploy { .. }
            | StepKind::Launch(_) => true,
            _ => false,
        };
        let mut steps: Vec<Step> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let mut after: BTreeMap<StepId, Dependency> = BTreeMap::new();
            for tie in &step.after {
                // An earlier step's ties lead past probes already.
                let on = &steps[tie.on.index()];
                if is_out(on) {
                    after.extend(on.after.iter().map(|tie| (tie.on, *tie)));
                } else {
                    after.insert(tie.on, *tie);
                }
            }
            steps.push(Step { after: after.into_values().collect(), ..step.clone() });
        }
        Self { steps }.keep(|step| !is_out(step))
    }

    /// The folders that its steps make, absolute, in their order; of a release, what its folder is called after.
    pub fn destinations(&self) -> Vec<HostPath> {
        let into = self.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Recover { into, .. } => Some(into.clone()),
            StepKind::Deploy { into, target, .. } => Some(release_place(into, target)),
            _ => None,
        });
        into.collect()
    }

    /// The jobs whose points its steps may read to recover them, each with its store.
    pub fn recovered(&self) -> Vec<(JobName, Name)> {
        let jobs = self.steps.iter().filter_map(|step| match &step.kind {
            StepKind::Recover { jobs, .. } => Some(jobs.as_slice()),
            _ => None,
        });
        jobs.flatten().cloned().collect()
    }

    /// The steps that `chosen` keeps, renumbered; ties to others are dropped.
    fn keep(&self, chosen: impl Fn(&Step) -> bool) -> Self {
        let kept: Vec<&Step> = self.steps.iter().filter(|step| chosen(step)).collect();
        let mut new_ids = vec![None; self.steps.len()];
        for (new, step) in kept.iter().enumerate() {
            new_ids[step.id.index()] = u32::try_from(new).ok().map(StepId);
        }
        let new_id = |old: StepId| new_ids.get(old.index()).copied().flatten();
        let steps = kept.into_iter().map(|step| step.clone().renumbered(&new_id)).collect();
        order::assert_sound(Self { steps })
    }
}
