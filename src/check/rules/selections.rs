//! Selections by day are of files that are of a day, and what they keep does not replace each other.

use super::Scene;
use crate::diagnostic::{Diagnostic, Diagnostics, codes::way as codes};
use crate::plan::{Logs, Retention, Select, Source, Target};
use crate::primitives::Span;

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    out.extend(scene.plan.targets.iter().filter_map(no_days_to_rotate));
    for (target, backup) in scene.backups() {
        let Some(stored) = backup.stored().filter(|_| !scene.is_broken("target", &target.name.value)) else { continue };
        if let Some(select) = &stored.select {
            out.extend(no_days(target, select));
            let kept = backup.retention.iter().chain(stored.copies.iter().filter_map(|copy| copy.retention.as_ref()));
            out.extend(kept.filter_map(|retention| per_day(select, retention)));
        } else if let Some(span) = stored.remove_originals {
            let (message, help) =
                ("all originals would be removed", "write a `select` too, or leave `remove-originals` out");
            out.push(Diagnostic::new(&codes::LEAVES_FOLDER, message, span, "nothing is selected", help));
        }
    }
}

fn no_days_to_rotate(target: &Target) -> Option<Diagnostic> {
    let Source::Logs(Logs { files, pattern: None, rotates: Some(keep) }) = target.source.as_ref()? else { return None };
    let help = "write `logs \"/folder\" pattern=\"access-%Y%m%d.log\"`, with the names that the files of a day have; or leave `rotates` out";
    let message = "nothing says which files are of which day";
    Some(
        Diagnostic::new(&codes::NO_DAYS, message, keep.span, "counted from the day of a file", help)
            .also(files.span, "no `pattern`"),
    )
}

fn no_days(target: &Target, select: &Select) -> Option<Diagnostic> {
    let help = "write `logs \"/folder\" pattern=\"access-%Y%m%d.log\"`, with the names that the files of a day have";
    let (message, span, label): (_, Span, _) = match target.source.as_ref()? {
        Source::Logs(logs) if logs.pattern.is_some() => return None,
        Source::Logs(logs) => ("nothing says which files are of which day", logs.files.span, "no `pattern`"),
        other => ("only logs can be selected by the day that they are of", other.span(), "no `logs`"),
    };
    Some(Diagnostic::new(&codes::NO_DAYS, message, select.span, "selected here", help).also(span, label))
}

fn per_day(select: &Select, retention: &Retention) -> Option<Diagnostic> {
    let generations = retention.generations.as_ref()?;
    let message = "each of these points holds days that no other holds, and only some of them would be kept";
    let help = "write `within=\"1y\"`: it counts from the day that the data is of";
    let found =
        Diagnostic::new(&codes::PER_DAY, message, generations.span, "the newest do not replace the others", help);
    Some(found.also(select.span, "one point for each day or month"))
}
