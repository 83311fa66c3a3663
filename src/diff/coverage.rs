//! What selectors and lists come to: which targets a verification looks at, whatever words it names them by, and whether hosts are all there are.

use std::collections::BTreeSet;

use super::change::{Judgement, Kind};
use super::fact::{Entity, Value};
use super::facts::{AREA, TARGETS};
use super::judge::Verdict;
use crate::diagnostic::codes::change::LOST;

/// What other words for the targets of a verification mean, where `targets` are those of the newer plan: one that is gone from the plan is told
/// where it is gone.
pub(super) fn looked_at(old: Option<&Value>, new: Option<&Value>, targets: &[Entity]) -> Verdict {
    let [before, after] = [old, new].map(|words| covered(words, targets));
    let [was_open, is_open] = [old, new].map(is_open);
    match (after.is_superset(&before), before.is_superset(&after)) {
        (false, _) => Verdict::weaker(&LOST, TARGETS.weaker),
        (true, false) => Verdict::stronger(TARGETS.stronger),
        (true, true) => {
            let later =
                "the same targets are looked at now; one that is added later is looked at only where it is named";
            let because = if was_open && !is_open { vec![later.to_owned()] } else { vec![] };
            Verdict { judgement: Judgement::Neutral, code: None, because }
        }
    }
}

/// Whether a target that named no hosts names all of the plan's now, or the other way round.
pub(super) fn are_all_hosts(old: Option<&Value>, new: Option<&Value>, all: &[Entity]) -> bool {
    let named: BTreeSet<&str> = match (old, new) {
        (None, named @ Some(_)) | (named @ Some(_), None) => words(named).collect(),
        _ => return false,
    };
    let mut hosts = all.iter().filter(|entity| entity.subject.kind == Kind::Host);
    hosts.all(|host| named.contains(host.subject.name.as_str()))
}

fn words(said: Option<&Value>) -> impl Iterator<Item = &str> {
    let set = match said {
        Some(Value::Set(set)) => Some(set),
        _ => None,
    };
    set.into_iter().flatten().map(String::as_str)
}

/// Whether a target that is added later may be looked at without another word.
fn is_open(said: Option<&Value>) -> bool {
    said.is_none() || words(said).any(|word| word == "*" || word.starts_with("area:"))
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
