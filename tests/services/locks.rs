//! Two runs at once.

use rustix::process::Signal;

use super::Check;
use super::interrupts::{begun, runs, send, slow};
use super::leftovers::whole_points;
use super::scene::{ONE_JOB, Said};

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "a second run of a job is turned away at once, another job is not", needs: &[], run: turned_away },
    Check { name: "the lock of a run that was killed is free", needs: &[], run: freed },
];

const RUN: [&str; 3] = ["run", "plan.kdl", "files/now"];

/// A job that has nothing to do with the first.
const OTHER_JOB: &str = r#"
target "other" { files "other"; backup "now" { archive "tar.zip"; store "local"; }; }
restore "other" { recover "other" { into path="restored-other"; }; }
"#;

fn turned_away() {
    let scene = slow();
    std::fs::write(scene.plan(), [ONE_JOB, OTHER_JOB].concat()).unwrap();
    std::fs::create_dir(scene.path("other")).unwrap();
    std::fs::write(scene.path("other/file"), "x").unwrap();
    let (first, run) = begun(&scene, scene.start(&RUN), &[], 2);
    // So that it is not over before the others have tried.
    send(&first, Signal::STOP);
    scene.sonae(&RUN).exits(11).says("another run holds the lock").says("files/now");
    scene.sonae(&["resume", &run]).exits(11).says("another run holds the lock");
    scene.sonae(&["run", "plan.kdl", "--all"]).exits(11);
    scene.sonae(&["run", "plan.kdl", "other/now"]).exits(0);
    scene.sonae(&["run", "plan.kdl", "files/now", "--dry-run"]).exits(0);
    send(&first, Signal::CONT);
    Said::of_child(first).exits(0);
    assert_eq!(whole_points(&scene).len(), 2, "one of each job");
}

fn freed() {
    let scene = slow();
    let (first, _) = begun(&scene, scene.start(&RUN), &runs(&scene), 2);
    send(&first, Signal::KILL);
    assert!(Said::of_child(first).was_killed(), "it was killed in the middle");
    // A run of its own, not the old one's end; it removes what that left.
    scene.sonae(&RUN).exits(0);
    assert_eq!(whole_points(&scene).len(), 1);
}
