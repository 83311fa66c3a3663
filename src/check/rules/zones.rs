//! Time zones are known.

use std::collections::BTreeSet;

use super::Scene;
use crate::calendar;
use crate::diagnostic::{Diagnostic, Diagnostics, codes, nearest};
use crate::primitives::Spanned;

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    let schedules = scene.schedules();
    // A schedule without a zone of its own has the plan's, with the plan's span: that is one problem.
    let mut seen = BTreeSet::new();
    let zones = std::iter::once(&scene.plan.timezone).chain(schedules.map(|schedule| &schedule.timezone));
    for zone in zones.filter(|zone| seen.insert(zone.span)) {
        if calendar::zone(&zone.value).is_none() {
            out.push(unknown(zone));
        }
    }
}

fn unknown(zone: &Spanned<String>) -> Diagnostic {
    let names = calendar::zone_names();
    let help = match nearest(&zone.value, names.iter().map(String::as_str)) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => "write a name of the IANA time zone database, as in \"Europe/Zurich\" or \"UTC\"".to_owned(),
    };
    let message = "this time zone is not known";
    Diagnostic::new(&codes::plan::UNKNOWN_ZONE, message, zone.span, "no such zone", help)
}
