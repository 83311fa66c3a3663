//! Uploads in parts (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html>).
//!
//! Invariant: what becomes an object is exactly the parts that were put last, each as the service checked it.

use std::collections::BTreeMap;

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::complete_multipart_upload::CompleteMultipartUploadError;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;

use super::S3Store;
use super::faults::{is_missing, is_taken};
use crate::ports::{Cause, Fault, PutMode, PutResult, UploadId};
use crate::primitives::Key;

/// What every part has, as a checksum that others than Amazon know as well.
pub(super) const CHECKSUM: ChecksumAlgorithm = ChecksumAlgorithm::Crc32C;
/// The first parts; but for the last of an upload none may have less than 5 MiB
/// (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const FIRST_BYTES: usize = 8 << 20;
/// So many parts are alike.
const ALIKE: u32 = 1_000;
/// What the parts behind them have more, each than the one before: so 10,000 parts come to more than the 5 TiB that an object may have.
const GROWTH_BYTES: usize = 144 << 10;
/// No more parts than this are under way at once,
const SIDE_BY_SIDE_MAX: usize = 3;
/// and no more bytes of them, as long as it is more than one.
const UNDER_WAY_BYTES: usize = 48 << 20;
/// A store has no more parts in one upload (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html>).
const PARTS_MAX: u32 = 10_000;

/// How many bytes the part of that number has.
pub(super) fn part_bytes(number: u32) -> usize {
    FIRST_BYTES + GROWTH_BYTES * number.saturating_sub(ALIKE) as usize
}

/// How many parts are under way at once with that one.
pub(super) fn side_by_side(number: u32) -> usize {
    (UNDER_WAY_BYTES / part_bytes(number)).clamp(1, SIDE_BY_SIDE_MAX)
}

/// The parts that were put, by their numbers.
pub(super) type Progress = BTreeMap<u32, CompletedPart>;

impl S3Store {
    pub(super) async fn all_uploads(&self, prefix: &str) -> Result<Vec<UploadId>, Fault> {
        let asked = self.asked("list the unfinished uploads of", prefix);
        let (mut found, mut key_marker, mut id_marker) = (vec![], None, None);
        loop {
            let request = self.client().await.list_multipart_uploads().bucket(self.bucket()).prefix(self.full(prefix));
            let request = request.set_key_marker(key_marker).set_upload_id_marker(id_marker);
            let answer = request.send().await.map_err(|error| asked.only_read(error))?;
            let upload = |upload: &aws_sdk_s3::types::MultipartUpload| {
                Some(UploadId { key: self.own(upload.key()?)?, token: upload.upload_id()?.to_owned() })
            };
            // A service may not look at the prefix here.
            found.extend(answer.uploads().iter().filter_map(upload).filter(|of| of.key.as_str().starts_with(prefix)));
            key_marker = answer.next_key_marker().map(str::to_owned);
            id_marker = answer.next_upload_id_marker().map(str::to_owned);
            if !answer.is_truncated().unwrap_or(false) || key_marker.is_none() {
                return Ok(found);
            }
        }
    }

    pub(super) async fn begin_upload(&self, key: &Key) -> Result<UploadId, Fault> {
        let asked = self.asked("begin an upload of", key.as_str());
        let (address, encryption) = (&self.shared.address, self.encryption());
        let (lock, until) = self.lock(key, &asked)?;
        let request = self.client().await.create_multipart_upload().bucket(self.bucket()).key(self.full(key.as_str()));
        let request = request
            .checksum_algorithm(CHECKSUM)
            .set_storage_class(address.storage_class.as_deref().map(Into::into))
            .set_server_side_encryption(encryption)
            .set_ssekms_key_id(address.kms_key.clone())
            .set_object_lock_mode(lock)
            .set_object_lock_retain_until_date(until);
        // One that was begun and is not known is thrown away by whoever begins the next of this key.
        let answer = request.send().await.map_err(|error| asked.only_read(error))?;
        let nameless = || Fault::permanent(Cause::Invalid, asked.action.clone(), "the service gave the upload no name");
        let token = answer.upload_id().ok_or_else(nameless)?.to_owned();
        let upload = UploadId { key: key.clone(), token };
        self.progress().insert(upload.clone(), Progress::default());
        Ok(upload)
    }

    /// An upload is its own process's to go on with.
    pub(super) async fn put_part(&self, upload: &UploadId, number: u32, bytes: Bytes) -> Result<(), Fault> {
        let asked = self.asked(&format!("put part {number} of"), upload.key.as_str());
        self.known(upload, &asked.action)?;
        let place = i32::try_from(number).ok().filter(|_| (1..=PARTS_MAX).contains(&number));
        let Some(place) = place else {
            let answer = format!("parts are counted from 1 to {PARTS_MAX}");
            return Err(Fault::permanent(Cause::Invalid, asked.action, answer));
        };
        let client = self.client().await;
        let request = || {
            let request = client.upload_part().bucket(self.bucket()).key(self.full(upload.key.as_str()));
            let request = request.upload_id(&upload.token).part_number(place).checksum_algorithm(CHECKSUM);
            request.body(ByteStream::from(bytes.clone()))
        };
        // The same part put once more is the same part.
        let answer = self.send_part(request).await.map_err(|error| asked.only_read(error))?;
        let Some(tag) = answer.e_tag() else {
            let answer = "the service gave the part no ETag, without which parts cannot be put together: it is no S3";
            return Err(Fault::permanent(Cause::Invalid, asked.action, answer));
        };
        let part = CompletedPart::builder().part_number(place).e_tag(tag);
        let part = part.set_checksum_crc32_c(answer.checksum_crc32_c().map(str::to_owned)).build();
        self.progress().entry(upload.clone()).or_default().insert(number, part);
        Ok(())
    }

