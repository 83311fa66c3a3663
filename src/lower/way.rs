//! How a backup is made: `archive`, `dump`, `binary-log`, `point-in-time`, `snapshot`, and what goes with it.

use std::num::NonZeroU32;

use super::backup::retention;
use super::form::Level;
use super::view::View;
use super::vocabulary::{
    ARCHIVE, COPY, DUMP, INTO_STORE, POINT_IN_TIME, REMOVE_ORIGINALS, RETENTION, SELECT, SNAPSHOT, TAKES,
};
use super::word::Word;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::{Archive, ArchiveFormat, Content, CopyTo, Drift, PointInTime, Select, Selection, Snapshot, Stored};
use crate::primitives::{Compression, Method, Span, Spanned};
use crate::syntax::Node;

/// What a recovery point is made of; `word` is one of those that say so.
pub(super) fn content(node: &Node, word: &'static Word, out: &mut Diagnostics) -> Option<Content> {
    let mut view = View::new(node, word, out);
    let format = if std::ptr::eq(word, &raw const ARCHIVE) {
        view.argument::<ArchiveFormat>().map(|format| format.value)
    } else {
        None
    };
    let compression = compression(&mut view);
    view.finish();
    let compression = compression?;
    match word.name {
        name if name == ARCHIVE.name => Some(Content::Archive(Archive { format: format?, compression })),
        name if name == DUMP.name => Some(Content::Dump(compression)),
        _ => Some(Content::BinaryLog(compression)),
    }
}

fn compression(view: &mut View<'_, '_>) -> Option<Compression> {
    let method = view.property::<Method>("method").map_or(Method::Deflate, |method| method.value);
    let level = view.property::<Level>("level");
    match Compression::new(method, level.as_ref().map(|level| level.value.0)) {
        Ok(compression) => Some(compression),
        Err(refused) => {
            let span = level.map_or(view.node.header, |level| level.span);
            let help = format!("write {}", refused.help);
            view.out.push(Diagnostic::new(&codes::value::BAD_LEVEL, refused.problem, span, "this level", help));
            None
        }
    }
}

/// What is put into a store, read from the backup's block; none where it lacks one.
pub(super) fn stored(block: &mut View<'_, '_>, content: Option<Content>, span: Span) -> Option<Stored> {
    let store = block.value_of(&INTO_STORE);
    if block.child(&INTO_STORE).is_none() && !block.may_hold_more() {
        let (message, help) = ("`backup` lacks `store`", "write `store` in its block. Where the backup is put.");
        let header = block.node.header;
        block.out.push(Diagnostic::new(&codes::word::MISSING_NODE, message, header, "`store` is missing", help));
    }
    let select = block.child(&SELECT).and_then(|node| select(node, block.out));
    let remove_originals = block.said(&REMOVE_ORIGINALS);
    let copies = block.children(&COPY).filter_map(|node| copy(node, block.out)).collect();
    Some(Stored { content: content?, store: store?, select, remove_originals, copies, span })
}

fn select(node: &Node, out: &mut Diagnostics) -> Option<Select> {
    let mut view = View::new(node, &SELECT, out);
    let kind = view.argument::<Selection>();
    let kind_known = kind.as_ref().map(|kind| kind.value);
    let keep_newest = match kind_known {
        Some(Selection::UnshippedDays) => {
            view.called("a selection of \"unshipped-days\"");
            None
        }
        _ => view.property::<NonZeroU32>("keep-newest"),
    };
    view.finish();
    Some(Select { kind: kind_known?, keep_newest, span: node.header })
}

fn copy(node: &Node, out: &mut Diagnostics) -> Option<CopyTo> {
    let mut view = View::new(node, &COPY, out);
    let to: Option<Spanned<_>> = view.property("to");
    let retention = view.child(&RETENTION).map(|node| retention(node, view.out));
    let takes = view.value_of(&TAKES);
    view.finish();
    Some(CopyTo { to: to?, retention, takes, span: node.header })
}

/// Recovery to any moment, as RDS keeps it.
pub(super) fn point_in_time(node: &Node, out: &mut Diagnostics) -> Option<PointInTime> {
    let mut view = View::new(node, &POINT_IN_TIME, out);
    let (window, max_lag, check_every) =
        (view.property("window"), view.property("max-lag"), view.property("check-every"));
    let on_drift = view.property::<Drift>("on-drift").map_or(Drift::Tell, |drift| drift.value);
    view.finish();
    Some(PointInTime { window, max_lag: max_lag?, check_every, on_drift, span: node.header })
}

/// A snapshot, as RDS keeps it.
pub(super) fn snapshot(node: &Node, out: &mut Diagnostics) -> Snapshot {
    let mut view = View::new(node, &SNAPSHOT, out);
    let (copy_to, kms_key) = (view.text("copy-to"), view.text("kms-key"));
    view.finish();
    Snapshot { copy_to, kms_key, span: node.header }
}
