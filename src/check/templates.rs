//! What is wrong with many targets because of the words that one template gave them.

use std::collections::BTreeMap;

use crate::diagnostic::Diagnostic;
use crate::plan::Plan;
use crate::primitives::Span;

/// The same without what differs from an earlier one in the target alone that it speaks of: where all places are the same and the first of
/// them is in a template, one is told, with the number of the others.
pub(super) fn told_once(plan: &Plan, found: Vec<Diagnostic>) -> Vec<Diagnostic> {
    let mut bodies: Vec<Span> = plan.templates.iter().map(|template| template.body).collect();
    bodies.sort();
    let in_template = |at: Span| {
        let before = bodies.partition_point(|body| (body.file, body.start) <= (at.file, at.start));
        before
            .checked_sub(1)
            .and_then(|last| bodies.get(last))
            .is_some_and(|body| body.file == at.file && at.end <= body.end)
    };
    let first = {
        let mut seen = BTreeMap::new();
        let place = |(at, found): (usize, &Diagnostic)| {
            let is_shared = in_template(found.span());
            if is_shared { *seen.entry((found.code.name, found.labels.clone())).or_insert(at) } else { at }
        };
        found.iter().enumerate().map(place).collect::<Vec<_>>()
    };
    let mut others = vec![0_usize; found.len()];
    first.iter().enumerate().filter(|(at, first)| at != *first).for_each(|(_, first)| others[*first] += 1);
    let told = found.into_iter().enumerate().filter(|(at, _)| first[*at] == *at);
    told.map(|(at, found)| with_others(found, others[at])).collect()
}

fn with_others(mut found: Diagnostic, others: usize) -> Diagnostic {
    match others {
        0 => {}
        1 => found.message.push_str(", and so it is with another target that uses this template"),
        _ => found.message.push_str(&format!(", and so it is with {others} more targets that use this template")),
    }
    found
}
