//! The index of what this host's runs did: rows, and the few questions that are asked of them.
//!
//! Unaware of journals and of what a row is made from. Invariant: an index only. Whatever is in it can be had again from journals and
//! stores, so that nothing is lost with it.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Fault;
use crate::primitives::{Duration, JobName, Name, PointId, RunId};

/// How a run ended, or a job's part of one; or that it did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RunEnd {
    /// It has not ended: it is under way, or was killed.
    Open,
    /// Somebody interrupted it.
    Interrupted,
    /// Every step is done.
    Complete,
    /// Every step is done, but a guard suspended a deletion.
    Suspended,
    /// Every step is done, but the lease was lost before all was deleted that was to be.
    LeaseLost,
    /// Every step is done, but not every file could be read whole.
    NotClean,
    /// Some steps failed.
    Failed,
}

/// How far a step came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepEnd {
    /// It was not begun, or was stopped.
    Waiting,
    /// It is under way, or its run was killed.
    Running,
    /// An attempt failed, and another comes.
    Pausing,
    /// It is done.
    Done,
    /// It failed.
    Failed,
    /// It was not begun, because another did not succeed.
    Skipped,
}

/// Whose points or runs: all that tells one job's from another's.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Series {
    /// The plan.
    pub plan: Name,
    /// The job.
    pub job: JobName,
    /// The host that is backed up.
    pub host: Name,
    /// Where the store is, as text: plans of one name may have stores of their own.
    pub place: String,
}

/// A run, as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct RunRow {
    /// Which.
    pub run: RunId,
    /// Of which plan.
    pub plan: Name,
    /// On which host.
    pub host: Name,
    /// The restore that it carries out; none where it is a backup, or takes a restore back.
    pub restore: Option<Name>,
    /// The run that it takes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub takes_back: Option<RunId>,
    /// Within how long all of that restore was to be done, where the plan said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub allowed: Option<Duration>,
    /// Whether only one path of what that restore brings back was asked for: how long it took says nothing of the whole.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub part: bool,
    /// When it was begun.
    pub began: Timestamp,
    /// When something happened last.
    pub last: Timestamp,
    /// How it ended.
    pub end: RunEnd,
    /// How many entries of its journal are in this.
    pub entries: u64,
    /// Bytes that it added to stores, or that it restored.
    pub bytes: u64,
}

/// A job's part of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct JobRow {
    /// Whose.
    #[serde(flatten)]
    pub series: Series,
    /// How it ended.
    pub end: RunEnd,
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct StepRow {
    /// Its place in the run.
    pub step: u32,
    /// Its name.
    pub name: String,
    /// How far it came.
    pub end: StepEnd,
    /// How long the plan expected it to take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub takes: Option<Duration>,
    /// How often it was begun.
    pub attempts: u32,
    /// When it was begun first.
    pub began: Option<Timestamp>,
    /// When its last attempt ended.
    pub ended: Option<Timestamp>,
    /// What went wrong last.
    pub fault: Option<String>,
}

impl StepRow {
    /// How long it took, where it ended: from when it was first begun, with all that was tried again and waited for.
    pub fn took(&self) -> Option<SignedDuration> {
        Some(self.ended?.duration_since(self.began?))
    }
}

/// How a recovery point came to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct PointMade {
    /// By which run.
    pub run: RunId,
    /// As of when its data is.
    pub moment: Timestamp,
    /// Whether every file was read whole.
    pub clean: bool,
    /// How many files it holds.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// The bytes that it takes in the store.
    pub stored: u64,
}

/// How a recovery point went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct PointGone {
    /// When, or when that was noticed.
    pub at: Timestamp,
    /// By which run; none where nobody knows.
    pub run: Option<RunId>,
    /// Why.
    pub why: String,
}

/// A recovery point. What was seen of it may be its end alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct PointRow {
    /// Whose.
    #[serde(flatten)]
    pub series: Series,
    /// Which.
    pub point: PointId,
    /// How it came to be, where that was seen.
    pub made: Option<PointMade>,
    /// How it went; none where it is there.
    pub gone: Option<PointGone>,
}

