//! The dry run of a restore, as whoever carries it out reads it at three in the morning: what matters first, then the steps with their times,
//! then how it is begun.
//!
//! Invariant: text and Markdown tell the same, and what is not known is said to be.

use std::fmt::Write;

use jiff::SignedDuration;
use serde::Serialize;

use super::forecast::{end, head, steps, told};
use super::words::{cell, counted, lasting, time};
use crate::forecast::{
    Action, Approval, DatabaseAction, Outlook, OutlookStep, PastTime, Recovery, Runbook, Space, Spread, Stage,
    recoveries,
};
use crate::graph::Effect;
use crate::primitives::{ByteSize, Duration, PathBytes, Slot, StepId, on_one_line};

/// So many of one kind are named at the top; the steps below name all.
const NAMED_MAX: usize = 8;

/// A dry run for programs (`--dry-run --format json`).
#[derive(Serialize, schemars::JsonSchema)]
pub struct DryRun<'a> {
    /// What would happen.
    #[serde(flatten)]
    pub forecast: &'a Outlook,
    /// Of a restore: what it comes to for whoever carries it out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub runbook: Option<&'a Runbook>,
}

/// What is known only where the command was typed.
#[derive(Debug, Clone)]
pub struct Typed {
    /// The command line that begins the same restore for real.
    pub begin: String,
}

/// A restore's dry run for the terminal. `times` stands between its steps and how it is begun.
pub fn text(outlook: &Outlook, runbook: &Runbook, typed: &Typed, times: &str) -> String {
    let (mut text, clock) = (head(outlook), clock(runbook));
    text.push('\n');
    for (label, lines) in facts(outlook, runbook) {
        text.push_str(&fact(label, &lines));
    }
    if outlook.steps.iter().any(|step| step.takes().is_some()) {
        text.push_str("\nT+ counts from the start; * marks the longest path.\n");
    }
    let _ = write!(text, "\n{}\n{}", steps(outlook, &|id| note(outlook, runbook, clock, id)), end(outlook));
    if !times.is_empty() {
        let _ = write!(text, "\n{times}");
    }
    text.push('\n');
    for (label, lines) in then(outlook, runbook, typed) {
        text.push_str(&fact(label, &lines));
    }
    text
}

