//! What is kept, and seen, as it was shown.

use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use super::promise::{Standing, listed};
use crate::calendar::Gap;
use crate::primitives::{Duration, JobName, Name, Period};
use crate::timeline::Place;

/// A target that can be brought back to every moment of the last days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct AnyPoint {
    /// Which.
    pub target: Name,
    /// Of how many days, says the plan.
    pub promised: Period,
    /// What that stands on.
    pub standing: Standing,
    /// What brings it back.
    pub steady: Steady,
}

/// What brings back every moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Steady {
    /// Dumps, and the binary logs since.
    Chain(Box<Chain>),
    /// A provider.
    Provider {
        /// The backup.
        job: JobName,
        /// How long it keeps what it keeps.
        within: Period,
    },
}

/// Dumps, and the binary logs since.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Chain {
    /// The dumps.
    pub dump: JobName,
    /// The logs.
    pub log: JobName,
    /// Where it reaches back least; none where nothing is ever let go.
    pub least: Option<LeastReach>,
}

/// The earliest moment that can be brought back at a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct LeastReach {
    /// The time.
    pub at: Timestamp,
    /// The moment.
    pub back_to: Timestamp,
    /// What lies between them.
    pub length: Duration,
    /// The same as the plan's clock shows it.
    pub shown: String,
}

/// How far back the newest points of a backup reach at worst, which also keeps all of the last days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Reach {
    /// The backup.
    pub job: JobName,
    /// How many of the newest points are kept.
    pub generations: u32,
    /// What lies between the oldest and the newest of them at least.
    pub reach: Duration,
    /// The two.
    pub between: Gap,
    /// The same as the zone's clock shows it.
    pub shown: String,
    /// How young all are that are kept too.
    pub within: Period,
}

/// Whether damage to a target is seen while something good is still kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Detection {
    /// The target.
    pub target: Name,
    /// What that stands on: on a provider's word where nobody else reads what is kept.
    pub standing: Standing,
    /// The verifications and drills that see it.
    pub seen_by: Vec<String>,
    /// How long damage may be unseen; none where nothing looks.
    pub unseen: Option<Unseen>,
    /// What is left by then.
    pub sight: Sight,
}

/// A look and the next one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Unseen {
    /// Damage right behind this look …
    pub from: Timestamp,
    /// … is seen by then.
    pub to: Timestamp,
    /// What lies between them.
    pub length: Duration,
    /// The same as the plan's clock shows it.
    pub shown: String,
}

/// What is left when damage is seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Sight {
    /// A point from before the damage, always.
    Kept {
        /// Of this backup.
        job: JobName,
        /// There.
        place: Place,
    },
    /// Whatever the provider of the database says, as nobody else can read what it keeps before it is restored.
    Provider,
}

impl Detection {
    /// How it is seen, and what is left: `seen within 4d (…), by verify weekly, while a point from before is left`.
    pub fn told(&self) -> String {
        let by = listed(self.seen_by.iter());
        match (&self.unseen, &self.sight) {
            (Some(unseen), Sight::Kept { .. }) => format!(
                "seen at most {} later ({}) by {by}, while a point from before it is left",
                unseen.length, unseen.shown
            ),
            (Some(unseen), Sight::Provider) => format!(
                "seen by {by} alone, up to {} later ({}); else RDS looks after what it keeps",
                unseen.length, unseen.shown
            ),
            (None, _) => "seen by nobody but RDS, which looks after what it keeps".into(),
        }
    }
}

impl fmt::Display for Reach {
    /// `shop-images/full: the newest 7 reach back 6d at least (…), beside all within 7d`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { job, generations, reach, shown, within, .. } = self;
        write!(
            f,
            "backup {job}: the newest {generations} reach back {reach} at least ({shown}), beside all within {within}"
        )
    }
}

impl fmt::Display for AnyPoint {
    /// `target ledgers, any point of the last 7d: …`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, promised, steady, .. } = self;
        write!(f, "target {target}, any point of the last {promised}: {steady}")
    }
}

impl fmt::Display for Steady {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Provider { job, within } => write!(f, "on the word of RDS, which keeps {within} ({job})"),
            Self::Chain(chain) => {
                write!(f, "from a dump of {} and every log of {} since", chain.dump, chain.log)?;
                match &chain.least {
                    Some(least) => write!(f, ", at least {} ({})", least.length, least.shown),
                    None => f.write_str(", of which nothing is ever let go"),
                }
            }
        }
    }
}
