//! The last lines of a dry run: what it comes to, in numbers.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::words::{count, counted};
use crate::forecast::{Action, DatabaseAction, ForecastStep, Outlook, StepView as _, Subject};
use crate::primitives::{ByteSize, StepId};

/// What it comes to. Steps that are not reached, or will fail, come to nothing.
pub(super) fn closing(forecast: &Outlook, prevented: &[Option<StepId>]) -> String {
    let (skipped, reached): (Vec<_>, Vec<_>) = forecast.steps.iter().zip(prevented).partition(|(_, by)| by.is_some());
    let unknown = reached.iter().filter(|(step, _)| step.known().is_none()).count() as u64;
    let lacking: BTreeSet<String> =
        forecast.steps.iter().filter_map(|step| step.lacks().map(|driver| driver.to_string())).collect();
    let (failing, done): (Vec<&ForecastStep>, Vec<&ForecastStep>) =
        reached.into_iter().filter_map(|(step, _)| step.known()).partition(|step| step.foreseen.is_some());
    let fail = match (failing.len() as u64, skipped.len() as u64) {
        (0, _) => None,
        (failing, 0) => Some(format!("{} will fail", counted(failing, "step"))),
        (failing, skipped) => Some(format!("{} will fail and {} be skipped", counted(failing, "step"), count(skipped))),
    };
    let done = match (&forecast.subject, &fail) {
        (Subject::Restore { .. }, _) if forecast.refused().is_some() => vec!["nothing would be restored".into()],
        (Subject::RollBack(_), _) if forecast.refused().is_some() => vec!["nothing would be taken back".into()],
        (Subject::RollBack(_), _) => {
            let places = |step: &&ForecastStep| match &step.action {
                Action::Switch { moves, .. } => moves.len() as u64,
                _ => 0,
            };
            let links = done.iter().filter(|step| matches!(step.action, Action::Link { .. })).count() as u64;
            let databases = done.iter().filter(|step| matches!(step.action, Action::Database(_))).count() as u64;
            super::roll_back::achieved(links, done.iter().map(places).sum(), databases).into_iter().collect()
        }
        _ => achieved(&done),
    };
    let unknown = (unknown > 0).then(|| format!("{} not observed", counted(unknown, "step")));
    let done = Some(done.join(", ")).filter(|done| !done.is_empty());
    let parts: Vec<String> = [done, fail, unknown].into_iter().flatten().collect();
    let mut closing: String = super::roll_back::staying(forecast).iter().map(|line| format!("{line}\n")).collect();
    let _ = writeln!(closing, "{}. Nothing was changed.", parts.join("; "));
    if !lacking.is_empty() {
        let lacking: Vec<String> = lacking.into_iter().collect();
        let _ = writeln!(closing, "It cannot be run: this version has no driver for {}.", lacking.join(", "));
    }
    closing
}

/// What steps come to, in numbers.
fn achieved(steps: &[&ForecastStep]) -> Vec<String> {
    let number = |is: fn(&Action) -> bool| steps.iter().filter(|step| is(&step.action)).count() as u64;
    let of_databases = |is: fn(&DatabaseAction) -> bool| {
        steps.iter().filter(|step| matches!(&step.action, Action::Database(action) if is(action))).count() as u64
    };
    let made = number(|action| matches!(action, Action::Commit { .. }))
        + of_databases(|action| matches!(action, DatabaseAction::Snapshot(_)));
    let put_back = number(|action| matches!(action, Action::Recover(_)))
        + of_databases(|action| matches!(action, DatabaseAction::Recover(_)));
    let checked = of_databases(|action| matches!(action, DatabaseAction::Check(_)));
    let probes = number(|action| matches!(action, Action::Probe { .. }));
    let mut parts = vec![];
    if made > 0 {
        parts.push(format!("would make {}", counted(made, "recovery point")));
    }
    if checked > 0 {
        let begin = if made == 0 { "would look at" } else { "look at" };
        parts.push(format!("{begin} what is kept of {}", counted(checked, "database")));
    }
    if put_back > 0 {
        parts.push(format!("would put back {}", counted(put_back, "target")));
    }
    let deployed = number(|action| matches!(action, Action::Deploy(_)));
    if deployed > 0 {
        let begin = if put_back == 0 { "would deploy" } else { "deploy" };
        parts.push(format!("{begin} {}", counted(deployed, "release")));
    }
    let launched = number(|action| matches!(action, Action::Launch(_)));
    if launched > 0 {
        let begin = if put_back + deployed == 0 { "would launch" } else { "launch" };
        parts.push(format!("{begin} {}", counted(launched, "machine")));
    }
    if probes > 0 {
        let begin = if put_back + deployed + launched == 0 { "would run" } else { "run" };
        parts.push(format!("{begin} {}", counted(probes, "probe")));
    }
    parts.extend(deleted(steps));
    let suspended = number(|action| matches!(action, Action::Delete { suspended: Some(_), .. }))
        + of_databases(|action| matches!(action, DatabaseAction::Prune(of) if of.suspended.is_some()));
    if suspended > 0 {
        parts.push(format!("suspend the deletions of {}", counted(suspended, "backup")));
    }
    parts
}

fn deleted(steps: &[&ForecastStep]) -> Option<String> {
    let (mut points, mut bytes, mut leftovers, mut snapshots) = (0, 0_u64, 0, 0);
    for step in steps {
        if let Action::Database(action) = &step.action
            && let DatabaseAction::Prune(of) = &**action
            && of.suspended.is_none()
        {
            snapshots += of.snapshots.len() as u64;
        }
        if let Action::Delete { points: gone, suspended, leftovers: left, .. } = &step.action {
            let gone = if suspended.is_some() { &[] } else { gone.as_slice() };
            points += gone.len() as u64;
            leftovers += left.len() as u64;
            bytes = gone.iter().fold(bytes, |sum, deletion| sum.saturating_add(deletion.bytes));
        }
    }
    let points = (points > 0).then(|| format!("{} ({})", counted(points, "recovery point"), ByteSize(bytes)));
    let leftovers = (leftovers > 0).then(|| counted(leftovers, "leftover"));
    let snapshots = (snapshots > 0).then(|| counted(snapshots, "snapshot"));
    let parts: Vec<String> = points.into_iter().chain(snapshots).chain(leftovers).collect();
    (!parts.is_empty()).then(|| format!("delete {}", parts.join(" and ")))
}
