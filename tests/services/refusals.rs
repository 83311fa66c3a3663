//! Restores that are refused, by the command line alone: what is said, that nothing was changed, and that mending the cause is enough.

use std::ffi::OsStr;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Check;
use super::needs::{Need, UNSHARE, in_namespace, is_root};
use super::scene::{ONE_JOB, SONAE, Said, Scene, done, fill};
use super::sshd::{SSHD, Sshd, user};
use super::tree::{Seen, Tree, assert_same, look};

const SETPRIV: Need = Need::Program("setpriv", "util-linux");

pub(crate) const CHECKS: &[Check] = &[
    Check {
        name: "a restore to where something is, is refused, here and on another host, until it is gone",
        needs: SSHD,
        run: occupied,
    },
    Check {
        name: "a restore that does not fit is refused, and one whose disk fills up meanwhile goes on once there is room",
        needs: &[UNSHARE, Need::Namespaces],
        run: full,
    },
    Check { name: "a restore to where nothing may be written goes on once it may", needs: &[SETPRIV], run: forbidden },
    Check {
        name: "a restore to where nothing may be written on another host goes on once it may",
        needs: SSHD,
        run: forbidden_there,
    },
    Check {
        name: "a restore goes on by the word of who has the role, and of nobody else",
        needs: &[SETPRIV],
        run: unentitled,
    },
    Check { name: "a restore whose service is never well fails, and goes on once it is", needs: &[], run: unwell },
];

/// One of the folders that a restore brings back, as it was at the source.
fn source(scene: &Scene) -> Tree {
    let source = scene.path("source");
    std::fs::create_dir_all(source.join("below")).unwrap();
    std::fs::write(source.join("file"), "content\n").unwrap();
    std::fs::write(source.join("below/other"), vec![7; 100_000]).unwrap();
    // SFTP keeps whole seconds.
    let made = ["file", "below/other", "below", ""].map(|name| source.join(name));
    done(Command::new("touch").args(["-d", "@1772366400"]).args(made));
    look(&source)
}

fn plan(steps: &str, more: &str) -> String {
    format!(
        r#"plan "one" {{ timezone "UTC"; }}
{more}
store "local" {{ local path="store"; }}
target "files" {{ files "source"; backup "now" {{ archive "tar.zip"; store "local"; }}; }}
restore "files" {{ {steps}; }}
"#
    )
}

fn text(said: &Said) -> String {
    format!("{}{}", said.stdout(), said.stderr())
}

/// The run that is to be gone on with.
fn run_of(told: &str) -> String {
    let run = told.split("sonae resume ").nth(1).unwrap_or_else(|| panic!("{told}"));
    run.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap().to_owned()
}

/// What is the same over SFTP, whoever restores.
fn assert_same_content(expected: &Tree, found: &Path) {
    let (mut expected, mut found) = (expected.clone(), look(found));
    for tree in [&mut expected, &mut found] {
        tree.values_mut().for_each(Seen::forget_what_sftp_does_not_keep);
    }
    assert_same(&expected, &found);
}

const RESTORE: [&str; 3] = ["restore", "plan.kdl", "files"];

fn occupied() {
    let sshd = Sshd::start();
    for on in ["", "host=\"web-1\" "] {
        let scene = Scene::new("");
        let into = scene.path("restored");
        let host = format!("host \"web-1\" {{ {}; }}", sshd.ssh_line());
        let steps = format!("recover \"files\" {{ into {on}path={into:?}; }}");
        std::fs::write(scene.plan(), plan(&steps, &host)).unwrap();
        let expected = source(&scene);
        scene.sonae(&["run", "plan.kdl", "--all"]).exits(0);
        std::fs::create_dir(&into).unwrap();
        std::fs::write(into.join("mine"), "mine").unwrap();
        let before = look(&into);
        let words = format!("{}: something is there, and a restore goes beside, never over", into.display());
        let dry = text(&scene.sonae(&[&RESTORE[..], &["--dry-run"]].concat()).exits(4));
        let told = text(&scene.sonae(&RESTORE).exits(1));
        assert!(dry.contains("something is there") && told.contains("something is there"), "{words}: {dry}{told}");
        assert!(told.contains("nothing was done") && told.contains(into.to_str().unwrap()), "{told}");
        assert_same(&before, &look(&into));
        std::fs::rename(&into, scene.path("mine")).unwrap();
        scene.sonae(&RESTORE).exits(0);
        assert_same_content(&expected, &into);
    }
}

