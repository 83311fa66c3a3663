//! No store lies inside another.

use super::Scene;
use crate::check::place::Place;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::Store;
use crate::primitives::Span;

/// A store, where it lies, and where that is written.
type At<'p> = (Place<'p>, Span, &'p Store);

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    let mut places: Vec<At<'_>> = Vec::new();
    for store in &scene.plan.stores {
        let Some(path) = store.kind.local() else { continue };
        places.push((Place::new(&path.value), path.span, store));
    }
    places.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
    // The stores that the one looked at may lie in, the outermost first.
    let mut around: Vec<&At<'_>> = Vec::new();
    for inner in &places {
        let (place, span, store) = inner;
        while around.pop_if(|outer| place.below(&outer.0).is_none()).is_some() {}
        // Two at one place have a rule of their own.
        if let Some((_, outer_span, outer)) = around.iter().rev().find(|outer| outer.0 != *place) {
            let message = format!("the store \"{}\" lies inside the store \"{}\"", store.name.value, outer.name.value);
            let help = "put one of them elsewhere, best on another disk";
            let label = "inside the other's folder";
            let found = Diagnostic::new(&codes::store::NESTED, message, *span, label, help);
            out.push(found.also(*outer_span, "whoever may delete here, deletes both"));
        }
        around.push(inner);
    }
}
