//! A folder with a plan, a source and a store, and the real program to run in it.

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use super::noise::noise;

/// The program under test.
pub(crate) const SONAE: &str = env!("CARGO_BIN_EXE_sonae");

/// One job, `files/now`, of the folder `source`, and its restore into `restored`.
pub(crate) const ONE_JOB: &str = r#"
plan "one" { timezone "UTC"; }
store "local" { local path="store"; }
target "files" {
    files "source"
    backup "now" { schedule "daily" at="05:30"; archive "tar.zip"; store "local"; retention generations=2; }
}
restore "files" {
    recover "files" { into path="restored"; }
    probe "is there" { path "restored"; }
}
"#;

/// A scene in memory needs less than this.
const MEMORY_BYTES_MIN: u64 = 256 << 20;

/// A folder that is gone at the end.
pub(crate) struct Scene {
    folder: TempDir,
}

impl Scene {
    /// In the folder for temporary files.
    pub(crate) fn new(plan: &str) -> Self {
        Self::within(&std::env::temp_dir(), plan)
    }

    /// Where there is room for gigabytes: beside what cargo builds.
    pub(crate) fn roomy(plan: &str) -> Self {
        Self::within(Path::new(env!("CARGO_TARGET_TMPDIR")), plan)
    }

    /// Where nothing waits for a disk, if there is such a place with enough room: dying is not losing power.
    pub(crate) fn in_memory(plan: &str) -> Self {
        let memory = Path::new("/dev/shm");
        let free = rustix::fs::statvfs(memory).map_or(0, |found| found.f_bavail * found.f_frsize);
        if free >= MEMORY_BYTES_MIN { Self::within(memory, plan) } else { Self::new(plan) }
    }

    fn within(parent: &Path, plan: &str) -> Self {
        let folder = tempfile::Builder::new().prefix("sonae-").tempdir_in(parent).unwrap();
        // Others must reach it where a check runs the program as another user.
        std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
        std::fs::write(folder.path().join("plan.kdl"), plan).unwrap();
        Self { folder }
    }

    /// The same again, elsewhere.
    pub(crate) fn copy(&self) -> Self {
        let copy = Self::in_memory("");
        let from = self.path(".");
        done(Command::new("cp").arg("-a").args([&from, copy.root()]));
        copy
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn plan(&self) -> PathBuf {
        self.path("plan.kdl")
    }

    /// A program of these arguments, whose state lies in this scene.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        self.surround(command.args(arguments));
        command
    }

    /// Gives a command this scene's folder and state.
    pub(crate) fn surround<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        command.current_dir(self.root()).stdin(Stdio::null());
        command.env("XDG_STATE_HOME", self.path("state")).env("HOME", self.path("home"));
        command.env_remove("XDG_CACHE_HOME").env_remove("CACHE_DIRECTORY");
        // Whoever runs the tests may be somebody in a cloud.
        for name in ["AWS_PROFILE", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"] {
            command.env_remove(name);
        }
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        command.env_remove("STATE_DIRECTORY").env("NO_COLOR", "1").env("LC_ALL", "C.UTF-8")
    }

    /// Runs the program, in this scene's folder, and waits for it.
    pub(crate) fn sonae(&self, arguments: &[&str]) -> Said {
        Said::of(&mut self.command(SONAE, arguments))
    }

    /// Starts the program, what it says thrown away.
    pub(crate) fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(SONAE, arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
    }

    /// What `points` lists, as JSON.
    pub(crate) fn points(&self) -> Value {
        self.sonae(&["points", "plan.kdl", "--format", "json"]).exits(0).json()
    }

    /// The one archive in the store.
    pub(crate) fn archive(&self) -> PathBuf {
        let points = self.points();
        let [point] = points["points"].as_array().unwrap().as_slice() else { panic!("one point: {points:#}") };
        self.path("store").join(point["archive"]["key"].as_str().unwrap())
    }
}

impl Drop for Scene {
    fn drop(&mut self) {
        // Folders that their owner may not enter cannot be emptied; where this fails, they stay in a folder for temporary files.
        let mut open = Command::new("chmod");
        let _opened = open.args(["-R", "u+rwX"]).arg(self.root()).stderr(Stdio::null()).status();
    }
}

/// How a program ended.
pub(crate) struct Said {
    what: String,
    output: Output,
}

impl Said {
    pub(crate) fn of(command: &mut Command) -> Self {
        let what = format!("{command:?}");
        let output = command.output().unwrap_or_else(|error| panic!("{what}: {error}"));
        Self { what, output }
    }

    pub(crate) fn of_child(child: Child) -> Self {
        Self { what: format!("process {}", child.id()), output: child.wait_with_output().unwrap() }
    }

    /// That it ended with this exit status.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.output.status.code(), Some(code), "{self}");
        self
    }

    /// Its exit status; none where a signal ended it.
    pub(crate) fn status(&self) -> Option<i32> {
        self.output.status.code()
    }

    /// Whether `kill -9` ended it.
    pub(crate) fn was_killed(&self) -> bool {
        self.output.status.signal() == Some(9)
    }

    pub(crate) fn stdout(&self) -> String {
        String::from_utf8_lossy(&self.output.stdout).into_owned()
    }

    pub(crate) fn stderr(&self) -> String {
        String::from_utf8_lossy(&self.output.stderr).into_owned()
    }

    /// That it said something, on either stream.
    pub(crate) fn says(self, words: &str) -> Self {
        assert!(self.stdout().contains(words) || self.stderr().contains(words), "`{words}` is not said:\n{self}");
        self
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.output.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

impl std::fmt::Display for Said {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (stdout, stderr) = (self.stdout(), self.stderr());
        write!(out, "{}\n{}\nstdout:\n{stdout}\nstderr:\n{stderr}", self.what, self.output.status)
    }
}

/// Runs a tool that must succeed.
pub(crate) fn done(command: &mut Command) -> Said {
    Said::of(command).exits(0)
}

/// Makes a folder with so many files of so many bytes each, a hundred to a folder below it.
pub(crate) fn fill(folder: &Path, files: usize, bytes: usize) {
    for number in 0..files {
        let below = folder.join(format!("{:03}", number / 100));
        if number % 100 == 0 {
            std::fs::create_dir_all(&below).unwrap();
        }
        std::fs::write(below.join(format!("file-{number}")), noise(number as u64, bytes)).unwrap();
    }
}
