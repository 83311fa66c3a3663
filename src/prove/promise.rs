//! A promise, and what it stands on.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::calendar::{Gap, local, zone};
use crate::primitives::{Duration, JobName, StepName};

/// What is promised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Objective {
    /// Recovery point objective: at most so much is lost.
    Rpo,
    /// Recovery time objective: it is back within so long.
    Rto,
}

/// How sure a promise is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Standing {
    /// It follows from the plan.
    Proven,
    /// It does not, and somebody waived that.
    Waived,
}

/// A promise of the plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Promise {
    /// Of what: a target's name, or `restore "name"`.
    pub subject: String,
    /// Which objective.
    pub objective: Objective,
    /// What the plan promises.
    pub promised: Duration,
    /// How sure that is.
    pub standing: Standing,
    /// What the plan comes to, where it says enough.
    pub because: Option<Because>,
}

/// What a plan comes to, and by which sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Because {
    /// The longest gap between two slots, and the time that a backup takes.
    Slots {
        /// Of which backup.
        job: JobName,
        /// The two slots.
        gap: Gap,
        /// How long the backup takes.
        takes: Duration,
        /// The zone of the schedule.
        timezone: String,
        /// The stretch of time in which no gap is longer.
        window: (Timestamp, Timestamp),
    },
    /// The longest path through a restore's steps.
    Path {
        /// The steps and how long each takes.
        steps: Vec<(StepName, Duration)>,
    },
}

impl Because {
    /// What it comes to.
    pub fn total(&self) -> Duration {
        let seconds = match self {
            Self::Slots { gap, takes, .. } => gap.seconds().saturating_add(takes.seconds),
            Self::Path { steps } => steps.iter().fold(0, |sum: u64, (_, takes)| sum.saturating_add(takes.seconds)),
        };
        Duration::from_seconds(seconds)
    }
}

impl fmt::Display for Because {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Slots { job, gap, takes, timezone, window } => {
                let longest = Duration::from_seconds(gap.seconds());
                let slots = slots(gap, timezone);
                let day = |at: Timestamp| at.strftime("%Y-%m-%d");
                let (from, to) = (day(window.0), day(window.1));
                write!(f, "{job}: longest gap {longest} ({slots}) + takes {takes}; looked at from {from} to {to}")
            }
            Self::Path { steps } => {
                let steps: Vec<String> = steps.iter().map(|(name, takes)| format!("{name} {takes}")).collect();
                write!(f, "longest path: {}", steps.join(" + "))
            }
        }
    }
}

/// Two slots as the schedule's zone has them.
pub(super) fn slots(gap: &Gap, timezone: &str) -> String {
    let zone = zone(timezone).unwrap_or(jiff::tz::TimeZone::UTC);
    format!("{} to {}", local(gap.from, &zone), local(gap.to, &zone))
}
