//! How long until it is back.

use std::num::NonZeroU32;

use super::promise::{Evidence, Kind, Leg, Promise, Standing, Subject, length, sum};
use super::with_labels;
use crate::diagnostic::codes::prove::{RTO_BROKEN, RTO_UNPROVEN};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::plan::{Plan, Recover, Restore, RestoreStep, Target};
use crate::primitives::{Duration, Name, Span, Spanned};

/// Proves a restore's own rto, where it has one.
pub(super) fn of_restore(plan: &Plan, restore: &Restore, out: &mut Diagnostics) -> Option<Promise> {
    let rto = restore.rto.as_ref()?;
    let subject = Subject::Restore(restore.name.value.clone());
    let legs = within(plan, &subject, rto, restore, out)?;
    Some(promise(subject, rto, restore, legs))
}

/// Proves a target's rto, where it has one: every restore that recovers it must keep it as a whole.
pub(super) fn of_target(plan: &Plan, target: &Target, out: &mut Diagnostics) -> Option<Promise> {
    let rto = target.objective.as_ref()?.rto.as_ref()?;
    let subject = Subject::Target(target.name.value.clone());
    let ways: Vec<&Restore> =
        plan.restores.iter().filter(|restore| recovers(&restore.steps, &target.name.value)).collect();
    // A restore that could not be read may be the one that names it.
    if ways.is_empty() && !plan.broken.iter().any(|block| block.kind == "restore") {
        out.push(no_way_back(target, rto));
    }
    let paths: Vec<Option<Vec<Leg>>> = ways.iter().map(|restore| within(plan, &subject, rto, restore, out)).collect();
    let paths: Vec<Vec<Leg>> = paths.into_iter().collect::<Option<_>>()?;
    let (restore, legs) = ways.into_iter().zip(paths).max_by_key(|(_, legs)| length(legs))?;
    Some(promise(subject, rto, restore, legs))
}

fn promise(subject: Subject, rto: &Spanned<Duration>, restore: &Restore, legs: Vec<Leg>) -> Promise {
    Promise {
        subject,
        kind: Kind::Rto,
        promised: rto.value,
        proven: length(&legs),
        standing: Standing::Proven,
        evidence: Evidence::Path { restore: restore.name.value.clone(), legs },
    }
}

/// The longest path of a restore, where it is within the objective; else that is reported.
fn within(
    plan: &Plan,
    subject: &Subject,
    rto: &Spanned<Duration>,
    restore: &Restore,
    out: &mut Diagnostics,
) -> Option<Vec<Leg>> {
    match longest(plan, &restore.steps) {
        Ok(legs) if length(&legs) <= rto.value => Some(legs),
        Ok(legs) => {
            out.push(broken(subject, rto, restore, &legs));
            None
        }
        Err(missing) => {
            out.push(unproven(subject, rto, restore, missing));
            None
        }
    }
}

/// The longest path through steps that run one after the other, or the places of those without `takes`.
fn longest(plan: &Plan, steps: &[RestoreStep]) -> Result<Vec<Leg>, Vec<Span>> {
    joined(steps.iter().map(|step| path(plan, step))).map(|paths| paths.into_iter().flatten().collect())
}

fn path(plan: &Plan, step: &RestoreStep) -> Result<Vec<Leg>, Vec<Span>> {
    match step {
        RestoreStep::Recover(recover) => path_of(recover),
        RestoreStep::Probe(probe) => leg(format!("probe \"{}\"", probe.name.value), &probe.takes, probe.span),
        RestoreStep::Parallel(steps) => {
            let mut paths = joined(steps.iter().map(|step| path(plan, step)))?;
            paths.extend(queues(plan, steps)?);
            // Of equals the first: `max_by_key` takes the last.
            Ok(paths.into_iter().rev().max_by_key(|legs| length(legs)).unwrap_or_default())
        }
    }
}

/// The longest of the queues before each store that the plan limits, when these steps are begun side by side. Of a target that has backups in
/// several stores, any of them may be the one. As steps are begun in source order where there is room, a step that is quicker than it says
/// makes no queue longer.
fn queues(plan: &Plan, steps: &[RestoreStep]) -> Result<Vec<Vec<Leg>>, Vec<Span>> {
    let recoveries = recoveries(steps);
    let limited = plan.stores.iter().filter_map(|store| Some((&store.name.value, store.side_by_side.as_ref()?.value)));
    let queue = |(store, side_by_side): (&Name, NonZeroU32)| {
        let mut queues = vec![vec![]; side_by_side.get().min(recoveries.len() as u32) as usize];
        for recover in recoveries.iter().filter(|recover| may_come_from(plan, recover, store)) {
            let shortest = queues.iter_mut().min_by_key(|legs: &&mut Vec<Leg>| length(legs));
            shortest.into_iter().try_for_each(|legs| path_of(recover).map(|leg| legs.extend(leg)))?;
        }
        Ok(queues.into_iter().rev().max_by_key(|legs| length(legs)).unwrap_or_default())
    };
    joined(limited.map(queue))
}

