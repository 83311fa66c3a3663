//! How each job of a plan stands: its last good point, its last run, what is late and what is at risk.
//!
//! Unaware of stores and of the clock: what they say is handed in. Invariant: what is not known is not taken for well.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::calendar::{self, Occurrences};
use crate::catalog::FirstSeen;
use crate::due;
use crate::plan::{Backup, Plan, Target};
use crate::ports::{PointMade, PointRow, RunEnd, RunRow};
use crate::primitives::{Duration, JobName, Name, PointId};

/// How long after its occurrence a backup may be without a point, where the plan does not say what it `takes`.
const GRACE: Duration = Duration::from_seconds(3600);

/// What is known of a job.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Its good points that are there, whatever their order.
    pub points: Vec<PointRow>,
    /// Where they are from.
    pub from: Source,
    /// Its last run here, and how its own part of it ended.
    pub last_run: Option<(RunRow, RunEnd)>,
    /// How many points of it the store shows that cannot be used.
    pub unusable: u64,
    /// The store's records of when it was first seen with a schedule, in any order.
    pub first_seen: Vec<FirstSeen>,
}

/// Where what is said of points is from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// The store, which is the truth.
    #[default]
    Store,
    /// The ledger, as nobody wanted the store to be asked.
    Ledger,
    /// The ledger, because the store did not answer.
    Unanswered(String),
    /// The ledger, because the store shows nothing where there was something.
    Vanished,
}

/// A good point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct LastPoint {
    /// Which.
    pub point: PointId,
    /// What is known of it.
    #[serde(flatten)]
    pub made: PointMade,
    /// How old its data is, in seconds.
    pub age_s: i64,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct LastRun {
    /// It.
    #[serde(flatten)]
    pub run: RunRow,
    /// How the job's part of it ended.
    pub job_end: RunEnd,
}

/// Why somebody should look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(tag = "finding", rename_all = "kebab-case")]
pub enum Finding {
    /// An occurrence of the schedule has passed, and so has the time that a run takes, and there is no point of it.
    Late {
        /// Which occurrence: the last one for which that holds.
        since: Timestamp,
        /// How long after it a point was waited for.
        grace: Duration,
    },
    /// There is a schedule, and no point at all; and it is not known that no time of it has come yet.
    Never,
    /// The last run failed.
    Failed,
    /// The last run suspended its deletions.
    Suspended,
    /// The last run lost its lease before it had deleted all that it was to: the next one does.
    LeaseLost,
    /// More than the target's objective may be lost.
    RpoPassed {
        /// What is promised.
        promised: Duration,
    },
    /// It is not backed up: what it needs cannot be done.
    NotMade {
        /// What it needs.
        why: String,
    },
    /// The store could not be asked, so that nothing is known for sure.
    Unanswered,
    /// The store shows no point, and the ledger knows of some.
    Vanished,
    /// Points that cannot be used.
    Unusable {
        /// How many.
        points: u64,
    },
}

/// How a job stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Standing {
    /// Which job.
    pub job: JobName,
    /// In which store; none where a provider keeps it.
    pub store: Option<Name>,
    /// Where what is said of points is from.
    pub points_from: Source,
    /// Its newest good point.
    pub last_point: Option<LastPoint>,
    /// Since when it has its schedule, where it is new: it has no point, and none is wanted yet.
    pub new_since: Option<Timestamp>,
    /// Its last run on this host, as far as this host remembers.
    pub last_run: Option<LastRun>,
    /// When it is due next; none without a schedule.
    pub next: Option<Timestamp>,
    /// What somebody should look at.
    pub findings: Vec<Finding>,
}

