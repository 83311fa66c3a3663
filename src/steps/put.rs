//! Puts an object into a store: what is small at once, else part by part, with as many parts under way as the store takes side by side.
//!
//! What a store refuses for a reason that may pass is asked again, at once, up to three times, or after the pauses that it asks for; longer
//! waits are the executor's, which repeats the step. An answer that was lost is never guessed at: the key is looked at. Invariant: what is
//! held of an object is one part that is being filled, and those under way.

use std::future::Future;
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt as _;
use futures_util::stream::{FuturesUnordered, StreamExt as _};

use crate::archive::Extent;
use crate::ports::{Cause, Certainty, Fault, PutMode, PutResult, StoreWrite, UploadId};
use crate::primitives::{Hasher, Key};

use super::object::ObjectStream;

/// How often a call is made.
const TRIES_MAX: u32 = 3;
/// How often it is where the store asks for pauses; each is twice as long as the one before.
const TRIES_WITH_PAUSES_MAX: u32 = 6;

/// A part that is under way.
type Flight<'a> = Pin<Box<dyn Future<Output = Result<Bytes, Fault>> + Send + 'a>>;

/// An object that is being put.
pub(super) struct Upload<'a> {
    store: &'a dyn StoreWrite,
    key: Key,
    /// There is none before there is a whole part.
    id: Option<UploadId>,
    /// Those that were begun.
    parts: u32,
    flying: FuturesUnordered<Flight<'a>>,
    waiting: BytesMut,
    /// The memory of a part that landed, for the next one.
    spare: BytesMut,
}

impl<'a> Upload<'a> {
    /// Nothing is asked of the store yet.
    pub(super) fn new(store: &'a dyn StoreWrite, key: Key) -> Self {
        let (flying, waiting, spare) = (FuturesUnordered::new(), BytesMut::new(), BytesMut::new());
        Self { store, key, id: None, parts: 0, flying, waiting, spare }
    }

    /// Adds bytes. Where they make a part by themselves they are not copied.
    pub(super) async fn push(&mut self, mut bytes: Bytes) -> Result<(), Fault> {
        while !bytes.is_empty() {
            let whole = self.store.part_bytes(self.parts + 1);
            if self.waiting.is_empty() && bytes.len() >= whole {
                return self.part(bytes).await;
            }
            // So large at once: what grows is copied each time, and is twice as large in the end.
            if self.waiting.capacity() < whole {
                self.waiting = std::mem::take(&mut self.spare);
                self.waiting.reserve(whole);
            }
            self.waiting.extend_from_slice(&bytes.split_to(bytes.len().min(whole - self.waiting.len())));
            if self.waiting.len() == whole {
                let part = std::mem::take(&mut self.waiting).freeze();
                self.part(part).await?;
            }
        }
        Ok(())
    }

    /// Sends a part on its way, and waits until there is room for another.
    async fn part(&mut self, bytes: Bytes) -> Result<(), Fault> {
        let id = self.begun().await?;
        let number = self.parts + 1;
        self.parts = number;
        let store = self.store;
        self.flying.push(Box::pin(async move {
            let mut tries = Tries::default();
            loop {
                match store.part(&id, number, bytes.clone()).await {
                    Err(fault) if tries.again(&fault).await => {}
                    // A part that may or may not be there makes the upload useless, and nothing else.
                    landed => return landed.map(|()| bytes).map_err(Fault::passing),
                }
            }
        }));
        while self.flying.len() >= store.side_by_side(number) {
            let landed = self.flying.next().await.transpose()?;
            self.landed(landed);
        }
        // So that those which wait begin now, and not when there is no room any more.
        let early = self.flying.next().now_or_never().flatten().transpose()?;
        self.landed(early);
        Ok(())
    }

    /// What a part lay in is used again, where nobody else holds it.
    fn landed(&mut self, part: Option<Bytes>) {
        if let Some(Ok(mut memory)) = part.map(Bytes::try_into_mut) {
            memory.clear();
            self.spare = memory;
        }
    }

    /// The upload; begun where it was not.
    async fn begun(&mut self) -> Result<UploadId, Fault> {
        if let Some(id) = &self.id {
            return Ok(id.clone());
        }
        self.clear().await?;
        let id = self.store.begin(&self.key).await.map_err(Fault::passing)?;
        self.id = Some(id.clone());
        Ok(id)
    }

