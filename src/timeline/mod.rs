//! Floor 6: the recovery points of a plan through time, from the plan alone.
//!
//! Unaware of the world and of what "now" is: it is told of when to speak, and speaks as if every run began at its slot, took exactly its
//! `takes` and succeeded. Invariant: at each run, what is kept and let go is what [`crate::retention`] decides.

mod births;
mod chain;
mod columns;
mod compare;
mod ends;
mod keeping;
mod overview;
mod points;
mod sequences;
mod series;
#[cfg(test)]
mod tests;
mod units;
mod walk;

pub use births::Making;
pub use chain::unbroken;
pub use columns::{ColumnUnit, Columns};
pub use compare::{Changed, Comparison, JobPlace, Lot, Moved, compare};
pub use overview::{
    AnyMoment, Cell, JobTimeline, Keeps, KeptPoints, Question, Recoverable, Timeline, Uncounted, timeline,
};
pub use points::{Life, Points, THERE_MAX, TooMany};
pub use sequences::Sequence;
pub use series::{Holds, Kept, Moving, Place, Series, Stretch, of_backup, of_target, series};