/// How the jobs of a plan stand at a time: those of which something is known. To know of one job of a target is to know of all of them, as
/// any of them keeps the target's objective.
///
/// Of those whose backups cannot be made at all, `undone` says why.
pub fn standings(
    plan: &Plan,
    now: Timestamp,
    known: impl Fn(&JobName) -> Option<Known>,
    undone: impl Fn(&JobName) -> Option<String>,
) -> Vec<Standing> {
    let mut found = vec![];
    for target in &plan.targets {
        let of = |backup| {
            let (job, store) = (target.job(backup), backup.store().map(|store| &store.value));
            known(&job).map(|known| Kept { job, store, backup, known })
        };
        let of_target: Vec<Kept<'_>> = target.backups.iter().filter_map(of).collect();
        // An objective is the target's: the newest point of any of its backups keeps it.
        let newest = of_target.iter().filter_map(|of| newest(&of.known)).map(|(_, made)| made.moment).max();
        let rpo = passed(target, newest, now);
        found.extend(of_target.iter().map(|of| standing(of, now, rpo.clone())));
        found.extend(target.backups.iter().filter_map(|backup| {
            let job = target.job(backup);
            undone(&job).map(|why| not_made(job, backup, why))
        }));
    }
    found
}

/// A job, and what is known of it.
struct Kept<'p> {
    job: JobName,
    store: Option<&'p Name>,
    backup: &'p Backup,
    known: Known,
}

/// A job that nobody carries out.
fn not_made(job: JobName, backup: &Backup, why: String) -> Standing {
    Standing {
        job,
        store: backup.store().map(|store| store.value.clone()),
        points_from: Source::default(),
        last_point: None,
        new_since: None,
        last_run: None,
        next: None,
        findings: vec![Finding::NotMade { why }],
    }
}

fn newest(known: &Known) -> Option<(&PointId, &PointMade)> {
    let made = known.points.iter().filter_map(|row| row.made.as_ref().map(|made| (&row.point, made)));
    made.max_by_key(|(_, made)| made.moment)
}

/// Whether more than is promised would be lost if all were lost now. Where there is no point, that there is none is the finding.
fn passed(target: &Target, newest: Option<Timestamp>, now: Timestamp) -> Option<Finding> {
    let promised = target.objective.as_ref()?.rpo.as_ref()?.value;
    let age = now.duration_since(newest?);
    (age > signed(promised)).then_some(Finding::RpoPassed { promised })
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration.to_std()).unwrap_or(SignedDuration::MAX)
}

fn standing(of: &Kept<'_>, now: Timestamp, rpo: Option<Finding>) -> Standing {
    let Kept { job, store, backup, known } = of;
    let last = newest(known);
    let mut findings = vec![];
    match &known.from {
        Source::Unanswered(_) => findings.push(Finding::Unanswered),
        Source::Vanished => findings.push(Finding::Vanished),
        Source::Store | Source::Ledger => {}
    }
    if known.unusable > 0 {
        findings.push(Finding::Unusable { points: known.unusable });
    }
    match known.last_run.as_ref().map(|(_, end)| *end) {
        Some(RunEnd::Failed) => findings.push(Finding::Failed),
        Some(RunEnd::Suspended) => findings.push(Finding::Suspended),
        Some(RunEnd::LeaseLost) => findings.push(Finding::LeaseLost),
        _ => {}
    }
    let new_since = new_since(backup, known, now);
    if new_since.is_none() {
        findings.extend(late(backup, known, now));
    }
    findings.extend(rpo);
    Standing {
        job: job.clone(),
        store: store.cloned(),
        points_from: known.from.clone(),
        last_point: last.map(|(point, made)| LastPoint {
            point: point.clone(),
            made: made.clone(),
            age_s: now.duration_since(made.moment).as_secs(),
        }),
        new_since,
        last_run: known.last_run.clone().map(|(run, job_end)| LastRun { run, job_end }),
        next: next(backup, now),
        findings,
    }
}

fn next(backup: &Backup, now: Timestamp) -> Option<Timestamp> {
    let schedule = backup.due()?;
    // A schedule that is none was refused when the plan was checked.
    calendar::next(&schedule, now, 1).ok()?.into_iter().next()
}

/// Since when a job without points has its schedule, while no time of it has come and gone by what a run takes. Only a store's record of
/// `run --due` says so: without one nobody is known to run it at all.
fn new_since(backup: &Backup, known: &Known, now: Timestamp) -> Option<Timestamp> {
    let since = known_since(backup, known, now)?;
    (known.points.is_empty() && overdue(backup, now).is_none_or(|time| time <= since)).then_some(since)
}

