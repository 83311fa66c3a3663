//! *sonae* (備え, "being prepared"): a declarative backup-and-recovery plan compiler and executor.
//!
//! A guided tour, in the order in which a plan goes through it; each stage changes the type:
//!
//! - [`syntax`] reads KDL text into a document, [`lower`] makes a typed [`plan`] of it, [`check`] holds the rules against it;
//! - [`graph`] compiles it to steps, [`prove`] proves what it promises;
//! - [`observe`] asks the world, by reading [`ports`] only; [`forecast`] says what would happen: the dry run;
//! - [`run`] carries a forecast out, [`steps`] does each step, [`report`] says it to people;
//! - [`cli`] is the command line; [`drivers`] are the real world and [`fakes`] a simulated one.

pub mod archive;
pub mod calendar;
pub mod catalog;
pub mod check;
pub mod cli;
pub mod diagnostic;
pub mod drivers;
pub mod fakes;
pub mod forecast;
pub mod graph;
pub mod lower;
pub mod observe;
pub mod plan;
pub mod ports;
pub mod primitives;
pub mod prove;
pub mod report;
pub mod retention;
pub mod run;
pub mod steps;
pub mod syntax;

use diagnostic::{Diagnostic, Diagnostics, Sources};
use jiff::Timestamp;
use primitives::{FileId, PathBytes};
use prove::ProvenPlan;

/// What the compiler says of a plan.
#[derive(Debug)]
pub struct Compiled {
    /// Every problem, in source order.
    pub diagnostics: Vec<Diagnostic>,
    /// The plan, where no error stands.
    pub proven: Option<ProvenPlan>,
}

/// Compiles the plan of one loaded file: all stages that look at nothing but the text. Relative paths are relative to `base`, an
/// absolute folder; waivers expire by `now`.
pub fn compile(sources: &Sources, file: FileId, base: &PathBytes, now: Timestamp) -> Compiled {
    let mut found = Diagnostics::default();
    let document = syntax::parse(file, &sources.get(file).text, &mut found);
    let Some(plan) = lower::lower(&document, &mut found) else {
        return Compiled { diagnostics: found.into_sorted(), proven: None };
    };
    let zone = calendar::zone(&plan.timezone.value).unwrap_or(jiff::tz::TimeZone::UTC);
    let today = now.to_zoned(zone).date();
    let whole = plan.clone();
    let graph = match check::check(plan, today, &mut found) {
        Some(checked) => graph::compile(&checked, base, &mut found).map(|graph| (checked, graph)),
        None => None,
    };
    match graph {
        Some((checked, graph)) => {
            let (diagnostics, proven) = prove::prove(checked, graph, found, today);
            Compiled { diagnostics, proven }
        }
        None => {
            let diagnostics = check::apply_waivers(&whole, found.into_sorted(), today);
            Compiled { diagnostics, proven: None }
        }
    }
}
