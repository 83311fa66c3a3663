//! Roles that are named are declared, have somebody, and are waited for.

use std::collections::BTreeSet;

use super::Scene;
use crate::check::scene::known_names;
use crate::diagnostic::{Diagnostic, Diagnostics, codes::people as codes};
use crate::plan::RestoreStep;
use crate::primitives::{Name, Spanned};

/// Names that lead nowhere, and roles that nobody has.
pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for role in named(scene).filter(|role| !scene.is_broken("role", &role.value)) {
        if !scene.roles.contains_key(&role.value) {
            let help = known_names(role.value.as_str(), "role", scene.roles.keys().map(|name| name.as_str()));
            let message = format!("no role is called \"{}\"", role.value);
            out.push(Diagnostic::new(&codes::UNKNOWN_ROLE, message, role.span, "not declared", help));
        }
    }
    for role in &scene.plan.roles {
        let name = &role.name;
        if role.members.is_empty() && !scene.is_broken("role", &name.value) {
            let help = "write `member \"a-person@example.org\" user=\"account\"` in its block";
            let message = format!("nobody has the role \"{}\"", name.value);
            out.push(Diagnostic::new(&codes::EMPTY_ROLE, message, name.span, "no `member`", help));
        }
    }
}

/// Roles that nothing waits for.
pub(super) fn unused(scene: &Scene<'_>, out: &mut Diagnostics) {
    if ["restore", "verify", "drill"].iter().any(|kind| scene.any_broken(kind)) {
        return;
    }
    let named: BTreeSet<&Name> = named(scene).map(|role| &role.value).collect();
    for role in scene.plan.roles.iter().filter(|role| !named.contains(&role.name.value)) {
        let message = format!("nothing waits for the role \"{}\"", role.name.value);
        let help = "name it in an `approve` or a `sign-off`, or remove it";
        out.push(Diagnostic::new(&codes::UNUSED_ROLE, message, role.name.span, "not named anywhere", help));
    }
}

fn named<'p>(scene: &Scene<'p>) -> impl Iterator<Item = &'p Spanned<Name>> + use<'p> {
    let approvals = scene.plan.restores.iter().flat_map(Scene::steps).filter_map(|step| match step {
        RestoreStep::Approve(approve) => Some(&approve.by),
        _ => None,
    });
    let verifies = scene.plan.verifies.iter().filter_map(|verify| verify.sign_off.as_ref());
    let drills = scene.plan.drills.iter().filter_map(|drill| drill.sign_off.as_ref());
    approvals.chain(verifies.chain(drills).map(|sign_off| &sign_off.role))
}
