//! Whole runs in a simulated world that refuses, loses answers, waits, and dies; and what must hold whatever happens.
//!
//! `SONAE_SEEDS=100000 cargo test --test integration faults` runs as many seeds as that and prints what they came to.

mod busy;
mod exhaustive;
mod guards;
mod independence;
mod journey;
mod leases;
mod lost_answers;
mod one_look;
mod one_path;
mod pins;
mod planted;
mod roll_back;
pub(crate) mod scene;
mod seeded;
mod slots;
mod tampered;
