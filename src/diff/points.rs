//! What a changed backup means for the recovery points that are there, as if every run of the older plan had succeeded.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsString;
use std::path::Path;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::change::{Kind, Subject};
use super::fact::Renames;
use super::fading::{Both, Fading, fading};
use crate::calendar;
use crate::plan::{Backup, Plan, Source, Target};
use crate::primitives::{JobName, Name};
use crate::retention::{Candidate, Rules, kept};
use crate::timeline::{Kept, Making, Place, Points, Series, of_backup};

/// What was found of one job where its recovery points lie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lying {
    /// The job, as both plans call it.
    pub job: JobName,
    /// The store; none where a provider keeps them.
    pub store: Option<Name>,
    /// Of which they are, where a job has them of several: `of web-1`.
    pub of: Option<String>,
    /// Of when the data of each is, ascending.
    pub there: Vec<Timestamp>,
    /// The same of those that the newer plan lets go and the older does not.
    pub goes: Vec<Timestamp>,
}

/// The jobs that both plans have by the same name, in the same way, with other rules of what is kept: what they come to can be asked of the places
/// where their points lie. None where the plan has another name, as the newer finds none of them.
pub fn kept_otherwise<'p>(old: &'p Plan, new: &'p Plan) -> Vec<(JobName, [&'p Backup; 2])> {
    if old.name.value != new.name.value {
        return vec![];
    }
    let older: HashMap<JobName, &Backup> = old.backups().map(|(target, backup)| (target.job(backup), backup)).collect();
    let rules = |backup: &Backup| backup.retention.as_ref().map(Rules::of).unwrap_or_default();
    let pair = |(target, new): (&'p Target, &'p Backup)| {
        let job = target.job(new);
        let old = *older.get(&job)?;
        let is_alike = std::mem::discriminant(&old.way) == std::mem::discriminant(&new.way);
        (is_alike && rules(old) != rules(new)).then_some((job, [old, new]))
    };
    new.backups().filter_map(pair).collect()
}

/// A backup with its target.
type OfTarget<'p> = (&'p Target, &'p Backup);

/// Two plans and the time at which the newer takes over.
pub(super) struct Sides<'p> {
    names: &'p Renames,
    /// The older plan's backups, by what the newer calls them.
    older: BTreeMap<String, OfTarget<'p>>,
    newer: HashMap<String, OfTarget<'p>>,
    pub(super) now: Timestamp,
    /// The older plan's.
    old_zone: TimeZone,
    /// The newer plan's.
    pub(super) zone: TimeZone,
    lying: &'p [Lying],
    /// The stores, by the newer plan's names, that are at another place.
    moved: BTreeSet<String>,
    is_renamed: bool,
    /// All hosts of either plan.
    all_hosts: [BTreeSet<&'p Name>; 2],
}

/// What changes for the points of one job in one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Effect {
    /// Where, as the newer plan calls it.
    pub(super) place: Place,
    /// What a run makes; none where a provider keeps every moment.
    pub(super) making: Option<Making>,
    /// The points that go, of each host.
    pub(super) gone: Gone,
    /// How many hosts each have such points; 1 where nobody says which they are.
    pub(super) hosts: u64,
    /// The earliest moment that can be brought back now, as the older plan has it; none where that is as far back as it was run.
    pub(super) earliest: Option<Timestamp>,
    /// What does not go at once, and is kept no more in the end.
    pub(super) fading: Option<Fading>,
    /// What a run of the newer plan makes, and how long that is kept.
    pub(super) newer: Option<(Making, Rules)>,
}

/// Points that the newer plan lets go, and the older does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gone {
    /// None.
    None,
    /// These.
    Some(Lot),
    /// All that are older than that.
    AllBefore(Timestamp),
    /// More than are counted.
    Uncounted,
}

