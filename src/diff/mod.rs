//! Floor 8: what a change of a plan means for what can be recovered.
//!
//! Unaware of files and of how plans were written, but for the spans; of the world and the clock it is told. Invariants: a plan and what is the
//! same in other words differ in nothing; whatever makes a run, a restore or a proof go another way is a change; what is judged to weaken has a
//! code, and needs a waiver of the newer plan.

mod accepted;
mod change;
mod compare;
mod coverage;
mod fact;
mod facts;
mod fading;
mod judge;
mod kept;
mod matching;
mod moved;
mod places;
mod points;

use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use change::{Accepted, Change, Changes, Counts, Judgement, Kind, Subject, What};
pub use matching::ALIKE;
pub use moved::Moved;
pub use points::{Lying, kept_otherwise};

use crate::calendar;
use crate::plan::Plan;
use compare::Comparing;
use fact::Renames;
use points::Sides;

/// What differs between two plans, of which one may not be there: then all of the other is new, or gone. `now` is when the newer takes over: its
/// waivers hold or have expired by it, and it says which recovery points are there.
///
/// Of plans that were not checked, what leads nowhere is compared by its name.
pub fn diff(old: Option<&Plan>, new: Option<&Plan>, now: Timestamp) -> Changes {
    diff_where(old, new, now, &Where::default())
}

/// What is known of two plans beside what they say.
#[derive(Debug, Default)]
pub struct Where {
    /// What was found where the recovery points lie: of a job of which nothing was found, the plans alone say what goes.
    pub lying: Vec<Lying>,
    /// Where their files are in two folders.
    pub moved: Option<Moved>,
    /// Why the older, which is there, cannot be read: then nothing is known of what it protected.
    pub unreadable: Option<String>,
}

/// The same, with what is known beside the plans.
pub fn diff_where(old: Option<&Plan>, new: Option<&Plan>, now: Timestamp, known: &Where) -> Changes {
    let zone = new.or(old).map(|plan| plan.timezone.value.as_str());
    let zone = zone.and_then(calendar::zone).unwrap_or(TimeZone::UTC);
    let after = new.map(|new| facts::of_plan(new, &Renames::default())).unwrap_or_default();
    let (names, before) = old.map(|old| matching::renames(old, &after)).unwrap_or_default();
    let sides = old.zip(new).map(|(old, new)| Sides::new(old, new, &names, now, zone.clone()).with(&known.lying));
    let mut changes = Comparing::new(&before, &after, &names, sides).changes();
    if let Some(unreadable) = &known.unreadable {
        let plan = after.first().map(|plan| plan.span);
        changes.retain(|change| change.subject.kind != Kind::Plan);
        changes.push(Change::unreadable(unreadable, plan));
    }
    if let Some(new) = new {
        changes.extend(known.moved.as_ref().and_then(|moved| moved.change(new)));
        accepted::accept(&mut changes, old, new, now.to_zoned(zone).date());
    }
    // Of one judgement they stay in the plans' order.
    changes.sort_by_key(|change| std::cmp::Reverse(change.judgement));
    Changes {
        counts: counts(&changes),
        unwaived: changes.iter().filter(|change| change.is_unwaived()).count(),
        changes,
    }
}

fn counts(changes: &[Change]) -> Counts {
    let count = |judgement| changes.iter().filter(|change| change.judgement == judgement).count();
    Counts {
        hazards: count(Judgement::Hazard),
        deletes: count(Judgement::Deletes),
        weakens: count(Judgement::Weakens),
        neutral: count(Judgement::Neutral),
        strengthens: count(Judgement::Strengthens),
    }
}
