//! `target "name" { … }`

use super::backup::{Context, backup};
use super::source::source;
use super::view::View;
use super::vocabulary::{BACKUP, HOSTS, NO_BACKUP, OBJECTIVE};
use super::waiver::waivers;
use super::word::Word;
use super::{Declared, damaged};
use crate::diagnostic::{Diagnostic, Diagnostics, codes::word as codes};
use crate::plan::{Backup, BrokenBlock, Objective, Target};
use crate::primitives::{Name, Spanned};
use crate::syntax::Node;

/// The name, where there is one, and the target, where it has one. A template's block is read as one, by its own `word`.
pub(super) fn target(
    node: &Node,
    word: &'static Word,
    zone: &Spanned<String>,
    broken: &mut Vec<BrokenBlock>,
    out: &mut Diagnostics,
) -> (Option<Spanned<Name>>, Option<Target>) {
    let mut view = View::new(node, word, out);
    let name = view.argument::<Name>();
    // Properties are the target's own.
    let area = if word.properties.is_empty() { None } else { view.property::<Name>("area") };
    let hosts = view.values_of(&HOSTS);
    let source = source(&mut view);
    let no_backup = view.text_of(&NO_BACKUP);
    let objective = view.child(&OBJECTIVE).map(|node| objective(node, view.out));
    let backups = backups(&mut view, name.as_ref(), zone, broken);
    let waivers = waivers(&mut view, node.body);
    view.finish();
    let span = node.header;
    let target =
        name.clone().map(|name| Target { name, area, hosts, source, backups, no_backup, objective, waivers, span });
    (name, target)
}

fn backups(
    block: &mut View<'_, '_>,
    target: Option<&Spanned<Name>>,
    zone: &Spanned<String>,
    broken: &mut Vec<BrokenBlock>,
) -> Vec<Backup> {
    let mut declared = Declared::new("backup");
    let mut backups = Vec::new();
    for node in block.children(&BACKUP) {
        let before = block.out.len();
        let (name, backup) = backup(node, &Context { zone }, block.out);
        if block.out.len() > before || damaged(node) {
            let (name, owner) = (name.as_ref().map(|name| name.value.clone()), target.map(|name| name.value.clone()));
            broken.push(BrokenBlock { kind: "backup", name, owner });
        }
        if name.is_none_or(|name| declared.first(&name, block.out)) {
            backups.extend(backup);
        }
    }
    backups
}

fn objective(node: &Node, out: &mut Diagnostics) -> Objective {
    let mut view = View::new(node, &OBJECTIVE, out);
    let (rpo, rto, any_point) = (view.property("rpo"), view.property("rto"), view.property("any-point"));
    if node.entries.is_empty() && !node.broken {
        let (message, help) = ("`objective` promises nothing", "write `rpo=…`, `rto=…` or `any-point=…` behind it");
        let label = "none of them is here";
        view.out.push(Diagnostic::new(&codes::MISSING_PROPERTY, message, node.name.span, label, help));
    }
    view.finish();
    Objective { rpo, rto, any_point, span: node.header }
}
