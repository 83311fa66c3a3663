//! Two processes that want the same job at the same time: it is done once.
//!
//! `SONAE_RACES=1000 cargo test --test services -- race` lets as many pairs as that race.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::Check;
use super::due::seen;
use super::leftovers::{self, files, whole_points};
use super::needs::asked;
use super::noise::next_random;
use super::scene::{ONE_JOB, Said, Scene};

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "two ticks that race for one slot fill it once", needs: &[], run: ticks },
    Check { name: "of two runs that race for one job one is turned away, or comes after", needs: &[], run: runs },
];

const PAIRS: u64 = 50;
const TICK: [&str; 4] = ["run", "plan.kdl", "--due", "--quiet"];
const RUN: [&str; 4] = ["run", "plan.kdl", "files/now", "--quiet"];

fn small() -> Scene {
    // Nothing is ever deleted, so that the points tell what was done.
    let scene = Scene::in_memory(&ONE_JOB.replace("retention generations=2;", ""));
    std::fs::create_dir(scene.path("source")).unwrap();
    std::fs::write(scene.path("source/file"), "x").unwrap();
    scene
}

/// Removes what was done until now, but for the record of when the job was first seen.
fn forget(scene: &Scene) {
    for path in files(&scene.path("store")).into_iter().chain(files(&scene.path("state/sonae/runs"))) {
        if !path.to_string_lossy().contains("first-seen") {
            std::fs::remove_file(path).unwrap();
        }
    }
}

/// Starts two, the second within the time that the first takes; answers how they ended.
fn race(scene: &Scene, arguments: &[&str], unbroken: Duration, random: &mut u64) -> [Said; 2] {
    let first = scene.start(arguments);
    let thousandths = u32::try_from(next_random(random) % 1_000).unwrap();
    std::thread::sleep(unbroken * thousandths / 1_000);
    let second = scene.start(arguments);
    [first, second].map(Said::of_child)
}

fn measured(scene: &Scene, arguments: &[&str]) -> Duration {
    let began = Instant::now();
    scene.sonae(arguments).exits(0);
    began.elapsed()
}

fn ticks() {
    let scene = small();
    seen(&scene, "files/now", "daily 05:30 UTC");
    let unbroken = measured(&scene, &TICK);
    let mut random = 21;
    for pair in 0..asked("SONAE_RACES", PAIRS) {
        forget(&scene);
        for said in race(&scene, &TICK, unbroken, &mut random) {
            let _said = said.exits(0);
        }
        let points = whole_points(&scene);
        assert_eq!(points.len(), 1, "pair {pair}: {points:?}");
        assert!(points[0].1.contains("T053000Z-"), "pair {pair}: {points:?}");
        assert_eq!(files(&scene.path("store")).len(), 4, "pair {pair}: the point's three objects, and the record");
    }
}

fn runs() {
    let scene = small();
    let unbroken = measured(&scene, &RUN);
    let (mut random, mut ends) = (22, BTreeMap::new());
    for pair in 0..asked("SONAE_RACES", PAIRS) {
        forget(&scene);
        let said = race(&scene, &RUN, unbroken, &mut random);
        let statuses = said.each_ref().map(Said::status);
        let well = statuses.iter().filter(|status| **status == Some(0)).count();
        let turned_away = statuses.iter().filter(|status| **status == Some(11)).count();
        assert!(well >= 1 && well + turned_away == 2, "pair {pair}: {}\n{}", said[0], said[1]);
        assert_eq!(whole_points(&scene).len(), well, "pair {pair}: a point of each that went well");
        leftovers::assert_none(&scene);
        *ends.entry(turned_away).or_insert(0) += 1;
    }
    eprintln!("runs that raced, by how many of two were turned away: {ends:?}");
    assert!(ends.contains_key(&1), "they never met: {ends:?}");
}
