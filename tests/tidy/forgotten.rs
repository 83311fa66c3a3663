//! Files that nobody runs.

use std::collections::BTreeSet;
use std::path::Path;

use super::{assert_tidy, blanked, files, home, text, with_extension};

/// The words behind `mod`, where its body is another file.
fn modules(text: &str) -> Vec<String> {
    let declared = |line: &str| {
        let line = line.trim().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        line.strip_prefix("mod ")?.strip_suffix(';').map(str::to_owned)
    };
    blanked(text).lines().filter_map(declared).collect()
}

/// Every file that is reached from a root by `mod`.
fn reached(root: &str, texts: &impl Fn(&str) -> Option<String>) -> BTreeSet<String> {
    let mut seen = BTreeSet::new();
    let mut left = vec![root.to_owned()];
    while let Some(path) = left.pop() {
        let Some(text) = texts(&path) else { continue };
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", &path));
        let is_root = path == root || file == "mod.rs";
        let holder = if is_root { folder.to_owned() } else { path.trim_end_matches(".rs").to_owned() };
        for module in modules(&text) {
            left.extend([format!("{holder}/{module}.rs"), format!("{holder}/{module}/mod.rs")]);
        }
        seen.insert(path);
    }
    seen
}

fn on_disk(path: &str) -> Option<String> {
    std::fs::read_to_string(home().join(path)).ok()
}

fn unreached(folder: &str, roots: &[&str]) -> Vec<String> {
    let seen: BTreeSet<String> = roots.iter().flat_map(|root| reached(root, &on_disk)).collect();
    let forgotten = with_extension(folder, "rs").into_iter().filter(|path| !seen.contains(path));
    forgotten.map(|path| format!("{path}: no `mod` leads here")).collect()
}

/// The plans of the corpus whose name is in no snapshot's name. The snapshot of `b/a.kdl` is called after it, as insta's
/// glob does: with its path, or its stem, in the name.
fn without_snapshot<'a>(plans: &'a [String], snapshots: &[String]) -> Vec<&'a str> {
    let stem = |path: &str| Path::new(path).file_stem().map(|stem| stem.to_string_lossy().into_owned());
    let names: Vec<String> = snapshots.iter().filter_map(|path| stem(path)).collect();
    let has_one = |plan: &str| {
        let Some(stem) = stem(plan) else { return false };
        let words =
            |name: &String| name.split(['@', '.', '-']).flat_map(|part| part.split("__")).any(|part| part == stem);
        names.iter().any(|name| name.contains(&format!("{stem}.kdl")) || words(name) || name.ends_with(&stem))
    };
    plans.iter().map(String::as_str).filter(|plan| !has_one(plan)).collect()
}

/// Of a folder with a `plan.kdl`, that one alone, called as its snapshot is: the other files are parts of it, at any depth.
fn whole_plans(plans: Vec<String>) -> Vec<String> {
    let folders: Vec<String> =
        plans.iter().filter_map(|path| path.strip_suffix("/plan.kdl").map(str::to_owned)).collect();
    let is_part = |path: &String| folders.iter().any(|folder| path.starts_with(&format!("{folder}/")));
    let alone: Vec<String> = plans.into_iter().filter(|path| !is_part(path)).collect();
    alone.into_iter().chain(folders.iter().map(|folder| format!("{folder}__plan.kdl"))).collect()
}

/// The file that a snapshot says it was made by (`source:` in its head).
fn source(snapshot: &str) -> Option<&str> {
    snapshot.lines().find_map(|line| line.strip_prefix("source: ")).map(|path| path.trim().trim_matches('"'))
}

#[test]
fn every_source_file_is_reached() {
    let mut complaints = unreached("tests", &["tests/integration.rs", "tests/services/main.rs"]);
    complaints.extend(unreached("src", &["src/lib.rs", "src/main.rs"]));
    complaints.extend(unreached(
        "benches",
        &["benches/archives/main.rs", "benches/compile/main.rs", "benches/ledger/main.rs"],
    ));
    assert_tidy(complaints);
}

#[test]
fn every_plan_of_the_corpus_has_a_snapshot() {
    let plans = whole_plans(with_extension("tests/corpus", "kdl"));
    let snapshots = with_extension("tests", "snap");
    let missing = without_snapshot(&plans, &snapshots);
    assert_tidy(missing.iter().map(|plan| format!("{plan}: it has no snapshot")).collect());
}

#[test]
fn every_snapshot_has_its_test() {
    let mut complaints = Vec::new();
    for path in files("tests").into_iter().chain(files("src")) {
        if path.ends_with(".snap.new") || path.ends_with(".pending-snap") {
            complaints.push(format!("{path}: a snapshot that nobody accepted"));
        } else if path.ends_with(".snap") {
            let text = text(&path);
            match source(&text) {
                Some(by) if home().join(by).is_file() => {}
                by => complaints.push(format!("{path}: its test {by:?} is not there")),
            }
        }
    }
    assert_tidy(complaints);
}

#[test]
fn forgetting_is_noticed() {
    let texts = |path: &str| {
        let text = match path {
            "tests/integration.rs" => "mod a;\npub mod b;\n// mod c;\nmod inline { }",
            "tests/a.rs" => "mod below;",
            "tests/b/mod.rs" => "mod beside;",
            "tests/c.rs" | "tests/a/below.rs" | "tests/b/beside.rs" => "",
            _ => return None,
        };
        Some(text.to_owned())
    };
    let seen: Vec<String> = reached("tests/integration.rs", &texts).into_iter().collect();
    let expected = ["tests/a.rs", "tests/a/below.rs", "tests/b/beside.rs", "tests/b/mod.rs", "tests/integration.rs"];
    assert_eq!(seen, expected);

    let plans = ["tests/corpus/one.kdl", "tests/corpus/two.kdl", "tests/corpus/three.kdl"].map(str::to_owned);
    let snapshots = ["x/integration__corpus__plan@one.kdl.snap", "x/corpus__graph__three.snap"].map(str::to_owned);
    assert_eq!(without_snapshot(&plans, &snapshots), ["tests/corpus/two.kdl"]);
    assert_eq!(source("---\nsource: tests/a.rs\nexpression: x\n---\n"), Some("tests/a.rs"));
    assert_eq!(source("---\nexpression: x\n---\n"), None);
}
