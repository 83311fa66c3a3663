//! A store does not lie inside what is backed up to it.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use globset::GlobSet;

use super::Scene;
use crate::check::globs::compile;
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
    // Seldom needed, and slow to make. Where the globs are wrong, that is told by their own rule.
    let excluded = OnceCell::new();
    let is_packed = |below: &[&str]| {
        let excluded = excluded.get_or_init(|| compile(&files.exclude).ok());
        excluded.as_ref().is_some_and(|excluded| !is_excluded(excluded, below))
    };
    let roots: Vec<_> = files.roots.iter().map(|root| (Place::new(&root.value), root)).collect();
    for backup in &target.backups {
        let Some(to) = backup.store() else { continue };
        let Some((store, path, place)) = stores.get(&to.value) else { continue };
        for (around, root) in &roots {
            if place.below(around).is_some_and(is_packed) {
                out.push(inside(store, path, root, to));
            }
        }
    }
}

/// Whether a glob leaves the path out, or a folder above it.
fn is_excluded(excluded: &GlobSet, below: &[&str]) -> bool {
    let above = (1..=below.len()).filter_map(|length| below.get(..length));
    !excluded.is_empty() && above.into_iter().any(|parts| excluded.is_match(parts.join("/")))
}

fn inside(store: &Store, path: &Spanned<String>, root: &Spanned<String>, to: &Spanned<Name>) -> Diagnostic {
    let message = format!("the store \"{}\" lies inside what is backed up to it", store.name.value);
    let help = "leave it out with `exclude`, or put the store elsewhere";
    let label = "this folder would be packed into itself";
    let found = Diagnostic::new(&codes::target::INSIDE_SOURCE, message, path.span, label, help);
    found.also(root.span, "inside this one").also(to.span, "which is backed up to it here")
}
