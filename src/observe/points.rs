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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bytes::Bytes;

    use super::*;
    use crate::archive::{Crc32, Plain};
    use crate::catalog::{MANIFEST_FORMAT_VERSION, Named, ReadBackRecord, StoredObject, Totals};
    use crate::ports::{Page, StorePlace};
    use crate::primitives::{Digest, RunId, Slot};

    /// A store that lists page by page, of which one call fails.
    struct Pages {
        objects: BTreeMap<Key, Bytes>,
        /// Whether a page begins with what the one before ended with.
        repeats: bool,
        calls: AtomicUsize,
        fails: Option<(usize, Certainty)>,
    }

    impl Pages {
        fn call(&self) -> Result<(), Fault> {
            let number = self.calls.fetch_add(1, Ordering::SeqCst);
            match self.fails {
                Some((at, certainty)) if at == number => {
                    Err(Fault { certainty, ..Fault::permanent(Cause::Other, "ask", "it fails") })
                }
                _ => Ok(()),
            }
        }
    }

    #[async_trait::async_trait]
    impl StoreRead for Pages {
        async fn list(&self, prefix: &str, after: Option<&Key>, limit: usize) -> Result<Page, Fault> {
            self.call()?;
            let is_behind = |key: &Key| after < Some(key) || (self.repeats && after == Some(key));
            let found = self.objects.iter().filter(|(key, _)| key.as_str().starts_with(prefix) && is_behind(key));
            let info =
                |(key, bytes): (&Key, &Bytes)| ObjectInfo { key: key.clone(), size: bytes.len() as u64, stored: None };
            let mut objects: Vec<ObjectInfo> = found.take(limit + 1).map(info).collect();
            let more = objects.len() > limit;
            objects.truncate(limit);
            Ok(Page { objects, more })
        }

        async fn head(&self, _key: &Key) -> Result<Option<ObjectInfo>, Fault> {
            Ok(None)
        }

        async fn read(&self, key: &Key, _offset: u64, _length: usize) -> Result<Bytes, Fault> {
            self.call()?;
            Ok(self.objects[key].clone())
        }

        fn small_side_by_side(&self) -> usize {
            32
        }

        async fn uploads(&self, _prefix: &str) -> Result<Vec<UploadId>, Fault> {
            self.call().map(|()| vec![])
        }

        async fn real_place(&self) -> Result<StorePlace, Fault> {
            Ok(StorePlace::Elsewhere("pages".into()))
        }

        fn place(&self, key: &Key) -> String {
            key.to_string()
        }
    }

    /// So many points, a minute apart.
    fn pages(points: i64) -> Pages {
        let mut objects = BTreeMap::new();
        for number in 0..points {
            let at = Timestamp::from_second(1_772_000_000 + 60 * number).unwrap();
            let slot = Slot::new(at);
            let run = RunId::new(at, 7);
            let key = Key::parse(&format!("plan/docs/daily/web-1/{}.tar.zip", run.point(slot))).unwrap();
            let place = PointPlace::parse(&key).unwrap().0;
            let object = |part| StoredObject { key: place.key(part), size: 3, digest: Digest::of(b"abc") };
            let manifest = Manifest {
                format_version: MANIFEST_FORMAT_VERSION,
                plan: place.plan.clone(),
                job: place.job.clone(),
                host: place.host.to_string(),
                point: place.point.clone(),
                run,
                slot,
                began: at,
                moment: at,
                finished: at,
                roots: vec![],
                mounts: vec![],
                archive: object(Part::Archive),
                plain: Plain { size: 10_240, crc32: Crc32(1) },
                contents: object(Part::Contents),
                segments_at: 2,
                totals: Totals::default(),
                read_back: ReadBackRecord { at, entries: 0 },
                shrunk_from: None,
                clean: true,
                unread: Named::default(),
                not_stored: Named::default(),
                changed: Named::default(),
                not_entered: Named::default(),
            };
            objects.insert(place.key(Part::Archive), Bytes::from_static(b"abc"));
            objects.insert(place.key(Part::Contents), Bytes::from_static(b"abc"));
            objects.insert(place.key(Part::Manifest), manifest.encode().unwrap().into());
        }
        Pages { objects, repeats: false, calls: AtomicUsize::new(0), fails: None }
    }

    /// As many as three pages hold, which end within points.
    const POINTS: i64 = 700;

    #[tokio::test]
    async fn each_point_of_many_pages_is_seen_once_and_whole() {
        // Behind so many others, the first page ends with contents, a manifest, and an archive.
        for (repeats, others) in [false, true].into_iter().flat_map(|repeats| [0, 2, 1].map(|others| (repeats, others)))
        {
            let mut store = Pages { repeats, ..pages(POINTS) };
            for other in 0..others {
                store.objects.insert(Key::parse(&format!("plan/a/{other}")).unwrap(), Bytes::new());
            }
            let seen = points(&store, "plan/").await.unwrap();
            assert_eq!(seen.readable().count(), 700, "{repeats} {others}");
            assert_eq!(seen.points.len(), 700, "{repeats} {others}");
            assert!(seen.points.is_sorted_by_key(|point| point.moment));
            assert!(seen.leftovers.is_empty());
            assert_eq!(store.calls.into_inner(), 700 + 3 + 1, "each manifest once, three pages, the uploads");
        }
    }

    #[tokio::test]
    async fn what_a_page_lacks_is_noticed_wherever_it_ends() {
        for lost in 0..POINTS {
            if !(lost < 2 || (332..336).contains(&lost) || (665..669).contains(&lost) || lost == POINTS - 1) {
                continue;
            }
            for part in [Part::Archive, Part::Contents] {
                let mut store = pages(POINTS);
                let point = usize::try_from(lost).unwrap();
                let manifest = store.objects.keys().filter(|key| key.as_str().ends_with("json")).nth(point).unwrap();
                let place = PointPlace::parse(manifest).unwrap().0;
                store.objects.remove(&place.key(part));
                let seen = points(&store, "").await.unwrap();
                let unusable: Vec<_> = seen.points.iter().filter(|point| point.manifest.is_err()).collect();
                assert_eq!(unusable.iter().map(|point| &point.place).collect::<Vec<_>>(), [&place], "{lost} {part:?}");
            }
        }
    }

    #[tokio::test]
    async fn what_fails_for_now_ends_the_listing_and_what_fails_for_good_is_one_point() {
        let all = pages(POINTS);
        points(&all, "").await.unwrap();
        let calls = all.calls.load(Ordering::SeqCst);
        for at in (0..calls).filter(|at| at % 50 < 2 || (330..340).contains(at) || at + 3 >= calls) {
            let failing = |certainty| Pages {
                objects: all.objects.clone(),
                repeats: false,
                calls: AtomicUsize::new(0),
                fails: Some((at, certainty)),
            };
            for certainty in [Certainty::Transient, Certainty::Unknown] {
                assert!(points(&failing(certainty), "").await.is_err(), "call {at}");
            }
            // A listing that fails is no listing; a manifest is of one point.
            let seen = points(&failing(Certainty::Permanent), "").await;
            let unusable = seen.map(|seen| (seen.points.len(), seen.points.len() - seen.readable().count()));
            assert!(unusable.as_ref().map_or(true, |seen| *seen == (700, 1)), "call {at}: {unusable:?}");
            assert_eq!(unusable.is_err(), at == 0 || at == 1 || at == 335 || at + 1 == calls, "call {at}");
        }
    }
}
