//! Waivers name a code that can be set aside, and have not expired.

use super::Scene;
use crate::check::waivers;
use crate::diagnostic::{Diagnostic, Diagnostics, codes, nearest};
use crate::plan::Waiver;

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for waiver in waivers::all(scene.plan) {
        match codes::by_name(&waiver.code.value) {
            None => out.push(unknown(waiver)),
            Some(code) if !code.waivable => out.push(fixed(waiver)),
            Some(code) if waiver.until.value < scene.today => {
                out.push(match code.name.starts_with(codes::change::AREA) {
                    true => outlived(waiver),
                    false => expired(waiver),
                })
            }
            Some(_) => {}
        }
    }
}

fn unknown(waiver: &Waiver) -> Diagnostic {
    let help = match nearest(&waiver.code.value, codes::all().map(|code| code.name)) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => "write a code as it is shown with the diagnostic, `sonae::area::problem`".to_owned(),
    };
    let span = waiver.code.span;
    Diagnostic::new(&codes::plan::UNKNOWN_CODE, "no diagnostic has this code", span, "not known", help)
}

fn fixed(waiver: &Waiver) -> Diagnostic {
    let (message, help) = ("this diagnostic cannot be set aside", "remove the waiver and correct what it is about");
    Diagnostic::new(&codes::plan::NOT_WAIVABLE, message, waiver.code.span, "cannot be waived", help)
}

/// What it set aside was done when two plans were compared, and nobody looks at that again: it stops no backup.
fn outlived(waiver: &Waiver) -> Diagnostic {
    let message = format!("the waiver of `{}` has expired", waiver.code.value);
    let help = "remove it: the change that it was for is made, or take that back";
    Diagnostic::new(&codes::plan::UNUSED, message, waiver.until.span, "its last day has passed", help)
}

fn expired(waiver: &Waiver) -> Diagnostic {
    let message = format!("the waiver of `{}` has expired", waiver.code.value);
    let help = "correct what it is about, or decide again and write a later day";
    let label = "its last day has passed";
    Diagnostic::new(&codes::plan::EXPIRED, message, waiver.until.span, label, help)
}
