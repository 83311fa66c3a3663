//! How much may be lost: the longest gap between two slots, plus the time that a backup takes.

use jiff::Timestamp;

use super::promise::slots;
use super::{Because, Objective, Promise, Standing};
use crate::calendar::{Gap, Occurrences};
use crate::diagnostic::codes::prove as codes;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::{Backup, Plan, Schedule, Target};
use crate::primitives::{Duration, JobName, Spanned};

/// The stretch of time that is looked at: 28 years hold every pairing of dates, weekdays and leap years, and the rules of
/// time zones for years to come repeat from one year to the next.
const WINDOW_SECONDS: (i64, i64) = (1_735_689_600, 2_619_302_400); // 2025-01-01 to 2053-01-01, UTC

/// Proves the recovery point objective of a target, if it has one, by the best of its backups.
pub(super) fn prove(plan: &Plan, target: &Target, found: &mut Diagnostics) -> Option<Promise> {
    target.backups.iter().filter_map(overlap).for_each(|warning| found.push(warning));
    let rpo = target.objective.as_ref()?.rpo.as_ref()?;
    let best =
        target.backups.iter().filter_map(|backup| worst(target, backup)).min_by_key(|(_, because)| because.total());
    let kept = match &best {
        None => {
            found.push(unproven(plan, target, rpo));
            false
        }
        Some((backup, because)) if because.total() > rpo.value => {
            found.push(broken(rpo, backup, because));
            false
        }
        Some(_) => true,
    };
    Some(Promise {
        subject: target.name.value.to_string(),
        objective: Objective::Rpo,
        promised: rpo.value,
        standing: if kept { Standing::Proven } else { Standing::Waived },
        because: best.map(|(_, because)| because),
    })
}

fn window() -> (Timestamp, Timestamp) {
    let at = |seconds| Timestamp::from_second(seconds).unwrap_or(Timestamp::MAX);
    (at(WINDOW_SECONDS.0), at(WINDOW_SECONDS.1))
}

/// The most that may be lost with one backup, where it says when it runs and how long it takes.
fn worst<'a>(target: &Target, backup: &'a Backup) -> Option<(&'a Backup, Because)> {
    let (schedule, takes) = (backup.schedule.as_ref()?, backup.takes.as_ref()?);
    let job = JobName { target: target.name.value.clone(), backup: backup.name.value.clone() };
    let gap = gaps(schedule)?.longest;
    let timezone = schedule.timezone.value.clone();
    Some((backup, Because::Slots { job, gap, takes: takes.value, timezone, window: window() }))
}

fn gaps(schedule: &Schedule) -> Option<crate::calendar::Gaps> {
    let (from, to) = window();
    Occurrences::of(schedule).ok()?.gaps(from, to)
}

fn broken(rpo: &Spanned<Duration>, backup: &Backup, because: &Because) -> Diagnostic {
    let total = because.total();
    let message = format!("at most {} may be lost, but it can be {total}", rpo.value);
    let help = format!("promise rpo=\"{total}\" or more, or let the backup run more often");
    let mut diagnostic = Diagnostic::new(&codes::RPO_BROKEN, message, rpo.span, "promised here", help);
    if let (Some(schedule), Because::Slots { gap, timezone, .. }) = (&backup.schedule, because) {
        let longest = Duration::from_seconds(gap.seconds());
        diagnostic = diagnostic.also(schedule.span, format!("the longest gap is {longest}: {}", slots(gap, timezone)));
    }
    match &backup.takes {
        Some(takes) => diagnostic.also(takes.span, format!("and the next point is there {} later", takes.value)),
        None => diagnostic,
    }
}

fn unproven(plan: &Plan, target: &Target, rpo: &Spanned<Duration>) -> Diagnostic {
    let message = format!("nothing proves that at most {} of `{}` is lost", rpo.value, target.name.value);
    let lacks = |backup: &Backup| match (&backup.schedule, &backup.takes) {
        (None, None) => "no schedule, and no word of how long it takes",
        (None, Some(_)) => "no schedule",
        (Some(_), None) => "no word of how long it takes",
        (Some(_), Some(_)) => "its schedule has no two slots",
    };
    let help = match (&target.no_backup, target.backups.is_empty()) {
        (Some(_), _) => "what is not backed up can promise no rpo: remove it, or back it up",
        (None, true) => "add a `backup` with a `schedule` and `takes`",
        (None, false) => "give a backup both a `schedule` and `takes`",
    };
    let diagnostic = Diagnostic::new(&codes::RPO_UNPROVEN, message, rpo.span, "promised here", help);
    let broken = plan.broken.iter().any(|broken| broken.owner.as_ref() == Some(&target.name.value));
    let backups = target.backups.iter().filter(|_| !broken);
    backups.fold(diagnostic, |diagnostic, backup| diagnostic.also(backup.span, lacks(backup)))
}

/// A backup that is not done when its next slot comes.
fn overlap(backup: &Backup) -> Option<Diagnostic> {
    let (schedule, takes) = (backup.schedule.as_ref()?, backup.takes.as_ref()?);
    let shortest: Gap = gaps(schedule)?.shortest;
    if takes.value.seconds <= shortest.seconds() {
        return None;
    }
    let length = Duration::from_seconds(shortest.seconds());
    let message = format!("the backup takes {}, and its next slot may come after {length}", takes.value);
    let help = "let it run less often, or say truly how long it takes";
    let at = format!("the shortest gap: {}", slots(&shortest, &schedule.timezone.value));
    Some(Diagnostic::new(&codes::OVERLAPS, message, takes.span, "longer than the gap", help).also(schedule.span, at))
}
