//! The local record of runs: one append-only text per run, and locks that the operating system releases
//! when their holder dies. Unaware of what the lines mean.

use super::Fault;
use crate::primitives::RunId;

/// Reads journals.
#[async_trait::async_trait]
pub trait JournalRead: Send + Sync {
    /// The runs that have a journal, oldest first.
    ///
    /// # Errors
    /// When the place cannot be read; a place that does not exist holds no runs.
    async fn runs(&self) -> Result<Vec<RunId>, Fault>;

    /// The whole lines of a run's journal; a last line that was not ended was never written. None where there is no such run.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn lines(&self, run: &RunId) -> Result<Option<Vec<String>>, Fault>;

    /// The last of a run's lines, as `lines` has them; none where there is no such run, or nothing was written. It costs no more than that
    /// line, where the journal can be read from its end.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn last_line(&self, run: &RunId) -> Result<Option<String>, Fault> {
        Ok(self.lines(run).await?.and_then(|mut lines| lines.pop()))
    }

    /// `last_line` of each of these runs, in their order. It may cost less than one after the other.
    async fn last_lines(&self, runs: &[RunId]) -> Vec<Result<Option<String>, Fault>> {
        let mut lines = Vec::with_capacity(runs.len());
        for run in runs {
            lines.push(self.last_line(run).await);
        }
        lines
    }

    /// Where people find it: a path.
    fn place(&self, run: &RunId) -> String;
}

/// Writes journals.
#[async_trait::async_trait]
pub trait JournalWrite: JournalRead {
    /// Appends one line (which holds no line break) and returns when it is durable; creates the journal if need be,
    /// and first drops a last line that was not ended.
    ///
    /// # Errors
    /// When it cannot be written. The executor then starts nothing new.
    async fn append(&self, run: &RunId, line: &str) -> Result<(), Fault>;

    /// Removes a run's journal.
    ///
    /// # Errors
    /// When it cannot be removed; one that is not there is no error.
    async fn remove(&self, run: &RunId) -> Result<(), Fault>;
}

/// A held lock, or a share in one; dropping it releases it, and so does death.
pub trait Lock: Send + Sync {}

/// Locks on this host.
#[async_trait::async_trait]
pub trait Locks: Send + Sync {
    /// Takes the lock of a resource, or answers none at once where someone holds it.
    ///
    /// # Errors
    /// When the lock's place cannot be used.
    async fn try_lock(&self, resource: &str) -> Result<Option<Box<dyn Lock>>, Fault>;

    /// Takes a share in the lock of a resource: any number of holders may have one at once, and none of them beside somebody who holds
    /// the lock itself. Answers none at once where somebody does.
    ///
    /// # Errors
    /// As `try_lock`.
    async fn try_share(&self, resource: &str) -> Result<Option<Box<dyn Lock>>, Fault>;

    /// Leaves a note at a lock that one holds, for people who meet it; the note of whoever held it before is gone since the lock was taken.
    /// What a note says decides nothing. A place that keeps no notes does nothing.
    ///
    /// # Errors
    /// When it cannot be left.
    async fn leave_note(&self, _resource: &str, _note: &str) -> Result<(), Fault> {
        Ok(())
    }

    /// The note at a lock; none where there is none.
    ///
    /// # Errors
    /// When it cannot be read.
    async fn note(&self, _resource: &str) -> Result<Option<String>, Fault> {
        Ok(None)
    }
}
