//! The decision, job by job.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::{Failed, History, JobHistory, delay, mark};
use crate::calendar::{self, Occurrences};
use crate::catalog::{FirstSeen, ScheduleMark};
use crate::plan::{Backup, Plan, Schedule, Source, Target};
use crate::ports::{Cause, Fault};
use crate::primitives::{JobName, Name, PathBytes, Slot};

/// So many missed slots are counted; where there are more, that is said.
const COUNTED_MAX: u64 = 1000;
/// So many of them are named, the newest.
const NAMED_MAX: usize = 10;

/// What is due of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Due {
    /// The plan.
    pub plan: Name,
    /// On which host.
    pub host: Name,
    /// As of when.
    pub at: Timestamp,
    /// The zone in which times are shown.
    pub timezone: String,
    /// Every job, in the plan's order.
    pub jobs: Vec<JobDue>,
}

impl Due {
    /// The jobs that are due, with their slots.
    pub fn slots(&self) -> impl Iterator<Item = (&JobName, Slot)> {
        self.jobs.iter().filter_map(|of| match of.verdict {
            Verdict::Due { slot, .. } => Some((&of.job, slot)),
            _ => None,
        })
    }
}

/// What is to be said of one job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct JobDue {
    /// The job.
    pub job: JobName,
    /// Its schedule in words; none where it has none.
    pub schedule: Option<String>,
    /// Whether it is due, and why.
    pub verdict: Verdict,
    /// What was missed, and is caught up by the slot that is due or waits.
    pub missed: Missed,
    /// When the schedule comes round next; none where it never does, or there is none.
    pub next: Option<Timestamp>,
    /// Jobs that a store has points of, that the plan has not, and that are of the same target or the same folders: it may be one of
    /// them under another name. Their history is not this job's. Told only while the job has no points of its own.
    pub resembles: Vec<JobName>,
}

/// Whether a job is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "is")]
pub enum Verdict {
    /// It has no schedule: it is run by name.
    Unscheduled,
    /// Its store cannot say what was done.
    Unknown {
        /// Why.
        fault: Fault,
    },
    /// It is seen for the first time with this schedule: a record is to be written, and what falls later will be due.
    New {
        /// What is new.
        news: News,
    },
    /// Nothing is due.
    Idle {
        /// The newest slot that came; none where none came since the job was first seen.
        done: Option<Slot>,
    },
    /// A run of it is under way.
    Running {
        /// The slot that would be due else.
        slot: Option<Slot>,
    },
    /// Its slot failed, and it is not yet time to try again.
    Waiting {
        /// The slot.
        slot: Slot,
        /// How often it failed.
        failures: u32,
        /// Until when.
        until: Timestamp,
    },
    /// It is due.
    Due {
        /// For which slot.
        slot: Slot,
        /// How often that failed.
        failures: u32,
    },
}

/// What is new about a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum News {
    /// The job.
    Job,
    /// Its schedule.
    Schedule,
}

/// Slots that came and were never done.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
pub struct Missed {
    /// How many.
    pub count: u64,
    /// Whether there are more than were counted.
    pub more: bool,
    /// The newest of them, newest first.
    pub newest: Vec<Slot>,
}

/// The oldest slot of which a history must know whether it was done, so that it can be said whether anything is due; none for a job without
/// a schedule, or before its first time.
pub fn since_slot(schedule: &Schedule, now: Timestamp) -> Option<Slot> {
    let times = Occurrences::of(schedule).ok()?;
    times.last_at_or_before(now).map(Slot::new)
}

/// What is due. `base` is the absolute folder that the plan's relative paths are relative to.
pub fn due(plan: &Plan, base: &PathBytes, history: &History, now: Timestamp) -> Due {
    let of_target = |target: &'_ Target| -> Vec<JobDue> {
        target.backups.iter().map(|backup| job(target, backup, base, history, now)).collect()
    };
    Due {
        plan: plan.name.value.clone(),
        host: history.host.clone(),
        at: now,
        timezone: plan.timezone.value.clone(),
        jobs: plan.targets.iter().flat_map(of_target).collect(),
    }
}

fn job(target: &Target, backup: &Backup, base: &PathBytes, history: &History, now: Timestamp) -> JobDue {
    let job = target.job(backup);
    let mut of = JobDue {
        job: job.clone(),
        schedule: backup.due().as_deref().map(calendar::describe),
        verdict: Verdict::Unscheduled,
        missed: Missed::default(),
        next: None,
        resembles: vec![],
    };
    let Some(schedule) = backup.due() else { return of };
    let times = match Occurrences::of(&schedule) {
        Ok(times) => times,
        // `check` lets none pass.
        Err(bad) => {
            let fault = Fault::permanent(Cause::Invalid, format!("read the schedule of {job}"), bad.problem);
            return JobDue { verdict: Verdict::Unknown { fault }, ..of };
        }
    };
    of.next = times.after(now).next();
    let nothing = JobHistory::default();
    let past = match history.jobs.get(&job) {
        None => &nothing,
        Some(Ok(past)) => past,
        Some(Err(fault)) => return JobDue { verdict: Verdict::Unknown { fault: fault.clone() }, ..of },
    };
    if past.done.is_empty() {
        of.resembles = resembles(target, base, history);
    }
    match since(&past.first_seen, mark(&schedule), now) {
        Err(news) => of.verdict = Verdict::New { news },
        Ok(since) => {
            let open = Open { times: &times, past, since, next: of.next };
            (of.verdict, of.missed) = open.decide(&history.host, &job, now);
        }
    }
    of
}

