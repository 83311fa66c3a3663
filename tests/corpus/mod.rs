//! Plans: what the compiler says of them, what it makes of them, and what would happen.

mod accepted;
mod diagnostics;
mod forecasts;
mod forms;
mod graphs;
mod inputs;
mod locked;
mod order;
mod past;
mod plans;
mod points;
mod properties;
mod ten_mistakes;

use std::path::Path;

use jiff::civil::{Date, date};
use sonae::diagnostic::{Diagnostic, Sources};
use sonae::primitives::PathBytes;
use sonae::prove::ProvenPlan;

pub(crate) use diagnostics::example_text;

/// The day on which the corpus is compiled.
pub(crate) const TODAY: Date = date(2026, 3, 1);

/// A plan's text, and all that the compiler finds in it.
pub(crate) struct Compiled {
    pub(crate) sources: Sources,
    pub(crate) found: Vec<Diagnostic>,
    /// None where an error stands.
    pub(crate) proven: Option<ProvenPlan>,
}

/// Compiles a text through every stage that looks at nothing else.
pub(crate) fn compile(name: &str, text: &str) -> Compiled {
    let mut sources = Sources::default();
    let file = sources.add(name, text);
    let now = TODAY.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).expect("a time").timestamp();
    let base = PathBytes::new(&b"/plans"[..]);
    let compiled = sonae::prove::compile(&sources, file, &base, now);
    Compiled { sources, found: compiled.diagnostics, proven: compiled.proven }
}

/// Compiles a file.
fn compile_file(path: &Path) -> Compiled {
    let text = std::fs::read_to_string(path).unwrap();
    compile(&path.file_name().unwrap().to_string_lossy(), &text)
}

impl Compiled {
    /// What a person sees, without colours: every problem, then every promise that holds.
    pub(crate) fn shown(&self) -> String {
        use sonae::report::diagnostics::{Colour, summary, text};
        let promises = self.proven.iter().flat_map(|proven| &proven.proofs().promises);
        let promises: String = promises.map(|promise| format!("  {}: {promise}\n", promise.standing)).collect();
        format!("{}{}\n{promises}", text(&self.found, &self.sources, Colour::Plain), summary(&self.found))
    }

    /// The names of the codes found, in source order.
    pub(crate) fn codes(&self) -> Vec<&'static str> {
        self.found.iter().map(|found| found.code.name).collect()
    }
}
