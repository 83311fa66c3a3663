//! `schedule`, in whichever block it stands.

use super::form::{Cron, Day, MonthDay, ScheduleKind, Zone};
use super::view::View;
use super::vocabulary::SCHEDULE;
use crate::diagnostic::codes::{value, word};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::{Rhythm, Schedule};
use crate::primitives::{Duration, Spanned};
use crate::syntax::Node;

/// The finest schedule.
const EVERY_SECONDS_MIN: u64 = 60;

/// When it is due. `zone` is the plan's.
pub(super) fn schedule(node: &Node, zone: &Spanned<String>, out: &mut Diagnostics) -> Option<Schedule> {
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
            view.out.push(Diagnostic::new(&value::TOO_OFTEN, message, period.span, "this value", help));
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
        view.out.push(Diagnostic::new(&word::MISSING_ARGUMENT, message, span, "no kind", help));
    }
    view.forgive_rest();
    None
}
