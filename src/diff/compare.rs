//! Two plans, part by part.

use std::collections::{BTreeSet, HashMap};

use super::change::{Change, Judgement, Kind, Subject, What};
use super::fact::{Aspect, Entity, Fact, Renames, Rule, Shape, Value};
use super::judge::{Judge, Verdict};
use super::points::Sides;
use super::{coverage, facts, kept, places};
use crate::diagnostic::codes::change::{HISTORY, LOST};
use crate::plan::{Backup, Source, Target};
use crate::primitives::{Span, grouped};

/// What is needed to compare.
pub(super) struct Comparing<'p> {
    before: &'p [Entity],
    after: &'p [Entity],
    names: &'p Renames,
    /// Both, where both are there.
    sides: Option<Sides<'p>>,
    judge: Judge,
    /// The stores of either, by the newer plan's names.
    stores: [HashMap<&'p str, &'p Entity>; 2],
    /// The verifications that name their targets by the same words in both.
    verifications: BTreeSet<&'p str>,
}

impl<'p> Comparing<'p> {
    /// Of the older plan, what others call its parts is as `names` has it.
    pub(super) fn new(before: &'p [Entity], after: &'p [Entity], names: &'p Renames, sides: Option<Sides<'p>>) -> Self {
        let sides = sides.map(|sides| sides.where_stores_moved(places::moved(before, after)));
        let stores = [before, after].map(|of| {
            let stores = of.iter().filter(|entity| entity.subject.kind == Kind::Store);
            stores.map(|store| (store.subject.name.as_str(), store)).collect()
        });
        let verifications = coverage::unchanged(before, after);
        Self { before, after, names, sides, judge: Judge::default(), stores, verifications }
    }

    /// All that differs, in the newer plan's order; what is gone comes last.
    pub(super) fn changes(mut self) -> Vec<Change> {
        let (before, after) = (self.before, self.after);
        let older: HashMap<&Subject, &Entity> = before.iter().map(|entity| (&entity.subject, entity)).collect();
        let newer: HashMap<&Subject, &Entity> = after.iter().map(|entity| (&entity.subject, entity)).collect();
        let owners = |of: &[Entity], others: &HashMap<&Subject, &Entity>| -> BTreeSet<(Kind, String)> {
            let alone = of.iter().filter(|entity| !others.contains_key(&entity.subject));
            alone.map(|entity| (entity.subject.kind, entity.subject.name.clone())).collect()
        };
        let (added, removed) = (owners(after, &older), owners(before, &newer));
        let is_of = |alone: &BTreeSet<(Kind, String)>, entity: &Entity| {
            owner_of(entity).is_some_and(|owner| alone.contains(&owner))
        };
        let mut changes = vec![];
        for entity in after {
            match older.get(&entity.subject) {
                Some(old) => self.both(old, entity, &mut changes),
                None if is_of(&added, entity) => {}
                None => self.added(entity, after, &mut changes),
            }
        }
        let root = after.first().map_or_else(Span::default, |plan| plan.span);
        for entity in before.iter().filter(|entity| !newer.contains_key(&entity.subject)) {
            if !is_of(&removed, entity) {
                let owner = owner_of(entity).map(|(kind, name)| Subject { kind, name });
                let span = owner.and_then(|owner| newer.get(&owner)).map_or(root, |owner| owner.span);
                changes.push(self.removed(entity, before, span));
            }
        }
        changes.retain(|change| !change.is_about_a_change());
        changes
    }

