//! What is kept, is kept until the next is there.

use std::collections::HashMap;

use jiff::Timestamp;

use super::Scene;
use crate::calendar::{self, Gap, Occurrences};
use crate::diagnostic::{Diagnostic, Diagnostics, codes};
use crate::plan::{Backup, Retention, Rhythm, Schedule};
use crate::primitives::{Duration, Period, PeriodUnit, Spanned};

/// 2025-01-01, when what is looked at begins. Fixed, so that a plan is always told the same.
const START: Timestamp = Timestamp::constant(1_735_689_600, 0);
/// 2026-01-01: in a year every weekday has come round, and the clock was set both ways.
const WEEKS: Timestamp = Timestamp::constant(1_767_225_600, 0);
/// 2034-01-01: in nine years every day of every month has, 29 February too.
const MONTHS: Timestamp = Timestamp::constant(2_019_686_400, 0);

const DAY_SECONDS: u64 = 86_400;

pub(super) fn run(scene: &Scene<'_>, out: &mut Diagnostics) {
    // Many backups have the same schedule, and looking through years takes long.
    let mut gaps = HashMap::new();
    let whole =
        scene.backups().filter(|(target, backup)| !scene.is_backup_broken(&target.name.value, &backup.name.value));
    for (target, backup) in whole {
        let Some((schedule, within)) = only_within(backup) else { continue };
        let (longer, end) = reach(&schedule.rhythm);
        if days(within.value) >= longer {
            continue;
        }
        let Ok(times) = Occurrences::of(schedule) else { continue };
        let key = (&schedule.rhythm, schedule.timezone.value.as_str());
        let longest = *gaps.entry(key).or_insert_with(|| times.gaps(START, end).map(|gaps| gaps.longest));
        // At the very instant at which it is over, a point is no longer kept.
        if let Some(gap) = longest.filter(|gap| calendar::expiry(gap.from, within.value, times.zone()) <= gap.to) {
            let job = format!("{}/{}", target.name.value, backup.name.value);
            out.push(too_short(&job, schedule, within, &gap, &times));
        }
    }
}

/// So many days are longer than any gap of a rhythm, and until when is looked for its longest: very many schedules may be looked at, and
/// most keep their points far longer.
fn reach(rhythm: &Rhythm) -> (u64, Timestamp) {
    match rhythm {
        // A day, and what the clock may be set by.
        Rhythm::Daily { .. } => (2, WEEKS),
        Rhythm::Weekly { .. } => (8, WEEKS),
        Rhythm::Monthly { .. } => (32, MONTHS),
        Rhythm::Yearly { .. } => (367, MONTHS),
        Rhythm::Every { period } => (period.seconds / DAY_SECONDS + 2, MONTHS),
        // Any day of the month, in any month.
        Rhythm::Cron { expression }
            if expression.split_ascii_whitespace().skip(2).take(2).all(|field| field == "*") =>
        {
            (8, WEEKS)
        }
        Rhythm::Cron { .. } => (u64::MAX, MONTHS),
    }
}

/// How many days a period has at least.
fn days(period: Period) -> u64 {
    let each = match period.unit {
        PeriodUnit::Days => 1,
        PeriodUnit::Weeks => 7,
        PeriodUnit::Months => 28,
        PeriodUnit::Years => 365,
    };
    u64::from(period.count) * each
}

/// The schedule of a backup, and how long its points are kept, where no other rule keeps any.
fn only_within(backup: &Backup) -> Option<(&Schedule, &Spanned<Period>)> {
    let Retention { generations, within, hourly, daily, weekly, monthly, yearly, span: _ } =
        backup.retention.as_ref()?;
    let others = [generations, hourly, daily, weekly, monthly, yearly];
    let alone = others.iter().all(|rule| rule.is_none());
    Some((backup.schedule.as_ref()?, within.as_ref()?)).filter(|_| alone)
}

fn too_short(job: &str, schedule: &Schedule, within: &Spanned<Period>, gap: &Gap, times: &Occurrences) -> Diagnostic {
    let (apart, enough) = (Duration::from_seconds(gap.seconds()), gap.seconds() / DAY_SECONDS + 1);
    let message = format!("no rule keeps a point of `{job}` until the next one is made");
    let help = format!(
        "write `within=\"{enough}d\"` or longer, or `generations=2` beside it: as it stands, a run after such a gap leaves no point but \
         its own"
    );
    let label = "over before the next run";
    let shown = [gap.from, gap.to].map(|time| calendar::local(time, times.zone())).join(" → ");
    let longest = format!("longest gap {apart}: {shown} {}", schedule.timezone.value);
    Diagnostic::new(&codes::backup::TOO_SHORT, message, within.span, label, help).also(schedule.span, longest)
}

#[cfg(test)]
mod tests {
    use jiff::civil::Weekday;

    use super::*;
    use crate::plan::TimeOfDay;
    use crate::primitives::Span;

    #[test]
    fn what_is_passed_over_unseen_would_not_have_been_found() {
        let at = TimeOfDay { hour: 2, minute: 30 };
        let cron = |expression: &str| Rhythm::Cron { expression: expression.into() };
        let rhythms = [
            Rhythm::Daily { at },
            Rhythm::Weekly { weekday: Weekday::Sunday, at },
            Rhythm::Monthly { day: 31, at },
            Rhythm::Yearly { month: 2, day: 29, at },
            Rhythm::Every { period: Duration::from_seconds(3_600) },
            Rhythm::Every { period: Duration::from_seconds(500 * DAY_SECONDS) },
            cron("30 2 * * sun"),
        ];
        for zone in ["UTC", "America/New_York", "Australia/Lord_Howe", "Africa/Casablanca", "Antarctica/Troll"] {
            for rhythm in &rhythms {
                let timezone = Spanned::new(zone.to_owned(), Span::default());
                let schedule = Schedule { rhythm: rhythm.clone(), timezone, span: Span::default() };
                let times = Occurrences::of(&schedule).unwrap();
                let (longer, end) = reach(rhythm);
                let longest = times.gaps(START, MONTHS).unwrap().longest;
                assert_eq!(times.gaps(START, end).unwrap().longest.seconds(), longest.seconds(), "{zone} {rhythm:?}");
                let within = Period { count: u16::try_from(longer).unwrap(), unit: PeriodUnit::Days };
                assert!(calendar::expiry(longest.from, within, times.zone()) > longest.to, "{zone} {rhythm:?}");
            }
        }
    }
}
