//! `store "name" { … }`

use std::num::NonZeroU32;

use super::form::Text;
use super::view::View;
use super::vocabulary::{ACCESS, LIMIT, LOCAL, PRUNE, READ, STORE, WRITE};
use super::waiver::waivers;
use super::word::Word;
use crate::diagnostic::Diagnostics;
use crate::plan::{Access, Store, StoreKind};
use crate::primitives::{Name, Spanned};
use crate::syntax::Node;

/// The name, where there is one, and the store, where enough of it could be read.
pub(super) fn store(node: &Node, out: &mut Diagnostics) -> (Option<Spanned<Name>>, Option<Store>) {
    let mut view = View::new(node, &STORE, out);
    let name = view.argument::<Name>();
    let kind = view.child(&LOCAL).and_then(|node| local(node, view.out));
    let side_by_side = view.child(&LIMIT).and_then(|node| limit(node, view.out));
    let access = view.child(&ACCESS).map(|node| access(node, view.out));
    let waivers = waivers(&mut view, node.body);
    view.finish();
    let span = node.header;
    let store = name.clone().zip(kind).map(|(name, kind)| Store { name, kind, side_by_side, access, waivers, span });
    (name, store)
}

fn local(node: &Node, out: &mut Diagnostics) -> Option<StoreKind> {
    let mut view = View::new(node, &LOCAL, out);
    let path = view.property::<Text>("path");
    view.finish();
    Some(StoreKind::Local { path: path?.map(|path| path.0) })
}

fn limit(node: &Node, out: &mut Diagnostics) -> Option<Spanned<NonZeroU32>> {
    let mut view = View::new(node, &LIMIT, out);
    let side_by_side = view.property("side-by-side");
    view.finish();
    side_by_side
}

fn access(node: &Node, out: &mut Diagnostics) -> Access {
    let mut view = View::new(node, &ACCESS, out);
    let write = texts(&mut view, &WRITE);
    let read = texts(&mut view, &READ);
    let prune = texts(&mut view, &PRUNE);
    view.finish();
    Access { write, read, prune, span: node.header }
}

/// The arguments of all nodes of a word that takes texts alone.
pub(super) fn texts(block: &mut View<'_, '_>, word: &'static Word) -> Vec<Spanned<String>> {
    let mut all = Vec::new();
    for node in block.children(word) {
        let mut view = View::new(node, word, block.out);
        all.extend(view.arguments::<Text>().into_iter().map(|text| text.map(|text| text.0)));
        view.finish();
    }
    all
}
