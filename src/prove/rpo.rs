//! How much may be lost.

use super::promise::{CopyLoss, Evidence, Kind, Lag, Loss, Promise, Standing, Subject, Wait};
use super::rhythms::{RhythmId, Rhythms, WINDOW};
use super::waits::{Jobs, Reason, Waiting, seconds};
use super::with_labels;
use crate::calendar::{self, Gap, Gaps, Occurrences};
use crate::diagnostic::codes::prove::{RPO_BROKEN, RPO_NO_BACKUP, RPO_UNPROVEN, SCHEDULE_OVERLAPS};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::{Backup, CopyTo, Plan, Schedule, Stored, Target, Way};
use crate::primitives::{Duration, Name, Spanned};

/// Why a backup proves nothing: where, and a few words.
type Reasons = Vec<Reason>;

/// What the proofs of all targets have in common.
pub(super) struct Losses<'p> {
    plan: &'p Plan,
    jobs: Jobs<'p>,
}

impl<'p> Losses<'p> {
    pub(super) fn new(plan: &'p Plan) -> Self {
        Self { plan, jobs: Jobs::new(plan) }
    }

    /// Proves a target's rpo, where it has one; reports runs that overlap, whether it has or not.
    pub(super) fn of_target(
        &self,
        target: &'p Target,
        rhythms: &mut Rhythms,
        out: &mut Diagnostics,
    ) -> Option<Promise> {
        let rpo = target.objective.as_ref().and_then(|objective| objective.rpo.as_ref());
        let assessed: Vec<_> = target
            .backups
            .iter()
            .map(|backup| {
                let regular = regular(target, backup, rhythms, out)?;
                // What it waits for is looked at only where something is promised.
                if rpo.is_some() { self.assess(target, backup, &regular, rhythms, out) } else { Err(vec![]) }
            })
            .collect();
        let rpo = rpo?;
        if let Some(reason) = target.no_backup.as_ref().filter(|_| target.backups.is_empty()) {
            out.push(not_backed_up(target, rpo, reason));
            return None;
        }
        let (proven, reasons): (Vec<_>, Vec<_>) = assessed.into_iter().partition(Result::is_ok);
        let best = proven.into_iter().flatten().min_by_key(|worst| worst.loss.total());
        let lag = lag(target);
        if let Some(lag) = lag.filter(|lag| best.as_ref().is_none_or(|worst| lag.within < worst.loss.total())) {
            return assumed(target, rpo, lag, out);
        }
        match best {
            Some(Worst { loss, .. }) if loss.total() <= rpo.value => Some(Promise::new(
                Subject::Target(target.name.value.clone()),
                Kind::Rpo,
                rpo.value,
                loss.total(),
                Standing::Proven,
                Evidence::Loss(Box::new(loss)),
            )),
            // A backup that could not be read may be the one that keeps the promise.
            _ if self.plan.broken.iter().any(|block| block.owner.as_ref() == Some(&target.name.value)) => None,
            Some(worst) => {
                let others = reasons.into_iter().filter_map(Result::err).flatten();
                let others = others.map(|(span, why)| (span, format!("proves nothing: {why}"))).collect();
                out.push(broken(target, rpo, &worst, worst.breaks(rpo.value, rhythms), others));
                None
            }
            None => {
                out.push(unproven(target, rpo, reasons.into_iter().filter_map(Result::err).flatten().collect()));
                None
            }
        }
    }

