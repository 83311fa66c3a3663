//! What happened in a rehearsed run, line by line, and which faults struck which steps.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::{FaultKind, Law, Pairs, StepKind};
use crate::fakes::{Call, Edge, Struck, World};
use crate::forecast::Forecast;
use crate::ports::Fault;
use crate::primitives::StepId;
use crate::run::{Entry, Record, Watch, performing};

/// What is taken down of a run while it goes on. Clones are the same tale.
#[derive(Debug, Clone, Default)]
pub struct Tale(Arc<Mutex<Told>>);

/// What was taken down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Line by line.
    pub lines: Vec<String>,
    /// Which faults struck which steps, how often.
    pub pairs: Pairs,
    /// Which faults came, wherever they struck.
    pub faults: BTreeSet<FaultKind>,
}

impl Tale {
    /// What was taken down so far.
    pub fn told(&self) -> Told {
        self.now().clone()
    }

    fn now(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn line(&self, line: impl Into<String>) {
        self.now().lines.push(line.into());
    }

    /// A fault that strikes these steps.
    pub(super) fn struck(&self, fault: FaultKind, steps: impl IntoIterator<Item = StepKind>) {
        let mut now = self.now();
        now.faults.insert(fault);
        for step in steps {
            *now.pairs.entry((fault, step)).or_default() += 1;
        }
    }

    /// From now on, what strikes a call of the world is taken down. A death strikes whatever is being performed; anything else the step
    /// that makes the call.
    pub(super) fn look_on(&self, world: &World, forecast: &Forecast, law: &Arc<Law>) {
        let (tale, law) = (self.clone(), Arc::downgrade(law));
        let kinds: Vec<(StepKind, String)> =
            forecast.steps.iter().map(|step| (StepKind::of(&step.action), step.name.to_string())).collect();
        world.look_on(move |call, struck| tale.call(call, struck, &kinds, &law));
    }

    fn call(&self, call: &Call, struck: Struck, kinds: &[(StepKind, String)], law: &Weak<Law>) {
        let fault = FaultKind::of(struck);
        let by = performing().and_then(|step: StepId| kinds.get(step.index()));
        let what = format!("{} {}", call.op, call.key);
        match struck {
            Struck::Death(edge) => {
                let running = law.upgrade().map(|law| law.running()).unwrap_or_default();
                self.struck(fault, running);
                let edge = if edge == Edge::Before { "before" } else { "after" };
                self.line(format!("the host dies {edge} {}", what.trim_end()));
            }
            Struck::By(_) => {
                self.struck(fault, by.map(|(kind, _)| *kind));
                let who = by.map_or_else(String::new, |(_, name)| format!("{name}: "));
                self.line(format!("{who}{}: {}", what.trim_end(), fault.words()));
            }
        }
    }
}

/// Watches a run for its tale.
impl Watch for Tale {
    fn entry(&self, forecast: &Forecast, entry: &Entry) {
        let name = |step: &StepId| &forecast.step(*step).name;
        let failed = |fault: &Fault, again: bool| {
            let next = if again { ", and is tried again" } else { "" };
            format!("fails{next}: {fault}")
        };
        let line = match &entry.record {
            Record::Forecast { .. } => format!("run {} begins", forecast.run),
            Record::Started { step, attempt } => format!("{} begins, attempt {attempt}", name(step)),
            Record::Finished { step, output } => match output.suspension() {
                Some(_) => format!("{} is done, and a guard suspended deletions", name(step)),
                None => format!("{} is done", name(step)),
            },
            Record::Failed { step, fault, again } => format!("{} {}", name(step), failed(fault, *again)),
            Record::Waits { step, fault } => format!("{} waits for a person: {fault}", name(step)),
            Record::Decided { step, again: true } => format!("somebody says that {} is to be done again", name(step)),
            Record::Decided { step, again: false } => format!("somebody says that {} was done", name(step)),
            Record::Interrupted => "the run is interrupted".into(),
            Record::Resumed => "the run is resumed".into(),
            Record::Ended { end } => format!("the run ends with exit status {}", end.exit().code()),
        };
        self.line(line);
    }
}
