//! Diagnostics as JSON.

use serde::Serialize;

use super::WRITTEN_MAX;
use super::lines::Index;
use crate::diagnostic::{Diagnostic, Severity, Sources};

/// The version of this form.
const FORMAT_VERSION: u32 = 1;

/// The diagnostics of a plan, for programs.
#[derive(Serialize, schemars::JsonSchema)]
pub struct DiagnosticsReport<'a> {
    /// The version of this form.
    #[schemars(extend("const" = FORMAT_VERSION))]
    format_version: u32,
    /// The first thousand of them, in the order of the files and of their lines.
    diagnostics: Vec<Found<'a>>,
    /// How many more there are.
    omitted: usize,
    /// How many of all are errors.
    errors: usize,
    /// How many of all are warnings.
    warnings: usize,
}

/// A diagnostic.
#[derive(Serialize, schemars::JsonSchema)]
#[schemars(rename = "Diagnostic")]
struct Found<'a> {
    /// Its code, which stays the same from version to version.
    code: &'a str,
    /// How bad it is.
    severity: Severity,
    /// What is wrong.
    message: &'a str,
    /// What to write instead.
    help: &'a str,
    /// The places in the text that it is about.
    labels: Vec<Place<'a>>,
}

/// A place in the text.
#[derive(Serialize, schemars::JsonSchema)]
#[schemars(rename = "Label")]
struct Place<'a> {
    /// The file, as it was named.
    file: &'a str,
    /// Its line, from 1.
    line: usize,
    /// Its column, in characters, from 1.
    column: usize,
    /// Its first byte, from 0.
    start: u32,
    /// The byte behind its last.
    end: u32,
    /// What it has to do with it.
    text: &'a str,
}

/// The diagnostics, to be serialised as one JSON object.
pub fn json<'a>(found: &'a [Diagnostic], sources: &'a Sources) -> DiagnosticsReport<'a> {
    let count = |severity| found.iter().filter(|found| found.severity == severity).count();
    let mut lines = Index::default();
    let diagnostics: Vec<_> = found.iter().take(WRITTEN_MAX).map(|found| written(found, sources, &mut lines)).collect();
    let omitted = found.len() - diagnostics.len();
    let (errors, warnings) = (count(Severity::Error), count(Severity::Warning));
    DiagnosticsReport { format_version: FORMAT_VERSION, diagnostics, omitted, errors, warnings }
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
