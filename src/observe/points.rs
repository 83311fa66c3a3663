//! Which recovery points a store holds, from its listing and their manifests.

use crate::catalog::{Listing, MANIFEST_BYTES_MAX, Manifest, Part, Parts, PointPlace};
use crate::ports::{Cause, Certainty, Fault, ObjectInfo, StoreRead, UploadId};
use crate::primitives::Key;

/// How many keys a page of a listing holds (S3's own limit).
const PAGE: usize = 1000;

/// A recovery point that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointSeen {
    /// Where its objects lie.
    pub place: PointPlace,
    /// What it holds; or why it cannot be used: its manifest cannot be understood, or its archive or contents are not
    /// there as the manifest has them. Such a point is never deleted, never restored, and counts for nothing.
    pub manifest: Result<Manifest, Fault>,
}

/// What a store holds under a prefix.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PointsSeen {
    /// The recovery points, oldest first.
    pub points: Vec<PointSeen>,
    /// Objects of points that have no manifest.
    pub leftovers: Vec<ObjectInfo>,
    /// Uploads that were never finished.
    pub uploads: Vec<UploadId>,
}

impl PointsSeen {
    /// The points that can be used.
    pub fn readable(&self) -> impl Iterator<Item = (&PointSeen, &Manifest)> {
        self.points.iter().filter_map(|seen| seen.manifest.as_ref().ok().map(|manifest| (seen, manifest)))
    }
}

/// Looks at what a store holds under a prefix.
///
/// # Errors
/// When the store cannot be read. A manifest that cannot be understood is no error here.
pub async fn points(store: &dyn StoreRead, prefix: &str) -> Result<PointsSeen, Fault> {
    let listing = listing(store, prefix).await?;
    let objects = |(_, parts): (&PointPlace, &Parts)| [parts.archive.clone(), parts.contents.clone()];
    let leftovers = listing.leftovers().flat_map(objects).flatten().collect();
    let mut seen = PointsSeen { points: vec![], leftovers, uploads: store.uploads(prefix).await? };
    for (place, parts) in listing.points() {
        let manifest = match manifest_of(store, place, parts).await {
            // What may be readable in a moment says nothing of the point.
            Err(fault) if fault.certainty != Certainty::Permanent => return Err(fault),
            manifest => manifest,
        };
        seen.points.push(PointSeen { place: place.clone(), manifest });
    }
    seen.points.sort_by(|a, b| (&a.place.point, &a.place).cmp(&(&b.place.point, &b.place)));
    Ok(seen)
}

async fn listing(store: &dyn StoreRead, prefix: &str) -> Result<Listing, Fault> {
    let mut listing = Listing::default();
    let mut after: Option<Key> = None;
    loop {
        let page = store.list(prefix, after.as_ref(), PAGE).await?;
        after = page.objects.last().map(|object| object.key.clone());
        listing.add(page.objects);
        if !page.more || after.is_none() {
            return Ok(listing);
        }
    }
}

/// The manifest of a place, which speaks of that place and of objects that are there.
async fn manifest_of(store: &dyn StoreRead, place: &PointPlace, parts: &Parts) -> Result<Manifest, Fault> {
    let key = place.key(Part::Manifest);
    let manifest = manifest(store, &key).await?;
    let invalid = |answer: String| Fault::permanent(Cause::Invalid, format!("use {}", store.place(&key)), answer);
    if manifest.place() != *place {
        return Err(invalid(format!("it is the manifest of {}", manifest.place().key(Part::Manifest))));
    }
    let parts =
        [(Part::Archive, &manifest.archive, &parts.archive), (Part::Contents, &manifest.contents, &parts.contents)];
    for (part, wanted, there) in parts {
        if wanted.key != place.key(part) {
            return Err(invalid(format!("it speaks of {}, which is of another point", wanted.key)));
        }
        match there {
            Some(object) if object.size == wanted.size => {}
            Some(object) => {
                let answer = format!("{} has {} bytes, and should have {}", wanted.key, object.size, wanted.size);
                return Err(invalid(answer));
            }
            None => return Err(invalid(format!("{} is missing", wanted.key))),
        }
    }
    Ok(manifest)
}

/// Reads a manifest.
///
/// # Errors
/// When it cannot be read or understood.
pub async fn manifest(store: &dyn StoreRead, key: &Key) -> Result<Manifest, Fault> {
    let bytes = store.read(key, 0, MANIFEST_BYTES_MAX + 1).await?;
    let invalid = |error: crate::catalog::CatalogError| {
        Fault::permanent(Cause::Invalid, format!("read {}", store.place(key)), error.to_string())
    };
    Manifest::decode(&bytes).map_err(invalid)
}
