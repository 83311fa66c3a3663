//! How long a job waits at worst for those that come before it.
//!
//! Unaware of what is promised. A tie holds where both jobs are due at the same instant on the same host, as `run --due` takes them into one
//! run; where the other is not due, it is no tie, and nothing that comes before the other is one either.

use std::collections::HashMap;

use super::promise::Wait;
use super::rhythms::{RhythmId, Rhythms};
use crate::calendar::{Gap, Together};
use crate::plan::{Backup, Plan, Target};
use crate::primitives::{Duration, JobName, Name, Span, Spanned};

/// How many jobs may come before one: behind more, nobody can foretell when it begins.
const JOBS_MAX: usize = 200;
/// And how many schedules they may have that differ.
const RHYTHMS_MAX: usize = 16;

/// Every job of a plan by its name.
pub(super) struct Jobs<'p>(HashMap<(&'p Name, &'p Name), (&'p Target, &'p Backup)>);

/// Why something proves nothing: where, and a few words.
pub(super) type Reason = (Span, String);

impl<'p> Jobs<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        let named =
            |(target, backup): (&'p Target, &'p Backup)| ((&target.name.value, &backup.name.value), (target, backup));
        Self(plan.backups().map(named).collect())
    }

    /// The jobs that may come before one on a host; none of those that have no schedule, which nothing makes due.
    pub(super) fn before(
        &self,
        backup: &'p Backup,
        host: Option<&Name>,
        rhythms: &mut Rhythms,
    ) -> Result<Before<'p>, Reason> {
        let mut before = Before { jobs: vec![], ties: vec![], rhythms: vec![] };
        let mut places = HashMap::new();
        let first = self.ties(backup, host, &mut places, &mut before, rhythms)?;
        before.ties = first;
        let mut at = 0;
        while at < before.jobs.len() {
            let ties = self.ties(before.jobs[at].backup, host, &mut places, &mut before, rhythms)?;
            before.jobs[at].ties = ties;
            at += 1;
        }
        Ok(before)
    }

    /// The places of the jobs that come right before one; those that are new are put behind the others.
    fn ties(
        &self,
        backup: &'p Backup,
        host: Option<&Name>,
        places: &mut HashMap<(&'p Name, &'p Name), usize>,
        before: &mut Before<'p>,
        rhythms: &mut Rhythms,
    ) -> Result<Vec<usize>, Reason> {
        let mut ties = vec![];
        for tie in &backup.after {
            let key = (&tie.value.target, &tie.value.backup);
            let Some((target, other)) = self.0.get(&key).copied() else { continue };
            let Some(schedule) = other.schedule.as_ref().filter(|_| host.is_none_or(|host| target.is_of(host))) else {
                continue;
            };
            let place = match places.get(&key).copied() {
                Some(place) => place,
                None if before.jobs.len() == JOBS_MAX => {
                    return Err((tie.span, format!("more than {JOBS_MAX} jobs come before it")));
                }
                None => {
                    let rhythm = rhythms.of(schedule).map_err(|malformed| (schedule.span, malformed.problem))?;
                    let rhythm = before.rhythm(rhythm, tie.span)?;
                    before.jobs.push(Job { target, backup: other, rhythm, ties: vec![] });
                    places.insert(key, before.jobs.len() - 1);
                    before.jobs.len() - 1
                }
            };
            ties.push(place);
        }
        Ok(ties)
    }
}

/// One of the jobs that may come before.
struct Job<'p> {
    target: &'p Target,
    backup: &'p Backup,
    /// The place of its rhythm.
    rhythm: usize,
    /// The places of those that come right before it.
    ties: Vec<usize>,
}

/// All jobs that may come before one.
pub(super) struct Before<'p> {
    jobs: Vec<Job<'p>>,
    /// The places of those that come right before it.
    ties: Vec<usize>,
    rhythms: Vec<RhythmId>,
}

/// A slot of a job that waits, and for how long.
pub(super) struct Waiting<'p> {
    /// The longest gap that such a slot ends.
    pub(super) before: Option<Gap>,
    /// The shortest that it begins.
    pub(super) behind: Option<Gap>,
    /// Those that it waits for, one after the other.
    pub(super) waits: Vec<Wait>,
    /// Where it is written how long each takes.
    pub(super) places: Vec<&'p Spanned<Duration>>,
}

