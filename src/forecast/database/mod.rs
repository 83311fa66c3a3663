//! The forecast of what is done with databases that a provider runs.
//!
//! Unaware of which provider it is. Invariant: no database is changed or replaced but by what stands here, and none is deleted at all.

mod check;
mod recover;
mod snapshots;
mod switch;
#[cfg(test)]
mod tests;

pub use check::{BackupsCheck, BackupsDrift, BackupsSetting};
pub use recover::{DatabaseRecovery, KeptAs};
pub use snapshots::{NewSnapshot, SnapshotCopy, SnapshotDeletion, SnapshotOf, SnapshotPrune, snapshot_verdicts};
pub use switch::DatabaseSwitch;
pub(super) use switch::{kept, switched_back};

use serde::{Deserialize, Serialize};

use super::{Action, Circumstances, ForecastStep, RestoreWish, framed};
use crate::graph::{DatabaseStep, Effect, Output, OutputKind, RECOVERED, Step};
use crate::observe::Observed;
use crate::plan::Plan;
use crate::ports::Fault;
use crate::primitives::{JobName, RunId};

/// What a step does with a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum DatabaseAction {
    /// Looks whether it can be brought back to any moment, and sets it as the plan says, where that is asked for.
    Check(BackupsCheck),
    /// Has a snapshot made.
    Snapshot(NewSnapshot),
    /// Has a snapshot copied.
    Copy(SnapshotCopy),
    /// Deletes snapshots.
    Prune(SnapshotPrune),
    /// Has a database made from what is kept of another.
    Recover(Box<DatabaseRecovery>),
    /// Gives what was recovered the name of the database in service.
    Switch(DatabaseSwitch),
}

impl DatabaseAction {
    /// The job it belongs to, if it is a backup's.
    pub fn job(&self) -> Option<&JobName> {
        match self {
            Self::Check(of) => Some(&of.job),
            Self::Snapshot(of) => Some(&of.of.job),
            Self::Copy(of) => Some(&of.of.job),
            Self::Prune(of) => Some(&of.job),
            Self::Recover(_) | Self::Switch(_) => None,
        }
    }

    /// What it does to the world.
    pub fn effect(&self) -> Effect {
        match self {
            Self::Check(of) if of.corrections().next().is_none() => Effect::Read,
            Self::Check(_) | Self::Switch(_) => Effect::Replace,
            Self::Snapshot(_) | Self::Copy(_) | Self::Recover(_) => Effect::Add,
            Self::Prune(_) => Effect::Delete,
        }
    }

    /// What it yields.
    pub fn yields(&self) -> &'static [OutputKind] {
        match self {
            Self::Check(_) | Self::Snapshot(_) | Self::Copy(_) => &[OutputKind::Committed],
            Self::Recover(_) => RECOVERED,
            Self::Prune(_) | Self::Switch(_) => &[],
        }
    }

    /// What it takes in.
    pub fn input(&self) -> Option<Output> {
        match self {
            Self::Copy(of) => Some(of.given),
            Self::Prune(of) => Some(of.given),
            _ => None,
        }
    }
}

/// The forecast of a step of a backup.
pub(super) fn backup(
    plan: &Plan,
    step: &Step,
    of: &DatabaseStep,
    observed: &Observed,
    who: &Circumstances,
    run: &RunId,
) -> ForecastStep {
    let (action, foreseen) = match of {
        DatabaseStep::Check { job, database, wanted } => {
            let (check, foreseen) = check::check(plan, (job, database), wanted, observed);
            (DatabaseAction::Check(check), foreseen)
        }
        DatabaseStep::Snapshot { job, database } => {
            let (new, foreseen) = snapshots::new(plan, (job, database), observed, who, run);
            (DatabaseAction::Snapshot(new), foreseen)
        }
        DatabaseStep::Copy { job, database, region, kms_key, given } => {
            let to = (region.as_str(), kms_key.as_deref());
            let (copy, foreseen) = snapshots::copy(plan, (job, database), to, *given, observed, who, run);
            (DatabaseAction::Copy(copy), foreseen)
        }
        DatabaseStep::Prune { job, database, retention, guard, given } => {
            let rules = retention.as_deref();
            let prune = snapshots::prune(plan, (job, database), (rules, *guard), *given, observed, who, run);
            (DatabaseAction::Prune(prune), None)
        }
        DatabaseStep::Recover { .. } | DatabaseStep::Switch { .. } => super::not_of_this_slice(&step.kind),
    };
    of_step(step, action, foreseen)
}

/// The forecast of a step of a restore.
pub(super) fn restore(
    plan: &Plan,
    step: &Step,
    of: &DatabaseStep,
    observed: &Observed,
    wish: &RestoreWish,
    run: &RunId,
) -> ForecastStep {
    let (action, foreseen) = match of {
        DatabaseStep::Recover { .. } => {
            let (recovery, foreseen) = recover::recover(plan, of, observed, wish, run);
            (DatabaseAction::Recover(Box::new(recovery)), foreseen)
        }
        DatabaseStep::Switch { target, database, from, .. } => {
            let (switch, foreseen) = switch::switch(target, (database, from), observed, run);
            (DatabaseAction::Switch(switch), foreseen)
        }
        _ => super::not_of_this_slice(&step.kind),
    };
    of_step(step, action, foreseen)
}

fn of_step(step: &Step, action: DatabaseAction, foreseen: Option<Fault>) -> ForecastStep {
    let effect = action.effect();
    ForecastStep { effect, ..framed(step, Action::Database(Box::new(action)), foreseen) }
}
