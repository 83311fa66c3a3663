//! The canonical form of every plan and example that can be read.

use std::path::{Path, PathBuf};

use sonae::primitives::FileId;
use sonae::syntax::{Unformatted, format};

fn texts(folder: &str, extension: &str) -> Vec<(PathBuf, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let paths = paths.filter(|path| path.extension().is_some_and(|is| is == extension));
    paths.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

/// The blocks of KDL of a page, a block in a list or a quotation left out.
fn blocks(page: &str) -> Vec<String> {
    let (mut found, mut open) = (vec![], None::<String>);
    for line in page.lines() {
        match &mut open {
            Some(_) if line.starts_with("```") => found.extend(open.take()),
            Some(block) => block.push_str(&format!("{line}\n")),
            None if line.starts_with("```kdl") => open = Some(String::new()),
            None => {}
        }
    }
    found
}

/// `format` itself looks whether a form says the same, has the same comments, and is its own form.
#[test]
fn every_plan_and_example_has_a_form() {
    let mut all = vec![];
    for folder in ["plans", "tests/corpus/plans", "tests/corpus/diagnostics"] {
        all.extend(texts(folder, "kdl"));
    }
    for folder in ["tests/corpus/parts", "tests/corpus/diagnostics"] {
        let texts = super::texts_of(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder), "");
        all.extend(texts.into_iter().map(|(name, text)| (Path::new(folder).join(name), text)));
    }
    for (page, text) in ["docs", "docs/diagnostics", ""].into_iter().flat_map(|folder| texts(folder, "md")) {
        all.extend(blocks(&text).into_iter().map(|block| (page.clone(), block)));
    }
    let mut formed = 0;
    for (place, text) in &all {
        match format(FileId(0), text) {
            Ok(form) => {
                assert_eq!(format(FileId(0), &form).as_deref(), Ok(&*form), "{}", place.display());
                formed += 1;
            }
            Err(Unformatted::Unreadable(_) | Unformatted::TooLarge(_)) => {}
            Err(Unformatted::Bug(what)) => panic!("{}: {what}\n{text}", place.display()),
        }
    }
    assert!(formed > 100, "{formed} of {}", all.len());
}

/// What is shipped, and what the guide shows, is in the form that it recommends.
#[test]
fn plans_that_are_shipped_are_in_canonical_form() {
    for (path, text) in texts("plans", "kdl") {
        let form = format(FileId(0), &text).unwrap();
        let differs = sonae::report::changes(("written", &text), ("canonical", &form));
        assert_eq!(differs, "", "{}: write `sonae fmt plans/*.kdl`", path.display());
    }
    let first = include_str!("../../src/cli/first-plan.kdl");
    assert_eq!(format(FileId(0), first).as_deref(), Ok(first));
}
