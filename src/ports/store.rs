//! Where backups live: objects under keys. Shaped after S3's multipart upload
//! (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>), which a local folder can do as well.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fault, HiddenPage, Keeping};
use crate::primitives::{Key, PathBytes};

/// An object as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ObjectInfo {
    /// Its key.
    pub key: Key,
    /// Its size in bytes.
    pub size: u64,
    /// When the store says that it was stored: its own clock's time, not this host's. None where it does not say.
    #[serde(default)]
    pub stored: Option<Timestamp>,
}

/// A page of a listing, in ascending order of keys.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// The objects.
    pub objects: Vec<ObjectInfo>,
    /// Whether more follow the last one.
    pub more: bool,
}

/// An upload that is under way. Its text is the store's own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct UploadId {
    /// What it will become.
    pub key: Key,
    /// The store's name for it.
    pub token: String,
}

/// What to do where the key is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutMode {
    /// Leave what is there.
    IfAbsent,
    /// Replace it, in one step.
    Replace,
}

/// What a finished upload did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PutResult {
    /// The object is in the store, durably.
    Stored,
    /// The key was taken and nothing was changed; the upload is gone.
    AlreadyThere,
}

/// How an object is best read from its beginning to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// So many bytes at a time,
    pub bytes: usize,
    /// with so many reads under way at once. At least 1.
    pub side_by_side: usize,
}

/// Where a store really is, by whatever way it is reached: the same for two who reach the same one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StorePlace {
    /// In a folder of this host, its path with all links followed.
    Folder(PathBytes),
    /// Elsewhere, in the store's own words.
    Elsewhere(String),
}

impl std::fmt::Display for StorePlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder(folder) => folder.fmt(f),
            Self::Elsewhere(place) => f.write_str(place),
        }
    }
}

/// Reads a store.
#[async_trait::async_trait]
pub trait StoreRead: Send + Sync {
    /// At most `limit` objects whose key begins with `prefix` and is greater than `after`. Unfinished uploads
    /// are not objects. A store that does not exist yet is empty.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn list(&self, prefix: &str, after: Option<&Key>, limit: usize) -> Result<Page, Fault>;

    /// The object of that key; none where there is none.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn head(&self, key: &Key) -> Result<Option<ObjectInfo>, Fault>;

    /// Up to `length` bytes from `offset`; fewer only at the object's end, none beyond it.
    ///
    /// # Errors
    /// `NotFound` where there is no such object; else when it cannot be read.
    async fn read(&self, key: &Key, offset: u64, length: usize) -> Result<Bytes, Fault>;

    /// How whole objects are best read; a piece after the other where the store is near.
    fn reading(&self) -> Reading {
        Reading { bytes: 1024 * 1024, side_by_side: 1 }
    }

    /// How many small objects are best read at once. At least 1.
    fn small_side_by_side(&self) -> usize {
        1
    }

    /// The unfinished uploads whose key begins with `prefix`.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn uploads(&self, prefix: &str) -> Result<Vec<UploadId>, Fault>;

    /// What it keeps of what is deleted.
    async fn keeping(&self) -> Keeping {
        Keeping::Gone
    }

    /// A page of what was deleted below a prefix and is still there, with keys greater than `after`. It may be empty though more follow.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn hidden(&self, _prefix: &str, _after: Option<&Key>) -> Result<HiddenPage, Fault> {
        Ok(HiddenPage::default())
    }

    /// Until when an object stays whatever is deleted, where it is locked.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn locked_until(&self, _key: &Key) -> Result<Option<Timestamp>, Fault> {
        Ok(None)
    }

    /// Where it really is. It need not exist yet.
    ///
    /// # Errors
    /// When that cannot be said.
    async fn real_place(&self) -> Result<StorePlace, Fault>;

    /// Where people find an object: a path or URL.
    fn place(&self, key: &Key) -> String;
}

/// Writes a store.
#[async_trait::async_trait]
pub trait StoreWrite: StoreRead {
    /// Makes these bytes an object of the key, in one step and durably: for what is no longer than a part. By default an upload, beside those
    /// of others, which are theirs to finish.
    ///
    /// # Errors
    /// As [`finish`](StoreWrite::finish).
    async fn put(&self, key: &Key, bytes: Bytes, mode: PutMode) -> Result<PutResult, Fault> {
        let upload = self.begin(key).await?;
        let done = match self.part(&upload, 1, bytes).await {
            Ok(()) => self.finish(&upload, 1, mode).await,
            Err(fault) => Err(fault),
        };
        if done.is_err() {
            // What stays is swept as a leftover.
            let _best_effort = self.abort(&upload).await;
        }
        done
    }

    /// Whether [`put`](StoreWrite::put) leaves nothing under way, whatever becomes of it.
    fn puts_at_once(&self) -> bool {
        false
    }

    /// Begins an upload; nothing is visible under the key before it is finished.
    ///
    /// # Errors
    /// When the store refuses.
    async fn begin(&self, key: &Key) -> Result<UploadId, Fault>;

    /// How many bytes the part of that number has at least, unless it is the last; a few more are well too. At least 1.
    fn part_bytes(&self, number: u32) -> usize;

    /// How many parts may be under way at once when the part of that number is. At least 1.
    fn side_by_side(&self, _number: u32) -> usize {
        1
    }

    /// Adds a part; `number` counts from 1. They come in order, but for those that may be under way at once; one that failed may be put
    /// again.
    ///
    /// # Errors
    /// When the store refuses; `Full` where it has no space.
    async fn part(&self, upload: &UploadId, number: u32, bytes: Bytes) -> Result<(), Fault>;

    /// Makes the upload an object of its key, in one step and durably.
    ///
    /// # Errors
    /// When the store refuses, or `Unknown` where its answer was lost: then look at the key before repeating, and `settle` what is
    /// there. Where it could not be made durable, `Permanent`, and it was taken away again as far as that is possible.
    async fn finish(&self, upload: &UploadId, parts: u32, mode: PutMode) -> Result<PutResult, Fault>;

    /// Returns when an object that is there, by whatever hand, is durable: its content and its key.
    ///
    /// # Errors
    /// `NotFound` where there is no such object; `Permanent` where it cannot be made durable: it must not be relied on then.
    async fn settle(&self, key: &Key) -> Result<(), Fault>;

    /// Throws an upload away; one that is not there is no error.
    ///
    /// # Errors
    /// When the store refuses.
    async fn abort(&self, upload: &UploadId) -> Result<(), Fault>;

    /// Deletes an object; one that is not there is no error.
    ///
    /// # Errors
    /// When the store refuses.
    async fn delete(&self, key: &Key) -> Result<(), Fault>;
}
