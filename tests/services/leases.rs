//! Two machines that back up under one name into one store: each has a state folder of its own, so that nothing but the store is shared.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant, SystemTime};

use rustix::process::Signal;

use super::Check;
use super::interrupts::{begun, runs, send, slow};
use super::leftovers::{files, leases, whole_points};
use super::scene::{ONE_JOB, SONAE, Said, Scene};

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "a lease turns the run of another machine away, and says who has it", needs: &[], run: turned_away },
    Check { name: "the lease of a run that was killed is taken over", needs: &[], run: killed },
    Check { name: "a run whose lease was broken deletes nothing more", needs: &[], run: broken },
    Check { name: "a run whose lease ran out while it stood still deletes nothing more", needs: &[], run: ran_out },
    Check { name: "a run waits for locks and leases as long as it is told to", needs: &[], run: waits },
    Check { name: "an interrupted run gives its lease back", needs: &[], run: interrupted },
    Check { name: "a tick has no lease to wait for", needs: &[], run: ticks },
];

const RUN: [&str; 5] = ["run", "plan.kdl", "files/now", "--host", "web-1"];
const TICK: [&str; 5] = ["run", "plan.kdl", "--due", "--host", "web-1"];

/// Starts the program on the other machine.
fn start_elsewhere(scene: &Scene, arguments: &[&str]) -> Child {
    let mut command = scene.command(SONAE, arguments);
    command.env("XDG_STATE_HOME", scene.path("elsewhere"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

pub(crate) fn elsewhere(scene: &Scene, arguments: &[&str]) -> Said {
    Said::of_child(start_elsewhere(scene, arguments))
}

/// Half an hour passes for the store.
fn grow_old(scene: &Scene) {
    let then = SystemTime::now() - Duration::from_secs(1_800);
    let all = leases(scene);
    assert!(!all.is_empty());
    all.iter().for_each(|lease| std::fs::File::open(lease).unwrap().set_modified(then).unwrap());
}

/// A run that packs, and stands still.
fn standing_still(scene: &Scene) -> (Child, String) {
    let (child, run) = begun(scene, scene.start(&RUN), &runs(scene), 2);
    send(&child, Signal::STOP);
    (child, run)
}

fn turned_away() {
    let scene = slow();
    let (first, run) = standing_still(&scene);
    let said = elsewhere(&scene, &RUN).exits(11).says("another run holds the lease of job one/files/now/web-1 in ");
    said.says(&format!("run {run} on ")).says("--lock-wait").says(&format!("unlock plan.kdl files/now --run {run}"));
    elsewhere(&scene, &["run", "plan.kdl", "--all", "--host", "web-1", "--dry-run"]).exits(0);
    let shown = elsewhere(&scene, &["unlock", "plan.kdl", "--format", "json"]).exits(0).json();
    assert_eq!((&shown["leases"][0]["run"], &shown["leases"][0]["has_run_out"]), (&run.into(), &false.into()));
    send(&first, Signal::CONT);
    Said::of_child(first).exits(0);
    assert!(leases(&scene).is_empty(), "it was given back");
    elsewhere(&scene, &RUN).exits(0);
    assert!(leases(&scene).is_empty());
    assert_eq!(whole_points(&scene).len(), 2);
}

fn killed() {
    let scene = slow();
    let kill = || {
        let (child, run) = begun(&scene, scene.start(&RUN), &runs(&scene), 2);
        send(&child, Signal::KILL);
        assert!(Said::of_child(child).was_killed());
        run
    };
    let run = kill();
    elsewhere(&scene, &RUN).exits(11);
    scene.sonae(&["resume", &run]).exits(0);
    // On the same machine another run need not wait either.
    kill();
    scene.sonae(&RUN).exits(0);
    kill();
    elsewhere(&scene, &RUN).exits(11);
    grow_old(&scene);
    elsewhere(&scene, &RUN).exits(0);
    assert!(leases(&scene).is_empty());
    let run = kill();
    elsewhere(&scene, &["unlock", "plan.kdl", "--run", &run]).exits(11).says("may be alive");
    elsewhere(&scene, &["unlock", "plan.kdl", "--run", &run, "--force"]).exits(0).says("broken");
    elsewhere(&scene, &RUN).exits(0);
}

/// Two points of which the next backup lets one go, and a run that would do so.
fn about_to_delete() -> (Scene, Child, String) {
    let scene = slow();
    for _ in 0..2 {
        scene.sonae(&RUN).exits(0);
    }
    let (child, run) = standing_still(&scene);
    (scene, child, run)
}

fn broken() {
    let (scene, child, run) = about_to_delete();
    elsewhere(&scene, &["unlock", "plan.kdl", "--run", &run, "--force"]).exits(0);
    send(&child, Signal::CONT);
    Said::of_child(child).exits(6).says("nothing more was deleted: the lease of its points was lost");
    assert_eq!(whole_points(&scene).len(), 3, "its own point is made, and good");
    assert!(leases(&scene).is_empty());
    scene.sonae(&RUN).exits(0).says("deleted 2 recovery points");
}

fn ran_out() {
    let (scene, child, _) = about_to_delete();
    grow_old(&scene);
    // The other machine lets nothing go itself.
    std::fs::write(scene.path("keep.kdl"), ONE_JOB.replace("retention generations=2;", "")).unwrap();
    elsewhere(&scene, &["run", "keep.kdl", "files/now", "--host", "web-1"]).exits(0);
    send(&child, Signal::CONT);
    Said::of_child(child).exits(6).says("1 recovery point that retention lets go");
    assert_eq!(whole_points(&scene).len(), 4, "its own point is made, and good");
}

/// Waits until a program has said this.
fn says(child: &mut Child, words: &str) -> String {
    use std::io::Read as _;
    let (mut said, patience) = (Vec::new(), Instant::now() + Duration::from_secs(60));
    let stderr = child.stderr.as_mut().unwrap();
    while !String::from_utf8_lossy(&said).contains(words) {
        let mut byte = [0];
        assert!(
            stderr.read(&mut byte).unwrap() == 1 && Instant::now() < patience,
            "{}",
            String::from_utf8_lossy(&said)
        );
        said.extend(byte);
    }
    String::from_utf8_lossy(&said).into_owned()
}

fn waits() {
    let scene = slow();
    let (first, run) = standing_still(&scene);
    let wait = [&RUN[..], &["--lock-wait", "5m"]].concat();
    let mut here = scene.start(&wait);
    let said = says(&mut here, "waiting: another run holds the lock of job");
    assert!(!said.contains("lease"), "{said}");
    let mut there = start_elsewhere(&scene, &wait);
    says(&mut there, "waiting: another run holds the lease of job");
    let mut stopped = start_elsewhere(&scene, &wait);
    says(&mut stopped, &run);
    send(&stopped, Signal::INT);
    Said::of_child(stopped).exits(130).says("interrupted before anything was changed");
    elsewhere(&scene, &[&RUN[..], &["--lock-wait", "2s"]].concat()).exits(11).says("waiting: ");
    send(&first, Signal::CONT);
    Said::of_child(first).exits(0);
    Said::of_child(here).exits(0);
    Said::of_child(there).exits(0);
    assert_eq!((leases(&scene), whole_points(&scene).len()), (vec![], 2), "of three, the first was let go");
}

fn interrupted() {
    let scene = slow();
    let (child, run) = begun(&scene, scene.start(&RUN), &runs(&scene), 2);
    send(&child, Signal::INT);
    Said::of_child(child).exits(130);
    assert!(leases(&scene).is_empty());
    elsewhere(&scene, &RUN).exits(0);
    scene.sonae(&["resume", &run]).exits(0);
}

/// A tick beside a run of another machine has nothing to do; and where nothing is due, none is asked for.
fn ticks() {
    let scene = slow();
    elsewhere(&scene, &TICK).exits(0);
    let noted = files(&scene.path("store"));
    elsewhere(&scene, &TICK).exits(0);
    assert_eq!(files(&scene.path("store")), noted, "it was noted that the job is new, and nothing else");
    let before = noted[0].to_str().unwrap().replace("first-seen-20", "first-seen-19");
    std::fs::rename(&noted[0], before).unwrap();
    let (first, _) = standing_still(&scene);
    elsewhere(&scene, &TICK).exits(0);
    assert_eq!(whole_points(&scene).len(), 0);
    send(&first, Signal::CONT);
    Said::of_child(first).exits(0);
    elsewhere(&scene, &TICK).exits(0);
    assert_eq!((leases(&scene), whole_points(&scene).len()), (vec![], 2), "one by hand, one for its time");
}
