//! An object of a store in pieces, from one place to its end.
//!
//! Unaware of what is in it. Invariant: the pieces come in order and without a gap, and what is under way at once is what the store says
//! that it is best read by.

use std::future::Future;
use std::pin::Pin;

use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::stream::{FuturesOrdered, StreamExt as _};

use crate::ports::{Cause, Fault, Reading, StoreRead};
use crate::primitives::Key;

/// A piece that is on its way here.
type Flight<'a> = Pin<Box<dyn Future<Output = Result<Bytes, Fault>> + Send + 'a>>;

/// An object that is being read.
pub(super) struct Pieces<'a> {
    store: &'a dyn StoreRead,
    key: Key,
    size: u64,
    reading: Reading,
    position: u64,
    /// Up to here all was asked for.
    asked: u64,
    flying: FuturesOrdered<Flight<'a>>,
}

impl<'a> Pieces<'a> {
    /// Of an object of so many bytes. Nothing is asked of the store yet.
    pub(super) fn new(store: &'a dyn StoreRead, key: Key, size: u64) -> Self {
        let (reading, flying) = (store.reading(), FuturesOrdered::new());
        Self { store, key, size, reading, position: 0, asked: 0, flying }
    }

    /// How many bytes the object has.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// What comes next is what lies there.
    pub(super) fn go_on_at(&mut self, position: u64) {
        (self.position, self.asked) = (position, position);
        self.flying.clear();
    }

    /// The next piece; none at the end.
    ///
    /// # Errors
    /// `Invalid` where the object ends before its end; else when the store cannot be read.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        self.ask();
        let Some(landed) = self.flying.next().await else { return Ok(None) };
        let bytes = landed?;
        let wanted = self.length(self.position);
        if bytes.is_empty() || bytes.len() > wanted {
            return Err(self.damaged("it ends before its end"));
        }
        self.position += bytes.len() as u64;
        if bytes.len() < wanted {
            // The others begin behind what is missing.
            self.go_on_at(self.position);
        }
        if self.reading.side_by_side > 1 {
            self.ask();
            self.start();
        }
        Ok(Some(bytes))
    }

    pub(super) fn damaged(&self, answer: impl Into<String>) -> Fault {
        Fault::permanent(Cause::Invalid, self.action(), answer)
    }

    /// What is asked of the store, as a person would say it.
    pub(super) fn action(&self) -> String {
        format!("read {}", self.store.place(&self.key))
    }

    /// Asks for what follows, as far as it is asked for ahead.
    fn ask(&mut self) {
        while self.asked < self.size && self.flying.len() < self.reading.side_by_side {
            let (store, key, at, length) = (self.store, self.key.clone(), self.asked, self.length(self.asked));
            self.flying.push_back(Box::pin(async move { store.read(&key, at, length).await }));
            self.asked += length as u64;
        }
    }

    /// Lets what was asked for last begin now, and not when it is waited for.
    fn start(&mut self) {
        if let Some(Some(early)) = self.flying.next().now_or_never() {
            self.flying.push_front(Box::pin(std::future::ready(early)));
        }
    }

    /// How long the piece is that begins there.
    fn length(&self, at: u64) -> usize {
        let most = self.reading.bytes;
        usize::try_from(self.size - at).map_or(most, |left| left.min(most))
    }
}
