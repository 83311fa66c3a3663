//! What every rule looks at: the plan, the day, and what is known to be damaged.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

pub(super) use crate::diagnostic::known_names;
use crate::plan::{Backup, BrokenBlock, Plan, Recover, Restore, RestoreStep, Store, Target};
use crate::primitives::Name;

/// A plan, and its blocks by name.
pub(super) struct Scene<'p> {
    pub(super) plan: &'p Plan,
    pub(super) today: Date,
    pub(super) stores: BTreeMap<&'p Name, &'p Store>,
    pub(super) targets: BTreeMap<&'p Name, &'p Target>,
    broken: BTreeSet<Block<'p>>,
}

/// A block by its word, its owner and its name; an empty word is any, no name is any.
type Block<'p> = (&'p str, Option<&'p Name>, Option<&'p Name>);

impl<'p> Scene<'p> {
    pub(super) fn new(plan: &'p Plan, today: Date) -> Self {
        let stores = plan.stores.iter().map(|store| (&store.name.value, store)).collect();
        let targets = plan.targets.iter().map(|target| (&target.name.value, target)).collect();
        let key = |block: &'p BrokenBlock| (block.kind, block.owner.as_ref(), block.name.as_ref());
        let broken = plan.broken.iter().map(key).collect();
        Self { plan, today, stores, targets, broken }
    }

    /// Whether a block of that kind and name had errors of its own, or a block that may be it had. What is missing in
    /// it may be what could not be read.
    pub(super) fn is_broken(&self, kind: &str, name: &Name) -> bool {
        let names = [Some(name), None];
        names.iter().any(|name| self.broken.contains(&(kind, None, *name)) || self.broken.contains(&("", None, *name)))
    }

    /// Whether any block of that kind had errors.
    pub(super) fn any_broken(&self, kind: &str) -> bool {
        self.broken.iter().any(|(broken, _, _)| *broken == kind || broken.is_empty())
    }

    /// Likewise of a backup of a target.
    pub(super) fn is_backup_broken(&self, target: &Name, backup: &Name) -> bool {
        [Some(backup), None].iter().any(|name| self.broken.contains(&("backup", Some(target), *name)))
    }

    /// All backups, with their targets.
    pub(super) fn backups(&self) -> impl Iterator<Item = (&'p Target, &'p Backup)> + use<'p> {
        self.plan.targets.iter().flat_map(|target| target.backups.iter().map(move |backup| (target, backup)))
    }

    /// All recoveries of a restore, however deep in `parallel`.
    pub(super) fn recoveries(restore: &'p Restore) -> Vec<&'p Recover> {
        let mut found = Vec::new();
        recoveries(&restore.steps, &mut found);
        found
    }
}

fn recoveries<'p>(steps: &'p [RestoreStep], found: &mut Vec<&'p Recover>) {
    for step in steps {
        match step {
            RestoreStep::Recover(recover) => found.push(recover),
            RestoreStep::Parallel(steps) => recoveries(steps, found),
            RestoreStep::Probe(_) => {}
        }
    }
}
