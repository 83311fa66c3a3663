//! A store in a bucket of Amazon S3, or of a service that speaks like it.
//!
//! Unaware of what is stored. Invariants: an object appears under its key whole or not at all, and never over one that was to be left
//! (`If-None-Match`, <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>); the service checks each part by a checksum that
//! this side made of it; a call whose answer is lost is told as such, for nothing but a part is asked twice behind its caller's back.

mod client;
mod conditions;
mod faults;
mod keeping;
mod lock;
mod signing;
mod uploads;

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::Credentials;
use aws_sdk_s3::primitives::{ByteStream, ByteStreamError, DateTime};
use aws_sdk_s3::types::ServerSideEncryption;
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use tokio::sync::OnceCell;
use tokio::task::JoinSet;

use crate::ports::{
    Cause, Fault, HiddenPage, Keeping, ObjectInfo, Page, PutMode, PutResult, Reading, StorePlace, StoreRead,
    StoreWrite, UploadId,
};
use crate::primitives::Key;
pub use lock::S3Lock;

use faults::{Asked, code, is_missing, is_taken};
use uploads::Progress;

/// Where a bucket is, and how things are put into it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct S3Address {
    /// The bucket.
    pub bucket: String,
    /// Its region; the one that the environment names where none is given.
    pub region: Option<String>,
    /// What every key begins with, without a `/` at its end; nothing where it is empty.
    pub prefix: String,
    /// The service's URL, where it is not Amazon's.
    pub endpoint: Option<String>,
    /// The storage class of what is put; the bucket's default where none is given.
    pub storage_class: Option<String>,
    /// Whether the bucket is part of the path, and not of the host's name; by default it is where the service is not Amazon's.
    pub path_style: Option<bool>,
    /// How the service encrypts, as its header says it; the bucket's default where none is given.
    pub encryption: Option<String>,
    /// The key of AWS KMS that the service encrypts with; the bucket's default where none is given.
    pub kms_key: Option<String>,
    /// What of it is locked; nothing is by this side where none is given.
    pub lock: Option<S3Lock>,
}

/// A store in a bucket. Clones are the same store.
#[derive(Debug, Clone)]
pub struct S3Store {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    address: S3Address,
    /// What proves who asks; what the environment says where none is given.
    keys: Option<Credentials>,
    /// Made when it is first needed: to find credentials may take a question to the network.
    client: OnceCell<Client>,
    /// The uploads that this process knows the parts of.
    progress: Mutex<HashMap<UploadId, Progress>>,
    /// Whether the service takes only parts that are signed with all that is in them.
    wants_signed_parts: AtomicBool,
}

/// The service lists at most so many at once
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html>).
const PAGE: usize = 1000;
/// Whole objects are read so: what is under way is 16 MiB.
const READING: Reading = Reading { bytes: 4 << 20, side_by_side: 4 };
/// Small objects are read so many at once: each is a question and an answer, and next to nothing to hold.
const SMALL_SIDE_BY_SIDE: usize = 32;
/// A shorter object is copied out of what it came with.
const SHORT_BYTES: usize = 64 << 10;
/// No object is larger (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>), and some services know no larger range.
const OBJECT_BYTES_MAX: u64 = 1 << 50;

impl S3Store {
    /// The store at that place. Nothing is asked of it yet.
    pub fn new(address: S3Address) -> Self {
        Self::made(address, None)
    }

    /// The same for whoever has the access key with this identifier and secret.
    pub fn with_keys(address: S3Address, id: &str, secret: &str) -> Self {
        Self::made(address, Some(Credentials::new(id, secret, None, None, "given")))
    }

    fn made(address: S3Address, keys: Option<Credentials>) -> Self {
        let (client, progress, wants_signed_parts) = (OnceCell::new(), Mutex::default(), AtomicBool::new(false));
        Self { shared: Arc::new(Shared { address, keys, client, progress, wants_signed_parts }) }
    }

