//! A store is there for a backup.

use std::collections::BTreeSet;

use super::Scene;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    // What could not be read may be what names it.
    if scene.any_broken("backup") || scene.any_broken("target") {
        return;
    }
    let used: BTreeSet<_> = scene
        .backups()
        .flat_map(|(_, backup)| Scene::stores_of(backup))
        .chain(scene.release_stores())
        .map(|name| &name.value)
        .collect();
    for name in scene.plan.stores.iter().map(|store| &store.name).filter(|name| !used.contains(&name.value)) {
        let message = format!("no backup is put in the store \"{}\"", name.value);
        let help = format!("name it in a backup with `store \"{}\"`, or remove it", name.value);
        out.push(Diagnostic::new(&codes::store::UNUSED, message, name.span, "nothing names it", help));
    }
}
