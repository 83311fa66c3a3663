//! What the journals of a host say of its recent runs: which have not ended, and which attempts at a slot failed.
//!
//! Unaware of what is alive: a run that has not ended may be under way. Invariant: a journal that says that its run ended well is read no
//! further than its last line.

use jiff::Timestamp;
use serde::Deserialize;

use super::{End, Recorded, StepState};
use crate::forecast::{Action, DatabaseAction, Subject};
use crate::ports::{Fault, JournalRead};
use crate::primitives::{JobName, RunId, Slot};

/// The recent runs that something is still to be said of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecentRuns {
    /// Those that have not ended, oldest first.
    pub open: Vec<RunId>,
    /// Those that ended with failures, oldest first.
    pub failed: Vec<RunId>,
}

/// What of a last line tells how a run stands. Whatever else it is, the run has not ended.
#[derive(Deserialize)]
struct Last {
    end: Option<End>,
}

/// The runs that began after a time.
///
/// # Errors
/// When the journals cannot be listed. One that cannot be read counts as open: whoever looks at it says why.
pub async fn recent_runs(journal: &dyn JournalRead, after: Timestamp) -> Result<RecentRuns, Fault> {
    let mut recent = RecentRuns::default();
    let mut runs = journal.runs().await?;
    runs.retain(|run| run.began() > after);
    let lines = journal.last_lines(&runs).await;
    for (run, line) in runs.into_iter().zip(lines) {
        let end = match line {
            // Nothing was begun.
            Ok(None) => continue,
            Ok(Some(line)) => serde_json::from_str(&line).map_or(None, |last: Last| last.end),
            Err(_) => None,
        };
        match end {
            None => recent.open.push(run),
            Some(End::Failed) => recent.failed.push(run),
            Some(_) => {}
        }
    }
    Ok(recent)
}

impl Recorded {
    /// The slots that this run was to fill and did not, when it came to nothing.
    pub fn unfilled(&self) -> Vec<(JobName, Slot)> {
        let Subject::Backup { slots, .. } = &self.forecast.subject else { return vec![] };
        let is_filled = |job: &JobName| {
            self.forecast.steps.iter().any(|step| {
                let is_made = match &step.action {
                    Action::Commit { new, .. } => new.place.job == *job,
                    Action::Database(action) => {
                        let makes = matches!(&**action, DatabaseAction::Check(_) | DatabaseAction::Snapshot(_));
                        makes && action.job() == Some(job)
                    }
                    _ => false,
                };
                is_made && matches!(self.state.step(step.id), StepState::Done(_))
            })
        };
        slots.iter().filter(|(job, _)| !is_filled(job)).map(|(job, slot)| (job.clone(), *slot)).collect()
    }
}
