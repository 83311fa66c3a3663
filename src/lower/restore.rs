//! `restore "name" { … }`

use super::form::Moment;
use super::step;
use super::view::View;
use super::vocabulary::{
    ANNOUNCE_STEP, APPROVE, COMMAND_STEP, DEPLOY, LAUNCH, MOMENT, PARALLEL, PROBE, RECOVER, RESTORE, RESTORE_STEP,
    SWITCH,
};
use super::waiver::waivers;
use crate::diagnostic::Diagnostics;
use crate::plan::{Announcing, Included, Restore, RestoreStep, Switch};
use crate::primitives::{Duration, Name, Spanned};
use crate::syntax::Node;

/// The name, where there is one, and the restore, where it has one.
pub(super) fn restore(node: &Node, out: &mut Diagnostics) -> (Option<Spanned<Name>>, Option<Restore>) {
    let mut view = View::new(node, &RESTORE, out);
    let name = view.argument::<Name>();
    let rto = view.property("rto");
    let spread = view.child(&MOMENT).and_then(|node| moment(node, view.out));
    let steps = steps(node, view.out);
    let waivers = waivers(&mut view, node.body);
    view.finish();
    let restore = name.clone().map(|name| Restore { name, rto, spread, steps, waivers, span: node.header });
    (name, restore)
}

/// How far apart the data may be. There is no other moment than the one that holds by default.
fn moment(node: &Node, out: &mut Diagnostics) -> Option<Spanned<Duration>> {
    let mut view = View::new(node, &MOMENT, out);
    view.argument::<Moment>();
    let spread = view.property("spread");
    view.finish();
    spread
}

/// The steps of a block, in the order written. It recurses as deep as the text was allowed to.
fn steps(block: &Node, out: &mut Diagnostics) -> Vec<RestoreStep> {
    block.children.iter().filter_map(|node| one(node, out)).collect()
}

fn one(node: &Node, out: &mut Diagnostics) -> Option<RestoreStep> {
    let word = node.name.value.as_str();
    let is = |known: &super::Word| known.name == word;
    if is(&RECOVER) {
        step::recover(node, out).map(RestoreStep::Recover)
    } else if is(&PARALLEL) {
        View::new(node, &PARALLEL, out).finish();
        Some(RestoreStep::Parallel(steps(node, out)))
    } else if is(&PROBE) {
        step::probe(node, out).map(RestoreStep::Probe)
    } else if is(&APPROVE) {
        step::approve(node, out).map(RestoreStep::Approve)
    } else if is(&LAUNCH) {
        step::launch(node, out).map(RestoreStep::Launch)
    } else if is(&DEPLOY) {
        step::deploy(node, out).map(RestoreStep::Deploy)
    } else if is(&COMMAND_STEP) {
        step::command(node, out).map(RestoreStep::Command)
    } else if is(&SWITCH) {
        switch(node, out).map(RestoreStep::Switch)
    } else if is(&ANNOUNCE_STEP) {
        announce(node, out).map(RestoreStep::Announce)
    } else if is(&RESTORE_STEP) {
        included(node, out).map(RestoreStep::Restore)
    } else {
        None
    }
}

fn switch(node: &Node, out: &mut Diagnostics) -> Option<Switch> {
    let mut view = View::new(node, &SWITCH, out);
    let target = view.argument::<Name>();
    let takes = view.property("takes");
    view.finish();
    Some(Switch { target: target?, takes, span: node.header })
}

fn announce(node: &Node, out: &mut Diagnostics) -> Option<Announcing> {
    let mut view = View::new(node, &ANNOUNCE_STEP, out);
    let announce = view.argument::<Name>();
    let takes = view.property("takes");
    view.finish();
    Some(Announcing { announce: announce?, takes, span: node.header })
}

fn included(node: &Node, out: &mut Diagnostics) -> Option<Included> {
    let mut view = View::new(node, &RESTORE_STEP, out);
    let restore = view.argument::<Name>();
    view.finish();
    Some(Included { restore: restore?, span: node.header })
}
