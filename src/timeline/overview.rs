//! The recovery points of a plan from one time to another: what is made, what is let go, and what can be recovered when.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::sequences::{Sequence, sequences};
use super::{Columns, Holds, Kept, Life, Making, Moving, Place, Points, Series, THERE_MAX, of_target, unbroken};
use crate::calendar::{self, Gap};
use crate::plan::{Plan, Target};
use crate::primitives::{Duration, JobName, Name};

/// What is asked of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Question {
    /// From when.
    pub from: Timestamp,
    /// To when: after `from`.
    pub to: Timestamp,
    /// A time in between at which it is told what can be recovered.
    pub at: Option<Timestamp>,
    /// When the plan begins; without it, it was always there.
    pub since: Option<Timestamp>,
}

impl Question {
    /// The times at which it is told what can be recovered, in order.
    fn times(&self) -> impl Iterator<Item = Timestamp> + use<> {
        [Some(self.from), self.at, Some(self.to)].into_iter().flatten()
    }

    /// The time at which a calendar shows what is there.
    fn shown_at(&self) -> Timestamp {
        self.at.unwrap_or(self.to)
    }
}

/// The recovery points of a plan from one time to another, as if every run began at its slot, took exactly its `takes` and succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Timeline {
    /// The plan.
    pub plan: Name,
    /// The zone in which times are shown, and days counted.
    pub timezone: String,
    /// From when.
    pub from: Timestamp,
    /// To when.
    pub to: Timestamp,
    /// When the plan began; none where it was always there.
    pub since: Option<Timestamp>,
    /// The time at which `cells` say what is there.
    pub shown_at: Timestamp,
    /// The columns of a calendar of that time.
    pub columns: Columns,
    /// Each job in each store that it goes to, in the plan's order.
    pub jobs: Vec<JobTimeline>,
    /// Where dumps and binary logs together recover any moment.
    pub any_moment: Vec<AnyMoment>,
}

/// The recovery points of one job in one store. Where its target is backed up on several hosts, each host has as many.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct JobTimeline {
    /// The job.
    pub job: JobName,
    /// Where they are kept.
    pub place: Place,
    /// The hosts that it is run on; none where any may.
    pub hosts: Vec<Name>,
    /// Its schedule in words; none where it has none.
    pub schedule: Option<String>,
    /// How long after its slot a run's point is there: of a copy, its own `takes` behind the backup's. None where the plan says neither.
    pub takes: Option<Duration>,
    /// What is kept.
    pub keeps: Keeps,
}

/// What a job keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Keeps {
    /// Points.
    Points(KeptPoints),
    /// Any moment of a range that moves on with time, at each of the times.
    Range(Vec<Recoverable>),
    /// It has no schedule: what is made when is nobody's to say.
    ByHand,
}

/// The points of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct KeptPoints {
    /// What each run makes.
    pub making: Making,
    /// How many come to be there after `from`, up to `to`.
    pub made: u64,
    /// How many are let go after `from`, up to `to`.
    pub let_go: u64,
    /// Whether nothing ever lets one go.
    pub forever: bool,
    /// What can be recovered at each of the times.
    pub recoverable: Vec<Recoverable>,
    /// The longest time between the data of one point and of the next one that is there with it, of those told.
    pub longest_gap: Option<Gap>,
    /// All that are there at some time from `from` to `to`, by what follows each other and has one end; where there are very many, the first and
    /// the last.
    pub sequences: Vec<Sequence>,
    /// How many sequences are left out in the middle.
    pub omitted: u64,
    /// How many are of before the first column, and there at `shown_at`. Where all since the plan began are kept and nobody says when that was, the newest
    /// of them alone.
    pub earlier: u64,
    /// One for each column.
    pub cells: Vec<Cell>,
    /// Each of them.
    #[serde(skip)]
    pub lives: Vec<Life>,
}

/// The points whose data is of one column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, schemars::JsonSchema)]
pub struct Cell {
    /// How many there are.
    pub made: u64,
    /// How many of them are there at `shown_at`.
    pub there: u64,
    /// How many of them come to be there only after it.
    pub to_come: u64,
}

