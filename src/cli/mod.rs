//! Floor 15: the command line. Each command is a thin file: it loads, asks, and prints.
//!
//! Unaware of how anything is done. Invariant: every way out has an exit status of `run::ExitStatus`, and a failure says
//! what, where, and what to do instead.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the command line is where clock, files and environment enter"
)]

mod accept;
mod approve;
mod arguments;
mod check;
mod completions;
mod databases;
mod diff;
mod due;
mod explain;
mod export;
mod files;
mod fmt;
mod git;
mod history;
mod hold;
mod host;
mod init;
mod jobs_held;
mod ledger;
mod live;
mod load;
mod locks;
mod output;
mod pace;
mod people;
mod pins;
mod points;
mod rehearse;
mod restore;
mod resume;
mod roll_back;
mod run;
mod schema;
mod shown;
mod sides;
mod slices;
mod status;
mod terminal;
mod timeline;
mod times;
mod unlock;
mod world;

use std::ffi::OsString;
use std::sync::Arc;

use clap::Parser;

use crate::ports::{Fault, JournalWrite};
use crate::run::ExitStatus;
use arguments::{Arguments, CommandWord};

pub use schema::schemas;

/// Where a test may stand between the program and the world.
pub struct Seams {
    /// Wraps the journal that runs are written to.
    pub journal: fn(Arc<dyn JournalWrite>) -> Arc<dyn JournalWrite>,
}

impl Default for Seams {
    fn default() -> Self {
        Self { journal: |journal| journal }
    }
}

/// Why a command could not be carried out.
#[derive(Debug)]
pub(crate) struct Failure {
    status: ExitStatus,
    message: String,
}

impl Failure {
    fn error(message: impl Into<String>) -> Self {
        Self { status: ExitStatus::Error, message: message.into() }
    }

    fn usage(message: impl Into<String>) -> Self {
        Self { status: ExitStatus::Usage, message: message.into() }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::error(fault.to_string())
    }
}

/// Runs a command line, the program's name first, and answers its exit status.
pub fn main(arguments: impl IntoIterator<Item = OsString>, seams: &Seams) -> ExitStatus {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are no errors; clap prints each where it belongs.
            let _ = error.print();
            return if error.use_stderr() { ExitStatus::Usage } else { ExitStatus::Well };
        }
    };
    match command(arguments.command, seams) {
        Ok(status) => status,
        Err(failure) => {
            if !failure.message.is_empty() {
                output::say(&format!("sonae: {}", failure.message));
            }
            failure.status
        }
    }
}

fn command(word: CommandWord, seams: &Seams) -> Result<ExitStatus, Failure> {
    match word {
        CommandWord::Init { file } => init::init(&file),
        CommandWord::Check { plans, deny, now, format } => check::check(&plans, deny.is_some(), now.as_deref(), format),
        CommandWord::Fmt { plans, check } => fmt::fmt(&plans, check),
        CommandWord::Accept { plans, check } => accept::accept(&plans, check),
        CommandWord::Run(arguments) if arguments.due => due::due(&arguments, seams),
        CommandWord::Run(arguments) => run::run(&arguments, seams),
        CommandWord::Points { plan, jobs, deleted: true, format } => points::deleted(&plan, &jobs, format.format),
        CommandWord::Points { plan, jobs, deleted: false, format } => points::points(&plan, &jobs, format.format),
        CommandWord::Restore(arguments) => restore::restore(&arguments, seams),
        CommandWord::Verify(arguments) => shown::shown(&arguments, shown::Word::Verify),
        CommandWord::Drill(arguments) => shown::shown(&arguments, shown::Word::Drill),
        CommandWord::Announce(arguments) => shown::shown(&arguments, shown::Word::Announce),
        CommandWord::Approve(arguments) => approve::approve(&arguments),
        CommandWord::Resume { run, again, done, wait, pace } => {
            let said = resume::Said { again: &again, done: &done };
            resume::resume(run.as_deref(), said, &wait, &pace, seams)
        }
        CommandWord::RollBack(arguments) => roll_back::roll_back(&arguments, seams),
        CommandWord::Unlock(arguments) => unlock::unlock(&arguments),
        CommandWord::Status(arguments) => status::status(&arguments),
        CommandWord::History(arguments) => history::history(&arguments),
        CommandWord::Diff(arguments) => diff::diff(&arguments),
        CommandWord::Timeline(arguments) => timeline::timeline(&arguments),
        CommandWord::Rehearse(arguments) => rehearse::rehearse(&arguments),
        CommandWord::Export { what } => export::export(&what),
        CommandWord::Explain { code } => explain::explain(code.as_deref()),
        CommandWord::Completions { shell } => completions::completions(shell),
    }
}
