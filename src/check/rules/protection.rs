//! A target has a backup, or a reason for having none.

use super::Scene;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for target in &scene.plan.targets {
        let name = &target.name;
        match (&target.no_backup, target.backups.first()) {
            (None, None) if !scene.is_broken("target", &name.value) => {
                let message =
                    format!("the target \"{}\" has neither a backup nor a reason for having none", name.value);
                let help = "write `backup \"name\" { … }` in its block, or `no-backup \"the reason\"`";
                let label = "not protected";
                out.push(Diagnostic::new(&codes::target::UNPROTECTED, message, name.span, label, help));
            }
            (Some(reason), Some(backup)) => {
                let message = format!("the target \"{}\" has a backup and a reason for having none", name.value);
                let help = "remove one of the two";
                let found = Diagnostic::new(&codes::target::CONTRADICTION, message, reason.span, "not backed up", help);
                out.push(found.also(backup.name.span, "but backed up here"));
            }
            _ => {}
        }
    }
}
