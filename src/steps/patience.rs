//! Tries again, after a short pause, what is busy.
//!
//! Unaware of what is asked. Invariant: what waits for this waits no longer than all pauses together, however much of it is busy.

use std::time::Duration;

use crate::ports::Fault;

/// How often one thing is tried.
const TRIES_MAX: u32 = 4;
/// Between two tries.
const PAUSE: Duration = Duration::from_millis(250);
/// Half a minute: a source of which thousands of files are busy is not worth hours. Then each is tried once.
const PAUSES_MAX: u32 = 120;

/// What is left of the pauses that may be made.
pub(super) struct Patience {
    pauses: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { pauses: PAUSES_MAX }
    }
}

impl Patience {
    /// After that many tries, of which the last came to this: whether there is to be another. Then a pause was made.
    pub(super) async fn again(&mut self, tries: u32, fault: &Fault) -> bool {
        if !fault.is_busy() || tries >= TRIES_MAX || self.pauses == 0 {
            return false;
        }
        self.pauses -= 1;
        tokio::time::sleep(PAUSE).await;
        true
    }
}
