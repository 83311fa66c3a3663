//! What a deletion may take: asked when the forecast is made, and again just before anything is deleted.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::Leftover;
use crate::catalog::{Manifest, Part, PointPlace};
use crate::observe::{PointSeen, PointsSeen};
use crate::ports::{ObjectInfo, UploadId};
use crate::primitives::{Key, PathBytes, PointId};
use crate::retention::{self, Candidate, Rules, Verdict};

/// A run that is alive is not older: its leftovers are its own. A day is the longest that a step is given where the plan
/// says nothing.
const PARTIAL_AGE: SignedDuration = SignedDuration::from_hours(24);
/// An archive and contents that are whole lack only a manifest: somebody may want them, so they stay for a month.
const WHOLE_AGE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What retention says of each point that can be used and is of one of these folders. A point of other folders is of
/// another plan that happens to have the same name, or of what the plan once said: it is not replaced by the new one, so it is left alone.
/// `new` is the point that will exist, if it is not there yet; it counts as good, for nothing is deleted without it.
///
/// A point that was found much smaller than those before it is good, and kept as any other; but it takes no other's place: what the rules
/// would keep if there were no such points is kept as well.
pub fn verdicts(
    seen: &PointsSeen,
    roots: &[PathBytes],
    rules: &Rules,
    new: Option<(PointId, Timestamp)>,
    now: Timestamp,
    zone: &TimeZone,
) -> BTreeMap<PointId, Verdict> {
    let decide = |usual_alone: bool| {
        let counts = |(_, manifest): &(&PointSeen, &Manifest)| !usual_alone || manifest.shrunk_from.is_none();
        let moments =
            of_roots(seen, roots).filter(counts).map(|(seen, manifest)| (seen.place.point.clone(), manifest.moment));
        let candidate = |(id, moment)| Candidate { id, moment, good: true };
        let candidates: Vec<Candidate<PointId>> = moments.chain(new.clone()).map(candidate).collect();
        let verdicts = retention::decide(&candidates, rules, now, zone);
        candidates.into_iter().map(|candidate| candidate.id).zip(verdicts)
    };
    let mut verdicts: BTreeMap<PointId, Verdict> = decide(false).collect();
    for (id, verdict) in decide(true).filter(|(_, verdict)| verdict.keeps()) {
        let of_all = verdicts.entry(id).or_insert_with(|| verdict.clone());
        if !of_all.keeps() {
            *of_all = verdict;
        }
    }
    verdicts
}

/// The points that can be used and hold a folder of the name of one of these.
pub fn of_roots<'a>(
    seen: &'a PointsSeen,
    roots: &'a [PathBytes],
) -> impl Iterator<Item = (&'a PointSeen, &'a Manifest)> {
    // By name: a folder that was moved with its plan is the same one.
    let name = |root: &PathBytes| root.to_path().file_name().map(ToOwned::to_owned);
    let is_one = move |root: &PathBytes| roots.iter().any(|other| name(other) == name(root));
    seen.readable().filter(move |(_, manifest)| manifest.roots.iter().any(&is_one))
}

/// What unfinished runs left, and is old enough that none of them is alive.
pub(super) fn leftovers(seen: &PointsSeen, now: Timestamp) -> Vec<Leftover> {
    let holds = |key: Key| seen.leftovers.iter().any(|object| object.key == key);
    let whole = |place: &PointPlace| holds(place.key(Part::Archive)) && holds(place.key(Part::Contents));
    let is_older = |place: &PointPlace, age| now.duration_since(place.point.slot.time()) >= age;
    let is_left = |object: &&ObjectInfo| {
        let age = |place: &PointPlace| if whole(place) { WHOLE_AGE } else { PARTIAL_AGE };
        PointPlace::parse(&object.key).is_some_and(|(place, _)| is_older(&place, age(&place)))
    };
    // An upload is nothing whole, whatever lies beside it.
    let is_unfinished =
        |upload: &&UploadId| PointPlace::parse(&upload.key).is_some_and(|(place, _)| is_older(&place, PARTIAL_AGE));
    let objects = seen.leftovers.iter().filter(is_left).cloned().map(Leftover::Object);
    let uploads = seen.uploads.iter().filter(is_unfinished).cloned().map(Leftover::Upload);
    objects.chain(uploads).collect()
}
