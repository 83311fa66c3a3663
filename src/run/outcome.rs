//! How a run ended: the one value that both the summary and the exit status are made from.

use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{ExitStatus, State, StepState, Times};
use crate::forecast::Forecast;
use crate::ports::Fault;
use crate::primitives::StepId;
use crate::steps::StepOutput;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// Every step is done.
    Complete,
    /// Every step is done, but a guard suspended a deletion, or a lease was lost before it; and it may be that not every source file could
    /// be read whole.
    Suspended,
    /// Every step is done, but not every source file could be read whole.
    NotClean,
    /// Some steps failed.
    Failed,
    /// A person has to say something; then it can be resumed.
    Waiting,
    /// Somebody interrupted it; it can be resumed.
    Interrupted,
}

impl End {
    /// How a run in this state ends when nothing more is done.
    pub(super) fn of(state: &State) -> Self {
        let steps = state.steps();
        let any = |is: fn(&StepOutput) -> bool| {
            steps.iter().any(|step| matches!(step, StepState::Done(output) if is(output)))
        };
        if state.is_interrupted() {
            Self::Interrupted
        } else if steps.iter().any(|step| matches!(step, StepState::Unanswered(..) | StepState::InDoubt(..))) {
            Self::Waiting
        } else if !steps.iter().all(|step| matches!(step, StepState::Done(_))) {
            Self::Failed
        } else if any(StepOutput::is_held_back) {
            Self::Suspended
        } else if any(|output| !output.is_clean()) {
            Self::NotClean
        } else {
            Self::Complete
        }
    }

    /// What the caller sees.
    pub fn exit(self) -> ExitStatus {
        match self {
            Self::Complete => ExitStatus::Well,
            Self::Suspended => ExitStatus::Findings,
            Self::NotClean => ExitStatus::NotClean,
            Self::Failed => ExitStatus::Failed,
            Self::Waiting => ExitStatus::Waiting,
            Self::Interrupted => ExitStatus::Interrupted,
        }
    }
}

/// How one step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepEnd {
    /// It is done.
    Done(Box<StepOutput>),
    /// It failed.
    Failed(Fault),
    /// It was not begun, because that step did not succeed.
    Skipped(StepId),
    /// A person has to say something first: what.
    Unanswered(Fault),
    /// It was not begun, or was stopped.
    Open,
}

/// One step and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct StepOutcome {
    /// Which.
    pub step: StepId,
    /// How.
    pub end: StepEnd,
    /// How long it took, where it ended: milliseconds from when it first began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
}

/// The version of the form in which outcomes are printed.
pub const OUTCOME_FORMAT_VERSION: u32 = 1;

/// A run that is over.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Outcome {
    /// The version of this form.
    #[schemars(extend("const" = OUTCOME_FORMAT_VERSION))]
    pub format_version: u32,
    /// What it was to do.
    pub forecast: Arc<Forecast>,
    /// How it ended.
    pub end: End,
    /// How each step ended, by id.
    pub steps: Vec<StepOutcome>,
    /// When it began: a resumed run when it was first begun.
    pub began: Timestamp,
    /// When it was over.
    pub ended: Timestamp,
}

impl Outcome {
    /// What became of a state.
    pub(super) fn of(state: &State, times: &Times, ended: Timestamp) -> Self {
        let step_end = |state: &StepState| match state {
            StepState::Done(output) => StepEnd::Done(output.clone()),
            StepState::Failed(fault) => StepEnd::Failed(fault.clone()),
            StepState::Skipped(because) => StepEnd::Skipped(*because),
            StepState::Unanswered(_, fault) | StepState::InDoubt(_, fault) => StepEnd::Unanswered(fault.clone()),
            StepState::Waiting(_) | StepState::Running(_) | StepState::Pausing(_) => StepEnd::Open,
        };
        let forecast = Arc::clone(state.forecast());
        let steps = forecast.steps.iter().map(|step| StepOutcome {
            step: step.id,
            end: step_end(state.step(step.id)),
            took_ms: times.took(step.id).and_then(|took| u64::try_from(took.as_millis()).ok()),
        });
        Self {
            format_version: OUTCOME_FORMAT_VERSION,
            end: End::of(state),
            steps: steps.collect(),
            began: forecast.at,
            ended,
            forecast,
        }
    }
}
