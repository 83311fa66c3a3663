//! What a restore put into service, as its journal has it; and which runs took something back.
//!
//! Unaware of what is there now.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Recorded, StepState, recorded};
use crate::forecast::{Action, DatabaseAction, MachineLeft, Placed, Put, Subject};
use crate::ports::{Fault, JournalRead};
use crate::primitives::RunId;
use crate::steps::{DatabaseOutput, StepOutput};

impl Recorded {
    /// What the restore put into service, in the order in which it was done. Of a step that failed, the journal knows only what it was to do.
    pub fn placed(&self) -> Vec<Placed> {
        let mut placed: Vec<Placed> = self.forecast.steps.iter().filter_map(|step| self.placed_by(step)).collect();
        placed.sort_by_key(|placed| (self.times.ended(placed.step), placed.step));
        placed
    }

    fn placed_by(&self, step: &crate::forecast::ForecastStep) -> Option<Placed> {
        let output = match self.state.step(step.id) {
            StepState::Done(output) => Some(&**output),
            _ if self.state.is_begun(step.id) => None,
            _ => return None,
        };
        let before = match (&step.action, output) {
            (Action::Deploy(deployment), Some(StepOutput::Deployed(deployed))) => {
                deployment.link.as_ref().map(|_| Put::Link(deployed.previous.clone()))
            }
            (Action::Deploy(deployment), None) => deployment.link.as_ref().map(|link| Put::Link(link.was.clone())),
            (Action::Switch { .. }, Some(StepOutput::Switched { kept })) => Some(Put::Places(kept.clone())),
            (Action::Switch { moves, .. }, None) => {
                Some(Put::Places(moves.iter().map(|step| step.kept.clone()).collect()))
            }
            (Action::Launch(of), output) => {
                let instance = match output {
                    Some(StepOutput::Launched(launched)) => Some(launched.instance.clone()),
                    _ => None,
                };
                let region = of.new.as_ref().and_then(|new| new.region.clone());
                Some(Put::Machine(MachineLeft { shows: of.shows.clone(), instance, region }))
            }
            (Action::Database(action), output) => match (&**action, output) {
                (DatabaseAction::Switch(_), Some(StepOutput::Database(done))) => match &**done {
                    DatabaseOutput::Switched { kept } => Some(Put::Database(kept.clone())),
                    _ => None,
                },
                (DatabaseAction::Switch(of), _) => Some(Put::Database(of.replaces.as_ref().map(|_| of.kept.clone()))),
                _ => None,
            },
            _ => None,
        };
        Some(Placed { step: step.id, before: before?, is_done: output.is_some() })
    }
}

/// The runs that took something back and began no earlier than that, each with the run that it took back. A journal that cannot be
/// believed says nothing.
///
/// # Errors
/// When the journals cannot be listed.
pub async fn roll_backs(journal: &dyn JournalRead, since: Timestamp) -> Result<BTreeMap<RunId, RunId>, Fault> {
    let mut found = BTreeMap::new();
    for run in journal.runs().await?.into_iter().filter(|run| run.began() >= since) {
        if let Ok(Some(recorded)) = recorded(journal, &run).await
            && let Subject::RollBack(back) = &recorded.forecast.subject
        {
            found.insert(run, back.of.clone());
        }
    }
    Ok(found)
}
