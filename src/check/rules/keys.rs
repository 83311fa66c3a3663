//! Two can read what is encrypted.

use std::collections::BTreeSet;

use super::Scene;
use crate::diagnostic::{Diagnostic, Diagnostics, codes::way::ONE_KEY};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for store in scene.plan.stores.iter().filter(|store| !scene.is_broken("store", &store.name.value)) {
        let keys: BTreeSet<&str> = store.encrypt.iter().map(|key| key.value.as_str()).collect();
        if let (1, Some(key)) = (keys.len(), store.encrypt.first()) {
            let message = format!("one key alone can read the store \"{}\"", store.name.value);
            let help = "write a second key beside it, of which somebody else keeps the private half";
            out.push(Diagnostic::new(&ONE_KEY, message, key.span, "when this is lost, all of it is", help));
        }
    }
}
