//! What to write instead, so that something is alone: another time of day, or behind another.
//!
//! Unaware of how it is told. Invariant: what is answered was written into the plan and looked at as the plan itself is, and nothing meets the job then. Times of day
//! at which anything else ever runs there are not even tried: so a time may be left out that would do.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::looks::{Look, Looks};
use super::sweep::{self, Load};
use super::{Group, Job, Named, Places, RUNS_IN_ALL_MAX, RUNS_MAX, names, places};
use crate::calendar::{self, DAY_SECONDS};
use crate::plan::{Backup, Plan, Rhythm, Schedule, TimeOfDay, Way};
use crate::primitives::{Span, Spanned};
use crate::prove::rhythms::Rhythms;
use crate::prove::runs::Runs;

/// The finest that a time is suggested, in seconds.
const SUGGESTED: i64 = 300;
/// So many times of the day are tried for a job.
const TIMES_TRIED_MAX: usize = 4;
/// So many changes of a plan are looked at; who comes after that is told no time.
const CHANGES_MAX: usize = 48;

/// Changes of a plan, looked at.
pub(super) struct Instead<'p, 'r> {
    plan: &'p Plan,
    runs: &'r Runs<'p>,
    changes_left: usize,
    /// How many runs are still looked at.
    runs_left: i64,
}

impl<'p, 'r> Instead<'p, 'r> {
    pub(super) fn new(plan: &'p Plan, runs: &'r Runs<'p>) -> Self {
        Self { plan, runs, changes_left: CHANGES_MAX, runs_left: 2 * RUNS_IN_ALL_MAX }
    }

