//! A simulated store.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};

use super::world::Shared;
use crate::ports::{Cause, Fault, ObjectInfo, Page, PutMode, PutResult, StorePlace, StoreRead, StoreWrite, UploadId};
use crate::primitives::Key;

/// Small, so that small archives have several parts.
const PART_BYTES: usize = 256 * 1024;

/// A store in memory. As in S3, `a` and `a/b` can both be objects. Its calls are recorded as `name:key`.
#[derive(Debug)]
pub struct FakeStore {
    world: Arc<Shared>,
    name: String,
    contents: Mutex<Contents>,
}

#[derive(Debug)]
struct Contents {
    objects: BTreeMap<Key, Bytes>,
    stored: BTreeMap<Key, Timestamp>,
    /// The time by its own clock.
    now: Timestamp,
    ahead: SignedDuration,
    uploads: BTreeMap<UploadId, Vec<Bytes>>,
    begun: u64,
    free: u64,
    part_bytes_min: usize,
}

impl FakeStore {
    pub(super) fn new(world: Arc<Shared>, name: &str) -> Self {
        let contents = Contents {
            objects: BTreeMap::new(),
            stored: BTreeMap::new(),
            now: Timestamp::UNIX_EPOCH,
            ahead: SignedDuration::ZERO,
            uploads: BTreeMap::new(),
            begun: 0,
            free: u64::MAX,
            part_bytes_min: 0,
        };
        Self { world, name: name.to_owned(), contents: Mutex::new(contents) }
    }

    /// All objects, without a call.
    pub fn objects(&self) -> BTreeMap<Key, Bytes> {
        self.contents().objects.clone()
    }

    /// All unfinished uploads, without a call.
    pub fn unfinished(&self) -> Vec<UploadId> {
        self.contents().uploads.keys().cloned().collect()
    }

    /// Puts an object there (none: takes it away) behind everybody's back: damage, tampering, another host.
    pub fn plant(&self, key: &Key, object: Option<Bytes>) {
        let mut contents = self.contents();
        match object {
            Some(bytes) => contents.put(key, bytes),
            None => drop(contents.objects.remove(key)),
        }
    }

    /// From now on its clock is so far ahead of the world's (or, by a negative span, behind).
    pub fn set_clock_ahead(&self, by: SignedDuration) {
        self.contents().ahead = by;
    }

    /// So many bytes more can be put; the store is then full.
    pub fn set_free(&self, bytes: u64) {
        self.contents().free = bytes;
    }

    /// Refuses uploads with a part, other than the last, of fewer bytes, as S3 does below 5 MiB.
    pub fn require_part_bytes(&self, bytes: usize) {
        self.contents().part_bytes_min = bytes;
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        let mut contents = self.contents.lock().unwrap_or_else(PoisonError::into_inner);
        contents.now = self.world.now().saturating_add(contents.ahead).unwrap_or(Timestamp::MAX);
        contents
    }

