//! Promises that hold, and why.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use super::apart::Apart;
use super::custody::Custody;
use super::keeps::{AnyPoint, Detection, Reach};
use crate::calendar::Gap;
use crate::primitives::{Duration, JobName, Name, Span, Spanned};

/// Every promise that was shown to hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Proofs {
    /// In source order, targets before restores.
    pub promises: Vec<Promise>,
    /// The targets that can be brought back to every moment of the last days, in source order.
    pub any_points: Vec<AnyPoint>,
    /// What the newest points of backups are worth in days, where all of the last days are kept too, in source order.
    pub reaches: Vec<Reach>,
    /// The targets of which damage is seen in time, or is left to a provider to see, in source order.
    pub detections: Vec<Detection>,
    /// How long the restores take of whose time something is promised, in source order.
    pub restores: Vec<RestoreTime>,
    /// Logs whose every day is somewhere at every moment, in source order.
    pub custody: Vec<Custody>,
}

/// One promise, and what it stands on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Promise {
    /// Whose.
    pub subject: Subject,
    /// What is promised.
    pub kind: Kind,
    /// At most so much, says the plan.
    pub promised: Duration,
    /// At most so much, says the evidence: never more than is promised.
    pub proven: Duration,
    /// What the promise leaves beyond the evidence. Of an rpo, the time between two calls of `run --due` comes out of it.
    pub left: Duration,
    /// What the promise stands on.
    pub standing: Standing,
    /// The evidence.
    pub evidence: Evidence,
}

impl Promise {
    /// A promise that holds.
    pub(super) fn new(
        subject: Subject,
        kind: Kind,
        promised: Duration,
        proven: Duration,
        standing: Standing,
        evidence: Evidence,
    ) -> Self {
        let left = Duration::from_seconds(promised.seconds.saturating_sub(proven.seconds));
        Self { subject, kind, promised, proven, left, standing, evidence }
    }

    /// What is shown, what is promised, and what is left: `24h40m ≤ 25h, 20m left`.
    pub fn bound(&self) -> String {
        let left = match (&self.evidence, self.left.seconds) {
            // Nothing comes out of it.
            (Evidence::Lag(_), _) => String::new(),
            (_, 0) => ", nothing left".into(),
            _ => format!(", {} left", self.left),
        };
        format!("{} ≤ {}{left}", self.proven, self.promised)
    }
}

/// Whose promise it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Subject {
    /// A target's.
    Target(Name),
    /// A restore's.
    Restore(Name),
}

/// What is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Recovery point objective: how much may be lost.
    Rpo,
    /// Recovery time objective: how long until it is back.
    Rto,
    /// How far apart the data may be of what is restored to one moment.
    Spread,
}

/// What a promise stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// On the plan's own schedules and `takes`.
    Proven,
    /// On a provider's word.
    Assumed,
    /// On a drill.
    Measured,
}

/// Why a promise holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Evidence {
    /// The worst loss with the best of the target's backups.
    Loss(Box<Loss>),
    /// What the provider of a database says.
    Lag(Lag),
    /// The longest path of the longest restore.
    Path {
        /// The restore.
        restore: Name,
        /// Its steps, one after the other.
        #[serde(flatten)]
        path: Path,
    },
    /// The moment at which two targets come back farthest apart; none where no two targets of data come back.
    Apart(Option<Apart>),
}

/// The most that may be lost with one backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Loss {
    /// The backup.
    pub job: JobName,
    /// Its schedule in words.
    pub schedule: String,
    /// The two occurrences between which most is lost: the earlier is the moment that the data of one point is of, and with the later begins the run
    /// that makes the next.
    pub gap: Gap,
    /// The same as the zone's clock shows it: `2025-03-01 05:30 → 2025-03-02 05:30 Asia/Tokyo`.
    pub shown: String,
    /// The jobs that the later run waits for (`after`), one after the other.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waits: Vec<Wait>,
    /// How long a run takes.
    pub takes: Duration,
    /// The hosts, each of which backs up its own, and for each of which it holds. None where the target names none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<Name>,
    /// What may be lost where only a copy is left.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub copies: Vec<CopyLoss>,
    /// The time that was looked through.
    pub window: Window,
}

/// A job that another waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Wait {
    /// The job.
    pub job: JobName,
    /// How long it takes.
    pub takes: Duration,
}