/// `$1` is the program. The disk is too small; then it has room for the bytes, and not for so many files; then for all.
const FULL: &str = r#"
"$1" run plan.kdl --all --quiet
mkdir small
mount -t tmpfs -o size=1m,mode=700 tmpfs small
tried() {
    name=$1
    shift
    "$@" > "$name.said" 2>&1 && echo 0 > "$name.status" || echo $? > "$name.status"
}
tried foreseen "$1" restore plan.kdl files --into small/restored --dry-run
tried refused "$1" restore plan.kdl files --into small/restored
find small -mindepth 1 > refused.files
mount -o remount,size=64m,nr_inodes=40 small
tried midst "$1" restore plan.kdl files --into small/restored
find small -mindepth 1 -maxdepth 1 > midst.files
mount -o remount,nr_inodes=4000 small
tried resumed "$1" resume "$(sed -n 's/.*sonae resume \([0-9A-Za-z-]*\).*/\1/p' midst.said | head -n 1)"
diff -r source small/restored > differs
"#;

fn full() {
    let scene = Scene::new(ONE_JOB);
    fill(&scene.path("source"), 112, 20_000);
    Said::of(scene.surround(&mut in_namespace(FULL, &[OsStr::new(SONAE)]))).exits(0);
    let text = |name: &str| std::fs::read_to_string(scene.path(name)).unwrap();
    for (name, status, words) in [
        ("foreseen", "4\n", "are free"),
        ("refused", "1\n", "nothing was done"),
        ("midst", "4\n", "No space left on device"),
        ("resumed", "0\n", "restored 112 files"),
    ] {
        let said = text(&format!("{name}.said"));
        assert_eq!(text(&format!("{name}.status")), status, "{name}: {said}");
        assert!(said.contains(words), "{name}: {said}");
    }
    assert_eq!((text("refused.files"), text("differs")), (String::new(), String::new()));
    assert!(!text("midst.files").contains("small/restored\n"), "{}", text("midst.files"));
}

/// `nobody` of Debian and of most others.
const NOBODY: u32 = 65_534;

/// The program as a user for whom a mode means something, with whose state it is at work.
fn as_somebody(scene: &Scene, arguments: &[&str]) -> Said {
    if !is_root() {
        return scene.sonae(arguments);
    }
    let program = scene.path("sonae");
    let (user, group) = (format!("--reuid={NOBODY}"), format!("--regid={NOBODY}"));
    let privileged = [&[user.as_str(), &group, "--clear-groups", program.to_str().unwrap()], arguments].concat();
    Said::of(&mut scene.command("setpriv", &privileged))
}

/// A scene that belongs to that user, with a backup, and a folder `out` in which nobody may write.
fn of_somebody(plan: &str) -> (Scene, Tree) {
    let scene = Scene::new(plan);
    source(&scene);
    std::fs::create_dir(scene.path("out")).unwrap();
    if is_root() {
        std::fs::copy(SONAE, scene.path("sonae")).unwrap();
        done(Command::new("chown").args(["-R", &format!("{NOBODY}:{NOBODY}")]).arg(scene.root()));
    }
    as_somebody(&scene, &["run", "plan.kdl", "--all"]).exits(0);
    allow(&scene.path("out"), 0o555);
    let expected = look(&scene.path("source"));
    (scene, expected)
}

