//! The ledger fed while a run goes on.
//!
//! Unaware of what is shown. Invariant: it never holds a run up and never fails it: entries wait in a queue that a task of its own empties,
//! and the first refusal is kept for whoever asks at the end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::keep::{catch_up, folded, forget, make_anew};
use super::{CatchUp, Fold};
use crate::forecast::Forecast;
use crate::ports::{Cause, Clock, Fault, JournalRead, LedgerWrite};
use crate::primitives::RunId;
use crate::run::{Entry, Watch};

/// How long the end of a run waits for the ledger: journals that it has not taken in by then are taken in by a later command.
const WAITS: Duration = Duration::from_secs(5);

/// What a watcher hands on.
#[derive(Debug)]
pub struct Recorder {
    queue: mpsc::UnboundedSender<Entry>,
}

impl Watch for Recorder {
    fn entry(&self, _: &Forecast, entry: &Entry) {
        // Nobody takes entries after a refusal.
        let _nobody_listens = self.queue.send(entry.clone());
    }
}

/// The task that writes what is handed on.
#[derive(Debug)]
pub struct Live {
    task: JoinHandle<Result<CatchUp, Fault>>,
}

impl Live {
    /// Waits until all is written; the recorder must be gone. Answers what was done before: a ledger may have been set aside.
    ///
    /// # Errors
    /// What the ledger refused first.
    pub async fn close(mut self) -> Result<CatchUp, Fault> {
        match tokio::time::timeout(WAITS, &mut self.task).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(died)) => Err(Fault::permanent(Cause::Other, "keep the ledger", died.to_string())),
            Err(_) => {
                self.task.abort();
                Ok(CatchUp::default())
            }
        }
    }
}

/// Begins to feed a ledger: first with the journals that it does not know, then with what the recorder is told. `resumes` is the run that
/// goes on, where it is not a new one; nothing may have been added to its journal yet.
pub async fn record(
    ledger: Arc<dyn LedgerWrite>,
    journal: Arc<dyn JournalRead>,
    clock: Arc<dyn Clock>,
    resumes: Option<&RunId>,
) -> (Recorder, Live) {
    let mut fold = match resumes {
        // One that cannot be read is not resumed either.
        Some(run) => folded(&*journal, run).await.ok().flatten(),
        None => None,
    };
    let (queue, mut entries) = mpsc::unbounded_channel();
    let task = tokio::spawn(async move {
        let mut caught_up = catch_up(&*ledger, &*journal).await?;
        while let Some(entry) = entries.recv().await {
            match take(&*ledger, &mut fold, &entry).await {
                Err(fault) if fault.cause == Cause::Invalid => {
                    caught_up = make_anew(&*ledger, &*journal).await?;
                }
                answer => answer?,
            }
        }
        forget(&*ledger, clock.now()).await?;
        Ok(caught_up)
    });
    (Recorder { queue }, Live { task })
}

async fn take(ledger: &dyn LedgerWrite, fold: &mut Option<Fold>, entry: &Entry) -> Result<(), Fault> {
    let Some(so_far) = fold else {
        *fold = Fold::begin(entry);
        return match fold {
            Some(begun) => ledger.put(&begun.whole()).await,
            None => Ok(()),
        };
    };
    let impossible = |what| Fault::permanent(Cause::Other, "index a run", what);
    let update = so_far.take(entry).map_err(impossible)?;
    match ledger.put(&update).await {
        // The ledger was made anew meanwhile.
        Err(fault) if fault.cause == Cause::NotFound => ledger.put(&so_far.whole()).await,
        answer => answer,
    }
}