    /// The most that may be lost with one backup alone, on whichever of its hosts that is most.
    fn assess(
        &self,
        target: &'p Target,
        backup: &'p Backup,
        regular: &Regular<'p>,
        rhythms: &mut Rhythms,
        out: &mut Diagnostics,
    ) -> Result<Worst<'p>, Reasons> {
        let (gaps, job) = (regular.gaps, target.job(backup));
        let (mut worst, mut waits_max) = ((gaps.longest, vec![], vec![]), 0);
        let hosts: Vec<&Name> = target.hosts.iter().map(|host| &host.value).collect();
        let each = if hosts.is_empty() { vec![None] } else { hosts.iter().map(|host| Some(*host)).collect() };
        for host in each.into_iter().filter(|_| !backup.after.is_empty()) {
            let before = self.jobs.before(backup, host, rhythms).map_err(|reason| vec![reason])?;
            for slots in before.waiting(regular.rhythm, rhythms).map_err(|reason| vec![reason])? {
                if let Some(behind) =
                    slots.behind.filter(|gap| regular.run().saturating_add(slots.seconds()) > gap.seconds())
                {
                    out.push(overlapping_behind(&job.to_string(), regular, &slots, &behind, rhythms));
                    return Err(vec![(regular.takes.span, "its runs overlap where it waits".into())]);
                }
                waits_max = waits_max.max(slots.seconds());
                let lost = |gap: &Gap, waits: &[Wait]| gap.seconds().saturating_add(seconds(waits));
                if let Some(gap) = slots.before.filter(|gap| lost(gap, &slots.waits) > lost(&worst.0, &worst.1)) {
                    worst = (gap, slots.waits, slots.places);
                }
            }
        }
        let (gap, waits, places) = worst;
        let mut loss = Loss {
            job,
            schedule: calendar::describe(regular.schedule),
            gap,
            shown: shown(&gap, rhythms.times(regular.rhythm)),
            waits,
            takes: regular.takes.value,
            hosts: hosts.into_iter().cloned().collect(),
            copies: vec![],
            window: WINDOW,
        };
        let total = loss.total();
        loss.copies = copies(backup).map(|copy| CopyLoss::new(&copy.to.value, copy.takes.as_ref(), total)).collect();
        Ok(Worst { backup, loss, places, rhythm: regular.rhythm, shortest: gaps.shortest, waits_max })
    }
}

/// The most that may be lost with a backup.
struct Worst<'p> {
    backup: &'p Backup,
    loss: Loss,
    /// Where it is written how long each of those takes that it waits for.
    places: Vec<&'p Spanned<Duration>>,
    rhythm: RhythmId,
    /// The shortest gap of all.
    shortest: Gap,
    /// The most that any run waits, in seconds.
    waits_max: u64,
}

/// Which gaps break a promise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Breaks {
    /// Every one.
    All,
    /// Those alone between whose ends the clock is set.
    WhereSet,
    /// Those in which it is set, and others too, of so many seconds.
    Unset(u64),
    /// Some.
    Some,
}

impl Worst<'_> {
    /// Which gaps break an rpo that the longest does. Where runs wait, it is told of all of them only what holds whatever they wait.
    fn breaks(&self, rpo: Duration, rhythms: &mut Rhythms) -> Breaks {
        let Some(room) = rpo.seconds.checked_sub(self.loss.takes.seconds) else { return Breaks::All };
        if self.shortest.seconds() > room {
            return Breaks::All;
        }
        if !self.loss.shown.contains(", the clock set") {
            return Breaks::Some;
        }
        match rhythms.unset_beyond(self.rhythm, room) {
            Some(gap) => Breaks::Unset(gap.seconds()),
            None if rhythms.unset_beyond(self.rhythm, room.saturating_sub(self.waits_max)).is_none() => {
                Breaks::WhereSet
            }
            None => Breaks::Some,
        }
    }
}

/// A backup whose runs come round, and are over before the next is due.
struct Regular<'p> {
    schedule: &'p Schedule,
    takes: &'p Spanned<Duration>,
    /// The copy that takes longest, of those that say it.
    copy: Option<&'p Spanned<Duration>>,
    rhythm: RhythmId,
    gaps: Gaps,
}

impl Regular<'_> {
    /// How long a run takes that waits for nothing, with its copies, in seconds.
    fn run(&self) -> u64 {
        self.takes.value.seconds.saturating_add(self.copy.map_or(0, |copy| copy.value.seconds))
    }

    /// The same as people write it: `40m`, `40m + 1h for a copy`.
    fn written(&self) -> String {
        let copy = self.copy.map_or_else(String::new, |copy| format!(" + {} for a copy", copy.value));
        format!("{}{copy}", self.takes.value)
    }
}

