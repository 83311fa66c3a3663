//! The record by which a store says since when a job has its schedule: only what falls later is ever due.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{CatalogError, host_prefix};
use crate::primitives::{Digest, JobName, Key, Name, Slot};

/// The version of the record.
pub const FIRST_SEEN_FORMAT_VERSION: u32 = 1;
/// What the name of the record begins with. It stands behind all points of its job and host, as they begin with a digit.
const BEGINS: &str = "first-seen-";
const ENDS: &str = ".json";

/// Tells one schedule from another: the first 32 bits of a digest of what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScheduleMark(u32);

impl ScheduleMark {
    /// The mark of a schedule that is written so.
    pub fn of(text: &str) -> Self {
        let [a, b, c, d, ..] = *Digest::of(text.as_bytes()).as_bytes();
        Self(u32::from_be_bytes([a, b, c, d]))
    }
}

impl fmt::Display for ScheduleMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

/// When a host first saw a job with a schedule. Its key says all that is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FirstSeen {
    /// When, to the second.
    pub at: Slot,
    /// Which schedule.
    pub schedule: ScheduleMark,
}

/// What the record holds, for people.
#[derive(Serialize)]
struct Body<'a> {
    format_version: u32,
    plan: &'a Name,
    job: &'a JobName,
    host: &'a Name,
    at: Slot,
    schedule: &'a str,
}

impl FirstSeen {
    /// Where it lies in the store.
    pub fn key(&self, plan: &Name, job: &JobName, host: &Name) -> Key {
        let text = format!("{}{BEGINS}{}-{}{ENDS}", host_prefix(plan, job, host), self.at, self.schedule);
        // As with points: names are sound parts of a key, and four of 64 bytes with this fit 1,024.
        Key::parse(&text).expect("names and a record make keys")
    }

    /// Reads a key that begins with the prefix of a job and host; none where it is no such record.
    pub fn parse(key: &Key, prefix: &str) -> Option<Self> {
        let stem = key.as_str().strip_prefix(prefix)?.strip_prefix(BEGINS)?.strip_suffix(ENDS)?;
        let (at, mark) = stem.split_once('-')?;
        let is_mark = mark.len() == 8 && mark.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let mark = u32::from_str_radix(mark, 16).ok().filter(|_| is_mark)?;
        Some(Self { at: Slot::parse(at).ok()?, schedule: ScheduleMark(mark) })
    }

    /// Its bytes: what the key says, and the schedule in words.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn encode(&self, plan: &Name, job: &JobName, host: &Name, schedule: &str) -> Result<Vec<u8>, CatalogError> {
        let body = Body { format_version: FIRST_SEEN_FORMAT_VERSION, plan, job, host, at: self.at, schedule };
        let mut bytes = serde_json::to_vec_pretty(&body).map_err(|error| CatalogError(error.to_string()))?;
        bytes.push(b'\n');
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::PointPlace;

    #[test]
    fn a_record_is_read_from_its_key_and_is_no_point() {
        let (plan, job, host) =
            (Name::parse("home").unwrap(), JobName::parse("photos/daily").unwrap(), Name::parse("nas").unwrap());
        let seen = FirstSeen {
            at: Slot::parse("20260301T053000Z").unwrap(),
            schedule: ScheduleMark::of("daily 05:30 Asia/Tokyo"),
        };
        let key = seen.key(&plan, &job, &host);
        assert_eq!(key.as_str(), "home/photos/daily/nas/first-seen-20260301T053000Z-b3f222a1.json");
        let prefix = host_prefix(&plan, &job, &host);
        assert_eq!(FirstSeen::parse(&key, &prefix), Some(seen));
        assert_eq!(PointPlace::parse(&key), None);
        assert!(
            key.as_str() > format!("{prefix}99991231T235959Z-ffffffff.tar.zip").as_str(),
            "it is behind all points"
        );
        for other in ["first-seen-20260301T053000Z-14c5fee.json", "first-seen-20260301T053000Z-+4c5fee0.json", "x.json"]
        {
            let key = Key::parse(&format!("{prefix}{other}")).unwrap();
            assert_eq!(FirstSeen::parse(&key, &prefix), None, "{other}");
        }
        let text = String::from_utf8(seen.encode(&plan, &job, &host, "daily at 05:30 Asia/Tokyo").unwrap()).unwrap();
        let body: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(body["schedule"], "daily at 05:30 Asia/Tokyo");
        assert_eq!(body["at"], "20260301T053000Z");
    }
}
