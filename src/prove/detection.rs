//! Whether damage is seen while something good is still kept.
//!
//! Damage is whatever makes the points from some moment on worthless: a disk, a program, a person. Worst is damage just behind a look: it is seen by the
//! next one, and by then a point of before must still be there.

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::keeps::{Detection, Sight, Unseen};
use super::lives::Point;
use super::promise::Standing;
use super::recovered::recovered;
use super::rhythms::{RhythmId, Rhythms, WINDOW};
use super::with_labels;
use crate::calendar::{self, DAY_SECONDS, Occurrences};
use crate::diagnostic::codes::detection::{LATE, NONE, UNSEEN};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::{Backup, Depth, Drill, Plan, Schedule, Target, Verify, Way};
use crate::primitives::{Duration, Name, Period, PeriodUnit, Span};
use crate::timeline::{Holds, Kept, Making, Place, Points, of_backup};

/// The verifications and drills of a plan.
pub(super) struct Looks<'p> {
    plan: &'p Plan,
    zone: TimeZone,
    /// The drills that recover a target.
    drills: BTreeMap<&'p Name, Vec<&'p Drill>>,
    /// What schedules come to that look at the same.
    sights: HashMap<Vec<(RhythmId, u64)>, Rc<[Look]>>,
}

/// What looks at a target.
struct Watcher<'p> {
    /// What people call it, `verify weekly`.
    name: String,
    schedule: &'p Schedule,
    rhythm: RhythmId,
    /// How long after its slot it has seen what there is to see, in seconds.
    takes: u64,
}

/// A look, in seconds since the epoch.
#[derive(Debug, Clone, Copy)]
struct Look {
    /// What happens behind it, it does not see.
    at: i64,
    /// When the next one has seen it.
    next: i64,
}

/// A series of points that may have a good one left.
struct Candidate<'p> {
    backup: &'p Backup,
    place: Place,
    points: Points,
    rhythm: RhythmId,
    /// Where it is written how long it is kept.
    span: Span,
}

/// What became of the last good point.
struct Lost {
    look: Look,
    /// The last of those before the look that is let go; none where there is none.
    last: Point,
    /// Looks that are less apart than that would see all in time, in seconds.
    fits: i64,
}

impl Lost {
    fn too_late(&self) -> i64 {
        self.look.next.saturating_sub(self.last.gone)
    }
}

