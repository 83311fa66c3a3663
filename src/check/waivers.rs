//! Setting aside what a person decided to live with: the last step over the diagnostics of all stages.

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::templates;
use crate::diagnostic::{Code, Diagnostic, Severity, codes};
use crate::plan::{Plan, Waiver};
use crate::primitives::Span;

/// All waivers of a plan.
pub fn all(plan: &Plan) -> impl Iterator<Item = &Waiver> {
    let stores = plan.stores.iter().flat_map(|store| &store.waivers);
    let targets = plan
        .targets
        .iter()
        .flat_map(|target| target.waivers.iter().chain(target.backups.iter().flat_map(|backup| &backup.waivers)));
    let restores = plan.restores.iter().flat_map(|restore| &restore.waivers);
    let templates = plan.templates.iter().flat_map(|template| &template.waivers);
    let roles = plan.roles.iter().flat_map(|role| &role.waivers);
    let hosts = plan.hosts.iter().flat_map(|host| &host.waivers);
    let notifies = plan.notifies.iter().flat_map(|notify| &notify.waivers);
    let verifies = plan.verifies.iter().flat_map(|verify| &verify.waivers);
    let drills = plan.drills.iter().flat_map(|drill| &drill.waivers);
    let announces = plan.announces.iter().flat_map(|announce| &announce.waivers);
    let people = roles.chain(hosts).chain(notifies);
    let watched = verifies.chain(drills).chain(announces);
    plan.waivers.iter().chain(people).chain(stores).chain(targets).chain(restores).chain(watched).chain(templates)
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
    let at = found.span();
    // What tells most of them apart comes first: very many may be held against very many.
    let holds = |scope: Span| scope.start <= at.start && at.end <= scope.end && scope.file == at.file;
    waiver.scope.is_none_or(holds) && code == found.code
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
    judged.standing = templates::told_once(plan, judged.standing);
    let Judged { standing, waived } = &mut judged;
    if standing.iter().all(|found| found.severity < Severity::Error) {
        standing.extend(idle(plan, &waivers, waived).into_iter().map(unused));
    }
    standing.sort_by(|a, b| (a.span(), a.code.name).cmp(&(b.span(), b.code.name)));
    judged
}

/// The waivers that set nothing aside, each place once: one in a template is there again for each target that uses it, and is not idle
/// while it serves any of them. Of a template that nobody uses, that alone is told.
fn idle<'p>(plan: &'p Plan, waivers: &Effective<'p>, waived: &[Waived]) -> Vec<&'p Waiver> {
    let serves = |waiver: &(&Waiver, &'static Code)| waived.iter().any(|waived| covers(*waiver, &waived.found));
    // Whether one of a change sets something aside is known where two plans are compared.
    let of_changes = waivers.0.iter().filter(|(_, code)| code.name.starts_with(codes::change::AREA));
    let unused = plan.templates.iter().filter(|template| !template.is_used).flat_map(|template| &template.waivers);
    let mut told: BTreeSet<Span> = unused.map(|waiver| waiver.span).collect();
    told.extend(of_changes.map(|(waiver, _)| waiver.span));
    told.extend(waivers.0.iter().filter(|waiver| serves(waiver)).map(|(waiver, _)| waiver.span));
    waivers.0.iter().map(|(waiver, _)| *waiver).filter(|waiver| told.insert(waiver.span)).collect()
}

fn unused(waiver: &Waiver) -> Diagnostic {
    let message = format!("the waiver of `{}` sets nothing aside", waiver.code.value);
    let help = "remove it, or move it into the block that the diagnostic is about";
    Diagnostic::new(&codes::plan::UNUSED, message, waiver.code.span, "nothing of this is found here", help)
}
