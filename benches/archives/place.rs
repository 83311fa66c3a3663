//! The folder in which everything is made, and the programs that are run in it.

use std::error::Error;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::launch::{Spent, launched, spent};

pub(crate) type Outcome<T> = Result<T, Box<dyn Error>>;

/// The program that is measured: an optimised build.
pub(crate) const SONAE: &str = env!("CARGO_BIN_EXE_sonae");

/// A program with its arguments. It is found on the path, and runs in the place.
pub(crate) type Stage = Vec<String>;

/// A stage of words.
pub(crate) fn stage<'a>(words: impl IntoIterator<Item = &'a str>) -> Stage {
    words.into_iter().map(str::to_owned).collect()
}

/// What a pipeline took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Took {
    /// From when the first of its programs began until the last one ended.
    pub(crate) wall: Duration,
    /// Of all of them.
    pub(crate) cpu: Duration,
    /// The sum of their peaks, in bytes: they run at the same time.
    pub(crate) peak: u64,
}

/// A folder beside what cargo builds, gone at the end.
pub(crate) struct Place(TempDir);

impl Place {
    /// # Errors
    /// Where there is less room than this.
    pub(crate) fn new(bytes_free: u64, files_free: u64) -> Outcome<Self> {
        let parent = Path::new(env!("CARGO_TARGET_TMPDIR"));
        fs::create_dir_all(parent)?;
        let disk = rustix::fs::statvfs(parent)?;
        let free = disk.f_bavail * disk.f_frsize;
        if free < bytes_free {
            let [has, needs] = [free, bytes_free].map(|bytes| bytes >> 30);
            return Err(format!("{} has {has} GiB free, and this needs {needs}", parent.display()).into());
        }
        // Some file systems count none: they make them as they go.
        if disk.f_files > 0 && disk.f_favail < files_free {
            let (has, at) = (disk.f_favail, parent.display());
            return Err(format!("{at} has room for {has} more files, and this needs {files_free}").into());
        }
        Ok(Self(tempfile::Builder::new().prefix("archives-").tempdir_in(parent)?))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Removes a file, or a folder with all in it, if it is there.
    pub(crate) fn remove(&self, name: &str) -> io::Result<()> {
        let path = self.path(name);
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_dir() => fs::remove_dir_all(path),
            Ok(_) => fs::remove_file(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Moves a folder away, if it is there.
    pub(crate) fn put_aside(&self, name: &str) -> io::Result<()> {
        let aside = self.path("aside");
        fs::create_dir_all(&aside)?;
        let taken = fs::read_dir(&aside)?.count();
        match fs::rename(self.path(name), aside.join(taken.to_string())) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            answer => answer,
        }
    }

    /// Runs programs, each of which reads what the one before writes. What the last one writes goes into a file, or is thrown
    /// away.
    ///
    /// # Errors
    /// Where one of them fails: with what it said.
    pub(crate) fn run(&self, pipeline: &[Stage], output: Option<&str>) -> Outcome<Took> {
        // Nothing that was written before is still on its way to the disk.
        rustix::fs::sync();
        let mut running: Vec<Child> = Vec::new();
        for (index, stage) in pipeline.iter().enumerate() {
            let before = running.last_mut().and_then(|child| child.stdout.take());
            let last = index + 1 == pipeline.len();
            let mut command = self.launcher(index, stage)?;
            command.stdin(before.map_or_else(Stdio::null, Stdio::from));
            command.stdout(match output {
                _ if !last => Stdio::piped(),
                Some(name) => File::create(self.path(name))?.into(),
                None => Stdio::null(),
            });
            running.push(command.spawn()?);
        }
        let statuses: Vec<ExitStatus> = running.iter_mut().map(Child::wait).collect::<io::Result<_>>()?;
        if let Some(failed) = statuses.iter().position(|status| !status.success()) {
            let (what, status) = (pipeline[failed].join(" "), statuses[failed]);
            let said = fs::read_to_string(self.path("said")).unwrap_or_default();
            return Err(format!("{what}: {status}\n{said}").into());
        }
        let spent: Vec<Spent> = (0..pipeline.len()).map(|index| spent(&self.note(index))).collect();
        let began = spent.iter().map(|spent| spent.began).min().unwrap_or_default();
        let ended = spent.iter().map(|spent| spent.ended).max().unwrap_or_default();
        let cpu = spent.iter().map(|spent| spent.cpu).sum();
        Ok(Took { wall: ended.saturating_sub(began), cpu, peak: spent.iter().map(|spent| spent.peak).sum() })
    }

    fn launcher(&self, index: usize, stage: &Stage) -> Outcome<Command> {
        let (program, arguments) = stage.split_first().ok_or("a stage without a program")?;
        let mut command = launched(program, arguments, &self.note(index));
        command.current_dir(self.path(".")).env("HOME", self.path("home")).env("LC_ALL", "C.UTF-8");
        command.env("XDG_STATE_HOME", self.path("state")).env_remove("STATE_DIRECTORY").env("NO_COLOR", "1");
        command.env("RESTIC_PASSWORD", "measured").env("RESTIC_CACHE_DIR", self.path("restic-cache"));
        // What leads others astray who ask a service: as on a machine where nobody set anything.
        let astray = |name: &OsStr| [&b"AWS_"[..], b"RCLONE_"].iter().any(|first| name.as_bytes().starts_with(first));
        for (name, _) in std::env::vars_os().filter(|(name, _)| astray(name)) {
            command.env_remove(name);
        }
        command.envs(super::buckets::environment());
        let said =
            File::options().create(true).append(index > 0).write(true).truncate(index == 0).open(self.path("said"))?;
        command.stderr(said);
        Ok(command)
    }

    fn note(&self, index: usize) -> PathBuf {
        self.path(&format!("spent-{index}"))
    }
}
