//! A template is used by some target.

use super::Scene;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    // A target that could not be read may be the one that uses it.
    if scene.any_broken("target") {
        return;
    }
    for name in scene.plan.templates.iter().filter(|template| !template.is_used).map(|template| &template.name) {
        let message = format!("no target uses the template \"{}\"", name.value);
        let help = format!("write `use \"{}\"` in a target's block, or remove the template", name.value);
        out.push(Diagnostic::new(&codes::template::UNUSED, message, name.span, "never used", help));
    }
}
