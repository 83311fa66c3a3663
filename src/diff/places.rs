//! Where the stores of two plans are: a store is its place, whatever it is called.

use std::collections::{BTreeMap, BTreeSet};

use super::change::Kind;
use super::fact::{Entity, Rule};

/// By name, the places of the stores of a plan.
fn places(of: &[Entity]) -> BTreeMap<&str, String> {
    let stores = of.iter().filter(|entity| entity.subject.kind == Kind::Store);
    stores.map(|store| (store.subject.name.as_str(), place(store).unwrap_or_default())).collect()
}

/// Where a store is.
pub(super) fn place(store: &Entity) -> Option<String> {
    let place = store.facts.iter().find(|fact| fact.aspect.rule == Rule::Place)?;
    Some(place.value.shown())
}

/// The stores, by the newer plan's names, that are at another place.
pub(super) fn moved(before: &[Entity], after: &[Entity]) -> BTreeSet<String> {
    let older = places(before);
    let newer = places(after).into_iter();
    let moved = newer.filter(|(name, place)| older.get(name).is_some_and(|before| before != place));
    moved.map(|(name, _)| name.to_owned()).collect()
}

/// What the newer plan calls those stores of the older that are where they were. What had such a name, and is not there any more, gets another, so
/// that no two have one.
pub(super) fn renamed(before: &[Entity], after: &[Entity]) -> BTreeMap<String, String> {
    let (older, newer) = (places(before), places(after));
    let stays = |(name, place): &(&&str, &String)| newer.get(**name) == Some(*place);
    // What stays by its name is no other's, and two become one only once.
    let mut there: BTreeMap<&str, &str> = newer.iter().map(|(name, place)| (place.as_str(), *name)).collect();
    for (_, place) in older.iter().filter(stays) {
        there.remove(place.as_str());
    }
    let mut pairs: BTreeMap<String, String> = BTreeMap::new();
    for (from, place) in older.iter().filter(|store| !stays(store)) {
        if let Some(to) = there.remove(place.as_str()) {
            pairs.insert((*from).to_owned(), to.to_owned());
        }
    }
    let names: BTreeSet<&str> = older.keys().chain(newer.keys()).copied().collect();
    let taken = pairs.values().filter(|to| older.contains_key(to.as_str()) && !pairs.contains_key(*to));
    for name in taken.cloned().collect::<Vec<_>>() {
        let mut free = format!("{name}-before");
        while names.contains(free.as_str()) {
            free.push_str("-before");
        }
        pairs.insert(name, free);
    }
    pairs
}