fn allow(path: &Path, mode: u32) {
    std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

fn forbidden() {
    let (scene, expected) = of_somebody(&plan("recover \"files\" { into path=\"out/restored\"; }", ""));
    let told = text(&as_somebody(&scene, &RESTORE).exits(4));
    assert!(told.contains("Permission denied") && told.contains("out/restored"), "{told}");
    assert_eq!(look(&scene.path("out")).len(), 1, "nothing is in it: {told}");
    allow(&scene.path("out"), 0o755);
    as_somebody(&scene, &["resume", &run_of(&told)]).exits(0);
    assert_same(&expected, &look(&scene.path("out/restored")));
}

fn forbidden_there() {
    let sshd = Sshd::start();
    sshd.admit_others();
    let there = if is_root() { "nobody".to_owned() } else { user() };
    let line = sshd.ssh_line().replace(&format!("user={:?}", user()), &format!("user={there:?}"));
    let scene = Scene::new("");
    let into: PathBuf = scene.path("out/restored");
    let steps = format!("recover \"files\" {{ into host=\"web-1\" path={into:?}; }}");
    std::fs::write(scene.plan(), plan(&steps, &format!("host \"web-1\" {{ {line}; }}"))).unwrap();
    source(&scene);
    if is_root() {
        // Whom it is restored as cannot give files away.
        done(Command::new("chown").args(["-R", &format!("{NOBODY}:{NOBODY}")]).arg(scene.path("source")));
    }
    let expected = look(&scene.path("source"));
    std::fs::create_dir(scene.path("out")).unwrap();
    allow(&scene.path("out"), 0o555);
    scene.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    let told = text(&scene.sonae(&RESTORE).exits(4));
    assert!(told.contains("ermission denied") && told.contains("out/restored"), "{told}");
    assert_eq!(look(&scene.path("out")).len(), 1, "nothing is in it: {told}");
    allow(&scene.path("out"), 0o777);
    scene.sonae(&["resume", &run_of(&told)]).exits(0);
    assert_same_content(&expected, &into);
}

fn unentitled() {
    let member = if is_root() { "nobody".to_owned() } else { format!("not-{}", user()) };
    let role = format!("role \"sysadmin\" {{ member \"admin@example.jp\" user={member:?}; }}");
    let steps = "approve \"the disk is gone\" by=\"sysadmin\"; recover \"files\" { into path=\"out/restored\"; }";
    let (scene, expected) = of_somebody(&plan(steps, &role));
    allow(&scene.path("out"), 0o755);
    let waits = text(&as_somebody(&scene, &RESTORE).exits(75));
    let run = run_of(&waits);
    // By root, or whoever runs the tests: it has not the role.
    let says = ["approve", run.as_str(), "--reason", "I say so"];
    let told = text(&scene.sonae(&says).exits(1));
    assert!(told.contains("has not the role sysadmin") && told.contains("admin@example.jp"), "{told}");
    let still = text(&as_somebody(&scene, &["resume", &run]).exits(75));
    assert!(still.contains("nobody with the role sysadmin has said it"), "{still}");
    assert!(!scene.path("out/restored").exists());
    if is_root() {
        as_somebody(&scene, &says).exits(0);
        as_somebody(&scene, &["resume", &run]).exits(0);
        assert_same(&expected, &look(&scene.path("out/restored")));
    }
}

/// A service that answers 500 until there is that file. Answers its port.
fn service(well: PathBuf) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let status = if well.exists() { 200 } else { 500 };
            let _read = connection.read(&mut [0; 1024]).unwrap_or(0);
            let answer = format!("HTTP/1.1 {status} Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _gone = connection.write_all(answer.as_bytes());
        }
    });
    port
}

fn unwell() {
    let scene = Scene::new("");
    let port = service(scene.path("well"));
    let steps = format!(
        "recover \"files\" {{ into path=\"restored\"; }}; probe \"it answers\" timeout=\"2s\" {{ http \"http://127.0.0.1:{port}/\"; }}; \
         command \"touch\" \"after\""
    );
    std::fs::write(scene.plan(), plan(&steps, "")).unwrap();
    let expected = source(&scene);
    scene.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    let told = text(&scene.sonae(&RESTORE).exits(4));
    let words =
        format!("failed: restore/files/probe: get http://127.0.0.1:{port}/: it answers 500, and 200 is well; looked ");
    assert!(told.contains(&words), "{told}");
    assert!(told.contains("skipped: restore/files/command, because restore/files/probe did not succeed"), "{told}");
    assert_same(&expected, &look(&scene.path("restored")));
    assert!(!scene.path("after").exists());
    std::fs::write(scene.path("well"), "").unwrap();
    scene.sonae(&["resume", &run_of(&told)]).exits(0);
    assert_same(&expected, &look(&scene.path("restored")));
    assert!(scene.path("after").exists());
}
