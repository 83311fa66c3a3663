//! Floor 4: which recovery points are kept, and why.
//!
//! Unaware of stores and of deletion. Pure: points, rules and a time go in, a verdict for each point comes out. Invariant: the newest good
//! point is always kept, and a point is kept while any rule keeps it.
//!
//! The boundary: `within="7d"` keeps a point while its data is *younger* than seven calendar days in the plan's zone; one whose data is exactly
//! that old is let go.

mod decide;
mod reasons;

use serde::{Deserialize, Serialize};

pub use decide::{Candidate, Verdict, decide};
pub use reasons::{Bucket, KeepReason, LetGoReason};

use crate::plan::Retention;
use crate::primitives::{Period, Spanned};

/// The rules of a retention, without their places in the plan's text.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Rules {
    /// The newest so many good points.
    pub generations: Option<u32>,
    /// All whose data is younger.
    pub within: Option<Period>,
    /// The newest good point of each of the newest so many of these that have one.
    pub buckets: Vec<(Bucket, u32)>,
}

impl From<&Retention> for Rules {
    fn from(written: &Retention) -> Self {
        let number = |number: &Option<Spanned<std::num::NonZeroU32>>| number.as_ref().map(|number| number.value.get());
        let buckets = [
            (Bucket::Hour, &written.hourly),
            (Bucket::Day, &written.daily),
            (Bucket::Week, &written.weekly),
            (Bucket::Month, &written.monthly),
            (Bucket::Year, &written.yearly),
        ];
        Self {
            generations: number(&written.generations),
            within: written.within.as_ref().map(|within| within.value),
            buckets: buckets.iter().filter_map(|(bucket, count)| number(count).map(|count| (*bucket, count))).collect(),
        }
    }
}

impl Rules {
    /// Whether there are none: then everything is kept.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}
