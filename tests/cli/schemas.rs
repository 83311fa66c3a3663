//! Every command that prints JSON: it holds to its schema, and what has a field too many does not.

use std::collections::BTreeSet;

use crate::docs::{holds_and_nothing_else, schema_of};

use super::scene::{Scene, data, words};
use super::stored;

/// The names of the schemas of what was printed.
fn printed(scene: &Scene, lines: &[&str]) -> BTreeSet<&'static str> {
    let one = |line: &&str| {
        let schema = schema_of(&words(line)).unwrap();
        let told = scene.types(line);
        let document = serde_json::from_str(data(&told)).unwrap_or_else(|why| panic!("{why}: {told}"));
        holds_and_nothing_else(schema, &document);
        schema
    };
    lines.iter().map(one).collect()
}

#[test]
fn every_json_holds_to_its_schema() {
    let scene = Scene::with_plan();
    scene.write("broken.kdl", "plan \"broken\"\ntarget \"a\" { backup \"b\"");
    let plan = std::fs::read_to_string(scene.path("plan.kdl")).unwrap();
    scene.write("older.kdl", &plan.replace("generations=2", "generations=3"));
    let mut seen = printed(
        &scene,
        &[
            "check plan.kdl broken.kdl --format json",
            "run plan.kdl --due --dry-run --host web-1 --format json",
            "run plan.kdl --all --dry-run --offline --host web-1 --format json",
            "run plan.kdl --all --dry-run --host web-1 --format json",
            "run plan.kdl --all --host web-1 --format json",
            "run plan.kdl --due --host web-1 --format json",
            "points plan.kdl --format json",
            "points plan.kdl --deleted --format json",
            "restore plan.kdl photos --from-host web-1 --dry-run --format json",
            "restore plan.kdl photos --from-host web-1 --format json",
            "unlock plan.kdl photos/daily --format json",
            "status plan.kdl --host web-1 --format json",
            "timeline plan.kdl --from 2026-03-01 --to 2026-03-05 --at 2026-03-02 --since 2026-02-26 --format json",
            "timeline plan.kdl --compare older.kdl --from 2026-03-01 --to 2026-03-05 --format json",
            "diff older.kdl plan.kdl --format json",
            "history --format json",
            "rehearse plan.kdl --seeds 40 --format json",
            "rehearse plan.kdl --seed 3 --format json",
        ],
    );
    let run = scene.types("history --job photos/daily --limit 1 --format json");
    let run: serde_json::Value = serde_json::from_str(data(&run)).unwrap();
    let show = format!("history show {} --format json", run["runs"][0]["run"].as_str().unwrap());
    seen.extend(printed(&scene, &[&show]));
    let all: BTreeSet<&str> = sonae::cli::schemas().into_iter().map(|(file, _)| file).collect();
    assert_eq!(seen, all);
}

#[test]
fn what_is_not_performed_holds_to_its_schema_too() {
    let scene = Scene::with_plan();
    let plan = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/plans/smaregi.kdl")).unwrap();
    scene.write("plan.kdl", &plan);
    printed(
        &scene,
        &[
            "check plan.kdl --format json",
            "run plan.kdl --all --dry-run --offline --host web-1 --format json",
            "restore plan.kdl everything --dry-run --offline --format json",
            "verify plan.kdl monthly --dry-run --format json",
            "drill plan.kdl yearly --dry-run --format json",
            "announce plan.kdl customers --dry-run --format json",
            "status plan.kdl --host web-1 --format json",
            "timeline plan.kdl --from 2026-03-01 --to 2026-03-03 --target shop-database access-log --format json",
        ],
    );
}

#[test]
fn what_failed_holds_to_its_schema_too() {
    let scene = Scene::with_plan();
    scene.types("run plan.kdl --all --host web-1");
    std::fs::remove_dir_all(scene.path("photos")).unwrap();
    std::fs::write(stored(&scene, ".manifest.json").remove(0), "{").unwrap();
    printed(
        &scene,
        &[
            "run plan.kdl --all --dry-run --host web-1 --format json",
            "run plan.kdl --all --host web-1 --format json",
            "points plan.kdl --format json",
            "status plan.kdl --host web-1 --format json",
            "history --format json",
        ],
    );
}
