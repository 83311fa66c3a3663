//! All stages that look at nothing but the text, one after the other.

use jiff::Timestamp;

use super::{ProvenPlan, prove};
use crate::check::{Judged, Waived};
use crate::diagnostic::{Diagnostic, Diagnostics, Sources};
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

/// Compiles the plan of a loaded file: all stages that look at nothing but the text. What it includes must have been loaded
/// ([`lower::load`]). Relative paths are relative to `base`, an absolute folder; waivers expire by `now`.
pub fn compile(sources: &Sources, file: FileId, base: &PathBytes, now: Timestamp) -> Compiled {
    let mut found = Diagnostics::default();
    let documents = lower::read(sources, file, &mut found);
    let Some(plan) = lower::lower(&documents, &mut found) else {
        return Compiled { diagnostics: found.into_sorted(), waived: vec![], proven: None };
    };
    // What they take is needed for the graph.
    drop(documents);
    let zone = calendar::zone(&plan.timezone.value).unwrap_or(jiff::tz::TimeZone::UTC);
    let today = now.to_zoned(zone).date();
    let whole = plan.clone();
    let graph = match check::check(plan, today, &mut found) {
        Some(checked) => graph::compile(&checked, base, &mut found).map(|graph| (checked, graph)),
        None => None,
    };
    match graph {
        Some((checked, graph)) => prove(checked, graph, found, today),
        None => {
            let Judged { standing: diagnostics, waived } = check::apply_waivers(&whole, found.into_sorted(), today);
            Compiled { diagnostics, waived, proven: None }
        }
    }
}
