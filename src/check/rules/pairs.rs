//! Backups with folders and recoveries with backups are not too many pairs: each takes some hundred bytes of the graph, and a mebibyte of
//! text could make a thousand million of them.

use super::Scene;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::Source;

/// How many pairs a plan may have in all.
const PAIRS_MAX: usize = 200_000;

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    let looked_at = scene.plan.targets.iter().map(|target| {
        let Some(files) = target.source.as_ref().and_then(Source::files) else { return (target.name.span, 0) };
        let each = files.roots.len().saturating_add(files.exclude.len());
        (target.name.span, each.saturating_mul(target.backups.len()))
    });
    let recovered = scene.plan.restores.iter().flat_map(Scene::recoveries).map(|recover| {
        let target = scene.targets.get(&recover.target.value);
        (recover.target.span, target.map_or(0, |target| target.backups.len()))
    });
    let mut all = 0_usize;
    let beyond = looked_at.chain(recovered).find(|(_, pairs)| {
        all = all.saturating_add(*pairs);
        all > PAIRS_MAX
    });
    out.extend(beyond.map(|(span, _)| {
        let message = format!("the backups and recoveries of this plan come to more than {PAIRS_MAX} pairs");
        let help = "name a folder above several, back a target up in fewer ways, or make several plans of this one";
        Diagnostic::new(&codes::plan::TOO_MANY_PAIRS, message, span, "here it is too many", help)
    }));
}
