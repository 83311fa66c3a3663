//! Programs run by a process that does nothing else, so that what the kernel counts for them is theirs alone.
//!
//! This very binary is that process, run again (getrusage(2), `RUSAGE_CHILDREN`). Whoever measures may be large, and a new
//! process begins with the peak memory of the one that started it; so it is not started from there.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use rustix::time::{ClockId, clock_gettime};

/// Where what was counted is written to; only a launcher has it.
const NOTE: &str = "SONAE_TEST_LAUNCHER";

/// What a program took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spent {
    /// When it began and ended, by a clock that all processes share (CLOCK_MONOTONIC).
    pub(crate) began: Duration,
    pub(crate) ended: Duration,
    /// Of all its threads and the children that it waited for, in user and system mode.
    pub(crate) cpu: Duration,
    /// The highest resident memory of it, or of a child that it waited for where that had more; in bytes.
    pub(crate) peak: u64,
}

impl fmt::Display for Spent {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let wall = self.ended.saturating_sub(self.began).as_secs_f64();
        let peak = mebibytes(self.peak);
        write!(out, "{wall:.2} s, {:.2} s of CPU, at most {peak:.1} MiB", self.cpu.as_secs_f64())
    }
}

#[expect(clippy::cast_precision_loss, reason = "for people")]
pub(crate) fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

/// The command that launches a program and leaves in a file what it took. It ends as the program does.
pub(crate) fn launched(program: impl AsRef<OsStr>, arguments: &[impl AsRef<OsStr>], note: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(NOTE, note).arg(program).args(arguments);
    command
}

/// What a launcher left, once it ended.
pub(crate) fn spent(note: &Path) -> Spent {
    let text = std::fs::read_to_string(note).unwrap_or_else(|error| panic!("{}: {error}", note.display()));
    let numbers: Vec<u64> = text.split_whitespace().map(|number| number.parse().unwrap()).collect();
    let [began, ended, cpu, peak] = numbers[..] else { panic!("{}: {text}", note.display()) };
    let [began, ended, cpu] = [began, ended, cpu].map(Duration::from_nanos);
    Spent { began, ended, cpu, peak }
}

/// Launches what it is asked to; none where this process is no launcher.
pub(crate) fn if_asked() -> Option<ExitCode> {
    let note = std::env::var_os(NOTE)?;
    let mut words = std::env::args_os().skip(1);
    let mut program = Command::new(words.next()?);
    program.args(words).env_remove(NOTE);
    let began = monotonic();
    let status = program.stdin(Stdio::inherit()).status();
    let ended = monotonic();
    let status = match status {
        Ok(status) => status,
        Err(error) => {
            eprintln!("{}: {error}", program.get_program().display());
            return Some(ExitCode::from(127));
        }
    };
    let used = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    let micros = [used.user_time(), used.system_time()].map(|time| time.tv_sec() * 1_000_000 + time.tv_usec());
    let cpu = micros.iter().sum::<i64>() * 1000;
    // Linux counts in KiB (getrusage(2)).
    let peak = used.max_rss() * 1024;
    std::fs::write(note, format!("{} {} {cpu} {peak}\n", began.as_nanos(), ended.as_nanos())).unwrap();
    // As shells say it.
    let code = status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
    Some(ExitCode::from(u8::try_from(code).unwrap_or(u8::MAX)))
}

fn monotonic() -> Duration {
    let now = clock_gettime(ClockId::Monotonic);
    Duration::new(now.tv_sec.try_into().unwrap(), now.tv_nsec.try_into().unwrap())
}
