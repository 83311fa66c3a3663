//! Guards on deletion: what suspends it, what is said, and how it is let go.

use super::scene::{Scene, settings};
use super::{journals, stored, transcript};

#[test]
fn a_source_that_lost_much_suspends_deletion_until_somebody_says_that_it_is_meant() {
    let scene = Scene::with_plan();
    for number in 0..4 {
        scene.write(&format!("photos/album/{number}.txt"), &"a picture\n".repeat(100));
    }
    scene.types_all(&["run plan.kdl --all --quiet --host web-1"; 2]);
    std::fs::remove_dir_all(scene.path("photos/album")).unwrap();
    let told = scene.types_all(&[
        "run plan.kdl --all --dry-run --host web-1",
        "run plan.kdl --all --dry-run --detailed-exitcode --host web-1",
        "run plan.kdl --all --host web-1",
        "run plan.kdl --all --quiet --host web-1",
        "points plan.kdl",
        "restore plan.kdl photos --from-host web-1 --dry-run",
        "run plan.kdl --all --accept-shrink --host web-1",
        "run plan.kdl photos/daily --accept-shrink --dry-run --host web-1",
        "run plan.kdl photos/daily --accept-shrink --host web-1",
        "run plan.kdl --all --quiet --host web-1",
        "points plan.kdl",
    ]);
    transcript!("shrunk", told);
    let texts: Vec<String> = journals(&scene).iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let says = |words: &str| texts.iter().filter(|text| text.contains(words)).count();
    assert_eq!((says(r#""end":"suspended""#), says(r#""accepted":true"#)), (2, 1), "what became of it is on record");
}

#[test]
fn a_retention_that_is_new_deletes_no_backlog_until_somebody_says_that_it_is_meant() {
    let scene = Scene::with_plan();
    let plan = std::fs::read_to_string(scene.path("plan.kdl")).unwrap();
    scene.write("plan.kdl", &plan.replace("        retention generations=2\n", ""));
    for _ in 0..4 {
        scene.types("run plan.kdl --all --quiet --host web-1");
    }
    scene.write("plan.kdl", &plan);
    let told = scene.types_all(&[
        "run plan.kdl --all --dry-run --host web-1",
        "run plan.kdl --all --host web-1",
        "run plan.kdl --all --quiet --host web-1",
        "run plan.kdl --all --accept-deletions --host web-1",
        "run plan.kdl photos/daily --accept-deletions --dry-run --host web-1",
        "run plan.kdl photos/daily --accept-deletions --host web-1",
        "run plan.kdl --all --quiet --host web-1",
    ]);
    transcript!("backlog", told);
    assert_eq!(stored(&scene, ".manifest.json").len(), 2);
}

#[test]
fn a_guard_of_deletions_goes_by_what_the_plan_says() {
    let scene = Scene::with_plan();
    let plan = std::fs::read_to_string(scene.path("plan.kdl")).unwrap();
    let run = "run plan.kdl --all --quiet --host web-1";
    scene.write("plan.kdl", &plan.replace("generations=2", "generations=9"));
    for _ in 0..4 {
        scene.types(run);
    }
    let ends = |delete: &str| {
        let guarded = format!("generations=2\n        guard delete=\"{delete}\"\n");
        scene.write("plan.kdl", &plan.replace("generations=2\n", &guarded));
        scene.types(&format!("{run} --dry-run")).lines().last().unwrap().to_owned()
    };
    // Three of five.
    assert_eq!(["0%", "59%", "60%", "100%"].map(ends), ["── exit 6", "── exit 6", "── exit 0", "── exit 0"]);
}

#[test]
fn a_point_that_is_of_the_future_suspends_deletion_and_says_what_to_do() {
    let scene = Scene::with_plan();
    let run = "run plan.kdl --all --quiet --host web-1";
    scene.types(run);
    let path = stored(&scene, ".manifest.json").remove(0);
    let mut manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    manifest["moment"] = "2999-01-01T00:00:00Z".into();
    std::fs::write(&path, manifest.to_string()).unwrap();
    scene.types_all(&[run; 2]);
    let told = scene.types_all(&["run plan.kdl --all --dry-run --host web-1", "run plan.kdl --all --host web-1"]);
    transcript!("point_ahead", told);
    assert_eq!(stored(&scene, ".manifest.json").len(), 4, "nothing is deleted");
    std::fs::remove_file(path).unwrap();
    assert!(scene.types(run).ends_with("── exit 0\n"));
    assert_eq!(stored(&scene, ".manifest.json").len(), 2);
}

#[test]
fn a_store_whose_files_are_of_the_future_suspends_deletion_and_says_what_to_do() {
    let scene = Scene::with_plan();
    scene.types("run plan.kdl --all --quiet --host web-1");
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(7_200);
    let archive = std::fs::File::open(stored(&scene, ".tar.zip").remove(0)).unwrap();
    archive.set_modified(later).unwrap();
    let told = scene.types_all(&["run plan.kdl --all --dry-run --host web-1", "run plan.kdl --all --host web-1"]);
    transcript!("clocks_apart", told);
}

#[test]
fn programs_are_told_what_is_suspended() {
    let scene = Scene::with_plan();
    scene.write("photos/dog.txt", &"a dog\n".repeat(100));
    scene.types("run plan.kdl --all --quiet --host web-1");
    std::fs::remove_file(scene.path("photos/dog.txt")).unwrap();
    for (line, pointer) in
        [("--dry-run", "/steps/4/action/suspended"), ("--quiet", "/steps/4/end/done/value/suspended")]
    {
        let told = scene.types(&format!("run plan.kdl --all {line} --format json --host web-1"));
        assert!(told.ends_with("── exit 6\n"), "{told}");
        let json = &told[told.find('{').unwrap()..=told.rfind('}').unwrap()];
        let json: serde_json::Value = serde_json::from_str(json).unwrap();
        let suspended = json.pointer(pointer).unwrap_or_else(|| panic!("{json:#}"));
        assert_eq!(suspended["why"], "shrunk");
        assert_eq!(suspended["now"], serde_json::json!({ "files": 2, "bytes": 14 }));
        assert_eq!(suspended["than"]["held"], serde_json::json!({ "files": 3, "bytes": 614 }));
    }
}

#[test]
fn a_guard_goes_by_what_the_plan_says() {
    let scene = Scene::with_plan();
    let plan = std::fs::read_to_string(scene.path("plan.kdl")).unwrap();
    let guarded = |name: &str, shrink: &str| {
        let with = plan.replace("generations=2\n", &format!("generations=2\n        guard shrink=\"{shrink}\"\n"));
        scene.write(name, &with.replace("plan \"home\"", &format!("plan \"{shrink}\"").replace('%', "")));
    };
    [("any.kdl", "0%"), ("never.kdl", "100%")].into_iter().for_each(|(name, shrink)| guarded(name, shrink));
    for plan in ["any.kdl", "never.kdl"] {
        assert!(scene.types(&format!("run {plan} --all --quiet")).ends_with("── exit 0\n"));
    }
    scene.write("photos/cat.txt", "a ca\n");
    let ends = |plan: &str| scene.types(&format!("run {plan} --all --quiet")).lines().last().unwrap().to_owned();
    assert_eq!((ends("any.kdl").as_str(), ends("never.kdl").as_str()), ("── exit 6", "── exit 0"));
    std::fs::remove_file(scene.path("photos/cat.txt")).unwrap();
    scene.write("photos/holidays/sea.txt", "");
    assert_eq!((ends("any.kdl").as_str(), ends("never.kdl").as_str()), ("── exit 6", "── exit 0"));
}
