//! Programs run on this host.

use super::Fault;

/// How a program ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandExit {
    /// Its exit status; none when a signal ended it.
    pub status: Option<i32>,
    /// The end of what it wrote to standard error, at most 4 KiB.
    pub stderr_tail: String,
}

/// Runs programs.
#[async_trait::async_trait]
pub trait CommandRun: Send + Sync {
    /// Runs `argv` (never through a shell), with no input and its output dropped, until it ends. Dropping the
    /// future kills it.
    ///
    /// # Errors
    /// When it cannot be started.
    async fn run(&self, argv: &[String]) -> Result<CommandExit, Fault>;
}
