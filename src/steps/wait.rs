//! Waits for what a provider does: looks, pauses, looks again.
//!
//! Unaware of what is waited for. Invariant: it ends when what is waited for is there or never will be; how long that may take is the step's
//! own timeout.

use std::time::Duration;

use crate::ports::{Certainty, Fault};

/// The first pause. What is there soon is seen soon.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest: RDS takes minutes, and an account may ask so many times a second for all that runs in it.
const PAUSE_MAX: Duration = Duration::from_secs(15);
/// So many looks in a row may fail for a reason that may pass.
const FAILURES_MAX: u32 = 10;

/// What a look found.
pub(super) enum Look<T> {
    /// It is there.
    Ready(T),
    /// Not yet.
    NotYet,
}

/// The pauses between looks, and how many looks in a row failed.
pub(super) struct Wait {
    pause: Duration,
    failures: u32,
}

impl Default for Wait {
    fn default() -> Self {
        Self { pause: PAUSE_MIN, failures: 0 }
    }
}

impl Wait {
    /// What a look found, where it is there; else none, after a pause.
    ///
    /// # Errors
    /// The first fault that will not pass, or the last of many that did not.
    pub(super) async fn after<T>(&mut self, look: Result<Look<T>, Fault>) -> Result<Option<T>, Fault> {
        let asked = match look {
            Ok(Look::Ready(found)) => return Ok(Some(found)),
            Ok(Look::NotYet) => {
                self.failures = 0;
                None
            }
            Err(fault) if fault.certainty == Certainty::Transient && self.failures < FAILURES_MAX => {
                self.failures += u32::from(!fault.is_busy());
                fault.retry_after
            }
            Err(fault) => return Err(fault),
        };
        let asked = asked.map(crate::primitives::Duration::to_std).unwrap_or_default();
        tokio::time::sleep(self.pause.max(asked)).await;
        self.pause = (self.pause * 3 / 2).min(PAUSE_MAX);
        Ok(None)
    }
}
