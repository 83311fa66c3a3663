//! Deletes recovery points.

use crate::catalog::{Part, PointPlace};
use crate::ports::{Fault, StoreWrite};

/// Deletes the objects of points: of each the manifest first, so that what is half deleted is no recovery point, and
/// then the archive, so that what is left is not taken for a backup that lacks only its manifest. What is not there is no error, so it may be repeated.
///
/// # Errors
/// When the store refuses; the points before were deleted.
pub async fn prune_keys(store: &dyn StoreWrite, points: &[PointPlace]) -> Result<(), Fault> {
    for point in points {
        for part in [Part::Manifest, Part::Archive, Part::Contents] {
            store.delete(&point.key(part)).await?;
        }
    }
    Ok(())
}
