//! What runs at once and should not: heavy backups of one machine or database, what RDS does by itself, and looks at points that are being deleted.
//!
//! Jobs with the same runs are looked at together, and places with the same jobs once: a plan of a thousand targets has few of either.

mod instead;
mod looks;
mod sweep;
mod told;

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use self::instead::Instead;
use self::sweep::{Load, Meeting, Run};
use super::rhythms::WINDOW;
use super::runs::Runs;
use crate::calendar::Occurrences;
use crate::diagnostic::Diagnostics;
use crate::plan::{Backup, MysqlAddress, Plan, PointInTime, Rhythm, Schedule, Source, Target, Way};
use crate::primitives::{Name, Span, Spanned};

pub(super) use looks::Looks;

/// A backup is heavy when its `takes` is so much or more, in seconds: below that it is over before anybody notices.
pub(super) const HEAVY_FROM: i64 = 600;
/// So many runs of one place are looked at; where there would be more, fewer years are.
const RUNS_MAX: i64 = 120_000;
/// So many runs are looked at of all places, evenly; and twice as many where each is looked at for a year at least.
const RUNS_IN_ALL_MAX: i64 = 1_200_000;
/// A year, in seconds.
const YEAR: i64 = 31_557_600;
/// How long something lasts at least, in seconds: what begins somewhere is there.
const MOMENT: i64 = 1;

/// Where things meet.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place<'p> {
    /// A declared host; none is every host that runs the plan.
    Host(Option<&'p Name>),
    /// A MySQL server, by its address.
    Server(String),
    /// A database of RDS, by its identifier.
    Rds(&'p str),
}

/// What is at work somewhere.
#[derive(Debug, Clone, Copy)]
pub(super) struct Job<'p> {
    pub(super) target: &'p Target,
    pub(super) backup: &'p Backup,
}

impl<'p> Job<'p> {
    /// What its runs are, so that jobs with the same are looked at together.
    fn shape(&self, plan: &'p Plan, runs: &Runs<'_>) -> Option<Shape> {
        if let Way::PointInTime(kept) = &self.backup.way {
            return window(plan, kept).map(|(_, at, length)| Shape::Window(at, length));
        }
        let store = self.backup.store().and_then(|name| {
            let place = plan.stores.iter().position(|store| store.name.value == name.value)?;
            plan.stores[place].side_by_side.as_ref().filter(|limit| limit.value.get() == 1).map(|_| place)
        });
        runs.kind_of(self.target, self.backup).map(|kind| Shape::Kind(kind, store))
    }
}

/// What the runs of a job are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Shape {
    /// Those of a kind; with the store that lets one step at a time in.
    Kind(usize, Option<usize>),
    /// A window of RDS: its minute of the day, and its length in seconds.
    Window(i64, i64),
}

/// Jobs of one place that have the same runs.
#[derive(Debug, Clone)]
struct Group<'p> {
    shape: Shape,
    jobs: Vec<Job<'p>>,
}

/// A meeting, and the years that were looked through.
#[derive(Debug, Clone, Copy)]
struct Found {
    meeting: Meeting,
    years: i64,
}

impl Group<'_> {
    fn has(&self, job: Named<'_>) -> bool {
        self.jobs.iter().any(|of| names(*of) == job)
    }

    /// The store that keeps its runs and others of one slot apart.
    fn one_by_one(&self) -> Option<usize> {
        match self.shape {
            Shape::Kind(_, store) => store,
            Shape::Window(..) => None,
        }
    }
}

/// A job by its target and backup.
type Named<'p> = (&'p Name, &'p Name);

/// Two jobs that meet.
type Pair<'p> = [Named<'p>; 2];

