//! A plan file read and compiled; its problems said.

use std::io::IsTerminal;
use std::path::Path;

use jiff::Timestamp;

use super::{Failure, files, output};
use crate::check::Waived;
use crate::diagnostic::{Diagnostic, Severity, Sources};
use crate::primitives::{FileId, PathBytes};
use crate::prove::{self, Compiled, ProvenPlan};
use crate::report;
use crate::report::diagnostics::Colour;

/// A plan that can be used.
pub(super) struct Loaded {
    pub(super) proven: ProvenPlan,
    /// The folder that its relative paths are relative to, absolute.
    pub(super) base: PathBytes,
    /// What it was compiled from: the plan file, and all that it includes.
    pub(super) sources: Sources,
    /// The plan file.
    pub(super) root: FileId,
}

/// A plan file and what the compiler says of it.
pub(super) struct Read {
    pub(super) sources: Sources,
    pub(super) diagnostics: Vec<Diagnostic>,
    pub(super) waived: Vec<Waived>,
    pub(super) proven: Option<ProvenPlan>,
    base: PathBytes,
    root: FileId,
}

/// Reads and compiles a plan file with all that it includes, as of `now`.
pub(super) fn read(file: &Path, now: Timestamp) -> Result<Read, Failure> {
    let base = folder_of(file)?;
    let (sources, root) = files::load(file).map_err(|unread| unread.of(&file.display().to_string()))?;
    let Compiled { diagnostics, waived, proven } = prove::compile(&sources, root, &base, now);
    Ok(Read { sources, root, diagnostics, waived, proven, base })
}

/// The plan of a file that is to be used: its errors and warnings are said, and errors are the end.
pub(super) fn load(file: &Path) -> Result<Loaded, Failure> {
    load_and_say(file, Severity::Warning)
}

/// The same, but `unattended` is what a clock calls: then errors alone are said. A warning would be said every few minutes, to somebody who
/// has read it, and mailed by cron.
pub(super) fn load_for(unattended: bool, file: &Path) -> Result<Loaded, Failure> {
    load_and_say(file, if unattended { Severity::Error } else { Severity::Warning })
}

fn load_and_say(file: &Path, least: Severity) -> Result<Loaded, Failure> {
    let read = read(file, Timestamp::now())?;
    let worth_saying: Vec<Diagnostic> = read.diagnostics.into_iter().filter(|found| found.severity >= least).collect();
    if !worth_saying.is_empty() {
        output::say(report::diagnostics::text(&worth_saying, &read.sources, colour(&std::io::stderr())).trim_end());
    }
    let Some(proven) = read.proven else {
        let message = format!("{} has errors, so nothing was done", file.display());
        return Err(Failure::error(message));
    };
    Ok(Loaded { proven, base: read.base, sources: read.sources, root: read.root })
}

/// Whether diagnostics are coloured: on a terminal, unless `NO_COLOR` is set (<https://no-color.org>).
pub(super) fn colour(stream: &impl IsTerminal) -> Colour {
    let wanted = stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    if wanted { Colour::Ansi } else { Colour::Plain }
}

/// The text of one file, whatever it includes.
pub(super) fn text(file: &Path) -> Result<String, Failure> {
    files::text(file).map_err(|unread| unread.of(&file.display().to_string()))
}

/// The same of what is piped in.
pub(super) fn standard_input() -> Result<String, Failure> {
    files::text_of(std::io::stdin().lock()).map_err(|unread| unread.of("standard input"))
}

/// The folder that a plan file is in, absolute.
pub(super) fn folder_of(file: &Path) -> Result<PathBytes, Failure> {
    let folder = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    absolute(folder)
}

/// A path as the current folder has it.
pub(super) fn absolute(path: &Path) -> Result<PathBytes, Failure> {
    let here = std::env::current_dir()
        .map_err(|error| Failure::error(format!("the current folder cannot be named: {error}")))?;
    Ok(PathBytes::from_path(path).absolute(&PathBytes::from_path(here)))
}
