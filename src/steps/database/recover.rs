//! Has a database made from what is kept of another, and waits until it can be reached.

use super::{DatabaseOutput, World};
use crate::catalog::TAG_RUN;
use crate::forecast::{DatabaseRecovery, ForecastStep};
use crate::ports::{Cause, Database, DatabaseKind, DatabaseName, Fault, NewDatabase};
use crate::primitives::RunId;
use crate::steps::wait::{Look, Wait};

/// States in which a new database stays until somebody does something about it
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/accessing-monitoring.html>).
const STUCK: [&str; 11] = [
    "failed",
    "inaccessible-encryption-credentials",
    "incompatible-create",
    "incompatible-network",
    "incompatible-option-group",
    "incompatible-parameters",
    "incompatible-restore",
    "insufficient-capacity",
    "restore-error",
    "storage-full",
    "deleting",
];

pub(super) async fn recover(
    world: &World<'_>,
    step: &ForecastStep,
    run: &RunId,
    of: &DatabaseRecovery,
) -> Result<DatabaseOutput, Fault> {
    let unsaid = || Fault::permanent(Cause::NotFound, step.name.to_string(), "no recovery point was chosen");
    let new = of.new.as_ref().ok_or_else(|| step.foreseen.clone().unwrap_or_else(unsaid))?;
    let action = || format!("restore into {}", of.into);
    begun(world, run, &of.into, &Wanted::Database(new)).await?;
    let mut there = ready(world, &of.into).await?;
    for member in &of.members {
        let name = instance(&of.into, member);
        begun(world, run, &name, &Wanted::Member(new, member)).await?;
    }
    for member in &of.members {
        ready(world, &instance(&of.into, member)).await?;
    }
    if !of.members.is_empty() {
        there = ready(world, &of.into).await?;
    }
    let unreachable =
        || Fault::permanent(Cause::Other, action(), "it is available, and its provider names no address of it");
    let (address, port) = there.address.ok_or_else(unreachable)?;
    Ok(DatabaseOutput::Recovered { database: of.into.clone(), address, port, moment: of.moment })
}

fn instance(cluster: &DatabaseName, identifier: &str) -> DatabaseName {
    DatabaseName { kind: DatabaseKind::Instance, identifier: identifier.to_owned(), region: cluster.region.clone() }
}

/// What is asked for.
enum Wanted<'a> {
    Database(&'a NewDatabase),
    Member(&'a NewDatabase, &'a str),
}

async fn begin(world: &World<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
    match wanted {
        Wanted::Database(new) => world.databases.begin_restore(new).await,
        Wanted::Member(new, member) => {
            world.databases.begin_member(&new.name, member, &new.engine, &new.settings, &new.tags).await
        }
    }
}

/// Returns when it was begun by this run, now or before.
async fn begun(world: &World<'_>, run: &RunId, name: &DatabaseName, wanted: &Wanted<'_>) -> Result<(), Fault> {
    let mut wait = Wait::default();
    loop {
        let look = look(world, run, name, wanted).await;
        if wait.after(look).await?.is_some() {
            return Ok(());
        }
    }
}

/// Begins it where it is not there.
async fn look(world: &World<'_>, run: &RunId, name: &DatabaseName, wanted: &Wanted<'_>) -> Result<Look<()>, Fault> {
    match world.databases.database(name).await? {
        Some(there) if there.tags.get(TAG_RUN) != Some(&run.to_string()) => {
            let answer = "there is one of that name that this run did not make, and a restore goes beside, never over";
            Err(Fault::permanent(Cause::Exists, format!("restore into {name}"), answer))
        }
        Some(_) => Ok(Look::Ready(())),
        None => match begin(world, wanted).await {
            // Another attempt's, or somebody else's: the next look tells.
            Err(fault) if fault.cause == Cause::Exists => Ok(Look::NotYet),
            answer => answer.map(Look::Ready),
        },
    }
}

/// Waits until it is available.
async fn ready(world: &World<'_>, name: &DatabaseName) -> Result<Database, Fault> {
    let mut wait = Wait::default();
    loop {
        let look = world.databases.database(name).await.and_then(|there| is_ready(there, name));
        if let Some(there) = wait.after(look).await? {
            return Ok(there);
        }
    }
}

fn is_ready(there: Option<Database>, name: &DatabaseName) -> Result<Look<Database>, Fault> {
    let action = || format!("wait for {name}");
    let gone =
        || Fault::permanent(Cause::NotFound, action(), "it was begun, and is gone: somebody deleted or renamed it");
    let there = there.ok_or_else(gone)?;
    if STUCK.contains(&there.status.as_str()) {
        let answer =
            format!("its provider says that it is {}, and it stays so until somebody mends that", there.status);
        return Err(Fault::permanent(Cause::Other, action(), answer));
    }
    Ok(if there.is_available() { Look::Ready(there) } else { Look::NotYet })
}
