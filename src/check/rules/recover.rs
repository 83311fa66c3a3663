//! Restores recover declared targets that have recovery points.

use super::Scene;
use crate::check::scene::known_names;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::Recover;

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for recover in scene.plan.restores.iter().flat_map(Scene::recoveries) {
        let name = &recover.target.value;
        match scene.targets.get(name) {
            _ if scene.is_broken("target", name) => {}
            None => out.push(unknown(scene, recover)),
            Some(target) if target.backups.is_empty() => {
                let message = format!("the target \"{name}\" has no backup to recover from");
                let help = "remove the line, or give the target a backup";
                let span = recover.target.span;
                let found = Diagnostic::new(&codes::restore::NO_POINTS, message, span, "has no recovery points", help);
                out.push(found.also(target.name.span, "declared here"));
            }
            Some(_) => {}
        }
    }
}

fn unknown(scene: &Scene<'_>, recover: &Recover) -> Diagnostic {
    let name = &recover.target;
    let help = known_names(name.value.as_str(), "target", scene.targets.keys().map(|name| name.as_str()));
    let message = format!("no target is called \"{}\"", name.value);
    Diagnostic::new(&codes::restore::UNKNOWN_TARGET, message, name.span, "not declared", help)
}
