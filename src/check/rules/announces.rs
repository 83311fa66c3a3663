//! Notices that are named are declared.

use super::Scene;
use crate::check::scene::known_names;
use crate::diagnostic::{Diagnostic, Diagnostics, codes::people::UNKNOWN_ANNOUNCE};
use crate::plan::RestoreStep;

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    let known = || scene.plan.announces.iter().map(|announce| &announce.name.value);
    for step in scene.plan.restores.iter().flat_map(Scene::steps) {
        let RestoreStep::Announce(step) = step else { continue };
        let name = &step.announce;
        if known().any(|known| *known == name.value) || scene.is_broken("announce", &name.value) {
            continue;
        }
        let help = known_names(name.value.as_str(), "notice", known().map(|name| name.as_str()));
        let message = format!("no notice is called \"{}\"", name.value);
        out.push(Diagnostic::new(&UNKNOWN_ANNOUNCE, message, name.span, "not declared", help));
    }
}
