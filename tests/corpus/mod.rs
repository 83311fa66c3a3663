//! Plans, and what the compiler says of them.

mod diagnostics;
mod plans;
mod properties;
mod ten_mistakes;

use jiff::civil::{Date, date};
use sonae::diagnostic::{Diagnostic, Diagnostics, Sources};

/// The day on which the corpus is compiled.
pub(crate) const TODAY: Date = date(2026, 3, 1);

/// A plan's text, and all that the compiler finds in it.
pub(crate) struct Compiled {
    pub(crate) sources: Sources,
    pub(crate) found: Vec<Diagnostic>,
}

/// Compiles a text as far as there are stages.
pub(crate) fn compile(name: &str, text: &str) -> Compiled {
    let mut sources = Sources::default();
    let file = sources.add(name, text);
    let mut out = Diagnostics::default();
    let document = sonae::syntax::parse(file, text, &mut out);
    let found = match sonae::lower::lower(&document, &mut out) {
        None => out.into_sorted(),
        Some(plan) => {
            sonae::check::check(plan.clone(), TODAY, &mut out);
            sonae::check::apply_waivers(&plan, out.into_sorted(), TODAY)
        }
    };
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