/// What may be lost where only the copies in one store are left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct CopyLoss {
    /// The store.
    pub store: Name,
    /// How long the copy takes, once the first point is there; none where the plan does not say it.
    pub takes: Option<Duration>,
    /// What may be lost; not known where it is not known how long the copy takes.
    pub loss: Option<Duration>,
}

impl CopyLoss {
    /// `first` is what may be lost where the first points are left.
    pub(super) fn new(store: &Name, takes: Option<&Spanned<Duration>>, first: Duration) -> Self {
        let takes = takes.map(|takes| takes.value);
        let loss = takes.map(|takes| Duration::from_seconds(first.seconds.saturating_add(takes.seconds)));
        Self { store: store.clone(), takes, loss }
    }
}

/// How far the newest moment that a provider keeps may lie back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Lag {
    /// The backup.
    pub job: JobName,
    /// At most so far: the plan's `max-lag`, which the provider is held to whenever it is looked at.
    pub within: Duration,
}

/// The time whose occurrences were looked through, end exclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Window {
    /// Its first instant.
    pub start: jiff::Timestamp,
    /// The instant after it.
    pub end: jiff::Timestamp,
}

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Leg {
    /// What it does, `recover documents`.
    pub step: String,
    /// How long it takes.
    pub takes: Duration,
    /// Where it is written.
    #[serde(skip)]
    pub span: Span,
}

/// Steps one after the other. Many promises may stand on the same ones.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Path {
    /// The first fifty of them.
    pub legs: Arc<[Leg]>,
    /// How many more there are.
    #[serde(skip_serializing_if = "is_zero")]
    pub omitted: usize,
    /// How long all of them take.
    #[serde(skip)]
    pub length: Duration,
    /// How many steps are side by side at most: so many `--side-by-side` must let run at once.
    pub side_by_side: usize,
}

/// How long a restore takes, step by step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct RestoreTime {
    /// The restore.
    pub restore: Name,
    /// How long its longest path takes.
    pub takes: Duration,
    /// The least that is promised of it: by itself, or by a target that it recovers.
    pub promised: Duration,
    /// What the promise leaves beyond that; none where it does not hold, and a waiver sets that aside.
    pub left: Option<Duration>,
    /// On a provider's word where something is brought back out of cold storage.
    pub standing: Standing,
    /// How many steps are side by side at most: so many `--side-by-side` must let run at once.
    pub side_by_side: usize,
    /// The first two hundred of its steps and of what they wait for, in source order.
    pub steps: Vec<StepTime>,
}

/// How much longer one step of a restore could take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct StepTime {
    /// What it does, `recover documents`.
    pub step: String,
    /// How long it takes.
    pub takes: Duration,
    /// So much longer it could take without making the restore longer: its total float. Nothing for a step of the longest path.
    pub slack: Duration,
    /// So much longer it could take and what is promised would still hold.
    pub room: Option<Duration>,
}

impl StepTime {
    pub(super) fn new(leg: Leg, slack: Duration) -> Self {
        Self { step: leg.step, takes: leg.takes, slack, room: None }
    }

    /// The same, in a restore that leaves so much of what is promised.
    pub(super) fn leaving(self, left: Option<Duration>) -> Self {
        let room = left.map(|left| Duration::from_seconds(left.seconds.saturating_add(self.slack.seconds)));
        Self { room, ..self }
    }
}

/// How many steps of a path are told: beyond that, nobody reads on.
const LEGS_TOLD_MAX: usize = 50;

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Path {
    /// The path of all of these.
    pub(super) fn new(legs: impl Iterator<Item = Leg>, side_by_side: usize) -> Self {
        let (mut told, mut omitted, mut seconds) = (vec![], 0, 0_u64);
        for leg in legs {
            seconds = seconds.saturating_add(leg.takes.seconds);
            if told.len() < LEGS_TOLD_MAX {
                told.push(leg);
            } else {
                omitted += 1;
            }
        }
        Self { legs: told.into(), omitted, length: Duration::from_seconds(seconds), side_by_side }
    }

    /// The sum as people write it: `3m + 20m + 1m = 24m`.
    pub(super) fn sum(&self) -> String {
        let mut parts: Vec<String> = self.legs.iter().map(|leg| leg.takes.to_string()).collect();
        if self.omitted > 0 {
            parts.push(format!("{} more", self.omitted));
        }
        match parts.as_slice() {
            [] | [_] => self.length.to_string(),
            parts => format!("{} = {}", parts.join(" + "), self.length),
        }
    }
}

