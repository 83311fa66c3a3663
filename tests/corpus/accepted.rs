//! The accepted form of every plan that compiles.

use std::path::{Path, PathBuf};

use super::{compile, compile_file};

#[test]
fn accepted_forms_look_as_they_did() {
    let look = |path: &Path| {
        if let Some(proven) = compile_file(path).proven {
            insta::assert_snapshot!(sonae::report::accepted(&proven));
        }
    };
    insta::glob!("../../plans", "*.kdl", look);
    insta::glob!("plans/*.kdl", look);
}

/// The plans that compile, with their texts.
fn good() -> Vec<(PathBuf, String)> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["plans", "tests/corpus/plans"].map(|folder| std::fs::read_dir(home.join(folder)).unwrap());
    let paths = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    let texts = paths.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()));
    texts.filter(|(_, text)| accepted(text).is_some()).collect()
}

fn accepted(text: &str) -> Option<String> {
    compile("plan.kdl", text).proven.map(|proven| sonae::report::accepted(&proven))
}

/// The blocks of a canonical text in the opposite order. A block ends with a line that is not indented and not open.
fn turned(canonical: &str) -> String {
    let (mut blocks, mut block) = (vec![], String::new());
    for line in canonical.lines() {
        block.push_str(&format!("{line}\n"));
        if line.starts_with('}') {
            blocks.push(std::mem::take(&mut block));
        }
    }
    blocks.push(block);
    blocks.reverse();
    blocks.concat()
}

#[test]
fn how_a_plan_is_written_does_not_change_what_is_accepted() {
    let good = good();
    assert!(good.len() >= 5, "{good:?}");
    for (path, text) in good {
        let before = accepted(&text);
        let form = sonae::syntax::format(sonae::primitives::FileId(0), &text).unwrap();
        assert_eq!(accepted(&form), before, "{}", path.display());
        assert_eq!(accepted(&turned(&form)), before, "{}", path.display());
        assert_eq!(accepted(&format!("// a comment\n{}", text.replace('\n', "\r\n"))), before, "{}", path.display());
    }
}

#[test]
fn every_fact_of_a_plan_is_in_what_is_accepted() {
    let text = include_str!("plans/good.kdl");
    let before = accepted(text).unwrap();
    for line in before.lines().skip(1) {
        assert!(line.contains(": "), "{line}: it says what it is of");
    }
    let mut changed = 0;
    for (from, to) in [
        ("\"05:30\"", "\"05:31\""),
        ("generations=7", "generations=8"),
        ("\"40m\"", "\"39m\""),
        ("\"3h\"", "\"4h\""),
        ("**/.tmp", "**/.temp"),
        ("sysadmin", "admin"),
        ("rto=\"30m\"", "rto=\"31m\""),
        ("takes=\"20m\"", "takes=\"19m\""),
        ("Asia/Tokyo", "Asia/Seoul"),
    ] {
        if text.contains(from) {
            changed += 1;
            let after = accepted(&text.replace(from, to));
            assert_ne!(after.as_deref(), Some(&*before), "{from} → {to}");
        }
    }
    assert!(changed >= 4, "{changed} of the changes are of this plan");
}
