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
    let roles = plan.roles.iter().flat_map(|role| &role.waivers);
    let hosts = plan.hosts.iter().flat_map(|host| &host.waivers);
    let notifies = plan.notifies.iter().flat_map(|notify| &notify.waivers);
    let verifies = plan.verifies.iter().flat_map(|verify| &verify.waivers);
    let drills = plan.drills.iter().flat_map(|drill| &drill.waivers);
    let announces = plan.announces.iter().flat_map(|announce| &announce.waivers);
    let people = roles.chain(hosts).chain(notifies);
    let watched = verifies.chain(drills).chain(announces);
    plan.waivers.iter().chain(people).chain(stores).chain(targets).chain(restores).chain(watched)
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
        self.covering(found).is_some()
    }

    /// The first that sets a diagnostic aside.
    fn covering(&self, found: &Diagnostic) -> Option<&'p Waiver> {
        let waiver = self.0.iter().find(|waiver| found.code.waivable && covers(**waiver, found));
        waiver.map(|(waiver, _)| *waiver)
    }
}

fn covers((waiver, code): (&Waiver, &Code), found: &Diagnostic) -> bool {
    let (scope, at) = (waiver.scope, found.span());
    // What tells most of them apart comes first: very many may be held against very many.
    scope.start <= at.start && at.end <= scope.end && scope.file == at.file && code == found.code
}

/// What was found by all stages, after the plan's waivers; both in source order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Judged {
    /// What stands, with a warning for each waiver that sets nothing aside.
    pub standing: Vec<Diagnostic>,
    /// What is set aside.
    pub waived: Vec<Waived>,
}

/// A problem that somebody decided to live with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waived {
    /// What was found.
    pub found: Diagnostic,
    /// Why it is set aside, in the plan's words.
    pub reason: String,
}

/// Sorts what was found by whether the plan's waivers set it aside. `today` is the day in the plan's zone.
///
/// Where errors stand, later stages may not have looked, so that no waiver is called idle then.
pub fn apply_waivers(plan: &Plan, found: Vec<Diagnostic>, today: Date) -> Judged {
    let waivers = Effective::new(plan, today);
    let mut judged = Judged::default();
    for found in found {
        match waivers.covering(&found) {
            Some(waiver) => judged.waived.push(Waived { found, reason: waiver.reason.value.clone() }),
            None => judged.standing.push(found),
        }
    }
    let Judged { standing, waived } = &mut judged;
    if standing.iter().all(|found| found.severity < Severity::Error) {
        let idle = waivers.0.iter().filter(|waiver| !waived.iter().any(|waived| covers(**waiver, &waived.found)));
        standing.extend(idle.map(|(waiver, _)| unused(waiver)));
    }
    standing.sort_by(|a, b| (a.span(), a.code.name).cmp(&(b.span(), b.code.name)));
    judged
}

fn unused(waiver: &Waiver) -> Diagnostic {
    let message = format!("the waiver of `{}` sets nothing aside", waiver.code.value);
    let help = "remove it, or move it into the block that the diagnostic is about";
    Diagnostic::new(&codes::plan::UNUSED, message, waiver.code.span, "nothing of this is found here", help)
}
