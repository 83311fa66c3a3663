//! How much may be lost.

use std::collections::HashMap;

use super::promise::{Evidence, Kind, Lag, Loss, Promise, Standing, Subject};
use super::runs::WINDOW;
use super::with_labels;
use crate::calendar::{self, Gaps, Occurrences};
use crate::diagnostic::codes::prove::{RPO_BROKEN, RPO_NO_BACKUP, RPO_UNPROVEN, SCHEDULE_OVERLAPS};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::{Backup, Plan, Rhythm, Schedule, Stored, Target, Way};
use crate::primitives::{Duration, Span, Spanned};

/// The gaps of the schedules seen so far, by what they say: many backups have the same one, and looking through 28 years takes
/// a thousand times what all else does.
#[derive(Default)]
pub(super) struct Rhythms(HashMap<(Rhythm, String), Option<Gaps>>);

impl Rhythms {
    fn gaps(&mut self, schedule: &Schedule, times: &Occurrences) -> Option<Gaps> {
        let key = (schedule.rhythm.clone(), schedule.timezone.value.clone());
        *self.0.entry(key).or_insert_with(|| times.gaps(WINDOW.start, WINDOW.end))
    }
}

/// Why a backup proves nothing: where, and a few words.
type Reasons = Vec<(Span, String)>;

/// Proves a target's rpo, where it has one; reports runs that overlap, whether it has or not.
pub(super) fn of_target(plan: &Plan, target: &Target, rhythms: &mut Rhythms, out: &mut Diagnostics) -> Option<Promise> {
    let assessed: Vec<_> = target.backups.iter().map(|backup| assess(target, backup, rhythms, out)).collect();
    let rpo = target.objective.as_ref()?.rpo.as_ref()?;
    if let Some(reason) = target.no_backup.as_ref().filter(|_| target.backups.is_empty()) {
        out.push(not_backed_up(target, rpo, reason));
        return None;
    }
    let (proven, reasons): (Vec<_>, Vec<_>) = assessed.into_iter().partition(Result::is_ok);
    let best = proven.into_iter().flatten().min_by_key(|(_, loss)| loss.total());
    let lag = lag(target);
    if let Some(lag) = lag.filter(|lag| best.as_ref().is_none_or(|(_, loss)| lag.within < loss.total())) {
        return assumed(target, rpo, lag, out);
    }
    match best {
        Some((_, loss)) if loss.total() <= rpo.value => Some(Promise {
            subject: Subject::Target(target.name.value.clone()),
            kind: Kind::Rpo,
            promised: rpo.value,
            proven: loss.total(),
            standing: Standing::Proven,
            evidence: Evidence::Loss(loss),
        }),
        // A backup that could not be read may be the one that keeps the promise.
        _ if plan.broken.iter().any(|block| block.owner.as_ref() == Some(&target.name.value)) => None,
        Some((backup, loss)) => {
            let others = reasons.into_iter().filter_map(Result::err).flatten();
            let others = others.map(|(span, why)| (span, format!("proves nothing: {why}"))).collect();
            out.push(broken(target, rpo, backup, &loss, others));
            None
        }
        None => {
            out.push(unproven(target, rpo, reasons.into_iter().filter_map(Result::err).flatten().collect()));
            None
        }
    }
}

/// The most that may be lost with one backup alone.
fn assess<'a>(
    target: &Target,
    backup: &'a Backup,
    rhythms: &mut Rhythms,
    out: &mut Diagnostics,
) -> Result<(&'a Backup, Loss), Reasons> {
    match &backup.way {
        Way::Stored(Stored { select: Some(select), .. }) => {
            return Err(vec![(select.span, "holds days that are over, and nothing of the running one".into())]);
        }
        // It is a provider's word, and told as that.
        Way::PointInTime(_) => return Err(vec![]),
        Way::Stored(_) | Way::Snapshot(_) => {}
    }
    let no_schedule = || (backup.span, format!("`{}` has no `schedule`: it runs when it is named", backup.name.value));
    let no_takes = || (backup.span, format!("`{}` has no `takes`", backup.name.value));
    let (Some(schedule), Some(takes)) = (&backup.schedule, &backup.takes) else {
        let missing = [backup.schedule.is_none().then(no_schedule), backup.takes.is_none().then(no_takes)];
        return Err(missing.into_iter().flatten().collect());
    };
    let times = Occurrences::of(schedule).map_err(|malformed| vec![(schedule.span, malformed.problem)])?;
    let Some(gaps) = rhythms.gaps(schedule, &times) else {
        return Err(vec![(schedule.span, format!("comes round less than twice in {WINDOW}"))]);
    };
    if takes.value.seconds > gaps.shortest.seconds() {
        out.push(overlapping(target, backup, schedule, takes, &times, &gaps));
        return Err(vec![(takes.span, "its runs overlap".into())]);
    }
    let loss = Loss {
        job: target.job(backup),
        schedule: calendar::describe(schedule),
        gap: gaps.longest,
        shown: shown(&gaps.longest, &times, schedule),
        takes: takes.value,
        window: WINDOW,
    };
    Ok((backup, loss))
}

/// The least that a provider says may be lost, where one does.
fn lag(target: &Target) -> Option<Lag> {
    let of = |backup: &Backup| match &backup.way {
        Way::PointInTime(kept) => Some(Lag { job: target.job(backup), within: kept.max_lag.value }),
        Way::Stored(_) | Way::Snapshot(_) => None,
    };
    target.backups.iter().filter_map(of).min_by_key(|lag| lag.within)
}

