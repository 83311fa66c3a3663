//! A store says who may do what there.

use super::Scene;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for store in scene.plan.stores.iter().filter(|store| store.access.is_none()) {
        let name = &store.name;
        if !scene.is_broken("store", &name.value) {
            let message = format!("the store \"{}\" does not say who may reach it", name.value);
            let help = "write, by the store's own names for them, `access { write \"backup\"; read \"sysadmin\"; prune \"sysadmin\" }` \
                        in its block";
            let label = "nothing says who may read or delete here";
            out.push(Diagnostic::new(&codes::store::NO_ACCESS, message, name.span, label, help));
        }
    }
}
