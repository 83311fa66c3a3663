//! Restores that are named are declared.

use super::Scene;
use crate::check::scene::known_names;
use crate::diagnostic::{Diagnostic, Diagnostics, codes::watch::UNKNOWN_RESTORE};
use crate::plan::RestoreStep;

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    let held = scene.plan.restores.iter().flat_map(Scene::steps).filter_map(|step| match step {
        RestoreStep::Restore(included) => Some(&included.restore),
        _ => None,
    });
    let practised = scene.plan.drills.iter().flat_map(|drill| &drill.restores);
    for name in held.chain(practised) {
        if scene.restores.contains_key(&name.value) || scene.is_broken("restore", &name.value) {
            continue;
        }
        let help = known_names(name.value.as_str(), "restore", scene.restores.keys().map(|name| name.as_str()));
        let message = format!("no restore is called \"{}\"", name.value);
        out.push(Diagnostic::new(&UNKNOWN_RESTORE, message, name.span, "not declared", help));
    }
}
