//! A copy is in another store.

use std::collections::BTreeMap;

use super::Scene;
use crate::diagnostic::{Diagnostic, Diagnostics, codes::way::SAME_STORE};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for (_, backup) in scene.backups() {
        let mut seen = BTreeMap::new();
        for store in Scene::stores_of(backup) {
            match seen.get(&store.value) {
                None => drop(seen.insert(&store.value, store.span)),
                Some(first) => {
                    let message = format!("a copy goes to \"{}\", where the recovery point is already", store.value);
                    let help = "name another store, best in another place";
                    let found = Diagnostic::new(&SAME_STORE, message, store.span, "the same store", help);
                    out.push(found.also(*first, "put here first"));
                }
            }
        }
    }
}
