//! The journal's lines, and what they add up to.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::state::is_blind;
use super::{End, State, StepState, Times};
use crate::catalog::Part;
use crate::forecast::{Action, Forecast, ForecastStep};
use crate::ports::{Cause, Fault, JournalRead};
use crate::primitives::{Digest, RunId, StepId};
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

/// What happened: all that can happen to a run. Journal, terminal, log and ledger are fed from it, and from nothing else.
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
    /// A step cannot go on until a person has said something: it is put down.
    Waits {
        /// Which.
        step: StepId,
        /// What is waited for.
        fault: Fault,
    },
    /// A person said what becomes of a step of which nobody knows whether it was done.
    Decided {
        /// Which.
        step: StepId,
        /// Whether it is performed again; else it counts as done.
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

/// Binds each line of a journal to all before it, so that a line which was changed, lost, doubled or moved is noticed: each
/// ends with a sum over itself and the sum of the line before it. This finds damage; whoever writes the lines anew can
/// write the sums anew.
#[derive(Debug, Clone, Default)]
pub struct LineSums {
    /// The sum of the last line; empty before the first.
    last: String,
}

/// What stands before a sum; the sum and `"}` follow, and end the line.
const SUM: &str = ",\"sum\":\"";
/// A sum's hexadecimal digits: the first 64 bits of a SHA-256.
const SUM_DIGITS: usize = 16;

impl LineSums {
    /// The line of an entry's JSON object.
    pub fn line(&mut self, json: &str) -> String {
        let body = json.strip_suffix('}').unwrap_or(json);
        self.last = self.next(body);
        format!("{body}{SUM}{}\"}}", self.last)
    }

    /// Takes in the next line of a journal.
    ///
    /// # Errors
    /// When it has no sum, or another than it should have.
    fn take(&mut self, line: &str) -> Result<(), String> {
        let Some((body, rest)) = line.rsplit_once(SUM) else {
            return Err("it has no sum at its end".into());
        };
        let sum = self.next(body);
        if rest.strip_suffix("\"}") != Some(&sum) {
            return Err("its sum is not right: it was changed, or a line before it was changed, lost or moved".into());
        }
        self.last = sum;
        Ok(())
    }

    fn next(&self, body: &str) -> String {
        let digest = Digest::of(format!("{}{body}", self.last).as_bytes());
        digest.as_bytes().iter().take(SUM_DIGITS / 2).map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A journal that was read.
#[derive(Debug)]
pub struct Recorded {
    /// What the run was to do.
    pub forecast: Arc<Forecast>,
    /// How far it came.
    pub state: State,
    /// When its steps began and ended.
    pub times: Times,
    /// When the last line was written.
    pub last: Timestamp,
    /// How often it was resumed, and died again, since a step was last done or it was last interrupted.
    pub in_vain: u32,
    /// Where the next line goes on from.
    pub(super) sums: LineSums,
}

impl Recorded {
    /// The steps of which nobody knows whether they were done, once the run is gone on with.
    pub fn in_doubt(&self) -> Vec<&ForecastStep> {
        let is_in_doubt = |step: &&ForecastStep| match self.state.step(step.id) {
            StepState::InDoubt(..) => true,
            StepState::Running(_) => is_blind(step),
            _ => false,
        };
        self.forecast.steps.iter().filter(is_in_doubt).collect()
    }

    /// The steps that wait for the word of a person, or will once the run comes to them.
    pub fn unapproved(&self) -> Vec<&ForecastStep> {
        let is_open = |step: &&ForecastStep| !self.state.step(step.id).is_settled();
        let is_for_a_person = |step: &&ForecastStep| matches!(step.action, Action::Approve { .. });
        self.forecast.steps.iter().filter(is_for_a_person).filter(is_open).collect()
    }
}

/// Reads a run's journal and folds it; none where there is no such run, or nothing was written before it died.
///
/// # Errors
/// When it cannot be read, or holds what this version does not understand, or what cannot have happened: then nothing of it
/// can be believed.
pub async fn recorded(journal: &dyn JournalRead, run: &RunId) -> Result<Option<Recorded>, Fault> {
    replay(journal, run, &mut |_| {}).await
}

/// The same, and tells of each entry in its turn, when it and all before it can be believed.
///
/// # Errors
/// As `recorded`.
pub async fn replay(
    journal: &dyn JournalRead,
    run: &RunId,
    told: &mut (dyn FnMut(&Entry) + Send),
) -> Result<Option<Recorded>, Fault> {
    let Some(lines) = journal.lines(run).await? else { return Ok(None) };
    let (mut folded, mut sums): (Option<Recorded>, _) = (None, LineSums::default());
    for (number, line) in lines.iter().enumerate() {
        let damaged = |what: String| {
            let action = format!("read line {} of {}", number + 1, journal.place(run));
            Fault::permanent(Cause::Invalid, action, what)
        };
        let entry: Entry = serde_json::from_str(line).map_err(|error| damaged(error.to_string()))?;
        folded = Some(match (folded, &entry.record) {
            (None, Record::Forecast { forecast }) => first((**forecast).clone(), entry.at, run).map_err(damaged)?,
            (Some(mut so_far), record) if !matches!(record, Record::Forecast { .. }) => {
                fits(&so_far.forecast, record).map_err(damaged)?;
                so_far.state.apply(record).map_err(damaged)?;
                so_far.last = entry.at;
                so_far.times.take(&entry);
                so_far.in_vain = match record {
                    Record::Resumed => so_far.in_vain + 1,
                    Record::Finished { .. } | Record::Interrupted => 0,
                    _ => so_far.in_vain,
                };
                so_far
            }
            _ => return Err(damaged("the forecast is the first line, and only there".into())),
        });
        // Last, so that what a person can understand is said first: a version, for instance.
        sums.take(line).map_err(damaged)?;
        told(&entry);
    }
    Ok(folded.map(|so_far| Recorded { sums, ..so_far }))
}

fn first(forecast: Forecast, at: Timestamp, run: &RunId) -> Result<Recorded, String> {
    forecast.check()?;
    if forecast.run != *run {
        return Err(format!("it is the journal of run {}", forecast.run));
    }
    let forecast = Arc::new(forecast);
    let state = State::new(Arc::clone(&forecast));
    Ok(Recorded { state, forecast, times: Times::default(), last: at, in_vain: 0, sums: LineSums::default() })
}

/// Whether what a step is said to have yielded is of what it was to do.
fn fits(forecast: &Forecast, record: &Record) -> Result<(), String> {
    let Record::Finished { step, output } = record else { return Ok(()) };
    let Some(of) = forecast.steps.get(step.index()) else {
        return Err(format!("there is no step {}", step.0));
    };
    let fits = match (&**output, &of.action) {
        (StepOutput::Source { roots, mounts }, Action::Look { selection, .. }) => {
            *roots == selection.roots && mounts.iter().all(|mount| roots.contains(mount))
        }
        (StepOutput::Packed(packed), Action::Pack { new, .. }) => {
            packed.archive.key == new.key(Part::Archive) && packed.contents.key == new.key(Part::Contents)
        }
        (StepOutput::ReadBack(_), Action::ReadBack { .. }) => true,
        (StepOutput::Committed(manifest), Action::Commit { new, .. }) => manifest.place() == new.place,
        (StepOutput::Deleted(deleted), Action::Delete { points, .. }) => {
            let gone = deleted.points.iter().chain(deleted.omitted.iter().map(|(point, _)| point));
            gone.into_iter().all(|point| points.iter().any(|deletion| deletion.place.point == *point))
        }
        (StepOutput::Recovered(recovered), Action::Recover(recovery)) => {
            recovered.removed.iter().all(|removed| recovery.leftovers.contains(removed))
        }
        (StepOutput::Probed, Action::Probe { .. }) => true,
        (StepOutput::Approved(word), Action::Approve { people, .. }) => word.yes && people.contains(&word.by),
        (StepOutput::Ran(_), Action::Command { .. }) => true,
        (StepOutput::Deployed(deployed), Action::Deploy(of)) => {
            deployed.removed.iter().all(|removed| of.leftovers.contains(removed))
                && (deployed.previous.is_none() || of.link.is_some())
        }
        (StepOutput::Launched(launched), Action::Launch(of)) => {
            of.new.as_ref().is_some_and(|new| (&new.image, &new.region) == (&launched.image, &launched.region))
        }
        (StepOutput::Database(done), Action::Database(action)) => done.is_of(action),
        (StepOutput::Linked, Action::Link { .. }) => true,
        (StepOutput::Switched { kept }, Action::Switch { moves, .. }) => {
            kept.iter().all(|kept| moves.iter().any(|step| step.kept == *kept))
        }
        _ => false,
    };
    if fits { Ok(()) } else { Err(format!("step {} cannot have yielded that", step.0)) }
}
