//! What "the last 7 generations" are worth in days, where a backup promises both.

use jiff::Timestamp;

use super::keeps::Reach;
use super::rhythms::{Rhythms, WINDOW};
use crate::calendar::{self, Gap, Occurrences};
use crate::plan::{Backup, Target};
use crate::primitives::Duration;

/// So many runs are looked at, all plans' together: beyond that nobody counts them.
const RUNS_MAX: usize = 4_000_000;

/// How far back the newest points of a backup reach at worst: where `generations` stands beside `within`, in a backup that each run makes a point of.
pub(super) fn of_backup(target: &Target, backup: &Backup, rhythms: &mut Rhythms) -> Option<Reach> {
    let retention = backup.retention.as_ref()?;
    let (generations, within) = (retention.generations.as_ref()?.value, retention.within.as_ref()?.value);
    let is_selected = backup.stored().is_some_and(|stored| stored.select.is_some());
    let schedule = backup.schedule.as_ref().filter(|_| !is_selected)?;
    let rhythm = rhythms.of(schedule).ok()?;
    let apart = usize::try_from(generations.get()).ok()?.checked_sub(1)?;
    let least = rhythms.spans(rhythm, apart)?;
    let zone = rhythms.times(rhythm).zone();
    let shown = calendar::local_span(least.from, least.to, zone);
    let reach = Duration::from_seconds(least.seconds());
    Some(Reach { job: target.job(backup), generations: generations.get(), reach, between: least, shown, within })
}

/// The first of the shortest spans of so many neighbouring gaps in the window; none where there are not so many, or very many.
pub(super) fn shortest(times: &Occurrences, gaps: usize) -> Option<Gap> {
    let before = WINDOW.start.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(WINDOW.start);
    let all: Vec<Timestamp> = times.after(before).take_while(|time| *time < WINDOW.end).take(RUNS_MAX + 1).collect();
    if all.len() > RUNS_MAX {
        return None;
    }
    let spans = all.iter().zip(all.get(gaps..)?).map(|(from, to)| Gap { from: *from, to: *to });
    spans.min_by_key(Gap::seconds)
}
