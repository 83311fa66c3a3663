//! `backup "name" { … }`

use super::form::{Cron, Day, Level, MonthDay, ScheduleKind, Zone};
use super::view::View;
use super::vocabulary::{AFTER, ARCHIVE, BACKUP, GUARD, INTO_STORE, RETENTION, SCHEDULE, TAKES, TIMEOUT};
use super::waiver::waivers;
use super::word::Word;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::{Archive, ArchiveFormat, Backup, Guard, Retention, Rhythm, Schedule};
use crate::primitives::{Compression, Duration, JobName, Method, Name, Percentage, Spanned};
use crate::syntax::Node;

/// What holds for all backups of a plan.
pub(super) struct Context<'a> {
    /// The plan's time zone.
    pub(super) zone: &'a Spanned<String>,
}

/// The finest schedule.
const EVERY_SECONDS_MIN: u64 = 60;

/// The name, where there is one, and the backup, where enough of it could be read.
pub(super) fn backup(
    node: &Node,
    context: &Context<'_>,
    out: &mut Diagnostics,
) -> (Option<Spanned<Name>>, Option<Backup>) {
    let mut view = View::new(node, &BACKUP, out);
    let name = view.argument::<Name>();
    let schedule = view.child(&SCHEDULE).and_then(|node| schedule(node, context.zone, view.out));
    let archive = view.child(&ARCHIVE).and_then(|node| archive(node, view.out));
    let store = value(&mut view, &INTO_STORE);
    let retention = view.child(&RETENTION).map(|node| retention(node, view.out));
    let guard = view.child(&GUARD).map_or_else(Guard::default, |node| guard(node, view.out));
    let (takes, timeout) = (value(&mut view, &TAKES), value(&mut view, &TIMEOUT));
    let after = after(&mut view);
    let waivers = waivers(&mut view, node.body);
    view.finish();
    let backup = name.clone().zip(archive.zip(store)).map(|(name, (archive, store))| {
        let span = node.header;
        Backup { name, schedule, archive, store, retention, guard, takes, timeout, after, waivers, span }
    });
    (name, backup)
}

/// The argument of a word that takes one value alone.
pub(super) fn value<T: super::form::Readable>(block: &mut View<'_, '_>, word: &'static Word) -> Option<Spanned<T>> {
    let node = block.child(word)?;
    let mut view = View::new(node, word, block.out);
    let value = view.argument();
    view.finish();
    value
}

fn archive(node: &Node, out: &mut Diagnostics) -> Option<Archive> {
    let mut view = View::new(node, &ARCHIVE, out);
    let format = view.argument::<ArchiveFormat>();
    let method = view.property::<Method>("method").map_or(Method::Deflate, |method| method.value);
    let level = view.property::<Level>("level");
    view.finish();
    let compression = match Compression::new(method, level.as_ref().map(|level| level.value.0)) {
        Ok(compression) => compression,
        Err(refused) => {
            let span = level.map_or(node.header, |level| level.span);
            let help = format!("write {}", refused.help);
            out.push(Diagnostic::new(&codes::value::BAD_LEVEL, refused.problem, span, "this level", help));
            return None;
        }
    };
    Some(Archive { format: format?.value, compression })
}

fn after(block: &mut View<'_, '_>) -> Vec<Spanned<JobName>> {
    let mut jobs = Vec::new();
    for node in block.children(&AFTER) {
        let mut view = View::new(node, &AFTER, block.out);
        jobs.extend(view.arguments());
        view.finish();
    }
    jobs
}

fn retention(node: &Node, out: &mut Diagnostics) -> Retention {
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

fn schedule(node: &Node, zone: &Spanned<String>, out: &mut Diagnostics) -> Option<Schedule> {
    let mut view = View::new(node, &SCHEDULE, out);
    let rhythm = match view.optional_argument() {
        (Some(kind), _) => calendar(kind.value, &mut view),
        // Which properties belong to a kind that cannot be read is not known.
        (None, true) => {
            view.forgive_rest();
            None
        }
        (None, false) => free(&mut view),
    };
    let timezone = view.property::<Zone>("timezone").map(|zone| zone.map(|zone| zone.0));
    view.finish();
    Some(Schedule { rhythm: rhythm?, timezone: timezone.unwrap_or_else(|| zone.clone()), span: node.header })
}

fn calendar(kind: ScheduleKind, view: &mut View<'_, '_>) -> Option<Rhythm> {
    let rhythm = match kind {
        ScheduleKind::Daily => {
            view.called("a \"daily\" schedule");
            Rhythm::Daily { at: view.needed("at")?.value }
        }
        ScheduleKind::Weekly => {
            view.called("a \"weekly\" schedule");
            let (weekday, at) = (view.needed("weekday"), view.needed("at"));
            Rhythm::Weekly { weekday: weekday?.value, at: at?.value }
        }
        ScheduleKind::Monthly => {
            view.called("a \"monthly\" schedule");
            let (day, at) = (view.needed::<Day>("day"), view.needed("at"));
            Rhythm::Monthly { day: day?.value.0, at: at?.value }
        }
        ScheduleKind::Yearly => {
            view.called("a \"yearly\" schedule");
            let (date, at) = (view.needed::<MonthDay>("date"), view.needed("at"));
            let MonthDay { month, day } = date?.value;
            Rhythm::Yearly { month, day, at: at?.value }
        }
    };
    Some(rhythm)
}

/// A schedule without a kind.
fn free(view: &mut View<'_, '_>) -> Option<Rhythm> {
    if view.has("every") {
        view.called("a schedule with `every`");
        let period = view.needed::<Duration>("every")?;
        if period.value.seconds < EVERY_SECONDS_MIN {
            let message = format!("a schedule every {} is finer than a minute", period.value);
            let help = "write \"1m\" or more";
            view.out.push(Diagnostic::new(&codes::value::TOO_OFTEN, message, period.span, "this value", help));
            return None;
        }
        return Some(Rhythm::Every { period: period.value });
    }
    if view.has("cron") {
        view.called("a schedule with `cron`");
        let expression = view.needed::<Cron>("cron")?.value.0;
        return Some(Rhythm::Cron { expression });
    }
    if !view.node.broken {
        let message = "`schedule` does not say when";
        let help =
            "write a kind behind it (\"daily\", \"weekly\", \"monthly\" or \"yearly\"), or `every=…`, or `cron=…`";
        let span = view.node.header;
        view.out.push(Diagnostic::new(&codes::word::MISSING_ARGUMENT, message, span, "no kind", help));
    }
    view.forgive_rest();
    None
}
