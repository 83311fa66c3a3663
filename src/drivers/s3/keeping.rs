//! What a bucket keeps of what is deleted: whether it has versions, how long they are locked, and when they end.
//!
//! Unaware of why something was deleted. Invariant: an answer that this account may not have, or that the service does not know, is told as such and
//! taken for nothing.

use std::borrow::Cow;

use aws_sdk_s3::error::SdkError;
use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::types::{ExpirationStatus, LifecycleRule};
use jiff::Timestamp;

use super::faults::{code, is_missing, is_not_implemented};
use super::{S3Store, size, time};
use crate::ports::{Fault, HiddenEnds, HiddenObject, HiddenPage, HiddenVersions, Keeping, ObjectLocks};
use crate::primitives::{Duration, Key};

/// Seconds.
const DAY: u64 = 86_400;

impl S3Store {
    pub(super) async fn kept(&self) -> Keeping {
        let asked = self.asked("ask for the versions of", "");
        let said = match self.client().await.get_bucket_versioning().bucket(self.bucket()).send().await {
            Ok(answer) => answer.status().map(|status| status.as_str().to_owned()),
            // A service that knows no versions keeps none.
            Err(error) if is_not_implemented(&error) => None,
            Err(error) => match called_otherwise(&error) {
                Some(status) => status,
                None => return Keeping::Unknown(asked.only_read(error)),
            },
        };
        let suspended = match said.as_deref() {
            Some("Enabled") => false,
            Some("Suspended") => true,
            _ => return Keeping::Gone,
        };
        Keeping::Hidden(Box::new(HiddenVersions { suspended, ends: self.ends().await, locks: self.locks().await }))
    }

    /// When versions end that are hidden (<https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html>).
    async fn ends(&self) -> HiddenEnds {
        let asked = self.asked("ask for the lifecycle rules of", "");
        match self.client().await.get_bucket_lifecycle_configuration().bucket(self.bucket()).send().await {
            Ok(answer) => {
                let days = answer.rules().iter().filter(|rule| is_of_all_below(rule, &self.full(""))).filter_map(days);
                days.min().map_or(HiddenEnds::Never, HiddenEnds::AfterDays)
            }
            Err(error) if code(&error) == Some("NoSuchLifecycleConfiguration") => HiddenEnds::Never,
            Err(error) => HiddenEnds::Unknown(asked.only_read(error)),
        }
    }

    async fn locks(&self) -> ObjectLocks {
        let asked = self.asked("ask for the object lock of", "");
        match self.client().await.get_object_lock_configuration().bucket(self.bucket()).send().await {
            Ok(answer) => {
                let rule = answer.object_lock_configuration().and_then(|found| found.rule());
                let default = rule.and_then(|rule| rule.default_retention());
                let days = |count: Option<i32>, days: u64| Some(u64::try_from(count?).ok()?.saturating_mul(days * DAY));
                let lasts = default.and_then(|of| days(of.days(), 1).or_else(|| days(of.years(), 365)));
                ObjectLocks::On { default: lasts.map(Duration::from_seconds) }
            }
            Err(error) if code(&error) == Some("ObjectLockConfigurationNotFoundError") => ObjectLocks::Off,
            Err(error) if is_not_implemented(&error) => ObjectLocks::Off,
            Err(error) => ObjectLocks::Unknown(asked.only_read(error)),
        }
    }

    /// A page of what is hidden below a prefix.
    pub(super) async fn hidden_page(&self, prefix: &str, after: Option<&Key>) -> Result<HiddenPage, Fault> {
        let asked = self.asked("list the versions of", prefix);
        let (mut key_marker, mut id_marker) = (after.map(|after| self.full(after.as_str())), None);
        let mut found = Below::default();
        loop {
            let request = self.client().await.list_object_versions().bucket(self.bucket()).prefix(self.full(prefix));
            let request = request.set_key_marker(key_marker).set_version_id_marker(id_marker);
            let answer = request.send().await.map_err(|error| asked.only_read(error))?;
            found.add(&answer);
            (key_marker, id_marker) =
                (answer.next_key_marker().map(str::to_owned), answer.next_version_id_marker().map(str::to_owned));
            if !answer.is_truncated().unwrap_or(false) || key_marker.is_none() {
                return Ok(HiddenPage { objects: found.objects(self, None), seen_to: None });
            }
            // What more there is of the last key comes with the next page.
            let last = key_marker.as_deref().unwrap_or_default();
            let whole = found.seen.iter().rev().find(|key| key.as_str() < last).and_then(|key| self.own(key));
            if whole.is_some() {
                return Ok(HiddenPage { objects: found.objects(self, Some(last)), seen_to: whole });
            }
        }
    }