fn copies(backup: &Backup) -> impl Iterator<Item = &CopyTo> {
    backup.stored().map(|stored| stored.copies.as_slice()).unwrap_or_default().iter()
}

/// Whether a backup can prove anything.
fn regular<'p>(
    target: &Target,
    backup: &'p Backup,
    rhythms: &mut Rhythms,
    out: &mut Diagnostics,
) -> Result<Regular<'p>, Reasons> {
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
    let rhythm = rhythms.of(schedule).map_err(|malformed| vec![(schedule.span, malformed.problem)])?;
    let Some(gaps) = rhythms.gaps(rhythm) else {
        return Err(vec![(schedule.span, format!("comes round less than twice in {WINDOW}"))]);
    };
    let copy = copies(backup).filter_map(|copy| copy.takes.as_ref()).max_by_key(|takes| takes.value);
    let regular = Regular { schedule, takes, copy, rhythm, gaps };
    if regular.run() > gaps.shortest.seconds() {
        let job = format!("{}/{}", target.name.value, backup.name.value);
        out.push(overlapping(&job, &regular, rhythms.times(rhythm)));
        return Err(vec![(takes.span, "its runs overlap".into())]);
    }
    Ok(regular)
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
    let subject = Subject::Target(target.name.value.clone());
    Some(Promise::new(subject, Kind::Rpo, rpo.value, lag.within, Standing::Assumed, Evidence::Lag(lag)))
}

/// A gap as the zone's clock shows it.
fn shown(gap: &Gap, times: &Occurrences) -> String {
    calendar::local_span(gap.from, gap.to, times.zone())
}

/// `others` is why the target's other backups prove nothing.
fn broken(target: &Target, rpo: &Spanned<Duration>, worst: &Worst<'_>, breaks: Breaks, others: Reasons) -> Diagnostic {
    let Worst { backup, loss, places, shortest, .. } = worst;
    let (gap, total) = (Duration::from_seconds(loss.gap.seconds()), loss.total());
    let which = match (breaks, Duration::from_seconds(shortest.seconds())) {
        (Breaks::All, shortest) if shortest == gap => ": every gap between its runs breaks that".to_owned(),
        (Breaks::All, shortest) => format!(": every gap between its runs breaks that, even the shortest, {shortest}"),
        (Breaks::WhereSet, _) => ": only gaps in which the clock is set break that".to_owned(),
        (Breaks::Unset(seconds), _) => {
            format!(": gaps of {}, in which no clock is set, break that too", Duration::from_seconds(seconds))
        }
        (Breaks::Some, _) => String::new(),
    };
    let message = format!("`{}` may lose {total}, and at most {} is promised{which}", target.name.value, rpo.value);
    let promised = format!("{} = {total} > {}", loss.sum(), rpo.value);
    let found = Diagnostic::new(&RPO_BROKEN, message, rpo.span, promised, way_out(loss, rpo.value, !others.is_empty()));
    let longest = if loss.waits.is_empty() { "longest gap" } else { "gap" };
    let schedule = backup.schedule.as_ref().map(|schedule| (schedule.span, format!("{longest} {gap}: {}", loss.shown)));
    let waits = loss.waits.iter().zip(places);
    let waits = waits.map(|(wait, place)| (place.span, format!("`{}` comes before it: {}", wait.job, wait.takes)));
    let takes =
        backup.takes.as_ref().map(|takes| (takes.span, format!("until the new point is there: {}", takes.value)));
    with_labels(found, schedule.into_iter().chain(waits).chain(takes).chain(others))
}

