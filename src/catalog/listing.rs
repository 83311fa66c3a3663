//! What a store's listing says: which points there are, and what was left over.

use std::collections::BTreeMap;

use super::{Part, PointPlace};
use crate::ports::ObjectInfo;

/// What a listing says, place by place.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    places: BTreeMap<PointPlace, Parts>,
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
    /// Adds the objects of a page. Pages may come in any order; what is no part of a recovery point is passed over.
    pub fn add(&mut self, objects: impl IntoIterator<Item = ObjectInfo>) {
        for object in objects {
            let Some((place, part)) = PointPlace::parse(&object.key) else { continue };
            let parts = self.places.entry(place).or_default();
            match part {
                Part::Archive => parts.archive = Some(object),
                Part::Contents => parts.contents = Some(object),
                Part::Manifest => parts.manifest = Some(object),
            }
        }
    }

    /// The places that have a manifest: recovery points.
    pub fn points(&self) -> impl Iterator<Item = (&PointPlace, &Parts)> {
        self.places.iter().filter(|(_, parts)| parts.manifest.is_some())
    }

    /// The places that have none: a run was killed there, or is under way.
    pub fn leftovers(&self) -> impl Iterator<Item = (&PointPlace, &Parts)> {
        self.places.iter().filter(|(_, parts)| parts.manifest.is_none())
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
        listing.add(keys[..2].iter().map(object));
        listing.add(keys[2..].iter().map(object));
        let mut backwards = Listing::default();
        backwards.add(keys.iter().rev().map(object));
        assert_eq!(listing, backwards);
        let points: Vec<_> = listing.points().map(|(place, _)| place.point.to_string()).collect();
        assert_eq!(points, ["20260301T053000Z-00000001"]);
        let leftovers: Vec<_> =
            listing.leftovers().map(|(_, parts)| (parts.archive.is_some(), parts.contents.is_some())).collect();
        assert_eq!(leftovers, [(true, false), (true, true)]);
    }
}
