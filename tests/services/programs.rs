//! Programs that a restore runs: what they say, and what becomes of those whose time is over.

use std::path::Path;
use std::time::{Duration, Instant};

use super::Check;
use super::leftovers::files;
use super::scene::{SONAE, Said, Scene};
use super::sshd::{SSHD, Sshd};

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "what a program says is kept and shown without the secrets of the plan", needs: SSHD, run: hidden },
    Check { name: "a program on another host whose time is over is ended there", needs: SSHD, run: ended },
    Check {
        name: "a program on another host that cannot be ended is in doubt, and that is said",
        needs: SSHD,
        run: doubt,
    },
    Check { name: "a program on another host whose connection is lost is in doubt", needs: SSHD, run: lost },
];

/// A scene whose restore does these steps after it recovered its file.
fn scene(sshd: &Sshd, steps: &str) -> Scene {
    let scene = Scene::new("");
    let steps = steps.replace("ROOT", &scene.root().display().to_string());
    let plan = format!(
        r#"plan "one" {{ timezone "UTC"; }}
store "local" {{ local path="store"; }}
host "web-1" {{ {}; }}
notify "boss" {{ email to="boss@example.org" smtp="smtps://mail.example.org" user="sonae" password=(env)"MAIL_PASSWORD"; events "failure"; }}
notify "watch" {{ ping (file)"url"; events "success"; }}
target "files" {{ files "source"; backup "now" {{ archive "tar.zip"; store "local"; }}; }}
restore "files" {{
    recover "files" {{ into path="restored"; }}
    {steps}
    command "touch" "ROOT/after"
}}
"#,
        sshd.ssh_line()
    )
    .replace("ROOT", &scene.root().display().to_string());
    std::fs::write(scene.plan(), plan).unwrap();
    std::fs::create_dir(scene.path("source")).unwrap();
    std::fs::write(scene.path("source/file"), "content").unwrap();
    scene.sonae(&["run", "plan.kdl", "--all", "--quiet"]).exits(0);
    scene
}

fn says(scene: &Scene, arguments: &[&str], status: i32) -> String {
    let said = Said::of(scene.command(SONAE, arguments).env("MAIL_PASSWORD", PASSWORD)).exits(status);
    format!("{}{}", said.stdout(), said.stderr())
}

/// The run that is to be gone on with.
fn run_of(told: &str) -> String {
    let run = told.split("sonae resume ").nth(1).unwrap_or_else(|| panic!("{told}"));
    run.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').next().unwrap().to_owned()
}

const PASSWORD: &str = "pass-4711-word";
const URL: &str = "https://watch.example.org/a-secret-path";

fn hidden() {
    let sshd = Sshd::start();
    // Each tells all, here and there; the last fails, so that what it said is shown.
    let steps = r#"command "sh" "ROOT/tell" "0"
    command "sh" "ROOT/tell" "0" host="web-1"
    probe "it tells" timeout="0s" { command "sh" "ROOT/tell"; }"#;
    let scene = scene(&sshd, steps);
    for (name, content) in [("url", URL), ("password", PASSWORD), ("status", "7")] {
        std::fs::write(scene.path(name), content).unwrap();
    }
    let tell = r#"printf 'url %s ' "$(cat ROOT/url)"; cat ROOT/password; cat ROOT/password >&2; exit "${1-$(cat ROOT/status)}""#;
    std::fs::write(scene.path("tell"), tell.replace("ROOT", &scene.root().display().to_string())).unwrap();
    let dry = says(&scene, &["restore", "plan.kdl", "files", "--dry-run", "--format", "json"], 0);
    assert!(dry.contains("MAIL_PASSWORD"), "{dry}");
    let told = says(&scene, &["restore", "plan.kdl", "files"], 4);
    assert!(told.contains("exited with 7: (hidden)"), "{told}");
    let history = says(&scene, &["history", "show", &run_of(&told), "--format", "json"], 0);
    std::fs::write(scene.path("status"), "0").unwrap();
    let resumed = says(&scene, &["resume", &run_of(&told)], 0);
    let all = format!("{dry}{told}{history}{resumed}");
    for secret in [PASSWORD, URL] {
        assert!(!all.contains(secret), "{all}");
        let holds =
            |file: &Path| std::fs::read(file).unwrap().windows(secret.len()).any(|window| window == secret.as_bytes());
        let holding: Vec<_> = files(scene.root()).into_iter().filter(|file| holds(file)).collect();
        assert_eq!(holding.len(), 1, "{holding:?}");
    }
    let journals: String = files(&scene.path("state"))
        .into_iter()
        .filter(|file| file.to_string_lossy().ends_with(".jsonl"))
        .map(|file| String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned())
        .collect();
    assert_eq!(journals.matches("url (hidden) (hidden)").count(), 2, "both programs said it: {journals}");
}

