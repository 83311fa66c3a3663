//! Backups run by themselves.

use super::Scene;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::Way;

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for (target, backup) in scene.backups() {
        let name = &backup.name;
        // What RDS keeps by itself needs none.
        let is_kept = matches!(backup.way, Way::PointInTime(_));
        if backup.schedule.is_none() && !is_kept && !scene.is_backup_broken(&target.name.value, &name.value) {
            let message = format!("the backup \"{}\" of \"{}\" has no schedule", name.value, target.name.value);
            let help = "write, for example, `schedule \"daily\" at=\"05:30\"` in its block";
            let label = "runs only when it is named";
            out.push(Diagnostic::new(&codes::backup::NO_SCHEDULE, message, name.span, label, help));
        }
    }
}
