//! Floor 11: the index of what this host's runs did, and how each job of a plan stands.
//!
//! Unaware of SQL and of files: rows go through a port. Invariant: an index only. Journals and stores are the truth; a ledger that is gone,
//! damaged or cannot be written costs no run anything, and is had again from them.

mod fold;
mod keep;
mod live;
mod standing;
#[cfg(test)]
mod tests;

pub use fold::{Fold, made, place};
pub use keep::{CatchUp, catch_up, make_anew};
pub use live::{Live, Recorder, record};
pub use standing::{Finding, Known, LastPoint, LastRun, Source, Standing, standings};
