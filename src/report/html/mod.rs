//! Products as one HTML file each: nothing is loaded from anywhere, all of it can be read without scripts, and nothing is told by colour alone.
//!
//! A product is a file of sections; the frame around them is `page`. Unaware of clocks and of the world. Invariant: whatever the text of the
//! same product says stands in its page as well, word for word, and no text of a plan is markup.

mod chart;
mod deleted;
mod diff;
mod graph;
mod history;
mod page;
mod restore;
mod run;
mod steps;
mod timeline;
mod week;

pub use diff::{Restored, Versions, diff};
pub use history::history;
pub use restore::restore;
pub use run::{Due, due, run};
pub use timeline::{timeline, timelines};