    fn added(&mut self, entity: &Entity, all: &[Entity], changes: &mut Vec<Change>) {
        let verdict = match entity.subject.kind {
            _ if entity.is_idle => Verdict::neutral(),
            Kind::Plan | Kind::Role | Kind::Host | Kind::Store => Verdict::neutral(),
            kind => Verdict::stronger(&with_parts(come(kind), entity, all)),
        };
        changes.push(change(entity, What::Added, verdict, entity.span));
        self.beside(entity, changes);
        let parts = all.iter().filter(|part| owner_of(part).as_ref().is_some_and(|owner| is(owner, entity)));
        for part in parts.chain([entity]) {
            for fact in &part.facts {
                let verdict = self.judge.of(fact.aspect, None, Some(&fact.value));
                let is_grave = match fact.aspect.rule {
                    Rule::Drift => verdict.judgement == Judgement::Hazard,
                    // What was there is touched by what is new.
                    Rule::HaveNot(_) => entity.subject.kind == Kind::Backup,
                    _ => false,
                };
                if is_grave {
                    changes.push(change(part, changed(None, Some(fact)), verdict, fact.span));
                }
            }
        }
    }

    fn removed(&self, entity: &Entity, all: &[Entity], span: Span) -> Change {
        let verdict = match entity.subject.kind {
            // A program that is run on the way back was there for something.
            kind if entity.is_idle && kind != Kind::Step => Verdict::neutral(),
            Kind::Plan | Kind::Role | Kind::Store => {
                let name = self.names.before(&entity.subject);
                let because = name.map(|name| format!("it was called {name}, as another store is now"));
                Verdict { because: because.into_iter().collect(), ..Verdict::neutral() }
            }
            kind => {
                let mut verdict = Verdict::weaker(&LOST, &with_parts(gone(entity, kind), entity, all));
                verdict.because.extend(self.left_behind(entity));
                verdict
            }
        };
        change(entity, What::Removed, verdict, span)
    }

    /// What becomes of the points of a job that is gone, or of those of a target.
    fn left_behind(&self, entity: &Entity) -> Option<String> {
        let points = self.points_of(entity)?;
        Some(format!("{points} stay where they are: no run prunes them, and no restore of this plan finds them"))
    }

    /// The points of a job or a target that are there.
    fn points_of(&self, entity: &Entity) -> Option<String> {
        let sides = self.sides.as_ref()?;
        let hosts = sides.hosts_before(sides.older(&entity.subject).first()?.0);
        self.points_of_hosts(entity, hosts)
    }

    /// Those of so many of its hosts.
    fn points_of_hosts(&self, entity: &Entity, hosts: u64) -> Option<String> {
        let sides = self.sides.as_ref()?;
        let jobs = sides.older(&entity.subject);
        jobs.first()?;
        let each = |(target, backup): &(&Target, &Backup)| {
            let is_of_hosts = target.source.as_ref().is_some_and(Source::is_of_a_host);
            sides.there(target, backup).map(|count| if is_of_hosts { count * hosts } else { count })
        };
        let count: Option<u64> = jobs.iter().map(each).sum();
        Some(match count {
            None => "the recovery points made so far".to_owned(),
            Some(1) => "the recovery points that are there (1)".to_owned(),
            Some(count) => format!("the {} recovery points that are there", grouped(count)),
        })
    }

    fn both(&mut self, old: &Entity, new: &Entity, changes: &mut Vec<Change>) {
        if let Some(from) = self.names.before(&new.subject) {
            changes.push(renamed(old, new, &from));
        }
        let first = changes.len();
        let is_said_within = |fact: &&Fact| {
            let said = |of: &Entity| {
                fact.is_within_one_of(&of.facts)
                    && (!fact.aspect.of_both || of.facts.iter().any(|other| other.is_of(fact)))
            };
            *fact.aspect != facts::LOOKED_AT && said(old) && said(new)
        };
        self.looked_at([old, new], changes);
        for fact in new.facts.iter().filter(is_said_within) {
            let before = old.facts.iter().find(|other| other.is_of(fact));
            if before.is_none_or(|before| before.value != fact.value && !self.is_the_same_store(before, fact)) {
                self.fact(new, before, Some(fact), changes);
            }
        }
        for fact in
            old.facts.iter().filter(is_said_within).filter(|fact| !new.facts.iter().any(|other| other.is_of(fact)))
        {
            self.fact(new, Some(fact), None, changes);
        }
        if new.subject.kind == Kind::Backup
            && changes.len() > first
            && let Some(sides) = &self.sides
        {
            kept::tell(sides, &mut self.judge, [old, new], changes, first);
        }
        if new.subject.kind == Kind::Backup {
            self.other_store(old, new, changes);
        }
        if let Some(folders) = changes[first..].iter_mut().find(|change| change.word() == Some(facts::ROOTS.word))
            && self.sides.as_ref().is_some_and(|sides| sides.has_other_folders(&new.subject))
        {
            let points = self.points_of(new).into_iter();
            folders.because.extend(points.map(|points| {
                format!("{points} stay where they are: no run prunes points of other folders than those that it packs")
            }));
        }
        self.hosts_lost(new, &mut changes[first..]);
    }