/// What would keep a promise that is broken.
fn way_out(loss: &Loss, rpo: Duration, others: bool) -> String {
    let total = loss.total();
    if others {
        return format!("let the other backup prove it, as its label says; or promise what is true: rpo=\"{total}\"");
    }
    let waits = seconds(&loss.waits);
    if waits > 0 && total.seconds - waits <= rpo.seconds {
        let waits = Duration::from_seconds(waits);
        return format!(
            "begin it before the {waits} that it waits, without its `after`, or at another time; or promise what is true: rpo=\"{total}\""
        );
    }
    let run = loss.takes.seconds.saturating_add(waits);
    let room = rpo.seconds.checked_sub(run).filter(|room| *room > 0).map(Duration::from_seconds);
    // In a zone whose clock is never set, the gap would be an hour shorter; where that is not enough, it is no help.
    let is_set_back = loss.shown.ends_with("set back between")
        && loss.gap.seconds() <= rpo.seconds.saturating_sub(run).saturating_add(3_600);
    match room {
        Some(room) if is_set_back => format!(
            "schedule its runs at most {room} apart: with `timezone=\"UTC\"` after the schedule, no clock is set; or promise what is true: \
             rpo=\"{total}\""
        ),
        Some(room) => format!("schedule its runs at most {room} apart, or promise what is true: rpo=\"{total}\""),
        None => {
            let run = Duration::from_seconds(run);
            format!("no schedule is often enough where one run takes {run}: promise what is true, rpo=\"{total}\"")
        }
    }
}

fn unproven(target: &Target, rpo: &Spanned<Duration>, reasons: Reasons) -> Diagnostic {
    let message = format!("nothing shows that `{}` loses at most {}", target.name.value, rpo.value);
    let label = if target.backups.is_empty() { "promised here, and nothing backs it up" } else { "promised here" };
    let help = match reasons.iter().any(|(_, why)| why.starts_with("it waits for")) {
        true => {
            "give each job that it waits for the time that a run takes, as in `takes \"40m\"`, or let it wait for none"
        }
        false if target.backups.iter().any(|backup| backup.schedule.is_some() && backup.takes.is_none()) => {
            "write into the backup how long a run takes at most, as in `takes \"40m\"`"
        }
        false => "give one of its backups a `schedule`, and how long a run takes at most, as in `takes \"40m\"`",
    };
    with_labels(Diagnostic::new(&RPO_UNPROVEN, message, rpo.span, label, help), reasons)
}

fn not_backed_up(target: &Target, rpo: &Spanned<Duration>, reason: &Spanned<String>) -> Diagnostic {
    let message = format!("`{}` is not backed up, and at most {} may be lost", target.name.value, rpo.value);
    Diagnostic::new(&RPO_NO_BACKUP, message, rpo.span, "promised here", "take the `rpo` out, or back it up")
        .also(reason.span, "not backed up")
}

fn overlapping(job: &str, regular: &Regular<'_>, times: &Occurrences) -> Diagnostic {
    let Regular { schedule, takes, gaps, .. } = regular;
    let (gap, run) = (Duration::from_seconds(gaps.shortest.seconds()), Duration::from_seconds(regular.run()));
    let message = format!("a run of `{job}` takes {}, and the next is due after {gap}", regular.written());
    let help = format!("schedule it at least {run} apart, or make it quicker and write so in `takes`");
    Diagnostic::new(&SCHEDULE_OVERLAPS, message, takes.span, "longer than the gap", help)
        .also(schedule.span, format!("shortest gap {gap}: {}", shown(&gaps.shortest, times)))
}

/// The same of runs that wait.
fn overlapping_behind(
    job: &str,
    regular: &Regular<'_>,
    slots: &Waiting<'_>,
    behind: &Gap,
    rhythms: &Rhythms,
) -> Diagnostic {
    let Regular { schedule, takes, rhythm, .. } = regular;
    let (gap, waits) = (Duration::from_seconds(behind.seconds()), Duration::from_seconds(slots.seconds()));
    let run = Duration::from_seconds(regular.run().saturating_add(slots.seconds()));
    let message =
        format!("a run of `{job}` waits {waits} and takes {}, and the next is due after {gap}", regular.written());
    let help = format!("schedule it at least {run} apart, or at another time than those that it waits for");
    let found =
        Diagnostic::new(&SCHEDULE_OVERLAPS, message, takes.span, "longer than the gap with what it waits", help)
            .also(schedule.span, format!("gap {gap}: {}", shown(behind, rhythms.times(*rhythm))));
    let waits = slots.waits.iter().zip(&slots.places);
    with_labels(
        found,
        waits.map(|(wait, place)| (place.span, format!("`{}` comes before it: {}", wait.job, wait.takes))),
    )
}
