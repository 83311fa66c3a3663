//! What a dump and the changes after it can recover: any moment, as far as the changes are unbroken.

use jiff::{SignedDuration, Timestamp};

use super::{Life, Points, Stretch};

/// The moments that can be recovered at a time from these dumps and these changes, both oldest first: from the oldest dump whose later changes
/// are all there, up to the newest changes. None where no dump has changes that reach back to it.
///
/// A point of changes holds those since the run before it; the first of all, those since `since`.
pub fn unbroken(dumps: &[Life], changes: &[Life], of: &Points, time: Timestamp) -> Option<Stretch> {
    let there = |life: &&Life| life.is_there(time);
    let mut begin: Option<Timestamp> = None;
    let mut last: Option<&Life> = None;
    for life in changes.iter().filter(there) {
        if last.is_none_or(|last| !life.follows(last)) {
            begin = Some(before(life, of));
        }
        last = Some(life);
    }
    let (begin, end) = (begin?, last?.moment());
    let mut dumps = dumps.iter().filter(there).map(Life::moment);
    let from = dumps.find(|moment| begin <= *moment)?;
    Some(Stretch { from: Some(from), to: end.max(from) })
}

/// The moment that the changes of a point begin at: that of the run before.
fn before(life: &Life, of: &Points) -> Timestamp {
    let just_before = life.slot().checked_sub(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MIN);
    let run = of.times.last_at_or_before(just_before).unwrap_or(Timestamp::MIN);
    of.since.map_or(run, |since| run.max(since))
}