impl<'p> Looks<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        let mut drills: BTreeMap<&Name, Vec<&Drill>> = BTreeMap::new();
        for drill in plan.drills.iter().filter(|drill| drill.schedule.is_some()) {
            let targets = recovered(plan, drill.restores.iter().map(|restore| &restore.value));
            targets.into_iter().for_each(|target| drills.entry(target).or_default().push(drill));
        }
        let zone = calendar::zone(&plan.timezone.value).unwrap_or(TimeZone::UTC);
        Self { plan, zone, drills, sights: HashMap::new() }
    }

    /// Advises a plan that never looks at what it keeps.
    pub(super) fn of_plan(&self, out: &mut Diagnostics) {
        let plan = self.plan;
        let is_kept = plan.backups().any(|(_, backup)| matches!(backup.way, Way::Stored(_)));
        if !is_kept || !plan.verifies.is_empty() || !plan.drills.is_empty() || !plan.broken.is_empty() {
            return;
        }
        let message = "what is kept is never checked again";
        let help = "write a `verify`, as in `verify \"monthly\" { schedule \"monthly\" day=1 at=\"10:00\"; targets \"*\"; depth \"deepest\" }`, or a `drill`";
        out.push(Diagnostic::new(&NONE, message, plan.name.span, "no `verify` and no `drill` in this plan", help));
    }

    /// Shows that damage to a target is seen in time, or warns that it is not.
    pub(super) fn of_target(
        &mut self,
        target: &'p Target,
        rhythms: &mut Rhythms,
        out: &mut Diagnostics,
    ) -> Option<Detection> {
        if target.backups.is_empty() || self.plan.broken.iter().any(|block| block.kind != "template") {
            return None;
        }
        let is_stored = target.backups.iter().any(|backup| matches!(backup.way, Way::Stored(_)));
        let watchers = self.watchers(target, is_stored, rhythms)?;
        let looks = self.looks(&watchers, rhythms)?;
        let unseen = looks.iter().max_by_key(|look| (look.next - look.at, std::cmp::Reverse(look.at)));
        let unseen = unseen.map(|look| self.unseen(look));
        let told = |standing, sight| Detection {
            target: target.name.value.clone(),
            standing,
            seen_by: watchers.iter().map(|watcher| watcher.name.clone()).collect(),
            unseen: unseen.clone(),
            sight,
        };
        if !is_stored {
            return Some(told(Standing::Assumed, Sight::Provider));
        }
        if watchers.is_empty() {
            out.extend((!self.plan.verifies.is_empty() || !self.plan.drills.is_empty()).then(|| nobody_looks(target)));
            return None;
        }
        let mut worst: Option<(Candidate<'p>, Lost)> = None;
        for candidate in self.candidates(target, rhythms)? {
            match self.lost(&candidate, &looks, rhythms)? {
                None => {
                    let (job, place) = (target.job(candidate.backup), candidate.place);
                    return Some(told(Standing::Proven, Sight::Kept { job, place }));
                }
                Some(lost) => {
                    if worst.as_ref().is_none_or(|(_, known)| lost.too_late() < known.too_late()) {
                        worst = Some((candidate, lost));
                    }
                }
            }
        }
        if let Some((candidate, lost)) = worst {
            out.push(self.late(target, &watchers, &candidate, &lost));
        }
        None
    }

    /// What sees damage to a target's points. What RDS keeps, a verification finds there and no more.
    fn watchers(&self, target: &Target, is_stored: bool, rhythms: &mut Rhythms) -> Option<Vec<Watcher<'p>>> {
        let sees = |verify: &&Verify| {
            is_stored
                && verify.depth.value != Depth::Present
                && verify.targets.iter().any(|selector| selector.value.means(target))
        };
        let seconds = |verify: &Verify| verify.takes.as_ref().map_or(0, |takes| takes.value.seconds);
        let verifies = self.plan.verifies.iter().filter(sees);
        let verifies = verifies.filter_map(|verify| {
            Some((format!("verify {}", verify.name.value), verify.schedule.as_ref()?, seconds(verify)))
        });
        let drills = self.drills.get(&target.name.value).into_iter().flatten();
        let drills =
            drills.filter_map(|drill| Some((format!("drill {}", drill.name.value), drill.schedule.as_ref()?, 0)));
        let watcher = |(name, schedule, takes): (String, &'p Schedule, u64)| {
            let rhythm = rhythms.of(schedule).ok()?;
            Some(Watcher { name, schedule, rhythm, takes })
        };
        verifies.chain(drills).map(watcher).collect()
    }

    /// Every look of the window but the last. None where there are very many.
    fn looks(&mut self, watchers: &[Watcher<'p>], rhythms: &mut Rhythms) -> Option<Rc<[Look]>> {
        let mut key: Vec<(RhythmId, u64)> = watchers.iter().map(|watcher| (watcher.rhythm, watcher.takes)).collect();
        key.sort_unstable();
        key.dedup();
        if let Some(known) = self.sights.get(&key) {
            return Some(Rc::clone(known));
        }
        let often =
            |(rhythm, _): &(RhythmId, u64)| rhythms.gaps(*rhythm).is_some_and(|gaps| gaps.shortest.seconds() < OFTEN);
        if key.iter().any(often) {
            return None;
        }
        let mut all: Vec<(i64, i64)> = vec![];
        for (rhythm, takes) in &key {
            let takes = i64::try_from(*takes).unwrap_or(i64::MAX);
            let slots = of_window(rhythms.times(*rhythm));
            all.extend(slots.map(|slot| (slot, slot.saturating_add(takes))));
        }
        all.sort_unstable();
        let mut looks: Vec<Look> = vec![];
        let mut next: Option<(i64, i64)> = None;
        // From behind: the next that is over first, of those that begin later.
        let (mut later, mut same) = (i64::MAX, i64::MAX);
        for (at, over) in all.into_iter().rev() {
            if next.is_none_or(|(behind, _)| behind != at) {
                later = later.min(same);
                if later < i64::MAX {
                    looks.push(Look { at, next: later });
                }
            }
            same = same.min(over);
            next = Some((at, over));
        }
        looks.reverse();
        let looks: Rc<[Look]> = looks.into();
        self.sights.insert(key, Rc::clone(&looks));
        Some(looks)
    }

    /// Every series that keeps points of a target, copies too; but for binary logs, which bring nothing back by themselves. None where one cannot be
    /// looked at, as it is made by hand.
    fn candidates(&self, target: &'p Target, rhythms: &mut Rhythms) -> Option<Vec<Candidate<'p>>> {
        let mut found = vec![];
        for backup in target.backups.iter().filter(|backup| backup.stored().is_some()) {
            let rhythm = rhythms.of(backup.schedule.as_ref()?).ok()?;
            for series in of_backup(target, backup, &self.zone, None) {
                let Kept::Points(points) = series.kept else { return None };
                if series.content == Holds::Changes {
                    continue;
                }
                let copies = backup.stored().map(|stored| stored.copies.as_slice()).unwrap_or_default();
                let copy = copies.iter().find(|copy| series.place == Place::Copy(copy.to.value.clone()));
                let retention = copy.map_or(backup.retention.as_ref(), |copy| copy.retention.as_ref());
                let span = retention.map_or(backup.span, |retention| retention.span);
                found.push(Candidate { backup, place: series.place, points, rhythm, span });
            }
        }
        Some(found)
    }

    /// The look behind which no good point is left when damage is seen; none where one always is. Nothing where there are too many points to say.
    fn lost(&self, of: &Candidate<'p>, looks: &[Look], rhythms: &mut Rhythms) -> Option<Option<Lost>> {
        let longest = looks.iter().map(|look| look.next - look.at).max().unwrap_or(0);
        let gap = rhythms.gaps(of.rhythm).map_or(i64::MAX, |gaps| gaps.longest.seconds().cast_signed());
        if of.points.rules.is_empty() || kept_at_least(&of.points).is_some_and(|kept| kept - gap > longest) {
            return Some(None);
        }
        let points = rhythms.lives(of.rhythm, &of.points).ok()?;
        let (mut at, mut last, mut fits) = (0, None::<Point>, i64::MAX);
        let mut worst: Option<(Look, Point)> = None;
        for look in looks {
            while let Some(point) = points.get(at).filter(|point| point.slot <= look.at) {
                fits = last.map_or(fits, |last| fits.min(last.gone.saturating_sub(point.slot)));
                last = Some(last.filter(|last| last.gone >= point.gone).unwrap_or(*point));
                at += 1;
            }
            let Some(last) = last.filter(|last| last.gone <= look.next) else { continue };
            let late = |look: &Look, last: &Point| look.next - last.gone;
            if worst.as_ref().is_none_or(|(known, of)| late(look, &last) > late(known, of)) {
                worst = Some((*look, last));
            }
        }
        Some(worst.map(|(look, last)| Lost { look, last, fits }))
    }

    fn shown(&self, second: i64) -> String {
        calendar::local(time(second), &self.zone)
    }

    fn unseen(&self, look: &Look) -> Unseen {
        Unseen {
            from: time(look.at),
            to: time(look.next),
            length: lasting(look.next - look.at),
            shown: calendar::local_span(time(look.at), time(look.next), &self.zone),
        }
    }

    fn late(&self, target: &Target, watchers: &[Watcher<'p>], of: &Candidate<'p>, lost: &Lost) -> Diagnostic {
        let Lost { look, last, fits } = lost;
        let (name, unseen) = (&target.name.value, lasting(look.next - look.at));
        let message = format!(
            "damage to the recovery points of `{name}` may be found as late as after {unseen}, when no good one is left"
        );
        let (slot, gone) = (self.shown(last.slot), calendar::local_in(time(last.gone), &self.zone));
        let label = format!("the last point from before the damage, of {slot}, is deleted on {gone}");
        let found = Diagnostic::new(&LATE, message, of.span, label, way_out(target, *fits));
        let (at, next) = (self.shown(look.at), self.shown(look.next));
        let set = calendar::set_between(time(look.at), time(look.next), &self.zone);
        let looked = format!("checked on {at}: damage right after that is found on {next}{set}");
        let also = |watcher: &Watcher<'p>| (watcher.schedule.span, "and nothing finds it in between".to_owned());
        let first = watchers.first().map(|watcher| (watcher.schedule.span, looked));
        with_labels(found, first.into_iter().chain(watchers.iter().skip(1).map(also)))
    }
}

/// What comes round more often than every so many seconds is not looked at one by one.
const OFTEN: u64 = 3_600;

fn of_window(times: &Occurrences) -> impl Iterator<Item = i64> {
    let before = WINDOW.start.checked_sub(jiff::SignedDuration::from_nanos(1)).unwrap_or(WINDOW.start);
    times.after(before).take_while(|time| *time < WINDOW.end).map(Timestamp::as_second)
}

fn time(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap_or(Timestamp::MAX)
}

fn lasting(seconds: i64) -> Duration {
    Duration::from_seconds(u64::try_from(seconds).unwrap_or(0))
}

/// So many seconds a point is kept at least, from the slot of its run on; none where no age keeps it. Days that a clock shortens, and how much older than
/// its run a point's data may be, are taken off generously.
fn kept_at_least(points: &Points) -> Option<i64> {
    let Period { count, unit } = points.rules.within?;
    let days = match unit {
        PeriodUnit::Days => 1,
        PeriodUnit::Weeks => 7,
        PeriodUnit::Months => 28,
        PeriodUnit::Years => 365,
    };
    let older = match points.making {
        Making::EachRun => 2,
        Making::EachDay => 4,
        Making::EachMonth { newest } => (i64::from(newest) + 2) * 31,
    };
    Some((i64::from(count) * days - older) * DAY_SECONDS)
}

/// Which look would be in time.
fn way_out(target: &Target, fits: i64) -> String {
    let name = &target.name.value;
    let schedule = match fits / DAY_SECONDS {
        32.. => r#"schedule "monthly" day=1 at="10:00""#,
        8.. => r#"schedule "weekly" weekday="mon" at="10:00""#,
        5.. => r#"schedule cron="0 10 * * mon,thu""#,
        2.. => r#"schedule "daily" at="10:00""#,
        _ => "",
    };
    if schedule.is_empty() {
        return format!("keep the points of `{name}` longer: within=\"8d\" leaves time to check them twice a week");
    }
    let most = lasting(fits);
    format!(
        "check it less than {most} apart, as in `verify \"{name}\" {{ {schedule}; targets \"{name}\"; depth \"read\" }}`, or keep its points longer"
    )
}

fn nobody_looks(target: &Target) -> Diagnostic {
    let name = &target.name.value;
    let message = format!("nothing would find damage to the recovery points of `{name}`");
    let help = format!(
        "write `verify \"{name}\" {{ schedule \"weekly\" weekday=\"mon\" at=\"10:00\"; targets \"{name}\"; depth \"read\" }}` (\"present\" reads nothing), or \
         practise its restore in a `drill`"
    );
    Diagnostic::new(&UNSEEN, message, target.name.span, "no verification or drill reads it", help)
}
