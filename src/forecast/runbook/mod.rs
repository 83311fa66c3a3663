//! A restore as whoever carries it out reads it first: when each step is to begin and end, what the whole hangs on, how long it took before,
//! who is asked, how far apart the data is, and what room it takes.
//!
//! Unaware of how it is written down. Invariant: it adds nothing to what is done; all of it follows from the forecast, the plan, what was
//! observed and what is remembered.

mod course;
mod past;
mod space;

pub use course::ends;
pub use past::{PAST_RUNS_MAX, PastTime, past_times};
pub use space::Space;

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use self::course::{Course, Leg, course};
use super::{
    Action, DatabaseAction, DatabaseRecovery, Outlook, OutlookStep, PointChoice, Recovery, StepView as _, Subject,
};
use crate::graph::{Graph, StepKind};
use crate::observe::Observed;
use crate::plan::Plan;
use crate::ports::Person;
use crate::primitives::{Duration, Name, StepId};
use crate::prove::{RestoreTime, Standing};

/// What a restore's forecast comes to for the person who carries it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Runbook {
    /// How long all of it is expected to take: as it is proven, else along the longest path; none where a step does not say.
    pub takes: Option<Duration>,
    /// What that stands on, where it is proven.
    pub standing: Option<Standing>,
    /// Within how long it is to be done.
    pub allowed: Option<Duration>,
    /// How long it takes if each step takes as long as 95 % of its earlier runs, or as planned where it has none; none without such runs.
    pub as_before: Option<Duration>,
    /// How many steps must run side by side for that.
    pub side_by_side: usize,
    /// The moment that was asked for, where one was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub asked: Option<Timestamp>,
    /// How far apart the data is of what is put back; none where less than two points are known.
    pub spread: Option<Spread>,
    /// Who is asked, in the order of the steps.
    pub approvals: Vec<Approval>,
    /// The room that it takes, for each file system.
    pub space: Vec<Space>,
    /// Its steps, in their order.
    pub steps: Vec<Stage>,
    /// Why nothing is known of how long earlier runs took, where that could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub past_unknown: Option<String>,
}

/// How far apart the data is of what is put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Spread {
    /// The target whose data is the oldest.
    pub older: Name,
    /// The one whose data is the newest.
    pub newer: Name,
    /// How far.
    pub apart: Duration,
    /// How far it may be, where the plan says so.
    pub allowed: Option<Duration>,
}

/// A person who has to say yes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Approval {
    /// The step that waits for it.
    pub step: StepId,
    /// What is approved, in the plan's words.
    pub what: String,
    /// The role that the person needs.
    pub role: Name,
    /// Those who have it.
    pub people: Vec<Person>,
}

/// When a step is to begin and end, counted from the start, and how long it took before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Stage {
    /// Which.
    pub step: StepId,
    /// None where a step before it does not say how long it takes.
    pub begins: Option<Duration>,
    /// Likewise.
    pub ends: Option<Duration>,
    /// Whether all of it takes longer where this step does.
    pub on_longest_path: bool,
    /// The other steps that begin when it does, because they wait for the same.
    pub beside: Vec<StepId>,
    /// Of what it takes, how long until its archive can be read, where that lies in cold storage: as the storage's provider says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retrieval: Option<Duration>,
    /// How long it took in earlier runs of the same restore.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub past: Option<PastTime>,
}

impl Stage {
    /// By how much earlier runs took longer than the plan says; nothing where they did not, or either is unknown.
    pub fn longer(&self, takes: Option<Duration>) -> Option<SignedDuration> {
        let took = SignedDuration::from_millis(i64::try_from(self.past?.took_ms).ok()?);
        Some(took.saturating_sub(takes?.signed())).filter(SignedDuration::is_positive)
    }
}

/// What is known beside the forecast.
#[derive(Debug, Default, Clone)]
pub struct Known<'a> {
    /// How long the restore takes as it is proven; none where only a part of it is carried out.
    pub proven: Option<&'a RestoreTime>,
    /// What was observed; none where nothing was asked.
    pub observed: Option<&'a Observed>,
    /// Which points were asked for.
    pub choice: Option<&'a PointChoice>,
    /// How long its steps took before, by their names.
    pub past: BTreeMap<String, PastTime>,
    /// Why that is not known, where it could not be read.
    pub past_unknown: Option<String>,
}

