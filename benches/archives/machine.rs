//! The machine that is measured on, and the other tools on it.

use std::path::Path;
use std::process::{Command, Stdio};

use super::place::Outcome;

/// Installs programs that are missing.
///
/// # Errors
/// Where one is missing after that.
pub(crate) fn install(programs: &[&str]) -> Outcome<()> {
    if programs.is_empty() {
        return Ok(());
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools.sh");
    let status = Command::new("bash").arg(script).args(programs).stdin(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err("the tools to compare with are not all here".into()) }
}

/// Where a program is that tests/tools.sh installs in a folder of its own; by its name alone, where it is found on the path.
pub(crate) fn program(name: &str) -> String {
    let cache = std::env::var("XDG_CACHE_HOME").or_else(|_| std::env::var("HOME").map(|home| format!("{home}/.cache")));
    let own = cache.map(|cache| format!("{cache}/sonae-tests/python/bin/{name}"));
    own.ok().filter(|own| Path::new(own).exists()).unwrap_or_else(|| name.to_owned())
}

/// The machine, and the versions of these programs.
pub(crate) fn told(programs: &[&str]) -> Outcome<String> {
    let processors = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("an unnamed processor", |(_, model)| model.trim());
    let cores = std::thread::available_parallelism()?;
    let system = rustix::system::uname();
    let release = system.release().to_string_lossy().into_owned();
    // Behind the dash is who built it.
    let linux = release.split('-').next().unwrap_or_default();
    let mut told = format!("{cores} cores of {model}, Linux {linux}");
    for program in programs {
        told.push_str("; ");
        told.push_str(&version(program)?);
    }
    Ok(told)
}

/// A program and its version, as it says itself.
pub(crate) fn version(program: &str) -> Outcome<String> {
    let flag = match program {
        "zip" | "unzip" => "-v",
        "restic" => "version",
        _ => "--version",
    };
    let said = Command::new(self::program(program)).arg(flag).stdin(Stdio::null()).output()?;
    let text = String::from_utf8_lossy(if said.stdout.is_empty() { &said.stderr } else { &said.stdout }).into_owned();
    let is_number = |word: &&str| word.starts_with(|first: char| first.is_ascii_digit()) && word.contains('.');
    // As `v1.2`, or as `name/1.2`.
    let words = text.split(|c: char| c.is_whitespace() || c == '/').map(|word| word.trim_start_matches('v'));
    let number = words.into_iter().find(is_number).ok_or_else(|| format!("{program} says no version: {text}"))?;
    Ok(format!("{program} {number}"))
}
