//! `sonae history`.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::arguments::{HistoryArguments, HistoryWord, Page, ReportForm};
use super::ledger::Asked;
use super::{Failure, output, times, world};
use crate::forecast::Outlook;
use crate::ports::{LedgerRead as _, RunDetail, RunSummary, RunsWanted};
use crate::primitives::{JobName, Malformed, RunId};
use crate::report::{history, html};
use crate::run::{ExitStatus, recorded};

/// Runs of this host (`sonae history --format json`).
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct Runs<'a> {
    /// The version of this form.
    #[schemars(extend("const" = 1))]
    format_version: u32,
    /// The newest first.
    runs: &'a [RunSummary],
}

/// A run of this host (`sonae history show --format json`).
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct Run<'a> {
    /// The version of this form.
    #[schemars(extend("const" = 1))]
    format_version: u32,
    /// It.
    run: &'a RunDetail,
}

pub(super) fn history(arguments: &HistoryArguments) -> Result<ExitStatus, Failure> {
    match &arguments.word {
        Some(HistoryWord::Show { run, page }) => show(run, page.format),
        None => list(arguments),
    }
}

fn malformed(bad: Malformed) -> Failure {
    Failure::usage(format!("{}; {}", bad.problem, bad.help))
}

fn list(arguments: &HistoryArguments) -> Result<ExitStatus, Failure> {
    let wanted = RunsWanted {
        job: arguments.job.as_deref().map(JobName::parse).transpose().map_err(malformed)?,
        since: arguments.since.as_deref().map(|text| times::parse(text, &TimeZone::UTC)).transpose()?,
        limit: arguments.limit.get(),
    };
    let runs = world::runtime()?
        .block_on(async { Asked::open().await?.ask(async |ledger| ledger.runs(&wanted).await).await })?;
    match arguments.page.format {
        Page::Text => output::data(&history::list_text(&runs))?,
        Page::Markdown => output::data(&history::list_markdown(&runs))?,
        Page::Json => output::json(&Runs { format_version: 1, runs: &runs })?,
    }
    Ok(ExitStatus::Well)
}

/// What a run was to do; none where its journal is gone, or cannot be read: then all but the picture is shown.
fn planned(run: &RunId) -> Option<Outlook> {
    let state = world::state().ok()?;
    let found = world::runtime().ok()?.block_on(recorded(&*state, run)).ok()??;
    Some((&*found.forecast).into())
}

fn show(run: &str, form: ReportForm) -> Result<ExitStatus, Failure> {
    let run = RunId::parse(run).map_err(malformed)?;
    let found =
        world::runtime()?.block_on(async { Asked::open().await?.ask(async |ledger| ledger.run(&run).await).await })?;
    let Some(found) = found else {
        return Err(Failure::usage(format!(
            "there is no run {run} on this host; `sonae history` lists those there are"
        )));
    };
    match form {
        ReportForm::Text => output::data(&history::show_text(&found))?,
        ReportForm::Markdown => output::data(&history::show_markdown(&found))?,
        ReportForm::Html => output::data(&html::history(&found, planned(&run).as_ref()))?,
        ReportForm::Json => output::json(&Run { format_version: 1, run: &found })?,
    }
    Ok(ExitStatus::Well)
}