/// Points that go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lot {
    /// How many.
    pub(super) points: u64,
    /// Of how many that are there.
    pub(super) there: u64,
    /// Of when the data of the oldest is.
    pub(super) first: Timestamp,
    /// Of when the data of the newest is.
    pub(super) last: Timestamp,
    /// Of when that of the oldest is that stays.
    pub(super) left: Option<Timestamp>,
}

/// When two plans run a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Runs {
    /// The longest time between two by either plan, in seconds; none where one has fewer than two.
    pub(super) waits: Option<[u64; 2]>,
    /// Whether both do at the same times.
    pub(super) at_the_same_times: bool,
}

/// Whether none of the folders of a target has the name of one of before: by that, runs know the points that are theirs to prune.
fn are_others(old: &Target, new: &Target) -> bool {
    let names = |target: &'_ Target| -> Option<BTreeSet<OsString>> {
        let files = match target.source.as_ref()? {
            Source::Files(files) => files,
            Source::Logs(logs) => &logs.files,
            _ => return None,
        };
        files.roots.iter().map(|root| Some(Path::new(&root.value).file_name()?.to_owned())).collect()
    };
    names(old).zip(names(new)).is_some_and(|(old, new)| old.is_disjoint(&new))
}

impl<'p> Sides<'p> {
    pub(super) fn new(old: &'p Plan, new: &'p Plan, names: &'p Renames, now: Timestamp, zone: TimeZone) -> Self {
        let called = |target: &Target, backup: &Backup| {
            let of = names.name(Kind::Target, &target.name.value);
            names.of(Kind::Backup, &format!("{of}/{}", backup.name.value))
        };
        let older = old.backups().map(|(target, backup)| (called(target, backup), (target, backup))).collect();
        let newer = new.backups().map(|(target, backup)| (target.job(backup).to_string(), (target, backup))).collect();
        let old_zone = calendar::zone(&old.timezone.value).unwrap_or(TimeZone::UTC);
        let is_renamed = old.name.value != new.name.value;
        let all_hosts = [old, new].map(|plan| plan.hosts.iter().map(|host| &host.name.value).collect());
        Self { names, older, newer, now, old_zone, zone, lying: &[], moved: BTreeSet::new(), is_renamed, all_hosts }
    }

    /// The same, with what was found where points lie.
    pub(super) fn with(self, lying: &'p [Lying]) -> Self {
        Self { lying, ..self }
    }

    /// The same, where those stores are at another place.
    pub(super) fn where_stores_moved(self, moved: BTreeSet<String>) -> Self {
        Self { moved, ..self }
    }

