//! Backups run by themselves.

use super::Scene;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for (target, backup) in scene.backups() {
        let name = &backup.name;
        if backup.schedule.is_none() && !scene.is_backup_broken(&target.name.value, &name.value) {
            let message = format!("the backup \"{}\" of \"{}\" has no schedule", name.value, target.name.value);
            let help = "write, for example, `schedule \"daily\" at=\"05:30\"` in its block";
            let label = "runs only when it is named";
            out.push(Diagnostic::new(&codes::backup::NO_SCHEDULE, message, name.span, label, help));
        }
    }
}
