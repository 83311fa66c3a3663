//! Simulated journals and locks.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::world::{Life, Shared};
use crate::ports::{Cause, Fault, JournalRead, JournalWrite, Lock, Locks};
use crate::primitives::RunId;

/// Journals in memory, and locks that a death releases.
#[derive(Debug)]
pub struct FakeJournal {
    world: Arc<Shared>,
    runs: Mutex<BTreeMap<RunId, Vec<String>>>,
    held: Arc<Mutex<Holders>>,
}

/// Who holds what: a number of its own for each holder, so that none releases another's lock.
#[derive(Debug, Default)]
struct Holders {
    next: u64,
    by_resource: BTreeMap<String, Vec<Holder>>,
}

#[derive(Debug)]
struct Holder {
    number: u64,
    since: Life,
    shares: bool,
}

impl FakeJournal {
    pub(super) fn new(world: Arc<Shared>) -> Self {
        Self { world, runs: Mutex::default(), held: Arc::default() }
    }

    /// The lines of a run, without a call; none where there is no such run.
    pub fn written(&self, run: &RunId) -> Option<Vec<String>> {
        self.runs_now().get(run).cloned()
    }

    fn runs_now(&self) -> MutexGuard<'_, BTreeMap<RunId, Vec<String>>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl JournalRead for FakeJournal {
    async fn runs(&self) -> Result<Vec<RunId>, Fault> {
        self.world.call(None, "journal.runs", "", || Ok(self.runs_now().keys().cloned().collect())).await
    }

    async fn lines(&self, run: &RunId) -> Result<Option<Vec<String>>, Fault> {
        self.world.call(None, "journal.lines", run, || Ok(self.written(run))).await
    }

    fn place(&self, run: &RunId) -> String {
        format!("memory:{run}")
    }
}

#[async_trait::async_trait]
impl JournalWrite for FakeJournal {
    async fn append(&self, run: &RunId, line: &str) -> Result<(), Fault> {
        let call = self.world.call(None, "journal.append", run, || {
            if line.contains('\n') {
                let action = format!("append to {}", self.place(run));
                return Err(Fault::permanent(Cause::Invalid, action, "a line holds a line break"));
            }
            self.runs_now().entry(run.clone()).or_default().push(line.to_owned());
            Ok(())
        });
        call.await
    }

    async fn remove(&self, run: &RunId) -> Result<(), Fault> {
        let call = self.world.call(None, "journal.remove", run, || {
            self.runs_now().remove(run);
            Ok(())
        });
        call.await
    }
}

#[derive(Debug)]
struct Held {
    resource: String,
    number: u64,
    holders: Arc<Mutex<Holders>>,
}

impl Lock for Held {}

impl Drop for Held {
    fn drop(&mut self) {
        let mut holders = self.holders.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of) = holders.by_resource.get_mut(&self.resource) {
            of.retain(|holder| holder.number != self.number);
        }
    }
}

impl FakeJournal {
    async fn take(&self, op: &'static str, resource: &str, shares: bool) -> Result<Option<Box<dyn Lock>>, Fault> {
        let call = self.world.call(None, op, resource, || {
            let life = self.world.life();
            let mut holders = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            let of = holders.by_resource.entry(resource.to_owned()).or_default();
            of.retain(|holder| holder.since == life);
            if of.iter().any(|holder| !(shares && holder.shares)) {
                return Ok(None);
            }
            holders.next += 1;
            let number = holders.next;
            let holder = Holder { number, since: life, shares };
            holders.by_resource.entry(resource.to_owned()).or_default().push(holder);
            let held = Held { resource: resource.to_owned(), number, holders: Arc::clone(&self.held) };
            Ok(Some(Box::new(held) as Box<dyn Lock>))
        });
        call.await
    }
}

#[async_trait::async_trait]
impl Locks for FakeJournal {
    async fn try_lock(&self, resource: &str) -> Result<Option<Box<dyn Lock>>, Fault> {
        self.take("locks.try-lock", resource, false).await
    }

    async fn try_share(&self, resource: &str) -> Result<Option<Box<dyn Lock>>, Fault> {
        self.take("locks.try-share", resource, true).await
    }
}
