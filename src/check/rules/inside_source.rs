//! A store does not lie inside what is backed up to it.

use globset::{GlobBuilder, GlobMatcher};

use super::Scene;
use crate::check::place::Place;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::{Files, Source, StoreKind};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for (target, backup) in scene.backups() {
        let Some(store) = scene.stores.get(&backup.store.value) else { continue };
        let (StoreKind::Local { path }, Some(Source::Files(files))) = (&store.kind, &target.source) else { continue };
        let place = Place::new(&path.value);
        for root in &files.roots {
            let below = place.below(&Place::new(&root.value)).map(<[&str]>::to_vec);
            if below.is_some_and(|below| !is_excluded(files, &below)) {
                let message = format!("the store \"{}\" lies inside what is backed up to it", store.name.value);
                let help = "leave it out with `exclude`, or put the store elsewhere";
                let label = "this folder would be packed into itself";
                let found = Diagnostic::new(&codes::target::INSIDE_SOURCE, message, path.span, label, help);
                out.push(
                    found.also(root.span, "inside this one").also(backup.store.span, "which is backed up to it here"),
                );
            }
        }
    }
}

/// Whether a glob leaves the path out, or a folder above it.
fn is_excluded(files: &Files, below: &[&str]) -> bool {
    let glob = |text: &str| GlobBuilder::new(text).literal_separator(true).build().map(|glob| glob.compile_matcher());
    let globs: Vec<GlobMatcher> = files.exclude.iter().filter_map(|text| glob(&text.value).ok()).collect();
    (1..=below.len()).filter_map(|length| below.get(..length)).any(|parts| {
        let path = parts.join("/");
        globs.iter().any(|glob| glob.is_match(&path))
    })
}
