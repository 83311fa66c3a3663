//! For people.

use std::fmt::Write;

use super::{Compared, GRAVEST_FIRST, headline, mark, name, reasons, told, way_out};
use crate::diff::{Change, Judgement};
use crate::primitives::on_one_line;

/// The changes of each plan, the gravest first, behind one sentence that says all of it.
pub fn text(plans: &[Compared]) -> String {
    let mut text = headline(plans) + "\n";
    let many = plans.len() > 1;
    for plan in plans.iter().filter(|plan| !plan.changes.changes.is_empty()) {
        if many || plan.old != plan.new {
            let _ = writeln!(text, "\n{}", on_one_line(&name(plan)));
        }
        for judgement in GRAVEST_FIRST {
            group(&mut text, judgement, &plan.changes.changes);
        }
    }
    if let Some(way_out) = way_out(plans) {
        let _ = writeln!(text, "\n{way_out}");
    }
    text
}

fn group(text: &mut String, judgement: Judgement, changes: &[Change]) {
    let of = changes.iter().filter(|change| change.judgement == judgement);
    for (at, change) in of.enumerate() {
        if at == 0 {
            let _ = writeln!(text, "\n{judgement}");
        }
        let _ = writeln!(text, "  {} {}", mark(change), on_one_line(&told(change)));
        for reason in reasons(change) {
            let _ = writeln!(text, "      {}", on_one_line(&reason));
        }
    }
}
