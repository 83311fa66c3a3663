//! Patterns can be read.

use super::Scene;
use crate::check::globs::{GLOBS_MAX, compile};
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::{Files, Source};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    let sources = scene.plan.targets.iter().filter_map(|target| target.source.as_ref());
    for files in sources.filter_map(Source::files) {
        if let Err(why) = compile(&files.exclude) {
            find(files, &why, out);
        }
    }
}

/// Reports those that are wrong by themselves, or else all of them together.
fn find(files: &Files, why_all: &str, out: &mut Diagnostics) {
    let before = out.len();
    for glob in files.exclude.iter().take(GLOBS_MAX) {
        if let Err(why) = compile([glob]) {
            let help = "write a glob, as in \"**/*.tmp\"; a `[`, `{` or `*` that is meant as it stands is written `[[]`, `[{]`, `[*]`";
            let message = format!("this pattern cannot be read: {why}");
            out.push(Diagnostic::new(&codes::target::BAD_GLOB, message, glob.span, "this pattern", help));
        }
    }
    if out.len() == before {
        let (message, help) = (format!("these patterns are too many: {why_all}"), "leave out fewer, or whole folders");
        out.push(Diagnostic::new(&codes::target::BAD_GLOB, message, files.span, "what is left out here", help));
    }
}
