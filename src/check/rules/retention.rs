//! Backups are let go some day, and not all at once.

use super::Scene;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::Retention;

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    let whole =
        scene.backups().filter(|(target, backup)| !scene.is_backup_broken(&target.name.value, &backup.name.value));
    for (target, backup) in whole {
        let name = &backup.name;
        match &backup.retention {
            None => {
                let message = format!("the backup \"{}\" of \"{}\" is kept for ever", name.value, target.name.value);
                let help = "write, for example, `retention generations=7 within=\"30d\"` in its block";
                let label = "nothing is ever deleted";
                out.push(Diagnostic::new(&codes::backup::NO_RETENTION, message, name.span, label, help));
            }
            Some(retention) if is_empty(retention) => {
                let help = "write a rule, such as `generations=7`, or remove the line to keep everything";
                let message = "this retention has no rule";
                out.push(Diagnostic::new(&codes::backup::NO_RULE, message, retention.span, "would keep nothing", help));
            }
            Some(_) => {}
        }
    }
}

fn is_empty(retention: &Retention) -> bool {
    let Retention { generations, within, hourly, daily, weekly, monthly, yearly, span: _ } = retention;
    let counts = [generations, hourly, daily, weekly, monthly, yearly];
    within.is_none() && counts.iter().all(|count| count.is_none())
}