    /// Whether two names of a backup's store are of one place.
    fn is_the_same_store(&self, before: &Fact, after: &Fact) -> bool {
        let place = |side: usize, fact: &Fact| {
            let store = self.stores[side].get(fact.value.shown().as_str())?;
            places::place(store)
        };
        facts::is_store(after) && place(0, before).zip(place(1, after)).is_some_and(|(before, after)| before == after)
    }

    /// What the store of another backup of the same target hides, and that of a new one does not.
    fn beside(&mut self, new: &Entity, changes: &mut Vec<Change>) {
        let is_other = |entity: &&Entity| entity.subject.kind == Kind::Backup && entity.owner == new.owner;
        let other = self.before.iter().filter(is_other).find_map(facts::store_of);
        let (Kind::Backup, Some(other), Some(own)) = (new.subject.kind, other, facts::store_of(new)) else { return };
        let (from, to) = (other.value.shown(), own.value.shown());
        let copies = new.facts.iter().filter(|fact| *fact.aspect == facts::COPY);
        let copies = copies.map(|copy| (copy.of.clone().unwrap_or_default(), "a copy", copy.span));
        for (to, what, span) in [(to, "it", own.span)].into_iter().chain(copies) {
            let called = format!("{to}, where {what} goes");
            let because = Some(format!("{from} guards what it holds of the same target by that"));
            self.guards(new, &Heir { from: &from, to, called, because, counts: facts::hides, span }, changes);
        }
    }

    /// Which verifications look at a target because of what that says of itself; those that are others themselves are told where they are.
    fn looked_at(&mut self, of: [&Entity; 2], changes: &mut Vec<Change>) {
        let by = |entity: &Entity| entity.facts.iter().find(|fact| *fact.aspect == facts::LOOKED_AT).cloned();
        let is_the_same = |verify: &String| self.verifications.contains(verify.as_str());
        let [before, after] = of.map(by).map(|fact| fact.and_then(|fact| fact.only(is_the_same)));
        if before.as_ref().map(|fact| &fact.value) != after.as_ref().map(|fact| &fact.value) {
            self.fact(of[1], before.as_ref(), after.as_ref(), changes);
        }
    }

    /// What becomes of the points of hosts that are no more the target's.
    fn hosts_lost(&self, target: &Entity, changes: &mut [Change]) {
        for change in changes.iter_mut().filter(|change| change.word() == Some(facts::HOSTS.word)) {
            let gone = match &change.what {
                What::Members { gone, .. } => gone.len(),
                // So far they were all that there are.
                _ => self.sides.as_ref().map_or(0, |sides| sides.hosts_lost(&target.subject)),
            };
            if gone > 0 {
                let points = self.points_of_hosts(target, gone as u64).into_iter();
                change.because.extend(points.map(|points| {
                    format!(
                        "{points} of what goes stay where they are: no run prunes points of other hosts than its own"
                    )
                }));
            }
        }
    }

