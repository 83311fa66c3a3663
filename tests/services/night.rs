//! A whole night: what was lost comes back on two other hosts, people approve, services answer again.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Check;
use super::needs::Need;
use super::scene::{SONAE, Said, Scene, done};
use super::sshd::{SSHD, Sshd, user};
use super::tree::{assert_same, look};

const PYTHON: Need = Need::Program("python3", "python3");

pub(crate) const CHECKS: &[Check] = &[
    Check {
        name: "a restore puts folders on two hosts, switches them, restarts what serves them and sees it answer",
        needs: SSHD,
        run: whole,
    },
    Check {
        name: "a host whose key has changed is refused, and the restore goes on once it is mended",
        needs: SSHD,
        run: key,
    },
    Check {
        name: "whoever sits at the terminal is asked, and there is no yes by default",
        needs: &[SSHD[0], SSHD[1], SSHD[2], PYTHON],
        run: terminal,
    },
    Check {
        name: "a word that is given elsewhere is heard at the terminal that waits for it",
        needs: &[SSHD[0], SSHD[1], SSHD[2], PYTHON],
        run: elsewhere,
    },
    Check { name: "what is in the way on another host is said before anything is done", needs: SSHD, run: in_the_way },
];

/// Two hosts, and the shop that they serve.
struct Night {
    scene: Scene,
    hosts: [Sshd; 2],
    /// Where each host serves from.
    served: [PathBuf; 2],
}

impl Night {
    fn new(steps: &str) -> Self {
        let hosts = [Sshd::start(), Sshd::start()];
        let scene = Scene::new("");
        let served = ["web", "images"].map(|name| scene.path(&format!("served/{name}")));
        for (at, folder) in served.iter().enumerate() {
            std::fs::create_dir_all(folder.join("below")).unwrap();
            std::fs::write(folder.join("index"), format!("good {at}\n")).unwrap();
            std::fs::write(folder.join("below/empty"), "").unwrap();
            // SFTP keeps whole seconds.
            let made = ["index", "below/empty", "below", ""].map(|name| folder.join(name));
            done(Command::new("touch").args(["-d", "@1772366400"]).args(made));
        }
        let night = Self { scene, hosts, served };
        night.plan(steps, &night.hosts[1].ssh_line());
        night.scene.sonae(&["run", "plan.kdl", "--all", "--quiet"]).exits(0);
        for folder in &night.served {
            done(Command::new("cp").arg("-a").arg(folder).arg(folder.with_extension("good")));
            std::fs::write(folder.join("index"), "broken\n").unwrap();
        }
        night
    }

    /// Writes the plan; how the second host is reached is said by `second`.
    fn plan(&self, steps: &str, second: &str) {
        let [web, images] = &self.served;
        let root = self.scene.root().display();
        let steps = steps.replace("ROOT", &root.to_string());
        let plan = format!(
            r#"plan "night" {{ timezone "UTC"; }}
role "sysadmin" {{ member "admin@example.jp" user="{me}"; }}
host "web-1" {{ {first}; }}
host "web-2" {{ {second}; }}
store "vault" {{ local path="store"; }}
target "web" {{ files {web:?}; backup "daily" {{ archive "tar.zip"; store "vault"; }}; }}
target "images" {{ files {images:?}; backup "daily" {{ archive "tar.zip"; store "vault"; }}; }}
restore "everything" rto="10m" {{
{steps}
}}
"#,
            me = user(),
            first = self.hosts[0].ssh_line(),
        );
        std::fs::write(self.scene.path("plan.kdl"), plan).unwrap();
    }

    fn says(&self, arguments: &[&str], status: i32) -> String {
        let said = self.scene.sonae(arguments).exits(status);
        format!("{}{}", said.stdout(), said.stderr()).replace(&self.scene.root().display().to_string(), "/scene")
    }

    fn index(&self, at: usize) -> String {
        std::fs::read_to_string(self.served[at].join("index")).unwrap_or_default()
    }
}

const STEPS: &str = r#"
    approve "declare the incident" by="sysadmin" takes="3m"
    parallel {
        recover "web" takes="1m" { into host="web-1" path="ROOT/served/web.restored"; }
        recover "images" takes="1m" { into host="web-2" path="ROOT/served/images.restored"; }
    }
    parallel {
        switch "web" takes="10s"
        switch "images" takes="10s"
    }
    command "sh" "-c" "echo \"$1\" > ROOT/restarted" "sh" "web one" host="web-1" takes="10s"
    probe "the shop answers" takes="30s" { http "http://127.0.0.1:PORT/" status=200; }
"#;

/// A shop that answers 200 once it was restarted, and 503 until then. Answers its port.
fn shop(restarted: PathBuf) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let status = if restarted.exists() { 200 } else { 503 };
            let _read = connection.read(&mut [0; 1024]).unwrap_or(0);
            let answer = format!("HTTP/1.1 {status} Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _gone = connection.write_all(answer.as_bytes());
        }
    });
    port
}

