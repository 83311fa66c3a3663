//! A store without room.

use std::ffi::OsStr;

use super::Check;
use super::needs::{Need, UNSHARE, in_namespace};
use super::scene::{ONE_JOB, SONAE, Said, Scene, fill};
use super::tree::{assert_same, look};

pub(crate) const CHECKS: &[Check] = &[Check {
    name: "a full disk is said, leaves nothing half made, and more room is enough to go on",
    needs: &[UNSHARE, Need::Namespaces],
    run: full,
}];

/// `$1` is the program; its exit statuses and what the store holds go to files of the scene.
const SCRIPT: &str = r#"
mkdir store
mount -t tmpfs -o size=1m,mode=700 tmpfs store
"$1" run plan.kdl --all > full.said 2>&1 || echo $? > full.status
"$1" points plan.kdl > full.points 2>&1
find store -type f > full.files
mount -o remount,size=64m store
"$1" run plan.kdl --all > roomy.said 2>&1
"$1" points plan.kdl --format json > roomy.points
find store -type f > roomy.files
"#;

fn full() {
    let scene = Scene::new(ONE_JOB);
    fill(&scene.path("source"), 40, 100_000);
    let before = look(&scene.path("source"));
    Said::of(scene.surround(&mut in_namespace(SCRIPT, &[OsStr::new(SONAE)]))).exits(0);
    let text = |name: &str| std::fs::read_to_string(scene.path(name)).unwrap();
    let said = text("full.said");
    assert_eq!(text("full.status"), "4\n", "{said}");
    assert!(said.contains("No space left on device"), "{said}");
    let points = text("full.points");
    assert!(points.contains("no recovery point") && !points.contains("unfinished"), "{points}");
    assert_eq!(text("full.files"), "");
    assert_same(&before, &look(&scene.path("source")));
    let listed: serde_json::Value = serde_json::from_str(&text("roomy.points")).unwrap();
    assert_eq!(listed["points"].as_array().map(Vec::len), Some(1), "{}", text("roomy.said"));
    assert_eq!(text("roomy.files").lines().count(), 3, "{}", text("roomy.files"));
}