/// What can be recovered at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Recoverable {
    /// The time.
    pub at: Timestamp,
    /// How many points there are; none for a range, and where all points since the plan began are kept and nobody says when that was.
    pub points: Option<u64>,
    /// The earliest moment; none where there is none, and, where there is a latest, where it is as far back as the plan was run.
    pub earliest: Option<Timestamp>,
    /// The latest moment; none where nothing can be recovered.
    pub latest: Option<Timestamp>,
}

impl Recoverable {
    fn of_range(at: Timestamp, range: Option<super::Stretch>) -> Self {
        let (earliest, latest) = (range.and_then(|range| range.from), range.map(|range| range.to));
        Self { at, points: None, earliest, latest }
    }

    fn of_points(at: Timestamp, points: &Points, lives: &[Life]) -> Self {
        let there = || lives.iter().filter(|life| life.is_there(at));
        // Those of before are not among them.
        let is_endless = points.rules.is_empty() && points.since.is_none();
        Self {
            at,
            points: (!is_endless).then(|| there().count() as u64),
            earliest: there().next().filter(|_| !is_endless).map(Life::moment),
            latest: there().next_back().map(Life::moment),
        }
    }
}

/// Where dumps and binary logs together recover any moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct AnyMoment {
    /// The job that keeps the binary logs.
    pub job: JobName,
    /// Where it keeps them.
    pub place: Place,
    /// The jobs whose dumps they follow.
    pub dumps: Vec<JobName>,
    /// What can be recovered at each of the times.
    pub recoverable: Vec<Recoverable>,
}

/// A job has more points than are counted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{job} would have more than {} million recovery points, which are not counted", THERE_MAX / 1_000_000)]
pub struct Uncounted {
    /// The job.
    pub job: JobName,
}

/// The timeline of those targets of a plan that are chosen.
///
/// # Errors
/// When a job has more points than [`THERE_MAX`].
pub fn timeline(plan: &Plan, question: &Question, chosen: impl Fn(&Target) -> bool) -> Result<Timeline, Uncounted> {
    let zone = calendar::zone(&plan.timezone.value).unwrap_or(TimeZone::UTC);
    let asked = Asked { question, columns: Columns::of(question.from, question.to, &zone), zone };
    let (mut jobs, mut any_moment) = (vec![], vec![]);
    for target in plan.targets.iter().filter(|target| chosen(target)) {
        let series = of_target(target, &asked.zone, question.since);
        let of_target: Vec<JobTimeline> =
            series.iter().map(|series| asked.job(target, series)).collect::<Result<_, _>>()?;
        any_moment.extend(asked.any_moment(&series, &of_target));
        jobs.extend(of_target);
    }
    Ok(Timeline {
        plan: plan.name.value.clone(),
        timezone: plan.timezone.value.clone(),
        from: question.from,
        to: question.to,
        since: question.since,
        shown_at: question.shown_at(),
        columns: asked.columns,
        jobs,
        any_moment,
    })
}

/// What every job of a plan is asked.
struct Asked<'a> {
    question: &'a Question,
    columns: Columns,
    zone: TimeZone,
}

