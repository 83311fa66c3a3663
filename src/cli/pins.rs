//! Keeps the points that a run reads from being deleted by backups of other hosts, and tells backups of those that are read.
//!
//! Unaware of what is done with a point. Invariant: a store that takes no pin is no reason not to restore, and is named once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::hold::Held;
use super::{Failure, host, output, world};
use crate::catalog::{LeaseHolder, PointPlace, job_prefix};
use crate::drivers::SystemClock;
use crate::forecast::{Action, Forecast, ForecastStep, Outlook, StepView, StoreLocation};
use crate::ports::{Fault, StoreRead, StoreWrite};
use crate::primitives::{Name, RunId};
use crate::report::words::read_by;
use crate::steps::{PinWanted, pinned, points_lock};

/// Pins what the open steps of a run read, for as long as all is held; answers the points that are gone. Its locks are held already.
pub(super) async fn pin(
    held: &Held,
    locations: &BTreeMap<Name, StoreLocation>,
    forecast: &Forecast,
    is_open: &dyn Fn(&ForecastStep) -> bool,
) -> Result<Vec<PointPlace>, Failure> {
    let (stores, mut refused, mut gone) = (world::stores(locations), BTreeSet::new(), vec![]);
    for (name, place) in read(forecast, is_open) {
        let Some(store) = stores.get(&name).filter(|_| !refused.contains(&name)) else { continue };
        match pin_one(held, store, &forecast.run, &place).await {
            Ok(true) => {}
            Ok(false) => gone.push(place),
            Err(fault) => {
                output::say(&format!(
                    "store {name} takes no pin, so a backup of another host may delete what is read from it: {fault}"
                ));
                refused.insert(name);
            }
        }
    }
    Ok(gone)
}

/// The points that the open steps read, and from which store.
fn read(forecast: &Forecast, is_open: &dyn Fn(&ForecastStep) -> bool) -> BTreeSet<(Name, PointPlace)> {
    let of = |step: &ForecastStep| match &step.action {
        Action::Recover(recovery) => Some((recovery.store.clone()?, recovery.manifest.as_ref()?.place())),
        _ => None,
    };
    forecast.steps.iter().filter(|step| is_open(step)).filter_map(of).collect()
}

async fn pin_one(held: &Held, store: &Arc<dyn StoreWrite>, run: &RunId, place: &PointPlace) -> Result<bool, Fault> {
    let holder = LeaseHolder {
        run: run.clone(),
        machine: host::machine(),
        process: std::process::id(),
        state: held.state.identity().await?,
        boot: host::boot(),
        lock: points_lock(&store.real_place().await?, &job_prefix(&place.plan, &place.job)),
    };
    let wanted = PinWanted { store: Arc::clone(store), place: place.clone(), holder, clock: Arc::new(SystemClock) };
    held.keeper.pin(wanted).await
}

/// What people read of a point that was chosen, and is gone.
pub(super) fn gone(place: &PointPlace) -> String {
    let PointPlace { job, host, point, .. } = place;
    format!("recovery point {point} of {job} on {host} is gone: a backup deleted it after it was chosen")
}

/// Of each point that would be deleted and that a restore has a pin at now, a line. What cannot be read is said by the forecast.
pub(super) async fn told_read(stores: &BTreeMap<Name, Arc<dyn StoreRead>>, outlook: &Outlook) -> Vec<String> {
    let mut lines = vec![];
    for step in outlook.steps.iter().filter_map(StepView::known) {
        let Action::Delete { store, job, prefix, points, .. } = &step.action else { continue };
        let Some(store) = stores.get(store).filter(|_| !points.is_empty()) else { continue };
        let Ok(read) = pinned(&**store, prefix, &SystemClock).await else { continue };
        for deletion in points {
            let point = &deletion.place.point;
            if let Some(machine) = read.get(point) {
                let read = read_by(machine.as_deref(), &point.to_string());
                lines.push(format!("{job}: {read}; while it does, it is not deleted"));
            }
        }
    }
    lines
}
