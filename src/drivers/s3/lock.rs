//! Locks on what is put (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html>): until some time, the version that was put
//! cannot be deleted.
//!
//! Unaware of why some objects are locked and others are not. Invariant: what has no such ending is put without a lock, and what has one is locked
//! before it counts as stored: a service may pass over the headers that ask for it.

use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{ObjectLockMode, ObjectLockRetention, ObjectLockRetentionMode};

use super::S3Store;
use super::faults::Asked;
use crate::drivers::SystemClock;
use crate::ports::{Cause, Clock as _, Fault};
use crate::primitives::{Duration, Key};

/// A lock on some of what is put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Lock {
    /// As the service's header says it.
    pub mode: String,
    /// How long it lasts, from the call that puts the object or begins its upload.
    pub lasts: Duration,
    /// What the keys of the objects that are locked end in.
    pub endings: Vec<String>,
}

impl S3Store {
    /// The mode of an object's lock and until when it lasts, where it is locked. This host's clock says what time it is.
    pub(super) fn lock(&self, key: &Key, asked: &Asked) -> Result<(Option<ObjectLockMode>, Option<DateTime>), Fault> {
        let is_locked = |lock: &&S3Lock| lock.endings.iter().any(|ending| key.as_str().ends_with(ending.as_str()));
        let Some(lock) = self.shared.address.lock.as_ref().filter(is_locked) else { return Ok((None, None)) };
        let too_long = || {
            let answer = format!(
                "it cannot be locked for {}, which goes beyond all years: write a shorter `lock-for`",
                lock.lasts
            );
            Fault::permanent(Cause::Invalid, asked.action.clone(), answer)
        };
        let until = SystemClock.now().checked_add(lock.lasts.to_std()).map_err(|_| too_long())?;
        // To the second, as headers have it, and not before it is over.
        Ok((Some(lock.mode.as_str().into()), Some(DateTime::from_secs(until.as_second().saturating_add(1)))))
    }

    /// Looks whether an object that was put is locked, where it was to be, and locks it where it is not.
    pub(super) async fn see_locked(&self, key: &Key) -> Result<(), Fault> {
        let asked = self.asked("lock", key.as_str());
        let (Some(mode), until) = self.lock(key, &asked)? else { return Ok(()) };
        let head = self.client().await.head_object().bucket(self.bucket()).key(self.full(key.as_str())).send().await;
        // Whoever may not see the lock sees none: then it is asked for once more.
        if head.map_err(|error| asked.only_read(error))?.object_lock_mode().is_some() {
            return Ok(());
        }
        let retention = ObjectLockRetention::builder().mode(ObjectLockRetentionMode::from(mode.as_str()));
        let retention = retention.set_retain_until_date(until).build();
        let request = self.client().await.put_object_retention().bucket(self.bucket()).key(self.full(key.as_str()));
        let request = request.checksum_algorithm(super::uploads::CHECKSUM).retention(retention);
        // The same lock once more is the same lock, or one that lasts a moment longer.
        request.send().await.map(drop).map_err(|error| asked.only_read(error))
    }
}
