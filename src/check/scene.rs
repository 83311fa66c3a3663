//! What every rule looks at: the plan, the day, and what is known to be damaged.

use std::collections::BTreeSet;

use indexmap::IndexMap;
use jiff::civil::Date;

pub(super) use crate::diagnostic::known_names;
use crate::plan::{
    Backup, BrokenBlock, Host, Plan, Recover, Release, ReleaseFrom, Restore, RestoreStep, Role, Schedule, Source,
    Store, Target,
};
use crate::primitives::{Name, Spanned};

/// A plan, and its blocks by name, in source order.
pub(super) struct Scene<'p> {
    pub(super) plan: &'p Plan,
    pub(super) today: Date,
    pub(super) stores: IndexMap<&'p Name, &'p Store>,
    pub(super) targets: IndexMap<&'p Name, &'p Target>,
    pub(super) roles: IndexMap<&'p Name, &'p Role>,
    pub(super) hosts: IndexMap<&'p Name, &'p Host>,
    pub(super) restores: IndexMap<&'p Name, &'p Restore>,
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
        let roles = plan.roles.iter().map(|role| (&role.name.value, role)).collect();
        let hosts = plan.hosts.iter().map(|host| (&host.name.value, host)).collect();
        let restores = plan.restores.iter().map(|restore| (&restore.name.value, restore)).collect();
        Self { plan, today, stores, targets, roles, hosts, restores, broken }
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

    /// All schedules, of whatever block.
    pub(super) fn schedules(&self) -> impl Iterator<Item = &'p Schedule> + use<'p> {
        let backups = self.backups().filter_map(|(_, backup)| backup.schedule.as_ref());
        let verifies = self.plan.verifies.iter().filter_map(|verify| verify.schedule.as_ref());
        backups.chain(verifies).chain(self.plan.drills.iter().filter_map(|drill| drill.schedule.as_ref()))
    }

    /// The stores that a backup puts its recovery points in, copies too, as it names them.
    pub(super) fn stores_of(backup: &'p Backup) -> impl Iterator<Item = &'p Spanned<Name>> {
        let copies = backup.stored().map(|stored| stored.copies.as_slice()).unwrap_or_default();
        backup.store().into_iter().chain(copies.iter().map(|copy| &copy.to))
    }

    /// The stores that releases lie in.
    pub(super) fn release_stores(&self) -> impl Iterator<Item = &'p Spanned<Name>> + use<'p> {
        self.plan.targets.iter().filter_map(|target| match &target.source {
            Some(Source::Release(Release { from: ReleaseFrom::Archive { store, .. }, .. })) => store.as_ref(),
            _ => None,
        })
    }

    /// All recoveries of a restore, however deep in `parallel`.
    pub(super) fn recoveries(restore: &'p Restore) -> Vec<&'p Recover> {
        let recover = |step: &'p RestoreStep| match step {
            RestoreStep::Recover(recover) => Some(recover),
            _ => None,
        };
        Self::steps(restore).into_iter().filter_map(recover).collect()
    }

    /// All steps of a restore, however deep in `parallel`, in source order.
    pub(super) fn steps(restore: &'p Restore) -> Vec<&'p RestoreStep> {
        restore.flat()
    }
}
