//! `kill -9` at any moment, also in the middle of a step.
//!
//! `SONAE_KILLS=300 cargo test --test services -- moment` kills as often as that, backups and restores in turns.

use std::time::{Duration, Instant};

use super::Check;
use super::leftovers::{self, Listed, has_ended, journals, whole_points};
use super::needs::asked;
use super::noise::next_random;
use super::scene::{ONE_JOB, Said, Scene, fill};
use super::tree::{Tree, assert_same, look};

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "a backup of thousands of files killed at any moment can be resumed", needs: &[], run: backups },
    Check { name: "a restore of thousands of files killed at any moment can be resumed", needs: &[], run: restores },
];

const KILLS: u64 = 30;
const RUN: [&str; 3] = ["run", "plan.kdl", "--all"];
const RESTORE: [&str; 3] = ["restore", "plan.kdl", "files"];

fn scene() -> Scene {
    let scene = Scene::in_memory(ONE_JOB);
    fill(&scene.path("source"), 2_000, 2_000);
    scene
}

/// Kills a run after a part of the time that an unbroken one takes, and ends what it began. Tells where it was hit.
fn kill_and_go_on(scene: &Scene, arguments: &[&str], unbroken: Duration, random: &mut u64) -> Option<&'static str> {
    let before = journals(scene);
    let mut child = scene.start(arguments);
    let thousandths = u32::try_from(next_random(random) % 1_000).unwrap();
    std::thread::sleep(unbroken * thousandths / 1_000);
    child.kill().unwrap();
    let said = Said::of_child(child);
    let _points = whole_points(scene);
    let new = journals(scene).into_iter().find(|(run, lines)| !before.contains_key(run) && !lines.is_empty());
    let was = match new {
        None => {
            assert!(said.was_killed(), "{said}");
            scene.sonae(arguments).exits(0);
            "before it began"
        }
        Some((_, lines)) if has_ended(&lines) => "after its end",
        Some((run, _)) => {
            scene.sonae(&["resume", &run]).exits(0);
            assert!(has_ended(&journals(scene)[&run]), "run {run} did not end");
            "in the middle"
        }
    };
    said.was_killed().then_some(was)
}

/// How often each of the two is killed.
fn kills() -> usize {
    usize::try_from(asked("SONAE_KILLS", KILLS)).unwrap().div_ceil(2)
}

fn measured(scene: &Scene, arguments: &[&str]) -> Duration {
    let began = Instant::now();
    scene.sonae(arguments).exits(0);
    began.elapsed()
}

fn assert_mostly_hit(what: &str, hits: &[&str]) {
    let middle = hits.iter().filter(|hit| **hit == "in the middle").count();
    eprintln!("{what} killed by kill -9 at random moments: {middle} of {} in the middle", hits.len());
    assert!(middle * 3 >= hits.len(), "{hits:?}");
}

fn backups() {
    let scene = scene();
    let unbroken = measured(&scene, &RUN);
    let _second = measured(&scene, &RUN);
    let mut random = 11;
    let mut hits = vec![];
    while hits.len() < kills() {
        let before = whole_points(&scene);
        hits.extend(kill_and_go_on(&scene, &RUN, unbroken, &mut random));
        // Two generations are kept, whoever was killed.
        let points = whole_points(&scene);
        assert_eq!(points.len(), 2, "{points:?}");
        assert_eq!(points[0].2, points[1].2, "the new one holds what the old one does");
        let is_new = |point: &&Listed| !before.contains(point);
        assert_eq!(points.iter().filter(is_new).count(), 1, "neither lost nor doubled: {before:?}, then {points:?}");
        leftovers::assert_none_but_leases(&scene);
    }
    scene.sonae(&RESTORE).exits(0);
    assert_same(&look(&scene.path("source")), &look(&scene.path("restored")));
    assert_mostly_hit("backups", &hits);
}

fn restores() {
    let scene = scene();
    scene.sonae(&RUN).exits(0);
    let expected: Tree = look(&scene.path("source"));
    let unbroken = measured(&scene, &RESTORE);
    let mut random = 12;
    let mut hits = vec![];
    while hits.len() < kills() {
        std::fs::remove_dir_all(scene.path("restored")).unwrap();
        hits.extend(kill_and_go_on(&scene, &RESTORE, unbroken, &mut random));
        assert_same(&expected, &look(&scene.path("restored")));
        // A run that was killed before it had a journal is not gone on with, and nobody gave its pin back.
        leftovers::assert_none_but_leases(&scene);
    }
    assert_mostly_hit("restores", &hits);
}