    async fn client(&self) -> &Client {
        self.shared.client.get_or_init(|| client::client(&self.shared.address, self.shared.keys.clone())).await
    }

    /// Does it beside whoever waits for it, which may be busy itself; given up with whoever waits.
    async fn beside<T: Send + 'static>(
        &self,
        asked: &Asked,
        call: impl Future<Output = Result<T, Fault>> + Send + 'static,
    ) -> Result<T, Fault> {
        let mut own = JoinSet::new();
        own.spawn(call);
        let died = || Fault::permanent(Cause::Other, asked.action.clone(), "it died; this is a bug");
        own.join_next().await.and_then(Result::ok).unwrap_or_else(|| Err(died()))
    }

    /// Puts a whole object in one request.
    async fn put_whole(&self, key: &Key, bytes: Bytes, mode: PutMode) -> Result<PutResult, Fault> {
        let asked = self.asked("put", key.as_str());
        self.may_rely(mode, &asked)?;
        let put = self.send_whole(key, bytes.clone(), mode).await?;
        if (put, mode) == (PutResult::Stored, PutMode::IfAbsent) {
            self.try_conditions(key, bytes, &asked).await?;
        }
        Ok(put)
    }

    async fn send_whole(&self, key: &Key, bytes: Bytes, mode: PutMode) -> Result<PutResult, Fault> {
        let asked = self.asked("put", key.as_str());
        let (address, encryption) = (&self.shared.address, self.encryption());
        let (lock, until) = self.lock(key, &asked)?;
        let request = self.client().await.put_object().bucket(self.bucket()).key(self.full(key.as_str()));
        let request = request
            .checksum_algorithm(uploads::CHECKSUM)
            .body(ByteStream::from(bytes))
            .set_if_none_match(condition(mode))
            .set_storage_class(address.storage_class.as_deref().map(Into::into))
            .set_server_side_encryption(encryption)
            .set_ssekms_key_id(address.kms_key.clone())
            .set_object_lock_mode(lock)
            .set_object_lock_retain_until_date(until);
        match request.send().await {
            Ok(_) => self.see_locked(key).await.map(|()| PutResult::Stored),
            Err(error) if is_taken(&error) => Ok(PutResult::AlreadyThere),
            Err(error) => Err(asked.changing(error)),
        }
    }

    /// How the service is to encrypt, where it is told. A key of KMS says that it is by KMS.
    fn encryption(&self) -> Option<ServerSideEncryption> {
        let address = &self.shared.address;
        let by_key = address.kms_key.as_ref().map(|_| ServerSideEncryption::AwsKms);
        address.encryption.as_deref().map(ServerSideEncryption::from).or(by_key)
    }

    fn bucket(&self) -> &str {
        &self.shared.address.bucket
    }

    /// A key as the bucket has it, or how such keys begin.
    fn full(&self, key: &str) -> String {
        match self.shared.address.prefix.as_str() {
            "" => key.to_owned(),
            prefix => format!("{prefix}/{key}"),
        }
    }

    /// A key of the bucket as this store has it; none where it is no key of this store.
    fn own(&self, full: &str) -> Option<Key> {
        let key = match self.shared.address.prefix.as_str() {
            "" => full,
            prefix => full.strip_prefix(prefix)?.strip_prefix('/')?,
        };
        Key::parse(key).ok()
    }

    /// Up to so many of the objects whose keys begin so, from behind that one on.
    async fn page(&self, prefix: &str, after: Option<&Key>, limit: usize) -> Result<Page, Fault> {
        let asked = self.asked("list", prefix);
        let mut page = Page { objects: vec![], more: false };
        let mut after = after.map(|after| self.full(after.as_str()));
        loop {
            // One more is asked for where none is wanted: whether there is any is the answer.
            let wanted = (limit - page.objects.len()).clamp(1, PAGE);
            let request = self.client().await.list_objects_v2().bucket(self.bucket()).prefix(self.full(prefix));
            let request = request.max_keys(i32::try_from(wanted).unwrap_or(1)).set_start_after(after.clone());
            let answer = match request.send().await {
                Ok(answer) => answer,
                Err(error) => return Err(asked.only_read(error)),
            };
            let found = answer.contents();
            after = found.last().and_then(|object| object.key()).map(str::to_owned).or(after);
            page.more = answer.is_truncated().unwrap_or(false) || (limit == 0 && !found.is_empty());
            if limit == 0 {
                return Ok(page);
            }
            let info = |object: &aws_sdk_s3::types::Object| {
                let key = self.own(object.key()?)?;
                Some(ObjectInfo { key, size: size(object.size()), stored: object.last_modified().and_then(time) })
            };
            page.objects.extend(found.iter().filter_map(info));
            if !page.more || page.objects.len() >= limit {
                return Ok(page);
            }
        }
    }

    /// Up to so many bytes of an object.
    async fn range(&self, key: &Key, offset: u64, length: usize) -> Result<Bytes, Fault> {
        let asked = self.asked("read", key.as_str());
        let missing = || Fault::permanent(Cause::NotFound, asked.action.clone(), "there is no such object");
        // No range says that nothing is wanted, and none begins where no object reaches.
        if length == 0 || offset > OBJECT_BYTES_MAX {
            return self.head(key).await?.map(|_| Bytes::new()).ok_or_else(missing);
        }
        let last = offset.saturating_add(length as u64 - 1);
        let request = self.client().await.get_object().bucket(self.bucket()).key(self.full(key.as_str()));
        let answer = match request.range(format!("bytes={offset}-{last}")).send().await {
            Ok(answer) => answer,
            Err(error) if code(&error) == Some("InvalidRange") => return Ok(Bytes::new()),
            Err(error) if is_missing(&error) => return Err(missing()),
            Err(error) => return Err(asked.only_read(error)),
        };
        collected(answer.body, length).await.map_err(|error| asked.cut_off(&error))
    }

    fn progress(&self) -> MutexGuard<'_, HashMap<UploadId, Progress>> {
        self.shared.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call on a key, as a person would say it.
    fn asked(&self, what: &str, key: &str) -> Asked {
        let service = self.shared.address.endpoint.clone().unwrap_or_else(|| "Amazon S3".into());
        Asked { action: format!("{what} {}", self.url(key)), service }
    }

    fn url(&self, key: &str) -> String {
        format!("s3://{}/{}", self.bucket(), self.full(key))
    }
}

