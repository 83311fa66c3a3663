//! Floor 14: runs of a plan rehearsed in a simulated world, in every weather, and held against what is promised.
//!
//! Unaware of the real world: no file, network, clock or state is touched. Invariant: the same plan and seed are the same story; and
//! whatever a rehearsed run does goes through the very dispatcher, executor and steps of a real one.
//!
//! A [`Stage`] is a plan with generated sources and a past. A [`Weather`] is what goes wrong, from a seed. The [`Law`] is what holds after every
//! event, and [`verdict`] what holds at the end. A [`Story`] is what a seed led to.

mod databases;
mod findings;
mod journey;
mod kinds;
mod law;
mod life;
mod machines;
pub mod page;
mod past_points;
mod planted;
mod releases;
mod seeds;
mod shrink;
mod sources;
mod stage;
mod tale;
pub mod verdict;
mod watched;
mod weather;

pub use findings::{Finding, Held, Rehearsal, Row};
pub use journey::{Ending, Journey, simulate};
pub use kinds::{FaultKind, Pairs, StepKind, possible};
pub use law::{Broken, Invariant, Law};
pub use life::Story;
pub use planted::{Planted, Sound};
pub use seeds::each;
pub use shrink::{Case, Smallest, shrink};
pub use stage::{Stage, Subject};
pub use tale::{Tale, Told};
pub use weather::{Attempt, Death, Trouble, Weather, When};
