//! `sonae check`.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::arguments::CheckForm;
use super::{Failure, load, output, slices, times};
use crate::diagnostic::Severity;
use crate::prove::Proofs;
use crate::report;
use crate::report::diagnostics::DiagnosticsReport;
use crate::run::ExitStatus;

pub(super) fn check(
    plans: &[PathBuf],
    strict: bool,
    now: Option<&str>,
    form: CheckForm,
) -> Result<ExitStatus, Failure> {
    let now = now.map_or_else(|| Ok(Timestamp::now()), |text| times::parse(text, &TimeZone::UTC))?;
    let errors_from = if strict { Severity::Warning } else { Severity::Error };
    let mut status = ExitStatus::Well;
    let mut all = vec![];
    for file in plans {
        let read = load::read(file, now)?;
        if read.diagnostics.iter().any(|found| found.severity >= errors_from) {
            status = ExitStatus::Error;
        }
        match form {
            CheckForm::Text => output::data(&text(&file.display().to_string(), &read))?,
            CheckForm::Github => {
                output::data(&report::diagnostics::github(&read.diagnostics, &read.sources, &here()?))?;
            }
            CheckForm::Json | CheckForm::Sarif => all.push((file.display().to_string(), read)),
        }
    }
    match form {
        CheckForm::Text | CheckForm::Github => {}
        CheckForm::Json => {
            output::json(&Checked { format_version: 1, plans: all.iter().map(CheckedPlan::of).collect() })?;
        }
        CheckForm::Sarif => {
            let found = all.iter().map(|(_, read)| (&*read.diagnostics, &*read.waived, &read.sources));
            output::json(&report::diagnostics::sarif(found, &here()?))?;
        }
    }
    Ok(status)
}

/// The current folder, which the forms for code review write names of files relative to.
fn here() -> Result<String, Failure> {
    Ok(load::absolute(Path::new("."))?.to_path().display().to_string())
}

/// What was found in plans, and what they promise (`sonae check --format json`).
#[derive(Serialize, schemars::JsonSchema)]
pub(super) struct Checked<'a> {
    /// The version of this form.
    #[schemars(extend("const" = 1))]
    format_version: u32,
    /// The plans, in the order in which they were named.
    plans: Vec<CheckedPlan<'a>>,
}

/// One plan.
#[derive(Serialize, schemars::JsonSchema)]
struct CheckedPlan<'a> {
    /// Its file, as it was named.
    file: &'a str,
    /// What was found in it.
    report: DiagnosticsReport<'a>,
    /// What it promises, each with what it stands on; none where an error is in the way.
    proofs: Option<&'a Proofs>,
}

impl<'a> CheckedPlan<'a> {
    fn of((file, read): &'a (String, load::Read)) -> Self {
        let report = report::diagnostics::json(&read.diagnostics, &read.sources);
        Self { file, report, proofs: read.proven.as_ref().map(|proven| proven.proofs()) }
    }
}

fn text(file: &str, read: &load::Read) -> String {
    let problems = report::diagnostics::text(&read.diagnostics, &read.sources, load::colour(&std::io::stdout()));
    let summary = report::diagnostics::summary(&read.diagnostics);
    let promises = read.proven.as_ref().map_or_else(String::new, |proven| report::proofs::text(proven.proofs()));
    let waits = if read.proven.is_none() { "  promises are not proven until there is no error\n" } else { "" };
    let untold = read.proven.as_ref().and_then(|proven| slices::untold(proven.plan()));
    let untold = untold.map_or_else(String::new, |line| format!("  {line}\n"));
    format!("{problems}{file}: {summary}\n{promises}{untold}{waits}")
}
