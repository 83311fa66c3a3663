//! Floor 7: the world asked, by reading ports only.
//!
//! Unaware of what will be done with the answers. Invariant: nothing here changes anything.

pub mod walk;
