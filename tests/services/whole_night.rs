//! The night that the worked example is for: the program of a shop from a repository, the images of two shops to two hosts, people who
//! approve, a service that answers again; against the time that is allowed, whatever is killed meanwhile.
//!
//! `SONAE_NIGHTS=400 cargo test --test services -- night` kills as often as that inside of steps.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::Check;
use super::child::{Edge, killed_at, killed_later};
use super::leftovers::{has_ended, journals};
use super::needs::{Need, asked};
use super::night::TYPES;
use super::noise::next_random;
use super::scene::{SONAE, Said, Scene, done};
use super::screen::screen;
use super::sshd::{Sshd, user};
use super::svn::Svnserve;
use super::tree::{assert_same, look};

const PARTS: &[Need] = &[
    Need::Program("sshd", "openssh-server"),
    Need::Program("ssh", "openssh-client"),
    Need::Program("ssh-keygen", "openssh-client"),
    Need::Program("svn", "subversion"),
    Need::Program("svnadmin", "subversion"),
    Need::Program("svnserve", "subversion"),
    Need::Program("python3", "python3"),
];

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "a whole night brings everything back, and says when it will be late", needs: PARTS, run: whole },
    Check {
        name: "a night killed around each journal record ends as one that was not",
        needs: PARTS,
        run: at_boundaries,
    },
    Check { name: "a night killed inside of each step ends as one that was not", needs: PARTS, run: inside },
    Check { name: "a release that is another is refused, and nothing is lost", needs: PARTS, run: other_release },
];

/// The two hosts, the repository, the service, and the plan.
struct Night {
    scene: Scene,
    hosts: [Sshd; 2],
    repository: Svnserve,
    shop: Shop,
}

/// A service that is well while its program is in place, was restarted, and has its images.
struct Shop {
    port: u16,
    asked: PathBuf,
}

impl Shop {
    fn open(root: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = root.join("asked");
        let (root, log) = (root.to_owned(), asked.clone());
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let _read = connection.read(&mut [0; 1024]).unwrap_or(0);
                let reads = |path: &str| std::fs::read_to_string(root.join(path)).unwrap_or_default();
                let is_well = reads("web-1/current/version") == "1\n"
                    && !reads("web-1/restarted").is_empty()
                    && reads("web-1/images/index").starts_with("good")
                    && reads("web-2/images/index").starts_with("good");
                let status = if is_well { 200 } else { 503 };
                std::fs::File::options().append(true).create(true).open(&log).unwrap().write_all(b"asked\n").unwrap();
                let answer = format!("HTTP/1.1 {status} Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
                let _gone = connection.write_all(answer.as_bytes());
            }
        });
        Self { port, asked }
    }
}

impl Night {
    fn new() -> Self {
        Self::with("true", "10m")
    }

    /// One whose program is restarted by `restart`, and in which all is done within `rto`.
    fn with(restart: &str, rto: &str) -> Self {
        let hosts = [(); 2].map(|()| Sshd::noting());
        let scene = Scene::new("");
        for host in ["web-1", "web-2"] {
            let images = scene.path(&format!("{host}/images"));
            std::fs::create_dir_all(images.join("2026")).unwrap();
            std::fs::write(images.join("index"), format!("good on {host}\n")).unwrap();
            std::fs::write(images.join("2026/cat"), vec![7; 300_000]).unwrap();
            // SFTP keeps whole seconds.
            let made = ["index", "2026/cat", "2026", ""].map(|name| images.join(name));
            done(Command::new("touch").args(["-d", "@1772366400"]).args(made));
        }
        let repository =
            Svnserve::start(&[("version", "1\n"), ("bin/serve", "#!/bin/sh\n"), ("etc/shop.conf", "port 80\n")]);
        let shop = Shop::open(scene.root());
        let night = Self { scene, hosts, repository, shop };
        night.plan(restart, rto);
        night.scene.sonae(&["run", "plan.kdl", "--all", "--quiet"]).exits(0);
        for host in ["web-1", "web-2"] {
            let images = night.scene.path(&format!("{host}/images"));
            done(Command::new("cp").arg("-a").arg(&images).arg(night.scene.path(&format!("{host}.good"))));
            std::fs::write(images.join("index"), "broken\n").unwrap();
        }
        night
    }

    fn plan(&self, restart: &str, rto: &str) {
        let root = self.scene.root().display().to_string();
        let [first, second] = [0, 1].map(|at| self.hosts[at].ssh_line());
        let text = PLAN
            .replace("ROOT", &root)
            .replace("ME", &user())
            .replace("FIRST", &first)
            .replace("SECOND", &second)
            .replace("SVN", &self.repository.url())
            .replace("PORT", &self.shop.port.to_string())
            .replace("RESTART", restart)
            .replace("RTO", rto);
        std::fs::write(self.scene.plan(), text).unwrap();
    }

