//! Which recovery points a store holds, from its listing and their manifests.

use futures_util::StreamExt as _;
use jiff::Timestamp;

use crate::catalog::{Listing, MANIFEST_BYTES_MAX, Manifest, Part, Parts, PointPlace};
use crate::ports::{Cause, Certainty, Fault, ObjectInfo, StoreRead, UploadId};
use crate::primitives::{Key, PointId};

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
    let (listing, mut points, stored) = listing(store, prefix).await?;
    let objects = |parts: &Parts| [parts.archive.clone(), parts.contents.clone()];
    let leftovers = listing.leftovers().into_iter().flat_map(objects).flatten().collect();
    let mut uploads = store.uploads(prefix).await?;
    // Those of leases and records are no part of a point.
    uploads.retain(|upload| PointPlace::parse(&upload.key).is_some());
    for PointSeen { place, manifest: seen, .. } in &mut points {
        let lacks = seen.as_ref().ok().and_then(|manifest| lacks(store, place, listing.parts(place), manifest));
        if let Some(fault) = lacks {
            *seen = Err(fault);
        }
    }
    points.sort_by(|one, other| age(one).cmp(&age(other)));
    Ok(PointsSeen { points, leftovers, uploads, stored })
}

fn age(seen: &PointSeen) -> (Timestamp, &PointId, &PointPlace) {
    (seen.moment, &seen.place.point, &seen.place)
}

/// What is listed, the points of it as their manifests have them, and when the newest of it was stored. While a page's manifests are read, the
/// next is asked for.
async fn listing(store: &dyn StoreRead, prefix: &str) -> Result<(Listing, Vec<PointSeen>, Option<Timestamp>), Fault> {
    let (mut listing, mut points, mut stored) = (Listing::default(), vec![], None);
    let mut page = store.list(prefix, None, PAGE).await?;
    loop {
        let after = page.objects.last().map(|object| object.key.clone()).filter(|_| page.more);
        stored = page.objects.iter().filter_map(|object| object.stored).max().max(stored);
        let next = async {
            match &after {
                Some(after) => store.list(prefix, Some(after), PAGE).await.map(Some),
                None => Ok(None),
            }
        };
        let places = listing.add(page.objects);
        let (next, ()) = futures_util::try_join!(next, read(store, places, &mut points))?;
        match next {
            Some(next) => page = next,
            None => return Ok((listing, points, stored)),
        }
    }
}

/// Reads the manifests of places, many side by side.
async fn read(store: &dyn StoreRead, places: Vec<PointPlace>, points: &mut Vec<PointSeen>) -> Result<(), Fault> {
    let reads = places.into_iter().map(|place| point(store, place));
    let mut reads = futures_util::stream::iter(reads).buffered(store.small_side_by_side());
    while let Some(point) = reads.next().await {
        match point.manifest {
            // What may be readable in a moment says nothing of the point.
            Err(fault) if fault.certainty != Certainty::Permanent => return Err(fault),
            _ => points.push(point),
        }
    }
    Ok(())
}

/// The point of a place, as its manifest has it, which speaks of that place.
async fn point(store: &dyn StoreRead, place: PointPlace) -> PointSeen {
    let of_place = |manifest: Manifest| match manifest.is_of(&place) {
        true => Ok(manifest),
        false => Err(invalid(store, &place, format!("it is the manifest of {}", manifest.place().key(Part::Manifest)))),
    };
    let manifest = manifest(store, &place.key(Part::Manifest)).await.and_then(of_place);
    let moment = manifest.as_ref().map_or(place.point.slot.time(), |manifest| manifest.moment);
    PointSeen { place, moment, manifest }
}

/// That its archive or contents are not there as the manifest says.
fn lacks(store: &dyn StoreRead, place: &PointPlace, parts: Option<&Parts>, manifest: &Manifest) -> Option<Fault> {
    let (archive, contents) = parts.map_or((None, None), |parts| (parts.archive.as_ref(), parts.contents.as_ref()));
    let parts = [(Part::Archive, &manifest.archive, archive), (Part::Contents, &manifest.contents, contents)];
    let answer = parts.into_iter().find_map(|(part, wanted, there)| {
        if wanted.key != place.key(part) {
            return Some(format!("it speaks of {}, which is of another point", wanted.key));
        }
        match there {
            Some(object) if object.size == wanted.size => None,
            Some(object) => Some(format!("{} has {} bytes, and should have {}", wanted.key, object.size, wanted.size)),
            None => Some(format!("{} is missing", wanted.key)),
        }
    });
    answer.map(|answer| invalid(store, place, answer))
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