fn whole() {
    let night = Night::new(QUICK);
    let port = shop(night.scene.path("restarted"));
    let steps = STEPS.replace("PORT", &port.to_string());
    night.plan(&steps, &night.hosts[1].ssh_line());
    let foretold = night.says(&["restore", "plan.kdl", "everything", "--dry-run"], 0);
    for line in [
        "web into /scene/served/web.restored on web-1",
        "images into /scene/served/images.restored on web-2",
        "switch    images on web-2",
        "on web-1\n",
    ] {
        assert!(foretold.contains(line), "{line}: {foretold}");
    }
    assert!(!night.scene.path("served/web.restored").exists(), "a dry run only looks");
    let waits = night.says(&["restore", "plan.kdl", "everything"], 75);
    let run = waits.split("sonae resume ").nth(1).unwrap().split('`').next().unwrap().to_owned();
    night.says(&["approve", &run, "--reason", "the disk of both hosts is gone"], 0);
    let told = night.says(&["resume"], 0);
    assert!(told.contains("approved: declare the incident: by admin@example.jp"), "{told}");
    for (at, folder) in night.served.iter().enumerate() {
        assert_same(&look(&folder.with_extension("good")), &look(folder));
        assert!(night.hosts[at].log().contains("Accepted publickey"), "{}", night.hosts[at].log());
    }
    assert_eq!(std::fs::read_to_string(night.scene.path("restarted")).unwrap(), "web one\n");
    let kept = std::fs::read_dir(night.scene.path("served")).unwrap().map(|entry| entry.unwrap().path());
    let kept: Vec<PathBuf> = kept.filter(|path| path.display().to_string().contains(".before-")).collect();
    assert_eq!(kept.len(), 2, "{kept:?}");
    assert!(kept.iter().all(|path| reads(&path.join("index")) == "broken\n"));
}

fn reads(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

const QUICK: &str = r#"
    recover "web" takes="1m" { into host="web-1" path="ROOT/served/web.restored"; }
    recover "images" takes="1m" { into host="web-2" path="ROOT/served/images.restored"; }
    switch "images" takes="1m"
"#;

fn key() {
    let night = Night::new(QUICK);
    // The key that the plan knows is another.
    let line = night.hosts[1].ssh_line().replace(&night.hosts[1].host_key(), &night.hosts[0].host_key());
    night.plan(QUICK, &line);
    let said = night.says(&["restore", "plan.kdl", "everything"], 1);
    assert!(said.contains("nothing was done") && said.contains("the host has another key"), "{said}");
    assert!(!night.scene.path("served/web.restored").exists(), "nothing was done anywhere: {said}");
    night.plan(QUICK, &night.hosts[1].ssh_line());
    night.says(&["restore", "plan.kdl", "everything"], 0);
    assert_eq!((night.index(0).as_str(), night.index(1).as_str()), ("broken\n", "good 1\n"));
}

fn in_the_way() {
    let night = Night::new(QUICK);
    std::fs::create_dir(night.scene.path("served/images.restored")).unwrap();
    let said = night.says(&["restore", "plan.kdl", "everything"], 1);
    assert!(said.contains("something is there, and a restore goes beside, never over"), "{said}");
    assert!(!night.scene.path("served/web.restored").exists());
}

/// Types at a terminal of its own: after each text that is seen, a line; then says all that was shown, and ends as the program does.
pub(crate) const TYPES: &str = include_str!("types.py");

const ASKED: &str = r#"
    approve "declare the incident" by="sysadmin" takes="3m"
    recover "web" takes="1m" { into path="ROOT/web.restored"; }
    recover "images" takes="1m" { into path="ROOT/images.restored"; }
"#;

/// A restore at a terminal where this is typed.
fn typed(night: &Night, talk: &[&str], status: i32) -> String {
    let arguments = [&["-c", TYPES], talk, &["--", SONAE, "restore", "plan.kdl", "everything"]].concat();
    let said = Said::of(&mut night.scene.command("python3", &arguments)).exits(status);
    said.stdout()
}

fn terminal() {
    let night = Night::new(ASKED);
    let later = typed(&night, &["\n> ", "ok", "\n> ", "yes", "\n> ", "later"], 75);
    for line in [
        "To be approved: declare the incident",
        "Type `yes` or `no`, a space, and why; or `later`.",
        "Type why behind it, as in `yes the database is gone`.",
        "1 step waits for a person",
    ] {
        assert!(later.contains(line), "{line}: {later}");
    }
    assert!(!night.scene.path("web.restored").exists(), "there is no yes by default");
    let told = typed(&night, &["\n> ", "yes the disk is gone"], 0);
    assert!(told.contains("approved: declare the incident: by admin@example.jp"), "{told}");
    assert!(told.contains("the disk is gone") && night.scene.path("web.restored/index").exists(), "{told}");
}

fn elsewhere() {
    let night = Night::new(ASKED);
    std::thread::scope(|scope| {
        let restore = scope.spawn(|| typed(&night, &[], 0));
        let asked = loop {
            let list = night.scene.sonae(&["approve"]).exits(0).stdout();
            if let Some((run, _)) = list.split_once(" restore/everything/approve") {
                break run.to_owned();
            }
            std::thread::sleep(std::time::Duration::from_millis(50));
        };
        night.scene.sonae(&["approve", &asked, "--reason", "said at another desk"]).exits(0);
        let told = restore.join().unwrap();
        assert!(told.contains("said at another desk") && told.contains("images: restored"), "{told}");
    });
}
