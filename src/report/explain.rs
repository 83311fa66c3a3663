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

/// The name of a code's page in `docs/diagnostics/`.
pub fn diagnostics_file(code: &Code) -> String {
    format!("{}.md", code.name.replace("::", "-"))
}

/// A code's page as it stands in `docs/diagnostics/`. `shown` is the diagnostic of its example, as `check` shows it.
pub fn diagnostics_page(code: &Code, shown: &str) -> String {
    format!(
        "# {}\n\n{}\n\n{}\n## What `check` says\n\n```text\n{}\n```\n\n[All diagnostics](README.md)\n",
        code.name,
        standing(code),
        code.page,
        shown.trim_end(),
    )
}

/// The list of all pages, `docs/diagnostics/README.md`.
pub fn diagnostics_index() -> String {
    let mut text = String::from(
        "# Diagnostics\n\nEvery problem that the compiler finds in a plan has a code and a page of its own. `sonae explain CODE` prints one. All \
         of this is written from the compiler's own table.\n\n\
         An **error** means that the plan cannot be used. A **warning** is probably not meant: `sonae check --deny warnings` counts it as an \
         error. **Advice** is worth knowing, and never counted. What can be set aside is so with `waive`, a reason and a last day.\n\n\
         | code | | can be set aside | what is wrong |\n| --- | --- | --- | --- |\n",
    );
    for code in codes::all() {
        let waivable = if code.waivable { "yes" } else { "" };
        let (name, file, title) = (code.name, diagnostics_file(code), code.title);
        text.push_str(&format!("| [`{name}`]({file}) | {} | {waivable} | {title} |\n", severity(code).to_lowercase()));
    }
    text
}

/// One sentence: how much it weighs, and whether it can be set aside.
fn standing(code: &Code) -> String {
    let waivable = if code.waivable { "can" } else { "cannot" };
    format!("**{}:** {}. It {waivable} be set aside with `waive`.", severity(code), code.title)
}

fn severity(code: &Code) -> &'static str {
    match code.severity {
        Severity::Error => "Error",
        Severity::Warning => "Warning",
        Severity::Advice => "Advice",
    }
}
