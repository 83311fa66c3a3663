//! A dry run changes nothing, and needs nothing that it could change.

use std::ffi::OsStr;

use super::Check;
use super::due::seen_at;
use super::needs::{Need, UNSHARE, in_namespace};
use super::scene::{ONE_JOB, SONAE, Said, Scene, fill};
use super::tree::{assert_same, look};

pub(crate) const CHECKS: &[Check] = &[
    Check {
        name: "a dry run opens nothing for writing and changes no name, as strace sees it",
        needs: &[Need::Program("strace", "strace")],
        run: traced,
    },
    Check {
        name: "a dry run says the same on a read-only world without a network",
        needs: &[UNSHARE, Need::Namespaces],
        run: read_only,
    },
];

/// What only looks.
const LOOKS: [&[&str]; 7] = [
    &["run", "plan.kdl", "--due", "--dry-run", "--now", "2031-03-01T05:30:00Z"],
    &["run", "plan.kdl", "--all", "--dry-run", "--now", "2031-03-01T05:30:00Z"],
    &["run", "plan.kdl", "--all", "--dry-run", "--now", "2031-03-01T05:30:00Z", "--format", "json"],
    &["restore", "plan.kdl", "files", "--dry-run", "--now", "2031-03-01T05:30:00Z"],
    &["restore", "plan.kdl", "files", "--dry-run", "--now", "2031-03-01T05:30:00Z", "--path", "000/file-7"],
    &["points", "plan.kdl"],
    &["check", "plan.kdl"],
];

/// A scene with recovery points, one of which the next run would delete, and a leftover; without any state.
fn scene() -> Scene {
    let scene = Scene::new(ONE_JOB);
    fill(&scene.path("source"), 50, 100);
    for _ in 0..2 {
        scene.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    }
    std::fs::remove_dir_all(scene.path("state")).unwrap();
    seen_at(&scene, "files/now", "daily 05:30 UTC", "2031-02-27T12:00:00Z".parse().unwrap());
    scene.sonae(LOOKS[0]).exits(0).says("missed    1").says("would make 1 recovery point");
    scene
}

/// Calls that change names or attributes, or may; `?` before those that not every processor has.
const CALLS: &str = "trace=?open,openat,?openat2,?creat,?mkdir,mkdirat,?mknod,mknodat,?unlink,unlinkat,?rmdir,?rename,\
                     ?renameat,renameat2,?link,linkat,?symlink,symlinkat,truncate,ftruncate,fallocate,?chmod,fchmod,\
                     fchmodat,?chown,fchown,fchownat,?lchown,utimensat,setxattr,fsetxattr,?connect,?bind";

/// What a line of strace says was changed.
fn is_change(line: &str) -> bool {
    let is_call = |name: &str| line.contains(&format!(" {name}("));
    if line.contains("<... ") || line.contains("+++") || line.contains("---") {
        return false;
    }
    if ["open", "openat", "openat2"].into_iter().any(is_call) {
        let writes = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"].iter().any(|flag| line.contains(flag));
        return writes && !line.contains("\"/dev/null\"") && !line.contains("\"/dev/tty\"");
    }
    true
}

/// A state folder with a ledger that knows a restore, as whoever ran it left it.
fn remembering(scene: &Scene) {
    scene.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    scene.sonae(&["restore", "plan.kdl", "files", "--into", "elsewhere"]).exits(0);
    let dry = scene.sonae(LOOKS[3]).exits(0).stdout();
    assert!(dry.contains("; 1 run: "), "the ledger is read: {dry}");
}

fn traced() {
    let scene = scene();
    nothing_changes(&scene, &LOOKS);
    // The same eyes see what a real run changes.
    let trace = tempfile::NamedTempFile::new().unwrap();
    let strace = ["-f", "-e", CALLS, "-o", trace.path().to_str().unwrap(), SONAE, "run", "plan.kdl", "--all"];
    Said::of(&mut scene.command("strace", &strace)).exits(0);
    let calls = std::fs::read_to_string(trace.path()).unwrap();
    for call in [" openat(", " renameat2(", " mkdirat(", " unlinkat("] {
        assert!(calls.lines().any(|line| line.contains(call) && is_change(line)), "{call} is not seen in a run");
    }
    // With a ledger to read.
    remembering(&scene);
    nothing_changes(&scene, &LOOKS[3..5]);
}

fn nothing_changes(scene: &Scene, looks: &[&[&str]]) {
    let before = look(scene.root());
    for arguments in looks {
        let trace = tempfile::NamedTempFile::new().unwrap();
        let mut strace = vec!["-f", "-e", CALLS, "-o", trace.path().to_str().unwrap(), SONAE];
        strace.extend(*arguments);
        Said::of(&mut scene.command("strace", &strace)).exits(0);
        let calls = std::fs::read_to_string(trace.path()).unwrap();
        assert!(calls.lines().any(|line| line.contains("plan.kdl")), "strace saw nothing:\n{calls}");
        let changes: Vec<&str> = calls.lines().filter(|line| is_change(line)).collect();
        assert!(changes.is_empty(), "{arguments:?} changed something:\n{}", changes.join("\n"));
    }
    assert_same(&before, &look(scene.root()));
}

fn read_only() {
    let scene = scene();
    let before = look(scene.root());
    for arguments in LOOKS {
        let ordinary = scene.sonae(arguments).exits(0);
        let root: &OsStr = scene.root().as_ref();
        let script = "mount --bind \"$1\" \"$1\"; mount -o remount,bind,ro \"$1\"; cd \"$1\"; \
                      if touch \"$1/x\" 2>/dev/null; then echo 'it can be written' >&2; exit 99; fi; \
                      shift; exec \"$@\"";
        let mut words = vec![root, OsStr::new(SONAE)];
        words.extend(arguments.iter().map(OsStr::new));
        let read_only = Said::of(scene.surround(&mut in_namespace(script, &words))).exits(0);
        assert_eq!(without_free(&read_only.stdout()), without_free(&ordinary.stdout()));
        assert_eq!(read_only.stderr(), ordinary.stderr());
    }
    assert_same(&before, &look(scene.root()));
}

/// How much is free is the machine's, on which others write meanwhile.
fn without_free(text: &str) -> String {
    let without = |line: &str| match line.rsplit_once("; ") {
        Some((line, free)) if free.ends_with(" free") => format!("{line}; … free\n"),
        _ => format!("{line}\n"),
    };
    text.lines().map(without).collect()
}