/// Nothing may be under the key, or anything
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html>).
fn condition(mode: PutMode) -> Option<String> {
    (mode == PutMode::IfAbsent).then(|| "*".to_owned())
}

/// A body's bytes, of which there are no more than that.
async fn collected(mut body: ByteStream, length: usize) -> Result<Bytes, ByteStreamError> {
    let Some(first) = body.try_next().await? else { return Ok(Bytes::new()) };
    let Some(second) = body.try_next().await? else {
        // What is whole already is not copied; but what is short would keep all that it came with.
        return Ok(if first.len() < SHORT_BYTES { Bytes::copy_from_slice(&first) } else { first });
    };
    let mut all = BytesMut::with_capacity(length.min(READING.bytes).max(first.len() + second.len()));
    all.extend_from_slice(&first);
    all.extend_from_slice(&second);
    while let Some(more) = body.try_next().await? {
        all.extend_from_slice(&more);
    }
    Ok(all.freeze())
}

/// A time as the service tells it.
fn time(time: &DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}

fn size(size: Option<i64>) -> u64 {
    size.and_then(|size| u64::try_from(size).ok()).unwrap_or(0)
}

#[async_trait::async_trait]
impl StoreRead for S3Store {
    async fn list(&self, prefix: &str, after: Option<&Key>, limit: usize) -> Result<Page, Fault> {
        let (store, prefix, after) = (self.clone(), prefix.to_owned(), after.cloned());
        let asked = self.asked("list", &prefix);
        self.beside(&asked, async move { store.page(&prefix, after.as_ref(), limit).await }).await
    }

