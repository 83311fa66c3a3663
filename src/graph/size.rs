//! How large a graph comes to be, before it is made: restores that hold restores, and steps side by side behind steps side by side, make
//! much of little text.

use std::collections::BTreeMap;

use crate::diagnostic::{Diagnostic, codes};
use crate::plan::{Drill, Plan, Restore, RestoreStep, Selector, Verify};
use crate::primitives::{Name, Spanned};

/// How many ties the restores and drills of a plan may have in all: each takes some sixty bytes while it is compiled.
const TIES_MAX: usize = 500_000;
/// How many steps the restores, drills and verifications of a plan may have in all.
const STEPS_MAX: usize = 100_000;

/// How large some steps are together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Size {
    steps: usize,
    /// The steps that wait for whatever comes before all of them.
    firsts: usize,
    ties: usize,
    /// The steps that whatever comes behind waits for.
    ends: usize,
}

impl Size {
    const ONE: Self = Self { steps: 1, firsts: 1, ties: 0, ends: 1 };

    fn then(self, next: Self) -> Self {
        match (self.steps, next.steps) {
            (0, _) => next,
            (_, 0) => self,
            _ => Self {
                steps: self.steps.saturating_add(next.steps),
                firsts: self.firsts,
                ties: self.ties.saturating_add(next.ties).saturating_add(self.ends.saturating_mul(next.firsts)),
                ends: next.ends,
            },
        }
    }

    fn beside(self, other: Self) -> Self {
        Self {
            steps: self.steps.saturating_add(other.steps),
            firsts: self.firsts.saturating_add(other.firsts),
            ties: self.ties.saturating_add(other.ties),
            ends: self.ends.saturating_add(other.ends),
        }
    }
}

/// What there is to say where a plan's graph would be too large, at the block that goes beyond. No restore holds itself.
pub(super) fn too_large(plan: &Plan) -> Option<Diagnostic> {
    let mut sizes = Sizes::new(plan);
    let mut all = Size::default();
    for restore in &plan.restores {
        all = all.beside(sizes.of(restore));
        if let Some(found) = beyond(&restore.name, "restore", all) {
            return Some(found);
        }
    }
    for drill in &plan.drills {
        all = all.beside(sizes.of_drill(drill));
        if let Some(found) = beyond(&drill.name, "drill", all) {
            return Some(found);
        }
    }
    let jobs = Jobs::new(plan);
    for verify in &plan.verifies {
        all.steps = all.steps.saturating_add(jobs.of(verify));
        if let Some(found) = beyond(&verify.name, "verify", all) {
            return Some(found);
        }
    }
    None
}

/// The sizes of a plan's restores, each looked for once.
struct Sizes<'p> {
    restores: BTreeMap<&'p Name, &'p Restore>,
    known: BTreeMap<&'p Name, Size>,
}

impl<'p> Sizes<'p> {
    fn new(plan: &'p Plan) -> Self {
        let restores = plan.restores.iter().map(|restore| (&restore.name.value, restore)).collect();
        Self { restores, known: BTreeMap::new() }
    }

    fn of(&mut self, restore: &'p Restore) -> Size {
        if let Some(known) = self.known.get(&restore.name.value) {
            return *known;
        }
        let size = self.sequence(&restore.steps);
        self.known.insert(&restore.name.value, size);
        size
    }

    fn of_drill(&mut self, drill: &'p Drill) -> Size {
        drill.restores.iter().fold(Size::ONE, |size, name| {
            let restore = self.restores.get(&name.value).copied();
            size.then(restore.map_or_else(Size::default, |restore| self.of(restore)))
        })
    }

    fn sequence(&mut self, steps: &'p [RestoreStep]) -> Size {
        steps.iter().fold(Size::default(), |size, step| size.then(self.step(step)))
    }

    fn step(&mut self, step: &'p RestoreStep) -> Size {
        match step {
            RestoreStep::Parallel(children) => {
                children.iter().fold(Size::default(), |size, child| size.beside(self.step(child)))
            }
            RestoreStep::Restore(included) => {
                let restore = self.restores.get(&included.restore.value).copied();
                restore.map_or_else(Size::default, |restore| self.of(restore))
            }
            _ => Size::ONE,
        }
    }
}

/// How many jobs targets have, by what selects them.
struct Jobs<'p> {
    all: usize,
    of_area: BTreeMap<&'p Name, usize>,
    of_target: BTreeMap<&'p Name, usize>,
}

impl<'p> Jobs<'p> {
    fn new(plan: &'p Plan) -> Self {
        let mut jobs = Self { all: 0, of_area: BTreeMap::new(), of_target: BTreeMap::new() };
        for target in &plan.targets {
            let number = target.backups.len();
            jobs.all += number;
            jobs.of_target.insert(&target.name.value, number);
            if let Some(area) = &target.area {
                *jobs.of_area.entry(&area.value).or_default() += number;
            }
        }
        jobs
    }

    /// At most so many steps.
    fn of(&self, verify: &Verify) -> usize {
        let selected = verify.targets.iter().map(|selector| match &selector.value {
            Selector::All => self.all,
            Selector::Area(area) => self.of_area.get(area).copied().unwrap_or_default(),
            Selector::Target(target) => self.of_target.get(target).copied().unwrap_or_default(),
        });
        selected.fold(1, usize::saturating_add)
    }
}

fn beyond(name: &Spanned<Name>, kind: &str, all: Size) -> Option<Diagnostic> {
    if all.steps > STEPS_MAX {
        let message = format!("with the {kind} \"{}\", the plan has too many steps", name.value);
        let help = "hold fewer restores in one another, or make several plans of this one";
        let label = format!("beyond {STEPS_MAX} steps");
        return Some(Diagnostic::new(&codes::graph::TOO_MANY_STEPS, message, name.span, label, help));
    }
    if all.ties > TIES_MAX {
        let message = format!("in the {kind} \"{}\", too many steps wait for too many", name.value);
        let help = "put a single step, such as a `probe`, between two large `parallel` blocks, or make several plans of this one";
        let label = format!("beyond {TIES_MAX} ties between steps");
        return Some(Diagnostic::new(&codes::graph::TOO_MANY_TIES, message, name.span, label, help));
    }
    None
}
