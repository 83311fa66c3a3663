//! Databases for any plan, which a simulated provider runs, and what becomes of them.

use jiff::SignedDuration;

use crate::catalog::{SnapshotPoint, TAG_RUN};
use crate::fakes::{FakeDatabases, Takes, World};
use crate::forecast::{Action, DatabaseAction, Forecast};
use crate::graph::{DatabaseStep, Graph, StepKind};
use crate::ports::{Database, DatabaseName, DatabaseSnapshot};
use crate::run::{Outcome, StepEnd};

use super::law::{Broken, Invariant};
use super::verdict::Verdict;

/// Has the provider run the databases that a graph's steps are about.
pub(super) fn plant(world: &World, graph: &Graph) {
    // What takes a provider minutes takes seconds here: a person who interrupts is not to find it waiting each time.
    let (long, short) = (SignedDuration::from_secs(3), SignedDuration::from_secs(1));
    world.databases().set_takes(Takes {
        snapshot: long,
        restore: long,
        rename: short,
        change: short,
        ..Takes::default()
    });
    for step in graph.steps() {
        let StepKind::Database(of) = &step.kind else { continue };
        let (DatabaseStep::Check { database, .. }
        | DatabaseStep::Snapshot { database, .. }
        | DatabaseStep::Recover { database, .. }) = &**of
        else {
            continue;
        };
        if find(world, database).is_none() {
            // Nobody knows whether a real one is encrypted; one that is not can be copied without a key.
            world.databases().put(Database { encrypted: false, ..FakeDatabases::plain(database.clone()) });
        }
    }
}

fn find(world: &World, name: &DatabaseName) -> Option<Database> {
    world.databases().all().into_iter().find(|there| there.name == *name)
}

/// What a word comes to that is yielded by a recovery of a database.
pub(super) fn address(world: &World, name: &DatabaseName) -> String {
    find(world, name).and_then(|there| there.address).map(|(address, _)| address).unwrap_or_default()
}

fn actions(forecast: &Forecast) -> impl Iterator<Item = &DatabaseAction> {
    forecast.steps.iter().filter_map(|step| match &step.action {
        Action::Database(action) => Some(&**action),
        _ => None,
    })
}

/// The provider runs nothing but what was there and what was forecast; what was switched serves, and what served before is kept; and of each
/// slot there is one snapshot.
///
/// # Errors
/// What is otherwise.
pub(super) fn held(world: &World, outcome: &Outcome) -> Verdict<usize> {
    let broken = |invariant, what: String| Err(Broken { invariant, what });
    let run = outcome.forecast.run.to_string();
    let made: Vec<&DatabaseName> = actions(&outcome.forecast)
        .flat_map(|action| match action {
            DatabaseAction::Recover(of) => vec![&of.into],
            DatabaseAction::Switch(of) => vec![&of.to],
            _ => vec![],
        })
        .collect();
    for there in world.databases().all() {
        let is_of_run = there.tags.get(TAG_RUN) == Some(&run) && there.cluster.is_none();
        if is_of_run && !made.contains(&&there.name) {
            return broken(Invariant::Forecast, format!("{} was made, and is in no forecast", there.name));
        }
    }
    let snapshots = world.databases().all_snapshots();
    let point = |snapshot: &DatabaseSnapshot| Some((SnapshotPoint::of(snapshot)?, snapshot.name.region.clone()));
    let mut points: Vec<_> = snapshots.iter().filter_map(point).collect();
    points.sort();
    if let Some(two) = points.windows(2).find(|two| two[0] == two[1]) {
        return broken(Invariant::Once, format!("two snapshots are {}", two[0].0.point));
    }
    let mut put_back = 0;
    for step in &outcome.steps {
        let Action::Database(action) = &outcome.forecast.step(step.step).action else { continue };
        let is_done = matches!(step.end, StepEnd::Done(_));
        match &**action {
            DatabaseAction::Recover(of) if is_done => {
                put_back += 1;
                let there = [&of.into, &of.database].into_iter().filter_map(|name| find(world, name));
                let is_ours = |there: Database| there.tags.get(TAG_RUN) == Some(&run);
                if !there.into_iter().any(is_ours) {
                    return broken(Invariant::Restored, format!("{} is done, and is not there", of.into));
                }
            }
            DatabaseAction::Switch(of) => {
                let serves = find(world, &of.to).is_some_and(|there| there.tags.get(TAG_RUN) == Some(&run));
                let kept = [&of.kept, &of.to].into_iter().filter_map(|name| find(world, name));
                let is_kept = of.replaces.is_none()
                    || kept.into_iter().any(|there| Some(&there.resource) == of.replaces.as_ref());
                if !is_kept {
                    return broken(Invariant::LastCopy, format!("what {} was is gone", of.to));
                }
                if is_done && !serves {
                    return broken(Invariant::Restored, format!("{} was switched, and does not serve", of.to));
                }
            }
            _ => {}
        }
    }
    Ok(put_back)
}
