//! The pin by which a restore, on whatever host, keeps a recovery point from being deleted while it reads it: its objects' keys.
//!
//! Unaware of time. What an object holds is what one of a lease holds (`Lease`). All of them lie behind the points of their job and host,
//! and behind its leases, and are no part of one.

use super::{CatalogError, PointPlace, host_prefix};
use crate::primitives::{Key, PointId, RunId};

/// What all objects of pins begin with, behind the prefix of their job and host.
const BEGINS: &str = "pin-";
const ENDS: &str = ".json";
/// Digits of a number, so that keys are in the order of numbers; more are read.
const DIGITS: usize = 12;

/// An object of a pin, as its key says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// The point that it names.
    pub point: PointId,
    /// The run that reads it.
    pub run: RunId,
    /// Which object it is. To renew a pin, its run adds one of the next number.
    pub number: u64,
}

impl Pin {
    /// Where an object of a pin lies.
    ///
    /// # Errors
    /// When the point's place makes no key of a pin.
    pub fn key(place: &PointPlace, run: &RunId, number: u64) -> Result<Key, CatalogError> {
        let text = format!("{}{number:0DIGITS$}{ENDS}", Self::of(place, run));
        Key::parse(&text).map_err(|bad| CatalogError(bad.problem))
    }

    /// What all objects begin with of the pin that a run has at a point.
    pub fn of(place: &PointPlace, run: &RunId) -> String {
        format!("{}{}-{run}-", Self::all(&host_prefix(&place.plan, &place.job, &place.host)), place.point)
    }

    /// What all objects of pins below a prefix begin with.
    pub fn all(prefix: &str) -> String {
        format!("{prefix}{BEGINS}")
    }

    /// Reads a key below the prefix of a job and host; none where it is none of a pin.
    pub fn parse(key: &Key, prefix: &str) -> Option<Self> {
        let stem = key.as_str().strip_prefix(prefix)?.strip_prefix(BEGINS)?.strip_suffix(ENDS)?;
        let (named, digits) = stem.rsplit_once('-')?;
        let is_number = digits.len() >= DIGITS && digits.bytes().all(|byte| byte.is_ascii_digit());
        // A point's name holds one hyphen, and so does a run's.
        let (second, _) = named.match_indices('-').nth(1)?;
        let (point, run) = named.split_at(second);
        Some(Self {
            point: PointId::parse(point).ok()?,
            run: RunId::parse(run.strip_prefix('-')?).ok()?,
            number: digits.parse().ok().filter(|_| is_number)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{FirstSeen, Lease, Part};

    #[test]
    fn keys_are_behind_points_and_leases_and_are_neither() {
        let prefix = "home/photos/daily/nas/";
        let part = Key::parse(&format!("{prefix}20260301T053000Z-9f3a2c1b.tar.zip")).unwrap();
        let (place, _) = PointPlace::parse(&part).unwrap();
        let run = RunId::parse("20260302T053000Z-0000002a").unwrap();
        let key = Pin::key(&place, &run, 42).unwrap();
        let text = format!("{prefix}pin-20260301T053000Z-9f3a2c1b-20260302T053000Z-0000002a-000000000042.json");
        assert_eq!(key.as_str(), text);
        let pin = Pin { point: place.point.clone(), run: run.clone(), number: 42 };
        assert_eq!(Pin::parse(&key, prefix), Some(pin));
        assert!(text.starts_with(&Pin::of(&place, &run)) && text.starts_with(&Pin::all(prefix)));
        assert_eq!((PointPlace::parse(&key), FirstSeen::parse(&key, prefix), Lease::split(&key)), (None, None, None));
        assert!(!Lease::is_asked(&key, prefix) && !text.starts_with(&Lease::all(prefix)));
        assert!(key > Lease::key(prefix, u64::MAX).unwrap() && key > place.key(Part::Archive));
        for other in [
            "pin-20260301T053000Z-9f3a2c1b-000000000042.json",
            "pin-20260301T053000Z-9f3a2c1b-20260302T053000Z-0000002a-42.json",
            "pin-20260301T053000Z-9f3a2c1b-20260302T053000Z-0000002a-00000000004x.json",
            "pin-20260301T053000Z-9f3a2c1b-20260302T053000Z-0000002a-000000000042",
            "lease-000000000042.json",
        ] {
            assert_eq!(Pin::parse(&Key::parse(&format!("{prefix}{other}")).unwrap(), prefix), None, "{other}");
        }
    }
}
