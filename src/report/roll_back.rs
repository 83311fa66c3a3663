//! Roll-backs: how a restore is taken back, what would be, and what was.

use std::fmt::Write as _;

use super::words::counted;
use crate::forecast::{Action, MachineLeft, Outlook, RollBack, Subject, terminates};
use crate::primitives::{HostPath, Name, PathBytes};
use crate::run::{End, Outcome, StepEnd};
use crate::steps::{DatabaseOutput, StepOutput};

/// A link that would be taken back, and lines of detail.
pub(super) fn forecast(target: &Name, at: &HostPath, (from, to): (&PathBytes, &PathBytes)) -> (String, Vec<String>) {
    (format!("{target}: {at} points to {to} again"), vec![format!("it points to {from} now, which stays")])
}

/// What is about to be taken back.
pub fn announced(outlook: &Outlook) -> String {
    let stays: String = staying(outlook).iter().map(|line| format!("\n{line}")).collect();
    let steps = super::forecast::steps(outlook, &|_| vec![]);
    format!("{}\n{}{stays}", super::forecast::head(outlook), steps.trim_end())
}

/// What it comes to, in numbers.
pub(super) fn achieved(links: u64, places: u64, databases: u64) -> Option<String> {
    let parts = [(links, "link"), (places, "place"), (databases, "database")];
    let parts: Vec<String> = parts.iter().filter(|(of, _)| *of > 0).map(|(of, word)| counted(*of, word)).collect();
    (!parts.is_empty()).then(|| format!("would take back {}", parts.join(" and ")))
}

/// What stays as it is, as nothing was there before.
pub(super) fn stays(of: &RollBack) -> impl Iterator<Item = String> {
    let places = of.stays.iter().map(|place| format!("{place} stays as it is: nothing was there before"));
    places.chain(of.machines.iter().map(|machine| left(machine, of)))
}

/// A machine that was launched, or may have been.
fn left(machine: &MachineLeft, of: &RollBack) -> String {
    let shows = &machine.shows;
    match &machine.instance {
        Some(instance) => {
            let terminates = terminates(instance, machine.region.as_deref());
            format!("machine {instance} ({shows:?}) stays as it is, until somebody says `{terminates}`")
        }
        None => {
            let run = &of.of;
            let region = machine.region.as_ref().map_or_else(String::new, |region| format!(" --region {region}"));
            let finds = format!("aws ec2 describe-instances --filters Name=tag:sonae:run,Values={run}{region}");
            format!("a machine for {shows:?} may have been launched, and stays: `{finds}` finds it")
        }
    }
}

/// What stays of what a forecast is about.
pub(super) fn staying(forecast: &Outlook) -> Vec<String> {
    match &forecast.subject {
        Subject::RollBack(of) => stays(of).collect(),
        _ => vec![],
    }
}

/// A link that was taken back.
pub(super) fn linked(target: &Name, at: &HostPath, (from, to): (&PathBytes, &PathBytes), lines: &mut String) {
    let _ = writeln!(lines, "{target}: taken back");
    let _ = writeln!(lines, "  in place   {at}, which points to {to}");
    let _ = writeln!(lines, "  kept       {from}, to which it pointed until now");
}

/// Of a roll-back, what stays as it is; of a restore that there is a way back from, how to go it.
pub(super) fn outcome(outcome: &Outcome, lines: &mut String) {
    match &outcome.forecast.subject {
        Subject::RollBack(of) => stays(of).for_each(|line| {
            let _ = writeln!(lines, "{line}");
        }),
        Subject::Restore { .. } if is_ended(outcome.end) && goes_back(outcome) => {
            let _ = writeln!(lines, "to take it back: `sonae roll-back {}`", outcome.forecast.run);
        }
        _ => {}
    }
}

/// One that is still to be gone on with is not taken back.
fn is_ended(end: End) -> bool {
    !matches!(end, End::Waiting | End::Interrupted)
}

/// Whether it put something in the place of something else.
fn goes_back(outcome: &Outcome) -> bool {
    let replaced = |output: &StepOutput, action: &Action| match (output, action) {
        (StepOutput::Deployed(deployed), Action::Deploy(of)) => of.link.is_some() && deployed.previous.is_some(),
        (StepOutput::Switched { kept }, _) => !kept.is_empty(),
        (StepOutput::Database(done), _) => matches!(&**done, DatabaseOutput::Switched { kept: Some(_) }),
        _ => false,
    };
    outcome.steps.iter().any(|step| match &step.end {
        StepEnd::Done(output) => replaced(output, &outcome.forecast.step(step.step).action),
        _ => false,
    })
}