    /// All is as it was before anything broke, and nothing else is there.
    fn assert_well(&self) {
        for host in ["web-1", "web-2"] {
            let images = self.scene.path(&format!("{host}/images"));
            assert_same(&look(&self.scene.path(&format!("{host}.good"))), &look(&images));
        }
        let current = std::fs::canonicalize(self.scene.path("web-1/current")).unwrap();
        for (path, content) in [("version", "1\n"), ("bin/serve", "#!/bin/sh\n"), ("etc/shop.conf", "port 80\n")] {
            assert_eq!(std::fs::read_to_string(current.join(path)).unwrap(), content);
        }
        assert_eq!(self.names("web-1/releases"), [current.file_name().unwrap().to_str().unwrap()]);
        for host in ["web-1", "web-2"] {
            let left: Vec<String> = self.names(host).into_iter().filter(|name| name.contains(".restor")).collect();
            assert!(left.is_empty(), "{left:?}");
            let kept: Vec<String> = self.names(host).into_iter().filter(|name| name.contains(".before-")).collect();
            assert_eq!(kept.len(), 1, "{kept:?}");
            let index = self.scene.path(host).join(&kept[0]).join("index");
            assert_eq!(std::fs::read_to_string(index).unwrap(), "broken\n");
        }
        assert!(self.names("state/sonae/fetched").is_empty());
    }

    fn names(&self, folder: &str) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.scene.path(folder)) else { return vec![] };
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// How often the program was restarted: by the program's own record, and by the server's.
    fn restarts(&self) -> (usize, usize) {
        let own = std::fs::read_to_string(self.scene.path("web-1/restarted")).unwrap_or_default().lines().count();
        let noted = self.hosts[0].noted();
        let told = noted.split("\n= ").filter(|asked| asked.contains("web-1/restarted") && asked.ends_with("\ngo"));
        (own, told.count())
    }

    /// What stands in the journal of the restore.
    fn night_lines(&self) -> Vec<String> {
        let is_night = |lines: &Vec<String>| lines.first().is_some_and(|line| line.contains("restore/everything"));
        journals(&self.scene).into_values().find(is_night).unwrap_or_default()
    }

    /// Says yes to all that waits.
    fn approve(&self) {
        let run = self.open_run();
        self.scene.sonae(&["approve", &run, "--reason", "both hosts are gone"]).exits(0);
    }

    fn open_run(&self) -> String {
        let open = journals(&self.scene).into_iter().find(|(_, lines)| !lines.is_empty() && !has_ended(lines));
        open.unwrap().0
    }

    /// Goes on until it is done; a person says what is asked. Of a program in doubt a person looks whether it ran.
    fn go_on(&self) {
        for _ in 0..4 {
            let run = self.open_run();
            let said = self.scene.sonae(&["resume", &run]);
            match said.status() {
                Some(0) => return,
                // The run cannot know whether the program ran, and a person looks.
                Some(75) if said.stdout().contains("--again") => {
                    let way = if self.restarts().0 > 0 { "--done" } else { "--again" };
                    let said = self.scene.sonae(&["resume", &run, way, "restore/everything/command"]);
                    if said.status() == Some(0) {
                        return;
                    }
                }
                Some(75) if said.stdout().contains("waits for a person") => self.approve(),
                _ => panic!("{said}"),
            }
        }
        panic!("it does not end: {:?}", self.open_run());
    }
}

const PLAN: &str = r#"plan "night" { timezone "UTC"; }
role "sysadmin" { member "admin@example.jp" user="ME"; }
host "web-1" { FIRST; }
host "web-2" { SECOND; }
store "backup-server" { local path="store"; }
target "application" area="application" { release svn="SVN/release"; no-backup "kept in Subversion"; }
target "shop-images" area="data" {
    files "ROOT/web-1/images"
    backup "daily" { archive "tar.zip"; store "backup-server"; }
}
target "waiter-images" area="data" {
    files "ROOT/web-2/images"
    backup "daily" { archive "tar.zip"; store "backup-server"; }
}
restore "application" {
    deploy "application" takes="5s" { into host="web-1" path="ROOT/web-1/releases" link="ROOT/web-1/current"; }
    command "sh" "-c" "RESTART; echo \"$1\" >> ROOT/web-1/restarted" "restart" (output)"application.path" host="web-1" takes="1s"
}
restore "data" {
    approve "declare the incident" by="sysadmin" takes="5s"
    parallel {
        recover "shop-images" takes="10s" { into host="web-1" path="ROOT/web-1/images.restored"; }
        recover "waiter-images" takes="10s" { into host="web-2" path="ROOT/web-2/images.restored"; }
    }
    parallel {
        switch "shop-images" takes="1s"
        switch "waiter-images" takes="1s"
    }
    probe "the shop answers" takes="10s" { http "http://127.0.0.1:PORT/health" status=200; }
}
restore "everything" rto="RTO" {
    restore "application"
    restore "data"
}
"#;

