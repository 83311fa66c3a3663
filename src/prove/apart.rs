//! The two targets of a restore whose data is farthest apart, and when. Unaware of how they were found.

use std::fmt;

use serde::Serialize;

use super::promise::Window;
use crate::primitives::{Duration, Name};

/// How far apart the data of two targets may be that are restored to one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Apart {
    /// The target whose newest point is the older.
    pub older: Name,
    /// What its data is of.
    pub older_of: jiff::Timestamp,
    /// The target whose newest point is the newer.
    pub newer: Name,
    /// What its data is of.
    pub newer_of: jiff::Timestamp,
    /// The moment; where a point of the older comes to be there, just before it.
    pub at: jiff::Timestamp,
    /// The three of them, as the zone's clock shows them.
    #[serde(skip)]
    pub shown: [String; 3],
    /// That the clock is set between them, where it is.
    #[serde(skip)]
    pub set: &'static str,
    /// The zone in which they are shown: the plan's.
    #[serde(skip)]
    pub timezone: String,
    /// The time that was looked through.
    pub window: Window,
}

impl Apart {
    /// How far.
    pub fn seconds(&self) -> Duration {
        let seconds = self.newer_of.as_second() - self.older_of.as_second();
        Duration::from_seconds(u64::try_from(seconds).unwrap_or(0))
    }
}

impl fmt::Display for Apart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { older, newer, shown: [older_of, newer_of, at], set, timezone, window, .. } = self;
        write!(f, "just before {at} {timezone}, {older} is of {older_of} and {newer} of {newer_of}{set}, over {window}")
    }
}
