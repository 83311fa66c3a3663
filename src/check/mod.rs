//! Floor 5: whether the parts of a plan fit together.
//!
//! Unaware of the world: that a folder exists is not known here. Invariant: a `CheckedPlan` has no error, but for those
//! that its waivers set aside; every name in it is declared, every zone known, every glob well formed.

mod globs;
mod place;
mod rules;
mod scene;
mod templates;
mod waivers;

#[cfg(test)]
mod tests;

use jiff::civil::Date;

pub use waivers::{Judged, Waived, all as waivers, apply_waivers};

use crate::diagnostic::{Diagnostics, Severity};
use crate::plan::{Backup, Plan};
use crate::primitives::{JobName, Name};
use rules::Rule;
use scene::Scene;

/// A plan whose parts fit together.
#[derive(Debug, Clone)]
pub struct CheckedPlan {
    plan: Plan,
}

impl CheckedPlan {
    /// The plan.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The plan with these of its backups and restores alone.
    #[must_use]
    pub fn part(&self, jobs: impl Fn(&JobName) -> bool, restores: impl Fn(&Name) -> bool) -> Self {
        let mut plan = self.plan.clone();
        for target in &mut plan.targets {
            let name = target.name.value.clone();
            let job = |backup: &Backup| JobName { target: name.clone(), backup: backup.name.value.clone() };
            target.backups.retain(|backup| jobs(&job(backup)));
        }
        plan.restores.retain(|restore| restores(&restore.name.value));
        Self { plan }
    }
}

/// Holds every rule against a plan; `today` is the day in the plan's zone, by which waivers expire.
///
/// # Errors
/// The plan as it was, where an error stands that no waiver sets aside: of what is found, or of what `out` holds from earlier stages.
pub fn check(plan: Plan, today: Date, out: &mut Diagnostics) -> Result<CheckedPlan, Box<Plan>> {
    check_with(rules::RULES.iter(), plan, today, out)
}

/// The same with those rules alone.
fn check_with<'r>(
    rules: impl Iterator<Item = &'r Rule>,
    plan: Plan,
    today: Date,
    out: &mut Diagnostics,
) -> Result<CheckedPlan, Box<Plan>> {
    let scene = Scene::new(&plan, today);
    rules.for_each(|rule| (rule.run)(&scene, out));
    let waivers = waivers::Effective::new(&plan, today);
    let stands = out.iter().all(|found| found.severity < Severity::Error || waivers.cover(found));
    drop(waivers);
    if stands { Ok(CheckedPlan { plan }) } else { Err(Box::new(plan)) }
}