    /// What the store of before guards, and the one that takes its place does not, or the one that a new copy goes to.
    fn other_store(&mut self, old: &Entity, new: &Entity, changes: &mut Vec<Change>) {
        let (Some(before), Some(after)) = (facts::store_of(old), facts::store_of(new)) else { return };
        let (from, to) = (before.value.shown(), after.value.shown());
        if from != to {
            let (called, counts) = ("its store".to_owned(), all_guards as Counts);
            self.guards(new, &Heir { from: &from, to, called, because: None, counts, span: after.span }, changes);
        }
        let is_new = |fact: &&Fact| *fact.aspect == facts::COPY && !old.facts.iter().any(|other| other.is_of(fact));
        for copy in new.facts.iter().filter(is_new) {
            let to = copy.of.clone().unwrap_or_default();
            let (called, counts) = (format!("{to}, where a copy goes"), facts::hides as Counts);
            let because = Some(format!("{from} guards what it holds by that, and the copy holds the same"));
            self.guards(new, &Heir { from: &from, to, called, because, counts, span: copy.span }, changes);
        }
    }

    /// What the one store guards, of what counts, and the other does not.
    fn guards(&mut self, new: &Entity, heir: &Heir<'_>, changes: &mut Vec<Change>) {
        let [older, newer] = [(0, heir.from), (1, &heir.to)].map(|(side, store)| self.stores[side].get(store).copied());
        let (Some(older), Some(newer)) = (older, newer) else { return };
        let counts = |fact: &&Fact| {
            fact.is_within_one_of(&newer.facts) && (heir.counts)(fact.aspect, &older.facts, &newer.facts)
        };
        for guard in older.facts.iter().filter(counts) {
            let now = newer.facts.iter().find(|other| other.is_of(guard));
            let verdict = self.judge.of(guard.aspect, Some(&guard.value), now.map(|now| &now.value));
            if now.is_none_or(|now| now.value != guard.value)
                && verdict.code.is_some()
                && verdict.judgement == Judgement::Weakens
            {
                let mut what = changed(Some(guard), now);
                if let What::Changed { word, .. } | What::Members { word, .. } = &mut what {
                    *word = format!("{word} of {}", heir.called);
                }
                let because = heir.because.clone().map_or(verdict.because, |because| vec![because]);
                changes.push(change(new, what, Verdict { because, ..verdict }, heir.span));
            }
        }
    }

    fn fact(&mut self, entity: &Entity, old: Option<&Fact>, new: Option<&Fact>, changes: &mut Vec<Change>) {
        let Some(fact) = new.or(old) else { return };
        if let [Some(Value::Order(before)), Some(Value::Order(after))] =
            [old, new].map(|fact| fact.map(|fact| &fact.value))
        {
            let both = &Shape::steps(before) & &Shape::steps(after);
            if Shape::only(before, &both) == Shape::only(after, &both) {
                return;
            }
        }
        let [before, after] = [old, new].map(|fact| fact.map(|fact| &fact.value));
        let verdict = match *fact.aspect {
            ref aspect if *aspect == facts::TARGETS => coverage::looked_at([before, after], [self.before, self.after]),
            ref aspect
                if *aspect == facts::HOSTS && coverage::are_all_hosts([before, after], [self.before, self.after]) =>
            {
                let which = if before.is_none() { "older" } else { "newer" };
                Verdict {
                    because: vec![format!("these are all hosts that the {which} plan has")],
                    ..Verdict::neutral()
                }
            }
            ref aspect => self.judge.of(aspect, before, after),
        };
        let what = changed(old, new);
        let span = new.map_or(entity.span, |fact| match &what {
            // What is new is what is looked at.
            What::Members { come, .. } => {
                let place = fact.members.iter().find(|(member, _)| come.contains(member));
                place.map_or(fact.span, |(_, span)| *span)
            }
            _ => fact.span,
        });
        changes.push(change(entity, what, verdict, span));
    }
}

/// Which guards of a store count, of what the one says and the other.
type Counts = fn(&Aspect, &[Fact], &[Fact]) -> bool;

fn all_guards(_: &Aspect, _: &[Fact], _: &[Fact]) -> bool {
    true
}

/// A store that holds what another holds or held.
struct Heir<'a> {
    /// The other, as the older plan guards it.
    from: &'a str,
    to: String,
    /// What people are told that it is.
    called: String,
    /// Why it is to guard as much, where that is not what a guard that is lost means.
    because: Option<String>,
    counts: Counts,
    /// Where the plan says so.
    span: Span,
}

