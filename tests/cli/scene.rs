//! A folder of its own in which commands are typed, and what they answer.

use std::fmt::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::docs::{holds, schema_of};

/// A temporary folder with a few files, where nothing of this machine is seen.
pub(super) struct Scene {
    /// Its name is always the same, as `init` names a plan after it.
    root: PathBuf,
    _folder: tempfile::TempDir,
}

impl Scene {
    /// An empty folder.
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let root = folder.path().join("scene");
        std::fs::create_dir(&root).expect("the folder is made");
        Self { root, _folder: folder }
    }

    /// A folder with a plan that backs up two small files.
    pub(super) fn with_plan() -> Self {
        let scene = Self::new();
        scene.write("plan.kdl", PLAN);
        scene.write("photos/cat.txt", "a cat\n");
        scene.write("photos/holidays/sea.txt", "the sea\n");
        scene
    }

    /// A path in it.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// Writes a file, with the folders above it.
    pub(super) fn write(&self, name: &str, content: &str) {
        let path = self.path(name);
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent).expect("the folder is made");
        }
        std::fs::write(path, content).expect("the file is written");
    }

    /// Types a command line (words are split at spaces, `'…'` holds one together) and answers the transcript: what was
    /// typed, standard output, standard error, exit status.
    pub(super) fn types(&self, line: &str) -> String {
        self.types_to(line, Stdio::piped())
    }

    /// The same with a standard output of the test's choice.
    pub(super) fn types_to(&self, line: &str, stdout: impl Into<Stdio>) -> String {
        self.spawns(line, Stdio::null(), stdout)
    }

    /// The same with a standard input that says this.
    pub(super) fn types_with(&self, line: &str, input: &str) -> String {
        self.write("../input", input);
        let input = std::fs::File::open(self.path("../input")).expect("the file is there");
        self.spawns(line, input, Stdio::piped())
    }

    fn spawns(&self, line: &str, stdin: impl Into<Stdio>, stdout: impl Into<Stdio>) -> String {
        let child = Command::new(env!("CARGO_BIN_EXE_sonae"))
            .args(words(line))
            .current_dir(&self.root)
            .env_clear()
            // Nobody asks the machine that this runs on who it is.
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("XDG_STATE_HOME", self.path("../state"))
            // Whoever runs the tests may be somebody in a cloud, and nobody is asked who.
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(stdin)
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn();
        let output = child.and_then(std::process::Child::wait_with_output).expect("the program starts");
        if let Some(schema) = schema_of(&words(line)).filter(|_| !output.stdout.is_empty()) {
            holds(schema, &serde_json::from_slice(&output.stdout).expect("JSON"));
        }
        let mut transcript = format!("$ sonae {line}\n");
        transcript.push_str(&self.plain(&output.stdout));
        if !output.stderr.is_empty() {
            let _ = write!(transcript, "── stderr\n{}", self.plain(&output.stderr));
        }
        let _ = writeln!(transcript, "── exit {}", output.status.code().unwrap_or(-1));
        transcript
    }

    /// Types several lines, one after the other.
    pub(super) fn types_all(&self, lines: &[&str]) -> String {
        lines.iter().map(|line| self.types(line)).collect::<Vec<_>>().join("\n")
    }

    /// The same, each in a second of its own: the names of runs of one second sort in any order.
    pub(super) fn types_apart(&self, lines: &[&str]) -> String {
        let second = || jiff::Timestamp::now().as_second();
        let one = |line: &&str| {
            let began = second();
            while second() == began {
                std::thread::sleep(std::time::Duration::from_millis(10));
            }
            self.types(line)
        };
        lines.iter().map(one).collect::<Vec<_>>().join("\n")
    }

    fn plain(&self, bytes: &[u8]) -> String {
        let folder = self.root.as_os_str().as_bytes();
        String::from_utf8_lossy(bytes).replace(&*String::from_utf8_lossy(folder), "/scene")
    }
}

/// What stands between the command line and what comes after the data, in a transcript.
pub(super) fn data(transcript: &str) -> &str {
    let (_, rest) = transcript.split_once('\n').unwrap();
    rest.split("── ").next().unwrap()
}

/// Split at spaces; `'…'` holds one together.
pub(super) fn words(line: &str) -> Vec<String> {
    let mut words = vec![];
    for (at, part) in line.split('\'').enumerate() {
        match at % 2 {
            0 => words.extend(part.split_whitespace().map(str::to_owned)),
            _ => words.push(part.to_owned()),
        }
    }
    words
}

/// What differs from one run to the next is given a name.
pub(super) fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.add_filter(r"\d{8}T\d{6}Z-[0-9a-f]{8}", "[point]");
    settings.add_filter(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "[time]");
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.\d]*Z", "[time]");
    settings.add_filter(r"\b\d+\.\ds\b", "[took]");
    settings.add_filter(
        r"(within 1h|restore .*|verify .*|drill .*|announce .*) on \S+, (observed|nothing observed)",
        "$1 on [host], $2",
    );
    settings.add_filter(r"(\d+[dhms] ?)+ old, ", "[age] old, ");
    settings.add_filter(r" on \S+, begun ", " on [host], begun ");
    settings.add_filter(r"(\d+[dhms])+ if each step takes", "[took] if each step takes");
    settings.add_filter(r"[\d.]+ [KMGTP]iB free", "[free]");
    settings.add_filter(r"[\d.]+ (B|KiB) stored", "[size] stored");
    settings.add_filter(r"[\d.]+ (B|KiB)  not among", "[size]  not among");
    settings.add_filter(r"(recovery points?) \([\d.]+ (B|KiB)\)", "$1 ([size])");
    settings.add_filter(r"stored     [\d.]+ (B|KiB) at", "stored     [size] at");
    settings.set_snapshot_path("snapshots");
    settings
}

const PLAN: &str = r#"plan "home" {
    timezone "UTC"
}

store "shelf" {
    local path="store"
}

target "photos" {
    files "photos"
    backup "daily" {
        schedule "daily" at="05:30"
        archive "tar.zip"
        store "shelf"
        retention generations=2
    }
}

restore "photos" rto="1h" {
    recover "photos" takes="10m" {
        into path="restored"
    }
    probe "the cat is back" takes="1m" {
        path "restored/cat.txt"
    }
}
"#;
