//! Restores on one machine, and backups on another that would delete what they read: each has a state folder of its own.

use std::ffi::OsStr;

use rustix::process::Signal;

use super::Check;
use super::interrupts::{begun, runs, send, slow};
use super::leases::elsewhere;
use super::leftovers::{self, files};
use super::needs::{Need, UNSHARE, in_namespace};
use super::scene::{SONAE, Said, Scene};

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "a point is not deleted while another machine restores it", needs: &[], run: pinned },
    Check { name: "a restore that was killed pins again when it is resumed", needs: &[], run: killed },
    Check {
        name: "a restore from a store that cannot be written goes on, and says so",
        needs: &[UNSHARE, Need::Namespaces],
        run: read_only,
    },
];

const RUN: [&str; 5] = ["run", "plan.kdl", "files/now", "--host", "web-1"];

/// Two points of which the next backup lets the older one go, and a restore of that one which stands still.
fn restoring() -> (Scene, std::process::Child, String, String) {
    let scene = slow();
    for _ in 0..2 {
        scene.sonae(&RUN).exits(0);
    }
    let points = scene.points();
    let moment = |point: &&serde_json::Value| point["moment"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    let older = points["points"].as_array().unwrap().iter().min_by_key(moment).unwrap();
    let older = older["point"].as_str().unwrap().to_owned();
    let restore = ["restore", "plan.kdl", "files", "--point", &older, "--from-host", "web-1"];
    let (child, run) = begun(&scene, scene.start(&restore), &runs(&scene), 1);
    send(&child, Signal::STOP);
    (scene, child, run, older)
}

/// The objects of pins in the store.
fn pins(scene: &Scene) -> usize {
    let is_one = |path: &std::path::PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("pin-");
    files(&scene.path("store")).iter().filter(|path| is_one(path)).count()
}

fn pinned() {
    let (scene, child, _, older) = restoring();
    assert_eq!(pins(&scene), 1);
    let dry = elsewhere(&scene, &[&RUN[..], &["--dry-run"]].concat()).exits(0);
    dry.says(&format!("files/now: a restore on {} reads {older}", machine()));
    let said = elsewhere(&scene, &RUN).exits(0);
    said.says(&format!("did not delete {older}: a restore on {} reads it; a later backup deletes it", machine()));
    send(&child, Signal::CONT);
    Said::of_child(child).exits(0).says("every digest verified");
    assert_eq!(pins(&scene), 0);
    elsewhere(&scene, &RUN).exits(0).says("deleted 2 recovery points");
    leftovers::assert_none(&scene);
}

fn killed() {
    let (scene, child, run, older) = restoring();
    send(&child, Signal::KILL);
    assert!(Said::of_child(child).was_killed());
    assert_eq!(pins(&scene), 1);
    elsewhere(&scene, &RUN).exits(0).says(&format!("did not delete {older}: a restore on"));
    scene.sonae(&["resume", &run]).exits(0).says("every digest verified");
    assert_eq!(pins(&scene), 0);
    // On its own machine nobody waits for the pin of a dead run.
    std::fs::remove_dir_all(scene.path("restored")).unwrap();
    let restore = ["restore", "plan.kdl", "files", "--point", &older, "--from-host", "web-1"];
    let (child, run) = begun(&scene, scene.start(&restore), &runs(&scene), 1);
    send(&child, Signal::KILL);
    assert!(Said::of_child(child).was_killed());
    scene.sonae(&RUN).exits(0).says("deleted 2 recovery points");
    assert_eq!(pins(&scene), 0);
    scene.sonae(&["resume", &run]).exits(4).says(&format!("recovery point {older} of files/now on web-1 is gone"));
    leftovers::assert_none(&scene);
}

fn machine() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// The store is mounted so that nobody writes to it, the superuser included.
const READ_ONLY: &str = r#"
mount --bind store store
mount -o remount,bind,ro store
"$1" restore plan.kdl files --from-host web-1
"#;

fn read_only() {
    let scene = slow();
    scene.sonae(&RUN).exits(0);
    let said = Said::of(scene.surround(&mut in_namespace(READ_ONLY, &[OsStr::new(SONAE)]))).exits(0);
    let said = said.says("store local takes no pin, so a backup of another host may delete what is read from it");
    said.says("every digest verified");
    leftovers::assert_none(&scene);
}
