//! What a forecast deletes, all of it in one table: whoever reads nothing else reads this.
//!
//! Unaware of why anything is kept. Invariant: what a guard suspends, and what is not reached, is not in it.

use maud::{Markup, html};

use super::page::{Section, wide};
use crate::forecast::{Action, DatabaseAction, ForecastStep, Leftover, Outlook, OutlookStep};
use crate::graph::Effect;
use crate::primitives::{ByteSize, StepId};
use crate::report::forecast::prevented;
use crate::report::words::counted;

/// A longer table can be folded.
const LONG: usize = 12;

/// Something that goes.
struct Row {
    step: StepId,
    what: String,
    of: String,
    size: String,
    why: String,
}

/// The section; none where nothing goes.
pub(super) fn deleted(outlook: &Outlook) -> Option<Section> {
    let prevented = prevented(outlook);
    let reached = outlook.steps.iter().zip(prevented).filter(|(_, by)| by.is_none());
    let rows: Vec<Row> = reached
        .flat_map(|(step, _)| match step {
            OutlookStep::Known(step) if step.foreseen.is_none() => known(step),
            OutlookStep::Known(_) => vec![],
            OutlookStep::NotObserved(step) if step.effect == Effect::Delete => {
                let of = step.job.as_ref().map_or_else(String::new, ToString::to_string);
                vec![Row { step: step.id, what: "not known".into(), of, size: String::new(), why: step.what.clone() }]
            }
            OutlookStep::NotObserved(_) => vec![],
        })
        .collect();
    let table = wide("What is deleted", &table(&rows));
    let body = html! {
        @if rows.len() > LONG { details open { summary { (counted(rows.len() as u64, "line")) } (table) } } @else { (table) }
    };
    (!rows.is_empty()).then(|| Section::new("deleted", "What is deleted", body))
}

fn table(rows: &[Row]) -> Markup {
    html! {
        table {
            caption { "What would be deleted, and why." }
            thead { tr { @for head in ["step", "what", "of", "size", "why"] { th scope="col" { (head) } } } }
            tbody {
                @for Row { step, what, of, size, why } in rows {
                    tr {
                        td.number { a href={ "#step-" (step.0 + 1) } { (step.0 + 1) } }
                        td { bdi { (what) } }
                        td { bdi { (of) } }
                        td.number { (size) }
                        td { bdi { (why) } }
                    }
                }
            }
        }
    }
}

fn known(step: &ForecastStep) -> Vec<Row> {
    let row = |what: String, of: String, size: String, why: String| Row { step: step.id, what, of, size, why };
    match &step.action {
        Action::Delete { job, store, points, suspended, leftovers, .. } => {
            let of = format!("{job} in {store}");
            let gone = points.iter().filter(|_| suspended.is_none());
            let gone = gone.map(|gone| {
                row(gone.place.point.to_string(), of.clone(), ByteSize(gone.bytes).to_string(), gone.reason.clone())
            });
            let left = leftovers.iter().map(|left| match left {
                Leftover::Object(object) => {
                    let why = "no manifest speaks of it".into();
                    row(object.key.to_string(), of.clone(), ByteSize(object.size).to_string(), why)
                }
                Leftover::Upload(upload) => {
                    let why = "an upload that was never finished".into();
                    row(upload.key.to_string(), of.clone(), String::new(), why)
                }
            });
            gone.chain(left).collect()
        }
        Action::Database(action) => match &**action {
            DatabaseAction::Prune(of) => {
                let whose = format!("{} of {}", of.job, of.database);
                let gone = of.snapshots.iter().filter(|_| of.suspended.is_none() && of.unseen.is_none());
                let gone =
                    gone.map(|gone| row(gone.name.to_string(), whose.clone(), String::new(), gone.reason.clone()));
                let failed = of
                    .failed
                    .iter()
                    .map(|name| row(name.to_string(), whose.clone(), String::new(), "it failed".into()));
                gone.chain(failed).collect()
            }
            _ => vec![],
        },
        _ => vec![],
    }
}
