//! The frame of every page: its head, its style and script, its landmarks and the list of its sections.
//!
//! Unaware of what stands in a section. Invariant: the policy that the page carries lets it load nothing, and run only the script and
//! the style that stand here; and no character that is not seen, or turns the text around, reaches it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

use crate::report::words::seen;
use crate::run::ExitStatus;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// A page.
pub(super) struct Page {
    /// What it is about, in one line.
    pub(super) title: String,
    /// What it comes to, before all else.
    pub(super) lead: Markup,
    pub(super) sections: Vec<Section>,
}

/// A part of a page, to which a link leads.
pub(super) struct Section {
    /// By which it is found: one word.
    pub(super) id: &'static str,
    pub(super) heading: String,
    pub(super) body: Markup,
}

impl Section {
    pub(super) fn new(id: &'static str, heading: impl Into<String>, body: Markup) -> Self {
        Self { id, heading: heading.into(), body }
    }
}

impl Page {
    /// The file.
    pub(super) fn file(self) -> String {
        let Self { title, lead, sections } = self;
        let whole = html! {
            (DOCTYPE)
            html lang="en" {
                head {
                    meta charset="utf-8";
                    meta http-equiv="Content-Security-Policy" content=(policy());
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    meta name="referrer" content="no-referrer";
                    meta name="generator" content=(concat!("sonae ", env!("CARGO_PKG_VERSION")));
                    link rel="icon" href="data:,";
                    title { (title) }
                    style { (PreEscaped(STYLE)) }
                }
                body {
                    a.skip href="#main" { "Skip to the report" }
                    header {
                        h1 { bdi { (title) } }
                        div.lead { (lead) }
                        nav aria-label="Sections" {
                            ul { @for section in &sections { li { a href={ "#" (section.id) } { (section.heading) } } } }
                        }
                    }
                    main #main tabindex="-1" {
                        @for section in &sections {
                            section id=(section.id) aria-labelledby={ (section.id) "-heading" } {
                                h2 id={ (section.id) "-heading" } { (section.heading) }
                                (section.body)
                            }
                        }
                    }
                    footer { p { "Written by sonae " (env!("CARGO_PKG_VERSION")) ". This file loads nothing from anywhere." } }
                    script { (PreEscaped(SCRIPT)) }
                }
            }
        };
        seen(&whole.into_string()) + "\n"
    }
}

/// What the page may do: show itself.
fn policy() -> String {
    let digest = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
        digest(STYLE),
        digest(SCRIPT)
    )
}

/// An exit status, and what it means.
pub(super) fn exit(status: ExitStatus) -> String {
    let told = match status {
        ExitStatus::Well => "all well",
        ExitStatus::Error => "an error, before anything is changed",
        ExitStatus::Changes => "there is something to do",
        ExitStatus::Weakening => "a weakening without a waiver",
        ExitStatus::Failed => "some steps fail",
        ExitStatus::NotClean => "done, but some source files could not be read whole",
        ExitStatus::Findings => "somebody should look: a guard suspends deletions",
        ExitStatus::Locked => "another run holds the lock or the lease",
        ExitStatus::Usage => "wrong usage",
        ExitStatus::Waiting => "waiting for a person or a later time",
        ExitStatus::Interrupted => "interrupted",
    };
    format!("exit status {}: {told}", status.code())
}

/// Lines, one beneath the other; one that begins with two spaces belongs to the line before it.
pub(super) fn lines<S: AsRef<str>>(lines: impl IntoIterator<Item = S>) -> Markup {
    html! {
        ul.lines {
            @for line in lines {
                @match line.as_ref().strip_prefix("  ") {
                    Some(below) => { li.below { bdi { (below) } } }
                    None => { li { bdi { (line.as_ref()) } } }
                }
            }
        }
    }
}

/// So many lines are shown at once; where there are more, they fold.
const LINES_SHOWN: usize = 12;

/// Lines that fold where they are many.
pub(super) fn folded(all: &[String], what: &str) -> Markup {
    if all.len() <= LINES_SHOWN {
        return lines(all);
    }
    html! {
        details open[all.len() <= LINES_SHOWN * 2] {
            summary { (all.len()) " lines" (what) }
            (lines(all))
        }
    }
}

/// What is known under a word, line by line.
pub(super) fn facts(all: &[(&str, Vec<String>)]) -> Markup {
    html! {
        dl.facts {
            @for (label, told) in all {
                div { dt { (label) } dd { (lines(told)) } }
            }
        }
    }
}

/// A table that scrolls within itself where the page is too narrow for it. `what` says what it holds, to whom cannot see it.
pub(super) fn wide(what: &str, table: &Markup) -> Markup {
    html! { div.wide role="region" aria-label=(what) tabindex="0" { (table) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn style_and_script_end_where_they_should_and_ask_for_nothing() {
        for text in [STYLE, SCRIPT] {
            assert!(!text.contains("</") && !text.contains("<!--"));
            assert!(
                !text.contains("http:")
                    && !text.contains("https:")
                    && !text.contains("@import")
                    && !text.contains("url(")
            );
        }
    }
}
