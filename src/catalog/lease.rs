//! The lease by which one run at a time, on whatever host, has a job's points of one host to itself: its objects' keys and content.
//!
//! Unaware of time and of who may take it (`steps`). A lease is a chain: to renew it, its holder adds an object of the next number. All
//! of them lie behind the points of their job and host, and are no part of one.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::CatalogError;
use crate::primitives::{Key, RunId};

/// The version of a lease.
pub const LEASE_FORMAT_VERSION: u32 = 1;
/// The longest lease that is read, in bytes: no machine's name or path makes one so long.
pub const LEASE_BYTES_MAX: usize = 64 * 1024;
/// What all objects of leases begin with, behind the prefix of their job and host. Points begin with a digit, records of a first sight with `f`.
const BEGINS: &str = "lease-";
/// What an object begins with that was written to learn the time by the store's clock.
const ASKED: &str = "lease-asked-";
const ENDS: &str = ".json";
/// Digits of a number, so that keys are in the order of numbers; more are read.
const DIGITS: usize = 12;
/// The longest that a lease is believed to last, whatever it says. One that cannot be read lasts so long.
const LASTS_MAX: SignedDuration = SignedDuration::from_hours(1);

/// Who holds a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseHolder {
    /// The run.
    pub run: RunId,
    /// The machine's own name, whatever name its points carry.
    pub machine: String,
    /// The process on it.
    pub process: u32,
    /// Which state folder the run has, as a random number in it says.
    pub state: String,
    /// Which start of which kernel it runs on (random(4)); empty where that is not known.
    pub boot: String,
    /// The lock of the operating system that the run holds as well. Whoever is of the same state folder and the same start of
    /// the kernel, and holds this very lock now, knows that the holder is dead.
    pub lock: String,
}

impl LeaseHolder {
    /// Whether a lease of `other` is of a dead process, if this one holds its lock.
    pub fn succeeds(&self, other: &Self) -> bool {
        let same = |of: fn(&Self) -> &String| of(self) == of(other) && !of(self).is_empty();
        same(|it| &it.state) && same(|it| &it.boot) && same(|it| &it.lock)
    }
}

/// An object of a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// The version of this form.
    pub format_version: u32,
    /// Who holds it.
    #[serde(flatten)]
    pub holder: LeaseHolder,
    /// Which object of the chain it is.
    pub number: u64,
    /// Since when it is held, by the holder's clock.
    pub taken: Timestamp,
    /// When this object was written, by the holder's clock.
    pub renewed: Timestamp,
    /// How long it lasts from then on, in seconds.
    pub lasts_s: u32,
}

impl Lease {
    /// How long it lasts from its renewal on.
    pub fn lasts(&self) -> SignedDuration {
        SignedDuration::from_secs(self.lasts_s.into()).min(LASTS_MAX)
    }

    /// How long one lasts that cannot be read.
    pub const fn unreadable_lasts() -> SignedDuration {
        LASTS_MAX
    }

    /// Whether another object is of the same lease.
    pub fn is_same(&self, other: &Self) -> bool {
        self.holder == other.holder && self.taken == other.taken
    }

    /// Where an object of a chain lies, below the prefix of a job and host.
    ///
    /// # Errors
    /// When the prefix makes no key.
    pub fn key(prefix: &str, number: u64) -> Result<Key, CatalogError> {
        key(format!("{prefix}{BEGINS}{number:0DIGITS$}{ENDS}"))
    }

