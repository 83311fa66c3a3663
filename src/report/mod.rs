//! Floor 12: every product, rendered.
//!
//! Unaware of the terminal: whether colour is wanted is the caller's to know. Invariant: rendering is a function of the
//! product and nothing else, and no input makes it fail; control characters of a plan's text never reach the output.

mod accepted;
mod changes;
mod closing;
mod database;
mod deploy;
pub mod diagnostics;
pub mod diagram;
pub mod diff;
pub mod due;
mod explain;
pub mod forecast;
mod glance;
pub mod hidden;
pub mod history;
pub mod html;
pub mod iam;
mod kept;
mod launch;
pub mod lease;
pub mod outcome;
pub mod pace;
pub mod points;
pub mod proofs;
pub mod roll_back;
pub mod runbook;
pub mod status;
pub mod timeline;
pub mod words;

pub use accepted::accepted;
pub use changes::changes;
pub use explain::{diagnostics_file, diagnostics_index, diagnostics_page, explain};
