//! The waivers of the newer plan.

use jiff::civil::Date;

use super::change::{Accepted, Change};
use crate::check;
use crate::plan::{Plan, Waiver};

/// Sets aside what waivers of the plan that hold on that day set aside. A waiver is its own.
pub(super) fn accept(changes: &mut [Change], plan: &Plan, today: Date) {
    let standing: Vec<&Waiver> = check::waivers(plan).filter(|waiver| today <= waiver.until.value).collect();
    for change in changes {
        let Some(code) = change.code.filter(|code| code.waivable) else { continue };
        // What is gone stands nowhere; what it was a part of is where the change is.
        let holds = |waiver: &&&Waiver| {
            waiver.code.value == code.name
                && waiver.scope.is_none_or(|scope| {
                    scope.file == change.span.file && scope.start <= change.span.start && change.span.end <= scope.end
                })
        };
        let waiver = standing.iter().find(holds);
        change.waived =
            waiver.map(|waiver| Accepted { reason: waiver.reason.value.clone(), until: waiver.until.value });
    }
}

impl Change {
    /// Whether it is about a waiver of a change: that is told beside what it sets aside.
    pub(super) fn is_about_a_change(&self) -> bool {
        let name = format!("waive {}", crate::diagnostic::codes::change::AREA);
        self.word().is_some_and(|word| word.starts_with(&name))
    }
}
