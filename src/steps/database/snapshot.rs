//! Has snapshots made and copied.

use jiff::Timestamp;

use super::{Progress, SnapshotMade, World};
use crate::catalog::{SnapshotPoint, TAG_RUN};
use crate::forecast::{NewSnapshot, SnapshotCopy, SnapshotOf};
use crate::ports::{Cause, DatabaseSnapshot, Fault};
use crate::steps::wait::{Look, Wait};

/// Storage is counted in these.
const GIB: u64 = 1 << 30;

/// What is asked for.
enum Wanted<'a> {
    New(&'a NewSnapshot),
    Copy(&'a SnapshotCopy),
}

/// Has a snapshot made; one of that name that is there is it, whoever asked for it.
pub(super) async fn make(world: &World<'_>, new: &NewSnapshot, progress: &Progress) -> Result<SnapshotMade, Fault> {
    begun(world, &new.of, &Wanted::New(new)).await?;
    made(world, &new.of, progress).await
}

/// Likewise a copy.
pub(super) async fn copy(world: &World<'_>, new: &SnapshotCopy, progress: &Progress) -> Result<SnapshotMade, Fault> {
    begun(world, &new.of, &Wanted::Copy(new)).await?;
    let made = made(world, &new.of, progress).await?;
    Ok(SnapshotMade { was_there: true, ..made })
}

async fn begin(world: &World<'_>, wanted: &Wanted<'_>) -> Result<(), Fault> {
    match wanted {
        Wanted::New(new) => world.databases.begin_snapshot(&new.database, &new.of.name, &new.of.tags).await,
        Wanted::Copy(new) => {
            let answer = "there is no such snapshot any more";
            let gone = || Fault::permanent(Cause::NotFound, format!("copy {}", new.from), answer);
            let from = world.databases.snapshot(&new.from).await?.ok_or_else(gone)?;
            world.databases.begin_copy(&from, &new.of.name, new.kms_key.as_deref(), &new.of.tags).await
        }
    }
}

/// Returns when it was begun, by whomever.
async fn begun(world: &World<'_>, of: &SnapshotOf, wanted: &Wanted<'_>) -> Result<(), Fault> {
    let mut wait = Wait::default();
    loop {
        let look = look(world, of, wanted).await;
        if wait.after(look).await?.is_some() {
            return Ok(());
        }
    }
}

/// Begins it where it is not there. A failed one of that name is in the way of it, and is worth nothing.
async fn look(world: &World<'_>, of: &SnapshotOf, wanted: &Wanted<'_>) -> Result<Look<()>, Fault> {
    match world.databases.snapshot(&of.name).await? {
        Some(seen) if !is_it(&seen, of) => {
            let answer = "there is one of that name that this plan did not make: delete it, or rename the job";
            Err(Fault::permanent(Cause::Exists, format!("make {}", of.name), answer))
        }
        Some(seen) if seen.is_broken() => {
            world.databases.delete_snapshot(&of.name).await?;
            Ok(Look::NotYet)
        }
        Some(_) => Ok(Look::Ready(())),
        None => match begin(world, wanted).await {
            // Somebody was faster.
            Err(fault) if fault.cause == Cause::Exists => Ok(Look::NotYet),
            answer => answer.map(Look::Ready),
        },
    }
}

fn is_it(seen: &DatabaseSnapshot, of: &SnapshotOf) -> bool {
    SnapshotPoint::of(seen).is_some_and(|seen| seen.job == of.job && seen.point == of.point)
}

/// Waits until it can be used.
async fn made(world: &World<'_>, of: &SnapshotOf, progress: &Progress) -> Result<SnapshotMade, Fault> {
    let (mut wait, mut told) = (Wait::default(), 0);
    let (seen, taken) = loop {
        let seen = world.databases.snapshot(&of.name).await;
        if let Ok(Some(seen)) = &seen {
            tell(seen, &mut told, progress);
        }
        let look = seen.and_then(|seen| is_made(seen, of));
        if let Some(made) = wait.after(look).await? {
            break made;
        }
    };
    let was_there = seen.tags.get(TAG_RUN) != of.tags.get(TAG_RUN);
    let (name, seen_at): (_, Timestamp) = (of.name.clone(), world.clock.now());
    Ok(SnapshotMade { name, taken, seen: seen_at, allocated_gib: seen.allocated_gib, was_there })
}

fn is_made(seen: Option<DatabaseSnapshot>, of: &SnapshotOf) -> Result<Look<(DatabaseSnapshot, Timestamp)>, Fault> {
    let action = || format!("wait for {}", of.name);
    let gone = || Fault::permanent(Cause::NotFound, action(), "it was begun, and is gone: somebody deleted it");
    let seen = seen.ok_or_else(gone)?;
    if seen.is_broken() {
        let answer = format!("its provider says that it is {}: run it again, and it is made anew", seen.status);
        return Err(Fault::permanent(Cause::Other, action(), answer));
    }
    Ok(match seen.taken.filter(|_| seen.is_available()) {
        Some(taken) => Look::Ready((seen, taken)),
        None => Look::NotYet,
    })
}

/// How far it is, as so much of its storage.
fn tell(seen: &DatabaseSnapshot, told: &mut u64, progress: &Progress) {
    let all = u64::from(seen.allocated_gib) * GIB;
    let percent = if seen.is_available() { 100 } else { seen.percent.unwrap_or(0) };
    let done = all / 100 * u64::from(percent.min(100));
    if all > 0 {
        progress.expect(all);
        progress.bytes(done.saturating_sub(*told));
        *told = done.max(*told);
    }
}