    /// The number of an object below that prefix; none where it is none of a lease's chain.
    pub fn number_of(key: &Key, prefix: &str) -> Option<u64> {
        let digits = key.as_str().strip_prefix(prefix)?.strip_prefix(BEGINS)?.strip_suffix(ENDS)?;
        let is_number = digits.len() >= DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|_| is_number)
    }

    /// What all objects of leases below a prefix begin with.
    pub fn all(prefix: &str) -> String {
        format!("{prefix}{BEGINS}")
    }

    /// Splits the key of a chain's object, whosever it is, into the prefix of its job and host, and its number.
    pub fn split(key: &Key) -> Option<(&str, u64)> {
        let (prefix, _) = key.as_str().split_at(key.as_str().rfind('/')? + 1);
        Self::number_of(key, prefix).map(|number| (prefix, number))
    }

    /// Where somebody writes an object to learn the store's time.
    ///
    /// # Errors
    /// As `key`.
    pub fn asked_key(prefix: &str, token: u64) -> Result<Key, CatalogError> {
        key(format!("{prefix}{ASKED}{token:016x}{ENDS}"))
    }

    /// Whether an object was written to learn the store's time.
    pub fn is_asked(key: &Key, prefix: &str) -> bool {
        key.as_str().strip_prefix(prefix).is_some_and(|rest| rest.starts_with(ASKED))
    }

    /// Its bytes.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn encode(&self) -> Result<Vec<u8>, CatalogError> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(|error| CatalogError(error.to_string()))?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// Reads one.
    ///
    /// # Errors
    /// When the bytes are none, or of another version.
    pub fn decode(bytes: &[u8]) -> Result<Self, CatalogError> {
        if bytes.len() > LEASE_BYTES_MAX {
            return Err(CatalogError(format!("it has more than {LEASE_BYTES_MAX} bytes")));
        }
        let lease: Self = serde_json::from_slice(bytes).map_err(|error| CatalogError(error.to_string()))?;
        if lease.format_version != LEASE_FORMAT_VERSION {
            return Err(CatalogError(format!(
                "it is of version {}, which this sonae does not know",
                lease.format_version
            )));
        }
        Ok(lease)
    }
}

fn key(text: String) -> Result<Key, CatalogError> {
    Key::parse(&text).map_err(|bad| CatalogError(bad.problem))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{FirstSeen, PointPlace};

    fn holder() -> LeaseHolder {
        LeaseHolder {
            run: RunId::parse("20260301T053000Z-0000002a").unwrap(),
            machine: "nas".into(),
            process: 7,
            state: "5a".into(),
            boot: "b0".into(),
            lock: "job a in b".into(),
        }
    }

    #[test]
    fn keys_are_behind_all_points_and_are_none() {
        let prefix = "home/photos/daily/nas/";
        let key = Lease::key(prefix, 42).unwrap();
        assert_eq!(key.as_str(), "home/photos/daily/nas/lease-000000000042.json");
        assert_eq!(Lease::split(&key), Some((prefix, 42)));
        assert_eq!((PointPlace::parse(&key), FirstSeen::parse(&key, prefix)), (None, None));
        assert!(key.as_str() > format!("{prefix}first-seen-99991231T235959Z-ffffffff.json").as_str());
        let asked = Lease::asked_key(prefix, 0xab).unwrap();
        assert_eq!(asked.as_str(), "home/photos/daily/nas/lease-asked-00000000000000ab.json");
        assert!(Lease::is_asked(&asked, prefix) && !Lease::is_asked(&key, prefix));
        assert!(asked.as_str().starts_with(&Lease::all(prefix)));
        for other in
            ["lease-1.json", "lease-00000000000x.json", "lease-000000000001", "lease-99999999999999999999999.json"]
        {
            assert_eq!(Lease::number_of(&Key::parse(&format!("{prefix}{other}")).unwrap(), prefix), None, "{other}");
        }
        assert_eq!(Lease::split(&Lease::key(prefix, u64::MAX).unwrap()), Some((prefix, u64::MAX)));
    }

    #[test]
    fn a_lease_is_read_as_it_was_written_and_believed_no_longer_than_an_hour() {
        let at: Timestamp = "2026-03-01T05:30:00Z".parse().unwrap();
        let lease = Lease { format_version: 1, holder: holder(), number: 3, taken: at, renewed: at, lasts_s: 300 };
        let bytes = lease.encode().unwrap();
        assert_eq!(Lease::decode(&bytes).unwrap(), lease);
        assert_eq!(lease.lasts().as_secs(), 300);
        assert_eq!(Lease { lasts_s: u32::MAX, ..lease.clone() }.lasts().as_secs(), 3600);
        let newer = Lease { format_version: 2, ..lease }.encode().unwrap();
        assert!(Lease::decode(&newer).is_err() && Lease::decode(b"").is_err() && Lease::decode(b"{}").is_err());
    }

    #[test]
    fn only_who_holds_the_very_lock_of_the_dead_on_the_same_kernel_succeeds_it() {
        let dead = holder();
        let again = LeaseHolder { process: 8, ..holder() };
        assert!(again.succeeds(&dead));
        for other in [
            LeaseHolder { state: "5b".into(), ..holder() },
            LeaseHolder { boot: "b1".into(), ..holder() },
            LeaseHolder { lock: "job a in c".into(), ..holder() },
        ] {
            assert!(!other.succeeds(&dead), "{other:?}");
        }
        let unknown = LeaseHolder { boot: String::new(), ..holder() };
        assert!(!unknown.succeeds(&unknown), "what is not known is not the same");
    }
}
