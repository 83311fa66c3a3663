//! Verifications and drills that look at recovery points while a run of the same backup makes and deletes some.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::instead::{Day, Instead};
use super::sweep::Run;
use super::{HEAVY_FROM, Job, MOMENT, Named, told, window};
use crate::calendar::Occurrences;
use crate::diagnostic::Diagnostics;
use crate::plan::{Drill, Plan, Schedule, Target, Verify, Way};
use crate::primitives::{Name, Spanned};
use crate::prove::path::Paths;
use crate::prove::recovered::recovered;
use crate::prove::rhythms::WINDOW;
use crate::prove::runs::Runs;

/// So many looks are held against backups in a plan; those that come after are not.
const LOOKS_MAX: usize = 600_000;

/// A scheduled verification or drill.
pub(super) struct Look<'p> {
    pub(super) word: &'static str,
    pub(super) name: &'p Spanned<Name>,
    pub(super) schedule: &'p Schedule,
    /// How long it may take, in seconds; a moment where that is not said.
    pub(super) length: i64,
    targets: Vec<&'p Target>,
}

/// A look that meets a run, the first time; how often, and in how many years.
pub(super) struct Met {
    pub(super) look: Run,
    pub(super) run: Run,
    pub(super) count: u64,
}

/// What a look may meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Against {
    /// The runs of a kind; and whether they delete.
    Kind(usize, bool),
    /// A window of RDS, by the minute and the length.
    Window(i64, i64),
}

/// The looks of a plan.
pub(in crate::prove) struct Looks<'p, 'r> {
    plan: &'p Plan,
    runs: &'r Runs<'p>,
    left: usize,
}

impl<'p, 'r> Looks<'p, 'r> {
    pub(in crate::prove) fn new(plan: &'p Plan, runs: &'r Runs<'p>) -> Self {
        Self { plan, runs, left: LOOKS_MAX }
    }

    /// Reports what looks at points while they are made or deleted.
    pub(in crate::prove) fn of_plan(&mut self, out: &mut Diagnostics) {
        let mut instead = Instead::new(self.plan, self.runs);
        for look in &self.all() {
            self.of(look, &mut instead, out);
        }
    }

