//! Which recovery points a store holds, from its listing and their manifests.

use futures_util::StreamExt as _;
use jiff::Timestamp;

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
    /// When its data is from. Where no manifest says so, what it was made for, which is to the second.
    pub moment: Timestamp,
    /// What it holds; or why it cannot be used: its manifest cannot be understood, or its archive or contents are not
    /// there as the manifest has them. Such a point is never deleted, never restored, and counts for nothing.
    pub manifest: Result<Manifest, Fault>,
}

/// What a store holds under a prefix.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PointsSeen {
    /// The recovery points, those with the oldest data first; of one moment, by their identity.
    pub points: Vec<PointSeen>,
    /// Objects of points that have no manifest.
    pub leftovers: Vec<ObjectInfo>,
    /// Uploads that were never finished.
    pub uploads: Vec<UploadId>,
    /// When the newest of all these objects was stored, as the store's clock has it.
    pub stored: Option<Timestamp>,
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
    let (listing, stored) = listing(store, prefix).await?;
    let objects = |(_, parts): (&PointPlace, &Parts)| [parts.archive.clone(), parts.contents.clone()];
    let leftovers = listing.leftovers().flat_map(objects).flatten().collect();
    let mut uploads = store.uploads(prefix).await?;
    // Those of leases and records are no part of a point.
    uploads.retain(|upload| PointPlace::parse(&upload.key).is_some());
    let mut seen = PointsSeen { points: vec![], leftovers, uploads, stored };
    let places: Vec<(&PointPlace, &Parts)> = listing.points().collect();
    let reads: Vec<_> = places.iter().map(|(place, _)| manifest_of(store, place)).collect();
    let mut manifests = futures_util::stream::iter(reads).buffered(store.small_side_by_side());
    for (place, parts) in places {
        let Some(manifest) = manifests.next().await else { break };
        let manifest = match manifest {
            // What may be readable in a moment says nothing of the point.
            Err(fault) if fault.certainty != Certainty::Permanent => return Err(fault),
            manifest => manifest,
        };
        let moment = manifest.as_ref().map_or(place.point.slot.time(), |manifest| manifest.moment);
        let manifest = manifest.and_then(|manifest| with_parts(store, place, parts, manifest));
        seen.points.push(PointSeen { place: place.clone(), moment, manifest });
    }
    let age = |seen: &PointSeen| (seen.moment, seen.place.point.clone(), seen.place.clone());
    seen.points.sort_by_cached_key(age);
    Ok(seen)
}

async fn listing(store: &dyn StoreRead, prefix: &str) -> Result<(Listing, Option<Timestamp>), Fault> {
    let (mut listing, mut stored) = (Listing::default(), None);
    let mut after: Option<Key> = None;
    loop {
        let page = store.list(prefix, after.as_ref(), PAGE).await?;
        after = page.objects.last().map(|object| object.key.clone());
        stored = page.objects.iter().filter_map(|object| object.stored).max().max(stored);
        listing.add(page.objects);
        if !page.more || after.is_none() {
            return Ok((listing, stored));
        }
    }
}

/// The manifest of a place, which speaks of that place.
async fn manifest_of(store: &dyn StoreRead, place: &PointPlace) -> Result<Manifest, Fault> {
    let manifest = manifest(store, &place.key(Part::Manifest)).await?;
    match manifest.place() == *place {
        true => Ok(manifest),
        false => Err(invalid(store, place, format!("it is the manifest of {}", manifest.place().key(Part::Manifest)))),
    }
}

/// A manifest whose archive and contents are there as it says.
fn with_parts(store: &dyn StoreRead, place: &PointPlace, parts: &Parts, manifest: Manifest) -> Result<Manifest, Fault> {
    let parts =
        [(Part::Archive, &manifest.archive, &parts.archive), (Part::Contents, &manifest.contents, &parts.contents)];
    for (part, wanted, there) in parts {
        if wanted.key != place.key(part) {
            return Err(invalid(store, place, format!("it speaks of {}, which is of another point", wanted.key)));
        }
        match there {
            Some(object) if object.size == wanted.size => {}
            Some(object) => {
                let answer = format!("{} has {} bytes, and should have {}", wanted.key, object.size, wanted.size);
                return Err(invalid(store, place, answer));
            }
            None => return Err(invalid(store, place, format!("{} is missing", wanted.key))),
        }
    }
    Ok(manifest)
}

fn invalid(store: &dyn StoreRead, place: &PointPlace, answer: String) -> Fault {
    Fault::permanent(Cause::Invalid, format!("use {}", store.place(&place.key(Part::Manifest))), answer)
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