fn whole() {
    // The restart takes nine seconds where one is planned: 32 are planned in all.
    let night = Night::with("sleep 9", "34s");
    let runbook = night.scene.sonae(&["restore", "plan.kdl", "everything", "--dry-run"]).exits(0).stdout();
    let talk = ["\n> ", "yes both hosts are gone"];
    let arguments = [&["-c", TYPES][..], &talk, &["--", SONAE, "restore", "plan.kdl", "everything"]].concat();
    let shown = Said::of(&mut night.scene.command("python3", &arguments)).exits(0).stdout();
    let shown = screen(&shown);
    night.assert_well();
    let late = shown.find("late:").unwrap_or_else(|| panic!("it was not said that it is late: {shown}"));
    let asked = shown.find("To be approved").unwrap();
    assert!(late < asked, "it is said while there is time: {shown}");
    assert!(shown.contains("(within its 34s)"), "{shown}");
    assert_eq!(night.restarts(), (1, 1));
    assert!(std::fs::read_to_string(&night.shop.asked).unwrap().lines().count() >= 1);
    // svnserve writes a line of every release that it hands out.
    let log = night.repository.log();
    assert_eq!(log.lines().filter(|line| line.contains(" checkout-or-export /release")).count(), 1, "{log}");
    let run = shown.rsplit("run ").next().unwrap().split(':').next().unwrap();
    let history = night.scene.sonae(&["history", "show", run]).exits(0).stdout();
    let page = Page { night: &night };
    page.hold(&[
        ("sonae restore plan.kdl everything --dry-run", &runbook),
        ("sonae restore plan.kdl everything", &shown),
        (&format!("sonae history show {run}"), &history),
    ]);
}

/// The page of the documentation that shows this very night.
struct Page<'a> {
    night: &'a Night,
}

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/night.md");

impl Page<'_> {
    /// Holds the page against what was typed and shown; times and numbers of runs differ from night to night. With `UPDATE_DOCS=1` it is
    /// written anew.
    fn hold(&self, sessions: &[(&str, &str)]) {
        let page = self.page(sessions);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(PAGE, &page).unwrap();
        }
        let there = std::fs::read_to_string(PAGE).unwrap_or_default();
        let differs = masked(&there).into_iter().zip(masked(&page)).find(|(there, page)| there != page);
        assert_eq!(differs, None, "docs/night.md shows another night: write it anew with UPDATE_DOCS=1");
        assert_eq!(masked(&there).len(), masked(&page).len(), "docs/night.md shows another night");
    }

    fn page(&self, sessions: &[(&str, &str)]) -> String {
        let plan = PLAN
            .replace("ROOT", "/srv")
            .replace("ME", "admin")
            .replace("FIRST", "ssh address=\"web-1.example.org\" user=\"deploy\"")
            .replace("SECOND", "ssh address=\"web-2.example.org\" user=\"deploy\"")
            .replace("SVN", "svn://svn.example.org/shop")
            .replace("127.0.0.1:PORT", "shop.example.org")
            .replace("RESTART", "systemctl restart shop")
            .replace("RTO", "34s");
        let root = self.night.scene.root().display().to_string();
        let shown = |text: &str| {
            text.replace(&root, "/srv")
                .replace(&self.night.repository.url(), "svn://svn.example.org/shop")
                .replace(&format!("127.0.0.1:{}", self.night.shop.port), "shop.example.org")
                .replace("sleep 9;", "systemctl restart shop;")
                .replace(&format!("(account {})", user()), "(account admin)")
                .replace(&format!("from the account {}", user()), "from the account admin")
                .replace(&format!("({})", user()), "(admin)")
                .replace(&format!("You are {}.", user()), "You are admin.")
                .replace(&format!(" by {}", user()), " by admin")
                .replace(&format!(" on {}", rustix::system::uname().nodename().to_string_lossy()), " on admin-1")
                // Whichever picture of what turns was the last.
                .replace(|c| ('\u{2800}'..='\u{28ff}').contains(&c), "⠁")
        };
        let mut page = format!("{HEAD}```kdl\n{plan}```\n");
        for ((typed, text), words) in sessions.iter().zip(WORDS) {
            page += &format!("\n{words}\n\n```console\n$ {typed}\n{}```\n", shown(text));
        }
        page
    }
}

