//! `target "name" { … }`

use super::backup::{Context, backup};
use super::form::Text;
use super::store::texts;
use super::view::View;
use super::vocabulary::{ALLOW_EMPTY, ALLOW_UNMOUNTED, BACKUP, EXCLUDE, FILES, NO_BACKUP, OBJECTIVE, ONE_FILE_SYSTEM};
use super::waiver::waivers;
use super::word::Word;
use super::{Declared, damaged};
use crate::diagnostic::{Diagnostic, Diagnostics, codes::word as codes};
use crate::plan::{Backup, BrokenBlock, Files, Objective, Source, Target};
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
    let source = view.child(&FILES).map(|node| Source::Files(files(node, view.out)));
    let no_backup = view.child(&NO_BACKUP).and_then(|node| reason(node, view.out));
    let objective = view.child(&OBJECTIVE).map(|node| objective(node, view.out));
    let backups = backups(&mut view, name.as_ref(), zone, broken);
    let waivers = waivers(&mut view, node.body);
    view.finish();
    let span = node.header;
    let target = name.clone().map(|name| Target { name, area, source, backups, no_backup, objective, waivers, span });
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

fn files(node: &Node, out: &mut Diagnostics) -> Files {
    let mut view = View::new(node, &FILES, out);
    let roots = view.arguments::<Text>().into_iter().map(|root| root.map(|root| root.0)).collect();
    let exclude = texts(&mut view, &EXCLUDE);
    let allow_empty = is_said(&mut view, &ALLOW_EMPTY);
    let allow_unmounted = is_said(&mut view, &ALLOW_UNMOUNTED);
    let one_file_system = is_said(&mut view, &ONE_FILE_SYSTEM);
    view.finish();
    Files { roots, exclude, allow_empty, allow_unmounted, one_file_system, span: node.header }
}

/// Whether a word that says all by itself is there.
fn is_said(block: &mut View<'_, '_>, word: &'static Word) -> bool {
    let node = block.child(word);
    node.map(|node| View::new(node, word, block.out).finish()).is_some()
}

fn reason(node: &Node, out: &mut Diagnostics) -> Option<Spanned<String>> {
    let mut view = View::new(node, &NO_BACKUP, out);
    let reason = view.argument::<Text>();
    view.finish();
    reason.map(|reason| reason.map(|reason| reason.0))
}

fn objective(node: &Node, out: &mut Diagnostics) -> Objective {
    let mut view = View::new(node, &OBJECTIVE, out);
    let (rpo, rto) = (view.property("rpo"), view.property("rto"));
    if node.entries.is_empty() && !node.broken {
        let (message, help) = ("`objective` promises nothing", "write `rpo=…`, `rto=…` or both behind it");
        let label = "neither `rpo` nor `rto`";
        view.out.push(Diagnostic::new(&codes::MISSING_PROPERTY, message, node.name.span, label, help));
    }
    view.finish();
    Objective { rpo, rto, span: node.header }
}
