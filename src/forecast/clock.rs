//! The guard against a clock that is wrong: retention goes by the age of what there is, and so does what unfinished runs left.
//!
//! Unaware of which clock is wrong. Invariant: a store on this very host has this host's clock; of that, only what lies in the future is
//! seen.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::Suspension;
use crate::observe::PointsSeen;
use crate::primitives::PointId;

/// Two clocks that are kept are seconds apart. An hour is what a file system that stores local times is off by when summer ends.
const APART_MAX: SignedDuration = SignedDuration::from_hours(1);

/// A recovery point is of a time that is yet to come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct PointAhead {
    /// The newest.
    pub point: PointId,
    /// When its data is from, as its manifest says.
    pub moment: Timestamp,
    /// What this host's clock said.
    pub now: Timestamp,
}

/// The store's clock and this host's are far apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ClocksApart {
    /// What this host's clock said.
    pub here: Timestamp,
    /// What the store's said at that time; or before, where the store is ahead.
    pub store: Timestamp,
}

/// Why a clock cannot be trusted: `now` is before what is in the store, or `made`, when this host wrote an object and when the store says
/// that it did, are far apart.
pub fn wrong_clock(seen: &PointsSeen, made: Option<(Timestamp, Timestamp)>, now: Timestamp) -> Option<Suspension> {
    let stored = seen.stored.map(|stored| (now, stored)).filter(|(now, stored)| stored > now);
    let is_far = |(here, store): &(Timestamp, Timestamp)| store.duration_since(*here).abs() > APART_MAX;
    let apart = made.into_iter().chain(stored).find(is_far);
    let newest = seen.readable().max_by_key(|(seen, manifest)| (manifest.moment, &seen.place.point));
    let ahead = newest.filter(|(_, manifest)| manifest.moment > now).map(|(seen, manifest)| PointAhead {
        point: seen.place.point.clone(),
        moment: manifest.moment,
        now,
    });
    let apart = apart.map(|(here, store)| Suspension::ClocksApart(ClocksApart { here, store }));
    apart.or(ahead.map(Suspension::PointAhead))
}
