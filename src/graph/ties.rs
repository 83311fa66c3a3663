//! How often steps wait for each other: where many stand side by side behind many side by side, each waits for each.

use crate::diagnostic::{Diagnostic, codes};
use crate::plan::{Plan, Restore, RestoreStep};

/// How many ties the restores of a plan may have in all: each takes some sixty bytes while it is compiled.
const TIES_MAX: usize = 500_000;

/// What there is to say where the restores of a plan have too many, at the one that goes beyond.
pub(super) fn too_many(plan: &Plan) -> Option<Diagnostic> {
    let mut ties = 0_usize;
    let beyond = plan.restores.iter().find(|restore| {
        sequence(&restore.steps, 0, &mut ties);
        ties > TIES_MAX
    });
    beyond.map(diagnose)
}

/// Counts the ties of steps one after the other, behind `before` steps. Answers how many the next would wait for.
fn sequence(steps: &[RestoreStep], before: usize, ties: &mut usize) -> usize {
    steps.iter().fold(before, |before, step| match step {
        RestoreStep::Parallel(children) => {
            let ends: usize = children.iter().map(|child| sequence(std::slice::from_ref(child), before, ties)).sum();
            if ends == 0 { before } else { ends }
        }
        RestoreStep::Recover(_) | RestoreStep::Probe(_) => {
            *ties = ties.saturating_add(before);
            1
        }
    })
}

fn diagnose(restore: &Restore) -> Diagnostic {
    let name = &restore.name;
    let message = format!("in the restore \"{}\", too many steps wait for too many", name.value);
    let help =
        "put a single step, such as a `probe`, between two large `parallel` blocks, or make several plans of this one";
    let label = format!("beyond {TIES_MAX} ties between steps");
    Diagnostic::new(&codes::graph::TOO_MANY_TIES, message, name.span, label, help)
}
