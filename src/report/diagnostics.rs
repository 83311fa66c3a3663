//! Diagnostics as text for people, as JSON for programs, and as SARIF and workflow commands for code review.

mod github;
mod json;
mod lines;
mod sarif;
mod snippet;
#[cfg(test)]
mod tests;

use crate::diagnostic::{Diagnostic, Severity, Sources};
use snippet::Snippets;

pub use github::github;
pub use json::{DiagnosticsReport, json};
pub use sarif::sarif;

/// Whether text is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// With ANSI colours.
    Ansi,
    /// Without.
    Plain,
}

/// How many diagnostics are shown as text: beyond that, nobody reads on.
pub const SHOWN_MAX: usize = 200;

/// How many are written out for programs; the rest is counted.
const WRITTEN_MAX: usize = 1_000;

/// The name of a file as it is below the folder `here`; else as it is given, without a leading `./`.
fn below<'a>(name: &'a str, here: &str) -> &'a str {
    let inside = name.strip_prefix(here.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/'));
    inside.unwrap_or_else(|| name.strip_prefix("./").unwrap_or(name))
}

/// The diagnostics, in the order given, each with its code, its place in the text and its help line. Beyond
/// `SHOWN_MAX`, only their number is told. While there are errors, advice waits: nobody reads it then.
pub fn text(found: &[Diagnostic], sources: &Sources, colour: Colour) -> String {
    let mut snippets = Snippets::new(sources, colour, found.iter());
    let mut text = String::new();
    let advice_waits = has_errors(found);
    let told: Vec<&Diagnostic> =
        found.iter().filter(|found| !(advice_waits && found.severity == Severity::Advice)).collect();
    for diagnostic in told.iter().take(SHOWN_MAX) {
        text.push_str(&snippets.render(diagnostic));
        text.push('\n');
    }
    if told.len() > SHOWN_MAX {
        text.push_str(&format!("… and {} more\n", told.len() - SHOWN_MAX));
    }
    text
}

fn has_errors(found: &[Diagnostic]) -> bool {
    found.iter().any(|found| found.severity == Severity::Error)
}

/// One line that counts them: `"3 errors, 1 warning"`. Advice is no problem, and is counted apart.
pub fn summary(found: &[Diagnostic]) -> String {
    let count = |severity| found.iter().filter(|found| found.severity == severity).count();
    let counted = |count: usize, noun: &str| match count {
        0 => None,
        1 => Some(format!("1 {noun}")),
        _ => Some(format!("{count} {noun}s")),
    };
    let problems = [counted(count(Severity::Error), "error"), counted(count(Severity::Warning), "warning")];
    let mut parts: Vec<_> = problems.into_iter().flatten().collect();
    if parts.is_empty() {
        parts.push("no problems".to_owned());
    }
    let waits = if has_errors(found) { ", shown when there is no error" } else { "" };
    match count(Severity::Advice) {
        0 => {}
        1 => parts.push(format!("1 piece of advice{waits}")),
        advice => parts.push(format!("{advice} pieces of advice{waits}")),
    }
    parts.join(", ")
}
