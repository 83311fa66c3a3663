//! Two stores lie at two places.

use std::collections::BTreeMap;

use super::Scene;
use crate::check::place::Place;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::StoreKind;

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    let mut places = BTreeMap::new();
    for store in &scene.plan.stores {
        let StoreKind::Local { path } = &store.kind;
        let place = Place::new(&path.value);
        match places.get(&place) {
            None => drop(places.insert(place, path.span)),
            Some(first) => {
                let (message, help) = ("two stores lie at the same place", "give one of them another folder");
                let found = Diagnostic::new(&codes::target::SAME_PLACE, message, path.span, "the same folder", help);
                out.push(found.also(*first, "first used here"));
            }
        }
    }
}