    /// Whether the newer plan does not find what the older made of a job: it goes by other names, or is looked for in another place.
    fn leaves(&self, [old, new]: [OfTarget<'p>; 2], place: &Place) -> bool {
        let is_called_otherwise = old.0.job(old.1) != new.0.job(new.1);
        let has_moved = place.store().is_some_and(|store| self.moved.contains(store.as_str()));
        self.is_renamed || is_called_otherwise || has_moved || are_others(old.0, new.0)
    }

    /// How many hosts go on with what they made so far: those of both plans by the same name. None where nobody says which they are.
    fn hosts(&self, [old, new]: [OfTarget<'p>; 2]) -> Option<u64> {
        let (older, newer) = self.hosts_of(0, old.0).zip(self.hosts_of(1, new.0))?;
        // Points carry the name, whoever has it now.
        Some(older.intersection(&newer).count() as u64)
    }

    /// The hosts of a target of the older plan (0) or the newer (1): all that the plan has where none is named. None where nobody says which they are.
    fn hosts_of(&self, side: usize, target: &'p Target) -> Option<BTreeSet<&'p Name>> {
        let named: BTreeSet<&Name> = target.hosts.iter().map(|host| &host.value).collect();
        let hosts = if named.is_empty() { self.all_hosts[side].clone() } else { named };
        (!hosts.is_empty()).then_some(hosts)
    }

    /// How many hosts of a target of both plans are not the newer's.
    pub(super) fn hosts_lost(&self, target: &Subject) -> usize {
        let newer = self.newer.values().find(|newer| newer.0.name.value.as_str() == target.name);
        let both =
            self.older(target).first().zip(newer).map(|(old, new)| [self.hosts_of(0, old.0), self.hosts_of(1, new.0)]);
        let Some([Some(older), Some(newer)]) = both else { return 0 };
        older.difference(&newer).count()
    }

    /// How many hosts a target of the older plan has, each with points of its own.
    pub(super) fn hosts_before(&self, target: &'p Target) -> u64 {
        self.hosts_of(0, target).map_or(1, |hosts| hosts.len() as u64)
    }

    /// Whether the folders of a target of both plans are all others.
    pub(super) fn has_other_folders(&self, target: &Subject) -> bool {
        let newer = || self.newer.values().find(|newer| newer.0.name.value.as_str() == target.name);
        let older = self.older(target);
        older.first().zip(newer()).is_some_and(|(older, newer)| are_others(older.0, newer.0))
    }

    /// What was found of a job.
    pub(super) fn lying(&self, name: &str) -> impl Iterator<Item = &'p Lying> + use<'p> {
        let job = JobName::parse(name).ok();
        self.lying.iter().filter(move |lying| Some(&lying.job) == job.as_ref())
    }

    /// What a run of the newer plan makes of a job.
    pub(super) fn making(&self, job: &JobName) -> Option<Making> {
        let (target, backup) = self.newer.get(&job.to_string())?;
        of_backup(target, backup, &self.zone, None).iter().find_map(|series| match &series.kept {
            Kept::Points(points) => Some(points.making),
            _ => None,
        })
    }

    /// The job of both plans by the name that the newer has for it: the older's, and the newer's.
    pub(super) fn both(&self, name: &str) -> Option<[OfTarget<'p>; 2]> {
        Some([*self.older.get(name)?, *self.newer.get(name)?])
    }

    /// The older plan's jobs of a target or a backup, by the name that the newer plan has for that.
    pub(super) fn older(&self, of: &Subject) -> Vec<OfTarget<'p>> {
        match of.kind {
            Kind::Backup => self.older.get(&of.name).copied().into_iter().collect(),
            Kind::Target => {
                let begin = format!("{}/", of.name);
                let from = self.older.range(begin.clone()..);
                from.take_while(|(name, _)| name.starts_with(&begin)).map(|(_, job)| *job).collect()
            }
            _ => vec![],
        }
    }

    /// What a job's points come to, in each place that both plans keep them in.
    pub(super) fn effects(&self, [old, new]: [OfTarget<'p>; 2], runs: Runs) -> Vec<Effect> {
        let before = of_backup(old.0, old.1, &self.old_zone, None);
        let after = of_backup(new.0, new.1, &self.zone, None);
        let pair = |series: &Series| {
            let place = self.renamed(&series.place)?;
            let same = after.iter().find(|other| other.place == place)?;
            let hosts = if series.of_hosts { self.hosts([old, new]).unwrap_or(1) } else { 1 };
            let is_left = hosts == 0 || self.leaves([old, new], &place);
            Some(Effect { hosts, ..self.effect(series, same, is_left, runs)? })
        };
        before.iter().filter_map(pair).collect()
    }

    /// None where the newer plan has no name for it.
    fn renamed(&self, place: &Place) -> Option<Place> {
        let name = |store: &Name| Name::parse(&self.names.name(Kind::Store, store)).ok();
        Some(match place {
            Place::Store(store) => Place::Store(name(store)?),
            Place::Copy(store) => Place::Copy(name(store)?),
            Place::Provider => Place::Provider,
        })
    }

    /// What is left is not found any more, and so not deleted.
    fn effect(&self, old: &Series, new: &Series, is_left: bool, runs: Runs) -> Option<Effect> {
        let place = new.place.clone();
        match (&old.kept, &new.kept) {
            (Kept::Moving(old), Kept::Moving(new)) => {
                let from = |moving: &crate::timeline::Moving| moving.at(self.now).and_then(|stretch| stretch.from);
                let earliest = from(old);
                let gone = match (earliest, from(new)) {
                    (Some(before), Some(after)) if after > before => Gone::AllBefore(after),
                    _ => Gone::None,
                };
                Some(Effect { place, making: None, gone, hosts: 1, earliest, fading: None, newer: None })
            }
            (Kept::Points(old), Kept::Points(new)) => {
                let effect = self.points(place, old, new);
                let gone = if is_left { Gone::None } else { effect.gone };
                let both = |waits| {
                    let at_the_same_times =
                        runs.at_the_same_times && old.takes == new.takes && old.making == new.making;
                    Both { old, new, waits, at_the_same_times, some_go: gone != Gone::None }
                };
                let fading = runs.waits.and_then(|waits| fading(both(waits), self.now));
                Some(Effect { gone, fading, ..effect })
            }
            _ => None,
        }
    }

    fn points(&self, place: Place, old: &Points, new: &Points) -> Effect {
        let effect = |gone, earliest| Effect {
            place,
            making: Some(old.making),
            gone,
            hosts: 1,
            earliest,
            fading: None,
            newer: Some((new.making, new.rules.clone())),
        };
        if old.rules.is_empty() {
            let left = if new.rules.is_empty() { Ok(None) } else { new.oldest(self.now) };
            let Ok(left) = left else { return effect(Gone::Uncounted, None) };
            return effect(left.map_or(Gone::None, Gone::AllBefore), None);
        }
        let Ok(there) = old.there(self.now) else { return effect(Gone::Uncounted, None) };
        let gone = self.gone(&there, old, new);
        effect(gone, there.first().copied())
    }

    /// Which of those that are there the newer rules let go, and the older do not: by now, where some do so at the next run as well, which may make another.
    fn gone(&self, there: &[Timestamp], old: &Points, new: &Points) -> Gone {
        let goes = self.let_go(there, [&old.rules, &new.rules], self.now);
        let (Some(first), Some(last)) = (goes.first(), goes.last()) else { return Gone::None };
        // One that is under way has made none yet.
        let takes = SignedDuration::from_secs(i64::try_from(new.takes.seconds).unwrap_or(0));
        let begun = self.now.checked_sub(takes).unwrap_or(self.now);
        if let Some(next) = new.times.after(begun).next() {
            let made = (new.making == Making::EachRun).then_some(next);
            let then: Vec<Timestamp> = there.iter().copied().chain(made).collect();
            if self.let_go(&then, [&old.rules, &new.rules], next).is_empty() {
                return Gone::None;
            }
        }
        let left = there.iter().find(|moment| goes.binary_search(moment).is_err()).copied();
        Gone::Some(Lot { points: goes.len() as u64, there: there.len() as u64, first: *first, last: *last, left })
    }

    /// Those that the older rules keep at a time, and the newer do not.
    fn let_go(&self, there: &[Timestamp], rules: [&Rules; 2], at: Timestamp) -> Vec<Timestamp> {
        let candidates: Vec<Candidate<usize>> =
            there.iter().enumerate().map(|(id, moment)| Candidate { id, moment: *moment, good: true }).collect();
        let [older, newer] = rules.map(|rules| kept(&candidates, rules, at, &self.zone));
        let goes = there.iter().zip(older.iter().zip(&newer)).filter(|(_, (old, new))| **old && !**new);
        goes.map(|(moment, _)| *moment).collect()
    }

    /// How many points of a job are there now, by the older plan, of each of its hosts; none where nobody can say.
    pub(super) fn there(&self, target: &Target, backup: &Backup) -> Option<u64> {
        let count = |series: &Series| match &series.kept {
            Kept::Points(points) if !points.rules.is_empty() => Some(points.there(self.now).ok()?.len() as u64),
            _ => None,
        };
        of_backup(target, backup, &self.old_zone, None).iter().map(count).sum()
    }
}
