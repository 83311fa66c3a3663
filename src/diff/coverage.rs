//! What selectors and lists come to: which targets a verification looks at, whatever words it names them by, and whether hosts are all there are.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Judgement, Kind, listed};
use super::fact::{Entity, Value};
use super::facts::{AREA, TARGETS};
use super::judge::Verdict;
use crate::diagnostic::codes::change::LOST;

/// What other words for the targets of a verification mean, of which each plan has its own: one that is gone from the plan is told where it is
/// gone.
pub(super) fn looked_at([old, new]: [Option<&Value>; 2], [older, newer]: [&[Entity]; 2]) -> Verdict {
    let [before, after] = [covered(old, older), covered(new, newer)];
    let left = covered(None, newer);
    let before: BTreeSet<&str> = before.intersection(&left).copied().collect();
    match (after.is_superset(&before), before.is_superset(&after)) {
        (false, _) => {
            let lost: Vec<String> = before.difference(&after).map(|name| (*name).to_owned()).collect();
            Verdict::weaker(&LOST, &format!("{}: without {}", TARGETS.weaker, listed(&lost)))
        }
        (true, false) => Verdict::stronger(TARGETS.stronger),
        (true, true) => {
            let later = "the same targets are looked at now; one that is added later is looked at only where";
            let mut because = match [old, new].map(open_to) {
                [_, None] => vec![],
                [Some(before), Some(after)] if before.is_subset(&after) => vec![],
                [_, Some(after)] if after.is_empty() => vec![format!("{later} it is named")],
                _ => vec![format!("{later} it is of a named area, or named itself")],
            };
            let missed: Vec<String> = covered(old, newer)
                .difference(&after)
                .filter(|name| !before.contains(*name))
                .map(|name| (*name).to_owned())
                .collect();
            if !missed.is_empty() {
                because.insert(0, format!("the words of before would be of {} as well, which is new", listed(&missed)));
            }
            Verdict { judgement: Judgement::Neutral, code: None, because }
        }
    }
}

/// The verifications that have the same words for their targets in both plans.
pub(super) fn unchanged<'e>(older: &'e [Entity], newer: &[Entity]) -> BTreeSet<&'e str> {
    let words = |of: &'_ Entity| of.facts.iter().find(|fact| *fact.aspect == TARGETS).map(|fact| fact.value.clone());
    let is_one = |entity: &&Entity| entity.subject.kind == Kind::Verify;
    let after: BTreeMap<&str, Option<Value>> =
        newer.iter().filter(is_one).map(|verify| (verify.subject.name.as_str(), words(verify))).collect();
    let named = older.iter().filter(is_one).map(|verify| (verify.subject.name.as_str(), words(verify)));
    named.filter(|(name, words)| after.get(name) == Some(words)).map(|(name, _)| name).collect()
}

/// Whether a target that named no hosts names all that its plan had, or one that named all that its plan has names none now.
pub(super) fn are_all_hosts([old, new]: [Option<&Value>; 2], [older, newer]: [&[Entity]; 2]) -> bool {
    let (named, all) = match (old, new) {
        (None, named @ Some(_)) => (named, older),
        (named @ Some(_), None) => (named, newer),
        _ => return false,
    };
    let named: BTreeSet<&str> = words(named).collect();
    let hosts = all.iter().filter(|entity| entity.subject.kind == Kind::Host);
    let hosts: BTreeSet<&str> = hosts.map(|host| host.subject.name.as_str()).collect();
    !hosts.is_empty() && hosts.is_subset(&named)
}

fn words(said: Option<&Value>) -> impl Iterator<Item = &str> {
    let set = match said {
        Some(Value::Set(set)) => Some(set),
        _ => None,
    };
    set.into_iter().flatten().map(String::as_str)
}

/// The areas whose targets are looked at without another word; none where that are all.
fn open_to(said: Option<&Value>) -> Option<BTreeSet<&str>> {
    let is_all = said.is_none() || words(said).any(|word| word == "*");
    (!is_all).then(|| words(said).filter(|word| word.starts_with("area:")).collect())
}

fn covered<'e>(said: Option<&Value>, targets: &'e [Entity]) -> BTreeSet<&'e str> {
    let is_covered = |target: &&Entity| {
        let area =
            target.facts.iter().find(|fact| *fact.aspect == AREA).map(|fact| format!("area:{}", fact.value.shown()));
        let is_meant = |word: &str| word == "*" || word == target.subject.name || Some(word) == area.as_deref();
        said.is_none() || words(said).any(is_meant)
    };
    let all = targets.iter().filter(|entity| entity.subject.kind == Kind::Target);
    all.filter(is_covered).map(|target| target.subject.name.as_str()).collect()
}
