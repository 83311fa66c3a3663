//! `restore "name" { … }`

use super::backup::value;
use super::form::Text;
use super::view::View;
use super::vocabulary::{COMMAND, FROM, INTO, PARALLEL, PATH, PROBE, RECOVER, RESTORE};
use super::waiver::waivers;
use crate::diagnostic::{Diagnostic, Diagnostics, codes::word as codes};
use crate::plan::{Probe, ProbeKind, Recover, Restore, RestoreStep};
use crate::primitives::{Name, Spanned};
use crate::syntax::Node;

/// The name, where there is one, and the restore, where it has one.
pub(super) fn restore(node: &Node, out: &mut Diagnostics) -> (Option<Spanned<Name>>, Option<Restore>) {
    let mut view = View::new(node, &RESTORE, out);
    let name = view.argument::<Name>();
    let rto = view.property("rto");
    let steps = steps(node, view.out);
    let waivers = waivers(&mut view, node.body);
    view.finish();
    let restore = name.clone().map(|name| Restore { name, rto, steps, waivers, span: node.header });
    (name, restore)
}

/// The steps of a block, in the order written. It recurses as deep as the text was allowed to.
fn steps(block: &Node, out: &mut Diagnostics) -> Vec<RestoreStep> {
    let step = |node: &Node| match node.name.value.as_str() {
        name if name == RECOVER.name => recover(node, out).map(RestoreStep::Recover),
        name if name == PARALLEL.name => {
            View::new(node, &PARALLEL, out).finish();
            Some(RestoreStep::Parallel(steps(node, out)))
        }
        name if name == PROBE.name => probe(node, out).map(RestoreStep::Probe),
        _ => None,
    };
    block.children.iter().filter_map(step).collect()
}

fn recover(node: &Node, out: &mut Diagnostics) -> Option<Recover> {
    let mut view = View::new(node, &RECOVER, out);
    let target = view.argument::<Name>();
    let takes = view.property("takes");
    let from_host = view.child(&FROM).and_then(|node| {
        let mut view = View::new(node, &FROM, view.out);
        let host = view.property::<Text>("host");
        view.finish();
        host.map(|host| host.map(|host| host.0))
    });
    let into = view.child(&INTO).and_then(|node| {
        let mut view = View::new(node, &INTO, view.out);
        let path = view.property::<Text>("path");
        view.finish();
        path.map(|path| path.map(|path| path.0))
    });
    view.finish();
    Some(Recover { target: target?, from_host, into: into?, takes, span: node.header })
}

fn probe(node: &Node, out: &mut Diagnostics) -> Option<Probe> {
    let mut view = View::new(node, &PROBE, out);
    let name = view.argument::<Text>();
    let takes = view.property("takes");
    let path = value::<Text>(&mut view, &PATH);
    let command = view.child(&COMMAND).map(|node| {
        let mut view = View::new(node, &COMMAND, view.out);
        let argv: Vec<_> = view.arguments::<Text>();
        view.finish();
        argv.into_iter().map(|word| word.map(|word| word.0)).collect::<Vec<_>>()
    });
    one_way_to_look(&mut view);
    view.finish();
    let kind = match (path, command) {
        (Some(path), None) => ProbeKind::Path(path.map(|path| path.0)),
        (None, Some(argv)) if !argv.is_empty() => ProbeKind::Command(argv),
        _ => return None,
    };
    Some(Probe { name: name?.map(|name| name.0), kind, takes, span: node.header })
}

/// A probe looks in exactly one way.
fn one_way_to_look(view: &mut View<'_, '_>) {
    let node = view.node;
    match (view.child(&PATH), view.child(&COMMAND)) {
        (Some(path), Some(command)) => {
            let (first, again) = if path.body.start < command.body.start { (path, command) } else { (command, path) };
            let (message, help) = ("a probe looks in two ways", "write two probes, one for each");
            let diagnostic = Diagnostic::new(&codes::REPEATED_NODE, message, again.name.span, "and by this", help);
            view.out.push(diagnostic.also(first.name.span, "by this"));
        }
        (None, None) if node.children.is_empty() && !super::damaged(node) => {
            let (message, help) =
                ("a probe does not say how it looks", "write `path \"…\"` or `command \"…\"` in its block");
            view.out.push(Diagnostic::new(&codes::MISSING_NODE, message, node.name.span, "this probe", help));
        }
        _ => {}
    }
}
