//! Floor 4: which recovery points are kept, which are let go, and why.
//!
//! Unaware of stores and of how a point is deleted; holds and pins are others'. Invariant: the newest good point is kept
//! whatever the rules say, and a point that was let go stays so: no later "now" makes it kept again.

mod decide;
mod reason;
mod rules;
#[cfg(test)]
mod tests;

pub use decide::{Candidate, decide, kept};
pub use reason::{KeepReason, LetGo, Verdict};
pub use rules::{CalendarUnit, Rules};
