//! What RDS keeps, it keeps for 1 to 35 days.

use super::Scene;
use crate::diagnostic::{Diagnostic, Diagnostics, codes::way::RDS_RETENTION};
use crate::plan::{Retention, Way};
use crate::primitives::{Period, PeriodUnit};

/// The longest backup retention period of RDS, in days
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_WorkingWithAutomatedBackups.BackupRetention.html>).
const DAYS_MAX: u16 = 35;

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    let kept = scene.backups().filter(|(_, backup)| matches!(backup.way, Way::PointInTime(_)));
    for retention in kept.filter_map(|(_, backup)| backup.retention.as_ref()) {
        let Retention { generations, within, hourly, daily, weekly, monthly, yearly, span } = retention;
        let counts = [generations, hourly, daily, weekly, monthly, yearly];
        let count = counts.into_iter().flatten().next();
        let days = within.as_ref().and_then(|within| days(within.value));
        let (message, at, label) = match (count, within, days) {
            (Some(count), ..) => {
                ("RDS keeps days, and counts nothing else", count.span, "not a rule of RDS".to_owned())
            }
            (None, None, _) => continue,
            (None, Some(_), Some(1..=DAYS_MAX)) => continue,
            (None, Some(within), _) => {
                ("RDS keeps 1 to 35 days", within.span, format!("{} is no number of days up to 35", within.value))
            }
        };
        let help = "write `within=\"7d\"`, from \"1d\" to \"35d\"";
        let found = Diagnostic::new(&RDS_RETENTION, message, at, label, help);
        out.push(if at == *span { found } else { found.also(*span, "of what RDS keeps") });
    }
}

fn days(period: Period) -> Option<u16> {
    match period.unit {
        PeriodUnit::Days => Some(period.count),
        PeriodUnit::Weeks => period.count.checked_mul(7),
        PeriodUnit::Months | PeriodUnit::Years => None,
    }
}
