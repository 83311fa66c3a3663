//! Looks whether what was restored is well.

use super::StepOutput;
use crate::ports::{Cause, CommandRun, Fault, Program, TreeRead};
use crate::primitives::PathBytes;

/// Looks whether something is at a path.
pub(super) async fn path(tree: &dyn TreeRead, path: &PathBytes) -> Result<StepOutput, Fault> {
    match tree.stat(path).await? {
        Some(_) => Ok(StepOutput::Probed),
        None => Err(Fault::permanent(Cause::NotFound, format!("probe {path}"), "nothing is there")),
    }
}

/// Runs a command, which should exit with 0.
pub(super) async fn command(commands: &dyn CommandRun, argv: &[String]) -> Result<StepOutput, Fault> {
    let exit = commands.run(&Program { argv: argv.to_vec(), ..Program::default() }).await?;
    if exit.status == Some(0) {
        return Ok(StepOutput::Probed);
    }
    let ended = exit.status.map_or("ended by a signal".to_owned(), |status| format!("exited with {status}"));
    let said = exit.stderr_tail.trim();
    let answer = if said.is_empty() { ended } else { format!("{ended}: {said}") };
    Err(Fault::permanent(Cause::Other, format!("probe command `{}`", argv.join(" ")), answer))
}
