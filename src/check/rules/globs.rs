//! Patterns can be read.

use globset::GlobBuilder;

use super::Scene;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::Source;

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    let sources = scene.plan.targets.iter().filter_map(|target| target.source.as_ref());
    for glob in sources.flat_map(|Source::Files(files)| &files.exclude) {
        if let Err(error) = GlobBuilder::new(&glob.value).literal_separator(true).build() {
            let message = format!("this pattern cannot be read: {}", error.kind());
            let help = "write a glob, as in \"**/*.tmp\"; a `[`, `{` or `*` that is meant as it stands is written `[[]`, `[{]`, `[*]`";
            out.push(Diagnostic::new(&codes::target::BAD_GLOB, message, glob.span, "this pattern", help));
        }
    }
}
