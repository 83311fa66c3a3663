//! Programs, run on one host.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Cause, Certainty, Fault, Hidden};
use crate::primitives::{self, PathBytes};

/// How much of what a program says is kept, of standard output and of standard error each: its end, in bytes.
pub const SAID_BYTES_MAX: usize = 16 << 10;

/// A program, and what it is given.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Program {
    /// The program and its arguments; never through a shell.
    pub argv: Vec<String>,
    /// What is in its environment beside the plain one of the account it runs as: `HOME`, `LOGNAME`, `USER` and `PATH`. Nothing of
    /// this process's own goes with it, so that a program does the same by hand, from cron, and at night.
    pub environment: BTreeMap<String, String>,
    /// In which folder of this host it begins, absolute; in `/` where none is given. On another host it begins in the home of its account.
    pub folder: Option<PathBytes>,
    /// What of that which it says is told to nobody.
    pub hidden: Hidden,
    /// How long it may take, with all that it takes to begin it; as long as it does, where that is not said.
    pub time: Option<Duration>,
}

impl Program {
    /// That its time was over before it was begun.
    pub fn not_begun(&self, action: impl Into<String>) -> Fault {
        let fault = Fault::permanent(Cause::Other, action, format!("not begun within {}", self.shown_time()));
        Fault { certainty: Certainty::Transient, ..fault }
    }

    /// That it was ended because its time was over.
    pub fn ended(&self, action: impl Into<String>) -> Fault {
        Fault::permanent(
            Cause::Other,
            action,
            format!("not done within its timeout of {}, and ended", self.shown_time()),
        )
    }

    /// That its time is over, and nobody can say that it was ended.
    pub fn not_ended(&self, action: impl Into<String>, may_run: &str) -> Fault {
        let answer = format!("not done within its timeout of {}; {may_run}", self.shown_time());
        Fault { certainty: Certainty::Unknown, ..Fault::permanent(Cause::Other, action, answer) }
    }

    fn shown_time(&self) -> primitives::Duration {
        primitives::Duration::from_seconds(self.time.unwrap_or_default().as_secs())
    }
}

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CommandExit {
    /// Its exit status; none when a signal ended it.
    pub status: Option<i32>,
    /// The end of what it wrote to standard output, at most [`SAID_BYTES_MAX`].
    pub stdout_tail: String,
    /// The end of what it wrote to standard error, at most as much.
    pub stderr_tail: String,
}

impl CommandExit {
    /// It itself, where it exited with 0.
    ///
    /// # Errors
    /// How it ended else, with what it said of it; `action` is what was asked.
    pub fn succeeded(self, action: impl FnOnce() -> String) -> Result<Self, Fault> {
        if self.status == Some(0) {
            return Ok(self);
        }
        let ended = self.status.map_or("ended by a signal".to_owned(), |status| format!("exited with {status}"));
        let said = [self.stderr_tail.trim(), self.stdout_tail.trim()].into_iter().find(|said| !said.is_empty());
        let answer = said.map_or_else(|| ended.clone(), |said| format!("{ended}: {}", end_of(said)));
        Err(Fault::permanent(Cause::Other, action(), answer))
    }
}

/// How much of what a program said is told with a fault, in bytes.
const TOLD_BYTES_MAX: usize = 4 << 10;

fn end_of(said: &str) -> &str {
    said.get(said.ceil_char_boundary(said.len().saturating_sub(TOLD_BYTES_MAX))..).unwrap_or(said)
}

/// Runs programs.
#[async_trait::async_trait]
pub trait CommandRun: Send + Sync {
    /// Runs a program, with no input, until it ends. Dropping the future kills it, with all that it began.
    ///
    /// # Errors
    /// `NotFound` where there is no such program; else when it cannot be started. `Unknown` where it was begun and it cannot be said how it
    /// ended, or that it was when its time was over; `Permanent` where it was ended then.
    async fn run(&self, program: &Program) -> Result<CommandExit, Fault>;
}
