//! Floor 3: from a schedule to its occurrences, and from a calendar period to the end of it.
//!
//! Unaware of backups and of what "now" is: every time is handed in. Invariant: the same on every machine (the zones'
//! rules are compiled in, never the system's), strictly increasing, and without a panic up to the limits of time itself,
//! where an iteration just ends. The one rule for a clock that is set forward or back is [`Occurrences`]'.

mod back;
mod changes;
mod cron;
mod describe;
mod gaps;
mod occurrences;
mod pattern;
mod period;
mod stretch;
#[cfg(test)]
mod tests;
mod together;
mod wall;
mod zone;

pub use changes::{Changes, Does, Unusual};
pub use cron::check_cron;
pub use describe::describe;
pub use gaps::{Gap, Gaps};
pub use occurrences::{After, Occurrences};
pub use pattern::DAY_SECONDS;
pub use period::expiry;
pub use together::Together;
pub use wall::{Expiries, Shown, Wall};
pub use zone::{local, local_in, local_span, set_between, zone, zone_names};

use crate::plan::Schedule;
use crate::primitives::Malformed;
use jiff::Timestamp;

/// The first `count` occurrences of a schedule after `now`; fewer where time ends or the schedule never comes round.
///
/// # Errors
/// When the schedule's zone or cron expression is not one.
pub fn next(schedule: &Schedule, now: Timestamp, count: usize) -> Result<Vec<Timestamp>, Malformed> {
    Ok(Occurrences::of(schedule)?.after(now).take(count).collect())
}
