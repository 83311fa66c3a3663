//! A target that is backed up says what it is made of.

use super::Scene;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for target in &scene.plan.targets {
        let name = &target.name;
        if target.source.is_none() && !target.backups.is_empty() && !scene.is_broken("target", &name.value) {
            let message = format!("the target \"{}\" does not say what is backed up", name.value);
            let help = "write `files \"/the/folder\"` in its block";
            out.push(Diagnostic::new(&codes::target::NO_SOURCE, message, name.span, "made of nothing", help));
        }
    }
}
