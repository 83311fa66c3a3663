//! The journal's lines, and what they add up to.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{End, State};
use crate::forecast::Forecast;
use crate::ports::{Cause, Fault, JournalRead};
use crate::primitives::{RunId, StepId};
use crate::steps::StepOutput;

/// A line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was written.
    pub at: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub record: Record,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "kebab-case")]
pub enum Record {
    /// The run begins; always the first line, and only there.
    Forecast {
        /// All that it will do.
        forecast: Box<Forecast>,
    },
    /// A step begins: from here on it may have had its effect.
    Started {
        /// Which.
        step: StepId,
        /// Counted from 1.
        attempt: u32,
    },
    /// A step is done.
    Finished {
        /// Which.
        step: StepId,
        /// What it yields.
        output: Box<StepOutput>,
    },
    /// An attempt failed.
    Failed {
        /// Which step's.
        step: StepId,
        /// Why.
        fault: Fault,
        /// Whether it is tried again.
        again: bool,
    },
    /// Somebody interrupted the run; what was running was stopped.
    Interrupted,
    /// Somebody resumed it.
    Resumed,
    /// Nothing is left to do.
    Ended {
        /// How.
        end: End,
    },
}

/// A journal that was read.
#[derive(Debug)]
pub struct Recorded {
    /// What the run was to do.
    pub forecast: Arc<Forecast>,
    /// How far it came.
    pub state: State,
    /// When the last line was written.
    pub last: Timestamp,
}

/// Reads a run's journal and folds it; none where there is no such run, or nothing was written before it died.
///
/// # Errors
/// When it cannot be read, or holds what this version does not understand.
pub async fn recorded(journal: &dyn JournalRead, run: &RunId) -> Result<Option<Recorded>, Fault> {
    let Some(lines) = journal.lines(run).await? else { return Ok(None) };
    let mut folded: Option<Recorded> = None;
    for (number, line) in lines.iter().enumerate() {
        let damaged = |what: String| {
            let action = format!("read line {} of {}", number + 1, journal.place(run));
            Fault::permanent(Cause::Invalid, action, what)
        };
        let entry: Entry = serde_json::from_str(line).map_err(|error| damaged(error.to_string()))?;
        folded = Some(match (folded, entry.record) {
            (None, Record::Forecast { forecast }) => first(*forecast, entry.at).map_err(damaged)?,
            (Some(mut so_far), record) if !matches!(record, Record::Forecast { .. }) => {
                so_far.state.apply(&record).map_err(damaged)?;
                so_far.last = entry.at;
                so_far
            }
            _ => return Err(damaged("the forecast is the first line, and only there".into())),
        });
    }
    Ok(folded)
}

fn first(forecast: Forecast, at: Timestamp) -> Result<Recorded, String> {
    let known = crate::forecast::FORMAT_VERSION;
    if forecast.format_version != known {
        return Err(format!("it is of version {}, and this program knows version {known}", forecast.format_version));
    }
    let forecast = Arc::new(forecast);
    Ok(Recorded { state: State::new(Arc::clone(&forecast)), forecast, last: at })
}
