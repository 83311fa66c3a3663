//! `backup "name" { … }`

use super::schedule::schedule;
use super::view::View;
use super::vocabulary::{
    AFTER, AFTER_BACKUP, ARCHIVE, BACKUP, BEFORE_BACKUP, BINARY_LOG, COPY, DUMP, GUARD, INTO_STORE, POINT_IN_TIME,
    PRIORITY, REMOVE_ORIGINALS, RETENTION, SCHEDULE, SELECT, SNAPSHOT, TAKES, TIMEOUT,
};
use super::waiver::waivers;
use super::way;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::{Backup, Guard, Retention, Way};
use crate::primitives::{Name, Percentage, Spanned};
use crate::syntax::Node;

/// What holds for all backups of a plan.
pub(super) struct Context<'a> {
    /// The plan's time zone.
    pub(super) zone: &'a Spanned<String>,
}

/// The name, where there is one, and the backup, where enough of it could be read.
pub(super) fn backup(
    node: &Node,
    context: &Context<'_>,
    out: &mut Diagnostics,
) -> (Option<Spanned<Name>>, Option<Backup>) {
    let mut view = View::new(node, &BACKUP, out);
    let name = view.argument::<Name>();
    let schedule = view.child(&SCHEDULE).and_then(|node| schedule(node, context.zone, view.out));
    let way = way(&mut view);
    let retention = view.child(&RETENTION).map(|node| retention(node, view.out));
    let guard = view.child(&GUARD).map_or_else(Guard::default, |node| guard(node, view.out));
    let (takes, timeout) = (view.value_of(&TAKES), view.value_of(&TIMEOUT));
    let after = view.values_of(&AFTER);
    let (before_backup, after_backup) = (view.texts_of(&BEFORE_BACKUP), view.texts_of(&AFTER_BACKUP));
    let priority = view.value_of(&PRIORITY);
    let waivers = waivers(&mut view, node.body);
    view.finish();
    let backup = name.clone().zip(way).map(|(name, way)| Backup {
        name,
        schedule,
        way,
        retention,
        guard,
        takes,
        timeout,
        after,
        before_backup,
        after_backup,
        priority,
        waivers,
        span: node.header,
    });
    (name, backup)
}

/// How it is made: by exactly one of five words.
fn way(view: &mut View<'_, '_>) -> Option<Way> {
    let (word, node) = view.one_of(&[&ARCHIVE, &DUMP, &BINARY_LOG, &POINT_IN_TIME, &SNAPSHOT])?;
    let is_kept_by_rds = std::ptr::eq(word, &raw const POINT_IN_TIME) || std::ptr::eq(word, &raw const SNAPSHOT);
    if !is_kept_by_rds {
        let content = way::content(node, word, view.out);
        return way::stored(view, content, node.header).map(Way::Stored);
    }
    view.called(format!("a backup with `{}`", word.name));
    for stranger in [&INTO_STORE, &SELECT, &COPY, &REMOVE_ORIGINALS, &GUARD, &BEFORE_BACKUP, &AFTER_BACKUP, &PRIORITY] {
        view.refuse(stranger, "remove it: RDS makes and keeps the backup, and nothing of it passes through a host");
    }
    if std::ptr::eq(word, &raw const POINT_IN_TIME) {
        way::point_in_time(node, view.out).map(Way::PointInTime)
    } else {
        Some(Way::Snapshot(way::snapshot(node, view.out)))
    }
}

pub(super) fn retention(node: &Node, out: &mut Diagnostics) -> Retention {
    let mut view = View::new(node, &RETENTION, out);
    let retention = Retention {
        generations: view.property("generations"),
        within: view.property("within"),
        hourly: view.property("hourly"),
        daily: view.property("daily"),
        weekly: view.property("weekly"),
        monthly: view.property("monthly"),
        yearly: view.property("yearly"),
        span: node.header,
    };
    view.finish();
    retention
}

fn guard(node: &Node, out: &mut Diagnostics) -> Guard {
    let mut view = View::new(node, &GUARD, out);
    let usual = Guard::default();
    let (shrink, delete) = (view.property::<Percentage>("shrink"), view.property::<Percentage>("delete"));
    // What stands there and is neither is reported as that.
    if node.entries.is_empty() && !node.broken {
        let help = "write `shrink=…` or `delete=…` behind it: a whole number from 0 to 100 and `%`, as in \"50%\"";
        let (span, label) = (node.header, "neither is there");
        let message = "`guard` lacks `shrink` or `delete`";
        view.out.push(Diagnostic::new(&codes::word::MISSING_PROPERTY, message, span, label, help));
    }
    view.finish();
    Guard {
        shrink: shrink.map_or(usual.shrink, |shrink| shrink.value),
        delete: delete.map_or(usual.delete, |delete| delete.value),
    }
}