    /// The plan as it is.
    pub(super) fn plan(&self) -> &'p Plan {
        self.plan
    }

    /// Whether no more is looked at.
    pub(super) fn is_over(&self) -> bool {
        self.changes_left == 0 || self.runs_left <= 0
    }

    /// A time of day from a moment on at which a job is alone; none where there is none, or the job has no time of day.
    pub(super) fn time(&mut self, job: Job<'p>, from: i64) -> Option<TimeOfDay> {
        let zone = zone_of(self.plan, job);
        let timed = job.backup.schedule.as_ref().and_then(|schedule| time_of(&schedule.rhythm));
        let has_time = timed.is_some() || matches!(job.backup.way, Way::PointInTime(_));
        // At another time, it would not come after anything.
        if !has_time || !job.backup.after.is_empty() || self.is_over() {
            return None;
        }
        let mut day = Day::new(&zone);
        let length = self.mark(job, &mut day)?;
        day.free(from, length)
            .take(TIMES_TRIED_MAX)
            .find(|at| with_time(self.plan, job, *at).is_some_and(|changed| self.holds(&changed, job)))
    }

    /// Whether a job is alone behind another, at the time of its own or at that of the other.
    pub(super) fn behind(&mut self, job: Job<'p>, first: Job<'p>, at: Option<TimeOfDay>) -> bool {
        if self.is_over() {
            return false;
        }
        let changed = match at {
            Some(at) => with_time(self.plan, job, at),
            None => Some(self.plan.clone()),
        };
        let Some(mut changed) = changed.filter(|_| !self.waits_for(first, job)) else { return false };
        let tie = Spanned::new(first.target.job(first.backup), Span::default());
        of(&mut changed, job, |backup| backup.after.push(tie.clone()));
        self.holds(&changed, job)
    }

    /// Whether a job is alone where its store lets in one step at a time.
    pub(super) fn limited(&mut self, job: Job<'p>) -> bool {
        let Some(name) = job.backup.store().filter(|_| !self.is_over()) else { return false };
        let mut changed = self.plan.clone();
        for store in changed.stores.iter_mut().filter(|store| store.name.value == name.value) {
            store.side_by_side = Some(Spanned::new(NonZeroU32::MIN, Span::default()));
        }
        self.holds(&changed, job)
    }

    /// A time of day from a moment on at which a verification or drill meets nothing that it looks at.
    pub(super) fn look(&mut self, looks: &Looks<'p, 'r>, look: &Look<'p>, from: i64) -> Option<TimeOfDay> {
        let zone = calendar::zone(&look.schedule.timezone.value)?;
        let mut day = Day::new(&zone);
        looks.mark(look, &mut day);
        day.free(from, look.length).take(TIMES_TRIED_MAX).find(|at| {
            let rhythm = timed(&look.schedule.rhythm, *at);
            self.changes_left > 0
                && rhythm.is_some_and(|rhythm| {
                    self.changes_left -= 1;
                    let schedule = Schedule { rhythm, ..look.schedule.clone() };
                    looks.slots(&schedule).is_some_and(|slots| !looks.meets(look, &slots, None))
                })
        })
    }

    /// Marks what else runs where a job does, and what looks at it; answers how long the job takes, in seconds.
    fn mark(&mut self, job: Job<'p>, day: &mut Day<'_>) -> Option<i64> {
        let mut length = None;
        let at_places = places(self.plan, self.runs);
        let mut looked = Places::new(self.plan, self.runs, RUNS_MAX, self.runs_left);
        for groups in at_places.values() {
            let Some(own) = groups.iter().find(|group| group.has(names(job))) else { continue };
            let (end, _) = looked.until(groups)?;
            length = length.or_else(|| looked.runs_of(own, end).first().map(|run| run.ends - run.begins));
            for group in groups.iter().filter(|group| group.jobs.len() > 1 || !group.has(names(job))) {
                looked.runs_of(group, end).iter().for_each(|run| day.mark(run.begins, run.ends));
            }
        }
        self.runs_left = looked.left;
        Looks::new(self.plan, self.runs).mark_of(job, day);
        length
    }

    /// The jobs that come after one, however far behind.
    fn followers(&self, job: Job<'p>) -> Vec<Job<'p>> {
        let all = self.plan.backups().map(|(target, backup)| Job { target, backup });
        all.filter(|other| names(*other) != names(job) && self.waits_for(*other, job)).collect()
    }

    /// Whether one job comes after another, however far behind.
    fn waits_for(&self, job: Job<'_>, other: Job<'_>) -> bool {
        let (mut open, mut seen) = (vec![job.target.job(job.backup)], BTreeSet::new());
        while let Some(next) = open.pop() {
            if next == other.target.job(other.backup) {
                return true;
            }
            let backup = self.plan.targets.iter().find(|target| target.name.value == next.target);
            let backup = backup.and_then(|target| target.backup(&next.backup));
            if let Some(backup) = backup.filter(|_| seen.insert(next)) {
                open.extend(backup.after.iter().map(|tie| tie.value.clone()));
            }
        }
        false
    }

    /// Whether a job is alone in a changed plan, and so is whatever comes after it and was.
    fn holds(&mut self, changed: &Plan, job: Job<'p>) -> bool {
        let plan = self.plan;
        self.is_alone(changed, job)
            && self.followers(job).into_iter().all(|other| self.is_alone(changed, other) || !self.is_alone(plan, other))
    }

    /// Whether nothing meets the job in a changed plan, wherever it is felt, and nothing looks at it then.
    fn is_alone(&mut self, changed: &Plan, job: Job<'_>) -> bool {
        let Some(left) = self.changes_left.checked_sub(1) else { return false };
        self.changes_left = left;
        let runs = Runs::new(changed, Rhythms::default());
        let mut looked = Places::new(changed, &runs, RUNS_MAX, self.runs_left);
        let at_places = places(changed, &runs);
        let mut of_job = at_places.values().filter(|groups| groups.iter().any(|group| group.has(names(job))));
        let alone = of_job.all(|groups| keeps_apart(&mut looked, groups, names(job)));
        self.runs_left = looked.left;
        alone && !Looks::new(changed, &runs).any_meets(names(job))
    }
}

