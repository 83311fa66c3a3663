//! Which of a store's points retention keeps, asked by nobody's code but `retention` itself.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::calendar;
use crate::catalog::{Manifest, PointPlace};
use crate::primitives::Key;
use crate::retention::{self, Candidate, Rules};

/// Whether the rules keep a point of what is there now: of all points of its job and host, or of those of the usual size.
pub(super) fn keeps(
    place: &PointPlace,
    held: &BTreeMap<Key, Manifest>,
    rules: &Rules,
    zone: &str,
    now: Timestamp,
) -> bool {
    let Some(zone) = calendar::zone(zone) else { return false };
    let own = |manifest: &&Manifest| {
        let of = manifest.place();
        of.plan == place.plan && of.job == place.job && of.host == place.host
    };
    let keeps = |usual_alone: bool| {
        let counts = |manifest: &&Manifest| !usual_alone || manifest.shrunk_from.is_none();
        let candidates: Vec<_> = held
            .values()
            .filter(own)
            .filter(counts)
            .map(|manifest| Candidate { id: manifest.point.clone(), moment: manifest.moment, good: true })
            .collect();
        let verdicts = retention::decide(&candidates, rules, now, &zone);
        candidates.iter().zip(verdicts).any(|(candidate, verdict)| candidate.id == place.point && verdict.keeps())
    };
    keeps(false) || keeps(true)
}
