//! What a verification selects is there, and has recovery points.

use std::collections::BTreeSet;

use super::Scene;
use crate::check::scene::known_names;
use crate::diagnostic::{Diagnostic, Diagnostics, codes::watch as codes};
use crate::plan::{Selector, Verify};
use crate::primitives::{Name, Spanned};

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    let areas: BTreeSet<&Name> =
        scene.plan.targets.iter().filter_map(|target| target.area.as_ref()).map(|area| &area.value).collect();
    for verify in &scene.plan.verifies {
        let unknown: Vec<_> = verify.targets.iter().filter_map(|selector| unknown(scene, &areas, selector)).collect();
        if unknown.is_empty() && !verify.targets.is_empty() && !scene.any_broken("target") {
            out.extend(nothing(scene, verify));
        }
        out.extend(unknown);
    }
}

fn unknown(scene: &Scene<'_>, areas: &BTreeSet<&Name>, selector: &Spanned<Selector>) -> Option<Diagnostic> {
    let (message, help) = match &selector.value {
        Selector::Area(area) if !areas.contains(area) && !scene.any_broken("target") => {
            let help = known_names(area.as_str(), "area", areas.iter().map(|name| name.as_str()));
            (format!("no target is of the area \"{area}\""), help)
        }
        Selector::Target(name) if !scene.targets.contains_key(name) && !scene.is_broken("target", name) => {
            let help = known_names(name.as_str(), "target", scene.targets.keys().map(|name| name.as_str()));
            (format!("no target is called \"{name}\""), help)
        }
        _ => return None,
    };
    Some(Diagnostic::new(&codes::UNKNOWN_SELECTED, message, selector.span, "selects nothing", help))
}

fn nothing(scene: &Scene<'_>, verify: &Verify) -> Option<Diagnostic> {
    let means = |selector: &Spanned<Selector>| {
        scene.plan.targets.iter().any(|target| selector.value.means(target) && !target.backups.is_empty())
    };
    if verify.targets.iter().any(means) {
        return None;
    }
    let message = format!("nothing that \"{}\" selects has a backup", verify.name.value);
    let span = verify.targets.first().map_or(verify.span, |selector| selector.span);
    let help = "select a target that is backed up";
    Some(Diagnostic::new(&codes::NOTHING_SELECTED, message, span, "not backed up", help))
}