impl Waiting<'_> {
    /// How long it waits, in seconds.
    pub(super) fn seconds(&self) -> u64 {
        seconds(&self.waits)
    }
}

/// How long these take one after the other.
pub(super) fn seconds(waits: &[Wait]) -> u64 {
    waits.iter().fold(0, |sum, wait| sum.saturating_add(wait.takes.seconds))
}

impl<'p> Before<'p> {
    /// The place of a rhythm among those that differ.
    fn rhythm(&mut self, id: RhythmId, tie: Span) -> Result<usize, Reason> {
        if let Some(place) = self.rhythms.iter().position(|known| *known == id) {
            return Ok(place);
        }
        if self.rhythms.len() == RHYTHMS_MAX {
            return Err((tie, format!("jobs with more than {RHYTHMS_MAX} different schedules come before it")));
        }
        self.rhythms.push(id);
        Ok(self.rhythms.len() - 1)
    }

    /// The slots of a rhythm at which something comes before it, by what that is.
    pub(super) fn waiting(&self, own: RhythmId, rhythms: &mut Rhythms) -> Result<Vec<Waiting<'p>>, Reason> {
        if self.ties.is_empty() {
            return Ok(vec![]);
        }
        let together = rhythms.together(own, &self.rhythms);
        together.iter().map(|slots| self.at(slots)).collect()
    }

    fn at(&self, slots: &Together) -> Result<Waiting<'p>, Reason> {
        let mut ends: Vec<Option<End>> = vec![None; self.jobs.len()];
        let mut next = self.last_of(&self.ties, slots, &mut ends)?;
        let mut line = vec![];
        while let Some(place) = next {
            line.push(place);
            next = ends[place].and_then(|end| end.behind);
        }
        line.reverse();
        let takes = |place: &usize| self.jobs[*place].backup.takes.as_ref();
        let waits = line.iter().filter_map(|place| {
            let Job { target, backup, .. } = &self.jobs[*place];
            Some(Wait { job: target.job(backup), takes: takes(place)?.value })
        });
        Ok(Waiting {
            before: slots.before,
            behind: slots.behind,
            waits: waits.collect(),
            places: line.iter().filter_map(takes).collect(),
        })
    }

    /// Which of these ends last, of those that are due.
    fn last_of(&self, ties: &[usize], slots: &Together, ends: &mut [Option<End>]) -> Result<Option<usize>, Reason> {
        let mut last: Option<(u64, usize)> = None;
        for place in ties.iter().copied().filter(|place| slots.with.contains(&self.jobs[*place].rhythm)) {
            let end = self.end(place, slots, ends)?;
            if last.is_none_or(|(latest, _)| end > latest) {
                last = Some((end, place));
            }
        }
        Ok(last.map(|(_, place)| place))
    }

    /// How long after the slot a job that is due ends. As deep as jobs wait for each other, which `JOBS_MAX` bounds.
    fn end(&self, place: usize, slots: &Together, ends: &mut [Option<End>]) -> Result<u64, Reason> {
        if let Some(known) = ends[place] {
            return Ok(known.seconds);
        }
        let job = &self.jobs[place];
        let Some(takes) = &job.backup.takes else {
            return Err((job.backup.span, format!("it waits for `{}`, which has no `takes`", self.name(place))));
        };
        let behind = self.last_of(&job.ties, slots, ends)?;
        let begins = behind.and_then(|behind| ends[behind]).map_or(0, |end| end.seconds);
        let end = End { seconds: begins.saturating_add(takes.value.seconds), behind };
        ends[place] = Some(end);
        Ok(end.seconds)
    }

    fn name(&self, place: usize) -> JobName {
        self.jobs[place].target.job(self.jobs[place].backup)
    }
}

/// When a job ends.
#[derive(Clone, Copy)]
struct End {
    /// So long after the slot.
    seconds: u64,
    /// The place of the one that it waited for last.
    behind: Option<usize>,
}
