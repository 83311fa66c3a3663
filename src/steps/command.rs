//! Runs a program of the plan.

use super::{Said, StepOutput};
use crate::forecast::{Forecast, ForecastStep, Subject};
use crate::ports::{CommandRun, Fault, Program};

/// Runs it. It can tell by `SONAE_RUN` and `SONAE_STEP` what it is run for.
pub(super) async fn command(
    commands: &dyn CommandRun,
    forecast: &Forecast,
    step: &ForecastStep,
    argv: &[String],
) -> Result<StepOutput, Fault> {
    let restore = match &forecast.subject {
        Subject::Restore { restore, .. } => restore.to_string(),
        Subject::Backup { .. } | Subject::Slice(_) => String::new(),
    };
    let told =
        [("SONAE_RUN", forecast.run.to_string()), ("SONAE_STEP", step.name.to_string()), ("SONAE_RESTORE", restore)];
    let environment = told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let exit = commands.run(&Program { argv: argv.to_vec(), environment, folder: Some(forecast.base.clone()) }).await?;
    let exit = exit.succeeded(|| format!("run `{}`", argv.join(" ")))?;
    Ok(StepOutput::Ran(Said { stdout: exit.stdout_tail, stderr: exit.stderr_tail, by_word: false }))
}
