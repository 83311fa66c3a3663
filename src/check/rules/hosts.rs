//! Hosts that are named are declared, and all targets that are of a host say of which, once one does.

use super::Scene;
use crate::check::scene::known_names;
use crate::diagnostic::{Diagnostic, Diagnostics, codes::people as codes};
use crate::plan::{Input, RestoreStep, Source, Target};
use crate::primitives::{Name, Spanned};

/// Steps on hosts that nobody can reach.
pub(super) fn unreached(scene: &Scene<'_>, out: &mut Diagnostics) {
    let is_done_there = |step: &&RestoreStep| !matches!(step, RestoreStep::Probe(_));
    let steps = scene.plan.restores.iter().flat_map(Scene::steps).filter(is_done_there);
    for at in steps.filter_map(RestoreStep::host).filter_map(named) {
        let Some(host) = scene.hosts.get(&at.value).filter(|host| host.ssh.is_none()) else { continue };
        let message = format!("nothing says how the host \"{}\" is reached", at.value);
        let help = "write `ssh address=\"…\"` in its block, or leave `host` out where it is the host that restores";
        let found = Diagnostic::new(&codes::UNREACHED, message, at.span, "done there", help);
        out.push(found.also(host.name.span, "no `ssh`"));
    }
}

/// Hosts that are not declared, and targets without.
pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    let of_targets = scene.plan.targets.iter().flat_map(|target| &target.hosts);
    let of_steps: Vec<Spanned<Name>> =
        scene.plan.restores.iter().flat_map(Scene::steps).filter_map(RestoreStep::host).filter_map(named).collect();
    for host in of_targets.chain(&of_steps) {
        if !scene.hosts.contains_key(&host.value) && !scene.is_broken("host", &host.value) {
            let help = known_names(host.value.as_str(), "host", scene.hosts.keys().map(|name| name.as_str()));
            let message = format!("no host is called \"{}\"", host.value);
            out.push(Diagnostic::new(&codes::UNKNOWN_HOST, message, host.span, "not declared", help));
        }
    }
    let is_of_a_host = |target: &&Target| target.source.as_ref().is_some_and(Source::is_of_a_host);
    let targets = || scene.plan.targets.iter();
    if let Some(first) = targets().filter(is_of_a_host).find_map(|target| target.hosts.first()) {
        let without = targets().filter(is_of_a_host).filter(|target| target.hosts.is_empty());
        for name in without.map(|target| &target.name).filter(|name| !scene.is_broken("target", &name.value)) {
            let message = format!("the target \"{}\" does not say which hosts it is on", name.value);
            let help = "write `hosts \"…\"` in its block, with every host that has it";
            let found = Diagnostic::new(&codes::NO_HOSTS, message, name.span, "no `hosts`", help);
            out.push(found.also(first.span, "another target names its hosts here"));
        }
    }
    let of_none = targets().filter(|target| target.source.as_ref().is_some_and(|source| !source.is_of_a_host()));
    for (target, host) in of_none.filter_map(|target| Some((target, target.hosts.first()?))) {
        let message = format!("the target \"{}\" is of no host", target.name.value);
        let help = "remove the `hosts`";
        let label = "runs wherever its provider runs it";
        let found = Diagnostic::new(&codes::STRAY_HOSTS, message, host.span, "of this host", help);
        out.push(found.also(target.source.as_ref().map_or(target.span, Source::span), label));
    }
}

/// The host that is named, where it is one of the plan's and no address: those have a point or a colon, but for this machine itself.
fn named(host: &Spanned<Input>) -> Option<Spanned<Name>> {
    let Input::Text(text) = &host.value else { return None };
    let is_address = text.contains(['.', ':']) || text == "localhost";
    Some(Spanned::new(Name::parse(text).ok().filter(|_| !is_address)?, host.span))
}
