//! What is told of logs whose every day is in custody.

use std::fmt;

use serde::Serialize;

use crate::primitives::{Duration, JobName, Name, Period};
use crate::prove::promise::Standing;

/// That every day of a log is at every moment in its folder, or in an archive that was read back, until nobody promises it any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct Custody {
    /// The target.
    pub target: Name,
    /// Assumed where somebody else deletes files too.
    pub standing: Standing,
    /// The latest that a day came to be in an archive; none where no backup is of days.
    pub shipped: Option<OfDay>,
    /// The earliest that the file of a day left the folder; none where it never does.
    pub left: Option<OfDay>,
    /// For how long a day is kept; none where that is for ever, or as long as recovery points of the folder hold it.
    pub within: Option<Period>,
}

/// What becomes of the log of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct OfDay {
    /// The day.
    #[schemars(with = "String")]
    pub day: jiff::civil::Date,
    /// How long after the day was over.
    pub after: Duration,
    /// By which backup; none where log rotation deletes.
    pub by: Option<JobName>,
}

impl fmt::Display for Custody {
    /// One sentence: `target access-log, custody: every day is in an archive at most 2h10m after it is over (2025-01-01, by days); …`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { target, shipped, left, within, .. } = self;
        write!(f, "target {target}, custody: every day is ")?;
        match (shipped, left) {
            (Some(OfDay { day, after, by }), _) => {
                let by = by.as_ref().map_or_else(String::new, |by| format!(", by {}", by.backup));
                write!(f, "in an archive at most {after} after it is over ({day}{by})")?;
            }
            (None, Some(_)) => write!(f, "in a recovery point of the folder before its file leaves")?,
            (None, None) => write!(f, "in its folder")?,
        }
        match left {
            Some(OfDay { day, after, by }) => {
                let by = by.as_ref().map_or_else(|| "log rotation".to_owned(), |by| by.backup.to_string());
                write!(f, "; its file stays at least {after} longer ({day}, removed by {by})")?;
            }
            None => write!(f, "; its file is never removed")?,
        }
        within.map_or(Ok(()), |within| write!(f, "; kept for {within}"))
    }
}