/// The runbook of a restore's forecast, which was made from that graph.
pub fn runbook(plan: &Plan, graph: &Graph, outlook: &Outlook, known: Known<'_>) -> Runbook {
    let Known { proven, observed, choice, past, past_unknown } = known;
    let planned = course_of(outlook, |step| step.takes());
    let before = |step: &OutlookStep| {
        let past = past.get(step.name().as_str())?;
        Some(Duration::from_seconds(past.took_ms.div_ceil(1000)))
    };
    let any_before = outlook.steps.iter().any(|step| before(step).is_some());
    let as_before = any_before.then(|| course_of(outlook, |step| before(step).or_else(|| step.takes())).length);
    let beside = beside(outlook);
    let stage = |(step, leaf): (&OutlookStep, &course::Leaf)| Stage {
        step: step.id(),
        begins: leaf.begins,
        ends: leaf.ends,
        on_longest_path: leaf.is_critical,
        beside: beside.get(step.after()).into_iter().flatten().copied().filter(|id| *id != step.id()).collect(),
        retrieval: retrieval(plan, graph, step),
        past: past.get(step.name().as_str()).copied(),
    };
    Runbook {
        takes: proven.map(|time| time.takes).or(planned.length),
        standing: proven.map(|time| time.standing),
        allowed: match &outlook.subject {
            Subject::Restore { budget, .. } => *budget,
            Subject::Backup { .. } | Subject::RollBack(_) | Subject::Slice(_) => None,
        },
        as_before: as_before.flatten(),
        side_by_side: proven.map_or(1, |time| time.side_by_side),
        asked: match choice {
            Some(PointChoice::At(moment)) => Some(*moment),
            _ => None,
        },
        spread: spread(plan, outlook),
        approvals: graph.steps().iter().filter_map(approval).collect(),
        space: space::space(outlook, observed),
        steps: outlook.steps.iter().zip(&planned.steps).map(stage).collect(),
        past_unknown,
    }
}

fn course_of(outlook: &Outlook, takes: impl Fn(&OutlookStep) -> Option<Duration>) -> Course {
    let legs = outlook.steps.iter().map(|step| Leg { after: step.after(), takes: takes(step) });
    course(&legs.collect::<Vec<_>>())
}

/// No more of those that begin together are named.
const BESIDE_MAX: usize = 8;

/// The steps that wait for the same, by what they wait for.
fn beside(outlook: &Outlook) -> BTreeMap<&[(StepId, bool)], Vec<StepId>> {
    let mut beside: BTreeMap<&[(StepId, bool)], Vec<StepId>> = BTreeMap::new();
    for step in &outlook.steps {
        let alike = beside.entry(step.after()).or_default();
        if alike.len() < BESIDE_MAX {
            alike.push(step.id());
        }
    }
    beside
}

/// How long the store of the point that a step puts back takes to hand it out; where the point is not chosen, the slowest that may be.
fn retrieval(plan: &Plan, graph: &Graph, step: &OutlookStep) -> Option<Duration> {
    let StepKind::Recover { jobs, .. } = &graph.steps().get(step.id().index())?.kind else { return None };
    let chosen = step.known().and_then(|step| step.action.store());
    let of_step = |store: &Name| match chosen {
        Some(chosen) => store == chosen,
        None => jobs.iter().any(|(_, of_job)| of_job == store),
    };
    let stores = plan.stores.iter().filter(|store| of_step(&store.name.value));
    stores.filter_map(crate::plan::Store::retrieval).max()
}

fn approval(step: &crate::graph::Step) -> Option<Approval> {
    let StepKind::Approve { what, role, people, .. } = &step.kind else { return None };
    Some(Approval { step: step.id, what: what.clone(), role: role.clone(), people: people.clone() })
}

/// How far apart the points are that were chosen, where there are two or more.
fn spread(plan: &Plan, outlook: &Outlook) -> Option<Spread> {
    let Subject::Restore { restore, .. } = &outlook.subject else { return None };
    let files = recoveries(outlook).filter_map(|found| Some((found.manifest.as_ref()?.moment, &found.target)));
    let databases = database_recoveries(outlook).filter_map(|found| Some((found.moment?, &found.target)));
    let mut chosen: Vec<(Timestamp, &Name)> = files.chain(databases).collect();
    chosen.sort_by_key(|(moment, _)| *moment);
    let ((oldest, older), (newest, newer)) = match chosen.as_slice() {
        [first, .., last] => (first, last),
        _ => return None,
    };
    let planned = plan.restores.iter().find(|known| known.name.value == *restore);
    let seconds = u64::try_from(newest.duration_since(*oldest).as_secs()).unwrap_or(0);
    Some(Spread {
        older: (*older).clone(),
        newer: (*newer).clone(),
        apart: Duration::from_seconds(seconds),
        allowed: planned.and_then(|restore| restore.spread.as_ref()).map(|spread| spread.value),
    })
}

/// The databases that are made, as far as they are known.
fn database_recoveries(outlook: &Outlook) -> impl Iterator<Item = &DatabaseRecovery> {
    outlook.known().filter_map(|step| match &step.action {
        Action::Database(action) => match &**action {
            DatabaseAction::Recover(recovery) => Some(&**recovery),
            _ => None,
        },
        _ => None,
    })
}

/// What is put back, as far as it is known.
pub fn recoveries(outlook: &Outlook) -> impl Iterator<Item = &Recovery> {
    outlook.known().filter_map(|step| match &step.action {
        Action::Recover(recovery) => Some(&**recovery),
        _ => None,
    })
}
