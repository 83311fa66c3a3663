//! Pages that are written from tables. `UPDATE_DOCS=1 cargo test` writes them anew.

use std::path::Path;

fn is_current(file: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(file);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(written == text, "docs/{file} is out of date: run `UPDATE_DOCS=1 cargo test`");
}

#[test]
fn the_page_of_diagnostics_is_current() {
    is_current("diagnostics.md", &sonae::report::diagnostics_page());
}

#[test]
fn the_reference_is_current() {
    is_current("reference.md", &sonae::lower::reference());
}
