//! A disk that refuses to make something durable: nothing that it refused counts as done, and nothing is deleted on its strength.

use std::path::Path;

use super::Check;
use super::child::{Edge, killed_at};
use super::leftovers::{self, has_ended, journals, whole_points};
use super::needs::Need;
use super::scene::{ONE_JOB, SONAE, Said, Scene, fill};

const STRACE: Need = Need::Program("strace", "strace");

pub(crate) const CHECKS: &[Check] = &[
    Check {
        name: "an object whose folders cannot be synced is no success, and deletes nothing",
        needs: &[STRACE],
        run: store,
    },
    Check {
        name: "what a killed run published but did not sync is synced before it is believed",
        needs: &[STRACE],
        run: killed_store,
    },
    Check { name: "a restore whose rename cannot be synced is no success", needs: &[STRACE], run: restore },
];

const RUN: [&str; 3] = ["run", "plan.kdl", "--all"];

fn scene(runs: usize) -> Scene {
    let scene = Scene::new(ONE_JOB);
    fill(&scene.path("source"), 5, 100);
    for _ in 0..runs {
        scene.sonae(&RUN).exits(0);
    }
    scene
}

/// Runs the program; something happens to some of its syncs of one folder (strace(1), `inject`).
fn with_syncs(scene: &Scene, folder: &Path, what: &str, arguments: &[&str]) -> Said {
    let (inject, folder) = (format!("inject=fsync:{what}"), folder.to_str().unwrap());
    let mut strace = vec!["-f", "-qq", "-o", "/dev/null", "-P", folder, "-e", "trace=fsync", "-e", &inject, SONAE];
    strace.extend(arguments);
    Said::of(&mut scene.command("strace", &strace))
}

fn store() {
    let scene = scene(2);
    let before = whole_points(&scene);
    let folder = scene.path("store");
    // Each object is published, and then the store's own folder is synced.
    let said = with_syncs(&scene, &folder, "error=EIO", &RUN);
    let said = said.exits(4).says("failed: files/now/pack").says("cannot be made durable: Input/output error");
    assert_eq!(whole_points(&scene), before, "{said}");
    leftovers::assert_none(&scene);
    // The same for the manifest.
    let (_, at) = killed_at(&scene, &RUN, COMMIT_STARTED, Edge::After);
    assert_eq!(at.as_deref(), Some("commit started"));
    let said = with_syncs(&scene, &folder, "error=EIO", &["resume"]);
    let said = said.exits(4).says("failed: files/now/commit").says("cannot be made durable: Input/output error");
    assert_eq!(whole_points(&scene), before, "{said}");
    scene.sonae(&RUN).exits(0);
    assert_eq!(whole_points(&scene).len(), 2);
}

/// The records of a backup of one job, counted from 1: the forecast, and two for each of look, pack, read back, commit.
const PACK_FINISHED: u32 = 5;
const COMMIT_STARTED: u32 = 8;
const COMMIT_FINISHED: u32 = 9;

fn killed_store() {
    for (record, step) in [(PACK_FINISHED, "pack"), (COMMIT_FINISHED, "commit")] {
        let scene = scene(2);
        let folder = scene.path("store");
        let before = journals(&scene);
        let (_, at) = killed_at(&scene, &RUN, record, Edge::Before);
        assert_eq!(at, Some(format!("{step} finished")));
        let points = whole_points(&scene);
        let said = with_syncs(&scene, &folder, "error=EIO", &["resume"]);
        let said = said.exits(4).says(&format!("failed: files/now/{step}")).says("cannot be made durable");
        let new: Vec<_> = journals(&scene).into_iter().filter(|(run, _)| !before.contains_key(run)).collect();
        assert!(has_ended(&new[0].1), "{said}");
        assert_eq!(whole_points(&scene), points, "nothing was deleted: {said}");
        scene.sonae(&RUN).exits(0);
        assert_eq!(whole_points(&scene).len(), 2);
    }
}

fn restore() {
    let scene = scene(1);
    let said = with_syncs(&scene, scene.root(), "error=EIO", &["restore", "plan.kdl", "files"]);
    let said = said.exits(4).says("Input/output error");
    assert!(!scene.path("restored").exists(), "{said}");
    leftovers::assert_none(&scene);
    // Killed between its rename and the sync: found to be done, and synced before that is said.
    with_syncs(&scene, scene.root(), "signal=KILL", &["restore", "plan.kdl", "files"]);
    assert!(scene.path("restored").exists());
    with_syncs(&scene, scene.root(), "error=EIO", &["resume"]).exits(4).says("Input/output error");
}
