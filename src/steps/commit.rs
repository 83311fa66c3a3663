//! Writes the manifest: from here on the recovery point exists.

use bytes::Bytes;

use super::{Packed, ReadBack, StepOutput, put};
use crate::catalog::Manifest;
use crate::forecast::{Forecast, NewPoint};
use crate::ports::{Cause, Clock, Fault, PutMode, PutResult, StoreWrite};
use crate::primitives::PathBytes;

/// What the manifest tells of.
pub(super) struct Made<'a> {
    pub(super) forecast: &'a Forecast,
    pub(super) new: &'a NewPoint,
    pub(super) roots: &'a [PathBytes],
    pub(super) packed: &'a Packed,
    pub(super) read_back: &'a ReadBack,
}

/// Writes it once, never over another. One that is there already is this run's own, from an attempt whose answer was lost,
/// or it is a fault.
pub(super) async fn commit(store: &dyn StoreWrite, clock: &dyn Clock, made: &Made<'_>) -> Result<StepOutput, Fault> {
    let manifest = manifest(clock, made);
    let key = &made.new.keys.manifest;
    match put::whole(store, key, Bytes::from(manifest.to_json()), PutMode::IfAbsent).await? {
        PutResult::Stored => Ok(StepOutput::Committed(Box::new(manifest))),
        PutResult::AlreadyThere => {
            let there = put::read_manifest(store, key).await?;
            if there.archive == manifest.archive && there.run == manifest.run {
                return Ok(StepOutput::Committed(Box::new(there)));
            }
            let answer = format!("run {} wrote another manifest there", there.run);
            Err(Fault::permanent(Cause::Exists, format!("commit {}", store.place(key)), answer))
        }
    }
}
