//! The time of day.

/// A clock on the wall. Waiting is the executor's; this only tells.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> jiff::Timestamp;
}
