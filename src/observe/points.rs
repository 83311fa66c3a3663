//! Which recovery points a store holds, from its listing and their manifests.

use crate::catalog::{Listing, Manifest, PointKeys};
use crate::ports::{Cause, Fault, ObjectInfo, StoreRead, UploadId};
use crate::primitives::{Key, Name, PointId};

/// How many keys a page of a listing holds (S3's own limit).
const PAGE: usize = 1000;

/// A recovery point that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointSeen {
    /// The host that made it.
    pub host: Name,
    /// Its identity.
    pub point: PointId,
    /// Its objects.
    pub keys: PointKeys,
    /// What it holds; or why its manifest cannot be understood. Such a point is never deleted and never restored.
    pub manifest: Result<Manifest, Fault>,
}

/// What a store holds under a prefix.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PointsSeen {
    /// The recovery points, oldest first.
    pub points: Vec<PointSeen>,
    /// Objects that no manifest speaks of.
    pub leftovers: Vec<ObjectInfo>,
    /// Uploads that were never finished.
    pub uploads: Vec<UploadId>,
}

impl PointsSeen {
    /// The points whose manifests can be understood.
    pub fn readable(&self) -> impl Iterator<Item = (&PointSeen, &Manifest)> {
        self.points.iter().filter_map(|seen| seen.manifest.as_ref().ok().map(|manifest| (seen, manifest)))
    }
}

/// Looks at what a store holds under a prefix.
///
/// # Errors
/// When the store cannot be read. A manifest that cannot be understood is no error here.
pub async fn points(store: &dyn StoreRead, prefix: &str) -> Result<PointsSeen, Fault> {
    let mut listing = Listing::default();
    let mut after: Option<Key> = None;
    loop {
        let page = store.list(prefix, after.as_ref(), PAGE).await?;
        after = page.objects.last().map(|object| object.key.clone());
        page.objects.into_iter().for_each(|object| listing.add(object));
        if !page.more || after.is_none() {
            break;
        }
    }
    let mut seen = PointsSeen { leftovers: listing.leftovers(), uploads: store.uploads(prefix).await?, ..Default::default() };
    for listed in listing.points() {
        let manifest = manifest(store, &listed.keys.manifest).await;
        seen.points.push(PointSeen { host: listed.host, point: listed.point, keys: listed.keys, manifest });
    }
    seen.points.sort_by(|a, b| (&a.point, &a.host).cmp(&(&b.point, &b.host)));
    Ok(seen)
}

/// Reads a manifest.
///
/// # Errors
/// When it cannot be read or understood.
pub async fn manifest(store: &dyn StoreRead, key: &Key) -> Result<Manifest, Fault> {
    let action = || format!("read {}", store.place(key));
    let bytes = store.read(key, 0, Manifest::BYTES_MAX + 1).await?;
    Manifest::from_json(&bytes).map_err(|malformed| Fault::permanent(Cause::Invalid, action(), malformed.to_string()))
}
