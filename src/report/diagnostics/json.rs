//! Diagnostics as JSON.

use serde::Serialize;

use super::WRITTEN_MAX;
use super::lines::Index;
use crate::diagnostic::{Diagnostic, Severity, Sources};

/// The version of this form.
const FORMAT_VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    format_version: u32,
    diagnostics: Vec<Found<'a>>,
    omitted: usize,
    errors: usize,
    warnings: usize,
}

#[derive(Serialize)]
struct Found<'a> {
    code: &'a str,
    severity: Severity,
    message: &'a str,
    help: &'a str,
    labels: Vec<Place<'a>>,
}

#[derive(Serialize)]
struct Place<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    start: u32,
    end: u32,
    text: &'a str,
}

/// The diagnostics, to be serialised as one JSON object: `format_version`, `errors`, `warnings`, and `diagnostics`, each with `code`,
/// `severity`, `message`, `help` and `labels`. A label has its `file`, its `line` and `column` (both from 1, the column in
/// characters), and its bytes from `start` to before `end`. Beyond the first thousand, `omitted` counts the rest.
pub fn json<'a>(found: &'a [Diagnostic], sources: &'a Sources) -> impl Serialize + use<'a> {
    let count = |severity| found.iter().filter(|found| found.severity == severity).count();
    let mut lines = Index::default();
    let diagnostics: Vec<_> = found.iter().take(WRITTEN_MAX).map(|found| written(found, sources, &mut lines)).collect();
    let omitted = found.len() - diagnostics.len();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    Report { format_version: FORMAT_VERSION, diagnostics, omitted, errors, warnings }
}

fn written<'a>(found: &'a Diagnostic, sources: &'a Sources, lines: &mut Index) -> Found<'a> {
    let place = |label: &'a crate::diagnostic::Label| {
        let (line, column) = lines.position(sources, label.span.file, label.span.start);
        let source = sources.get(label.span.file);
        Place { file: &source.name, line, column, start: label.span.start, end: label.span.end, text: &label.text }
    };
    let labels = found.labels.iter().map(place).collect();
    Found { code: found.code.name, severity: found.severity, message: &found.message, help: &found.help, labels }
}