    /// Until when the newest version of an object cannot be deleted; none where it can.
    pub(super) async fn locked(&self, key: &Key) -> Result<Option<Timestamp>, Fault> {
        let asked = self.asked("ask for the lock of", key.as_str());
        let request = self.client().await.head_object().bucket(self.bucket()).key(self.full(key.as_str()));
        match request.send().await {
            Ok(found) => Ok(found.object_lock_retain_until_date().and_then(time)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(asked.only_read(error)),
        }
    }

    /// What brings back what a delete marker hides: the marker is deleted.
    fn brings_back(&self, full: &str, marker: &str) -> String {
        let endpoint =
            self.shared.address.endpoint.as_ref().map(|endpoint| format!(" --endpoint-url {}", quoted(endpoint)));
        let region = self.shared.address.region.as_ref().map(|region| format!(" --region {}", quoted(region)));
        format!(
            "aws s3api delete-object{}{} --bucket {} --key {} --version-id {}",
            endpoint.unwrap_or_default(),
            region.unwrap_or_default(),
            quoted(self.bucket()),
            quoted(full),
            quoted(marker)
        )
    }
}

/// What pages of versions hold, by keys as the bucket has them.
#[derive(Default)]
struct Below {
    /// The delete markers that hide something, each with its name and time.
    markers: Vec<(String, String, Option<Timestamp>)>,
    /// The newest of the versions of each key, in the order of the pages.
    versions: Vec<(String, u64)>,
    /// In ascending order, as far as keys were seen.
    seen: Vec<String>,
}

impl Below {
    fn add(&mut self, answer: &ListObjectVersionsOutput) {
        for marker in answer.delete_markers() {
            let Some((key, id)) = marker.key().zip(marker.version_id()) else { continue };
            self.seen.push(key.to_owned());
            if marker.is_latest().unwrap_or(false) {
                self.markers.push((key.to_owned(), id.to_owned(), marker.last_modified().and_then(time)));
            }
        }
        for version in answer.versions() {
            let Some(key) = version.key() else { continue };
            self.seen.push(key.to_owned());
            if self.versions.last().is_none_or(|(last, _)| last != key) {
                self.versions.push((key.to_owned(), size(version.size())));
            }
        }
        self.seen.sort_unstable();
        self.seen.dedup();
    }

    /// What is hidden, of keys before that one.
    fn objects(&self, store: &S3Store, before: Option<&str>) -> Vec<HiddenObject> {
        let of = |(full, id, deleted): &(String, String, Option<Timestamp>)| {
            let (_, size) = self.versions.iter().find(|(key, _)| key == full)?;
            let (key, back) = (store.own(full)?, store.brings_back(full, id));
            Some(HiddenObject { key, deleted: *deleted, size: *size, back })
        };
        let is_whole = |key: &str| before.is_none_or(|before| key < before);
        self.markers.iter().filter(|(key, ..)| is_whole(key)).filter_map(of).collect()
    }
}

/// The status of a bucket's versions where the service answers, and only calls its answer otherwise; none inside where it names none.
fn called_otherwise<E>(error: &SdkError<E>) -> Option<Option<String>> {
    let raw = error.raw_response().filter(|raw| raw.status().is_success())?;
    let body = std::str::from_utf8(raw.body().bytes()?).ok()?;
    let status = body.split_once("<Status>").and_then(|(_, rest)| rest.split_once("</Status>"));
    body.contains("Versioning").then(|| status.map(|(status, _)| status.trim().to_owned()))
}

/// Whether a rule holds for all whose keys begin so, and for no less.
fn is_of_all_below(rule: &LifecycleRule, prefix: &str) -> bool {
    let filter = rule.filter();
    #[expect(deprecated, reason = "older rules have their prefix there")]
    let below = filter.and_then(|filter| filter.prefix()).or_else(|| rule.prefix()).unwrap_or_default();
    let is_narrow = filter.is_some_and(|filter| {
        filter.tag().is_some()
            || filter.and().is_some()
            || filter.object_size_greater_than().is_some()
            || filter.object_size_less_than().is_some()
    });
    *rule.status() == ExpirationStatus::Enabled && !is_narrow && prefix.starts_with(below)
}

/// After how many days it ends every version that is not the current one.
fn days(rule: &LifecycleRule) -> Option<u32> {
    let ends = rule.noncurrent_version_expiration()?;
    let keeps_some = ends.newer_noncurrent_versions().is_some_and(|count| count > 0);
    ends.noncurrent_days().filter(|_| !keeps_some).and_then(|days| u32::try_from(days).ok())
}

/// A word of a shell. Nothing of this has a NUL, which no shell takes.
fn quoted(word: &str) -> Cow<'_, str> {
    shlex::try_quote(word).unwrap_or_default()
}
