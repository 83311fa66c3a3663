//! All stages that look at nothing but the text, one after the other.

use jiff::Timestamp;
use jiff::civil::Date;

use super::{ProvenPlan, prove};
use crate::check::{Judged, Waived};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
use crate::plan::Plan;
use crate::primitives::{FileId, PathBytes};
use crate::{calendar, check, graph, lower};

/// What the compiler says of a plan.
#[derive(Debug)]
pub struct Compiled {
    /// Every problem that stands, in source order.
    pub diagnostics: Vec<Diagnostic>,
    /// Every problem that the plan's waivers set aside, in source order.
    pub waived: Vec<Waived>,
    /// The plan, where no error stands.
    pub proven: Option<ProvenPlan>,
}

/// A plan as it is written, and what was found on the way.
#[derive(Debug)]
pub struct Lowered {
    /// The plan; none where there is nothing that could be one.
    pub plan: Option<Plan>,
    /// What was found so far.
    pub found: Diagnostics,
}

/// Reads the plan of a loaded file. What it includes must have been loaded ([`lower::load`]).
pub fn lowered(sources: &Sources, file: FileId) -> Lowered {
    let mut found = Diagnostics::default();
    let documents = lower::read(sources, file, &mut found);
    let plan = lower::lower(&documents, &mut found);
    Lowered { plan, found }
}

impl Lowered {
    /// What all later stages that look at nothing but the text say of it. Relative paths are relative to `base`, an absolute folder; waivers expire
    /// by `now`.
    pub fn compile(self, base: &PathBytes, now: Timestamp) -> Compiled {
        let Self { plan, mut found } = self;
        let Some(plan) = plan else {
            return Compiled { diagnostics: found.into_sorted(), waived: vec![], proven: None };
        };
        let zone = calendar::zone(&plan.timezone.value).unwrap_or(jiff::tz::TimeZone::UTC);
        let today = now.to_zoned(zone).date();
        let checked = match check::check(plan, today, &mut found) {
            Ok(checked) => checked,
            Err(plan) => return unproven(&plan, found, today),
        };
        match graph::compile(&checked, base, &mut found) {
            Some(graph) => prove(checked, graph, found, today),
            None => unproven(checked.plan(), found, today),
        }
    }
}

/// Compiles the plan of a loaded file: [`lowered`] and [`Lowered::compile`] in one.
pub fn compile(sources: &Sources, file: FileId, base: &PathBytes, now: Timestamp) -> Compiled {
    lowered(sources, file).compile(base, now)
}

/// What was found of a plan that has errors.
fn unproven(plan: &Plan, found: Diagnostics, today: Date) -> Compiled {
    let Judged { standing: diagnostics, waived } = check::apply_waivers(plan, found.into_sorted(), today);
    Compiled { diagnostics, waived, proven: None }
}
