//! A forecast as text: the dry run.

use std::fmt::Write;

use super::words::{count, counted, time};
use crate::catalog::Part;
use crate::forecast::{Action, Deletion, Forecast, ForecastStep, Leftover, Recovery, Selection, Subject};
use crate::graph::{Effect, Output};
use crate::observe::SourceTotals;
use crate::primitives::{ByteSize, JobName};

/// What would happen, in order, with names and sizes.
pub fn text(forecast: &Forecast) -> String {
    let mut lines = String::new();
    let _ = writeln!(lines, "{}\n", headline(forecast));
    let mut owner = String::new();
    for step in &forecast.steps {
        let of = owner_of(step);
        if of != owner {
            let gap = if owner.is_empty() { "" } else { "\n" };
            let _ = writeln!(lines, "{gap}{of}");
            owner = of;
        }
        step_lines(forecast, step, &mut lines);
    }
    let _ = write!(lines, "\n{}", closing(forecast));
    lines
}

fn headline(forecast: &Forecast) -> String {
    let at = time(forecast.at, &forecast.timezone);
    match &forecast.subject {
        Subject::Backup { jobs } => {
            let jobs = counted(jobs.len() as u64, "backup");
            format!("{}: {jobs} on {}, observed {at}", forecast.plan, forecast.host)
        }
        Subject::Restore { restore, budget } => {
            let budget = budget.map_or(String::new(), |budget| format!(" within {budget}"));
            format!("{}: restore \"{restore}\"{budget} on {}, observed {at}", forecast.plan, forecast.host)
        }
    }
}

/// The job or restore that a step belongs to, as a heading.
fn owner_of(step: &ForecastStep) -> String {
    let job = |job: &JobName, store: &dyn std::fmt::Display| format!("{job} → {store}");
    match &step.action {
        Action::Pack { new, .. } | Action::ReadBack { new, .. } | Action::Commit { new, .. } => {
            job(&new.place.job, &new.store)
        }
        Action::Look { job: name, store, .. } => job(name, store),
        Action::Delete { job: name, store, .. } => job(name, store),
        Action::Recover(_) | Action::ProbePath { .. } | Action::ProbeCommand { .. } => "steps".into(),
    }
}

/// The mark of a step's effect: what is added, what is removed; nothing for what only looks.
fn mark(effect: Effect) -> char {
    match effect {
        Effect::Read => ' ',
        Effect::Add => '+',
        Effect::Execute => '!',
        Effect::Delete => '-',
    }
}

fn step_lines(forecast: &Forecast, step: &ForecastStep, lines: &mut String) {
    let number = step.id.0 + 1;
    let (word, what, details) = described(forecast, &step.action);
    let nothing =
        matches!(&step.action, Action::Delete { points, leftovers, .. } if points.is_empty() && leftovers.is_empty());
    let mark = if nothing { ' ' } else { mark(step.effect) };
    let _ = writeln!(lines, "{mark} {number:>3} {word:<9} {what}");
    for detail in details {
        let _ = writeln!(lines, "                {detail}");
    }
    if let Some(fault) = &step.foreseen {
        let _ = writeln!(lines, "      will fail: {fault}");
    }
}

/// A step's word, what it is about, and lines of detail.
fn described(forecast: &Forecast, action: &Action) -> (&'static str, String, Vec<String>) {
    match action {
        Action::Look { selection, seen, .. } => ("look", selected(selection, seen.as_ref()), excluded(selection)),
        Action::Pack { new, source, .. } => {
            ("pack", new.key(Part::Archive).to_string(), vec![known_after(forecast, *source, "size")])
        }
        Action::ReadBack { new, packed } => {
            ("read back", new.key(Part::Archive).to_string(), vec![known_after(forecast, *packed, "digests")])
        }
        Action::Commit { new, read_back, .. } => {
            let point = format!("recovery point {}", new.place.point);
            ("commit", new.key(Part::Manifest).to_string(), vec![point, known_after(forecast, *read_back, "goodness")])
        }
        Action::Delete { points, leftovers, rules, .. } => {
            let details = points.iter().map(deletion).chain(leftovers.iter().map(leftover)).collect();
            ("delete", deletions(points, leftovers, rules.is_some()), details)
        }
        Action::Recover(recovery) => {
            ("recover", format!("{} into {}", recovery.target, recovery.into), recovered(forecast, recovery))
        }
        Action::ProbePath { shows, path } => ("probe", shows.clone(), vec![format!("something is at {path}")]),
        Action::ProbeCommand { shows, argv } => {
            ("probe", shows.clone(), vec![format!("`{}` exits with 0", argv.join(" "))])
        }
    }
}

fn selected(selection: &Selection, seen: Option<&SourceTotals>) -> String {
    let roots: Vec<String> = selection.roots.iter().map(ToString::to_string).collect();
    let holds = seen.map_or("what it holds is not known".into(), totals);
    format!("{}: {holds}", roots.join(", "))
}