/// Reports all that runs at once and should not.
pub(super) fn of_plan<'p>(plan: &'p Plan, runs: &Runs<'p>, out: &mut Diagnostics) {
    let places = places(plan, runs);
    let different: HashSet<Signature> =
        places.values().filter(|groups| is_shared(groups)).map(|groups| signature(groups)).collect();
    let each = RUNS_IN_ALL_MAX / i64::try_from(different.len().max(1)).unwrap_or(i64::MAX);
    let mut looked = Places::new(plan, runs, each.min(RUNS_MAX), 2 * RUNS_IN_ALL_MAX);
    let mut said: BTreeMap<Pair<'_>, (usize, Vec<Place<'_>>)> = BTreeMap::new();
    let mut told = vec![];
    for (place, groups) in places {
        for (group, found) in looked.meetings(&groups).into_iter().enumerate() {
            let Some(found) = found else { continue };
            let (later, earlier) = (&groups[group], &groups[found.meeting.with]);
            let first = earlier.jobs[0];
            let second = later.jobs.iter().find(|job| !is_same(**job, first)).copied().unwrap_or(first);
            let pair = [names(second), names(first)];
            let next = told.len();
            let (_, at) = said.entry(pair).or_insert_with(|| (next, vec![]));
            at.push(place.clone());
            if at.len() == 1 {
                told.push((pair, later.jobs.clone(), earlier.jobs.clone(), found));
            }
        }
    }
    let mut instead = Instead::new(plan, runs);
    for (pair, later, earlier, found) in told {
        let at = said.get(&pair).map_or(&[][..], |(_, at)| at);
        out.push(told::at_once(at, &later, &earlier, &found, &mut instead));
    }
}

fn names<'p>(job: Job<'p>) -> Named<'p> {
    (&job.target.name.value, &job.backup.name.value)
}

fn is_same(a: Job<'_>, b: Job<'_>) -> bool {
    std::ptr::eq(a.backup, b.backup)
}

/// The places of a plan, each with the jobs that it feels.
fn places<'p>(plan: &'p Plan, runs: &Runs<'_>) -> BTreeMap<Place<'p>, Vec<Group<'p>>> {
    let mut places: BTreeMap<Place<'p>, Vec<Group<'p>>> = BTreeMap::new();
    let mut of_shape: HashMap<(Place<'p>, Shape), usize> = HashMap::new();
    for (target, backup) in plan.backups() {
        let job = Job { target, backup };
        let Some(shape) = job.shape(plan, runs) else { continue };
        for place in felt_at(target, backup) {
            let groups = places.entry(place.clone()).or_default();
            match of_shape.get(&(place.clone(), shape)) {
                Some(group) => groups[*group].jobs.push(job),
                None => {
                    of_shape.insert((place, shape), groups.len());
                    groups.push(Group { shape, jobs: vec![job] });
                }
            }
        }
    }
    places
}

/// Where a job is felt.
fn felt_at<'p>(target: &'p Target, backup: &'p Backup) -> Vec<Place<'p>> {
    let takes = backup.takes.as_ref().map_or(0, |takes| i64::try_from(takes.value.seconds).unwrap_or(i64::MAX));
    let mut places = vec![];
    if takes >= HEAVY_FROM && backup.stored().is_some() {
        places.extend(target.hosts.iter().map(|host| Place::Host(Some(&host.value))));
        if target.hosts.is_empty() {
            places.push(Place::Host(None));
        }
    }
    match &target.source {
        Some(Source::Rds(rds)) => places.push(Place::Rds(&rds.database.identifier().value)),
        Some(Source::Mysql(mysql)) => {
            if let MysqlAddress::Tcp { host, .. } = &mysql.address {
                match host.value.strip_suffix(".rds.amazonaws.com").and_then(|name| name.split('.').next()) {
                    Some(instance) => places.push(Place::Rds(instance)),
                    None if takes >= HEAVY_FROM => places.push(Place::Server(mysql.address.to_string())),
                    None => {}
                }
            }
        }
        _ => {}
    }
    places
}

/// What runs at a place, and how many jobs do: where that is the same, so is what is found.
type Signature = Vec<(Shape, usize)>;

