//! What is backed up can be brought back.

use std::collections::BTreeSet;

use super::Scene;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    // A restore that could not be read may be the one.
    if scene.any_broken("restore") {
        return;
    }
    let recovered: BTreeSet<_> =
        scene.plan.restores.iter().flat_map(Scene::recoveries).map(|recover| &recover.target.value).collect();
    let backed_up = scene.plan.targets.iter().filter(|target| !target.backups.is_empty());
    for name in backed_up.map(|target| &target.name).filter(|name| !recovered.contains(&name.value)) {
        let message = format!("no restore brings \"{}\" back", name.value);
        let help = format!(
            "write `restore \"{0}\" {{ recover \"{0}\" {{ into path=\"…\" }} }}`, or name it in another restore",
            name.value
        );
        let label = "backed up, but never restored";
        out.push(Diagnostic::new(&codes::restore::MISSING_RESTORE, message, name.span, label, help));
    }
}