    async fn call<T>(
        &self,
        op: &'static str,
        key: &str,
        effect: impl FnOnce(&mut Contents) -> Result<T, (Cause, &'static str)>,
    ) -> Result<T, Fault> {
        self.call_whole_or_cut(op, key, |contents, _| effect(contents)).await
    }

    async fn call_whole_or_cut<T>(
        &self,
        op: &'static str,
        key: &str,
        effect: impl FnOnce(&mut Contents, bool) -> Result<T, (Cause, &'static str)>,
    ) -> Result<T, Fault> {
        let named = format!("{}:{key}", self.name);
        let call = self.world.call_whole_or_cut(None, op, &named, |cut| {
            let refuse = |(cause, answer)| Fault::permanent(cause, format!("{op} {named}"), answer);
            effect(&mut self.contents(), cut).map_err(refuse)
        });
        call.await
    }
}

const NO_UPLOAD: (Cause, &str) = (Cause::NotFound, "no such upload");

impl Contents {
    fn put(&mut self, key: &Key, object: Bytes) {
        self.objects.insert(key.clone(), object);
        self.stored.insert(key.clone(), self.now);
    }

    fn info(&self, key: &Key, object: &Bytes) -> ObjectInfo {
        ObjectInfo { key: key.clone(), size: object.len() as u64, stored: self.stored.get(key).copied() }
    }

    fn list(&self, prefix: &str, after: Option<&Key>, limit: usize) -> Page {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut found = self
            .objects
            .range::<Key, _>((from, Bound::Unbounded))
            .filter(|(key, _)| key.as_str().starts_with(prefix))
            .map(|(key, bytes)| self.info(key, bytes));
        let objects = found.by_ref().take(limit).collect();
        Page { objects, more: found.next().is_some() }
    }

    fn part(&mut self, upload: &UploadId, number: u32, bytes: Bytes) -> Result<(), (Cause, &'static str)> {
        let parts = self.uploads.get_mut(upload).ok_or(NO_UPLOAD)?;
        let before = (number as usize).checked_sub(1).ok_or((Cause::Invalid, "parts are counted from 1"))?;
        // The next one, or the last one again.
        if before > parts.len() || before + 1 < parts.len() {
            return Err((Cause::Invalid, "another part comes next"));
        }
        self.free = self.free.checked_sub(bytes.len() as u64).ok_or((Cause::Full, "no space is left"))?;
        parts.truncate(before);
        parts.push(bytes);
        Ok(())
    }

    fn finish(&mut self, upload: &UploadId, parts: u32, mode: PutMode) -> Result<PutResult, (Cause, &'static str)> {
        let put = self.uploads.get(upload).ok_or(NO_UPLOAD)?;
        if put.len() != parts as usize {
            return Err((Cause::Invalid, "not so many parts were put"));
        }
        if put.iter().rev().skip(1).any(|part| part.len() < self.part_bytes_min) {
            return Err((Cause::Invalid, "a part is too small"));
        }
        let object = put.concat();
        self.uploads.remove(upload);
        if mode == PutMode::IfAbsent && self.objects.contains_key(&upload.key) {
            return Ok(PutResult::AlreadyThere);
        }
        self.put(&upload.key, object.into());
        Ok(PutResult::Stored)
    }
}

#[async_trait::async_trait]
impl StoreRead for FakeStore {
    async fn list(&self, prefix: &str, after: Option<&Key>, limit: usize) -> Result<Page, Fault> {
        self.call("store.list", prefix, |contents| Ok(contents.list(prefix, after, limit))).await
    }

    async fn head(&self, key: &Key) -> Result<Option<ObjectInfo>, Fault> {
        let call = self.call("store.head", key.as_str(), |contents| {
            Ok(contents.objects.get(key).map(|bytes| contents.info(key, bytes)))
        });
        call.await
    }

    async fn read(&self, key: &Key, offset: u64, length: usize) -> Result<Bytes, Fault> {
        let call = self.call("store.read", key.as_str(), |contents| {
            let object = contents.objects.get(key).ok_or((Cause::NotFound, "no such object"))?;
            let start = usize::try_from(offset).unwrap_or(usize::MAX).min(object.len());
            Ok(object.slice(start..start.saturating_add(length).min(object.len())))
        });
        call.await
    }

    async fn uploads(&self, prefix: &str) -> Result<Vec<UploadId>, Fault> {
        let call = self.call("store.uploads", prefix, |contents| {
            let wanted = |upload: &&UploadId| upload.key.as_str().starts_with(prefix);
            Ok(contents.uploads.keys().filter(wanted).cloned().collect())
        });
        call.await
    }

    async fn real_place(&self) -> Result<StorePlace, Fault> {
        self.call("store.real-place", "", |_| Ok(StorePlace::Elsewhere(format!("memory:{}", self.name)))).await
    }

    fn place(&self, key: &Key) -> String {
        format!("memory:{}/{key}", self.name)
    }
}

#[async_trait::async_trait]
impl StoreWrite for FakeStore {
    fn part_bytes(&self, _number: u32) -> usize {
        PART_BYTES.max(self.contents().part_bytes_min)
    }

    async fn begin(&self, key: &Key) -> Result<UploadId, Fault> {
        let call = self.call("store.begin", key.as_str(), |contents| {
            contents.begun += 1;
            let upload = UploadId { key: key.clone(), token: contents.begun.to_string() };
            contents.uploads.insert(upload.clone(), Vec::new());
            Ok(upload)
        });
        call.await
    }

    async fn part(&self, upload: &UploadId, number: u32, bytes: Bytes) -> Result<(), Fault> {
        let call = self.call_whole_or_cut("store.part", upload.key.as_str(), |contents, cut| {
            let bytes = if cut { bytes.slice(..bytes.len() / 2) } else { bytes };
            contents.part(upload, number, bytes)
        });
        call.await
    }

    async fn finish(&self, upload: &UploadId, parts: u32, mode: PutMode) -> Result<PutResult, Fault> {
        self.call("store.finish", upload.key.as_str(), |contents| contents.finish(upload, parts, mode)).await
    }

    async fn settle(&self, key: &Key) -> Result<(), Fault> {
        let call = self.call("store.settle", key.as_str(), |contents| {
            contents.objects.get(key).map(drop).ok_or((Cause::NotFound, "no such object"))
        });
        call.await
    }

    async fn abort(&self, upload: &UploadId) -> Result<(), Fault> {
        let call = self.call("store.abort", upload.key.as_str(), |contents| {
            contents.uploads.remove(upload);
            Ok(())
        });
        call.await
    }

    async fn delete(&self, key: &Key) -> Result<(), Fault> {
        let call = self.call("store.delete", key.as_str(), |contents| {
            contents.objects.remove(key);
            Ok(())
        });
        call.await
    }
}
