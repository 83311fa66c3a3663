//! How jobs stand, by what the store shows and what the host remembers.

use super::scene::{Scene, settings};
use super::transcript;

/// A time some days from now, as it is typed.
fn in_days(days: i64) -> String {
    let then = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
    then.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A scene whose plan promises something, and says what a run takes.
fn scene() -> Scene {
    let scene = Scene::with_plan();
    let plan = std::fs::read_to_string(scene.path("plan.kdl")).unwrap();
    let plan = plan.replace("files \"photos\"\n", "files \"photos\"\n    objective rpo=\"30h\"\n");
    let plan = plan.replace("generations=2\n", "generations=2\n        takes \"10m\"\n");
    let by_hand = "    backup \"by-hand\" { archive \"tar.zip\"; store \"shelf\" }\n}\n\nrestore";
    scene.write("plan.kdl", &plan.replacen("}\n\nrestore", by_hand, 1));
    scene
}

#[test]
fn status_tells_what_is_well_and_what_is_not() {
    let scene = scene();
    let mut told = vec![scene.types("status plan.kdl --host web-1")];
    assert!(!scene.path("../state").exists(), "asking makes nothing");
    scene.types("run plan.kdl photos/daily --quiet --host web-1");
    told.push(scene.types("status plan.kdl photos/daily --host web-1"));
    told.push(scene.types("status plan.kdl --host web-1"));
    told.push(scene.types("status plan.kdl photos/daily --host web-1 --format markdown"));
    told.push(scene.types("status plan.kdl photos/daily --host web-1 --nagios"));
    let later = in_days(3);
    told.push(scene.types(&format!("status plan.kdl photos/daily --host web-1 --now {later}")));
    told.push(scene.types(&format!("status plan.kdl photos/daily --host web-1 --nagios --now {later}")));
    scene.types(&format!("status plan.kdl photos/by-hand --host web-1 --now {later}"));
    told.push(scene.types("status plan.kdl --host web-2"));
    told.push(scene.types("status nowhere.kdl"));
    told.push(scene.types("status nowhere.kdl --nagios"));
    told.push(scene.types("status plan.kdl photos/dayly"));
    transcript!("status", told.join("\n").replace(&later, "[later]"));
    let json = scene.types("status plan.kdl photos/daily --host web-1 --format json");
    let json = json.split_once('\n').unwrap().1.split("── ").next().unwrap();
    let json: serde_json::Value = serde_json::from_str(json).unwrap();
    assert_eq!((json["format_version"].as_u64(), json["jobs"][0]["points_from"].as_str()), (Some(1), Some("store")));
    assert_eq!(json["jobs"][0]["last_run"]["job_end"], "complete");
    assert_eq!(json["jobs"][0]["findings"], serde_json::json!([]));
}

#[test]
fn a_job_that_is_new_waits_for_its_first_time() {
    let scene = scene();
    let status = "status plan.kdl photos/daily --host web-1";
    let unseen = scene.types(status);
    scene.types("run plan.kdl --due --quiet --host web-1");
    let new = scene.types_all(&[status, &format!("{status} --nagios"), &format!("{status} --format markdown")]);
    let later = in_days(2);
    let passed = scene.types(&format!("{status} --now {later}"));
    // It is in the ledger what a tick ran.
    let at = sonae::primitives::Slot::new(jiff::Timestamp::now() - jiff::SignedDuration::from_hours(72));
    let mark = sonae::catalog::ScheduleMark::of("daily 05:30 UTC");
    scene.write(&format!("store/home/photos/daily/web-1/first-seen-{at}-{mark}.json"), "{}\n");
    let ran = scene.types_all(&["run plan.kdl --due --quiet --host web-1", "history", status]);
    let told = [
        format!("# nobody runs it\n{unseen}"),
        format!("# a tick saw it\n{new}"),
        format!("# its time has passed\n{}", passed.replace(&later, "[later]")),
        format!("# a tick ran it\n{ran}"),
    ];
    transcript!("status_new", told.join("\n"));
}

#[test]
fn a_failed_run_and_what_cannot_be_used_are_findings() {
    let scene = scene();
    scene.types("run plan.kdl photos/daily --quiet --host web-1");
    std::fs::rename(scene.path("photos"), scene.path("elsewhere")).unwrap();
    scene.types_apart(&["run plan.kdl photos/daily --quiet --host web-1"]);
    let failed = scene.types("status plan.kdl photos/daily --host web-1");
    let folder = scene.path("store/home/photos/daily/web-1");
    let manifest = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let manifest = manifest.into_iter().find(|path| path.to_string_lossy().ends_with(".manifest.json")).unwrap();
    std::fs::write(manifest, "{}").unwrap();
    let unusable = scene.types("status plan.kdl photos/daily --host web-1");
    transcript!("status_findings", format!("{failed}\n{unusable}"));
}

#[test]
fn a_store_that_does_not_answer_is_said_and_points_are_remembered() {
    let scene = scene();
    scene.types("run plan.kdl photos/daily --quiet --host web-1");
    // From here on the points are known from the store alone.
    std::fs::remove_dir_all(scene.path("../state")).unwrap();
    let status = "status plan.kdl photos/daily --host web-1";
    let seen = scene.types(status);
    std::fs::rename(scene.path("store"), scene.path("away")).unwrap();
    let vanished = scene.types(status);
    let offline = scene.types(&format!("{status} --offline"));
    std::fs::write(scene.path("store"), "no folder").unwrap();
    let unanswered = scene.types_all(&[status, &format!("{status} --nagios")]);
    std::fs::remove_file(scene.path("store")).unwrap();
    std::fs::rename(scene.path("away"), scene.path("store")).unwrap();
    let again = scene.types(status);
    let told = [
        format!("# seen\n{seen}"),
        format!("# not mounted\n{vanished}"),
        format!("# not asked\n{offline}"),
        format!("# no folder\n{unanswered}"),
        format!("# mounted again\n{again}"),
    ];
    transcript!("status_remembered", told.join("\n"));
}
