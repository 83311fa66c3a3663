//! Setting aside what a person decided to live with: the last step over the diagnostics of all stages.

use jiff::civil::Date;

use crate::diagnostic::{Code, Diagnostic, Severity, codes};
use crate::plan::{Plan, Waiver};

/// All waivers of a plan.
pub(super) fn all(plan: &Plan) -> impl Iterator<Item = &Waiver> {
    let stores = plan.stores.iter().flat_map(|store| &store.waivers);
    let targets = plan
        .targets
        .iter()
        .flat_map(|target| target.waivers.iter().chain(target.backups.iter().flat_map(|backup| &backup.waivers)));
    let restores = plan.restores.iter().flat_map(|restore| &restore.waivers);
    plan.waivers.iter().chain(stores).chain(targets).chain(restores)
}

/// The code that a waiver sets aside: known, waivable, and not expired.
fn effective(waiver: &Waiver, today: Date) -> Option<&'static Code> {
    codes::by_name(&waiver.code.value).filter(|code| code.waivable && today <= waiver.until.value)
}

fn matches(waiver: &Waiver, found: &Diagnostic, today: Date) -> bool {
    let (scope, at) = (waiver.scope, found.span());
    let inside = scope.file == at.file && scope.start <= at.start && at.end <= scope.end;
    inside && effective(waiver, today) == Some(found.code)
}

/// Whether some waiver of the plan sets a diagnostic aside.
pub(super) fn is_waived(plan: &Plan, found: &Diagnostic, today: Date) -> bool {
    found.code.waivable && all(plan).any(|waiver| matches(waiver, found, today))
}

/// Takes out what the plan's waivers set aside, of all that was found by all stages, and adds a warning for each waiver
/// that sets nothing aside. `today` is the day in the plan's zone.
///
/// Where errors stand, later stages may not have looked, so that no waiver is called idle then. The result is in source order.
pub fn apply_waivers(plan: &Plan, found: Vec<Diagnostic>, today: Date) -> Vec<Diagnostic> {
    let mut left: Vec<_> = found.iter().filter(|found| !is_waived(plan, found, today)).cloned().collect();
    if left.iter().all(|found| found.severity < Severity::Error) {
        let idle = all(plan).filter(|waiver| {
            effective(waiver, today).is_some() && !found.iter().any(|found| matches(waiver, found, today))
        });
        left.extend(idle.map(unused));
    }
    left.sort_by(|a, b| (a.span(), a.code.name).cmp(&(b.span(), b.code.name)));
    left
}

fn unused(waiver: &Waiver) -> Diagnostic {
    let message = format!("the waiver of `{}` sets nothing aside", waiver.code.value);
    let help = "remove it, or move it into the block that the diagnostic is about";
    Diagnostic::new(&codes::plan::UNUSED, message, waiver.code.span, "nothing of this is found here", help)
}