fn changed(old: Option<&Fact>, new: Option<&Fact>) -> What {
    let word = new.or(old).map(Fact::word).unwrap_or_default();
    if let (Some(Fact { value: Value::Set(before), .. }), Some(Fact { value: Value::Set(after), .. })) = (old, new) {
        let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| one.difference(other).cloned().collect();
        return What::Members { word, gone: only(before, after), come: only(after, before) };
    }
    let shown = |fact: Option<&Fact>| fact.map(|fact| fact.value.shown());
    What::Changed { word, old: shown(old), new: shown(new) }
}

fn owner_of(entity: &Entity) -> Option<(Kind, String)> {
    let kind = match entity.subject.kind {
        Kind::Backup => Kind::Target,
        Kind::Step => Kind::Restore,
        _ => return None,
    };
    Some((kind, entity.owner.clone()?))
}

fn is((kind, name): &(Kind, String), entity: &Entity) -> bool {
    (*kind, name) == (entity.subject.kind, &entity.subject.name)
}

fn change(entity: &Entity, what: What, verdict: Verdict, span: Span) -> Change {
    let Verdict { judgement, code, because } = verdict;
    Change { subject: entity.subject.clone(), what, judgement, because, code, waived: None, span }
}

fn renamed(old: &Entity, new: &Entity, from: &str) -> Change {
    let verdict = match new.subject.kind {
        Kind::Target | Kind::Backup | Kind::Host if old.names_points => Verdict::hazard(
            &HISTORY,
            "recovery points carry this name: those made so far are not listed, restored or pruned by the newer plan",
        ),
        _ => Verdict::neutral(),
    };
    change(new, What::Renamed { from: from.to_owned() }, verdict, new.span)
}

/// What it means that something of that kind is new.
fn come(kind: Kind) -> &'static str {
    match kind {
        Kind::Target => "it is backed up",
        Kind::Backup => "there is one more backup",
        Kind::Restore => "there is a way back",
        Kind::Step => "the way back does it",
        Kind::Notify => "somebody is told",
        Kind::Verify => "what is kept is looked at",
        Kind::Drill => "restores are practised",
        Kind::Announce => "there is a notice to those outside",
        Kind::Plan | Kind::Role | Kind::Host | Kind::Store => "",
    }
}

/// What it means that something of that kind is gone.
fn gone(entity: &Entity, kind: Kind) -> &'static str {
    let step = entity.subject.name.split_once(": ").and_then(|(_, title)| title.split(' ').next());
    match (kind, step) {
        (Kind::Step, Some("recover")) => "the way back does not bring it back any more",
        (Kind::Step, Some("probe")) => "nobody looks any more whether what came back is well",
        (Kind::Step, Some("approve")) => "nobody is asked any more",
        (Kind::Step, _) => "the way back does not do it any more",
        (Kind::Target, _) => "it is not backed up any more",
        (Kind::Backup, _) => "there is one backup less",
        (Kind::Restore, _) => "there is no such way back any more",
        (Kind::Host, _) => "nothing is backed up there, or brought back to it, by this plan",
        (Kind::Notify, _) => "nobody is told by it any more",
        (Kind::Verify, _) => "what is kept is not looked at by it any more",
        (Kind::Drill, _) => "restores are not practised by it any more",
        (Kind::Announce, _) => "there is no such notice any more",
        (Kind::Plan | Kind::Role | Kind::Store, _) => "",
    }
}

/// With the names of the backups that a target has, where it has any.
fn with_parts(what: &str, entity: &Entity, all: &[Entity]) -> String {
    let backups = all.iter().filter(|part| {
        part.subject.kind == Kind::Backup && owner_of(part).as_ref().is_some_and(|owner| is(owner, entity))
    });
    let names: Vec<&str> =
        backups.map(|part| part.subject.name.rsplit('/').next().unwrap_or(&part.subject.name)).collect();
    match names.is_empty() {
        true => what.to_owned(),
        false => format!("{what}: {}", names.join(", ")),
    }
}