fn known_since(backup: &Backup, known: &Known, now: Timestamp) -> Option<Timestamp> {
    due::since(&known.first_seen, due::mark(backup.schedule.as_ref()?), now).ok()
}

fn grace(backup: &Backup) -> Duration {
    backup.takes.as_ref().map_or(GRACE, |takes| takes.value)
}

/// The last occurrence that is longer ago than a run takes.
fn overdue(backup: &Backup, now: Timestamp) -> Option<Timestamp> {
    let schedule = backup.schedule.as_ref()?;
    Occurrences::of(schedule).ok()?.last_at_or_before(now.checked_sub(signed(grace(backup))).ok()?)
}

/// Whether the last occurrence that is longer ago than a run takes has no point. A point is of an occurrence when its slot is not
/// before it: a run by hand, after it, is as good. What fell before the schedule was first seen is never due, and so not late.
fn late(backup: &Backup, known: &Known, now: Timestamp) -> Option<Finding> {
    backup.schedule.as_ref()?;
    if known.points.is_empty() {
        return Some(Finding::Never);
    }
    let since = overdue(backup, now)?;
    let was_due = known_since(backup, known, now).is_none_or(|first| since > first);
    let has_one = known.points.iter().any(|row| row.point.slot.time() >= since);
    (was_due && !has_one).then_some(Finding::Late { since, grace: grace(backup) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Sources;
    use crate::ports::Series;
    use crate::primitives::{PathBytes, RunId, Slot};
    use crate::prove::{ProvenPlan, compile};

    const PLAN: &str = r#"
plan "p"
store "s" { local path="/s" }
target "a" {
    files "/a"
    objective rpo="26h"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "s"; takes "30m" }
    backup "hand" { archive "tar.zip"; store "s" }
}
restore "a" { recover "a" { into path="/back" } }
"#;

    fn proven() -> ProvenPlan {
        let mut sources = Sources::default();
        let id = sources.add("p.kdl", PLAN);
        let compiled = compile(&sources, id, &PathBytes::new(*b"/"), at("2026-03-01T00:00:00Z"));
        compiled.proven.unwrap_or_else(|| panic!("{:?}", compiled.diagnostics))
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn job(text: &str) -> JobName {
        JobName::parse(text).unwrap()
    }

    fn point(text: &str) -> PointRow {
        let name = |text| Name::parse(text).unwrap();
        let run = RunId::new(at(text), 1);
        let series = Series { plan: name("p"), job: job("a/daily"), host: name("h"), place: "/s".into() };
        let made = PointMade { run: run.clone(), moment: at(text), clean: true, files: 1, bytes: 1, stored: 1 };
        PointRow { series, point: run.point(Slot::new(at(text))), made: Some(made), gone: None }
    }

    fn findings(now: &str, daily: Known, hand: Option<Known>) -> Vec<Finding> {
        let known = |job: &JobName| match job.backup.as_str() {
            "daily" => Some(daily.clone()),
            _ => hand.clone(),
        };
        standings(proven().plan(), at(now), known, |_| None).remove(0).findings
    }

    fn of(points: &[&str]) -> Known {
        Known { points: points.iter().map(|text| point(text)).collect(), ..Known::default() }
    }

    #[test]
    fn a_job_is_late_when_an_occurrence_and_what_a_run_takes_have_passed_without_a_point() {
        let late = |since: &str| Finding::Late { since: at(since), grace: Duration::from_seconds(1800) };
        let yesterday = || of(&["2026-03-01T05:30:10Z", "2026-02-28T05:30:10Z"]);
        assert_eq!(findings("2026-03-02T05:29:00Z", yesterday(), None), []);
        assert_eq!(findings("2026-03-02T05:59:59Z", yesterday(), None), [], "it may still be under way");
        assert_eq!(findings("2026-03-02T06:00:00Z", yesterday(), None), [late("2026-03-02T05:30:00Z")]);
        assert_eq!(findings("2026-03-02T06:00:00Z", of(&["2026-03-02T05:30:00Z"]), None), []);
        assert_eq!(findings("2026-03-03T05:00:00Z", of(&["2026-03-02T17:00:00Z"]), None), [], "by hand is as good");
        assert_eq!(findings("2026-03-01T00:00:00Z", of(&[]), None), [Finding::Never]);
    }

    #[test]
    fn a_new_job_waits_for_its_first_time_and_is_late_after_it() {
        let seen = |text: &str, schedule: &str| FirstSeen {
            at: Slot::new(at(text)),
            schedule: crate::catalog::ScheduleMark::of(schedule),
        };
        let recorded = |schedule: &str, points: &[&str]| Known {
            first_seen: vec![seen("2026-03-01T12:00:00Z", schedule)],
            ..of(points)
        };
        let new = || recorded("daily 05:30 UTC", &[]);
        assert_eq!(findings("2026-03-01T12:00:00Z", new(), None), []);
        assert_eq!(findings("2026-03-02T05:59:59Z", new(), None), [], "it may still be under way");
        assert_eq!(findings("2026-03-02T06:00:00Z", new(), None), [Finding::Never]);
        assert_eq!(findings("2026-03-01T11:59:59Z", new(), None), [Finding::Never], "it was not seen yet");
        let other = recorded("daily 04:30 UTC", &[]);
        assert_eq!(findings("2026-03-01T12:00:00Z", other, None), [Finding::Never], "that was another schedule");
        // A schedule that was changed begins anew.
        let changed = || recorded("daily 05:30 UTC", &["2026-03-01T04:30:00Z"]);
        assert_eq!(findings("2026-03-01T13:00:00Z", changed(), None), []);
        let late = Finding::Late { since: at("2026-03-02T05:30:00Z"), grace: Duration::from_seconds(1800) };
        assert_eq!(findings("2026-03-02T06:00:00Z", changed(), None), [late]);
    }

    #[test]
    fn what_a_guard_suspended_is_told_from_what_a_lost_lease_left() {
        let now = "2026-03-01T06:00:00Z";
        let ended = |job_end: RunEnd| {
            let point = point("2026-03-01T05:30:10Z");
            let run = RunRow {
                run: point.made.as_ref().unwrap().run.clone(),
                plan: point.series.plan.clone(),
                host: point.series.host.clone(),
                restore: None,
                takes_back: None,
                allowed: None,
                part: false,
                began: at("2026-03-01T05:30:10Z"),
                last: at("2026-03-01T05:31:00Z"),
                end: job_end,
                entries: 1,
                bytes: 1,
            };
            Known { last_run: Some((run, job_end)), ..of(&["2026-03-01T05:30:10Z"]) }
        };
        assert_eq!(findings(now, ended(RunEnd::Suspended), None), [Finding::Suspended]);
        assert_eq!(findings(now, ended(RunEnd::LeaseLost), None), [Finding::LeaseLost]);
        assert_eq!(findings(now, ended(RunEnd::NotClean), None), []);
    }

    #[test]
    fn an_objective_is_kept_by_any_backup_of_its_target() {
        let now = "2026-03-02T07:30:20Z";
        let late = Finding::Late { since: at("2026-03-02T05:30:00Z"), grace: Duration::from_seconds(1800) };
        let passed = Finding::RpoPassed { promised: Duration::parse("26h").unwrap() };
        assert_eq!(findings(now, of(&["2026-03-01T05:30:20Z"]), None), std::slice::from_ref(&late));
        assert_eq!(findings(now, of(&["2026-03-01T05:30:10Z"]), None), [late.clone(), passed]);
        let by_hand = Some(of(&["2026-03-01T20:00:00Z"]));
        assert_eq!(findings(now, of(&["2026-03-01T05:30:10Z"]), by_hand), [late]);
    }

    #[test]
    fn what_is_not_known_is_not_taken_for_well() {
        let now = "2026-03-01T06:00:00Z";
        let from = |from: Source| Known { from, ..of(&["2026-03-01T05:30:10Z"]) };
        assert_eq!(findings(now, from(Source::Ledger), None), []);
        assert_eq!(findings(now, from(Source::Unanswered("no".into())), None), [Finding::Unanswered]);
        assert_eq!(findings(now, from(Source::Vanished), None), [Finding::Vanished]);
        let unusable = Known { unusable: 2, ..from(Source::Store) };
        assert_eq!(findings(now, unusable, None), [Finding::Unusable { points: 2 }]);
    }
}