/// Since when a job has this schedule, as its records have it. A record from the future is of a clock that was wrong, and counts for nothing
/// until then.
///
/// # Errors
/// What is new, where they do not say.
pub fn since(records: &[FirstSeen], schedule: ScheduleMark, now: Timestamp) -> Result<Timestamp, News> {
    let mut past: Vec<&FirstSeen> = records.iter().filter(|record| record.at.time() <= now).collect();
    past.sort_unstable();
    // The same schedule as before the last one is new again.
    let of_this = past.iter().rev().take_while(|record| record.schedule == schedule);
    match (of_this.last(), past.is_empty()) {
        (Some(first), _) => Ok(first.at.time()),
        (None, true) => Err(News::Job),
        (None, false) => Err(News::Schedule),
    }
}

/// A job that was seen before.
struct Open<'a> {
    times: &'a Occurrences,
    past: &'a JobHistory,
    since: Timestamp,
    next: Option<Timestamp>,
}

impl Open<'_> {
    fn decide(&self, host: &Name, job: &JobName, now: Timestamp) -> (Verdict, Missed) {
        let newest = self.times.last_at_or_before(now).filter(|time| *time > self.since);
        let open = newest.filter(|time| !self.is_consumed(*time)).map(Slot::new);
        if self.past.running {
            return (Verdict::Running { slot: open }, Missed::default());
        }
        let Some(slot) = open else { return (Verdict::Idle { done: newest.map(Slot::new) }, Missed::default()) };
        (self.attempt(slot, host, job, now), self.missed(slot))
    }

    /// Whether the newest slot that came was done. So it was where the *next* one was done already: the clock was set back since, and the
    /// point of the newest may have been let go meanwhile.
    fn is_consumed(&self, time: Timestamp) -> bool {
        let is_done = |time: Timestamp| self.past.done.contains(&Slot::new(time));
        is_done(time) || self.next.is_some_and(is_done)
    }

    fn attempt(&self, slot: Slot, host: &Name, job: &JobName, now: Timestamp) -> Verdict {
        // A failure from the future is of a clock that was wrong: it tells how often, and not since when.
        let of_slot = || self.past.failed.iter().filter(|failed| failed.slot == slot);
        let failures = u32::try_from(of_slot().count()).unwrap_or(u32::MAX);
        let last = of_slot().map(|Failed { at, .. }| *at).filter(|at| *at <= now).max();
        let until = last.and_then(|last| {
            let wait = SignedDuration::try_from(delay(failures, host, job, slot)).ok()?;
            last.checked_add(wait).ok()
        });
        match until {
            Some(until) if now < until => Verdict::Waiting { slot, failures, until },
            _ => Verdict::Due { slot, failures },
        }
    }

    /// What came before `slot`, back to what was done last or to when the job was first seen.
    fn missed(&self, slot: Slot) -> Missed {
        let mut missed = Missed::default();
        let mut later = slot.time();
        loop {
            let before = later.checked_sub(SignedDuration::from_secs(1)).ok();
            let Some(time) = before.and_then(|before| self.times.last_at_or_before(before)) else { return missed };
            if time <= self.since || self.past.done.contains(&Slot::new(time)) {
                return missed;
            }
            if missed.count == COUNTED_MAX {
                missed.more = true;
                return missed;
            }
            missed.count += 1;
            if missed.newest.len() < NAMED_MAX {
                missed.newest.push(Slot::new(time));
            }
            later = time;
        }
    }
}

/// The jobs that the plan has not, and that are of the same target, or of a folder of the same path.
fn resembles(target: &Target, base: &PathBytes, history: &History) -> Vec<JobName> {
    let roots: Vec<PathBytes> = match target.source.as_ref().and_then(Source::files) {
        Some(files) => files.roots.iter().map(|root| PathBytes::new(root.value.as_bytes()).absolute(base)).collect(),
        None => vec![],
    };
    let alike = history.strangers.iter().filter(|stranger| {
        stranger.job.target == target.name.value || stranger.roots.iter().any(|root| roots.contains(root))
    });
    alike.map(|stranger| stranger.job.clone()).collect()
}
