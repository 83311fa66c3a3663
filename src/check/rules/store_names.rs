//! Backups and releases name declared stores.

use super::Scene;
use crate::check::scene::known_names;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    let named = scene.backups().flat_map(|(_, backup)| Scene::stores_of(backup));
    for store in named.chain(scene.release_stores()).chain(&scene.plan.evidence) {
        if scene.stores.contains_key(&store.value) || scene.is_broken("store", &store.value) {
            continue;
        }
        let help = known_names(store.value.as_str(), "store", scene.stores.keys().map(|name| name.as_str()));
        let message = format!("no store is called \"{}\"", store.value);
        out.push(Diagnostic::new(&codes::target::UNKNOWN_STORE, message, store.span, "not declared", help));
    }
}
