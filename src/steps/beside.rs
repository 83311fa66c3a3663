//! Pure work done beside a step, on other cores.
//!
//! Unaware of what the work is. Invariant: results come in the order in which the work was given, whatever finished first.

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::ports::{Cause, Compute, Fault};
use crate::primitives::{Digest, Hasher};

/// Work that was started.
pub(super) struct Running<T>(oneshot::Receiver<T>);

/// Starts work.
pub(super) fn start<T: Send + 'static>(compute: &dyn Compute, work: impl FnOnce() -> T + Send + 'static) -> Running<T> {
    let (told, result) = oneshot::channel();
    compute.start(Box::new(move || {
        // Whoever asked may be gone: the step was stopped.
        let _unheard = told.send(work());
    }));
    Running(result)
}

impl<T> Running<T> {
    /// The result.
    ///
    /// # Errors
    /// When the work died: a bug.
    pub(super) async fn done(self) -> Result<T, Fault> {
        self.0.await.map_err(|_| Fault::permanent(Cause::Other, "compute", "the work died; this is a bug"))
    }
}

/// So much is gathered before it is handed over.
const BATCH_BYTES: usize = 1024 * 1024;

/// One piece of work after the other, each on the state that the one before left, beside whoever gives it.
pub(super) struct Lane<'a, S, O, R> {
    compute: &'a dyn Compute,
    work: fn(&mut S, Vec<O>) -> R,
    /// The state while nothing runs.
    idle: Option<S>,
    running: Option<Running<(S, R)>>,
    batch: Vec<O>,
    weight: usize,
}

impl<'a, S: Send + 'static, O: Send + 'static, R: Send + 'static> Lane<'a, S, O, R> {
    pub(super) fn new(compute: &'a dyn Compute, state: S, work: fn(&mut S, Vec<O>) -> R) -> Self {
        Self { compute, work, idle: Some(state), running: None, batch: Vec::new(), weight: 0 }
    }

    /// Gives an order that holds so many bytes. Answers what the work before the last one came to, where it was waited for.
    pub(super) async fn push(&mut self, order: O, weight: usize) -> Result<Option<R>, Fault> {
        self.batch.push(order);
        self.weight += weight;
        if self.weight < BATCH_BYTES { Ok(None) } else { self.hand_over().await }
    }

    async fn hand_over(&mut self) -> Result<Option<R>, Fault> {
        let before = self.wait().await?;
        let (batch, work) = (std::mem::take(&mut self.batch), self.work);
        self.weight = 0;
        if let Some(mut state) = self.idle.take() {
            self.running = Some(start(self.compute, move || {
                let result = work(&mut state, batch);
                (state, result)
            }));
        }
        Ok(before)
    }

    async fn wait(&mut self) -> Result<Option<R>, Fault> {
        let Some(running) = self.running.take() else { return Ok(None) };
        let (state, result) = running.done().await?;
        self.idle = Some(state);
        Ok(Some(result))
    }

    /// Waits for all that was given. Answers the state, and what was not answered yet.
    pub(super) async fn finish(mut self) -> Result<(S, Vec<R>), Fault> {
        let mut results = Vec::new();
        results.extend(self.hand_over().await?);
        results.extend(self.wait().await?);
        let state =
            self.idle.ok_or_else(|| Fault::permanent(Cause::Other, "compute", "the work died; this is a bug"))?;
        Ok((state, results))
    }
}

/// Digests bytes beside whoever has them.
pub(super) struct Digesting<'a>(Lane<'a, Hasher, Bytes, ()>);

impl<'a> Digesting<'a> {
    pub(super) fn new(compute: &'a dyn Compute) -> Self {
        Self(Lane::new(compute, Hasher::default(), |hasher, pieces| {
            pieces.iter().for_each(|piece| hasher.update(piece));
        }))
    }

    /// The next bytes.
    pub(super) async fn push(&mut self, bytes: Bytes) -> Result<(), Fault> {
        let length = bytes.len();
        self.0.push(bytes, length).await.map(|_| ())
    }

    /// The digest of all of them.
    pub(super) async fn finish(self) -> Result<Digest, Fault> {
        let (hasher, _) = self.0.finish().await?;
        Ok(hasher.finish())
    }
}