impl Loss {
    /// The gap, what is waited for, and the run together.
    pub fn total(&self) -> Duration {
        let run = self.takes.seconds.saturating_add(super::waits::seconds(&self.waits));
        Duration::from_seconds(self.gap.seconds().saturating_add(run))
    }

    /// The same as people write it: `24h + 30m + 40m`.
    pub(super) fn sum(&self) -> String {
        let waits = self.waits.iter().map(|wait| wait.takes);
        let parts = std::iter::once(Duration::from_seconds(self.gap.seconds())).chain(waits).chain([self.takes]);
        parts.map(|part| part.to_string()).collect::<Vec<_>>().join(" + ")
    }
}

impl fmt::Display for Promise {
    /// One sentence: `target documents, rpo: 24h40m ≤ 25h, 20m left: longest gap 24h (…) + takes 40m, over …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { subject, kind, evidence, .. } = self;
        write!(f, "{subject}, {kind}: {}: {evidence}", self.bound())
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Target(name) => write!(f, "target {name}"),
            Self::Restore(name) => write!(f, "restore {name}"),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Rpo => "rpo",
            Self::Rto => "rto",
            Self::Spread => "spread",
        })
    }
}

impl fmt::Display for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Proven => "proven",
            Self::Assumed => "assumed",
            Self::Measured => "measured",
        })
    }
}

impl fmt::Display for Evidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loss(loss) => loss.fmt(f),
            Self::Lag(lag) => write!(f, "on the word of RDS, held to a lag of {} by {}", lag.within, lag.job),
            Self::Path { restore, path } => write!(f, "restore {restore}, {path}"),
            Self::Apart(None) => write!(f, "no two targets of data are brought back"),
            Self::Apart(Some(apart)) => apart.fmt(f),
        }
    }
}

impl fmt::Display for Path {
    /// `3m + 20m + 1m = 24m (approve, recover documents, probe), with --side-by-side 4`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.legs.is_empty() {
            return f.write_str("which has no steps");
        }
        let steps: Vec<&str> = self.legs.iter().map(|leg| leg.step.as_str()).collect();
        let more = if self.omitted > 0 { ", …" } else { "" };
        write!(f, "{} ({}{more})", self.sum(), steps.join(", "))?;
        if self.side_by_side > 1 {
            write!(f, ", with --side-by-side {}", self.side_by_side)?;
        }
        Ok(())
    }
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let gap = Duration::from_seconds(self.gap.seconds());
        let longest = if self.waits.is_empty() { "longest gap" } else { "gap" };
        write!(f, "{longest} {gap} ({})", self.shown)?;
        if !self.waits.is_empty() {
            let waits = Duration::from_seconds(super::waits::seconds(&self.waits));
            write!(f, " + waits {waits} ({})", listed(self.waits.iter().map(|wait| &wait.job)))?;
        }
        write!(f, " + takes {}, over {}", self.takes, self.window)?;
        match self.hosts.as_slice() {
            [] => {}
            [host] => write!(f, ", on {host}")?,
            hosts => write!(f, ", on each of {}", listed(hosts.iter()))?,
        }
        self.copies.iter().try_for_each(|copy| write!(f, "; {copy}"))
    }
}

impl fmt::Display for CopyLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let store = &self.store;
        match (self.loss, self.takes) {
            (Some(loss), Some(takes)) => write!(f, "{loss} from the copies in {store} (+ {takes})"),
            _ => write!(f, "the copies in {store} are not counted, as they have no takes"),
        }
    }
}

/// How many names of a list are told: beyond that, nobody reads on.
const NAMES_TOLD_MAX: usize = 10;

/// `a, b, c`, or how many more there are.
pub fn listed<T: fmt::Display>(names: impl ExactSizeIterator<Item = T>) -> String {
    let more = names.len().saturating_sub(NAMES_TOLD_MAX);
    let mut told: Vec<String> = names.take(NAMES_TOLD_MAX).map(|name| name.to_string()).collect();
    if more > 0 {
        told.push(format!("{more} more"));
    }
    told.join(", ")
}

impl fmt::Display for Window {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} – {}", self.start.strftime("%Y-%m-%d"), self.end.strftime("%Y-%m-%d"))
    }
}
