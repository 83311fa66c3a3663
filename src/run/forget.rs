//! Which journals are kept: what can be resumed, and the recent past.
//!
//! Unaware of what the runs did. Invariant: a journal goes only when it is whole, says that its run has ended, is old, and many are newer.

use jiff::{SignedDuration, Timestamp};

use super::recorded;
use crate::ports::{Fault, JournalWrite};
use crate::primitives::RunId;

/// So many of the newest journals of a host are kept, whatever their age: some months of a nightly run.
const NEWEST: usize = 100;
/// All that are younger are kept, however many they are.
const YOUNG: SignedDuration = SignedDuration::from_hours(90 * 24);

/// Removes the journals of runs that ended long ago, and of those that were never begun. Answers how many are gone. One that cannot be
/// believed is left alone: whether its run ended cannot be said.
///
/// # Errors
/// When the journals cannot be listed, or one cannot be removed.
pub async fn forget(journal: &dyn JournalWrite, now: Timestamp) -> Result<u64, Fault> {
    let mut runs = journal.runs().await?;
    runs.truncate(runs.len().saturating_sub(NEWEST));
    let is_old = |run: &RunId| now.duration_since(run.began()) > YOUNG;
    let mut gone = 0;
    for run in runs.into_iter().filter(is_old) {
        match recorded(journal, &run).await {
            Ok(Some(found)) if found.state.end().is_none() => {}
            Ok(_) => {
                journal.remove(&run).await?;
                gone += 1;
            }
            Err(_left_alone) => {}
        }
    }
    Ok(gone)
}
