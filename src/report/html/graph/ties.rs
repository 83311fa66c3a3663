//! The ties of a graph that are drawn: a tie that others say as well, one after another, is left out, and steps that all wait for the same
//! several have their lines meet in one point.
//!
//! Unaware of what a step is. Invariant: whatever comes before a step still leads to it, and what its failure prevents is still prevented.

use std::collections::BTreeMap;

use crate::primitives::StepId;

/// A line from one place to another behind it: a step's, or, beyond those, one where lines meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tie {
    pub(super) from: usize,
    pub(super) to: usize,
    /// Whether the failure of the first prevents the other.
    pub(super) needs_success: bool,
}

/// All that is drawn between steps.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Ties {
    /// How many steps there are.
    pub(super) steps: usize,
    /// How many places there are in which lines meet, behind those of the steps.
    pub(super) joints: usize,
    /// Each after all that lead to where it begins.
    pub(super) all: Vec<Tie>,
}

/// A set of places, a bit each.
#[derive(Clone)]
struct Places(Vec<u64>);

impl Places {
    fn has(&self, place: usize) -> bool {
        self.0[place / 64] >> (place % 64) & 1 == 1
    }

    fn add(&mut self, place: usize) {
        self.0[place / 64] |= 1 << (place % 64);
    }

    fn add_all(&mut self, others: &Self) {
        self.0.iter_mut().zip(&others.0).for_each(|(own, other)| *own |= other);
    }
}

/// What a step comes after: places, each with whether its failure prevents the step.
type Before = Vec<(usize, bool)>;

/// The ties of steps; each step says what it comes after.
pub(super) fn ties<'a>(after: impl Iterator<Item = &'a [(StepId, bool)]>) -> Ties {
    let needed = needed(&after.collect::<Vec<_>>());
    let mut alike: BTreeMap<&Before, usize> = BTreeMap::new();
    needed.iter().for_each(|before| *alike.entry(before).or_default() += 1);
    let mut ties = Ties { steps: needed.len(), joints: 0, all: vec![] };
    let mut joints: BTreeMap<&Before, usize> = BTreeMap::new();
    for (to, before) in needed.iter().enumerate() {
        let tie = |from: usize, to: usize, needs_success: bool| Tie { from, to, needs_success };
        let first =
            before.first().map(|(_, needs)| *needs).filter(|first| before.iter().all(|(_, needs)| needs == first));
        let (Some(needs), true) = (first, before.len() > 1 && alike.get(before).is_some_and(|steps| *steps > 1)) else {
            ties.all.extend(before.iter().map(|(from, needs)| tie(*from, to, *needs)));
            continue;
        };
        let joint = *joints.entry(before).or_insert_with(|| {
            let joint = ties.steps + ties.joints;
            ties.joints += 1;
            ties.all.extend(before.iter().map(|(from, _)| tie(*from, joint, needs)));
            joint
        });
        ties.all.push(tie(joint, to, needs));
    }
    ties
}

/// What each step comes after, without what the others say as well.
fn needed(after: &[&[(StepId, bool)]]) -> Vec<Before> {
    let none = Places(vec![0; after.len().div_ceil(64)]);
    // What leads to each step at all, and what leads to it by success alone.
    let (mut any, mut needed) = (vec![none.clone(); after.len()], vec![none; after.len()]);
    let mut kept = vec![];
    for (to, after) in after.iter().enumerate() {
        let before: Before = after.iter().map(|(on, needs)| (on.index(), *needs)).filter(|(on, _)| *on < to).collect();
        let is_said = |(from, needs_success): &(usize, bool)| {
            let mut others = before.iter().filter(|(other, _)| other != from);
            match needs_success {
                true => others.any(|(other, needs)| *needs && needed[*other].has(*from)),
                false => others.any(|(other, _)| any[*other].has(*from)),
            }
        };
        kept.push(before.iter().filter(|tie| !is_said(tie)).copied().collect());
        for (from, needs_success) in before {
            let (mut reached, mut prevented) = (any[from].clone(), needed[from].clone());
            reached.add(from);
            prevented.add(from);
            any[to].add_all(&reached);
            if needs_success {
                needed[to].add_all(&prevented);
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn on(places: &[(u32, bool)]) -> Vec<(StepId, bool)> {
        places.iter().map(|(place, needs)| (StepId(*place), *needs)).collect()
    }

    fn told(after: &[Vec<(StepId, bool)>]) -> Vec<(usize, usize, bool)> {
        let ties = ties(after.iter().map(Vec::as_slice));
        ties.all.iter().map(|tie| (tie.from, tie.to, tie.needs_success)).collect()
    }

    #[test]
    fn what_others_say_is_left_out_and_what_only_orders_does_not_stand_for_success() {
        let chain = [on(&[]), on(&[(0, true)]), on(&[(0, true), (1, true)])];
        assert_eq!(told(&chain), [(0, 1, true), (1, 2, true)]);
        let loose = [on(&[]), on(&[(0, false)]), on(&[(0, true), (1, true)])];
        assert_eq!(told(&loose), [(0, 1, false), (0, 2, true), (1, 2, true)]);
        let ordered = [on(&[]), on(&[(0, true)]), on(&[(0, false), (1, false)])];
        assert_eq!(told(&ordered), [(0, 1, true), (1, 2, false)]);
        // What would lead backwards is no tie.
        assert_eq!(told(&[on(&[(0, true), (7, true)])]), []);
    }

    #[test]
    fn lines_of_steps_that_wait_for_the_same_meet() {
        let both = || on(&[(0, true), (1, true)]);
        let stages = [on(&[]), on(&[]), both(), both(), on(&[(0, true), (1, false)])];
        let met = [(0, 5, true), (1, 5, true), (5, 2, true), (5, 3, true), (0, 4, true), (1, 4, false)];
        assert_eq!(told(&stages), met);
    }
}
