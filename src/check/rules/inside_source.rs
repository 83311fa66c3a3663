//! A store does not lie inside what is backed up to it.

use globset::GlobSet;

use super::Scene;
use crate::check::globs::compile;
use crate::check::place::Place;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::{Backup, Files, Source, Store, StoreKind, Target};
use crate::primitives::Spanned;

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for target in &scene.plan.targets {
        let Some(Source::Files(files)) = &target.source else { continue };
        // Where the globs are wrong, that is told by their own rule.
        if let Ok(excluded) = compile(&files.exclude) {
            of_target(scene, target, files, &excluded, out);
        }
    }
}

fn of_target(scene: &Scene<'_>, target: &Target, files: &Files, excluded: &GlobSet, out: &mut Diagnostics) {
    let roots: Vec<_> = files.roots.iter().map(|root| (Place::new(&root.value), root)).collect();
    for backup in &target.backups {
        let Some(store) = scene.stores.get(&backup.store.value) else { continue };
        let StoreKind::Local { path } = &store.kind;
        let place = Place::new(&path.value);
        for (around, root) in &roots {
            if place.below(around).is_some_and(|below| !is_excluded(excluded, below)) {
                out.push(inside(store, path, root, backup));
            }
        }
    }
}

/// Whether a glob leaves the path out, or a folder above it.
fn is_excluded(excluded: &GlobSet, below: &[&str]) -> bool {
    let above = (1..=below.len()).filter_map(|length| below.get(..length));
    !excluded.is_empty() && above.into_iter().any(|parts| excluded.is_match(parts.join("/")))
}

fn inside(store: &Store, path: &Spanned<String>, root: &Spanned<String>, backup: &Backup) -> Diagnostic {
    let message = format!("the store \"{}\" lies inside what is backed up to it", store.name.value);
    let help = "leave it out with `exclude`, or put the store elsewhere";
    let label = "this folder would be packed into itself";
    let found = Diagnostic::new(&codes::target::INSIDE_SOURCE, message, path.span, label, help);
    found.also(root.span, "inside this one").also(backup.store.span, "which is backed up to it here")
}
