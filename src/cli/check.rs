//! `sonae check`.

use std::path::PathBuf;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::arguments::Form;
use super::{Failure, load, output, times};
use crate::diagnostic::Severity;
use crate::report;
use crate::run::ExitStatus;

pub(super) fn check(plans: &[PathBuf], strict: bool, now: Option<&str>, form: Form) -> Result<ExitStatus, Failure> {
    let now = now.map_or_else(|| Ok(Timestamp::now()), |text| times::parse(text, &TimeZone::UTC))?;
    let mut status = ExitStatus::Well;
    for file in plans {
        let read = load::read(file, now)?;
        let errors_from = if strict { Severity::Warning } else { Severity::Error };
        if read.diagnostics.iter().any(|found| found.severity >= errors_from) {
            status = ExitStatus::Error;
        }
        let told = match form {
            Form::Json => report::diagnostics::json(&read.diagnostics, &read.sources) + "\n",
            Form::Text => text(&file.display().to_string(), &read),
        };
        output::data(&told)?;
    }
    Ok(status)
}

fn text(file: &str, read: &load::Read) -> String {
    let problems = report::diagnostics::text(&read.diagnostics, &read.sources, load::colour());
    let summary = report::diagnostics::summary(&read.diagnostics);
    let promises = read.proven.as_ref().map(|proven| report::promises(proven.proofs())).unwrap_or_default();
    format!("{problems}{file}: {summary}\n{promises}")
}
