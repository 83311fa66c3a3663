//! Floor 12: every product as people and programs read it.

pub mod forecast;
pub mod outcome;
pub mod points;
pub mod words;
