//! What restores bring back.

use std::collections::BTreeSet;

use crate::plan::{Plan, RestoreStep};
use crate::primitives::Name;

/// All that restores bring back, themselves or by restores that they hold.
pub(super) fn recovered<'p>(plan: &'p Plan, restores: impl IntoIterator<Item = &'p Name>) -> BTreeSet<&'p Name> {
    let (mut targets, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let mut open: Vec<&Name> = restores.into_iter().collect();
    while let Some(name) = open.pop() {
        if !seen.insert(name) {
            continue;
        }
        let Some(restore) = plan.restores.iter().find(|restore| restore.name.value == *name) else { continue };
        let mut steps: Vec<&RestoreStep> = restore.steps.iter().collect();
        while let Some(step) = steps.pop() {
            match step {
                RestoreStep::Parallel(children) => steps.extend(children),
                RestoreStep::Recover(recover) => drop(targets.insert(&recover.target.value)),
                RestoreStep::Restore(included) => open.push(&included.restore.value),
                _ => {}
            }
        }
    }
    targets
}
