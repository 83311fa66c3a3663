//! What a change of a plan means, for people and for pages.

mod markdown;
mod text;

pub use markdown::{MARKDOWN_CHARACTERS_MAX, markdown};
pub use text::text;

use serde::Serialize;

use super::words::counted;
use crate::diff::{Change, Changes, Judgement, Kind, What};

/// What differs between two versions of a plan.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Compared {
    /// What the older is called; none where there is none.
    pub old: Option<String>,
    /// What the newer is called; none where there is none.
    pub new: Option<String>,
    /// What differs.
    #[serde(flatten)]
    pub changes: Changes,
}

/// What differs between the versions of plans (`sonae diff --format json`).
#[derive(Debug, Serialize, schemars::JsonSchema)]
pub struct DiffReport<'a> {
    /// The version of this form.
    #[schemars(extend("const" = 1))]
    format_version: u32,
    /// The plans, by their files' names.
    plans: &'a [Compared],
}

impl<'a> DiffReport<'a> {
    /// As it is printed.
    pub fn new(plans: &'a [Compared]) -> Self {
        Self { format_version: 1, plans }
    }
}

/// The judgements, the gravest first.
pub(super) const GRAVEST_FIRST: [Judgement; 5] =
    [Judgement::Hazard, Judgement::Deletes, Judgement::Weakens, Judgement::Neutral, Judgement::Strengthens];

/// One sentence: what somebody has to know who reads no further.
pub(super) fn headline(plans: &[Compared]) -> String {
    let all = || plans.iter().flat_map(|plan| &plan.changes.changes);
    let told = [
        (Judgement::Deletes, "deletes recovery points", "delete recovery points"),
        (Judgement::Weakens, "weakens the plan", "weaken the plan"),
        (Judgement::Hazard, "is a hazard", "are hazards"),
        (Judgement::Strengthens, "strengthens the plan", "strengthen the plan"),
        (Judgement::Neutral, "neither weakens nor strengthens it", "neither weaken nor strengthen it"),
    ];
    let said = |(of, one, many): (Judgement, &str, &str)| match all().filter(|change| change.judgement == of).count() {
        0 => None,
        1 => Some((of, format!("1 change {one}"))),
        count => Some((of, format!("{count} changes {many}"))),
    };
    let told: Vec<(Judgement, String)> = told.into_iter().filter_map(said).collect();
    let of = |grave: bool| {
        let of = told.iter().filter(move |(judgement, _)| (*judgement >= Judgement::Weakens) == grave);
        of.map(|(_, text)| text.clone())
    };
    let unwaived = all().filter(|change| change.is_unwaived()).count();
    let accepted = match (of(true).count(), unwaived) {
        (0, _) => None,
        (_, 0) => Some("no waiver is missing".to_owned()),
        (_, 1) => Some("1 needs a waiver and has none".to_owned()),
        _ => Some(format!("{unwaived} need a waiver and have none")),
    };
    let parts: Vec<String> = of(true).chain(accepted).chain(of(false)).collect();
    match parts.is_empty() {
        true => "nothing that the plan says is different".to_owned(),
        false => parts.join("; "),
    }
}

/// What stands before a change.
pub(super) fn mark(change: &Change) -> char {
    match &change.what {
        What::Added | What::Changed { old: None, .. } => '+',
        What::Removed | What::Changed { new: None, .. } => '-',
        What::Members { gone, .. } if gone.is_empty() => '+',
        What::Members { come, .. } if come.is_empty() => '-',
        What::Renamed { .. } | What::Changed { .. } | What::Members { .. } => '~',
    }
}

/// What a change is about, and what is different: `target documents: rpo 1h → 25h`.
pub(super) fn told(change: &Change) -> String {
    match (change.subject.kind, &change.what) {
        (Kind::Plan, What::Added | What::Removed) => format!("the plan: {}", change.in_words()),
        (Kind::Plan, _) => change.in_words(),
        _ => format!("{}: {}", change.subject, change.in_words()),
    }
}

/// Why, and who has accepted it.
pub(super) fn reasons(change: &Change) -> Vec<String> {
    let mut reasons = change.because.clone();
    if let Some(accepted) = &change.waived {
        reasons.push(format!("accepted until {}: {}", accepted.until, accepted.reason));
    } else if change.is_unwaived()
        && let Some(code) = change.code
    {
        reasons.push(format!("no waiver of {}", code.name));
    }
    reasons
}

/// Which plan it is: by the name of the newer, else of the older.
pub(super) fn name(plan: &Compared) -> String {
    match (&plan.old, &plan.new) {
        (Some(old), Some(new)) if old == new => new.clone(),
        (Some(old), Some(new)) => format!("{old} → {new}"),
        (None, Some(new)) => format!("{new}, which is new"),
        (Some(old), None) => format!("{old}, which is gone"),
        (None, None) => String::new(),
    }
}

/// How a waiver is written, where one is needed.
pub(super) fn way_out(plans: &[Compared]) -> Option<String> {
    let needed = plans.iter().flat_map(|plan| &plan.changes.changes).filter(|change| change.is_unwaived());
    let mut codes: Vec<&str> = needed.filter_map(|change| change.code).map(|code| code.name).collect();
    codes.sort_unstable();
    codes.dedup();
    let first = codes.first()?;
    let which = match codes.len() {
        1 => String::new(),
        more => format!(" (and {} more)", counted(more as u64 - 1, "code")),
    };
    Some(format!(
        "What is meant is accepted in the newer plan, in the block that is changed: waive \"{first}\" reason=\"…\" until=\"…\"{which}. Of what is gone, in the \
         block that it was a part of, or in `plan`. `sonae explain {first}` tells more."
    ))
}
