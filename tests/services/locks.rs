//! Two runs at once.

use rustix::process::Signal;

use super::Check;
use super::child::{Edge, killed_at};
use super::interrupts::{begun, runs, send, slow};
use super::leftovers::whole_points;
use super::scene::{ONE_JOB, Said};

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "a second run of a job is turned away at once, another job is not", needs: &[], run: turned_away },
    Check { name: "the lock of a run that was killed is free", needs: &[], run: freed },
    Check { name: "a point is not deleted while it is locked for a restore", needs: &[], run: being_restored },
    Check { name: "a store is locked by whatever way it is reached, and no other is", needs: &[], run: reached },
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
    scene.sonae(&["resume"]).exits(11).says(&format!("{run} is under way"));
    scene.sonae(&["run", "plan.kdl", "--all"]).exits(11);
    scene.sonae(&["run", "plan.kdl", "other/now"]).exits(0);
    scene.sonae(&["run", "plan.kdl", "files/now", "--dry-run"]).exits(0);
    // One that is alive does not stand in the way of one that is dead.
    let (_, at) = killed_at(&scene, &["run", "plan.kdl", "other/now"], 4, Edge::After);
    assert_eq!(at.as_deref(), Some("pack started"));
    scene.sonae(&["resume"]).exits(0).says("other/now: recovery point");
    send(&first, Signal::CONT);
    Said::of_child(first).exits(0);
    assert_eq!(whole_points(&scene).len(), 3, "one of the first job, two of the other");
}

fn reached() {
    let scene = slow();
    let (first, _) = begun(&scene, scene.start(&RUN), &[], 2);
    send(&first, Signal::STOP);
    // Plans of one name: one with a store of its own, one whose store is the first one's by a link and another path.
    for (folder, store) in [("own", "store"), ("same", "to/store")] {
        std::fs::create_dir(scene.path(folder)).unwrap();
        let plan = ONE_JOB.replace("\"store\"", &format!("{store:?}")).replace("\"source\"", "\"little\"");
        std::fs::write(scene.path(folder).join("plan.kdl"), plan).unwrap();
        std::fs::create_dir(scene.path(folder).join("little")).unwrap();
        std::fs::write(scene.path(folder).join("little/file"), "x").unwrap();
    }
    std::os::unix::fs::symlink("..", scene.path("same/to")).unwrap();
    scene.sonae(&["run", "own/plan.kdl", "--all"]).exits(0);
    scene.sonae(&["run", "same/plan.kdl", "--all"]).exits(11).says("another run holds the lock of job one/files/now/");
    send(&first, Signal::CONT);
    Said::of_child(first).exits(0);
    scene.sonae(&["run", "same/plan.kdl", "--all"]).exits(0);
}

fn being_restored() {
    let scene = slow();
    for _ in 0..2 {
        scene.sonae(&RUN).exits(0);
    }
    // The older one, which the next backup lets go. Both may be of one second, in which the names say nothing.
    let points = scene.points();
    let moment = |point: &&serde_json::Value| point["moment"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let older = points["points"].as_array().unwrap().iter().min_by_key(moment).unwrap();
    let older = older["point"].as_str().unwrap();
    let restore = ["restore", "plan.kdl", "files", "--point", older];
    let (restoring, _) = begun(&scene, scene.start(&restore), &runs(&scene), 1);
    send(&restoring, Signal::STOP);
    scene.sonae(&RUN).exits(0).says(&format!("did not delete {older}: a restore reads points"));
    // Two restores do not keep each other up.
    scene.sonae(&["restore", "plan.kdl", "files", "--into", "beside"]).exits(0);
    send(&restoring, Signal::CONT);
    Said::of_child(restoring).exits(0);
    scene.sonae(&RUN).exits(0).says("deleted 2 recovery points");
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
