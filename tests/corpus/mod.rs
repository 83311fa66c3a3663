//! Plans, and what the compiler says of them.

mod diagnostics;
mod plans;
mod properties;
mod ten_mistakes;

use jiff::civil::{Date, date};
use sonae::diagnostic::{Diagnostic, Sources};
use sonae::primitives::PathBytes;

/// The day on which the corpus is compiled.
pub(crate) const TODAY: Date = date(2026, 3, 1);

/// A plan's text, and all that the compiler finds in it.
pub(crate) struct Compiled {
    pub(crate) sources: Sources,
    pub(crate) found: Vec<Diagnostic>,
}

/// Compiles a text through every stage that looks at nothing else.
pub(crate) fn compile(name: &str, text: &str) -> Compiled {
    let mut sources = Sources::default();
    let file = sources.add(name, text);
    let now = TODAY.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).expect("a time").timestamp();
    let base = PathBytes::new(&b"/plans"[..]);
    let found = sonae::prove::compile(&sources, file, &base, now).diagnostics;
    Compiled { sources, found }
}

impl Compiled {
    /// What a person sees, without colours.
    pub(crate) fn shown(&self) -> String {
        use sonae::report::diagnostics::{Colour, summary, text};
        format!("{}{}\n", text(&self.found, &self.sources, Colour::Plain), summary(&self.found))
    }

    /// The names of the codes found, in source order.
    pub(crate) fn codes(&self) -> Vec<&'static str> {
        self.found.iter().map(|found| found.code.name).collect()
    }
}
