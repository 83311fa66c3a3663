//! Puts an object into a store, part by part.
//!
//! What a store refuses for a reason that may pass is asked again, at once, up to three times; longer waits are the
//! executor's, which repeats the step. An answer that was lost is never guessed at: the key is looked at.

use bytes::{Bytes, BytesMut};

use crate::archive::Extent;
use crate::ports::{Cause, Certainty, Fault, PutMode, PutResult, StoreWrite, UploadId};
use crate::primitives::{Hasher, Key};

use super::object::ObjectStream;

/// How often a part is tried.
const TRIES_MAX: u32 = 3;
/// An upload that is under way.
pub(super) struct Upload<'a> {
    store: &'a dyn StoreWrite,
    id: UploadId,
    parts: u32,
    size: u64,
    waiting: BytesMut,
}

impl<'a> Upload<'a> {
    /// Begins, after throwing away what earlier tries left under this key.
    pub(super) async fn begin(store: &'a dyn StoreWrite, key: &Key) -> Result<Upload<'a>, Fault> {
        for old in store.uploads(key.as_str()).await? {
            if old.key == *key {
                store.abort(&old).await?;
            }
        }
        let id = store.begin(key).await.map_err(passing)?;
        Ok(Self { store, id, parts: 0, size: 0, waiting: BytesMut::new() })
    }

    /// Adds bytes. Where they make a part by themselves they are not copied.
    pub(super) async fn push(&mut self, bytes: Bytes) -> Result<(), Fault> {
        if self.waiting.is_empty() && bytes.len() >= self.store.part_bytes(self.parts + 1) {
            return self.part(bytes).await;
        }
        self.waiting.extend_from_slice(&bytes);
        while self.waiting.len() >= self.store.part_bytes(self.parts + 1) {
            let part = self.waiting.split_to(self.store.part_bytes(self.parts + 1)).freeze();
            self.part(part).await?;
        }
        Ok(())
    }

    async fn part(&mut self, bytes: Bytes) -> Result<(), Fault> {
        let number = self.parts + 1;
        let length = bytes.len() as u64;
        let mut tries = 1;
        loop {
            match self.store.part(&self.id, number, bytes.clone()).await {
                Ok(()) => break,
                Err(fault) if fault.certainty == Certainty::Transient && tries < TRIES_MAX => tries += 1,
                // A part that may or may not be there makes the upload useless, and nothing else.
                Err(fault) => return Err(passing(fault)),
            }
        }
        self.parts = number;
        self.size += length;
        Ok(())
    }

    /// Makes it an object. On a fault the upload is still to be aborted.
    pub(super) async fn finish(&mut self, mode: PutMode, extent: Extent) -> Result<(), Fault> {
        let rest = std::mem::take(&mut self.waiting).freeze();
        if !rest.is_empty() || self.parts == 0 {
            self.part(rest).await?;
        }
        let mut tries = 1;
        let outcome = loop {
            match self.store.finish(&self.id, self.parts, mode).await {
                Err(fault) if fault.certainty == Certainty::Transient && tries < TRIES_MAX => tries += 1,
                outcome => break outcome,
            }
        };
        match outcome {
            Ok(PutResult::Stored) => Ok(()),
            Ok(PutResult::AlreadyThere) => self.same_is_there(extent).await,
            Err(fault) if fault.certainty == Certainty::Unknown => self.look(extent, fault).await,
            Err(fault) => Err(fault),
        }
    }

    /// The answer was lost: what is under the key, and is it there to stay?
    async fn look(&self, extent: Extent, fault: Fault) -> Result<(), Fault> {
        match self.store.head(&self.id.key).await? {
            Some(object) if object.size == extent.size => self.store.settle(&self.id.key).await,
            _ => Err(passing(fault)),
        }
    }

    /// The key was taken: well if it holds these very bytes, as after an answer that was lost on its way here.
    async fn same_is_there(&self, extent: Extent) -> Result<(), Fault> {
        let there = read_extent(self.store, &self.id.key).await?;
        match there == Some(extent) {
            true => self.store.settle(&self.id.key).await,
            false => Err(Fault::permanent(
                Cause::Exists,
                format!("store {}", self.store.place(&self.id.key)),
                "something else is there already",
            )),
        }
    }

    /// Throws it away, as far as the store lets it; what stays is thrown away by the next try, or swept as a leftover.
    pub(super) async fn abort(self) {
        let _best_effort = self.store.abort(&self.id).await;
    }
}

/// What stopped a step that may be performed again whatever became of it.
pub(super) fn passing(fault: Fault) -> Fault {
    match fault.certainty {
        Certainty::Unknown => Fault { certainty: Certainty::Transient, ..fault },
        Certainty::Transient | Certainty::Permanent => fault,
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
    put(store, key, bytes).await.map_err(passing)
}

async fn put(store: &dyn StoreWrite, key: &Key, bytes: &[u8]) -> Result<(), Fault> {
    let mut hasher = Hasher::default();
    hasher.update(bytes);
    let extent = Extent { size: bytes.len() as u64, digest: hasher.finish() };
    let mut upload = Upload::begin(store, key).await?;
    let done = match upload.push(Bytes::copy_from_slice(bytes)).await {
        Ok(()) => upload.finish(PutMode::IfAbsent, extent).await,
        Err(fault) => Err(fault),
    };
    if done.is_err() {
        upload.abort().await;
    }
    done
}