/// `1,234 files in 12 folders, 4.5 MiB`, with whatever else there is.
fn totals(totals: &SourceTotals) -> String {
    let mut text = format!("{} in {}", counted(totals.files, "file"), counted(totals.folders, "folder"));
    if totals.symlinks > 0 {
        let _ = write!(text, ", {}", counted(totals.symlinks, "symbolic link"));
    }
    let _ = write!(text, ", {}", ByteSize(totals.bytes));
    if totals.special > 0 {
        let _ = write!(text, "; {} not stored (sockets, FIFOs, devices)", count(totals.special));
    }
    if totals.not_entered > 0 {
        let _ = write!(text, "; not entered: {}", counted(totals.not_entered, "mount point"));
    }
    if totals.unreadable > 0 {
        let _ = write!(text, "; {} cannot be read", count(totals.unreadable));
    }
    text
}

fn excluded(selection: &Selection) -> Vec<String> {
    if selection.exclude.is_empty() { vec![] } else { vec![format!("left out: {}", selection.exclude.join(", "))] }
}

fn known_after(forecast: &Forecast, output: Output, what: &str) -> String {
    format!("{what} known after step {}", forecast.step(output.step).id.0 + 1)
}

fn deletions(points: &[Deletion], leftovers: &[Leftover], rules: bool) -> String {
    match (points.len(), leftovers.len()) {
        (0, 0) if rules => "nothing: retention keeps every point".into(),
        (0, 0) => "nothing: the plan sets no retention".into(),
        (points, 0) => counted(points as u64, "recovery point"),
        (0, leftovers) => counted(leftovers as u64, "leftover"),
        (points, leftovers) => {
            format!("{} and {}", counted(points as u64, "recovery point"), counted(leftovers as u64, "leftover"))
        }
    }
}

fn deletion(deletion: &Deletion) -> String {
    format!("{}  {:>10}  {}", deletion.place.point, ByteSize(deletion.bytes), deletion.reason)
}

fn leftover(leftover: &Leftover) -> String {
    match leftover {
        Leftover::Object(object) => format!("{}  {}  no manifest speaks of it", object.key, ByteSize(object.size)),
        Leftover::Upload(upload) => format!("{}  an upload that was never finished", upload.key),
    }
}

fn recovered(forecast: &Forecast, recovery: &Recovery) -> Vec<String> {
    let Some(manifest) = &recovery.manifest else { return vec![] };
    let clean = if manifest.clean { "" } else { "; not clean: some files could not be read whole" };
    let mut details = vec![
        format!("recovery point {} of {} on {}", manifest.point, manifest.job, manifest.host),
        format!("data as of {}{clean}", time(manifest.moment, &forecast.timezone)),
        format!("{}, {}", counted(manifest.totals.files, "file"), ByteSize(manifest.totals.bytes)),
    ];
    if let Some(only) = &recovery.only {
        details.push(format!("only {only}"));
    }
    if let Some(free) = recovery.free {
        details[2].push_str(&format!("; {} free", ByteSize(free)));
    }
    for (store, fault) in &recovery.unread_stores {
        details.push(format!("a newer point may be in {store}, which cannot be read: {fault}"));
    }
    for (point, fault) in &recovery.unusable {
        details.push(format!("newer, but cannot be used: {point}: {}", fault.answer));
    }
    if !recovery.set_owner {
        details.push("owners are not restored: only the superuser can".into());
    }
    details
}

/// What it comes to.
fn closing(forecast: &Forecast) -> String {
    let made = forecast.steps.iter().filter(|step| matches!(step.action, Action::Commit { .. })).count() as u64;
    let put_back = forecast.steps.iter().filter(|step| matches!(step.action, Action::Recover(_))).count() as u64;
    let deleted: Vec<&Deletion> = forecast.steps.iter().flat_map(points_deleted).collect();
    let mut parts = vec![];
    if made > 0 {
        parts.push(format!("would make {}", counted(made, "recovery point")));
    }
    if put_back > 0 {
        parts.push(format!("would put back {}", counted(put_back, "target")));
    }
    if !deleted.is_empty() {
        let bytes = ByteSize(deleted.iter().fold(0, |sum: u64, deletion| sum.saturating_add(deletion.bytes)));
        parts.push(format!("delete {} ({bytes})", counted(deleted.len() as u64, "recovery point")));
    }
    let foreseen = forecast.foreseen().count() as u64;
    if foreseen > 0 {
        parts.push(format!("{} will fail", counted(foreseen, "step")));
    }
    format!("{}. Nothing was changed.\n", parts.join(", "))
}

fn points_deleted(step: &ForecastStep) -> &[Deletion] {
    match &step.action {
        Action::Delete { points, .. } => points,
        _ => &[],
    }
}
