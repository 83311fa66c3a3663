//! The guard against a run that deletes much: a retention that was shortened, or one that is new where many points are.
//!
//! Unaware of why the points would go. Invariant: what is judged are all points of the job that its new one may replace, and of those
//! that would go the ones that really would: the run counts again what is there just before it deletes.

use serde::{Deserialize, Serialize};

use crate::primitives::Percentage;

/// So many go without a question, so that a job of few points is not asked about what is usual: one that goes for one that came, and
/// one that a run before it left.
const ALWAYS: u64 = 2;

/// How much one run may delete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct DeletionGuard {
    /// How much of the job's points.
    pub delete: Percentage,
    /// Whether a person said that more is meant.
    pub accepted: bool,
}

/// More points would go than one run should delete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct TooMany {
    /// How many.
    pub points: u64,
    /// Of how many, the new one among them.
    pub of: u64,
    /// How much of them might have gone.
    pub delete: Percentage,
}

impl Default for DeletionGuard {
    /// What a plan has that says nothing of it, and nobody accepted.
    fn default() -> Self {
        Self { delete: Percentage::HALF, accepted: false }
    }
}

impl DeletionGuard {
    /// Why so many points of so many are not deleted; none where they are.
    pub fn judge(&self, points: u64, of: u64) -> Option<TooMany> {
        let more = u128::from(points) * 100 > u128::from(of) * u128::from(self.delete.hundredths());
        (more && points > ALWAYS && !self.accepted).then_some(TooMany { points, of, delete: self.delete })
    }
}