    pub(super) async fn complete(&self, upload: &UploadId, parts: u32, mode: PutMode) -> Result<PutResult, Fault> {
        let asked = self.asked("finish the upload of", upload.key.as_str());
        self.may_rely(mode, &asked)?;
        let known = self.known(upload, &asked.action)?;
        if !known.keys().copied().eq(1..=parts) {
            let answer = format!("parts 1 to {parts} were to be there, and {} are", known.len());
            return Err(Fault::permanent(Cause::Invalid, asked.action, answer));
        }
        if known.is_empty() {
            // An upload has at least one part, and an object may have no byte.
            let result = self.put_whole(&upload.key, Bytes::new(), mode).await?;
            return self.abort_upload(upload).await.map(|()| result);
        }
        self.put_together(upload, known, mode).await
    }

    /// Makes an object of these parts.
    pub(super) async fn put_together(
        &self,
        upload: &UploadId,
        known: Progress,
        mode: PutMode,
    ) -> Result<PutResult, Fault> {
        let asked = self.asked("finish the upload of", upload.key.as_str());
        let completed = CompletedMultipartUpload::builder().set_parts(Some(known.into_values().collect())).build();
        let request = self.client().await.complete_multipart_upload().bucket(self.bucket());
        let request = request.key(self.full(upload.key.as_str())).upload_id(&upload.token).multipart_upload(completed);
        match request.set_if_none_match(super::condition(mode)).send().await {
            Ok(_) => {
                self.progress().remove(upload);
                self.see_locked(&upload.key).await.map(|()| PutResult::Stored)
            }
            Err(error) if says_that_it_is_done(&error) => {
                self.progress().remove(upload);
                self.see_locked(&upload.key).await.map(|()| PutResult::Stored)
            }
            Err(error) if is_taken(&error) => self.abort_upload(upload).await.map(|()| PutResult::AlreadyThere),
            Err(error) => Err(asked.changing(error)),
        }
    }

    pub(super) async fn abort_upload(&self, upload: &UploadId) -> Result<(), Fault> {
        let asked = self.asked("throw away the upload of", upload.key.as_str());
        self.progress().remove(upload);
        let request = self.client().await.abort_multipart_upload().bucket(self.bucket());
        match request.key(self.full(upload.key.as_str())).upload_id(&upload.token).send().await {
            Ok(_) => Ok(()),
            Err(error) if is_missing(&error) => Ok(()),
            Err(error) => Err(asked.only_read(error)),
        }
    }

    /// The parts that were put so far.
    pub(super) fn known(&self, upload: &UploadId, action: &str) -> Result<Progress, Fault> {
        let known = self.progress().get(upload).cloned();
        known.ok_or_else(|| Fault::permanent(Cause::NotFound, action, "there is no such upload"))
    }
}

/// Amazon's answer to this may say that it is done and be an error all the same, for which the SDK looks; another service's may only be
/// called otherwise.
fn says_that_it_is_done(error: &SdkError<CompleteMultipartUploadError>) -> bool {
    let raw = error.raw_response().filter(|raw| raw.status().is_success());
    let says = |words: &[u8]| {
        let body = raw.and_then(|raw| raw.body().bytes()).unwrap_or_default();
        memchr::memmem::find(body, words).is_some()
    };
    says(b"<CompleteMultipartUpload") && !says(b"<Error")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_tebibytes_fit_into_ten_thousand_parts() {
        let all: u64 = (1..=PARTS_MAX).map(|number| part_bytes(number) as u64).sum();
        assert!(all >= 5 << 40, "{all}");
        assert!((1..=PARTS_MAX).all(|number| (5 << 20..=5 << 30).contains(&part_bytes(number))));
        // What a run holds of a part stays small where archives are.
        assert_eq!(part_bytes(1_000), 8 << 20, "8 GiB in parts of 8 MiB");
    }

    #[test]
    fn fewer_parts_are_under_way_as_they_grow() {
        let numbers = [1, 1_000, 1_100, 1_300, 5_000, PARTS_MAX];
        assert_eq!(numbers.map(side_by_side), [3, 3, 2, 1, 1, 1]);
        // One more is being filled.
        let held = |number| (side_by_side(number) + 1) * part_bytes(number);
        assert!((1..=2_000).all(|number| held(number) <= 300 << 20));
    }
}
