//! `verify`, `drill` and `announce`.

use super::form::Text;
use super::schedule::schedule;
use super::view::View;
use super::vocabulary::{
    ANNOUNCE, ASKS, DEPTH, DRILL, PUBLISH, RESTORES, SCHEDULE, SCRATCH, SIGN_OFF, TAKES, TARGETS, VERIFY,
};
use super::waiver::waivers;
use crate::diagnostic::Diagnostics;
use crate::plan::{Announce, Drill, SignOff, Verify};
use crate::primitives::{Name, Spanned};
use crate::syntax::Node;

/// The name, where there is one, and what is looked at, where enough of it could be read. `zone` is the plan's.
pub(super) fn verify(
    node: &Node,
    zone: &Spanned<String>,
    out: &mut Diagnostics,
) -> (Option<Spanned<Name>>, Option<Verify>) {
    let mut view = View::new(node, &VERIFY, out);
    let name = view.argument::<Name>();
    let schedule = view.child(&SCHEDULE).and_then(|node| schedule(node, zone, view.out));
    let targets = view.values_of(&TARGETS);
    let (depth, takes) = (view.value_of(&DEPTH), view.value_of(&TAKES));
    let sign_off = view.child(&SIGN_OFF).and_then(|node| sign_off(node, view.out));
    let waivers = waivers(&mut view, node.body);
    view.finish();
    let span = node.header;
    let verify = name.clone().zip(depth).map(|(name, depth)| Verify {
        name,
        schedule,
        targets,
        depth,
        sign_off,
        takes,
        waivers,
        span,
    });
    (name, verify)
}

/// The name, where there is one, and what is practised. `zone` is the plan's.
pub(super) fn drill(
    node: &Node,
    zone: &Spanned<String>,
    out: &mut Diagnostics,
) -> (Option<Spanned<Name>>, Option<Drill>) {
    let mut view = View::new(node, &DRILL, out);
    let name = view.argument::<Name>();
    let schedule = view.child(&SCHEDULE).and_then(|node| schedule(node, zone, view.out));
    let restores = view.values_of(&RESTORES);
    let scratch = view.text_of(&SCRATCH);
    let sign_off = view.child(&SIGN_OFF).and_then(|node| sign_off(node, view.out));
    let waivers = waivers(&mut view, node.body);
    view.finish();
    let span = node.header;
    let drill = name.clone().map(|name| Drill { name, schedule, restores, scratch, sign_off, waivers, span });
    (name, drill)
}

fn sign_off(node: &Node, out: &mut Diagnostics) -> Option<SignOff> {
    let mut view = View::new(node, &SIGN_OFF, out);
    let (role, within) = (view.property("role"), view.property("within"));
    view.finish();
    Some(SignOff { role: role?, within, span: node.header })
}

/// The name, where there is one, and the notice, where enough of it could be read.
pub(super) fn announce(node: &Node, out: &mut Diagnostics) -> (Option<Spanned<Name>>, Option<Announce>) {
    let mut view = View::new(node, &ANNOUNCE, out);
    let name = view.argument::<Name>();
    let within = view.property("within");
    let asks = view.texts_of(&ASKS);
    let publish = view.child(&PUBLISH).and_then(|node| {
        let mut view = View::new(node, &PUBLISH, view.out);
        let command = view.property::<Text>("command");
        view.finish();
        command.map(|command| command.map(|command| command.0))
    });
    let waivers = waivers(&mut view, node.body);
    view.finish();
    let span = node.header;
    let known = name.clone().zip(within.zip(publish));
    let announce = known.map(|(name, (within, publish))| Announce { name, within, asks, publish, waivers, span });
    (name, announce)
}