/// What is new of one run. Rows take the place of those that were there; of a point, what is said of it is added to what was known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunUpdate {
    /// How many entries of the journal are taken for known: the rows are what differs since. With 0 they are all there are.
    pub since: u64,
    /// The run.
    pub run: RunRow,
    /// Its jobs' rows that differ.
    pub jobs: Vec<JobRow>,
    /// Its steps' rows that differ.
    pub steps: Vec<StepRow>,
    /// Points that it made or deleted.
    pub points: Vec<PointRow>,
}

/// Which runs are asked for.
#[derive(Debug, Clone, Default)]
pub struct RunsWanted {
    /// Only those of this job.
    pub job: Option<JobName>,
    /// Only those that began then or later.
    pub since: Option<Timestamp>,
    /// No more than so many.
    pub limit: usize,
}

/// A run and its jobs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct RunSummary {
    /// The run.
    #[serde(flatten)]
    pub run: RunRow,
    /// Its jobs; none of a restore.
    pub jobs: Vec<JobRow>,
}

/// All that is known of a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct RunDetail {
    /// The run and its jobs.
    #[serde(flatten)]
    pub run: RunSummary,
    /// Its steps, in order; none where they were forgotten.
    pub steps: Vec<StepRow>,
    /// The points that it made, whether they are still there or not.
    pub made: Vec<PointRow>,
    /// The points that it deleted.
    pub deleted: Vec<PointRow>,
}

/// A run of a restore, and its steps; none where they were forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRestore {
    /// The run.
    pub run: RunRow,
    /// In order.
    pub steps: Vec<StepRow>,
}

/// Reads the ledger. A question that cannot be answered because the ledger is damaged is refused with `Invalid`.
#[async_trait::async_trait]
pub trait LedgerRead: Send + Sync {
    /// The runs that are wanted, the newest first.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn runs(&self, wanted: &RunsWanted) -> Result<Vec<RunSummary>, Fault>;

    /// A run; none where it is not known.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn run(&self, run: &RunId) -> Result<Option<RunDetail>, Fault>;

    /// The runs that are known to their end, of those whose names do not stand before that one.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn ended_from(&self, from: &RunId) -> Result<BTreeSet<RunId>, Fault>;

    /// The newest run that a job was part of, and the job's part of it.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn last_run(&self, of: &Series) -> Result<Option<(RunRow, RunEnd)>, Fault>;

    /// The newest runs of a plan's restore that were to bring back the whole of it, by their names, the newest first: so many at the most.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn restores(&self, plan: &Name, restore: &Name, limit: usize) -> Result<Vec<PastRestore>, Fault>;

    /// The points of a series that are there, the oldest first.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn points(&self, of: &Series) -> Result<Vec<PointRow>, Fault>;
}

/// Writes the ledger. Each call is done whole or not at all.
#[async_trait::async_trait]
pub trait LedgerWrite: LedgerRead {
    /// Takes in what is new of a run. What is no newer than what is known (by the number of entries) changes nothing.
    ///
    /// # Errors
    /// `NotFound` where less is known than the update takes for known; `Full`, `Denied`, `Invalid` where it is damaged; transient where somebody else holds it for long.
    async fn put(&self, update: &RunUpdate) -> Result<(), Fault>;

    /// Takes in which points of a series a store shows, each of them made: those that it does not show are gone, and were noticed to be
    /// at that time.
    ///
    /// # Errors
    /// As `put`.
    async fn see(&self, of: &Series, points: &[PointRow], at: Timestamp) -> Result<(), Fault>;

    /// Forgets the steps of runs that began before `details`, and points that went before it; and runs that began before `runs`.
    ///
    /// # Errors
    /// As `put`.
    async fn forget(&self, details: Timestamp, runs: Timestamp) -> Result<(), Fault>;

    /// Puts a damaged ledger out of the way, in place of one that was put there before, and begins an empty one. Answers where the damaged
    /// one is now. One that turns out to be well, because somebody else was quicker, is left as it is.
    ///
    /// # Errors
    /// As `put`.
    async fn set_aside(&self) -> Result<String, Fault>;
}
