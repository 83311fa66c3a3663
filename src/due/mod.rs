//! Floor 7: what is due, from a plan, what was done, and the time.
//!
//! Unaware of how the past is known and of who runs what is due. Pure. Invariants: of each job at most one slot is due, the newest
//! that has come; a slot is consumed by a recovery point of it, never by an attempt; what falls before a job was first seen
//! with its schedule is never due; a slot that is due takes the older ones that were missed with it, and names them.

mod decide;
mod history;
mod retry;
#[cfg(test)]
mod tests;

pub use decide::{Due, JobDue, Missed, News, Verdict, due, since, since_slot};
pub use history::{Failed, History, JobHistory, Stranger};
pub use retry::{delay, delay_of_run};

use crate::catalog::ScheduleMark;
use crate::plan::{Rhythm, Schedule};

/// The mark of a schedule. Two that mean the same times in the same words have the same; it never changes from one version of this
/// program to the next, as stores hold it.
pub fn mark(schedule: &Schedule) -> ScheduleMark {
    let zone = &schedule.timezone.value;
    ScheduleMark::of(&match &schedule.rhythm {
        Rhythm::Daily { at } => format!("daily {at} {zone}"),
        // ISO 8601 counts from Monday, 1.
        Rhythm::Weekly { weekday, at } => format!("weekly {} {at} {zone}", weekday.to_monday_one_offset()),
        Rhythm::Monthly { day, at } => format!("monthly {day} {at} {zone}"),
        Rhythm::Yearly { month, day, at } => format!("yearly {month:02}-{day:02} {at} {zone}"),
        Rhythm::Every { period } => format!("every {}", period.seconds),
        Rhythm::Cron { expression } => {
            format!("cron {} {zone}", expression.split_ascii_whitespace().collect::<Vec<_>>().join(" "))
        }
    })
}