/// Says its number, and goes on longer than it may; what it is told by signals it does not hear.
const LONG: &str =
    r#"command "sh" "-c" "trap '' HUP TERM INT; echo $$ > ROOT/pid; sleep 1000" host="web-1" timeout="3s""#;

fn pid(scene: &Scene) -> String {
    let begun = Instant::now();
    loop {
        match std::fs::read_to_string(scene.path("pid")) {
            Ok(pid) if pid.ends_with('\n') => return pid.trim().to_owned(),
            _ => std::thread::sleep(Duration::from_millis(10)),
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "it does not begin");
    }
}

fn is_running(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z"))
}

fn ended() {
    let sshd = Sshd::start();
    let scene = scene(&sshd, LONG);
    let begun = Instant::now();
    let told = says(&scene, &["restore", "plan.kdl", "files"], 4);
    assert!(begun.elapsed() < Duration::from_secs(10), "it took {:?}", begun.elapsed());
    let words = "failed: restore/files/command: run sh on 127.0.0.1: not done within its timeout of 3s, and ended";
    assert!(told.contains(words), "{told}");
    assert!(!is_running(&pid(&scene)), "it is ended before that is said");
    // It is done better, and gone on with.
    assert!(!scene.path("after").exists());
}

fn doubt() {
    let sshd = Sshd::start();
    let scene = scene(&sshd, LONG);
    let restore = scene
        .command(SONAE, &["restore", "plan.kdl", "files"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let pid = pid(&scene);
    sshd.pause();
    let said = Said::of_child(restore).exits(75);
    let told = format!("{}{}", said.stdout(), said.stderr());
    assert!(told.contains("not done within its timeout of 3s; it may still be running on 127.0.0.1"), "{told}");
    assert!(is_running(&pid), "nobody could end it");
    assert!(told.contains("--again restore/files/command") && told.contains("--done restore/files/command"), "{told}");
    // The host hears that nobody is there any more.
    sshd.go_on();
    let begun = Instant::now();
    while is_running(&pid) {
        assert!(begun.elapsed() < Duration::from_secs(20), "it goes on");
        std::thread::sleep(Duration::from_millis(10));
    }
    says(&scene, &["resume", &run_of(&told), "--done", "restore/files/command"], 0);
    assert!(scene.path("after").exists());
}

fn lost() {
    let mut sshd = Sshd::start();
    let scene = scene(&sshd, &LONG.replace("3s", "1h"));
    let restore = scene
        .command(SONAE, &["restore", "plan.kdl", "files"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    pid(&scene);
    sshd.kill();
    let said = Said::of_child(restore).exits(75);
    let told = format!("{}{}", said.stdout(), said.stderr());
    let words = "the connection was lost, and it is not known how it ended; it may still be running on 127.0.0.1";
    assert!(told.contains(words), "{told}");
    assert!(told.contains("--again restore/files/command"), "{told}");
    says(&scene, &["resume", &run_of(&told), "--done", "restore/files/command"], 0);
    assert!(scene.path("after").exists());
}
