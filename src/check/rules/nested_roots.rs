//! No folder is backed up twice by one target.

use super::Scene;
use crate::check::place::Place;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::{Files, Source};
use crate::primitives::Spanned;

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for target in &scene.plan.targets {
        if let Some(files) = target.source.as_ref().and_then(Source::files) {
            nested(files, out);
        }
    }
}

fn nested(files: &Files, out: &mut Diagnostics) {
    let mut roots: Vec<_> = files.roots.iter().map(|root| (Place::new(&root.value), root)).collect();
    // Whatever lies inside a folder comes right behind it.
    roots.sort_by(|a, b| (&a.0, a.1.span).cmp(&(&b.0, b.1.span)));
    let mut outer: Option<(Place<'_>, &Spanned<String>)> = None;
    for (place, root) in roots {
        match &outer {
            Some((around, first)) if place.below(around).is_some() => {
                let (message, help) = ("a folder is backed up twice", "remove one of the two");
                let label = "lies inside the other, or is it";
                let found = Diagnostic::new(&codes::target::NESTED_ROOT, message, root.span, label, help);
                out.push(found.also(first.span, "backed up with all below it"));
            }
            _ => outer = Some((place, root)),
        }
    }
}
