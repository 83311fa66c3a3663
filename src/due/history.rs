//! What is known of the past.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::catalog::FirstSeen;
use crate::ports::Fault;
use crate::primitives::{JobName, Name, PathBytes, Slot};

/// The past of a plan's jobs on one host.
#[derive(Debug, Clone)]
pub struct History {
    /// The host.
    pub host: Name,
    /// Each job's, or why its store cannot say. A job that is not here has no past.
    pub jobs: BTreeMap<JobName, Result<JobHistory, Fault>>,
    /// Jobs of this plan and host that a store has points of, and the plan has not.
    pub strangers: Vec<Stranger>,
}

/// The past of one job.
#[derive(Debug, Clone, Default)]
pub struct JobHistory {
    /// The slots of its recovery points. Those of runs that somebody started by hand may be among them: they fall on no
    /// scheduled time. Slots before [`super::since_slot`] may be lacking; then older missed ones are told as well.
    pub done: BTreeSet<Slot>,
    /// Its records, in any order.
    pub first_seen: Vec<FirstSeen>,
    /// Attempts at a slot that failed; a day of them is enough.
    pub failed: Vec<Failed>,
    /// Whether a run of it is under way.
    pub running: bool,
}

/// An attempt that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failed {
    /// What it was for.
    pub slot: Slot,
    /// When it was over.
    pub at: Timestamp,
}

/// A job that the plan no longer has, or not under this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stranger {
    /// Its name.
    pub job: JobName,
    /// What its newest point that can be read holds; nothing where none can.
    pub roots: Vec<PathBytes>,
}
