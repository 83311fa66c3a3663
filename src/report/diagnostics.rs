//! Diagnostics as text for people, as JSON for programs, and as SARIF and workflow commands for code review.

mod github;
mod json;
mod lines;
mod sarif;
mod snippet;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

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

/// What the codes of the notation begin with.
const SYNTAX: &str = "sonae::syntax::";

/// How many errors of the notation are shown as text: the others mostly follow from the first, or the file is no plan at all.
const SYNTAX_SHOWN_MAX: usize = 20;

/// How many are written out for programs; the rest is counted.
const WRITTEN_MAX: usize = 1_000;

/// The name of a file as it is below the folder `here`; else as it is given, without a leading `./`.
fn below<'a>(name: &'a str, here: &str) -> &'a str {
    let inside = name.strip_prefix(here.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/'));
    inside.unwrap_or_else(|| name.strip_prefix("./").unwrap_or(name))
}

/// How many pieces of advice of one code are drawn: who has read three needs but the places of the others.
const ADVICE_DRAWN_MAX: usize = 3;

/// The diagnostics, in the order given, each with its code, its place in the text and its help line; of advice that comes again and
/// again, the first `ADVICE_DRAWN_MAX`, and the others at the end in a line each. Beyond `SHOWN_MAX`, and of the notation beyond
/// `SYNTAX_SHOWN_MAX`, only their number is told. While there are errors, advice waits: nobody reads it then.
pub fn text(found: &[Diagnostic], sources: &Sources, colour: Colour) -> String {
    let mut snippets = Snippets::new(sources, colour, found.iter());
    let mut text = String::new();
    let advice_waits = has_errors(found);
    let is_told = |found: &&Diagnostic| !(advice_waits && found.severity == Severity::Advice);
    let mut advice: BTreeMap<&str, Vec<&Diagnostic>> = BTreeMap::new();
    let told: Vec<&Diagnostic> = found.iter().filter(is_told).collect();
    let mut of_syntax = 0;
    let is_drawn = |found: &&&Diagnostic| {
        of_syntax += usize::from(found.code.name.starts_with(SYNTAX));
        !found.code.name.starts_with(SYNTAX) || of_syntax <= SYNTAX_SHOWN_MAX
    };
    let drawn: Vec<&Diagnostic> = told.iter().filter(is_drawn).take(SHOWN_MAX).copied().collect();
    for &diagnostic in &drawn {
        if diagnostic.severity == Severity::Advice {
            let alike = advice.entry(diagnostic.code.name).or_default();
            alike.push(diagnostic);
            if alike.len() > ADVICE_DRAWN_MAX {
                continue;
            }
        }
        text.push_str(&snippets.render(diagnostic));
        text.push('\n');
    }
    for (code, alike) in advice.iter().filter(|(_, alike)| alike.len() > ADVICE_DRAWN_MAX) {
        let again = &alike[ADVICE_DRAWN_MAX..];
        let times = if again.len() == 1 { "once" } else { &format!("{} times", again.len()) };
        text.push_str(&format!("{code}, {times} more\n\n"));
        again.iter().for_each(|found| text.push_str(&format!("  {}\n", snippets.line(found))));
        text.push('\n');
    }
    if told.len() > drawn.len() {
        text.push_str(&format!("… and {} more\n", told.len() - drawn.len()));
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
