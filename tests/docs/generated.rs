//! Pages that are written from tables. `UPDATE_DOCS=1 cargo test` writes them anew.

use std::collections::BTreeSet;
use std::path::Path;

use sonae::diagnostic::{Code, codes};
use sonae::report::diagnostics::{Colour, text};
use sonae::report::diagnostics_file;

use crate::corpus::example;

/// Holds a file against what it is to be, or writes it.
pub(super) fn is_current(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "{file} is out of date: run `UPDATE_DOCS=1 cargo test`");
}

/// The names of a folder's files, in order.
pub(super) fn written(folder: &str) -> Vec<String> {
    let folder = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)).unwrap();
    let mut names: Vec<_> = folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// A code's page, with the diagnostic of its example as a person sees it.
fn page(code: &'static Code) -> String {
    let compiled = example(code.name);
    let own: Vec<_> = compiled.found.into_iter().filter(|found| found.code == code).take(1).collect();
    sonae::report::diagnostics_page(code, &text(&own, &compiled.sources, Colour::Plain))
}

#[test]
fn the_pages_of_diagnostics_are_current() {
    is_current("docs/diagnostics/README.md", &sonae::report::diagnostics_index());
    let mut expected = BTreeSet::from(["README.md".to_owned()]);
    for code in codes::all() {
        let file = diagnostics_file(code);
        is_current(&format!("docs/diagnostics/{file}"), &page(code));
        expected.insert(file);
    }
    assert_eq!(
        BTreeSet::from_iter(written("docs/diagnostics")),
        expected,
        "a page of a code that is gone is to be removed"
    );
}

#[test]
fn the_summary_of_the_book_lists_every_page_of_a_diagnostic() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/SUMMARY.md");
    let written = std::fs::read_to_string(path).unwrap();
    let pages: String =
        codes::all().map(|code| format!("  - [{}](diagnostics/{})\n", code.name, diagnostics_file(code))).collect();
    let lines = written.lines().filter(|line| !line.starts_with("  - "));
    let expected: String = lines
        .map(|line| format!("{line}\n{}", if line.contains("(diagnostics/README.md)") { &*pages } else { "" }))
        .collect();
    is_current("docs/SUMMARY.md", &expected);
}

#[test]
fn the_page_of_the_language_is_current() {
    is_current("docs/language.md", &sonae::lower::page());
}

/// Where a heading is, as GitHub has it: its letters and digits in lower case, and a `-` for each space.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'));
    kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
}

#[test]
fn every_link_within_the_page_of_the_language_leads_to_a_heading() {
    let page = sonae::lower::page();
    let headings = page
        .lines()
        .filter_map(|line| line.trim_start_matches('#').strip_prefix(' ').filter(|_| line.starts_with('#')));
    let anchors: BTreeSet<_> = headings.map(anchor).collect();
    let led_to: BTreeSet<_> = page.split("](#").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    assert!(led_to.len() > 20, "{led_to:?}");
    for link in led_to {
        assert!(anchors.contains(link), "{link}");
    }
}
