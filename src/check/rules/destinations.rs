//! No two steps of a restore write to one folder.

use std::collections::BTreeMap;

use super::Scene;
use crate::check::place::Place;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for restore in &scene.plan.restores {
        let mut places = BTreeMap::new();
        for recover in Scene::recoveries(restore) {
            let Some(into) = recover.into.local() else { continue };
            let (place, span) = (Place::new(&into.value), into.span);
            match places.get(&place) {
                None => drop(places.insert(place, span)),
                Some(first) => {
                    let message = "two steps of a restore write to the same folder";
                    let help = "give one of them another folder";
                    let label = "the same folder";
                    let found = Diagnostic::new(&codes::restore::SAME_DESTINATION, message, span, label, help);
                    out.push(found.also(*first, "first written here"));
                }
            }
        }
    }
}
