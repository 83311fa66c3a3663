//! Restores do something.

use super::Scene;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::RestoreStep;

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for restore in &scene.plan.restores {
        let name = &restore.name;
        if does_nothing(&restore.steps) && !scene.is_broken("restore", &name.value) {
            let message = format!("the restore \"{}\", or a `parallel` of it, does nothing", name.value);
            let help = "write `recover \"target\" { into path=\"…\" }` in its block";
            out.push(Diagnostic::new(&codes::restore::NO_STEP, message, name.span, "has no step", help));
        }
    }
}

fn does_nothing(steps: &[RestoreStep]) -> bool {
    let nothing = |step: &RestoreStep| matches!(step, RestoreStep::Parallel(steps) if does_nothing(steps));
    steps.is_empty() || steps.iter().any(nothing)
}