/// Whether no run of a job meets any other of a place.
fn keeps_apart(looked: &mut Places<'_, '_>, groups: &[Group<'_>], own: Named<'_>) -> bool {
    let Some((end, _)) = looked.until(groups) else { return false };
    let Some(group) = groups.iter().find(|group| group.has(own)) else { return true };
    let store = group.one_by_one();
    let load = |runs, one_by_one| Load { runs, jobs: 1, one_by_one };
    // Those that one store keeps apart where they are of one slot, and those that nothing does.
    [true, false].into_iter().all(|is_same_store| {
        let others = groups.iter().filter(|other| other.jobs.len() > 1 || !other.has(own));
        let others = others.filter(|other| (store.is_some() && other.one_by_one() == store) == is_same_store);
        let runs = others.flat_map(|other| looked.runs_of(other, end)).collect();
        let both = [load(runs, store.filter(|_| is_same_store)), load(looked.runs_of(group, end), store)];
        sweep::meetings(&both).iter().all(Option::is_none)
    })
}

/// The zone in which a job's time of day is written.
pub(super) fn zone_of(plan: &Plan, job: Job<'_>) -> TimeZone {
    let schedule = job.backup.schedule.as_ref().map_or(&plan.timezone, |schedule| &schedule.timezone);
    calendar::zone(&schedule.value).unwrap_or(TimeZone::UTC)
}

/// The plan with a job at another time of day; with it, all that have their schedule from the same template.
fn with_time(plan: &Plan, job: Job<'_>, at: TimeOfDay) -> Option<Plan> {
    let mut changed = plan.clone();
    if matches!(job.backup.way, Way::PointInTime(_)) {
        of(&mut changed, job, |backup| {
            if let Way::PointInTime(kept) = &mut backup.way
                && let Some(window) = &mut kept.window
            {
                window.value.at = at;
            }
        });
        return Some(changed);
    }
    let place = job.backup.schedule.as_ref()?.span;
    let rhythm = timed(&job.backup.schedule.as_ref()?.rhythm, at)?;
    let backups = changed.targets.iter_mut().flat_map(|target| &mut target.backups);
    for schedule in backups.filter_map(|backup| backup.schedule.as_mut()).filter(|schedule| schedule.span == place) {
        schedule.rhythm = rhythm.clone();
    }
    Some(changed)
}

fn of(plan: &mut Plan, job: Job<'_>, change: impl FnMut(&mut Backup)) {
    let target = plan.targets.iter_mut().filter(|target| target.name.value == job.target.name.value);
    let backups = target.flat_map(|target| &mut target.backups);
    backups.filter(|backup| backup.name.value == job.backup.name.value).for_each(change);
}

/// The time of day of a rhythm, where it has one.
pub(super) fn time_of(rhythm: &Rhythm) -> Option<TimeOfDay> {
    match rhythm {
        Rhythm::Daily { at } | Rhythm::Weekly { at, .. } | Rhythm::Monthly { at, .. } | Rhythm::Yearly { at, .. } => {
            Some(*at)
        }
        Rhythm::Every { .. } | Rhythm::Cron { .. } => None,
    }
}

/// A rhythm at another time of day, where it has one.
fn timed(rhythm: &Rhythm, to: TimeOfDay) -> Option<Rhythm> {
    let mut other = rhythm.clone();
    match &mut other {
        Rhythm::Daily { at } | Rhythm::Weekly { at, .. } | Rhythm::Monthly { at, .. } | Rhythm::Yearly { at, .. } => {
            *at = to;
            Some(other)
        }
        Rhythm::Every { .. } | Rhythm::Cron { .. } => None,
    }
}

/// The times of day of a zone at which nothing was marked.
pub(super) struct Day<'z> {
    zone: &'z TimeZone,
    busy: Vec<bool>,
}

/// So many times of a day are told apart.
const TIMES: i64 = DAY_SECONDS / SUGGESTED;

impl<'z> Day<'z> {
    fn new(zone: &'z TimeZone) -> Self {
        Self { zone, busy: vec![false; usize::try_from(TIMES).unwrap_or(0)] }
    }

    /// What the clock shows, in seconds since 1970 by it.
    fn shown(&self, second: i64) -> i64 {
        let at = Timestamp::from_second(second).unwrap_or(Timestamp::MAX);
        second.saturating_add(i64::from(self.zone.to_offset(at).seconds()))
    }

    /// Something runs from one moment to another.
    pub(super) fn mark(&mut self, begins: i64, ends: i64) {
        let (first, last) = (self.shown(begins), self.shown(begins) + (ends - begins) - 1);
        let (first, last) = (first.div_euclid(SUGGESTED), last.div_euclid(SUGGESTED));
        for time in first..=last.min(first + TIMES - 1) {
            self.busy[usize::try_from(time.rem_euclid(TIMES)).unwrap_or(0)] = true;
        }
    }

    /// The times from a moment on behind which so many seconds are free, a day long.
    fn free(&self, from: i64, seconds: i64) -> impl Iterator<Item = TimeOfDay> {
        let first = self.shown(from) + SUGGESTED - 1;
        let first = first.div_euclid(SUGGESTED);
        let needed = seconds.div_euclid(SUGGESTED) + i64::from(seconds.rem_euclid(SUGGESTED) > 0);
        let is_free = move |time: &i64| {
            let mut all = *time..time.saturating_add(needed);
            needed <= TIMES && all.all(|time| !self.busy[usize::try_from(time.rem_euclid(TIMES)).unwrap_or(0)])
        };
        (first..first + TIMES).filter(is_free).filter_map(|time| {
            let minutes = time.rem_euclid(TIMES) * SUGGESTED / 60;
            let (hour, minute) = (i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?);
            Some(TimeOfDay { hour, minute })
        })
    }
}