/// The same for a page.
pub fn markdown(outlook: &Outlook, runbook: &Runbook, typed: &Typed) -> String {
    let (mut text, clock) = (format!("# {}\n\n", cell(head(outlook).trim_end())), clock(runbook));
    facts(outlook, runbook).iter().for_each(|fact| text.push_str(&listed(fact)));
    text.push_str("\n| | begins | ends | takes | before | longest path | step |\n");
    text.push_str("| --: | --- | --- | --- | --- | --- | --- |\n");
    for (step, stage) in outlook.steps.iter().zip(&runbook.steps) {
        let takes = step.takes().map_or_else(String::new, |takes| takes.to_string());
        let cells = [
            (stage.step.0 + 1).to_string(),
            stage.begins.map_or_else(String::new, clock),
            stage.ends.map_or_else(String::new, clock),
            takes,
            stage.past.map_or_else(String::new, |past| before(&past)),
            if stage.on_longest_path { "yes".into() } else { String::new() },
            cell(&told(outlook, step)),
        ];
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    let _ = writeln!(text, "\n{}", cell(end(outlook).trim_end()));
    text.push('\n');
    then(outlook, runbook, typed).iter().for_each(|fact| text.push_str(&listed(fact)));
    text
}

/// A line of a list; several lines as a list within it, and those that stand below one within that.
fn listed((label, lines): &Fact) -> String {
    match lines.as_slice() {
        [one] => format!("- **{label}**: {}\n", cell(one)),
        several => {
            let lines = several.iter().map(|line| match line.strip_prefix("  ") {
                Some(below) => format!("    - {}\n", cell(below)),
                None => format!("  - {}\n", cell(line)),
            });
            std::iter::once(format!("- **{label}**:\n")).chain(lines).collect()
        }
    }
}

/// `  label      first line`, the others beneath.
fn fact(label: &str, lines: &[String]) -> String {
    let labels = std::iter::once(label).chain(std::iter::repeat(""));
    labels.zip(lines).map(|(label, line)| format!("  {label:<10} {line}\n")).collect()
}

/// A word, and what is known under it, line by line.
pub(super) type Fact = (&'static str, Vec<String>);

/// What matters, before the steps.
pub(super) fn facts(outlook: &Outlook, runbook: &Runbook) -> Vec<Fact> {
    let all = [
        ("points", points(outlook, runbook)),
        ("apart", runbook.spread.as_ref().map(apart).unwrap_or_default()),
        ("time", whole(runbook)),
        ("in the way", in_the_way(outlook, runbook)),
        ("look at", look_at(outlook, runbook)),
        ("approval", approvals(runbook)),
        ("replaced", replaced(outlook)),
        ("space", needed(outlook, runbook)),
    ];
    all.into_iter().filter(|(_, lines)| !lines.is_empty()).collect()
}

/// The first of many lines, and how many more there are.
fn shortened(mut lines: Vec<String>) -> Vec<String> {
    let more = lines.len().saturating_sub(NAMED_MAX);
    if more > 0 {
        lines.truncate(NAMED_MAX);
        lines.push(format!("and {more} more"));
    }
    lines
}

/// What is put back, and to which moment.
fn points(outlook: &Outlook, runbook: &Runbook) -> Vec<String> {
    let of = |step: &OutlookStep| match step {
        OutlookStep::Known(step) => match &step.action {
            Action::Recover(recovery) => Some(point(outlook, runbook, recovery)),
            _ => None,
        },
        OutlookStep::NotObserved(step) => (step.word == "recover").then(|| format!("{}: not looked at", step.what)),
    };
    let asked = runbook
        .asked
        .map(|asked| format!("of each the newest that is of {} or before", time(asked, &outlook.timezone)));
    let found = shortened(outlook.steps.iter().filter_map(of).collect());
    asked.filter(|_| !found.is_empty()).into_iter().chain(found).collect()
}

fn point(outlook: &Outlook, runbook: &Runbook, recovery: &Recovery) -> String {
    let Some(manifest) = &recovery.manifest else { return format!("{}: there is none to take", recovery.target) };
    let of = time(manifest.moment, &outlook.timezone);
    let older = runbook.asked.map(|asked| asked.duration_since(manifest.moment)).filter(SignedDuration::is_positive);
    let older = older.map_or_else(String::new, |older| format!(", {} before that", lasting(older)));
    format!("{}: data as of {of}{older}", recovery.target)
}

/// `the points lie 5h30m apart; the plan allows 25h`, and which two do.
fn apart(spread: &Spread) -> Vec<String> {
    let Spread { older, newer, apart, allowed } = spread;
    let held = match allowed {
        Some(allowed) if apart > allowed => {
            let more = Duration::from_seconds(apart.seconds - allowed.seconds);
            format!(", {more} more than the {allowed} that the plan allows")
        }
        Some(allowed) => format!("; the plan allows {allowed}"),
        None => "; the plan does not say how far they may".into(),
    };
    match apart.seconds {
        0 => vec!["the points are of one moment".into()],
        _ => vec![
            format!("the points lie {apart} apart{held}"),
            format!("the oldest is of {older}, the newest of {newer}"),
        ],
    }
}

/// How long all of it takes, of what is allowed.
fn whole(runbook: &Runbook) -> Vec<String> {
    let left = |takes: Duration, allowed: Duration| match takes.seconds.cmp(&allowed.seconds) {
        std::cmp::Ordering::Less => format!("{} left", Duration::from_seconds(allowed.seconds - takes.seconds)),
        std::cmp::Ordering::Equal => "nothing left".into(),
        std::cmp::Ordering::Greater => {
            format!("{} too long", Duration::from_seconds(takes.seconds - allowed.seconds))
        }
    };
    let standing = runbook.standing.map_or_else(String::new, |standing| format!(" ({standing})"));
    let planned = match (runbook.takes, runbook.allowed) {
        (Some(takes), Some(allowed)) => format!("{takes} of {allowed}, {}{standing}", left(takes, allowed)),
        (Some(takes), None) => format!("{takes}{standing}; the plan promises none"),
        (None, Some(allowed)) => format!("not known, as a step does not say how long it takes; {allowed} are allowed"),
        (None, None) => "not known, as a step does not say how long it takes".into(),
    };
    let as_before = runbook.as_before.map(|takes| {
        let late = runbook.allowed.filter(|allowed| takes > *allowed);
        let late = late.map_or_else(String::new, |allowed| format!(", {}", left(takes, allowed)));
        format!("{takes} if each step takes what 95 % of its earlier runs did{late}")
    });
    let unknown = runbook.past_unknown.as_ref();
    let unknown = unknown.map(|why| format!("what earlier runs took is not known: {}", on_one_line(why)));
    [Some(planned), as_before, unknown].into_iter().flatten().collect()
}

/// What will make it fail.
fn in_the_way(outlook: &Outlook, runbook: &Runbook) -> Vec<String> {
    let faults = outlook.foreseen().map(|(step, fault)| format!("step {}: {fault}", step.id.0 + 1));
    let lacking = outlook
        .steps
        .iter()
        .filter_map(|step| Some(format!("step {}: this version has no driver for {}", step.id().0 + 1, step.lacks()?)));
    let short = runbook.space.iter().filter(|space| space.is_short());
    let short = short.map(|found| format!("too little space: {}", room(found)));
    let found: Vec<String> = faults.chain(lacking).chain(short).collect();
    match (found.is_empty(), outlook.known().next().is_some()) {
        (false, _) => shortened(found),
        (true, true) => vec!["nothing that can be seen from here".into()],
        (true, false) => vec!["nothing was looked at".into()],
    }
}

/// What does not make it fail, and should be known before it is begun.
fn look_at(outlook: &Outlook, runbook: &Runbook) -> Vec<String> {
    let longer = outlook.steps.iter().zip(&runbook.steps).filter_map(|(step, stage)| {
        let (longer, past, takes) = (stage.longer(step.takes())?, stage.past?, step.takes()?);
        let number = stage.step.0 + 1;
        Some(format!("step {number} took {} longer than its {takes}: {}", lasting(longer), before(&past)))
    });
    let longer: Vec<String> = longer.collect();
    let rests = match (longer.is_empty(), runbook.standing) {
        (false, Some(_)) => Some("what is proven of the time rests on `takes`, which is too short there".to_owned()),
        _ => None,
    };
    let of = |recovery: &Recovery| {
        let unread = recovery
            .unread_stores
            .iter()
            .map(|(store, _)| format!("{store} cannot be read, and may have a newer point"));
        let unusable = recovery.unusable.iter().map(|(point, _)| format!("newer, but cannot be used: {point}"));
        let unclean = recovery.manifest.as_ref().filter(|manifest| !manifest.clean);
        let unclean =
            unclean.map(|manifest| format!("{} is not clean: some files were not read whole", manifest.point));
        unread.chain(unusable).chain(unclean).collect::<Vec<_>>()
    };
    let longer = shortened(longer).into_iter().chain(rests);
    shortened(recoveries(outlook).flat_map(of).collect()).into_iter().chain(longer).collect()
}

fn approvals(runbook: &Runbook) -> Vec<String> {
    let told = |approval: &Approval| {
        let Approval { step, what, role, people } = approval;
        let first = format!("step {}: {}, by one of the role {role}:", step.0 + 1, on_one_line(what));
        let people = people.iter().map(|person| {
            format!("  {} from the account {}", on_one_line(&person.person), on_one_line(&person.account))
        });
        std::iter::once(first).chain(shortened(people.collect())).collect::<Vec<_>>()
    };
    match runbook.approvals.as_slice() {
        [] => vec!["nobody is asked".into()],
        several => several.iter().flat_map(told).collect(),
    }
}

/// What is put in the place of something, and what becomes of that.
fn replaced(outlook: &Outlook) -> Vec<String> {
    let mut found: Vec<String> = vec![];
    for step in &outlook.steps {
        let told = match step {
            OutlookStep::Known(step) => replaced_by(outlook, &step.action),
            OutlookStep::NotObserved(step) if step.effect > Effect::Add => vec![step.what.clone()],
            OutlookStep::NotObserved(_) => vec![],
        };
        found.extend(told.into_iter().map(|told| format!("step {}: {told}", step.id().0 + 1)));
    }
    match found.is_empty() {
        true => vec!["nothing: all goes beside what is there".into()],
        false => shortened(found),
    }
}

/// The run that will do it has another name than a dry run, and what is kept is called after that.
fn replaced_by(outlook: &Outlook, action: &Action) -> Vec<String> {
    let run = outlook.run.to_string();
    let removed = |folder: &PathBytes| format!("removes {folder}, which a killed restore left");
    match action {
        Action::Switch { moves, .. } => {
            let there = moves.iter().filter(|step| step.replaces);
            there.map(|step| format!("{}, kept as {}", step.to, step.kept.to_string().replace(&run, "RUN"))).collect()
        }
        Action::Deploy(deployment) => {
            let was = deployment.link.as_ref().and_then(|link| Some((&link.link, link.was.as_ref()?)));
            let link = was.map(|(link, was)| format!("the link {link}; what it points to, {was}, stays"));
            link.into_iter().chain(deployment.leftovers.iter().map(removed)).collect()
        }
        Action::Recover(recovery) => recovery.leftovers.iter().map(removed).collect(),
        Action::Database(action) => match &**action {
            DatabaseAction::Switch(of) if of.replaces.is_some() => {
                vec![format!("{}, kept as {}", of.to, of.kept.identifier.replace(&until(outlook), "TIME"))]
            }
            _ => vec![],
        },
        Action::Command { .. } => vec!["whatever its program does".into()],
        _ => vec![],
    }
}

/// By which what a dry run says would be kept is called: the run that will do it begins later.
fn until(outlook: &Outlook) -> String {
    Slot::new(outlook.run.began()).to_string().to_ascii_lowercase()
}

/// The room for what is put back; how much a release takes is known only when it is there.
fn needed(outlook: &Outlook, runbook: &Runbook) -> Vec<String> {
    let releases = outlook.known().filter_map(|step| match &step.action {
        Action::Deploy(deployment) => {
            Some(format!("what the release {} takes is not known: {}", deployment.target, deployment.into))
        }
        _ => None,
    });
    runbook.space.iter().take(NAMED_MAX).flat_map(space).chain(releases.take(NAMED_MAX)).collect()
}

/// `1.2 GiB needed; 3.4 GiB free: /srv/a`; several folders, each on a line of its own.
fn space(space: &Space) -> Vec<String> {
    let folders: Vec<String> = space.folders.iter().map(ToString::to_string).collect();
    match folders.as_slice() {
        [one] => vec![format!("{}: {one}", room(space))],
        several => {
            let below = several.iter().map(|folder| format!("  {folder}"));
            std::iter::once(format!("{}, in all:", room(space))).chain(shortened(below.collect())).collect()
        }
    }
}

/// `1.2 GiB needed; 3.4 GiB free`
fn room(space: &Space) -> String {
    let at = space.host.as_ref().map_or_else(String::new, |host| format!(" on {}", on_one_line(host)));
    let needed = match space.needed {
        Some(bytes) => format!("{} needed", ByteSize(bytes)),
        None => "how much is needed is not known".into(),
    };
    match space.free {
        Some(bytes) => format!("{needed}; {} free{at}", ByteSize(bytes)),
        None => format!("{needed}; what is free{at} is not known"),
    }
}

/// How a time from the start is written.
pub(super) type Clock = fn(Duration) -> String;

/// `T+00:03`, hours and minutes; and seconds where the plan counts them.
pub(super) fn clock(runbook: &Runbook) -> Clock {
    let in_minutes = runbook.steps.iter().filter_map(|stage| stage.ends).all(|time| time.seconds.is_multiple_of(60));
    let minutes = |time: Duration| format!("T+{:02}:{:02}", time.seconds / 3600, time.seconds / 60 % 60);
    let seconds = |time: Duration| {
        let seconds = time.seconds;
        format!("T+{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
    };
    if in_minutes { minutes } else { seconds }
}

/// When a step begins and ends, and how long it takes and took; nothing where the plan says nothing of times, and none is remembered.
pub(super) fn note(outlook: &Outlook, runbook: &Runbook, clock: Clock, id: StepId) -> Vec<String> {
    let (Some(step), Some(stage)) = (outlook.steps.get(id.index()), runbook.steps.get(id.index())) else {
        return vec![];
    };
    let takes = step.takes();
    if takes.is_none() && stage.past.is_none() {
        return beside(stage).into_iter().collect();
    }
    let when = match (stage.begins, stage.ends) {
        (Some(begins), Some(ends)) => format!("{} to {}, ", clock(begins), clock(ends)),
        (Some(begins), None) => format!("from {}, ", clock(begins)),
        (None, _) => String::new(),
    };
    let mark = if stage.on_longest_path { '*' } else { ' ' };
    let longer = stage.longer(takes).map_or_else(String::new, |by| format!(", {} longer", lasting(by)));
    let takes = takes.map_or_else(|| "takes what the plan does not say".into(), |takes| format!("takes {takes}"));
    let past = stage.past.map_or_else(String::new, |past| format!("; {}{longer}", before(&past)));
    let cold =
        stage.retrieval.map(|waits| format!("  its archive is in cold storage: {waits} of that until it can be read"));
    std::iter::once(format!("{mark} {when}{takes}{past}")).chain(cold).chain(beside(stage)).collect()
}

/// `95 % of 6 runs 27m05s`
pub(super) fn before(past: &PastTime) -> String {
    let took = lasting(SignedDuration::from_millis(i64::try_from(past.took_ms).unwrap_or(i64::MAX)));
    match past.runs {
        1 => format!("1 run: {took}"),
        runs => format!("95 % of {} {took}", counted(runs, "run")),
    }
}

/// `  beside steps 3 and 4`
fn beside(stage: &Stage) -> Option<String> {
    let numbers: Vec<String> = stage.beside.iter().map(|step| (step.0 + 1).to_string()).collect();
    match numbers.as_slice() {
        [] => None,
        [one] => Some(format!("  beside step {one}")),
        [first @ .., last] => Some(format!("  beside steps {} and {last}", first.join(", "))),
    }
}

/// How it is begun, approved and gone on with.
pub(super) fn then(outlook: &Outlook, runbook: &Runbook, typed: &Typed) -> Vec<Fact> {
    let is_refused = outlook.refused().is_some() || outlook.steps.iter().any(|step| step.lacks().is_some());
    if is_refused {
        return vec![("begin", vec!["it would be refused: mend what is in the way, and look again".into()])];
    }
    let mut facts = vec![("begin", vec![typed.begin.clone()])];
    if !runbook.approvals.is_empty() {
        let elsewhere = "sonae approve RUN --reason \"…\"    from an account above; without RUN it lists what waits";
        facts.push((
            "approve",
            vec!["at the terminal that began it, or elsewhere on this host:".into(), elsewhere.into()],
        ));
    }
    let when = if runbook.approvals.is_empty() {
        "once what failed is mended"
    } else {
        "once it is approved, or what failed is mended"
    };
    facts.push(("go on", vec![format!("sonae resume RUN    {when}")]));
    facts
}
