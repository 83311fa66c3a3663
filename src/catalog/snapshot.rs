//! Snapshots that a provider keeps, as recovery points: their names and tags say whose they are, as a manifest does of what lies in a store.
//!
//! Invariant: the name follows from plan, job and slot alone, so that two who make the snapshot of one slot make one, whoever they are.

use std::collections::BTreeMap;

use crate::ports::{DatabaseName, DatabaseSnapshot, SnapshotName, SnapshotOrigin};
use crate::primitives::{Digest, JobName, Name, PointId, RunId, Slot};

/// The tag that says of which plan something is.
pub const TAG_PLAN: &str = "sonae:plan";
/// The tag that says of which job.
const TAG_JOB: &str = "sonae:job";
/// The tag that says which recovery point.
const TAG_POINT: &str = "sonae:point";
/// The tag that says which run made it.
pub const TAG_RUN: &str = "sonae:run";

/// The longest identifier of a snapshot
/// (<https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBSnapshot.html>).
const IDENTIFIER_BYTES_MAX: usize = 255;

/// A recovery point that is a snapshot.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SnapshotPoint {
    /// Of which plan.
    pub plan: Name,
    /// Of which job.
    pub job: JobName,
    /// Which.
    pub point: PointId,
}

impl SnapshotPoint {
    /// The point of a slot.
    pub fn new(plan: &Name, job: &JobName, slot: Slot) -> Self {
        let [a, b, c, d, ..] = *Digest::of(format!("{plan}/{job}").as_bytes()).as_bytes();
        let point = PointId::new(slot, u32::from_be_bytes([a, b, c, d]));
        Self { plan: plan.clone(), job: job.clone(), point }
    }

    /// The point that a snapshot is, where somebody asked for it in the name of a plan.
    pub fn of(snapshot: &DatabaseSnapshot) -> Option<Self> {
        let tag = |name: &str| snapshot.tags.get(name);
        if snapshot.origin != SnapshotOrigin::Manual {
            return None;
        }
        Some(Self {
            plan: Name::parse(tag(TAG_PLAN)?).ok()?,
            job: JobName::parse(tag(TAG_JOB)?).ok()?,
            point: PointId::parse(tag(TAG_POINT)?).ok()?,
        })
    }

    /// What the snapshot is called, of a database or, in its region, of a copy.
    pub fn name(&self, database: &DatabaseName) -> SnapshotName {
        let point = self.point.to_string().to_ascii_lowercase();
        let told = format!("sonae-{}-{}-{}", self.plan, self.job.target, self.job.backup);
        let room = IDENTIFIER_BYTES_MAX - 1 - point.len();
        let identifier = format!("{}-{point}", identifier(&told, room));
        SnapshotName { kind: database.kind, identifier, region: database.region.clone() }
    }

    /// The tags that it gets.
    pub fn tags(&self, run: &RunId) -> BTreeMap<String, String> {
        let tags = [
            (TAG_PLAN, self.plan.to_string()),
            (TAG_JOB, self.job.to_string()),
            (TAG_POINT, self.point.to_string()),
            (TAG_RUN, run.to_string()),
        ];
        tags.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// What RDS takes for an identifier: letters, digits and single hyphens, of which none is the last, in lower case; at most so long.
pub fn identifier(text: &str, bytes_max: usize) -> String {
    let mut written = String::new();
    for c in text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }) {
        if written.len() < bytes_max && !(c == '-' && written.ends_with('-')) {
            written.push(c);
        }
    }
    written.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ports::DatabaseKind;

    proptest! {
        #[test]
        fn a_name_is_an_identifier_and_is_of_one_point_alone(
            plan in "[A-Za-z0-9][A-Za-z0-9._-]{0,63}", target in "[A-Za-z0-9][A-Za-z0-9._-]{0,63}", second in 0..4_000_000_000_i64,
        ) {
            let (plan, target) = (Name::parse(&plan).unwrap(), Name::parse(&target).unwrap());
            let job = JobName { target, backup: Name::parse("weekly").unwrap() };
            let slot = Slot::new(jiff::Timestamp::from_second(second).unwrap());
            let database = DatabaseName { kind: DatabaseKind::Instance, identifier: "shop".into(), region: None };
            let point = SnapshotPoint::new(&plan, &job, slot);
            let name = point.name(&database).identifier;
            prop_assert!(name.len() <= IDENTIFIER_BYTES_MAX && !name.contains("--") && !name.ends_with('-'));
            prop_assert!(name.starts_with(|c: char| c.is_ascii_lowercase()));
            prop_assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
            prop_assert!(name.ends_with(&point.point.to_string().to_ascii_lowercase()));
        }
    }
}
