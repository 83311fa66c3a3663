//! What a store's listing says: which points there are, and what was left over.

use std::collections::BTreeMap;

use super::{Part, PointPlace};
use crate::ports::ObjectInfo;
use crate::primitives::Key;

/// The recovery points of a listing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listing {
    /// Places that have a manifest, with the manifest's object: recovery points.
    pub points: BTreeMap<PointPlace, ObjectInfo>,
    /// Places that have none: a run was interrupted, or is under way.
    pub leftovers: BTreeMap<PointPlace, Partial>,
    /// Objects that are no part of a recovery point.
    pub foreign: Vec<Key>,
}

/// What a place without a manifest holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Partial {
    /// The archive.
    pub archive: Option<ObjectInfo>,
    /// The contents.
    pub contents: Option<ObjectInfo>,
}

impl Listing {
    /// Adds the objects of a page. Pages may come in any order.
    pub fn add(&mut self, objects: impl IntoIterator<Item = ObjectInfo>) {
        for object in objects {
            match PointPlace::parse(&object.key) {
                None => self.foreign.push(object.key),
                Some((place, Part::Manifest)) => {
                    self.leftovers.remove(&place);
                    self.points.insert(place, object);
                }
                Some((place, part)) if !self.points.contains_key(&place) => {
                    let partial = self.leftovers.entry(place).or_default();
                    match part {
                        Part::Contents => partial.contents = Some(object),
                        Part::Archive | Part::Manifest => partial.archive = Some(object),
                    }
                }
                Some(_) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
        let object = |key: &&str| ObjectInfo { key: Key::parse(key).unwrap(), size: 1 };
        let mut listing = Listing::default();
        listing.add(keys[..2].iter().map(object));
        listing.add(keys[2..].iter().map(object));
        let mut backwards = Listing::default();
        backwards.add(keys.iter().rev().map(object));
        assert_eq!(listing, backwards);
        let points: Vec<_> = listing.points.keys().map(|place| place.point.to_string()).collect();
        assert_eq!(points, ["20260301T053000Z-00000001"]);
        let leftovers: Vec<_> =
            listing.leftovers.values().map(|partial| (partial.archive.is_some(), partial.contents.is_some())).collect();
        assert_eq!(leftovers, [(true, false), (true, true)]);
        assert_eq!(listing.foreign.len(), 1);
    }
}
