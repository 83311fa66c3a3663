//! What comes before a backup is another backup of the plan.

use std::cell::OnceCell;

use super::Scene;
use crate::check::scene::known_names;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::primitives::{JobName, Spanned};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    // What each unknown one is compared with, made when there is one.
    let known = OnceCell::new();
    for (target, backup) in scene.backups() {
        for job in &backup.after {
            if job.value.target == target.name.value && job.value.backup == backup.name.value {
                let (message, help) = ("a backup comes after itself", "remove it, or name another job");
                let found = Diagnostic::new(&codes::backup::ITSELF, message, job.span, "this very backup", help);
                out.push(found.also(backup.name.span, "declared here"));
            } else if !is_declared(scene, &job.value) {
                out.push(unknown(job, known.get_or_init(|| jobs(scene))));
            }
        }
    }
}

/// Whether the job is there, or may be what could not be read.
fn is_declared(scene: &Scene<'_>, job: &JobName) -> bool {
    let target = scene.targets.get(&job.target);
    let declared = target.is_some_and(|target| target.backups.iter().any(|backup| backup.name.value == job.backup));
    declared || scene.is_broken("target", &job.target)
}

fn jobs(scene: &Scene<'_>) -> Vec<String> {
    scene.backups().take(500).map(|(target, backup)| format!("{}/{}", target.name.value, backup.name.value)).collect()
}

fn unknown(job: &Spanned<JobName>, jobs: &[String]) -> Diagnostic {
    let help = known_names(&job.value.to_string(), "other job", jobs.iter().map(String::as_str));
    let message = format!("no job is called \"{}\"", job.value);
    Diagnostic::new(&codes::backup::UNKNOWN_JOB, message, job.span, "not declared", help)
}
