//! When the runs of a plan's jobs begin and how long they may go on, by their schedules, their `takes` and their ties.
//!
//! Unaware of what is promised and of which hosts there are. Invariant: jobs of one kind have the very same runs, so that whatever is shown
//! of one holds for all; a kind's ties lead to kinds before it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;

use super::rhythms::{RhythmId, Rhythms};
use crate::calendar::{Gaps, Occurrences};
use crate::graph::TIMEOUT_DEFAULT;
use crate::plan::{Backup, Plan, Target};
use crate::primitives::{JobName, Name, Spanned};

/// How many ties one behind the other are followed for the very slot; further back, the longest that there may be is taken.
const TIES_DEEP: usize = 32;

/// What jobs with the very same runs have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Kind {
    rhythm: RhythmId,
    /// How long a run may go on, in seconds.
    length: i64,
    /// The kinds that come first where they are due at the same time.
    behind: Vec<usize>,
}

/// The runs of all scheduled jobs of a plan.
pub(super) struct Runs<'p> {
    rhythms: RefCell<Rhythms>,
    /// The times of each kind.
    times: Vec<Occurrences>,
    kinds: Vec<Kind>,
    /// Of each kind, how long its runs wait at most, in seconds.
    waits_max: Vec<i64>,
    of_job: BTreeMap<(&'p Name, &'p Name), usize>,
}

impl<'p> Runs<'p> {
    pub(super) fn new(plan: &'p Plan, mut rhythms: Rhythms) -> Self {
        let none = || (vec![], vec![], vec![], BTreeMap::new());
        let (times, kinds, waits_max, of_job) = none();
        let mut runs = Self { rhythms: RefCell::default(), times, kinds, waits_max, of_job };
        let mut known: HashMap<Kind, usize> = HashMap::new();
        let targets: HashMap<&Name, &Target> = plan.targets.iter().map(|target| (&target.name.value, target)).collect();
        for (target, backup) in in_order(plan) {
            let Some(rhythm) = backup.schedule.as_ref().and_then(|schedule| rhythms.of(schedule).ok()) else {
                continue;
            };
            let is_beside =
                |tie: &&Spanned<JobName>| targets.get(&tie.value.target).is_some_and(|other| is_beside(target, other));
            let ties = backup.after.iter().filter(is_beside);
            let mut behind: Vec<usize> = ties.filter_map(|tie| runs.kind(&tie.value)).collect();
            behind.sort_unstable();
            behind.dedup();
            let kind = Kind { rhythm, length: length(backup), behind };
            let kind = *known.entry(kind).or_insert_with_key(|kind| runs.add(kind.clone(), rhythms.times(rhythm)));
            runs.of_job.insert((&target.name.value, &backup.name.value), kind);
        }
        runs.rhythms = RefCell::new(rhythms);
        runs
    }

    fn add(&mut self, kind: Kind, times: &Occurrences) -> usize {
        self.times.push(times.clone());
        let longest = kind.behind.iter().map(|before| self.waits_max[*before].saturating_add(self.length(*before)));
        self.waits_max.push(longest.max().unwrap_or(0));
        self.kinds.push(kind);
        self.kinds.len() - 1
    }

    /// The kind of a job, where it is there and has a schedule.
    pub(super) fn kind(&self, job: &JobName) -> Option<usize> {
        self.of_job.get(&(&job.target, &job.backup)).copied()
    }

    /// The kind of a backup, where it has a schedule.
    pub(super) fn kind_of(&self, target: &Target, backup: &Backup) -> Option<usize> {
        self.of_job.get(&(&target.name.value, &backup.name.value)).copied()
    }

    /// When a kind is due.
    pub(super) fn times(&self, kind: usize) -> &Occurrences {
        &self.times[kind]
    }

    /// Its gaps in the window; none where it comes round less than twice.
    pub(super) fn gaps(&self, kind: usize) -> Option<Gaps> {
        self.rhythms.borrow_mut().gaps(self.kinds[kind].rhythm)
    }

    /// Whether two kinds are due at the very same times.
    pub(super) fn same_times(&self, a: usize, b: usize) -> bool {
        self.kinds[a].rhythm == self.kinds[b].rhythm
    }

    /// How long a run of a kind may go on, in seconds.
    pub(super) fn length(&self, kind: usize) -> i64 {
        self.kinds[kind].length
    }

    /// How long any run of a kind may wait for those that come first, in seconds.
    pub(super) fn wait_max(&self, kind: usize) -> i64 {
        self.waits_max[kind]
    }

    /// How long the run of a slot may wait for those that come first and are due at the same second, in seconds.
    pub(super) fn wait(&self, kind: usize, slot: i64) -> i64 {
        if self.waits_max[kind] == 0 {
            return 0;
        }
        self.wait_known(kind, slot, TIES_DEEP, &mut HashMap::new())
    }

    fn wait_known(&self, kind: usize, slot: i64, deep: usize, known: &mut HashMap<usize, i64>) -> i64 {
        if deep == 0 {
            return self.waits_max[kind];
        }
        if let Some(wait) = known.get(&kind) {
            return *wait;
        }
        let mut wait = 0;
        for before in self.kinds[kind].behind.iter().copied() {
            if self.same_times(before, kind) || self.is_due(before, slot) {
                let waits = self.wait_known(before, slot, deep - 1, known);
                wait = wait.max(waits.saturating_add(self.length(before)));
            }
        }
        known.insert(kind, wait);
        wait
    }

    /// Whether a kind is due at that second.
    fn is_due(&self, kind: usize, second: i64) -> bool {
        let last = Timestamp::from_second(second).ok().and_then(|at| self.times(kind).last_at_or_before(at));
        last.is_some_and(|last| last.as_second() == second)
    }
}

/// Whether two targets are backed up on the same host somewhere, so that their jobs may be of one run.
fn is_beside(target: &Target, other: &Target) -> bool {
    target.hosts.is_empty() || other.hosts.is_empty() || target.hosts.iter().any(|host| other.is_of(&host.value))
}

/// How long a run goes on at most: `takes`, or until it is given up.
pub(super) fn length(backup: &Backup) -> i64 {
    let most = backup.takes.as_ref().or(backup.timeout.as_ref()).map_or(TIMEOUT_DEFAULT, |most| most.value);
    i64::try_from(most.seconds).unwrap_or(i64::MAX / 4)
}

/// All backups, each behind those that it is tied behind; what is tied in a circle is left out.
fn in_order(plan: &Plan) -> Vec<(&Target, &Backup)> {
    let all: Vec<(&Target, &Backup)> = plan.backups().collect();
    let places: BTreeMap<(&Name, &Name), usize> =
        all.iter().enumerate().map(|(at, (target, backup))| ((&target.name.value, &backup.name.value), at)).collect();
    let mut waiting = vec![0_usize; all.len()];
    let mut followers = vec![vec![]; all.len()];
    for (at, (_, backup)) in all.iter().enumerate() {
        for before in backup.after.iter().filter_map(|tie| places.get(&(&tie.value.target, &tie.value.backup))) {
            waiting[at] += 1;
            followers[*before].push(at);
        }
    }
    let mut order: Vec<usize> = (0..all.len()).filter(|at| waiting[*at] == 0).collect();
    let mut next = 0;
    while let Some(at) = order.get(next).copied() {
        next += 1;
        for follower in &followers[at] {
            waiting[*follower] -= 1;
            if waiting[*follower] == 0 {
                order.push(*follower);
            }
        }
    }
    order.into_iter().map(|at| all[at]).collect()
}
