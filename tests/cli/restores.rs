//! Restores with people, programs, probes and switches: what is asked, what is refused, and how a run goes on that was put down.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::scene::{Scene, data, settings, words};

macro_rules! transcript {
    ($scene:expr, $name:literal, $text:expr) => {
        settings().bind(|| insta::assert_snapshot!($name, $scene.told($text)))
    };
}

/// The account that a word is proven by: that of the login, else that of this process.
fn me() -> String {
    let login = std::fs::read_to_string("/proc/self/loginuid").unwrap_or_default().trim().parse().ok();
    let uid = login.filter(|uid| *uid != u32::MAX).unwrap_or_else(|| rustix::process::getuid().as_raw());
    nix::unistd::User::from_uid(nix::unistd::Uid::from_raw(uid)).unwrap().unwrap().name
}

/// A backup of two photos, and a restore of these steps.
struct Night {
    scene: Scene,
    me: String,
}

impl Night {
    fn of(steps: &str) -> Self {
        let (scene, me) = (Scene::new(), me());
        let root = scene.path("").display().to_string();
        let steps = steps.replace("/scene/", &root);
        let role = |name: &str, members: &str| match steps.contains(&format!("{name:?}")) {
            true => format!("role {name:?} {{ {members} }}"),
            false => String::new(),
        };
        let admins = format!(r#"member "admin-1@example.jp" user="{me}"; member "admin-2@example.jp" user="admin2""#);
        let roles = role("sysadmin", &admins) + &role("owner", r#"member "owner@example.jp" user="somebody-else""#);
        let rto = if steps.contains("takes=") { " rto=\"30m\"" } else { "" };
        scene.write(
            "plan.kdl",
            &format!(
                r#"plan "night"
{roles}
store "shelf" {{ local path="store" }}
target "photos" {{
    files "photos"
    backup "daily" {{
        archive "tar.zip"
        store "shelf"
    }}
}}
restore "photos"{rto} {{
{steps}
}}
"#
            ),
        );
        scene.write("photos/cat.txt", "a cat\n");
        scene.write("photos/holidays/sea.txt", "the sea\n");
        scene.types("run plan.kdl --all --quiet");
        // What is lost, and what came after.
        scene.write("photos/cat.txt", "damaged\n");
        Self { scene, me }
    }

    fn told(&self, text: &str) -> String {
        let host = rustix::system::uname().nodename().to_string_lossy().into_owned();
        text.replace(&format!("of photos/daily on {host},"), "of photos/daily on [host],")
            .replace(&format!("account {}", self.me), "account [me]")
            .replace(&format!("({})", self.me), "([me])")
            .replace(&format!("sonae: {} has not", self.me), "sonae: [me] has not")
    }

    fn types(&self, line: &str) -> String {
        self.scene.types(line)
    }

    fn types_all(&self, lines: &[&str]) -> String {
        self.scene.types_all(lines)
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.scene.path(name)).unwrap_or_default()
    }

    /// The folder that was in the place of the photos.
    fn kept(&self) -> Option<std::path::PathBuf> {
        let entries = std::fs::read_dir(self.scene.path("")).unwrap().map(|entry| entry.unwrap());
        entries.map(|entry| entry.path()).find(|path| path.to_str().unwrap().contains("/photos.before-"))
    }

    /// The only run that is open.
    fn run(&self) -> String {
        let runs = std::fs::read_dir(self.scene.path("../state/sonae/runs")).unwrap();
        let mut paths = runs.map(|run| run.unwrap().path());
        let open = paths.find(|path| !std::fs::read_to_string(path).unwrap().contains(r#""record":"ended""#)).unwrap();
        open.file_stem().unwrap().to_str().unwrap().to_owned()
    }

    /// Begins a restore, and kills it with a signal that nothing can catch once a file is there.
    fn killed_when(&self, file: &str) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_sonae"))
            .args(words("restore plan.kdl photos"))
            .current_dir(self.scene.path(""))
            .env_clear()
            // Nobody asks the machine that this runs on who it is.
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("XDG_STATE_HOME", self.scene.path("../state"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        while !self.scene.path(file).exists() {
            assert!(began.elapsed() < Duration::from_secs(60), "{file} does not come");
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

const ALL: &str = r#"
    approve "declare the incident" by="sysadmin" takes="3m"
    recover "photos" takes="5m" { into path="photos.restored" }
    switch "photos" takes="1m"
    command "sh" "-c" "echo told $SONAE_STEP in $PWD; echo once >> /scene/told" takes="1m"
    probe "the cat is there" takes="1m" { path "photos/cat.txt" }
"#;

#[test]
fn a_restore_waits_for_a_person_and_then_goes_on() {
    let night = Night::of(ALL);
    let asked =
        night.types_all(&["check plan.kdl", "restore plan.kdl photos --dry-run", "restore plan.kdl photos", "approve"]);
    assert!(!night.scene.path("photos.restored").exists(), "nothing is done before somebody said so");
    let run = night.run();
    let said = night.types_all(&[
        &format!("resume {run} --quiet"),
        &format!("approve {run} restore/photos/switch-photos --reason 'because'"),
        &format!("approve {run}"),
        &format!("approve {run} --reason ' '"),
        &format!("approve {run} restore/photos/approve --reason 'the disk is gone'"),
        &format!("approve {run} --reason 'once more' --no"),
        "approve",
        "resume",
        &format!("approve {run} --reason 'too late'"),
    ]);
    transcript!(night, "restore_approved", &format!("{asked}\n{said}"));
    assert_eq!((night.read("photos/cat.txt").as_str(), night.read("told").as_str()), ("a cat\n", "once\n"));
    assert_eq!(std::fs::read_to_string(night.kept().unwrap().join("cat.txt")).unwrap(), "damaged\n");
}

#[test]
fn a_no_ends_it_and_nothing_is_touched() {
    let night = Night::of(ALL);
    night.types("restore plan.kdl photos --quiet");
    let run = night.run();
    let told = night.types_all(&[
        &format!("approve {run} --no --reason 'only one photo'"),
        "resume",
        "resume",
        &format!("resume {run}"),
    ]);
    transcript!(night, "restore_refused", &told);
    assert_eq!((night.read("photos/cat.txt").as_str(), night.kept()), ("damaged\n", None));
    assert!(!night.scene.path("photos.restored").exists());
}

#[test]
fn nobody_approves_who_has_not_the_role() {
    let night = Night::of(&ALL.replace("by=\"sysadmin\"", "by=\"owner\""));
    night.types("restore plan.kdl photos --quiet");
    let told = night.types_all(&[&format!("approve {} --reason 'I say so'", night.run()), "resume"]);
    transcript!(night, "restore_role", &told);
}

#[test]
fn into_another_folder_the_service_is_left_alone() {
    let night = Night::of(ALL);
    let told = night.types_all(&["restore plan.kdl photos --into elsewhere", "restore plan.kdl photos --path cat.txt"]);
    transcript!(night, "restore_elsewhere", &told);
    assert_eq!((night.read("elsewhere/cat.txt").as_str(), night.read("told").as_str()), ("a cat\n", ""));
    assert_eq!(night.read("photos/cat.txt"), "damaged\n");
}

#[test]
fn what_a_program_says_is_told_where_it_fails() {
    let night = Night::of(
        r#"
    recover "photos" { into path="photos.restored" }
    command "sh" "-c" "echo looking; [ -e /scene/mended ] && exit 0; echo no such table >&2; exit 3"
    switch "photos"
"#,
    );
    let told = night.types("restore plan.kdl photos");
    assert_eq!(night.read("photos/cat.txt"), "damaged\n", "what needs it is not done");
    // Mended, it goes on where it was.
    night.scene.write("mended", "");
    let run = told.split("sonae resume ").nth(1).unwrap().split('`').next().unwrap().to_owned();
    let resumed = night.types_all(&["resume", &format!("resume {run}")]);
    transcript!(night, "restore_command_fails", &format!("{told}\n{resumed}"));
    assert_eq!(night.read("photos/cat.txt"), "a cat\n");
}

/// A program that says that it was begun, and does not end until it is told to.
const SLOW: &str = r#"
    recover "photos" { into path="photos.restored" }
    command "sh" "-c" "echo once >> /scene/told; echo $$ > /scene/pid.new; mv /scene/pid.new /scene/pid; while [ ! -e /scene/go ]; do sleep 0.02; done" WORDS
    switch "photos"
"#;

fn slow(words: &str) -> Night {
    Night::of(&SLOW.replace("WORDS", words))
}

#[test]
fn a_program_that_may_have_been_run_is_not_run_again_unasked() {
    let night = slow("");
    night.killed_when("pid");
    night.scene.write("go", "");
    let run = night.run();
    let told = night.types_all(&[
        "resume",
        &format!("resume {run} --done restore/photos/switch-photos"),
        &format!("resume {run} --again restore/photos/command --done restore/photos/command"),
        &format!("resume {run} --done restore/photos/command"),
    ]);
    transcript!(night, "restore_in_doubt", &told);
    assert_eq!((night.read("told").as_str(), night.read("photos/cat.txt").as_str()), ("once\n", "a cat\n"));
}

#[test]
fn it_is_run_again_where_somebody_says_so_or_the_plan() {
    for (words, resume) in [("", "resume --again restore/photos/command"), ("{ repeatable }", "resume")] {
        let night = slow(words);
        night.killed_when("pid");
        night.scene.write("go", "");
        let told = night.types(resume);
        assert!(told.ends_with("── exit 0\n"), "{told}");
        assert_eq!((night.read("told").as_str(), night.read("photos/cat.txt").as_str()), ("once\nonce\n", "a cat\n"));
    }
}

#[test]
fn a_switch_in_the_way_of_something_says_so_before_anything_is_done() {
    let night = Night::of("recover \"photos\" { into path=\"photos.restored\" }\nswitch \"photos\"");
    std::fs::rename(night.scene.path("photos"), night.scene.path("gone")).unwrap();
    let told = night.types_all(&["restore plan.kdl photos --dry-run", "restore plan.kdl photos"]);
    transcript!(night, "restore_switch_lost", &told);
    assert_eq!((night.read("photos/cat.txt").as_str(), night.kept()), ("a cat\n", None));
}

/// Serves one page: these statuses, one after the other, the last again and again. Answers its port.
fn page(statuses: &'static [u16]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for (at, connection) in listener.incoming().enumerate() {
            let mut connection = connection.unwrap();
            let status = statuses[at.min(statuses.len() - 1)];
            let _read = connection.read(&mut [0; 1024]).unwrap_or(0);
            let answer = format!("HTTP/1.1 {status} Said\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            // A probe of the port alone reads nothing.
            let _gone = connection.write_all(answer.as_bytes());
        }
    });
    port
}

#[test]
fn a_service_is_looked_at_until_it_is_well() {
    let (well, ill) = (page(&[503, 503, 200]), page(&[503]));
    let night = Night::of(&format!(
        r#"
    recover "photos" {{ into path="photos.restored" }}
    probe "the shop answers" timeout="20s" {{ http "http://127.0.0.1:{well}/health" status=200 }}
    probe "it listens" timeout="5s" {{ tcp "127.0.0.1" port={well} }}
    probe "it never answers" timeout="3s" {{ http "http://127.0.0.1:{ill}/health" }}
    switch "photos"
"#
    ));
    let told = night.types_all(&["restore plan.kdl photos --dry-run", "restore plan.kdl photos"]);
    let told = told.replace(&format!(":{well}"), ":[well]").replace(&format!(":{ill}"), ":[ill]");
    let told = told.replace(&format!("port {well}"), "port [well]");
    let told = told.replace("looked 2 times", "looked 3 times").replace("looked 4 times", "looked 3 times");
    transcript!(night, "restore_probes", &told);
    assert_eq!(night.read("photos/cat.txt"), "damaged\n", "a probe that is never well stops what comes after it");
}

#[test]
fn it_is_told_that_it_will_be_late_while_there_is_time() {
    let night = Night::of(
        r#"
    recover "photos" takes="1s" { into path="photos.restored" }
    command "sleep" "7" takes="2s"
    command "true" takes="16s"
"#,
    );
    let plan = night.read("plan.kdl").replace("rto=\"30m\"", "rto=\"21s\"");
    night.scene.write("plan.kdl", &plan);
    let told = night.types("restore plan.kdl photos");
    // Said while the slow step is under way, and so before what comes after it, and only once.
    let (late, end) =
        (told.find("\nlate: after ").expect("it is told"), told.find("restore/photos/command: done").unwrap());
    assert!(late < end && told.matches("late: ").count() == 1, "{told}");
    let line = told[late + 1..].lines().next().unwrap();
    assert!(
        line.contains(" too long; restore/photos/command takes ") && line.contains(" longer than it was to, so far"),
        "{line}"
    );
    assert!(told.contains("(within its 21s)"), "in the end the last step is quicker than it says: {told}");
    let slow = told.lines().find(|line| line.ends_with("   restore/photos/command")).unwrap();
    assert!(slow.starts_with("!       2s      7."), "{slow}");
    // What was planned is kept beside what was, for whoever asks later.
    let run = told.split("\nrun ").nth(1).unwrap().split(':').next().unwrap();
    let shown = night.types(&format!("history show {run}"));
    let slow = shown.lines().find(|line| line.starts_with("  2 ")).unwrap();
    assert!(slow.contains(" of 2s  ") && slow.ends_with("s longer than planned"), "{shown}");
    assert!(shown.contains(" (within its 21s)\n"), "{shown}");
    let page = night.types(&format!("history show {run} --format markdown"));
    assert!(page.contains("| step | outcome | took | planned | told |\n"), "{page}");
    let json = night.types(&format!("history show {run} --format json"));
    let json: serde_json::Value = serde_json::from_str(data(&json)).unwrap();
    assert_eq!(json["run"]["allowed"]["seconds"], 21);
    assert_eq!(
        (&json["run"]["steps"][1]["takes"]["seconds"], &json["run"]["part"]),
        (&2.into(), &serde_json::Value::Null)
    );
}

#[test]
fn what_earlier_runs_took_stands_beside_what_is_planned() {
    let night = Night::of(
        r#"
    recover "photos" takes="5m" { into path="photos.restored" }
    command "sleep" "2" takes="1s"
"#,
    );
    let before = night.types("restore plan.kdl photos --dry-run");
    assert!(!before.contains(" run"), "nothing is remembered: {before}");
    for _ in 0..2 {
        assert!(night.types("restore plan.kdl photos --quiet").ends_with("── exit 0\n"));
        std::fs::remove_dir_all(night.scene.path("photos.restored")).unwrap();
    }
    // One that fails counts where its steps were done, and one of a single path nowhere.
    night.types("restore plan.kdl photos --path cat.txt --into part --quiet");
    let told = night.types("restore plan.kdl photos --dry-run");
    let line = |start: &str| told.lines().find(|line| line.trim_start().starts_with(start)).unwrap().to_owned();
    assert!(line("* T+00:00:00 to T+00:05:00, takes 5m; 95 % of 2 runs ").ends_with('s'), "{told}");
    let slow = line("* T+00:05:00 to T+00:05:01, takes 1s; 95 % of 2 runs 2.");
    assert!(slow.ends_with("s longer"), "{told}");
    let warned = line("look at    step 2 took 1.");
    assert!(warned.contains("s longer than its 1s: 95 % of 2 runs 2."), "{told}");
    assert!(told.contains("  what is proven of the time rests on `takes`, which is too short there\n"), "{told}");
    let json = night.types("restore plan.kdl photos --dry-run --format json");
    let json: serde_json::Value = serde_json::from_str(data(&json)).unwrap();
    let past = |step: usize| &json["runbook"]["steps"][step]["past"];
    assert_eq!((past(0)["runs"].as_u64(), past(1)["runs"].as_u64()), (Some(2), Some(2)));
    assert!((2000..60_000).contains(&past(1)["took_ms"].as_u64().unwrap()), "{json}");
    let page = night.types("restore plan.kdl photos --dry-run --format markdown");
    assert!(page.contains("\n| 2 | T+00:05:00 | T+00:05:01 | 1s | 95 % of 2 runs 2."), "{page}");
    let refused = night.types("restore plan.kdl photos --format markdown");
    assert!(refused.ends_with(": add --dry-run\n── exit 64\n"), "{refused}");
    // A ledger that cannot be read is a note, and a dry run leaves it as it is.
    let ledger = night.scene.path("../state/sonae/ledger/ledger.sqlite");
    std::fs::write(&ledger, "garbage ".repeat(4000)).unwrap();
    let told = night.types("restore plan.kdl photos --dry-run");
    assert!(told.contains("  what earlier runs took is not known: read ") && told.ends_with("── exit 0\n"), "{told}");
    assert_eq!(std::fs::read_to_string(&ledger).unwrap(), "garbage ".repeat(4000));
}

#[test]
fn in_place_of_a_point_that_is_not_there_the_nearest_are_named() {
    let night = Night::of("recover \"photos\" { into path=\"photos.restored\" }");
    night.scene.types_apart(&["run plan.kdl --all --quiet"; 3]);
    let listed = night.types("points plan.kdl");
    let points: Vec<&str> = listed.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).collect();
    let mut points: Vec<&str> = points.into_iter().filter(|point| point.contains("Z-")).collect();
    points.sort_unstable();
    assert_eq!(points.len(), 4, "{listed}");
    // Of the moment of the oldest, and with another end.
    let (slot, _) = points[0].split_once('-').unwrap();
    let told = night.types(&format!("restore plan.kdl photos --point {slot}-00000000 --dry-run"));
    let [first, second, third, _] = points.as_slice() else { unreachable!() };
    let nearest = format!(
        "there is no point {slot}-00000000; the nearest are {first}, {second} and {third}; `sonae points` lists all"
    );
    assert!(told.contains(&nearest), "{told}");
}
