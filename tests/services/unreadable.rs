//! What cannot be read is said, and the rest is saved.

use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use super::Check;
use super::needs::{Need, is_root};
use super::scene::{ONE_JOB, SONAE, Said, Scene, done};
use super::tree::{assert_same, look};

pub(crate) const CHECKS: &[Check] = &[
    Check {
        name: "an unreadable file makes the exit status 5, is named, and the rest comes back",
        needs: &[Need::Program("setpriv", "util-linux")],
        run: unreadable,
    },
    Check {
        name: "files of /proc, which say that they are empty, are stored with what they hold",
        needs: &[],
        run: sizeless,
    },
    Check {
        name: "a file that another program holds a lease on is waited for",
        needs: &[Need::Program("python3", "python3")],
        run: leased,
    },
];

/// `nobody` of Debian and of most others.
const NOBODY: u32 = 65_534;

/// The program as a user for whom a mode means something.
fn sonae(scene: &Scene, arguments: &[&str]) -> Said {
    if !is_root() {
        return scene.sonae(arguments);
    }
    let program = scene.path("sonae");
    let (user, group) = (format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"));
    let mut privileged = vec![user.as_str(), group.as_str(), "--clear-groups", program.to_str().unwrap()];
    privileged.extend(arguments);
    Said::of(&mut scene.command("setpriv", &privileged))
}

fn unreadable() {
    let scene = Scene::new(ONE_JOB);
    let source = scene.path("source");
    std::fs::create_dir_all(source.join("locked/below")).unwrap();
    for name in ["open", "secret", "locked/inside", "z"] {
        std::fs::write(source.join(name), name).unwrap();
    }
    // Where the program itself lies, others may not come.
    std::fs::copy(SONAE, scene.path("sonae")).unwrap();
    if is_root() {
        done(Command::new("chown").args(["-R", &format!("{NOBODY}:{NOBODY}")]).arg(scene.root()));
    }
    for name in ["secret", "locked"] {
        std::fs::set_permissions(source.join(name), PermissionsExt::from_mode(0o000)).unwrap();
    }
    let names = ["source/secret", "source/locked"];
    let said = sonae(&scene, &["run", "plan.kdl", "--all"]).exits(5).says("not every file could be read whole");
    let _said = names.iter().fold(said, |said, name| said.says(name));
    sonae(&scene, &["points", "plan.kdl"]).exits(0).says("good, not clean");
    let point = &sonae(&scene, &["points", "plan.kdl", "--format", "json"]).exits(0).json()["points"][0];
    assert_eq!((point["clean"].as_bool(), point["unread"]["count"].as_u64()), (Some(false), Some(2)), "{point:#}");
    for (name, unread) in names.iter().zip([1, 0]) {
        let path = point["unread"]["first"][unread]["path"].as_str().unwrap();
        assert!(path.ends_with(name), "{point:#}");
    }
    let dry =
        sonae(&scene, &["restore", "plan.kdl", "files", "--dry-run"]).exits(0).says("unread when it was backed up: 2");
    let _dry = names.iter().fold(dry, |said, name| said.says(name));
    let said =
        sonae(&scene, &["restore", "plan.kdl", "files"]).exits(5).says("when it was backed up").says("unread     2");
    let _said = names.iter().fold(said, |said, name| said.says(name));
    // Of what was whole, all is well; of what was not, that is said.
    let part =
        |path: &str, into: &str| sonae(&scene, &["restore", "plan.kdl", "files", "--path", path, "--into", into]);
    part("open", "part-open").exits(0);
    part("locked", "part-locked").exits(5).says("unread     1").says("source/locked");
    // Now both may be looked at.
    for name in ["secret", "locked"] {
        std::fs::set_permissions(source.join(name), PermissionsExt::from_mode(0o700)).unwrap();
    }
    let restored = scene.path("restored");
    assert_eq!(std::fs::symlink_metadata(restored.join("locked")).unwrap().permissions().mode() & 0o777, 0);
    std::fs::set_permissions(restored.join("locked"), PermissionsExt::from_mode(0o700)).unwrap();
    let mut expected = look(&source);
    for lost in ["secret", "locked/inside", "locked/below"] {
        assert!(expected.remove(lost.as_bytes()).is_some(), "{lost}");
    }
    assert_same(&expected, &look(&restored));
}

fn sizeless() {
    let source = "/proc/sys/kernel/random";
    let scene = Scene::new(&ONE_JOB.replace("files \"source\"", &format!("files {source:?}")));
    scene.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    scene.sonae(&["restore", "plan.kdl", "files"]).exits(0);
    let read = |folder: &std::path::Path| std::fs::read_to_string(folder.join("boot_id")).unwrap();
    let (here, there) = (read(source.as_ref()), read(&scene.path("restored")));
    assert_eq!((here.len(), std::fs::metadata(format!("{source}/boot_id")).unwrap().len()), (37, 0));
    assert_eq!(here, there);
}

/// Holds a lease (1024 is `F_SETLEASE`) on a file, and gives it up when somebody opens the file.
const LEASE: &str = "
import fcntl, os, signal, sys
file = os.open(sys.argv[1], os.O_RDWR)
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGIO])
fcntl.fcntl(file, 1024, fcntl.F_WRLCK)
print('held', flush=True)
signal.sigwait([signal.SIGIO])
fcntl.fcntl(file, 1024, fcntl.F_UNLCK)
";

fn leased() {
    let scene = Scene::new(ONE_JOB);
    std::fs::create_dir(scene.path("source")).unwrap();
    std::fs::write(scene.path("source/leased"), "held").unwrap();
    let mut python = Command::new("python3");
    let python = python.args(["-c", LEASE]).arg(scene.path("source/leased")).stdout(Stdio::piped());
    let mut holder = python.spawn().unwrap();
    let mut said = String::new();
    BufReader::new(holder.stdout.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(said, "held\n");
    scene.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    assert!(holder.wait().unwrap().success());
    scene.sonae(&["restore", "plan.kdl", "files"]).exits(0);
    assert_eq!(std::fs::read_to_string(scene.path("restored/leased")).unwrap(), "held");
}
