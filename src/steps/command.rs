//! Runs a program of the plan.

use super::{Said, StepOutput};
use crate::forecast::{Forecast, ForecastStep, Subject};
use crate::ports::{Cause, CommandRun, Fault, Hidden, Program, Secrets};

/// Runs it. It can tell by `SONAE_RUN` and `SONAE_STEP` what it is run for.
pub(super) async fn command(
    (commands, secrets): (&dyn CommandRun, &dyn Secrets),
    forecast: &Forecast,
    step: &ForecastStep,
    argv: &[String],
) -> Result<StepOutput, Fault> {
    let restore = match &forecast.subject {
        Subject::Restore { restore, .. } => restore.to_string(),
        Subject::Backup { .. } | Subject::RollBack(_) | Subject::Slice(_) => String::new(),
    };
    let told =
        [("SONAE_RUN", forecast.run.to_string()), ("SONAE_STEP", step.name.to_string()), ("SONAE_RESTORE", restore)];
    let environment = told.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let program = Program {
        argv: argv.to_vec(),
        environment,
        folder: Some(forecast.base.clone()),
        hidden: hidden(secrets, forecast).await?,
        time: Some(step.timeout.to_std()),
    };
    let exit = commands.run(&program).await?;
    let exit = exit.succeeded(|| format!("run `{}`", argv.join(" ")))?;
    Ok(StepOutput::Ran(Said { stdout: exit.stdout_tail, stderr: exit.stderr_tail, by_word: false }))
}

/// The secrets of the plan, which a program may say as well as know. One that is not there, or none, or that this account may not read, is
/// nothing that can be looked for.
///
/// # Errors
/// Where it cannot be read just now: then nothing is run of which it would not be known what it tells.
pub(super) async fn hidden(secrets: &dyn Secrets, forecast: &Forecast) -> Result<Hidden, Fault> {
    let mut found = Vec::new();
    for place in &forecast.secrets {
        match secrets.reveal(place).await {
            Ok(secret) => found.push(secret),
            Err(fault) if matches!(fault.cause, Cause::NotFound | Cause::Invalid | Cause::Denied) => {}
            Err(fault) => return Err(fault),
        }
    }
    Ok(Hidden::new(found))
}
