//! The pages of the diagnostics.

use crate::diagnostic::{Code, Severity, codes};

/// The page of a code, Markdown: what is wrong, why it matters, and examples. None where there is no such code.
pub fn explain(code: &str) -> Option<String> {
    let code = codes::by_name(code)?;
    // What stands behind the language of an example is for the test that compiles it.
    let lines = code.page.lines().map(|line| if line.starts_with("```kdl") { "```kdl" } else { line });
    let page: Vec<_> = lines.collect();
    Some(format!("# {}\n\n{}\n\n{}\n", code.name, standing(code), page.join("\n")))
}

/// All pages, as they stand in `docs/diagnostics.md`.
pub fn diagnostics_page() -> String {
    let mut text = String::from(
        "# Diagnostics\n\nEvery problem that the compiler finds in a plan has a code of its own. Written from the compiler's own table; \
         `sonae explain CODE` prints a single page.\n",
    );
    for code in codes::all() {
        text.push_str(&format!("\n## {}\n\n{}\n\n{}", code.name, standing(code), code.page));
    }
    text
}

/// One sentence: how much it weighs, and whether it can be set aside.
fn standing(code: &Code) -> String {
    let severity = match code.severity {
        Severity::Error => "Error",
        Severity::Warning => "Warning",
        Severity::Advice => "Advice",
    };
    let waivable = if code.waivable { " It can be set aside with `waive`." } else { "" };
    format!("**{severity}:** {}.{waivable}", code.title)
}
