//! A copy is in another store, and as hard to read as the original.

use std::collections::BTreeMap;

use super::Scene;
use crate::diagnostic::codes::way::{IN_THE_CLEAR, SAME_STORE};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::primitives::{Name, Spanned};

/// Copies in the same store.
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

/// Copies that lie in the clear of what is encrypted elsewhere.
pub(super) fn in_the_clear(scene: &Scene<'_>, out: &mut Diagnostics) {
    for (_, backup) in scene.backups() {
        let mut stores = Scene::stores_of(backup);
        let is_encrypted =
            |name: &&Spanned<Name>| scene.stores.get(&name.value).is_some_and(|of| !of.encrypt.is_empty());
        let Some(original) = stores.next().filter(is_encrypted) else { continue };
        for copy in stores.filter(|copy| scene.stores.contains_key(&copy.value) && !is_encrypted(copy)) {
            let message = format!("a copy in \"{}\" can be read by whoever reaches it", copy.value);
            let help = format!("write `encrypt` into the store \"{}\" too", copy.value);
            let found = Diagnostic::new(&IN_THE_CLEAR, message, copy.span, "not encrypted", help);
            out.push(found.also(original.span, "what is encrypted here"));
        }
    }
}
