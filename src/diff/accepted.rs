//! The waivers of the newer plan.

use jiff::civil::Date;

use super::change::{Accepted, Change, Kind, Subject};
use crate::check;
use crate::plan::{Plan, Waiver};

/// Sets aside what waivers of the newer plan that hold on that day set aside. A waiver is its own. One that the older plan has as well is of a change
/// that was made before: it accepts no other.
pub(super) fn accept(changes: &mut [Change], old: Option<&Plan>, new: &Plan, today: Date) {
    let before: Vec<&Waiver> = old.into_iter().flat_map(check::waivers).collect();
    let says = |waiver: &Waiver| (waiver.code.value.clone(), waiver.reason.value.clone(), waiver.until.value);
    let is_new = |waiver: &&Waiver| before.iter().all(|older| says(older) != says(waiver));
    let holds = |waiver: &&Waiver| today <= waiver.until.value;
    let standing: Vec<&Waiver> = check::waivers(new).filter(holds).filter(is_new).collect();
    for change in changes {
        let Some(code) = change.code.filter(|code| code.waivable) else { continue };
        let own = own(new, &change.subject);
        // What is gone stands nowhere; what it was a part of is where the change is.
        let holds = |waiver: &&&Waiver| {
            waiver.code.value == code.name
                && (waiver.scope.is_none_or(|scope| {
                    scope.file == change.span.file && scope.start <= change.span.start && change.span.end <= scope.end
                }) || own.iter().any(|own| std::ptr::eq(*own, **waiver)))
        };
        let waiver = standing.iter().find(holds);
        change.waived =
            waiver.map(|waiver| Accepted { reason: waiver.reason.value.clone(), until: waiver.until.value });
    }
}

/// The waivers of a target or a backup, and of what that is a part of: also where a template says what is changed.
fn own<'p>(plan: &'p Plan, subject: &Subject) -> Vec<&'p Waiver> {
    let (target, backup) = match subject.kind {
        Kind::Target => (subject.name.as_str(), None),
        Kind::Backup => subject.name.split_once('/').map_or(("", None), |(target, backup)| (target, Some(backup))),
        _ => return vec![],
    };
    let Some(target) = plan.targets.iter().find(|of| of.name.value.as_str() == target) else { return vec![] };
    let backup = target.backups.iter().find(|of| Some(of.name.value.as_str()) == backup);
    target.waivers.iter().chain(backup.into_iter().flat_map(|backup| &backup.waivers)).collect()
}

impl Change {
    /// Whether it is about a waiver of a change: that is told beside what it sets aside.
    pub(super) fn is_about_a_change(&self) -> bool {
        let name = format!("waive {}", crate::diagnostic::codes::change::AREA);
        self.word().is_some_and(|word| word.starts_with(&name))
    }
}
