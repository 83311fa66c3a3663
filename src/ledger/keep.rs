//! The ledger kept up with the journals, and within bounds.
//!
//! Unaware of runs that go on. Invariant: what was taken in once is not read again, and what cannot be believed is left out.

use jiff::{SignedDuration, Timestamp};

use super::Fold;
use crate::ports::{Cause, Fault, JournalRead, LedgerWrite};
use crate::primitives::RunId;
use crate::run::replay;

/// Steps, and points that are gone, are remembered for so long: a year and a month, so that the same day of last year is still there.
const DETAILS: SignedDuration = SignedDuration::from_hours(400 * 24);
/// Runs are remembered for so long. One takes about two hundred bytes: one every five minutes, for ten years, is some 200 MiB.
const RUNS: SignedDuration = SignedDuration::from_hours(3660 * 24);

/// What was done to bring a ledger up to date.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct CatchUp {
    /// How many runs were taken in.
    pub runs: u64,
    /// Where a damaged ledger was put.
    pub set_aside: Option<String>,
}

/// Takes in the journals that the ledger does not know to their end, oldest first. A damaged ledger is set aside and made anew from all
/// journals. Where there is nothing to take in, nothing is written.
///
/// # Errors
/// When the journals cannot be listed, or the ledger cannot be written.
pub async fn catch_up(ledger: &dyn LedgerWrite, journal: &dyn JournalRead) -> Result<CatchUp, Fault> {
    match follow(ledger, journal).await {
        Err(fault) if fault.cause == Cause::Invalid => make_anew(ledger, journal).await,
        taken => Ok(CatchUp { runs: taken?, set_aside: None }),
    }
}

/// Sets a damaged ledger aside, and makes it anew from all journals.
///
/// # Errors
/// As `catch_up`.
pub async fn make_anew(ledger: &dyn LedgerWrite, journal: &dyn JournalRead) -> Result<CatchUp, Fault> {
    let set_aside = Some(ledger.set_aside().await?);
    Ok(CatchUp { runs: follow(ledger, journal).await?, set_aside })
}

async fn follow(ledger: &dyn LedgerWrite, journal: &dyn JournalRead) -> Result<u64, Fault> {
    let mut taken = 0;
    let runs = journal.runs().await?;
    let Some(oldest) = runs.first() else { return Ok(0) };
    // Both in the order of their names: one pass over both of them.
    let mut ended = ledger.ended_from(oldest).await?.into_iter().peekable();
    let mut has_ended = |run: &RunId| {
        while ended.next_if(|known| known < run).is_some() {}
        ended.peek() == Some(run)
    };
    for run in runs.into_iter().filter(|run| !has_ended(run)) {
        if is_known(ledger, journal, &run).await? {
            continue;
        }
        // A journal that cannot be believed says nothing; `resume` tells of it.
        if let Ok(Some(fold)) = folded(journal, &run).await {
            ledger.put(&fold.whole()).await?;
            taken += 1;
        }
    }
    Ok(taken)
}

/// Whether all that the journal of a run says so far was taken in: one that was interrupted long ago and never resumed is not replayed
/// each time that somebody asks for something.
async fn is_known(ledger: &dyn LedgerWrite, journal: &dyn JournalRead, run: &RunId) -> Result<bool, Fault> {
    let Some(known) = ledger.run(run).await? else { return Ok(false) };
    let lines = journal.lines(run).await.ok().flatten();
    Ok(lines.is_some_and(|lines| lines.len() as u64 == known.run.run.entries))
}

/// Forgets what is too old.
///
/// # Errors
/// When the ledger cannot be written.
pub(super) async fn forget(ledger: &dyn LedgerWrite, now: Timestamp) -> Result<(), Fault> {
    let before = |age: SignedDuration| now.checked_sub(age).unwrap_or(Timestamp::MIN);
    ledger.forget(before(DETAILS), before(RUNS)).await
}

/// The rows of a run, from its journal; none where it has none.
///
/// # Errors
/// When the journal cannot be read or believed.
pub(super) async fn folded(journal: &dyn JournalRead, run: &RunId) -> Result<Option<Fold>, Fault> {
    let mut fold: Option<Fold> = None;
    let mut take = |entry: &crate::run::Entry| match &mut fold {
        None => fold = Fold::begin(entry),
        // What cannot have happened is refused by whoever reads the journal.
        Some(fold) => drop(fold.take(entry)),
    };
    let recorded = replay(journal, run, &mut take).await?;
    Ok(recorded.and(fold))
}
