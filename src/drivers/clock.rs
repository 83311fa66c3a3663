//! The machine's clock.
#![expect(clippy::disallowed_methods, reason = "this is the port on the real clock")]

use crate::ports::Clock;

/// The clock of the machine (clock_gettime(2), `CLOCK_REALTIME`).
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> jiff::Timestamp {
        jiff::Timestamp::now()
    }
}
