//! Deletes a recovery point, in two halves. What is not there is no error, so either may be repeated.

use bytes::Bytes;

use crate::catalog::{MANIFEST_BYTES_MAX, Part, PointPlace};
use crate::ports::{Cause, Fault, StoreWrite};

/// Deletes the manifest: what is half deleted is no recovery point. Answers its bytes, if it was there.
///
/// # Errors
/// When the store refuses.
pub(super) async fn prune_manifest(store: &dyn StoreWrite, place: &PointPlace) -> Result<Option<Bytes>, Fault> {
    let key = place.key(Part::Manifest);
    let bytes = match store.read(&key, 0, MANIFEST_BYTES_MAX + 1).await {
        Err(fault) if fault.cause == Cause::NotFound => None,
        answer => Some(answer?),
    };
    store.delete(&key).await.map(|()| bytes)
}

/// Deletes the rest: the archive first, so that what is left is not taken for a backup that lacks only its manifest.
///
/// # Errors
/// When the store refuses.
pub(super) async fn prune_rest(store: &dyn StoreWrite, place: &PointPlace) -> Result<(), Fault> {
    store.delete(&place.key(Part::Archive)).await?;
    store.delete(&place.key(Part::Contents)).await
}
