//! A day of the month is one that every month has.

use super::Scene;
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::Rhythm;

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    for schedule in scene.schedules() {
        let (message, label, help) = match schedule.rhythm {
            Rhythm::Monthly { day, .. } if day > 28 => (
                format!("not every month has a day {day}"),
                "runs on the last day of a shorter month",
                "write `day=28` for one day of every month; to mean the last, leave it and `waive` this",
            ),
            Rhythm::Yearly { month: 2, day: 29, .. } => (
                "not every year has a 29 February".to_owned(),
                "runs on 28 February in a common year",
                "write `date=\"02-28\"` or `date=\"03-01\"` for one day of every year",
            ),
            _ => continue,
        };
        out.push(Diagnostic::new(&codes::backup::SHORT_MONTH, message, schedule.span, label, help));
    }
}
