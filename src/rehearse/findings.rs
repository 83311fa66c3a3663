//! What many seeds led to: which promises held under which faults.
//!
//! Unaware of how it is shown. Invariant: whatever order the stories come in, the findings are the same.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Broken, FaultKind, Invariant, Pairs, Smallest, Story, Subject};

/// How often a promise was asked of, and how often it held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Held {
    /// In so many seeds it was to hold.
    pub asked: u64,
    /// In so many it did.
    pub held: u64,
}

/// What the seeds with a kind of fault led to; or those in which nothing went wrong, or all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Row {
    /// In so many seeds it came.
    pub seeds: u64,
    /// How they ended: by the exit status that a caller would have seen. A run that gave up safely has another than 0.
    pub exits: BTreeMap<u8, u64>,
    /// How often each promise held.
    pub promises: BTreeMap<Invariant, Held>,
}

/// A promise that did not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Finding {
    /// What it is, and what happened.
    #[serde(flatten)]
    pub broken: Broken,
    /// The smallest seed that shows it.
    pub seed: u64,
    /// What was run.
    pub subject: String,
    /// What happened, line by line: in the smallest plan where one was looked for, else in the whole.
    pub story: Vec<String>,
    /// The smallest plan that shows it, where one was looked for.
    pub plan: Option<String>,
}

/// A rehearsal that is over.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Rehearsal {
    /// The plan's name.
    pub plan: String,
    /// So many seeds were to be lived through.
    pub wanted: u64,
    /// All that were.
    pub all: Row,
    /// By the faults that came in them; a seed with several is in several.
    pub faults: BTreeMap<FaultKind, Row>,
    /// How often each kind of fault struck each kind of step.
    #[serde(skip)]
    pub pairs: Pairs,
    /// The promises that did not hold, each once.
    pub findings: Vec<Finding>,
}

impl Rehearsal {
    /// Nothing was lived through yet.
    pub fn new(plan: impl Into<String>, wanted: u64) -> Self {
        Self { plan: plan.into(), wanted, ..Self::default() }
    }

    /// Takes a story in.
    pub fn take_in(&mut self, story: &Story) {
        self.all.take_in(story);
        for fault in &story.told.faults {
            self.faults.entry(*fault).or_default().take_in(story);
        }
        for (pair, times) in &story.told.pairs {
            *self.pairs.entry(*pair).or_default() += times;
        }
        let Some(broken) = &story.broken else { return };
        let finding = || Finding {
            broken: broken.clone(),
            seed: story.seed,
            subject: story.subject.to_string(),
            story: story.told.lines.clone(),
            plan: None,
        };
        match self.findings.iter_mut().find(|found| found.broken.invariant == broken.invariant) {
            Some(found) if found.seed > story.seed => *found = finding(),
            Some(_) => {}
            None => {
                self.findings.push(finding());
                self.findings.sort_by_key(|found| found.broken.invariant);
            }
        }
    }

    /// Whether all promises held in every seed.
    pub fn is_well(&self) -> bool {
        self.findings.is_empty()
    }
}

impl Row {
    fn take_in(&mut self, story: &Story) {
        self.seeds += 1;
        if let Some(exit) = story.exit() {
            *self.exits.entry(exit.code()).or_default() += 1;
        }
        for invariant in Invariant::ALL.into_iter().filter(|invariant| is_asked(*invariant, story)) {
            let held = self.promises.entry(invariant).or_default();
            held.asked += 1;
            held.held += u64::from(story.broken.as_ref().is_none_or(|broken| broken.invariant != invariant));
        }
    }
}

impl Finding {
    /// The same in its smallest plan.
    pub fn shrink_to(&mut self, smallest: Smallest) {
        if let Some(broken) = smallest.story.broken {
            self.broken = broken;
        }
        self.subject = smallest.story.subject.to_string();
        self.story = smallest.story.told.lines;
        self.plan = Some(smallest.plan);
    }
}

/// Whether a promise is one of what was run, and it came so far.
fn is_asked(invariant: Invariant, story: &Story) -> bool {
    let is_restore = matches!(story.subject, Subject::Restore(_));
    let broke = story.broken.as_ref().is_some_and(|broken| broken.invariant == invariant);
    match invariant {
        Invariant::Restored => is_restore && (story.compared || broke),
        Invariant::Resumed => broke || (!is_restore && story.compared),
        Invariant::Retention => !is_restore,
        Invariant::Forecast
        | Invariant::LastCopy
        | Invariant::Order
        | Invariant::Once
        | Invariant::Secret
        | Invariant::Recoverable
        | Invariant::Ends => true,
    }
}