impl Asked<'_> {
    fn job(&self, target: &Target, series: &Series) -> Result<JobTimeline, Uncounted> {
        let keeps = match &series.kept {
            Kept::Points(points) => Keeps::Points(self.points(points, &series.job)?),
            Kept::Moving(moving) => Keeps::Range(self.range(moving)),
            Kept::ByHand => Keeps::ByHand,
        };
        Ok(JobTimeline {
            job: series.job.clone(),
            place: series.place.clone(),
            hosts: target.hosts.iter().map(|host| host.value.clone()).collect(),
            schedule: series.schedule.clone(),
            takes: series.takes,
            keeps,
        })
    }

    fn range(&self, moving: &Moving) -> Vec<Recoverable> {
        self.question.times().map(|at| Recoverable::of_range(at, moving.at(at))).collect()
    }

    fn points(&self, points: &Points, job: &JobName) -> Result<KeptPoints, Uncounted> {
        let Question { from, to, .. } = *self.question;
        let lives = points.between(from, to).map_err(|_| Uncounted { job: job.clone() })?;
        let count =
            |is: fn(&Life, &Question) -> bool| lives.iter().filter(|life| is(life, self.question)).count() as u64;
        let (sequences, omitted) = sequences(&lives, to);
        let (earlier, cells) = self.cells(&lives);
        Ok(KeptPoints {
            making: points.making,
            made: count(|life, of| life.is_made(of.from, of.to)),
            let_go: count(|life, of| life.is_let_go(of.to)),
            forever: points.rules.is_empty(),
            recoverable: self.question.times().map(|at| Recoverable::of_points(at, points, &lives)).collect(),
            longest_gap: longest_gap(&lives),
            sequences,
            omitted,
            earlier,
            cells,
            lives,
        })
    }

    /// How many are of before the first column and there at the time that is shown, and those of each column.
    fn cells(&self, lives: &[Life]) -> (u64, Vec<Cell>) {
        let mut rest = lives;
        let shown_at = self.question.shown_at();
        let count =
            |of: &[Life], is: fn(&Life, Timestamp) -> bool| of.iter().filter(|life| is(life, shown_at)).count() as u64;
        let mut until = |end: Timestamp| {
            // They come in the order of their moments.
            let (of_it, after) = rest.split_at(rest.partition_point(|life| life.moment() < end));
            rest = after;
            Cell {
                made: of_it.len() as u64,
                there: count(of_it, Life::is_there),
                to_come: count(of_it, |life, time| time < life.committed()),
            }
        };
        let Columns { starts, end, .. } = &self.columns;
        let Some((first, others)) = starts.split_first() else { return (0, vec![]) };
        (until(*first).there, others.iter().chain([end]).map(|end| until(*end)).collect())
    }

    /// What the dumps and the binary logs of a target recover together: those of one store, where that has both.
    fn any_moment(&self, series: &[Series], jobs: &[JobTimeline]) -> Vec<AnyMoment> {
        let with_lives = || series.iter().zip(jobs);
        let dumps = |at: Option<&Name>| -> Vec<(&JobName, &[Life])> {
            let is_dump = |of: &Series| of.content == Holds::Dump && at.is_none_or(|at| of.place.store() == Some(at));
            with_lives().filter(|(of, _)| is_dump(of)).map(|(of, job)| (&of.job, job.keeps.lives())).collect()
        };
        let changes = with_lives().filter_map(|(of, job)| match &of.kept {
            Kept::Points(points) if of.content == Holds::Changes => Some((of, points, job.keeps.lives())),
            _ => None,
        });
        let of_changes = |(of, points, lives): (&Series, &Points, &[Life])| {
            let here = dumps(of.place.store());
            let dumps = if here.is_empty() { dumps(None) } else { here };
            let mut all: Vec<Life> = dumps.iter().flat_map(|(_, lives)| lives.iter().copied()).collect();
            all.sort_unstable_by_key(Life::moment);
            let mut names: Vec<JobName> = dumps.into_iter().map(|(job, _)| job.clone()).collect();
            names.dedup();
            let recoverable =
                self.question.times().map(|at| Recoverable::of_range(at, unbroken(&all, lives, points, at)));
            let recoverable = recoverable.collect();
            (!names.is_empty()).then(|| AnyMoment {
                job: of.job.clone(),
                place: of.place.clone(),
                dumps: names,
                recoverable,
            })
        };
        changes.filter_map(of_changes).collect()
    }
}

impl KeptPoints {
    /// Whether all since the plan began are kept, and nobody says when that was.
    pub fn is_endless(&self) -> bool {
        self.forever && self.recoverable.iter().any(|one| one.points.is_none())
    }
}

impl Keeps {
    /// The points, where it is points that are kept.
    pub fn lives(&self) -> &[Life] {
        match self {
            Self::Points(points) => &points.lives,
            Self::Range(_) | Self::ByHand => &[],
        }
    }

    /// What can be recovered at each of the times.
    pub fn recoverable(&self) -> &[Recoverable] {
        match self {
            Self::Points(points) => &points.recoverable,
            Self::Range(recoverable) => recoverable,
            Self::ByHand => &[],
        }
    }
}

/// The first of the longest gaps between points of which one is there when the other comes.
fn longest_gap(lives: &[Life]) -> Option<Gap> {
    let pairs = lives.iter().zip(lives.iter().skip(1)).filter(|(one, next)| one.is_there_with(next));
    let mut longest: Option<(&Life, &Life)> = None;
    for (one, next) in pairs {
        if longest.is_none_or(|(before, after)| after.apart(before) < next.apart(one)) {
            longest = Some((one, next));
        }
    }
    longest.map(|(one, next)| Gap { from: one.moment(), to: next.moment() })
}
