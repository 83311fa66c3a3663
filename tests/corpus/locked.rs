//! No snapshot outlives its plan: each is of a plan that is there, and those of graphs and forecasts of one that compiles.
//! That none is missing, the tests that look at them hold.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::compile_file;

fn names(folder: &str, extension: &str) -> BTreeSet<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.extension().is_some_and(|is| is == extension)).collect()
}

/// The test and the plan that a snapshot's file is named after; none where it is not of a plan.
fn test_and_plan(path: &Path) -> Option<(&str, &str)> {
    let name = path.file_name()?.to_str()?.strip_prefix("integration__corpus__")?;
    name.strip_suffix(".snap")?.split_once('@')
}

#[test]
fn no_snapshot_outlives_its_plan() {
    let (mut all, mut compiled) = (BTreeSet::new(), BTreeSet::new());
    for folder in ["plans", "tests/corpus/plans", "tests/corpus/diagnostics"] {
        for path in names(folder, "kdl") {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            assert!(all.insert(name.clone()), "two plans are called {name}");
            if compile_file(&path).proven.is_some() {
                compiled.insert(name);
            }
        }
    }
    // An example of several files is called after its folder.
    let folders = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/diagnostics")).unwrap();
    let folders = folders.map(|entry| entry.unwrap().path()).filter(|path| path.join("plan.kdl").is_file());
    all.extend(folders.map(|folder| format!("{}__plan.kdl", folder.file_name().unwrap().to_str().unwrap())));
    // A pair as well.
    let pairs = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/diff")).unwrap();
    let pairs = pairs.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    all.extend(pairs.map(|pair| format!("{pair}__new.kdl")));
    let files = names("tests/corpus/snapshots", "snap");
    let snapshots: Vec<_> = files.iter().filter_map(|path| test_and_plan(path)).collect();
    assert!(snapshots.contains(&("plans__plans_look_as_they_did", "good.kdl")), "snapshots are looked for elsewhere");
    for (test, plan) in snapshots {
        let known = if test.starts_with("graphs__") || test.starts_with("forecasts__") { &compiled } else { &all };
        assert!(known.contains(plan), "the snapshot of {plan} by {test} is of a plan that is gone or does not compile");
    }
}
