//! A moment from which on time is counted.

use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::ports::Clock;

/// A moment, by the clock that nobody sets and by the one that does not stand still while the machine sleeps (clock_gettime(2)).
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    steady: Instant,
    wall: Timestamp,
}

impl Moment {
    #[expect(
        clippy::disallowed_methods,
        reason = "a lease is trusted by the time that a clock set anew does not change"
    )]
    pub(super) fn now(clock: &dyn Clock) -> Self {
        Self { steady: Instant::now(), wall: clock.now() }
    }

    /// How much time has passed at least, by either clock.
    pub(super) fn passed(&self, clock: &dyn Clock) -> Duration {
        let by_wall = Duration::try_from(clock.now().duration_since(self.wall)).unwrap_or_default();
        self.steady.elapsed().max(by_wall)
    }
}
