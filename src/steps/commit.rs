//! Writes the manifest: from here on the recovery point exists.

use super::{Packed, ReadBack, StepOutput, put_object};
use crate::catalog::{MANIFEST_FORMAT_VERSION, Manifest, Part, ReadBackRecord, StoredObject};
use crate::forecast::{Forecast, Held, NewPoint, ShrinkGuard};
use crate::observe;
use crate::ports::{Cause, Clock, Fault, StoreWrite};

/// What the manifest tells of.
pub(super) struct Made<'a> {
    pub(super) forecast: &'a Forecast,
    pub(super) new: &'a NewPoint,
    pub(super) guard: &'a ShrinkGuard,
    pub(super) packed: &'a Packed,
    pub(super) read_back: &'a ReadBack,
}

/// Writes it once, never over another. One that is there already is this run's own, from an attempt whose answer was lost,
/// or it is a fault.
pub(super) async fn commit(store: &dyn StoreWrite, clock: &dyn Clock, made: &Made<'_>) -> Result<StepOutput, Fault> {
    let key = made.new.key(Part::Manifest);
    if store.head(&key).await?.is_some() {
        let there = observe::manifest(store, &key).await?;
        if there.run == made.forecast.run && there.archive == made.packed.archive {
            // Whoever wrote it may have died before it was durable, and what is next deletes on its strength.
            store.settle(&key).await?;
            return Ok(StepOutput::Committed(Box::new(there)));
        }
        let answer = format!("run {} wrote another manifest there", there.run);
        return Err(Fault::permanent(Cause::Exists, format!("commit {}", store.place(&key)), answer));
    }
    for object in [&made.packed.archive, &made.packed.contents] {
        still_there(store, object).await?;
    }
    let manifest = manifest(clock, made);
    let encoded = manifest.encode();
    let bytes = encoded.map_err(|error| {
        Fault::permanent(Cause::Invalid, format!("commit {}", store.place(&key)), error.to_string())
    })?;
    put_object(store, &key, &bytes).await?;
    Ok(StepOutput::Committed(Box::new(manifest)))
}

/// A resumed run was dead for a while: what it packed may be gone.
async fn still_there(store: &dyn StoreWrite, object: &StoredObject) -> Result<(), Fault> {
    match store.head(&object.key).await? {
        Some(there) if there.size == object.size => Ok(()),
        _ => {
            let answer = "it is no longer in the store as it was read back; run the backup again";
            Err(Fault::permanent(Cause::NotFound, format!("commit {}", store.place(&object.key)), answer))
        }
    }
}

fn manifest(clock: &dyn Clock, made: &Made<'_>) -> Manifest {
    let Made { forecast, new, guard, packed, read_back } = made;
    let now = clock.now();
    Manifest {
        format_version: MANIFEST_FORMAT_VERSION,
        plan: new.place.plan.clone(),
        job: new.place.job.clone(),
        host: new.place.host.to_string(),
        point: new.place.point.clone(),
        run: forecast.run.clone(),
        slot: new.place.point.slot,
        began: forecast.at,
        moment: packed.moment,
        finished: now,
        roots: packed.roots.clone(),
        mounts: packed.mounts.clone(),
        archive: packed.archive.clone(),
        plain: packed.plain,
        contents: packed.contents.clone(),
        segments_at: packed.segments_at,
        totals: packed.totals,
        read_back: ReadBackRecord { at: now, entries: read_back.entries },
        shrunk_from: guard.judge(Held::of(&packed.totals)).map(|shrunk| shrunk.than.point),
        clean: packed.clean(),
        unread: packed.unread.clone(),
        not_stored: packed.not_stored.clone(),
        changed: packed.changed.clone(),
        not_entered: packed.not_entered.clone(),
    }
}
