//! Which part of the older plan is which of the newer: a store by where it is, all else by its name; what is left by what is said of it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use super::change::{Kind, Subject};
use super::fact::{Entity, Renames};
use super::{facts, places};
use crate::plan::Plan;

/// So much of what is said of two must be the same that they are one by another name: of what two plans say of a part of them, or of the lines of two files.
pub const ALIKE: f64 = 0.6;
/// Beyond so many pairs, only those are one that are wholly alike.
const PAIRS_MAX: usize = 20_000;

/// What the newer plan calls the parts of the older that it has by other names; and the older, taken apart by those.
pub(super) fn renames(old: &Plan, after: &[Entity]) -> (Renames, Vec<Entity>) {
    let mut names = Renames::default();
    let mut before = facts::of_plan(old, &names);
    let by_place = places::renamed(&before, after);
    if !by_place.is_empty() {
        for (from, to) in by_place {
            names.insert(Subject { kind: Kind::Store, name: from }, to);
        }
        before = facts::of_plan(old, &names);
    }
    // First what stands by itself, then what is a part of it.
    for of_parts in [false, true] {
        let mut found = vec![];
        for (gone, come) in groups(&before, after, of_parts).into_values() {
            found.extend(pairs(&said(&before, &gone), &said(after, &come)));
        }
        if found.is_empty() {
            continue;
        }
        for (from, to) in found {
            let from = names.as_written(from);
            names.insert(from, to);
        }
        before = facts::of_plan(old, &names);
    }
    (names, before)
}

/// By kind, and by what they are a part of: those that only the older plan has, and those that only the newer has.
type Groups<'e> = BTreeMap<(Kind, Option<&'e str>), (Vec<&'e Entity>, Vec<&'e Entity>)>;

fn groups<'e>(before: &'e [Entity], after: &'e [Entity], of_parts: bool) -> Groups<'e> {
    let subjects = |of: &'e [Entity]| -> BTreeSet<&'e Subject> { of.iter().map(|entity| &entity.subject).collect() };
    let (older, newer) = (subjects(before), subjects(after));
    let is_asked = |entity: &&Entity| entity.owner.is_some() == of_parts && entity.has_own_name;
    let mut groups: Groups<'e> = BTreeMap::new();
    let key = |entity: &'e Entity| (entity.subject.kind, entity.owner.as_deref());
    for entity in before.iter().filter(is_asked).filter(|entity| !newer.contains(&entity.subject)) {
        groups.entry(key(entity)).or_default().0.push(entity);
    }
    for entity in after.iter().filter(is_asked).filter(|entity| !older.contains(&entity.subject)) {
        groups.entry(key(entity)).or_default().1.push(entity);
    }
    groups.retain(|_, (gone, come)| !gone.is_empty() && !come.is_empty());
    groups
}

/// A part, and all that is said of it and of what is a part of it, as numbers in order.
type SaidOf<'e> = (&'e Entity, Vec<u64>);

fn said<'e>(all: &[Entity], of: &[&'e Entity]) -> Vec<SaidOf<'e>> {
    let wanted: BTreeSet<&str> = of.iter().map(|entity| entity.subject.name.as_str()).collect();
    let mut parts: HashMap<&str, Vec<&Entity>> = HashMap::new();
    for part in all {
        if let Some(owner) = part.owner.as_deref().filter(|owner| wanted.contains(owner)) {
            parts.entry(owner).or_default().push(part);
        }
    }
    let said = |entity: &'e Entity| {
        let mut said: Vec<u64> = numbers(entity, "").collect();
        // Of a target its backups, of a restore its steps; a part itself has none.
        let own = parts.get(entity.subject.name.as_str()).filter(|_| entity.owner.is_none());
        for part in own.into_iter().flatten() {
            let name = part.subject.name.strip_prefix(entity.subject.name.as_str()).unwrap_or(&part.subject.name);
            said.extend(numbers(part, name));
        }
        said.sort_unstable();
        said.dedup();
        (entity, said)
    };
    of.iter().map(|entity| said(entity)).collect()
}

fn numbers<'e>(entity: &'e Entity, part: &'e str) -> impl Iterator<Item = u64> + 'e {
    entity.facts.iter().map(move |fact| {
        let mut hasher = DefaultHasher::new();
        (part, fact.aspect.word, &fact.of, fact.value.shown()).hash(&mut hasher);
        hasher.finish()
    })
}

/// Those that are one by another name: the most alike first, each once.
fn pairs(gone: &[SaidOf<'_>], come: &[SaidOf<'_>]) -> Vec<(Subject, String)> {
    let only_whole = gone.len() * come.len() > PAIRS_MAX;
    let mut by_said: HashMap<&[u64], Vec<usize>> = HashMap::new();
    for (at, (_, said)) in come.iter().enumerate() {
        by_said.entry(said).or_default().push(at);
    }
    let mut alike: Vec<(f64, usize, usize)> = vec![];
    for (from, (entity, said)) in gone.iter().enumerate() {
        if said.is_empty() {
            // Of which nothing is said, they can be one only where there is no other.
            let is_same =
                gone.len() == 1 && come.len() == 1 && come[0].1.is_empty() && entity.subject.kind == Kind::Host;
            alike.extend(is_same.then_some((1.0, 0, 0)));
            continue;
        }
        if only_whole {
            alike.extend(by_said.get(said.as_slice()).into_iter().flatten().map(|to| (1.0, from, *to)));
            continue;
        }
        let may_be = come.iter().enumerate().filter(|(_, (other, _))| facts::are_of_one_source(entity, other));
        let share = may_be.map(|(to, (_, other))| (shared(said, other), from, to));
        alike.extend(share.filter(|(share, ..)| *share >= ALIKE));
    }
    alike.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
    let (mut left, mut taken) = (BTreeSet::new(), BTreeSet::new());
    let mut pairs = vec![];
    for (_, from, to) in alike {
        if !left.contains(&from) && !taken.contains(&to) {
            left.insert(from);
            taken.insert(to);
            pairs.push((gone[from].0.subject.clone(), come[to].0.subject.name.clone()));
        }
    }
    pairs
}

/// How much of two rising lists is in both.
fn shared(one: &[u64], other: &[u64]) -> f64 {
    let mut rest = other.iter().peekable();
    let mut both = 0;
    for number in one {
        while rest.next_if(|other| *other < number).is_some() {}
        both += usize::from(rest.next_if(|other| *other == number).is_some());
    }
    let all = one.len() + other.len() - both;
    if all == 0 { 0.0 } else { both as f64 / all as f64 }
}