    async fn head(&self, key: &Key) -> Result<Option<ObjectInfo>, Fault> {
        let asked = self.asked("look at", key.as_str());
        let request = self.client().await.head_object().bucket(self.bucket()).key(self.full(key.as_str()));
        match request.send().await {
            Ok(found) => Ok(Some(ObjectInfo {
                key: key.clone(),
                size: size(found.content_length()),
                stored: found.last_modified().and_then(time),
            })),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(asked.only_read(error)),
        }
    }

    async fn read(&self, key: &Key, offset: u64, length: usize) -> Result<Bytes, Fault> {
        let (store, key) = (self.clone(), key.clone());
        let asked = self.asked("read", key.as_str());
        self.beside(&asked, async move { store.range(&key, offset, length).await }).await
    }

    fn reading(&self) -> Reading {
        READING
    }

    fn small_side_by_side(&self) -> usize {
        SMALL_SIDE_BY_SIDE
    }

    async fn uploads(&self, prefix: &str) -> Result<Vec<UploadId>, Fault> {
        self.all_uploads(prefix).await
    }

    async fn keeping(&self) -> Keeping {
        self.kept().await
    }

    async fn hidden(&self, prefix: &str, after: Option<&Key>) -> Result<HiddenPage, Fault> {
        self.hidden_page(prefix, after).await
    }

    async fn locked_until(&self, key: &Key) -> Result<Option<Timestamp>, Fault> {
        self.locked(key).await
    }

    async fn real_place(&self) -> Result<StorePlace, Fault> {
        let endpoint = self.shared.address.endpoint.as_deref().unwrap_or("s3");
        Ok(StorePlace::Elsewhere(format!("{endpoint} {}", self.url(""))))
    }

    fn place(&self, key: &Key) -> String {
        self.url(key.as_str())
    }
}

#[async_trait::async_trait]
impl StoreWrite for S3Store {
    async fn put(&self, key: &Key, bytes: Bytes, mode: PutMode) -> Result<PutResult, Fault> {
        self.put_whole(key, bytes, mode).await
    }

    fn puts_at_once(&self) -> bool {
        true
    }

    async fn begin(&self, key: &Key) -> Result<UploadId, Fault> {
        self.begin_upload(key).await
    }

    fn part_bytes(&self, number: u32) -> usize {
        uploads::part_bytes(number)
    }

    fn side_by_side(&self, number: u32) -> usize {
        uploads::side_by_side(number)
    }

    async fn part(&self, upload: &UploadId, number: u32, bytes: Bytes) -> Result<(), Fault> {
        let (store, upload) = (self.clone(), upload.clone());
        let asked = self.asked("put a part of", upload.key.as_str());
        self.beside(&asked, async move { store.put_part(&upload, number, bytes).await }).await
    }

    async fn finish(&self, upload: &UploadId, parts: u32, mode: PutMode) -> Result<PutResult, Fault> {
        self.complete(upload, parts, mode).await
    }

    /// What the service has answered is durable
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/DataDurability.html>).
    async fn settle(&self, key: &Key) -> Result<(), Fault> {
        let missing = || {
            let asked = self.asked("make durable", key.as_str());
            Fault::permanent(Cause::NotFound, asked.action, "there is no such object")
        };
        self.head(key).await?.map(drop).ok_or_else(missing)?;
        self.see_locked(key).await
    }

    async fn abort(&self, upload: &UploadId) -> Result<(), Fault> {
        self.abort_upload(upload).await
    }

    async fn delete(&self, key: &Key) -> Result<(), Fault> {
        let asked = self.asked("delete", key.as_str());
        let request = self.client().await.delete_object().bucket(self.bucket()).key(self.full(key.as_str()));
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            // To delete once more does no harm, so a lost answer is no riddle.
            Err(error) => Err(asked.only_read(error)),
        }
    }
}
