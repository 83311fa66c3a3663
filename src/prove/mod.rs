//! Floor 7: what a plan promises, held against its schedules and its restores.
//!
//! Unaware of the world: no clock is asked and nothing is measured, so that a proof is the same whenever and wherever it is made.
//! Invariant: a promise is in [`Proofs`] only where it was shown to hold; any other has its diagnostic.

mod any_point;
mod apart;
mod collisions;
mod compile;
mod custody;
mod detection;
mod keeps;
mod lives;
mod locks;
mod newest;
mod path;
mod promise;
mod reach;
mod recovered;
mod rhythms;
mod rpo;
mod rto;
mod runs;
mod skew;
mod stores;
#[cfg(test)]
mod tests;
mod waits;

pub use apart::Apart;
pub use compile::{Compiled, Lowered, compile, lowered};
pub use custody::{Custody, OfDay};
pub use keeps::{AnyPoint, Chain, Detection, LeastReach, Reach, Sight, Steady, Unseen};
pub use promise::{
    CopyLoss, Evidence, Kind, Lag, Leg, Loss, Path, Promise, Proofs, RestoreTime, Standing, StepTime, Subject, Wait,
    Window, listed,
};
pub use rhythms::WINDOW;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use crate::check::{CheckedPlan, Judged, apply_waivers};
use crate::diagnostic::{Diagnostic, Diagnostics, Severity};
use crate::graph::{Driver, Graph, Slice};
use crate::plan::Plan;
use crate::primitives::{JobName, Name, Span};

/// A plan whose promises hold, but for those that its waivers set aside, with the graph that carries it out.
#[derive(Debug, Clone)]
pub struct ProvenPlan {
    checked: CheckedPlan,
    graph: Graph,
    proofs: Proofs,
}

impl ProvenPlan {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        self.checked.plan()
    }

    /// Its steps.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// What it promises and keeps.
    pub fn proofs(&self) -> &Proofs {
        &self.proofs
    }

    /// The backups and restores that this version has drivers for; of the backups, those of `host`, where one is named. With them, what
    /// it cannot carry out.
    pub fn performable(&self, host: Option<&Name>) -> (Self, Lacking) {
        let lacking = self.graph.lacking();
        let elsewhere = |job: &JobName| {
            let target = self.plan().targets.iter().find(|target| target.name.value == job.target);
            host.zip(target).is_some_and(|(host, target)| !target.is_of(host))
        };
        let others = self.plan().job_names().filter(elsewhere).map(Slice::Job);
        let out: BTreeSet<Slice> = lacking.keys().cloned().chain(others).collect();
        let checked = self.checked.part(
            |job| !out.contains(&Slice::Job(job.clone())),
            |restore| !out.contains(&Slice::Restore(restore.clone())),
        );
        let lacking = lacking.into_iter().filter(|(slice, _)| !matches!(slice, Slice::Job(job) if elsewhere(job)));
        let lacking = lacking.collect();
        (Self { checked, graph: self.graph.without(&out), proofs: self.proofs.clone() }, lacking)
    }
}

/// What this version cannot carry out, and what it has no driver for.
pub type Lacking = BTreeMap<Slice, BTreeSet<Driver>>;

/// Proves a plan. `found` holds what earlier stages found; all of it is answered in source order, and what waivers set
/// aside on the day `today` by itself. There is no proven plan while an error stands.
pub fn prove(checked: CheckedPlan, graph: Graph, mut found: Diagnostics, today: Date) -> Compiled {
    let proofs = promises(checked.plan(), &mut found);
    let Judged { standing: diagnostics, waived } = apply_waivers(checked.plan(), found.into_sorted(), today);
    let stands = diagnostics.iter().all(|found| found.severity < Severity::Error);
    Compiled { diagnostics, waived, proven: stands.then_some(ProvenPlan { checked, graph, proofs }) }
}

/// Proves every objective of a plan that was checked, in source order; what cannot be proven, or is broken, is reported.
///
/// Of a plan that was not checked, names that lead nowhere only make promises unproven.
fn promises(plan: &Plan, out: &mut Diagnostics) -> Proofs {
    let (mut rhythms, mut proofs) = (rhythms::Rhythms::default(), Proofs::default());
    let (losses, ways, mut looks) = (rpo::Losses::new(plan), rto::Ways::new(plan), detection::Looks::new(plan));
    let locks = locks::Locks::new(plan);
    for target in &plan.targets {
        proofs.promises.extend(losses.of_target(target, &mut rhythms, out));
        proofs.promises.extend(ways.of_target(target, out));
        proofs.any_points.extend(any_point::of_target(plan, target, &mut rhythms, out));
        let reaches = target.backups.iter().filter_map(|backup| reach::of_backup(target, backup, &mut rhythms));
        proofs.reaches.extend(reaches);
        proofs.detections.extend(looks.of_target(target, &mut rhythms, out));
        locks.of_target(target, &mut rhythms, out);
    }
    let runs = runs::Runs::new(plan, rhythms);
    let mut skew = skew::Skew::new(plan, &runs);
    for restore in 0..plan.restores.len() {
        proofs.promises.extend(ways.of_restore(restore, out));
        proofs.promises.extend(skew.of_restore(restore, out));
    }
    proofs.restores = ways.times();
    let days = custody::Days::of(plan);
    let mut logs = custody::Logs::new(&runs, &days);
    proofs.custody = plan.targets.iter().filter_map(|target| logs.of_target(target, out)).collect();
    collisions::of_plan(plan, &runs, out);
    collisions::Looks::new(plan, &runs).of_plan(out);
    looks.of_plan(out);
    proofs
}

/// How many places one diagnostic of a proof has at most: beyond that, nobody reads on, and as many diagnostics may be about them.
const PLACES_MAX: usize = 50;

/// The same diagnostic with more places.
fn with_labels(found: Diagnostic, labels: impl IntoIterator<Item = (Span, String)>) -> Diagnostic {
    labels.into_iter().take(PLACES_MAX).fold(found, |found, (span, text)| found.also(span, text))
}
