//! The series of recovery points that a plan's backups make: one for each job and each store that it goes to.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{Making, Points};
use crate::calendar::{self, Occurrences};
use crate::plan::{Backup, Content, Plan, PointInTime, Retention, Schedule, Stored, Target, Way};
use crate::primitives::{Duration, JobName, Name, Period, PeriodUnit};
use crate::retention::Rules;

/// What one job keeps in one place.
#[derive(Debug, Clone)]
pub struct Series {
    /// The job.
    pub job: JobName,
    /// Where it is kept.
    pub place: Place,
    /// Whether it is made by the hosts of its target.
    pub of_hosts: bool,
    /// What a point of it is.
    pub content: Holds,
    /// Its schedule in words; none where it has none.
    pub schedule: Option<String>,
    /// How long after its slot a run's point is there: of a copy, its own `takes` behind the backup's. None where the plan says neither.
    pub takes: Option<Duration>,
    /// What is kept.
    pub kept: Kept,
}

/// Where recovery points are kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// In the store that the backup is put into.
    Store(Name),
    /// In a store that a copy goes to.
    Copy(Name),
    /// By the provider of the database.
    Provider,
}

impl Place {
    /// The store, where it is one.
    pub fn store(&self) -> Option<&Name> {
        match self {
            Self::Store(store) | Self::Copy(store) => Some(store),
            Self::Provider => None,
        }
    }
}

/// What a point holds, where that says what can be recovered with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// All that there was.
    Everything,
    /// A database as it was.
    Dump,
    /// What changed in a database since the one before.
    Changes,
}

/// What a series keeps.
#[derive(Debug, Clone)]
pub enum Kept {
    /// Points.
    Points(Points),
    /// Any moment of a range that moves on with time.
    Moving(Moving),
    /// What somebody makes by hand: there is no schedule.
    ByHand,
}

/// Any moment of a range that moves on with time, as a provider keeps it.
#[derive(Debug, Clone)]
pub struct Moving {
    /// How far it reaches back; none where the plan does not say.
    pub within: Option<Period>,
    /// How far its end may lie back.
    pub lag: Duration,
    /// The zone by which days are counted.
    pub zone: TimeZone,
    /// When it began; none where it was always there.
    pub since: Option<Timestamp>,
}

/// From one moment to another, both among them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Stretch {
    /// The earliest; none where the plan does not say how far it reaches back.
    pub from: Option<Timestamp>,
    /// The latest.
    pub to: Timestamp,
}

impl Moving {
    /// The moments that can be recovered at a time; none before the first.
    pub fn at(&self, time: Timestamp) -> Option<Stretch> {
        let lag = jiff::SignedDuration::try_from(self.lag.to_std()).ok()?;
        let to = time.checked_sub(lag).ok()?;
        let back = self.within.and_then(|within| earlier(time, within, &self.zone));
        let from = back.into_iter().chain(self.since).max();
        from.is_none_or(|from| from <= to).then_some(Stretch { from, to })
    }
}

/// The same time of day so many days earlier. A provider counts days alone, which none of the rules of months is for.
fn earlier(time: Timestamp, period: Period, zone: &TimeZone) -> Option<Timestamp> {
    let span = match period.unit {
        PeriodUnit::Days => jiff::Span::new().try_days(period.count),
        PeriodUnit::Weeks => jiff::Span::new().try_weeks(period.count),
        PeriodUnit::Months => jiff::Span::new().try_months(period.count),
        PeriodUnit::Years => jiff::Span::new().try_years(period.count),
    };
    let local: DateTime = zone.to_datetime(time).checked_sub(span.ok()?).ok()?;
    zone.to_timestamp(local).ok()
}

/// The series of a plan, in source order; of each backup, its store before its copies. `since` is when the plan begins; without it, it was
/// always there.
///
/// A schedule that cannot be read is none: `check` lets no such plan pass.
pub fn series(plan: &Plan, since: Option<Timestamp>) -> Vec<Series> {
    let zone = calendar::zone(&plan.timezone.value).unwrap_or(TimeZone::UTC);
    let of_target = |target| of_target(target, &zone, since);
    plan.targets.iter().flat_map(of_target).collect()
}

/// The same of one target. `zone` is the plan's.
pub fn of_target(target: &Target, zone: &TimeZone, since: Option<Timestamp>) -> Vec<Series> {
    target.backups.iter().flat_map(|backup| of_backup(target, backup, zone, since)).collect()
}

/// The same of one backup.
pub fn of_backup(target: &Target, backup: &Backup, zone: &TimeZone, since: Option<Timestamp>) -> Vec<Series> {
    let series = |place, content, takes, kept| Series {
        job: target.job(backup),
        place,
        takes,
        of_hosts: target.source.as_ref().is_some_and(crate::plan::Source::is_of_a_host),
        content,
        schedule: backup.schedule.as_ref().map(calendar::describe),
        kept,
    };
    let takes = backup.takes.as_ref().map(|takes| takes.value);
    let kept = |making, takes, retention: Option<&Retention>| {
        points(backup, making, takes, retention, zone, since).map_or(Kept::ByHand, Kept::Points)
    };
    match &backup.way {
        Way::PointInTime(PointInTime { max_lag, .. }) => {
            let within = backup.retention.as_ref().and_then(|retention| retention.within.as_ref());
            let within = within.map(|within| within.value);
            let moving = Moving { within, lag: max_lag.value, zone: zone.clone(), since };
            vec![series(Place::Provider, Holds::Everything, takes, Kept::Moving(moving))]
        }
        Way::Snapshot(_) => {
            let kept = kept(Making::EachRun, takes, backup.retention.as_ref());
            vec![series(Place::Provider, Holds::Everything, takes, kept)]
        }
        Way::Stored(Stored { content, store, select, copies, .. }) => {
            let holds = match content {
                Content::Archive(_) => Holds::Everything,
                Content::Dump(_) => Holds::Dump,
                Content::BinaryLog(_) => Holds::Changes,
            };
            let making = Making::of(select.as_ref());
            let of = |place, takes, retention| series(place, holds, takes, kept(making, takes, retention));
            let first = of(Place::Store(store.value.clone()), takes, backup.retention.as_ref());
            let copies = copies.iter().map(|copy| {
                let takes = both(takes, copy.takes.as_ref().map(|takes| takes.value));
                of(Place::Copy(copy.to.value.clone()), takes, copy.retention.as_ref())
            });
            std::iter::once(first).chain(copies).collect()
        }
    }
}

/// A copy begins when the first point is there.
fn both(first: Option<Duration>, copy: Option<Duration>) -> Option<Duration> {
    let seconds = |takes: Option<Duration>| takes.map_or(0, |takes| takes.seconds);
    let sum = Duration::from_seconds(seconds(first).saturating_add(seconds(copy)));
    first.or(copy).map(|_| sum)
}

fn points(
    backup: &Backup,
    making: Making,
    takes: Option<Duration>,
    retention: Option<&Retention>,
    zone: &TimeZone,
    since: Option<Timestamp>,
) -> Option<Points> {
    let schedule: &Schedule = backup.schedule.as_ref()?;
    Some(Points {
        times: Occurrences::of(schedule).ok()?,
        making,
        takes: takes.unwrap_or_default(),
        rules: retention.map_or_else(Rules::default, Rules::of),
        zone: zone.clone(),
        since,
    })
}
