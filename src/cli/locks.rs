//! Which locks a run holds: per resource, not per program.

use super::Failure;
use crate::forecast::{Action, Forecast, Subject};
use crate::ports::{Lock, Locks};
use crate::primitives::{JobName, Name, PathBytes};
use crate::run::ExitStatus;

/// What a run must have for itself.
pub(super) enum Resource<'a> {
    /// A job of a plan.
    Job(&'a Name, &'a JobName),
    /// A folder that a restore makes.
    Destination(&'a PathBytes),
}

impl Resource<'_> {
    fn text(&self) -> String {
        match self {
            Self::Job(plan, job) => format!("job {plan}/{job}"),
            Self::Destination(folder) => format!("restore {folder}"),
        }
    }
}

/// The resources of a forecast.
pub(super) fn of(forecast: &Forecast) -> Vec<Resource<'_>> {
    match &forecast.subject {
        Subject::Backup { jobs } => jobs.iter().map(|job| Resource::Job(&forecast.plan, job)).collect(),
        Subject::Restore { .. } => {
            let into = forecast.steps.iter().filter_map(|step| match &step.action {
                Action::Recover(recovery) => Some(Resource::Destination(&recovery.into)),
                _ => None,
            });
            into.collect()
        }
    }
}

/// Takes all of them, or none. They are released when what this answers is dropped, or by death.
pub(super) async fn take(locks: &dyn Locks, resources: Vec<Resource<'_>>) -> Result<Vec<Box<dyn Lock>>, Failure> {
    let mut names: Vec<String> = resources.iter().map(Resource::text).collect();
    // Everybody takes them in the same order, so two runs never wait for each other by halves.
    names.sort();
    names.dedup();
    let mut held = vec![];
    for name in names {
        match locks.try_lock(&name).await? {
            Some(lock) => held.push(lock),
            None => {
                let message = format!("another run holds the lock of {name}; wait until it is done");
                return Err(Failure { status: ExitStatus::Locked, message });
            }
        }
    }
    Ok(held)
}
