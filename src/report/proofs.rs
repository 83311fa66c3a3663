//! What a plan promises and keeps, as text.
//!
//! Invariant: every promise has its line, and evidence that several stand on is told once.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::primitives::{Duration, Name};
use crate::prove::{Detection, Evidence, Path, Promise, Proofs, RestoreTime, Standing, Subject, listed};

/// A line for each promise, with what it stands on; promises of the same time of the same restore share one.
pub fn text(proofs: &Proofs) -> String {
    let mut lines = String::new();
    let mut by_restore: BTreeMap<(&Name, Duration), Vec<&Promise>> = BTreeMap::new();
    for promise in &proofs.promises {
        if let Evidence::Path { restore, .. } = &promise.evidence {
            by_restore.entry((restore, promise.promised)).or_default().push(promise);
        }
    }
    let mut paths = BTreeSet::new();
    for promise in &proofs.promises {
        let Evidence::Path { restore, path } = &promise.evidence else {
            let _ = writeln!(lines, "  {}: {promise}", promise.standing);
            continue;
        };
        let Some(alike) = by_restore.remove(&(restore, promise.promised)) else { continue };
        let evidence = evidence(restore, path, &alike, paths.insert(restore));
        let (standing, subjects, kind) = (promise.standing, subjects(&alike), promise.kind);
        let _ = writeln!(lines, "  {standing}: {subjects}, {kind}: {}: {evidence}", promise.bound());
    }
    for found in &proofs.any_points {
        let _ = writeln!(lines, "  {}: {found}", found.standing);
    }
    for reach in &proofs.reaches {
        let _ = writeln!(lines, "  {}: {reach}", Standing::Proven);
    }
    lines.push_str(&detections(&proofs.detections));
    for custody in &proofs.custody {
        let _ = writeln!(lines, "  {}: {custody}", custody.standing);
    }
    lines
}

/// A line for all targets of which the same is told.
fn detections(found: &[Detection]) -> String {
    let mut groups: Vec<(&Detection, Vec<&Name>)> = vec![];
    let mut places = BTreeMap::new();
    for detection in found {
        let place = *places.entry(detection.told()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, targets)) => targets.push(&detection.target),
            None => groups.push((detection, vec![&detection.target])),
        }
    }
    let line = |(first, targets): (&Detection, Vec<&Name>)| {
        format!("  {}: damage to {} is {}\n", first.standing, listed(targets.iter()), first.told())
    };
    groups.into_iter().map(line).collect()
}

/// `target documents`, `targets a, b and restore data`.
fn subjects(promises: &[&Promise]) -> String {
    let targets: Vec<&Name> = promises
        .iter()
        .filter_map(|promise| match &promise.subject {
            Subject::Target(target) => Some(target),
            Subject::Restore(_) => None,
        })
        .collect();
    let restore = promises.iter().find(|promise| matches!(promise.subject, Subject::Restore(_)));
    let restore = restore.map(|promise| promise.subject.to_string());
    let targets = match targets.as_slice() {
        [] => None,
        [one] => Some(format!("target {one}")),
        several => Some(format!("targets {}", listed(several.iter()))),
    };
    targets.into_iter().chain(restore).collect::<Vec<_>>().join(" and ")
}

/// The path, the first time; the restore is named where none of the promises is its own.
fn evidence(restore: &Name, path: &Path, promises: &[&Promise], is_first: bool) -> String {
    let is_own = promises.iter().any(|promise| matches!(promise.subject, Subject::Restore(_)));
    match (is_own, is_first) {
        (true, true) => path.to_string(),
        (false, true) => format!("restore {restore}, {path}"),
        (_, false) => format!("restore {restore}, as above"),
    }
}

/// How long a restore takes, each step with its slack; those of the longest path are marked.
pub fn time(time: &RestoreTime) -> String {
    let RestoreTime { takes, promised, left, side_by_side, steps, .. } = time;
    let room = match left {
        Some(left) if left.seconds == 0 => "nothing left".to_owned(),
        Some(left) => format!("{left} left"),
        None => "which is too long".to_owned(),
    };
    let wide = if *side_by_side > 1 { format!(", with --side-by-side {side_by_side}") } else { String::new() };
    let mut lines = format!(
        "It takes {takes} of {promised} at most, {room}{wide} ({}). A step may take longer by its slack before the restore does, and by\nits room before the promise is broken; * marks the longest path.\n",
        time.standing
    );
    let _ = writeln!(lines, "  {:>9} {:>9} {:>9}", "takes", "slack", "room");
    for step in steps {
        let mark = if step.slack.seconds == 0 { '*' } else { ' ' };
        let room = step.room.map_or_else(|| "none".to_owned(), |room| room.to_string());
        let _ = writeln!(lines, "{mark} {:>9} {:>9} {room:>9}   {}", step.takes, step.slack, step.step);
    }
    lines
}
