//! Databases that a provider runs: asks for what is to be done, and waits until it is.
//!
//! Unaware of providers. Invariant: it is looked first, each time: what an attempt before began is waited for and not begun anew, whatever
//! became of its answer.

mod check;
mod prune;
mod recover;
mod snapshot;
mod switch;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Omission, Progress, StepOutput, World};
use crate::forecast::{BackupsSetting, DatabaseAction, Forecast, ForecastStep, Suspension};
use crate::graph::OutputKind;
use crate::ports::{DatabaseName, Fault, SnapshotName};
use crate::primitives::PointId;

/// What was done with a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(tag = "what", rename_all = "kebab-case")]
pub enum DatabaseOutput {
    /// It can be brought back as the plan promises.
    Checked {
        /// The newest moment to which it can.
        latest: Option<Timestamp>,
        /// Whether something was set as the plan says.
        corrected: bool,
    },
    /// The snapshot exists.
    Snapshot(SnapshotMade),
    /// So does its copy.
    Copy(SnapshotMade),
    /// What was deleted, and what was not after all.
    Pruned(SnapshotsDeleted),
    /// The new database can be reached.
    Recovered {
        /// Which.
        database: DatabaseName,
        /// Its name in DNS.
        address: String,
        /// Its TCP port.
        port: u16,
        /// When its data is from.
        moment: Option<Timestamp>,
    },
    /// It has the name by which the service reaches its database.
    Switched {
        /// What had that name until then.
        kept: Option<DatabaseName>,
    },
}

/// A snapshot that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SnapshotMade {
    /// Which.
    pub name: SnapshotName,
    /// When its data is from, as its provider says.
    pub taken: Timestamp,
    /// When it was seen to exist, as this host's clock has it.
    pub seen: Timestamp,
    /// The storage that a database restored from it needs, in GiB.
    pub allocated_gib: u32,
    /// Whether its data may be from before this run: it was there, or it is a copy.
    #[serde(default)]
    pub was_there: bool,
}

/// What a deletion of snapshots did: never more than was forecast.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
pub struct SnapshotsDeleted {
    /// The points that are gone.
    pub points: Vec<PointId>,
    /// How many that had never become a snapshot are gone.
    #[serde(default)]
    pub failed: u64,
    /// Why none was deleted, where a guard suspended that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended: Option<Suspension>,
    /// The points that were forecast and are still there, each with why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub omitted: Vec<(PointId, Omission)>,
}

impl DatabaseOutput {
    /// Whether it is that.
    pub(super) fn yields(&self, kind: OutputKind) -> bool {
        match self {
            Self::Checked { .. } | Self::Snapshot(_) | Self::Copy(_) => kind == OutputKind::Committed,
            Self::Recovered { .. } => matches!(kind, OutputKind::Instance | OutputKind::Address),
            Self::Pruned(_) | Self::Switched { .. } => false,
        }
    }

    /// Whether that can have come of what was to be done.
    pub(crate) fn is_of(&self, action: &DatabaseAction) -> bool {
        match (self, action) {
            (Self::Checked { corrected, .. }, DatabaseAction::Check(of)) => {
                let settings = [BackupsSetting::Days, BackupsSetting::Window];
                !corrected || settings.into_iter().any(|setting| of.correction(setting).is_some())
            }
            (Self::Snapshot(made), DatabaseAction::Snapshot(new)) => made.name == new.of.name,
            (Self::Copy(made), DatabaseAction::Copy(new)) => made.name == new.of.name,
            (Self::Pruned(deleted), DatabaseAction::Prune(of)) => {
                let named = deleted.points.iter().chain(deleted.omitted.iter().map(|(point, _)| point));
                let failed = u64::try_from(of.failed.len()).unwrap_or(u64::MAX);
                deleted.failed <= failed
                    && named.into_iter().all(|point| of.snapshots.iter().any(|deletion| deletion.point == *point))
            }
            (Self::Recovered { database, moment, .. }, DatabaseAction::Recover(of)) => {
                *database == of.into && *moment == of.moment
            }
            (Self::Switched { kept }, DatabaseAction::Switch(of)) => kept.as_ref().is_none_or(|kept| *kept == of.kept),
            _ => false,
        }
    }

    /// Why a guard suspended a deletion, if it did.
    pub fn suspension(&self) -> Option<&Suspension> {
        match self {
            Self::Pruned(deleted) => deleted.suspended.as_ref(),
            _ => None,
        }
    }
}

/// Performs a step that is about a database. `made` is what the step before it made, where it takes that in.
pub(super) async fn perform(
    world: &World<'_>,
    forecast: &Forecast,
    step: &ForecastStep,
    action: &DatabaseAction,
    made: Option<&SnapshotMade>,
    progress: &Progress,
) -> Result<StepOutput, Fault> {
    let done = match action {
        DatabaseAction::Check(of) => check::check(world, of).await,
        DatabaseAction::Snapshot(of) => snapshot::make(world, of, progress).await.map(DatabaseOutput::Snapshot),
        DatabaseAction::Copy(of) => snapshot::copy(world, of, progress).await.map(DatabaseOutput::Copy),
        DatabaseAction::Prune(of) => {
            let run = (&forecast.plan, forecast.run.began());
            prune::prune(world, run, of, made, progress).await
        }
        DatabaseAction::Recover(of) => recover::recover(world, step, &forecast.run, of).await,
        DatabaseAction::Switch(of) => switch::switch(world, &forecast.run, of).await,
    };
    done.map(|done| StepOutput::Database(Box::new(done)))
}
