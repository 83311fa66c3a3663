//! Machines that a restore launches: their tags say whose they are, and their token follows from run and step alone.
//!
//! Invariant: a step of a run has one token and one set of tags, however often it is performed, and no other step has them.

use std::collections::BTreeMap;

use super::snapshot::{TAG_PLAN, TAG_RUN};
use crate::primitives::{Digest, Name, RunId, StepName};

/// The tag that says which step of a run made something.
pub const TAG_STEP: &str = "sonae:step";

/// The tags by which the machine of a step is found again.
pub fn machine_identity(run: &RunId, step: &StepName) -> BTreeMap<String, String> {
    [(TAG_RUN, run.to_string()), (TAG_STEP, step.to_string())].map(|(name, value)| (name.to_owned(), value)).into()
}

/// All tags that a machine gets beside the plan's.
pub fn machine_tags(plan: &Name, run: &RunId, step: &StepName) -> BTreeMap<String, String> {
    let mut tags = machine_identity(run, step);
    tags.insert(TAG_PLAN.to_owned(), plan.to_string());
    tags
}

/// By which the provider knows that a step of a run asked before. EC2 takes 64 characters of ASCII
/// (<https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-idempotency.html>).
pub fn machine_token(run: &RunId, step: &StepName) -> String {
    let digest = Digest::of(format!("{run}\n{step}").as_bytes());
    let hex: String = digest.as_bytes()[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sonae-{hex}")
}