/// What is recovered side by side, in source order.
fn recoveries<'a>(steps: &'a [RestoreStep]) -> Vec<&'a Recover> {
    let of = |step: &'a RestoreStep| match step {
        RestoreStep::Recover(recover) => vec![recover],
        RestoreStep::Parallel(steps) => recoveries(steps),
        RestoreStep::Probe(_) => vec![],
    };
    steps.iter().flat_map(of).collect()
}

fn may_come_from(plan: &Plan, recover: &Recover, store: &Name) -> bool {
    let target = plan.targets.iter().find(|target| target.name.value == recover.target.value);
    target.is_some_and(|target| target.backups.iter().any(|backup| backup.store.value == *store))
}

fn path_of(recover: &Recover) -> Result<Vec<Leg>, Vec<Span>> {
    leg(format!("recover {}", recover.target.value), &recover.takes, recover.span)
}

fn leg(step: String, takes: &Option<Spanned<Duration>>, span: Span) -> Result<Vec<Leg>, Vec<Span>> {
    match takes {
        Some(takes) => Ok(vec![Leg { step, takes: takes.value, span }]),
        None => Err(vec![span]),
    }
}

/// All paths, or all that is missing in any.
fn joined(paths: impl Iterator<Item = Result<Vec<Leg>, Vec<Span>>>) -> Result<Vec<Vec<Leg>>, Vec<Span>> {
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for path in paths {
        match path {
            Ok(legs) => found.push(legs),
            Err(spans) => missing.extend(spans),
        }
    }
    if missing.is_empty() { Ok(found) } else { Err(missing) }
}

fn recovers(steps: &[RestoreStep], target: &Name) -> bool {
    steps.iter().any(|step| match step {
        RestoreStep::Recover(recover) => recover.target.value == *target,
        RestoreStep::Parallel(steps) => recovers(steps, target),
        RestoreStep::Probe(_) => false,
    })
}

fn broken(subject: &Subject, rto: &Spanned<Duration>, restore: &Restore, legs: &[Leg]) -> Diagnostic {
    let (total, name) = (length(legs), &restore.name.value);
    let message = match subject {
        Subject::Target(target) => {
            format!("`{target}` is back after {total} with restore `{name}`, and {} is promised", rto.value)
        }
        Subject::Restore(_) => format!("restore `{name}` takes {total}, and {} is promised", rto.value),
    };
    let help = format!("make a step quicker, run steps side by side in a `parallel`, or promise rto=\"{total}\"");
    let promised = format!("{} > {}", sum(legs), rto.value);
    let steps = legs.iter().map(|leg| (leg.span, format!("takes {}", leg.takes)));
    with_labels(Diagnostic::new(&RTO_BROKEN, message, rto.span, promised, help), steps)
}

fn unproven(subject: &Subject, rto: &Spanned<Duration>, restore: &Restore, missing: Vec<Span>) -> Diagnostic {
    let name = &restore.name.value;
    let message = match subject {
        Subject::Target(target) => {
            format!("nothing shows that `{target}` is back within {} with restore `{name}`", rto.value)
        }
        Subject::Restore(_) => format!("nothing shows that restore `{name}` takes at most {}", rto.value),
    };
    let help = "write into each step how long it takes, as in takes=\"20m\"";
    let steps = missing.into_iter().map(|span| (span, "has no `takes`".to_owned()));
    with_labels(Diagnostic::new(&RTO_UNPROVEN, message, rto.span, "promised here", help), steps)
}

fn no_way_back(target: &Target, rto: &Spanned<Duration>) -> Diagnostic {
    let name = &target.name.value;
    let message = format!("nothing shows that `{name}` is back within {}: no restore recovers it", rto.value);
    let help = format!("write a restore with `recover \"{name}\" takes=\"…\"`");
    Diagnostic::new(&RTO_UNPROVEN, message, rto.span, "promised here", help)
}
