//! How long it takes until it is back: the longest path through a restore.

use super::{Because, Objective, Promise, Standing};
use crate::diagnostic::codes::{prove as codes, restore as restore_codes};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::graph::{Graph, StepKind, longest_path};
use crate::plan::{Plan, Restore, Target};
use crate::primitives::{Duration, Spanned};

/// Proves the recovery time objective of a restore, if it has one.
pub(super) fn of_restore(plan: &Plan, graph: &Graph, restore: &Restore, found: &mut Diagnostics) -> Option<Promise> {
    let rto = restore.rto.as_ref()?;
    let subject = format!("restore \"{}\"", restore.name.value);
    Some(held_against(plan, graph, restore, rto, subject, found))
}

/// Proves the recovery time objective of a target, if it has one: by every restore that recovers it, so the slowest counts.
pub(super) fn of_target(plan: &Plan, graph: &Graph, target: &Target, found: &mut Diagnostics) -> Option<Promise> {
    let rto = target.objective.as_ref()?.rto.as_ref()?;
    let name = &target.name.value;
    let recovers = |restore: &&Restore| {
        let steps = graph.of_restore(&restore.name.value);
        steps.steps().iter().any(|step| matches!(&step.kind, StepKind::Recover { target, .. } if target == name))
    };
    let promises: Vec<Promise> = plan
        .restores
        .iter()
        .filter(recovers)
        .map(|restore| held_against(plan, graph, restore, rto, name.to_string(), found))
        .collect();
    if promises.is_empty() {
        return Some(unrestored(target, rto, found));
    }
    let slowest = |promise: &Promise| {
        (
            promise.standing == Standing::Waived,
            promise.because.as_ref().map_or(u64::MAX, |because| because.total().seconds),
        )
    };
    promises.into_iter().max_by_key(slowest)
}

/// No restore recovers it. Where that is an error of its own, it is not told twice.
fn unrestored(target: &Target, rto: &Spanned<Duration>, found: &mut Diagnostics) -> Promise {
    let told = found.iter().any(|found| {
        found.code == &restore_codes::MISSING_RESTORE && found.labels.iter().any(|label| label.span == target.name.span)
    });
    let waived = target.waivers.iter().any(|waiver| waiver.code.value == restore_codes::MISSING_RESTORE.name);
    if !told || waived {
        let message = format!("nothing proves that `{}` is back within {}", target.name.value, rto.value);
        let help = "add a `restore` that recovers it, and say how long each step takes";
        found.push(Diagnostic::new(&codes::RTO_UNPROVEN, message, rto.span, "no restore recovers it", help));
    }
    let subject = target.name.value.to_string();
    Promise { subject, objective: Objective::Rto, promised: rto.value, standing: Standing::Waived, because: None }
}

fn held_against(
    plan: &Plan,
    graph: &Graph,
    restore: &Restore,
    rto: &Spanned<Duration>,
    subject: String,
    found: &mut Diagnostics,
) -> Promise {
    let steps = graph.of_restore(&restore.name.value);
    let promise =
        |standing, because| Promise { subject, objective: Objective::Rto, promised: rto.value, standing, because };
    if steps.steps().iter().any(|step| step.takes.is_none()) {
        // A restore that could not be read whole is not known to lack anything.
        let broken = plan.broken.iter().any(|broken| broken.name.as_ref() == Some(&restore.name.value));
        if !broken {
            found.push(unproven(&steps, restore, rto));
        }
        return promise(Standing::Waived, None);
    }
    let path = longest_path(&steps);
    let summed = path.steps.iter().map(|id| {
        let step = steps.step(*id);
        (step.name.clone(), step.takes.unwrap_or_default())
    });
    let because = Because::Path { steps: summed.collect() };
    if path.takes <= rto.value {
        return promise(Standing::Proven, Some(because));
    }
    found.push(broken(&steps, &path.steps, restore, rto, path.takes));
    promise(Standing::Waived, Some(because))
}

fn unproven(steps: &Graph, restore: &Restore, rto: &Spanned<Duration>) -> Diagnostic {
    let message = format!("nothing proves that restore `{}` is done within {}", restore.name.value, rto.value);
    let help = "say how long each step takes, as in `takes=\"20m\"`";
    let diagnostic = Diagnostic::new(&codes::RTO_UNPROVEN, message, rto.span, "promised here", help);
    let silent = steps.steps().iter().filter(|step| step.takes.is_none());
    silent.fold(diagnostic, |diagnostic, step| diagnostic.also(step.span, "how long does this take?"))
}

fn broken(
    steps: &Graph,
    path: &[crate::primitives::StepId],
    restore: &Restore,
    rto: &Spanned<Duration>,
    takes: Duration,
) -> Diagnostic {
    let of = |id: &crate::primitives::StepId| steps.step(*id).takes.unwrap_or_default();
    let sum: Vec<String> = path.iter().map(|id| of(id).to_string()).collect();
    let sum = if sum.len() > 1 { format!("{} = {takes}", sum.join(" + ")) } else { takes.to_string() };
    let message = format!("restore `{}` takes {sum}, and {} are allowed", restore.name.value, rto.value);
    let help = format!("promise rto=\"{takes}\" or more, or let steps run side by side in `parallel`");
    let diagnostic = Diagnostic::new(&codes::RTO_BROKEN, message, rto.span, "promised here", help);
    path.iter().fold(diagnostic, |diagnostic, id| diagnostic.also(steps.step(*id).span, of(id).to_string()))
}
