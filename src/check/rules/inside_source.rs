//! A store does not lie inside what is backed up to it.

use std::collections::BTreeMap;

use super::Scene;
use crate::check::globs::LeftOut;
use crate::check::place::Place;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::{Files, Source, Store, Target};
use crate::primitives::{Name, Spanned};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    let local = scene.stores.iter().filter_map(|(name, store)| Some((*name, (*store, store.kind.local()?))));
    let stores: Stores<'_> =
        local.map(|(name, (store, path))| (name, (store, path, Place::new(&path.value)))).collect();
    for target in &scene.plan.targets {
        if let Some(files) = target.source.as_ref().and_then(Source::files) {
            of_target(&stores, target, files, out);
        }
    }
}

/// The stores that are folders of this host by name, each with its path and place.
type Stores<'p> = BTreeMap<&'p Name, (&'p Store, &'p Spanned<String>, Place<'p>)>;

fn of_target(stores: &Stores<'_>, target: &Target, files: &Files, out: &mut Diagnostics) {
    let left_out = LeftOut::new(&files.exclude);
    let roots: Vec<_> = files.roots.iter().map(|root| (Place::new(&root.value), root)).collect();
    for named in target.backups.iter().flat_map(Scene::stores_of) {
        let Some((store, path, place)) = stores.get(&named.value) else { continue };
        for (around, root) in &roots {
            if place.below(around).is_some_and(|below| left_out.leaves_in(below)) {
                out.push(inside(store, path, root, named));
            }
        }
    }
}

fn inside(store: &Store, path: &Spanned<String>, root: &Spanned<String>, named: &Spanned<Name>) -> Diagnostic {
    let message = format!("the store \"{}\" lies inside what is backed up to it", store.name.value);
    let help = "leave it out with `exclude`, or put the store elsewhere";
    let label = "this folder would be packed into itself";
    let found = Diagnostic::new(&codes::target::INSIDE_SOURCE, message, path.span, label, help);
    found.also(root.span, "inside this one").also(named.span, "which is backed up to it here")
}
