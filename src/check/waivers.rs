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

/// The waivers that can set something aside: of a code that is known and waivable, and not expired.
pub(super) struct Effective<'p>(Vec<(&'p Waiver, &'static Code)>);

impl<'p> Effective<'p> {
    pub(super) fn new(plan: &'p Plan, today: Date) -> Self {
        let code = |waiver: &Waiver| codes::by_name(&waiver.code.value).filter(|code| code.waivable);
        let standing = all(plan).filter(|waiver| today <= waiver.until.value);
        Self(standing.filter_map(|waiver| Some((waiver, code(waiver)?))).collect())
    }

    /// Whether one of them sets a diagnostic aside.
    pub(super) fn cover(&self, found: &Diagnostic) -> bool {
        found.code.waivable && self.0.iter().any(|waiver| covers(*waiver, found))
    }
}

fn covers((waiver, code): (&Waiver, &Code), found: &Diagnostic) -> bool {
    let (scope, at) = (waiver.scope, found.span());
    // What tells most of them apart comes first: very many may be held against very many.
    scope.start <= at.start && at.end <= scope.end && scope.file == at.file && code == found.code
}

/// Takes out what the plan's waivers set aside, of all that was found by all stages, and adds a warning for each waiver
/// that sets nothing aside. `today` is the day in the plan's zone.
///
/// Where errors stand, later stages may not have looked, so that no waiver is called idle then. The result is in source
/// order.
pub fn apply_waivers(plan: &Plan, found: Vec<Diagnostic>, today: Date) -> Vec<Diagnostic> {
    let waivers = Effective::new(plan, today);
    let (covered, mut left): (Vec<_>, Vec<_>) = found.into_iter().partition(|found| waivers.cover(found));
    if left.iter().all(|found| found.severity < Severity::Error) {
        let idle = waivers.0.iter().filter(|waiver| !covered.iter().any(|found| covers(**waiver, found)));
        left.extend(idle.map(|(waiver, _)| unused(waiver)));
    }
    left.sort_by(|a, b| (a.span(), a.code.name).cmp(&(b.span(), b.code.name)));
    left
}

fn unused(waiver: &Waiver) -> Diagnostic {
    let message = format!("the waiver of `{}` sets nothing aside", waiver.code.value);
    let help = "remove it, or move it into the block that the diagnostic is about";
    Diagnostic::new(&codes::plan::UNUSED, message, waiver.code.span, "nothing of this is found here", help)
}
