//! A restore where nothing is left but the plan, the program and the store.

use std::ffi::OsStr;

use super::Check;
use super::needs::{Need, UNSHARE, in_namespace};
use super::scene::{ONE_JOB, SONAE, Said, Scene, fill};
use super::tree::{assert_same, look};

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "a restore needs no local state", needs: &[], run: no_state },
    Check {
        name: "a restore works from a store that is read-only, and leaves it as it is",
        needs: &[UNSHARE, Need::Namespaces],
        run: read_only,
    },
];

fn backed_up() -> Scene {
    let scene = Scene::new(ONE_JOB);
    fill(&scene.path("source"), 200, 500);
    scene.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    std::fs::remove_dir_all(scene.path("state")).unwrap();
    scene
}

fn no_state() {
    let scene = backed_up();
    let expected = look(&scene.path("source"));
    std::fs::remove_dir_all(scene.path("source")).unwrap();
    let mut command = scene.command(SONAE, &["restore", "plan.kdl", "files"]);
    command.env("HOME", scene.path("another-home")).env_remove("XDG_STATE_HOME");
    Said::of(&mut command).exits(0);
    assert_same(&expected, &look(&scene.path("restored")));
    assert!(scene.path("another-home/.local/state/sonae/runs").is_dir(), "the journal is in the other home");
}

fn read_only() {
    let scene = backed_up();
    let (expected, store) = (look(&scene.path("source")), look(&scene.path("store")));
    std::fs::remove_dir_all(scene.path("source")).unwrap();
    let script = "mount --bind store store; mount -o remount,bind,ro store; \
                  if touch store/x 2>/dev/null; then echo 'it can be written' >&2; exit 99; fi; \
                  exec \"$1\" restore plan.kdl files";
    Said::of(scene.surround(&mut in_namespace(script, &[OsStr::new(SONAE)]))).exits(0);
    assert_same(&expected, &look(&scene.path("restored")));
    assert_same(&store, &look(&scene.path("store")));
}
