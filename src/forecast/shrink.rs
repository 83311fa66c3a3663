//! The guard against a source that lost much: what a new point is held against, and what is much smaller.
//!
//! Unaware of deletion. Invariant: a point that was found much smaller is never what the next one is held against. So a loss that nobody
//! looked at is found again by every run, until the source is of its usual size or somebody says that the smaller one is meant.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::deletion;
use crate::catalog::Totals;
use crate::observe::{PointsSeen, SourceTotals};
use crate::primitives::{PathBytes, Percentage, PointId};

/// How much is in a point or a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Held {
    /// Files, each counted by every name.
    pub files: u64,
    /// Their content; a file of several names counts once.
    pub bytes: u64,
}

impl Held {
    /// What a point holds.
    pub fn of(totals: &Totals) -> Self {
        Self { files: totals.files.saturating_add(totals.hard_links), bytes: totals.bytes }
    }

    /// What a source holds.
    pub(super) fn seen(totals: &SourceTotals) -> Self {
        Self { files: totals.files, bytes: totals.bytes }
    }
}

/// An earlier point, and what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Earlier {
    /// Which.
    pub point: PointId,
    /// What is in it.
    pub held: Held,
}

/// What a new point is held against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct ShrinkGuard {
    /// By how much it may be smaller, in files and in bytes.
    pub shrink: Percentage,
    /// Than which; none where there is no earlier point.
    pub than: Option<Earlier>,
    /// Whether a person said that a smaller one is meant.
    pub accepted: bool,
}

/// A new point is much smaller than an earlier one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Shrunk {
    /// Than which.
    pub than: Earlier,
    /// What is in the new one.
    pub now: Held,
    /// By how much it might have been smaller.
    pub shrink: Percentage,
}

impl ShrinkGuard {
    /// Why a point that holds so much lets nothing be deleted; none where it does.
    pub fn judge(&self, now: Held) -> Option<Shrunk> {
        let than = self.than.as_ref().filter(|_| !self.accepted)?;
        let left = u128::from(100 - self.shrink.hundredths());
        let is_less = |now: u64, then: u64| u128::from(now) * 100 < u128::from(then) * left;
        let shrank = is_less(now.files, than.held.files) || is_less(now.bytes, than.held.bytes);
        shrank.then(|| Shrunk { than: than.clone(), now, shrink: self.shrink })
    }
}

/// What a new point of these folders is held against: the newest that can be used, holds one of them, and was not found much smaller
/// itself. One of the future is taken only where there is no other.
pub(super) fn earlier(seen: &PointsSeen, roots: &[PathBytes], now: Timestamp) -> Option<Earlier> {
    let usual = deletion::of_roots(seen, roots).filter(|(_, manifest)| manifest.shrunk_from.is_none());
    let newest = usual.max_by_key(|(seen, manifest)| (manifest.moment <= now, manifest.moment, &seen.place.point));
    newest.map(|(seen, manifest)| Earlier { point: seen.place.point.clone(), held: Held::of(&manifest.totals) })
}
