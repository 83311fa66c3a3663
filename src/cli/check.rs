//! `sonae check`.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::json;

use super::arguments::Form;
use super::{Failure, load, output, times};
use crate::diagnostic::Severity;
use crate::report;
use crate::run::ExitStatus;

pub(super) fn check(plans: &[PathBuf], strict: bool, now: Option<&str>, form: Form) -> Result<ExitStatus, Failure> {
    let now = now.map_or_else(|| Ok(Timestamp::now()), |text| times::parse(text, &TimeZone::UTC))?;
    let errors_from = if strict { Severity::Warning } else { Severity::Error };
    let mut status = ExitStatus::Well;
    let mut reports = vec![];
    for file in plans {
        let read = load::read(file, now)?;
        if read.diagnostics.iter().any(|found| found.severity >= errors_from) {
            status = ExitStatus::Error;
        }
        match form {
            Form::Text => output::data(&text(&file.display().to_string(), &read))?,
            Form::Json => {
                let report = report::diagnostics::json(&read.diagnostics, &read.sources);
                let proofs = read.proven.as_ref().map(|proven| proven.proofs());
                reports.push(json!({ "file": file.display().to_string(), "report": report, "proofs": proofs }));
            }
        }
    }
    if form == Form::Json {
        output::json(&json!({ "format_version": 1, "plans": reports }))?;
    }
    Ok(status)
}

fn text(file: &str, read: &load::Read) -> String {
    let problems = report::diagnostics::text(&read.diagnostics, &read.sources, load::colour(&std::io::stdout()));
    let summary = report::diagnostics::summary(&read.diagnostics);
    let promises = read.proven.iter().flat_map(|proven| &proven.proofs().promises);
    let promises: String = promises.map(|promise| format!("  {}: {promise}\n", promise.standing)).collect();
    format!("{problems}{file}: {summary}\n{promises}")
}