    fn all(&self) -> Vec<Look<'p>> {
        let paths = Paths::new(self.plan);
        let verifies = self.plan.verifies.iter().filter_map(|verify| self.verify(verify));
        let drills = self.plan.drills.iter().filter_map(|drill| self.drill(drill, &paths));
        verifies.chain(drills).collect()
    }

    /// Whether any look meets a run of a job.
    pub(super) fn any_meets(&self, job: Named<'_>) -> bool {
        let of_target = |look: &Look<'p>| look.targets.iter().any(|target| target.name.value == *job.0);
        let mut looks = self.all().into_iter().filter(of_target);
        looks.any(|look| self.slots(look.schedule).is_some_and(|slots| self.meets(&look, &slots, Some(job))))
    }

    /// Whether a look, at these slots, meets what it is held against; of a job alone, where one is named.
    pub(super) fn meets(&self, look: &Look<'p>, slots: &[i64], job: Option<Named<'_>>) -> bool {
        let of_job = |jobs: &Vec<Job<'p>>| job.is_none_or(|job| jobs.iter().any(|of| super::names(*of) == job));
        let against = self.against(look).into_iter().filter(|(_, jobs)| of_job(jobs));
        against.into_iter().any(|(against, jobs)| match against {
            Against::Kind(kind, _) => self.met(look, slots, kind).is_some(),
            Against::Window(_, length) => self.met_window(look, slots, jobs[0], length).is_some(),
        })
    }

    /// Marks when a look may meet something.
    pub(super) fn mark(&self, look: &Look<'p>, day: &mut Day<'_>) {
        let before = WINDOW.start - jiff::SignedDuration::from_nanos(1);
        for (against, jobs) in self.against(look) {
            let slots = |times: &Occurrences| -> Vec<i64> {
                let slots = times.after(before).take_while(|slot| *slot < WINDOW.end).take(LOOKS_MAX);
                slots.map(Timestamp::as_second).collect()
            };
            match (against, &jobs[0].backup.way) {
                (Against::Window(_, length), Way::PointInTime(kept)) => {
                    let times = window(self.plan, kept).map(|(times, ..)| slots(&times));
                    times.into_iter().flatten().for_each(|slot| day.mark(slot, slot.saturating_add(length)));
                }
                (Against::Kind(kind, _), _) => {
                    for slot in slots(self.runs.times(kind)) {
                        let begins = slot.saturating_add(self.runs.wait(kind, slot));
                        day.mark(begins, begins.saturating_add(self.runs.length(kind)));
                    }
                }
                (Against::Window(..), _) => {}
            }
        }
    }

    /// Marks when something looks at a job.
    pub(super) fn mark_of(&self, job: Job<'p>, day: &mut Day<'_>) {
        let of_job = |look: &Look<'p>| look.targets.iter().any(|target| target.name == job.target.name);
        for look in self.all().into_iter().filter(of_job) {
            let slots = self.slots(look.schedule).into_iter().flatten();
            slots.for_each(|slot| day.mark(slot, slot.saturating_add(look.length)));
        }
    }

    /// When a schedule looks in the window, as far as that is looked at.
    pub(super) fn slots(&self, schedule: &Schedule) -> Option<Vec<i64>> {
        let times = Occurrences::of(schedule).ok()?;
        let before = WINDOW.start - jiff::SignedDuration::from_nanos(1);
        let slots = times.after(before).take_while(|slot| *slot < WINDOW.end).take(self.left.saturating_add(1));
        Some(slots.map(Timestamp::as_second).collect())
    }

    fn verify(&self, verify: &'p Verify) -> Option<Look<'p>> {
        let meant = |target: &&Target| verify.targets.iter().any(|selector| selector.value.means(target));
        Some(Look {
            word: "verify",
            name: &verify.name,
            schedule: verify.schedule.as_ref()?,
            length: verify.takes.as_ref().map_or(MOMENT, |takes| seconds(takes.value.seconds)),
            targets: self.plan.targets.iter().filter(meant).collect(),
        })
    }

    fn drill(&self, drill: &'p Drill, paths: &Paths<'p>) -> Option<Look<'p>> {
        let schedule = drill.schedule.as_ref()?;
        let restores = || drill.restores.iter().map(|restore| &restore.value);
        let targets = recovered(self.plan, restores());
        let length = |name: &Name| {
            let restore = self.plan.restores.iter().find(|restore| restore.name.value == *name)?;
            paths.longest(&restore.steps).ok().map(|way| seconds(way.path.length.seconds))
        };
        Some(Look {
            word: "drill",
            name: &drill.name,
            schedule,
            length: restores().filter_map(length).fold(0, i64::saturating_add).max(MOMENT),
            targets: self.plan.targets.iter().filter(|target| targets.contains(&target.name.value)).collect(),
        })
    }

    fn of(&mut self, look: &Look<'p>, instead: &mut Instead<'p, 'r>, out: &mut Diagnostics) {
        let (Ok(times), Some(slots)) = (Occurrences::of(look.schedule), self.slots(look.schedule)) else { return };
        for (against, jobs) in self.against(look) {
            let Some(left) = self.left.checked_sub(slots.len()) else { return };
            self.left = left;
            let met = match against {
                Against::Kind(kind, _) => self.met(look, &slots, kind),
                Against::Window(_, length) => self.met_window(look, &slots, jobs[0], length),
            };
            if let Some(met) = met {
                let deletes = matches!(against, Against::Kind(_, true));
                let free = instead.look(self, look, met.run.ends);
                out.push(told::looked_at(look, &times, deletes, &jobs, &met, free));
            }
        }
    }

    /// What a look is held against, each with the jobs of that kind.
    fn against(&self, look: &Look<'p>) -> BTreeMap<Against, Vec<Job<'p>>> {
        let mut found: BTreeMap<Against, Vec<Job<'p>>> = BTreeMap::new();
        let backups = look.targets.iter().flat_map(|target| target.backups.iter().map(move |backup| (*target, backup)));
        for (target, backup) in backups {
            let job = Job { target, backup };
            let against = match &backup.way {
                Way::PointInTime(kept) => {
                    window(self.plan, kept).map(|(_, minute, length)| Against::Window(minute, length))
                }
                Way::Stored(_) => self.runs_against(look, job),
                Way::Snapshot(_) => None,
            };
            if let Some(against) = against {
                found.entry(against).or_default().push(job);
            }
        }
        found
    }

    /// The runs of a job, where they delete or are heavy, and where another time would keep the look apart from them.
    fn runs_against(&self, look: &Look<'p>, job: Job<'p>) -> Option<Against> {
        let kind = self.runs.kind_of(job.target, job.backup)?;
        let takes = seconds(job.backup.takes.as_ref()?.value.seconds);
        let deletes = job.backup.retention.is_some() && self.deletes_itself(job);
        let shortest = seconds(self.runs.gaps(kind)?.shortest.seconds());
        let both = takes.saturating_add(self.runs.wait_max(kind)).saturating_add(look.length);
        ((deletes || takes >= HEAVY_FROM) && both <= shortest).then_some(Against::Kind(kind, deletes))
    }

    /// Whether who writes into the store may delete there: else nothing is deleted by a run.
    fn deletes_itself(&self, job: Job<'p>) -> bool {
        let store =
            job.backup.store().and_then(|name| self.plan.stores.iter().find(|store| store.name.value == name.value));
        let access = store.and_then(|store| store.access.as_ref());
        access.is_none_or(|access| {
            access.prune.is_empty()
                || access.prune.iter().any(|who| access.write.iter().any(|writer| writer.value == who.value))
        })
    }

    fn met(&self, look: &Look<'p>, slots: &[i64], kind: usize) -> Option<Met> {
        let longest = self.runs.wait_max(kind).saturating_add(self.runs.length(kind));
        let mut times = self.runs.times(kind).after(WINDOW.start);
        let mut run_at = |looked: Run| {
            // The first slot whose run may not be over when it begins; behind it, others.
            times.jump(looked.begins.saturating_sub(longest));
            let slots = times.by_ref().map(Timestamp::as_second).take_while(|slot| *slot < looked.ends);
            let run = |slot: i64| {
                let begins = slot.saturating_add(self.runs.wait(kind, slot));
                Run { begins, ends: begins.saturating_add(self.runs.length(kind)), slot }
            };
            slots.map(run).find(|run| run.begins < looked.ends && run.ends > looked.begins)
        };
        first(look, slots, &mut run_at)
    }

    fn met_window(&self, look: &Look<'p>, slots: &[i64], job: Job<'p>, length: i64) -> Option<Met> {
        let Way::PointInTime(kept) = &job.backup.way else { return None };
        let (occurrences, ..) = window(self.plan, kept)?;
        let mut times = occurrences.after(WINDOW.start);
        let mut run_at = |looked: Run| {
            times.jump(looked.begins.saturating_sub(length));
            let begins = times.next()?.as_second();
            (begins < looked.ends).then(|| Run { begins, ends: begins.saturating_add(length), slot: begins })
        };
        first(look, slots, &mut run_at)
    }
}

/// The first look that meets a run, and how many do.
fn first(look: &Look<'_>, slots: &[i64], run_at: &mut dyn FnMut(Run) -> Option<Run>) -> Option<Met> {
    let mut met = None::<Met>;
    for slot in slots {
        let looked = Run { begins: *slot, ends: slot.saturating_add(look.length), slot: *slot };
        if let Some(run) = run_at(looked) {
            met.get_or_insert(Met { look: looked, run, count: 0 }).count += 1;
        }
    }
    met
}

fn seconds(seconds: u64) -> i64 {
    i64::try_from(seconds).unwrap_or(i64::MAX / 4)
}