    /// Throws away what earlier tries left under this key.
    async fn clear(&mut self) -> Result<(), Fault> {
        for old in self.store.uploads(self.key.as_str()).await? {
            if old.key == self.key {
                self.store.abort(&old).await?;
            }
        }
        Ok(())
    }

    /// Makes it an object. On a fault the upload is still to be aborted.
    pub(super) async fn finish(&mut self, mode: PutMode, extent: Extent) -> Result<(), Fault> {
        let rest = std::mem::take(&mut self.waiting).freeze();
        if self.id.is_some() && !rest.is_empty() {
            self.part(rest.clone()).await?;
        }
        while let Some(landed) = self.flying.next().await {
            landed?;
        }
        let mut tries = Tries::default();
        loop {
            if self.id.is_none() && !self.store.puts_at_once() {
                self.clear().await?;
            }
            let finished = match &self.id {
                Some(id) => self.store.finish(id, self.parts, mode).await,
                None => self.store.put(&self.key, rest.clone(), mode).await,
            };
            return match finished {
                Ok(PutResult::Stored) => Ok(()),
                Ok(PutResult::AlreadyThere) => self.same_is_there(extent).await,
                Err(fault) if tries.again(&fault).await => continue,
                Err(fault) if fault.certainty == Certainty::Unknown => self.look(extent, fault).await,
                Err(fault) => Err(fault),
            };
        }
    }

    /// The answer was lost: what is under the key, and is it there to stay?
    async fn look(&mut self, extent: Extent, fault: Fault) -> Result<(), Fault> {
        match self.store.head(&self.key).await? {
            Some(object) if object.size == extent.size => self.store.settle(&self.key).await,
            _ => Err(fault.passing()),
        }
    }

    /// The key was taken: well if it holds these very bytes, as after an answer that was lost on its way here.
    async fn same_is_there(&mut self, extent: Extent) -> Result<(), Fault> {
        let there = read_extent(self.store, &self.key).await?;
        match there == Some(extent) {
            true => self.store.settle(&self.key).await,
            false => Err(Fault::permanent(
                Cause::Exists,
                format!("store {}", self.store.place(&self.key)),
                "something else is there already",
            )),
        }
    }

    /// Throws it away, as far as the store lets it; what stays is thrown away by the next try, or swept as a leftover.
    pub(super) async fn abort(mut self) {
        self.flying.clear();
        if let Some(id) = &self.id {
            let _best_effort = self.store.abort(id).await;
        }
    }
}

/// How often one call was made.
#[derive(Default)]
struct Tries(u32);

impl Tries {
    /// The call came to this: whether it is to be made again, now. A pause that the store asks for was made.
    async fn again(&mut self, fault: &Fault) -> bool {
        self.0 += 1;
        match fault.retry_after {
            _ if fault.certainty != Certainty::Transient => false,
            None => self.0 < TRIES_MAX,
            Some(pause) if self.0 < TRIES_WITH_PAUSES_MAX => {
                tokio::time::sleep(pause.to_std() * 2_u32.pow(self.0 - 1)).await;
                true
            }
            Some(_) => false,
        }
    }
}

/// Size and digest of an object as the store gives it; none where there is none.
async fn read_extent(store: &dyn StoreWrite, key: &Key) -> Result<Option<Extent>, Fault> {
    let Some(object) = store.head(key).await? else { return Ok(None) };
    let mut stream = ObjectStream::new(store, key.clone(), object.size);
    while stream.next().await?.is_some() {}
    Ok(Some(Extent { size: object.size, digest: stream.digest() }))
}

/// Puts a small object whose bytes are at hand, where nothing is yet. The same bytes there already are well.
///
/// # Errors
/// When the store refuses, or other bytes are there.
pub async fn put_object(store: &dyn StoreWrite, key: &Key, bytes: &[u8]) -> Result<(), Fault> {
    put(store, key, bytes).await.map_err(Fault::passing)
}

async fn put(store: &dyn StoreWrite, key: &Key, bytes: &[u8]) -> Result<(), Fault> {
    let mut hasher = Hasher::default();
    hasher.update(bytes);
    let extent = Extent { size: bytes.len() as u64, digest: hasher.finish() };
    let mut upload = Upload::new(store, key.clone());
    let done = match upload.push(Bytes::copy_from_slice(bytes)).await {
        Ok(()) => upload.finish(PutMode::IfAbsent, extent).await,
        Err(fault) => Err(fault),
    };
    if done.is_err() {
        upload.abort().await;
    }
    done
}
