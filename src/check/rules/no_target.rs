//! A plan protects something.

use super::Scene;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    if scene.plan.targets.is_empty() && !scene.any_broken("target") {
        let help = "declare what is backed up with `target \"name\" { … }`";
        let span = scene.plan.name.span;
        out.push(Diagnostic::new(&codes::plan::NO_TARGET, "the plan has no target", span, "this plan", help));
    }
}