fn signature(groups: &[Group<'_>]) -> Signature {
    groups.iter().map(|group| (group.shape, group.jobs.len())).collect()
}

/// Whether more than one job is felt there.
fn is_shared(groups: &[Group<'_>]) -> bool {
    groups.iter().map(|group| group.jobs.len()).sum::<usize>() > 1
}

/// The places that were looked at, by what runs there.
struct Places<'p, 'r> {
    plan: &'p Plan,
    runs: &'r Runs<'p>,
    known: HashMap<Signature, Vec<Option<Found>>>,
    /// How many runs of a kind the first year has.
    a_year: HashMap<usize, i64>,
    /// So many runs are looked at of one place.
    each: i64,
    /// How many runs are still looked at.
    left: i64,
}

impl<'p, 'r> Places<'p, 'r> {
    fn new(plan: &'p Plan, runs: &'r Runs<'p>, each: i64, left: i64) -> Self {
        Self { plan, runs, known: HashMap::new(), a_year: HashMap::new(), each, left }
    }

    /// Of each group of a place, where it meets another.
    fn meetings(&mut self, groups: &[Group<'_>]) -> Vec<Option<Found>> {
        if !is_shared(groups) {
            return vec![None; groups.len()];
        }
        let key = signature(groups);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let found = self.look(groups);
        self.known.insert(key, found.clone());
        found
    }

    fn look(&mut self, groups: &[Group<'_>]) -> Vec<Option<Found>> {
        let Some((end, years)) = self.until(groups) else { return vec![None; groups.len()] };
        let load = |group: &Group<'_>| Load {
            runs: self.runs_of(group, end),
            jobs: group.jobs.len(),
            one_by_one: group.one_by_one(),
        };
        let loads: Vec<Load> = groups.iter().map(load).collect();
        sweep::meetings(&loads).into_iter().map(|meeting| meeting.map(|meeting| Found { meeting, years })).collect()
    }

    /// Until when a place is looked at, in how many years that is; none where no more runs are looked at.
    fn until(&mut self, groups: &[Group<'_>]) -> Option<(Timestamp, i64)> {
        let a_year = groups.iter().fold(0, |sum: i64, group| sum.saturating_add(self.a_year(group.shape))).max(1);
        let years = (self.each / a_year).clamp(1, 28);
        let runs = a_year.saturating_mul(years);
        self.left = self.left.checked_sub(runs).filter(|left| *left >= 0)?;
        let end = WINDOW.start + SignedDuration::from_secs(years * YEAR);
        Some((if years == 28 { WINDOW.end } else { end }, years))
    }

    /// How many runs the first year has.
    fn a_year(&mut self, shape: Shape) -> i64 {
        let Shape::Kind(kind, _) = shape else { return YEAR / 86_400 };
        let (runs, end) = (self.runs, WINDOW.start + SignedDuration::from_secs(YEAR));
        *self.a_year.entry(kind).or_insert_with(|| {
            let slots = runs.times(kind).after(WINDOW.start).take_while(|slot| *slot < end);
            // Of more, no year is looked at anyway.
            let most = usize::try_from(2 * RUNS_IN_ALL_MAX).unwrap_or(usize::MAX);
            i64::try_from(slots.take(most).count()).unwrap_or(i64::MAX)
        })
    }

    fn runs_of(&self, group: &Group<'_>, end: Timestamp) -> Vec<Run> {
        let before = WINDOW.start - SignedDuration::from_nanos(1);
        match group.shape {
            Shape::Kind(kind, _) => {
                // What says nothing of how long it takes is there when it begins.
                let says = group.jobs[0].backup.takes.is_some();
                let length = if says { self.runs.length(kind).max(MOMENT) } else { MOMENT };
                let slots = self.runs.times(kind).after(before).take_while(|slot| *slot < end);
                let run = |slot: Timestamp| {
                    let slot = slot.as_second();
                    let begins = slot.saturating_add(self.runs.wait(kind, slot));
                    Run { begins, ends: begins.saturating_add(length), slot }
                };
                slots.map(run).collect()
            }
            Shape::Window(_, length) => {
                let Way::PointInTime(kept) = &group.jobs[0].backup.way else { return vec![] };
                let Some((times, ..)) = window(self.plan, kept) else { return vec![] };
                let run = |slot: Timestamp| {
                    let slot = slot.as_second();
                    Run { begins: slot, ends: slot.saturating_add(length), slot }
                };
                times.after(before).take_while(|slot| *slot < end).map(run).collect()
            }
        }
    }
}

/// The window in which RDS makes its daily backup: when it begins, at which minute of the day, and how long it lasts in seconds.
pub(super) fn window(plan: &Plan, kept: &PointInTime) -> Option<(Occurrences, i64, i64)> {
    let window = kept.window.as_ref()?;
    let timezone = Spanned::new(plan.timezone.value.clone(), Span::default());
    let at = window.value.at;
    let schedule = Schedule { rhythm: Rhythm::Daily { at }, timezone, span: Span::default() };
    let length = i64::try_from(window.value.length.seconds).ok()?;
    Some((Occurrences::of(&schedule).ok()?, i64::from(at.hour) * 60 + i64::from(at.minute), length))
}