/// An rpo that stands on a provider's word.
fn assumed(target: &Target, rpo: &Spanned<Duration>, lag: Lag, out: &mut Diagnostics) -> Option<Promise> {
    if lag.within > rpo.value {
        let message = format!("`{}` may lose {}, and at most {} is promised", target.name.value, lag.within, rpo.value);
        let label = format!("{} > {}", lag.within, rpo.value);
        let help = format!("hold RDS to less with `max-lag`, or promise what is true: rpo=\"{}\"", lag.within);
        let span = target.backup(&lag.job.backup).map_or(rpo.span, |backup| backup.span);
        let found = Diagnostic::new(&RPO_BROKEN, message, rpo.span, label, help);
        out.push(found.also(span, format!("the newest moment may lie {} back", lag.within)));
        return None;
    }
    Some(Promise {
        subject: Subject::Target(target.name.value.clone()),
        kind: Kind::Rpo,
        promised: rpo.value,
        proven: lag.within,
        standing: Standing::Assumed,
        evidence: Evidence::Lag(lag),
    })
}

/// A gap as the zone's clock shows it.
fn shown(gap: &calendar::Gap, times: &Occurrences, schedule: &Schedule) -> String {
    let zone = times.zone();
    let (from, to) = (calendar::local(gap.from, zone), calendar::local(gap.to, zone));
    let set = match zone.to_offset(gap.to).cmp(&zone.to_offset(gap.from)) {
        std::cmp::Ordering::Less => ", the clock set back between",
        std::cmp::Ordering::Equal => "",
        std::cmp::Ordering::Greater => ", the clock set forward between",
    };
    format!("{from} → {to} {}{set}", schedule.timezone.value)
}

/// `others` is why the target's other backups prove nothing.
fn broken(target: &Target, rpo: &Spanned<Duration>, backup: &Backup, loss: &Loss, others: Reasons) -> Diagnostic {
    let (gap, takes, total) = (Duration::from_seconds(loss.gap.seconds()), loss.takes, loss.total());
    // In a zone whose clock is never set, the gap would be an hour shorter; where that is not enough, it is no help.
    let is_set_back = loss.shown.ends_with("set back between")
        && loss.gap.seconds() <= rpo.value.seconds.saturating_sub(takes.seconds) + 3_600;
    let help = match rpo.value.seconds.checked_sub(takes.seconds) {
        _ if !others.is_empty() => {
            format!("let the other backup prove it, as its label says; or promise what is true: rpo=\"{total}\"")
        }
        Some(room @ 1..) if is_set_back => {
            let room = Duration::from_seconds(room);
            format!(
                "schedule its runs at most {room} apart: with `timezone=\"UTC\"` behind the schedule, no clock is set; or promise what is true: \
                 rpo=\"{total}\""
            )
        }
        Some(room @ 1..) => {
            let room = Duration::from_seconds(room);
            format!("schedule its runs at most {room} apart, or promise what is true: rpo=\"{total}\"")
        }
        _ => format!("no schedule is often enough where one run takes {takes}: promise what is true, rpo=\"{total}\""),
    };
    let message = format!("`{}` may lose {total}, and at most {} is promised", target.name.value, rpo.value);
    let promised = format!("{gap} + {takes} = {total} > {}", rpo.value);
    let found = Diagnostic::new(&RPO_BROKEN, message, rpo.span, promised, help);
    let schedule =
        backup.schedule.as_ref().map(|schedule| (schedule.span, format!("longest gap {gap}: {}", loss.shown)));
    let takes =
        backup.takes.as_ref().map(|takes| (takes.span, format!("until the new point is there: {}", takes.value)));
    with_labels(found, schedule.into_iter().chain(takes).chain(others))
}

fn unproven(target: &Target, rpo: &Spanned<Duration>, reasons: Reasons) -> Diagnostic {
    let message = format!("nothing shows that `{}` loses at most {}", target.name.value, rpo.value);
    let label = if target.backups.is_empty() { "promised here, and nothing backs it up" } else { "promised here" };
    let help = "give one of its backups a `schedule` and the time that a run takes, as in `takes \"40m\"`";
    with_labels(Diagnostic::new(&RPO_UNPROVEN, message, rpo.span, label, help), reasons)
}

fn not_backed_up(target: &Target, rpo: &Spanned<Duration>, reason: &Spanned<String>) -> Diagnostic {
    let message = format!("`{}` is not backed up, and at most {} may be lost", target.name.value, rpo.value);
    Diagnostic::new(&RPO_NO_BACKUP, message, rpo.span, "promised here", "take the `rpo` out, or back it up")
        .also(reason.span, "not backed up")
}

fn overlapping(
    target: &Target,
    backup: &Backup,
    schedule: &Schedule,
    takes: &Spanned<Duration>,
    times: &Occurrences,
    gaps: &Gaps,
) -> Diagnostic {
    let gap = Duration::from_seconds(gaps.shortest.seconds());
    let job = format!("{}/{}", target.name.value, backup.name.value);
    let message = format!("a run of `{job}` takes {}, and the next is due after {gap}", takes.value);
    let help = format!("schedule it at least {} apart, or make it quicker and write so in `takes`", takes.value);
    Diagnostic::new(&SCHEDULE_OVERLAPS, message, takes.span, "longer than the gap", help)
        .also(schedule.span, format!("shortest gap {gap}: {}", shown(&gaps.shortest, times, schedule)))
}
