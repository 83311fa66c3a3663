//! The simulated time of day.

use std::sync::Arc;

use super::world::Shared;
use crate::ports::Clock;

/// A clock that begins at 2026-03-01T00:00:00Z, stands still but for what `advance` adds, and goes with tokio's time where
/// the world is tied to that.
#[derive(Debug)]
pub struct FakeClock {
    world: Arc<Shared>,
}

impl FakeClock {
    pub(super) fn new(world: Arc<Shared>) -> Self {
        Self { world }
    }

    /// Puts the clock forward (or, by a negative span, back).
    pub fn advance(&self, by: jiff::SignedDuration) {
        self.world.advance(by);
    }

    /// Sets the clock.
    pub fn set(&self, to: jiff::Timestamp) {
        self.world.advance(to.duration_since(self.world.now()));
    }
}

impl Clock for FakeClock {
    fn now(&self) -> jiff::Timestamp {
        self.world.now()
    }
}
