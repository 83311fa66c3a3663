//! Why nothing is deleted, whatever retention lets go.
//!
//! Unaware of how that is found out: each guard is a module of its own. Invariant: a reason is only ever added between a forecast and its
//! run, so the run deletes the same or less.

use serde::{Deserialize, Serialize};

use super::{ClocksApart, PointAhead, Shrunk, TooMany};

/// Why no point is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "why", rename_all = "kebab-case")]
pub enum Suspension {
    /// The new point is much smaller than an earlier one.
    Shrunk(Shrunk),
    /// More of the points would go than one run should delete.
    TooMany(TooMany),
    /// A recovery point is of a time that is yet to come.
    PointAhead(PointAhead),
    /// The store's clock and this host's are far apart.
    ClocksApart(ClocksApart),
}

impl Suspension {
    /// Whether nobody knows how old anything is, so that not even what unfinished runs left may go.
    pub fn is_of_clocks(&self) -> bool {
        matches!(self, Self::PointAhead(_) | Self::ClocksApart(_))
    }
}