/// The lines without what differs from night to night: times, and which are too long where the machine is busy; numbers of runs; in which
/// order what is side by side ends; and what was drawn while something went on.
fn masked(page: &str) -> Vec<String> {
    let number = regex::Regex::new(r"[0-9]+(\.[0-9]+)?").unwrap();
    let run = regex::Regex::new(r"[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}").unwrap();
    let unit = regex::Regex::new(r"[KMGT]iB").unwrap();
    let late = regex::Regex::new(r", Ns too long$|^! | Ns longer than planned$").unwrap();
    let line = |line: &str| {
        let line = run.replace_all(line, "RUN");
        let line = unit.replace_all(&line, "B");
        let line = number.replace_all(&line, "N");
        let line = late.replace_all(&line, "");
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let lines: BTreeSet<String> = page.lines().filter(|line| !line.starts_with('⠁')).map(line).collect();
    lines.into_iter().collect()
}

const HEAD: &str = r#"<!-- Made by a test from a night that it lived through: write it anew with UPDATE_DOCS=1. -->
# A whole night

A shop has lost what two hosts serve. Its program is released in Subversion, its images are backed up, and all has to be back within the
time that is allowed. This is such a night as the terminal shows it, with a real repository, two SSH servers, and a service that answers
again at the end; the times are short so that a test can live through it. One step is slow on purpose.

The plan:

"#;
const WORDS: [&str; 3] = [
    "What would be done is looked at first. Nothing is changed by it.",
    "Then for real. The restart of the program takes longer than was planned, and that is said while there is time to do something about \
     it.\nA person is asked, and says yes.",
    "Afterwards it is written down.",
];

/// What is there before a night, or in the midst of one, and comes back for every kill.
const STATE: [&str; 4] = ["web-1", "web-2", "state", "store"];

impl Night {
    /// Remembers all as it is.
    fn keep(&self, name: &str) {
        let kept = self.scene.path(name);
        std::fs::create_dir(&kept).unwrap();
        for folder in STATE {
            done(Command::new("cp").arg("-a").args([self.scene.path(folder), kept.join(folder)]));
        }
    }

    /// All is as it was.
    fn back_to(&self, name: &str) {
        for folder in STATE {
            std::fs::remove_dir_all(self.scene.path(folder)).unwrap();
            done(Command::new("cp").arg("-a").args([self.scene.path(name).join(folder), self.scene.path(folder)]));
        }
        self.hosts[0].forget_noted();
    }

    /// One that stands at its beginning, and then where it waits for a person.
    fn with_states() -> (Self, [Half; 2]) {
        let night = Self::new();
        night.keep("beginning");
        night.scene.sonae(&RESTORE).exits(75);
        night.approve();
        let resume = ["resume".to_owned(), night.open_run()];
        night.keep("approved");
        let restore = RESTORE.map(str::to_owned);
        (night, [("beginning", restore.to_vec()), ("approved", resume.to_vec())])
    }
}

const RESTORE: [&str; 3] = ["restore", "plan.kdl", "everything"];

/// Kills around each record of the first half of the night, until a person is asked, and of the second. All of both sides, where many
/// nights are asked for; else the one side: what is done and not written down yet.
fn at_boundaries() {
    let (night, halves) = Night::with_states();
    let edges = if asked("SONAE_NIGHTS", 0) > 0 { &Edge::BOTH[..] } else { &[Edge::Before] };
    let mut killed = BTreeSet::new();
    for (state, arguments) in &halves {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        for edge in edges {
            for record in 1.. {
                night.back_to(state);
                let (said, at) = killed_at(&night.scene, &arguments, record, *edge);
                let Some(at) = at else {
                    assert_eq!(said.status(), Some(if *state == "beginning" { 75 } else { 0 }), "{said}");
                    break;
                };
                night.ends_well(&format!("{} {at}, record {record} of the {state}", edge.word()));
                killed.insert((at, *edge, record));
            }
        }
    }
    eprintln!("a night killed around its records: {} times", killed.len());
    for kind in ["deploy", "command", "approve", "recover", "switch", "probe"] {
        for record in ["started", "finished"] {
            let at = format!("{kind} {record}");
            assert!(killed.iter().any(|(killed, ..)| *killed == at), "never {at}: {killed:?}");
        }
    }
}

/// Kills a while after each step began, so that it is hit in its midst; how long it takes is known from a night that nothing broke.
fn inside() {
    let (night, halves) = Night::with_states();
    let (mut random, mut hit) = (7, BTreeMap::<String, u64>::new());
    let begun: Vec<_> = halves.iter().flat_map(|half| night.begun(half)).collect();
    assert_eq!(begun.len(), 8, "{begun:?}");
    let nights = usize::try_from(asked("SONAE_NIGHTS", 8)).unwrap();
    for (half, record, took) in (0..nights).map(|at| &begun[at % begun.len()]) {
        let (state, arguments) = half;
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        night.back_to(state);
        // At least one millisecond: else it would be at the record itself.
        let later =
            (*took * u32::try_from(next_random(&mut random) % 900).unwrap() / 1000).max(Duration::from_millis(1));
        let (said, at) = killed_later(&night.scene, &arguments, (*record, Edge::After), later);
        let what = at.unwrap_or_else(|| format!("nothing: {:?}", said.status()));
        night.ends_well(&format!("{} ms after {what}, record {record} of the {state}", later.as_millis()));
        *hit.entry(what).or_default() += 1;
    }
    eprintln!("a night killed inside of steps, {nights} times: {hit:?}");
    let hits: u64 = hit.iter().filter(|(what, _)| what.contains("started")).map(|(_, times)| times).sum();
    assert!(usize::try_from(hits).unwrap() * 2 >= nights, "{hit:?}");
}

/// Where a half of the night begins, and what it is.
type Half = (&'static str, Vec<String>);

impl Night {
    /// The records by which steps begin in a half that nothing breaks, and how long each takes.
    fn begun(&self, half: &Half) -> Vec<(Half, u32, Duration)> {
        self.back_to(half.0);
        let before = self.night_lines().len();
        self.scene.sonae(&half.1.iter().map(String::as_str).collect::<Vec<_>>());
        let lines: Vec<Value> =
            self.night_lines()[before..].iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let at = |line: &Value| line["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
        let mut begun = vec![];
        for (number, line) in lines.iter().enumerate().filter(|(_, line)| line["record"] == "started") {
            let ends = |other: &&Value| other["step"] == line["step"] && other["record"] == "finished";
            if let Some(end) = lines[number..].iter().find(ends) {
                let took = Duration::try_from(at(end).duration_since(at(line))).unwrap();
                begun.push((half.clone(), u32::try_from(number).unwrap() + 1, took));
            }
        }
        begun
    }
}

impl Night {
    /// Whatever was killed when, the end is the same, and the program was restarted once.
    fn ends_well(&self, what: &str) {
        let lines = self.night_lines();
        if lines.is_empty() {
            self.scene.sonae(&RESTORE).exits(75);
        }
        if !has_ended(&lines) {
            self.go_on();
        }
        self.assert_well();
        let (own, _) = self.restarts();
        assert_eq!(own, 1, "killed {what}: {}", self.hosts[0].noted());
    }
}

fn other_release() {
    let night = Night::new();
    let archive = night.scene.path("shop.tar.gz");
    let packed = |folder: &str| {
        let of = night.scene.path(folder);
        done(Command::new("tar").arg("-C").arg(of).arg("-czf").arg(&archive).arg("."));
        done(Command::new("sha256sum").arg(&archive)).stdout()[..64].to_owned()
    };
    let meant = packed("web-2.good");
    done(Command::new("cp").arg(&archive).arg(night.scene.path("meant.tar.gz")));
    let other = packed("web-1.good");
    let plan = std::fs::read_to_string(night.scene.plan()).unwrap();
    let url = format!("release svn={:?}", format!("{}/release", night.repository.url()));
    assert!(plan.contains(&url));
    let plan = plan.replace(&url, &format!("release archive=\"shop.tar.gz\" sha256={meant:?}"));
    std::fs::write(night.scene.plan(), plan).unwrap();
    let said = night.scene.sonae(&["restore", "plan.kdl", "application"]).exits(4).stdout();
    let told =
        format!("its digest is sha256:{other}, and the plan has sha256:{meant}: it is another archive, or was changed");
    assert!(said.contains(&told), "{said}");
    assert!(!night.scene.path("web-1/current").exists());
    assert!(night.names("web-1/releases").is_empty(), "{:?}", night.names("web-1/releases"));
    assert_eq!(night.restarts().0, 0);
    // The one that is meant comes, and the run goes on.
    std::fs::rename(night.scene.path("meant.tar.gz"), &archive).unwrap();
    let run = said.split("sonae resume ").nth(1).unwrap().split('`').next().unwrap();
    night.scene.sonae(&["resume", run]).exits(0);
    assert_eq!(std::fs::read_to_string(night.scene.path("web-1/current/index")).unwrap(), "good on web-2\n");
}
