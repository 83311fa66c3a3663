//! `run --due`: what a tick says, and what it does.

use jiff::{SignedDuration, Timestamp};
use sonae::catalog::ScheduleMark;
use sonae::primitives::Slot;

use super::scene::{Scene, settings};

macro_rules! transcript {
    ($name:literal, $text:expr) => {
        settings().bind(|| insta::assert_snapshot!($name, $text))
    };
}

/// Writes what a tick so many days ago would have: that it saw a job for the first time.
fn seen(scene: &Scene, job: &str, schedule: &str, days: i64) {
    let at = Slot::new(Timestamp::now() - SignedDuration::from_hours(24 * days));
    let mark = ScheduleMark::of(schedule);
    scene.write(&format!("store/home/{job}/web-1/first-seen-{at}-{mark}.json"), "{}\n");
}

/// A scene whose job was first seen three days ago: three slots came since.
fn with_three_slots() -> Scene {
    let scene = Scene::with_plan();
    seen(&scene, "photos/daily", "daily 05:30 UTC", 3);
    scene
}

fn points(scene: &Scene) -> usize {
    let folder = scene.path("store/home/photos/daily/web-1");
    let names = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().file_name());
    names.filter(|name| name.to_str().unwrap().ends_with(".manifest.json")).count()
}

#[test]
fn nothing_fires_because_a_plan_is_new() {
    let scene = Scene::with_plan();
    let told = scene.types("run plan.kdl --due --dry-run --host web-1");
    assert!(!scene.path("store").exists() && !scene.path("../state").exists(), "a dry run writes nothing");
    let ticks = scene.types_all(&[
        "run plan.kdl --due --host web-1",
        "run plan.kdl --due --host web-1",
        "run plan.kdl --due --host web-1 --quiet",
        "run plan.kdl --due --host web-1 --format json --quiet",
        "run plan.kdl --due --dry-run --host web-1",
        "points plan.kdl",
    ]);
    transcript!("due_new", format!("{told}\n{ticks}"));
    assert_eq!(std::fs::read_dir(scene.path("store/home/photos/daily/web-1")).unwrap().count(), 1);
}

#[test]
fn what_is_due_is_run_once_and_what_was_missed_is_told() {
    let scene = with_three_slots();
    let told = scene.types_all(&[
        "run plan.kdl --due --dry-run --host web-1",
        "run plan.kdl --due --dry-run --detailed-exitcode --quiet --host web-1",
        "run plan.kdl --due --host web-1",
        "run plan.kdl --due --host web-1",
        "run plan.kdl --due --host web-1 --quiet",
        "run plan.kdl --due --dry-run --host web-1",
    ]);
    transcript!("due_missed", told);
    assert_eq!(points(&scene), 1);
    // Its slot is the time that it was due for.
    let points = scene.types("points plan.kdl --format json");
    assert!(points.contains("T053000Z\","), "{points}");
}

#[test]
fn a_quiet_tick_tells_what_was_missed_and_nothing_else() {
    transcript!("due_quiet", with_three_slots().types("run plan.kdl --due --host web-1 --quiet"));
}

#[test]
fn a_run_by_hand_consumes_no_slot() {
    let scene = with_three_slots();
    scene.types("run plan.kdl photos/daily --host web-1 --quiet");
    let told = scene.types("run plan.kdl --due --host web-1 --quiet");
    assert!(told.contains("photos/daily: missed: 2"), "{told}");
    assert_eq!(points(&scene), 2);
}

#[test]
fn a_slot_that_failed_waits_and_does_not_keep_others_from_running() {
    let scene = with_three_slots();
    let plan = std::fs::read_to_string(scene.path("plan.kdl")).unwrap();
    let music = "target \"music\" {\n    files \"music\"\n    backup \"daily\" { schedule \"daily\" at=\"05:30\"; archive \"tar.zip\"; store \"shelf\"; }\n}\n\
                 restore \"music\" { recover \"music\" { into path=\"music-restored\"; }; }\n";
    scene.write("plan.kdl", &format!("{plan}{music}"));
    seen(&scene, "music/daily", "daily 05:30 UTC", 1);
    let told = scene.types_all(&[
        "run plan.kdl --due --host web-1 --side-by-side 1",
        "run plan.kdl --due --host web-1",
        "run plan.kdl --due --host web-1 --quiet",
        "run plan.kdl --due --dry-run --host web-1",
    ]);
    transcript!("due_failed", told);
    assert_eq!(points(&scene), 1, "the other job was done");
    // Whoever loses the state folder knows of no failure, and tries again.
    std::fs::remove_dir_all(scene.path("../state")).unwrap();
    let again = scene.types("run plan.kdl --due --host web-1 --quiet");
    assert!(again.contains("failed: music/daily/look") && again.contains("── exit 4"), "{again}");
    assert_eq!(points(&scene), 1, "what is in the store is known to be done");
}

#[test]
fn a_changed_schedule_and_a_renamed_job_begin_anew_and_say_so() {
    let scene = with_three_slots();
    scene.types("run plan.kdl --due --host web-1 --quiet");
    let plan = std::fs::read_to_string(scene.path("plan.kdl")).unwrap();
    scene.write("later.kdl", &plan.replace("05:30", "06:30"));
    scene.write("renamed.kdl", &plan.replace("backup \"daily\"", "backup \"nightly\""));
    let told = scene.types_all(&[
        "run later.kdl --due --host web-1",
        "run later.kdl --due --host web-1 --quiet",
        "run renamed.kdl --due --dry-run --host web-1",
        "run renamed.kdl --due --host web-1 --quiet",
        "run renamed.kdl --due --host web-1 --quiet",
    ]);
    transcript!("due_changed", told);
    assert_eq!(points(&scene), 1);
}

#[test]
fn a_store_that_cannot_be_read_is_told() {
    let scene = Scene::with_plan();
    scene.write("store", "this is no folder\n");
    let told =
        scene.types_all(&["run plan.kdl --due --host web-1 --quiet", "run plan.kdl --due --dry-run --host web-1"]);
    transcript!("due_unreadable", told);
}

#[test]
fn due_stands_alone() {
    let scene = Scene::with_plan();
    transcript!("due_usage", scene.types_all(&["run plan.kdl --due --all", "run plan.kdl --due photos/daily"]));
}

#[test]
fn programs_read_one_document() {
    let scene = with_three_slots();
    let json = |line: &str| -> serde_json::Value {
        let told = scene.types(line);
        let (_, document) = told.split_once('\n').unwrap();
        let (document, _) = document.split_once("── ").unwrap();
        serde_json::from_str(document).unwrap_or_else(|error| panic!("{error}: {told}"))
    };
    let foretold = json("run plan.kdl --due --dry-run --host web-1 --format json");
    assert_eq!(foretold["format_version"], 1);
    assert_eq!(foretold["due"]["jobs"][0]["verdict"]["is"], "due");
    assert_eq!(foretold["due"]["jobs"][0]["missed"]["count"], 2);
    let slot = foretold["due"]["jobs"][0]["verdict"]["slot"].clone();
    assert_eq!(foretold["forecast"]["subject"]["backup"]["slots"]["photos/daily"], slot);
    let done = json("run plan.kdl --due --host web-1 --format json --side-by-side 1");
    assert_eq!((&done["due"]["jobs"][0]["verdict"]["slot"], &done["outcome"]["end"]), (&slot, &"complete".into()));
    let idle = json("run plan.kdl --due --host web-1 --format json");
    assert_eq!(
        (&idle["due"]["jobs"][0]["verdict"]["is"], &idle["outcome"]),
        (&"idle".into(), &serde_json::Value::Null)
    );
}
