//! What is backed up can be brought back.

use std::collections::BTreeSet;

use super::Scene;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::{RestoreStep, Source, Target};
use crate::primitives::Name;

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    // A restore that could not be read may be the one.
    if scene.any_broken("restore") {
        return;
    }
    let brought_back: BTreeSet<&Name> =
        scene.plan.restores.iter().flat_map(Scene::steps).filter_map(brings_back).collect();
    for target in scene.plan.targets.iter().filter(|target| !brought_back.contains(&target.name.value)) {
        let name = &target.name;
        let Some((label, step)) = way_back(target) else { continue };
        let message = format!("no restore brings \"{}\" back", name.value);
        let help = format!("write `restore \"{}\" {{ {step} }}`, or name it in another restore", name.value);
        out.push(Diagnostic::new(&codes::restore::MISSING_RESTORE, message, name.span, label, help));
    }
}

/// The target that a step brings back.
fn brings_back(step: &RestoreStep) -> Option<&Name> {
    match step {
        RestoreStep::Recover(recover) => Some(&recover.target.value),
        RestoreStep::Launch(launch) => Some(&launch.image.value),
        RestoreStep::Deploy(deploy) => Some(&deploy.target.value),
        _ => None,
    }
}

/// What a target is, and the step that would bring it back; none of one that is neither backed up nor kept elsewhere.
fn way_back(target: &Target) -> Option<(&'static str, String)> {
    let name = &target.name.value;
    match &target.source {
        Some(Source::MachineImage(_)) => {
            let step = format!("launch \"…\" {{ image target=\"{name}\"; … }}");
            Some(("an image from which nothing is launched", step))
        }
        Some(Source::Release(_)) => {
            Some(("released, but never deployed", format!("deploy \"{name}\" {{ into path=\"…\" }}")))
        }
        _ if target.backups.is_empty() => None,
        Some(Source::Rds(_)) => {
            Some(("backed up, but never restored", format!("recover \"{name}\" {{ into instance=\"…\" }}")))
        }
        _ => Some(("backed up, but never restored", format!("recover \"{name}\" {{ into path=\"…\" }}"))),
    }
}
