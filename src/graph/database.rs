//! What is done with databases that a provider runs: it makes and keeps the copies, and steps ask for them and look at them.

use std::sync::Arc;

use super::{Effect, Output, OutputKind};
use crate::plan::{Drift, Guard, Retention, Window};
use crate::ports::{DatabaseName, DatabaseSettings};
use crate::primitives::{Duration, JobName, Name};

/// A step that is done with such a database.
#[derive(Debug, Clone)]
pub enum DatabaseStep {
    /// Looks whether it can be brought back to any moment as the plan promises.
    Check {
        /// Of which job.
        job: JobName,
        /// Which database.
        database: DatabaseName,
        /// What the plan promises.
        wanted: WantedBackups,
    },
    /// Has a snapshot made.
    Snapshot {
        /// Of which job.
        job: JobName,
        /// Which database.
        database: DatabaseName,
    },
    /// Has the snapshot copied to another region.
    Copy {
        /// Of which job.
        job: JobName,
        /// Which database.
        database: DatabaseName,
        /// To which region.
        region: String,
        /// The key of AWS KMS that the copy is encrypted with there.
        kms_key: Option<String>,
        /// That the snapshot exists.
        given: Output,
    },
    /// Deletes the snapshots that retention lets go.
    Prune {
        /// Of which job.
        job: JobName,
        /// Which database; the region is the one whose snapshots they are.
        database: DatabaseName,
        /// What is kept; nothing is let go where there are no rules.
        retention: Option<Arc<Retention>>,
        /// When nothing is let go all the same.
        guard: Guard,
        /// That what replaces it exists.
        given: Output,
    },
    /// Has a new database made from what is kept, beside what is there.
    Recover {
        /// Of which restore.
        restore: Name,
        /// Which target.
        target: Name,
        /// The database that it is of.
        database: DatabaseName,
        /// The jobs by which it can be brought back.
        jobs: Vec<(JobName, DatabaseKept)>,
        /// What the new one is called.
        into: DatabaseName,
        /// What of its settings is not as the source's.
        settings: Box<DatabaseSettings>,
    },
    /// Gives what was recovered the name of the database in service, and that one another.
    Switch {
        /// Of which restore.
        restore: Name,
        /// Which target.
        target: Name,
        /// The database in service.
        database: DatabaseName,
        /// What was recovered.
        from: DatabaseName,
    },
}

/// How a job keeps a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseKept {
    /// To any moment.
    AnyMoment,
    /// By snapshots; also in another region, where there is one.
    Snapshots(Option<String>),
}

/// What a plan promises of a database's automated backups.
#[derive(Debug, Clone)]
pub struct WantedBackups {
    /// For how many days it can be brought back; as it is set where the plan says nothing.
    pub days: Option<u32>,
    /// When its daily backup is made, in the plan's zone.
    pub window: Option<Window>,
    /// How far the newest moment may lie back.
    pub max_lag: Duration,
    /// What is done where it is set otherwise.
    pub drift: Drift,
}

impl DatabaseStep {
    /// The job it belongs to, if it is a backup's.
    pub fn job(&self) -> Option<&JobName> {
        match self {
            Self::Check { job, .. } | Self::Snapshot { job, .. } | Self::Copy { job, .. } | Self::Prune { job, .. } => {
                Some(job)
            }
            Self::Recover { .. } | Self::Switch { .. } => None,
        }
    }

    /// The restore it belongs to, if it is a restore's.
    pub fn restore(&self) -> Option<&Name> {
        match self {
            Self::Recover { restore, .. } | Self::Switch { restore, .. } => Some(restore),
            _ => None,
        }
    }

    /// What it does to the world.
    pub fn effect(&self) -> Effect {
        match self {
            Self::Check { wanted: WantedBackups { drift: Drift::Tell, .. }, .. } => Effect::Read,
            Self::Check { .. } | Self::Switch { .. } => Effect::Replace,
            Self::Snapshot { .. } | Self::Copy { .. } | Self::Recover { .. } => Effect::Add,
            Self::Prune { .. } => Effect::Delete,
        }
    }

    /// What it yields.
    pub fn yields(&self) -> &'static [OutputKind] {
        match self {
            Self::Check { .. } | Self::Snapshot { .. } | Self::Copy { .. } => &[OutputKind::Committed],
            Self::Recover { .. } => RECOVERED,
            Self::Prune { .. } | Self::Switch { .. } => &[],
        }
    }

    /// What it takes in.
    pub(super) fn input(&self) -> Option<Output> {
        match self {
            Self::Copy { given, .. } | Self::Prune { given, .. } => Some(*given),
            _ => None,
        }
    }

    pub(super) fn input_mut(&mut self) -> Option<&mut Output> {
        match self {
            Self::Copy { given, .. } | Self::Prune { given, .. } => Some(given),
            _ => None,
        }
    }

    /// The word for it in a step's name.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Check { .. } => "check",
            Self::Snapshot { .. } => "snapshot",
            Self::Copy { .. } => "copy",
            Self::Prune { .. } => "delete",
            Self::Recover { .. } => "recover",
            Self::Switch { .. } => "switch",
        }
    }

    /// What it is about, from the plan alone, and lines of detail.
    pub fn described(&self) -> (String, Vec<String>) {
        match self {
            Self::Check { database, wanted, .. } => (
                format!("that {database} can be brought back to any moment up to {} ago", wanted.max_lag),
                wanted.told(),
            ),
            Self::Snapshot { database, .. } => (format!("of {database}"), vec![]),
            Self::Copy { region, kms_key, .. } => {
                let key = kms_key.as_ref().map(|key| format!("encrypted with {key}"));
                (format!("the snapshot into {region}"), key.into_iter().collect())
            }
            Self::Prune { database, retention: Some(_), .. } => {
                (format!("snapshots of {database}: what retention lets go"), vec![])
            }
            Self::Prune { database, retention: None, .. } => {
                (format!("snapshots of {database}: nothing, the plan sets no retention"), vec![])
            }
            Self::Recover { target, into, jobs, .. } => {
                let kept = jobs.iter().map(|(job, kept)| match kept {
                    DatabaseKept::AnyMoment => format!("{job}, to any moment"),
                    DatabaseKept::Snapshots(None) => format!("{job}, its snapshots"),
                    DatabaseKept::Snapshots(Some(region)) => format!("{job}, its snapshots, also in {region}"),
                });
                (format!("{target} into {into}"), vec![format!("from {}", kept.collect::<Vec<_>>().join(" or "))])
            }
            Self::Switch { target, database, from, .. } => {
                let becomes = format!("{from} becomes {}, and what is called so now is kept", database.identifier);
                (target.to_string(), vec![becomes])
            }
        }
    }
}

/// What a recovered database yields.
pub const RECOVERED: &[OutputKind] = &[OutputKind::Instance, OutputKind::Address];

impl WantedBackups {
    fn told(&self) -> Vec<String> {
        let window = self.window.as_ref().map(|window| format!("daily full backup in the window {window}"));
        let days = self.days.map(|days| format!("kept for {days} days"));
        window.into_iter().chain(days).collect()
    }
}
