//! What a store's listing says: which points there are, and what was left over.

use std::collections::HashMap;

use super::{Part, PointPlace};
use crate::ports::ObjectInfo;

/// What a listing says, place by place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    places: HashMap<PointPlace, Parts>,
}

/// The objects of one place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parts {
    /// The archive.
    pub archive: Option<ObjectInfo>,
    /// The contents.
    pub contents: Option<ObjectInfo>,
    /// The manifest: where there is one, the place is a recovery point.
    pub manifest: Option<ObjectInfo>,
}

impl Listing {
    /// Adds the objects of a page, and answers with the places of which it has the manifest, and none had it before: recovery points. Pages may
    /// come in any order; what is no part of a recovery point is passed over.
    pub fn add(&mut self, objects: impl IntoIterator<Item = ObjectInfo>) -> Vec<PointPlace> {
        let mut points: Vec<PointPlace> = Vec::new();
        for object in objects {
            let read =
                points.last().map_or_else(|| PointPlace::parse(&object.key), |last| last.parse_beside(&object.key));
            let Some((place, part)) = read else { continue };
            let parts = self.places.entry(place.clone()).or_default();
            let seen = match part {
                Part::Archive => &mut parts.archive,
                Part::Contents => &mut parts.contents,
                Part::Manifest => &mut parts.manifest,
            };
            // A service may list what a page ends with once more.
            if seen.replace(object).is_none() && part == Part::Manifest {
                points.push(place);
            }
        }
        points
    }

    /// The objects of a place; none where none was listed.
    pub fn parts(&self, place: &PointPlace) -> Option<&Parts> {
        self.places.get(place)
    }

    /// The objects of places that have no manifest, in the order of the places: a run was killed there, or is under way.
    pub fn leftovers(&self) -> Vec<&Parts> {
        let mut places: Vec<_> = self.places.iter().filter(|(_, parts)| parts.manifest.is_none()).collect();
        places.sort_by_key(|(place, _)| *place);
        places.into_iter().map(|(_, parts)| parts).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::Key;

    #[test]
    fn a_point_is_what_has_a_manifest() {
        let keys = [
            "p/t/b/h/20260301T053000Z-00000001.contents.jsonl.gz",
            "p/t/b/h/20260301T053000Z-00000001.manifest.json",
            "p/t/b/h/20260301T053000Z-00000001.tar.zip",
            "p/t/b/h/20260302T053000Z-00000002.tar.zip",
            "p/t/b/h/20260303T053000Z-00000003.contents.jsonl.gz",
            "p/t/b/h/20260303T053000Z-00000003.tar.zip",
            "p/t/b/h/README",
        ];
        let object = |key: &&str| ObjectInfo { key: Key::parse(key).unwrap(), size: 1, stored: None };
        let mut listing = Listing::default();
        let points = listing.add(keys[..2].iter().map(object));
        assert_eq!(listing.add(keys[2..].iter().map(object)), []);
        assert_eq!(listing.add(keys[1..2].iter().map(object)), [], "it is the same point");
        let mut backwards = Listing::default();
        backwards.add(keys.iter().rev().map(object));
        assert_eq!(listing, backwards);
        let points: Vec<_> = points.into_iter().map(|place| place.point.to_string()).collect();
        assert_eq!(points, ["20260301T053000Z-00000001"]);
        let parts = PointPlace::parse(&Key::parse(keys[0]).unwrap()).and_then(|(place, _)| listing.parts(&place));
        assert!(parts.is_some_and(|parts| parts.archive.is_some() && parts.contents.is_some()));
        let leftovers = listing.leftovers();
        let leftovers: Vec<_> =
            leftovers.iter().map(|parts| (parts.archive.is_some(), parts.contents.is_some())).collect();
        assert_eq!(leftovers, [(true, false), (true, true)]);
    }
}
