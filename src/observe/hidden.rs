//! Which recovery points a store hides: they were deleted, and can be brought back.

use std::collections::BTreeMap;

use crate::catalog::{Part, PointPlace};
use crate::ports::{Fault, HiddenObject, StoreRead};
use crate::primitives::Key;

/// What comes behind all of the names that points, leases and pins have: what is hidden of a folder of those ends there.
const BEHIND_ALL: &str = "~";

/// A recovery point that was deleted, and of which its manifest is still there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PointHidden {
    /// Where its objects lay.
    pub place: PointPlace,
    /// What of it is hidden, in the order in which it is brought back: a point is one when its manifest is there, so that comes last.
    pub objects: Vec<(Part, HiddenObject)>,
}

/// The recovery points that a store hides below a prefix, oldest first.
///
/// # Errors
/// When the store cannot be read.
pub async fn hidden(store: &dyn StoreRead, prefix: &str) -> Result<Vec<PointHidden>, Fault> {
    let mut found: BTreeMap<PointPlace, BTreeMap<Part, HiddenObject>> = BTreeMap::new();
    let mut after = None;
    loop {
        let page = store.hidden(prefix, after.as_ref()).await?;
        for object in page.objects {
            if let Some((place, part)) = PointPlace::parse(&object.key) {
                found.entry(place).or_default().insert(part, object);
            }
        }
        let Some(seen_to) = page.seen_to else { break };
        after = Some(behind_leases(seen_to));
    }
    let hidden = found.into_iter().filter(|(_, parts)| parts.contains_key(&Part::Manifest));
    let hidden = hidden.map(|(place, parts)| PointHidden { place, objects: parts.into_iter().collect() });
    let mut hidden: Vec<PointHidden> = hidden.collect();
    hidden.sort_by_key(|hidden| (hidden.place.point.slot.time(), hidden.place.clone()));
    Ok(hidden)
}

/// Where to look on. A run renews its lease every minute or two, so a folder hides thousands of those behind its points: nobody reads them.
fn behind_leases(seen_to: Key) -> Key {
    let Some((folder, name)) = seen_to.as_str().rsplit_once('/') else { return seen_to };
    let is_behind_points = name.starts_with("lease-") || name.starts_with("pin-");
    match Key::parse(&format!("{folder}/{BEHIND_ALL}")) {
        Ok(behind) if is_behind_points => behind,
        _ => seen_to,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_behind_the_points_of_a_folder_is_jumped_over() {
        let behind = |key: &str| behind_leases(Key::parse(key).unwrap()).as_str().to_owned();
        assert_eq!(behind("p/t/b/h/lease-000000000001.json"), "p/t/b/h/~");
        assert_eq!(behind("p/t/b/h/20260101T000000Z-00000000.tar.zip"), "p/t/b/h/20260101T000000Z-00000000.tar.zip");
        assert!("p/t/b/h/~" > "p/t/b/h/pin-x" && "p/t/b/h/~" < "p/t/b/h2/2026");
    }
}
