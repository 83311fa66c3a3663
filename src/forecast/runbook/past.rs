//! How long the steps of a restore took when it was carried out before.
//!
//! Unaware of where that is remembered. Invariant: only steps that were done count, each by its name, so that a step which the plan has
//! since got, or lost, is of no other's times.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ports::{PastRestore, StepEnd};

/// So many of the newest runs are looked at: how it went years ago, with other data, says little of tonight.
pub const PAST_RUNS_MAX: usize = 50;
/// The share of the runs that took no longer than what is told, in hundredths.
const SHARE: usize = 95;

/// How long a step took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
pub struct PastTime {
    /// In how many runs it was done.
    pub runs: u64,
    /// 95 % of them took no longer, by the nearest rank: milliseconds from when it was first begun.
    pub took_ms: u64,
}

/// What runs say of the steps that were done in them, by the steps' names.
pub fn past_times(runs: &[PastRestore]) -> BTreeMap<String, PastTime> {
    let mut times: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
    for row in runs.iter().flat_map(|run| &run.steps).filter(|row| row.end == StepEnd::Done) {
        // A clock that was set back meanwhile tells of no time.
        let took = row.took().and_then(|took| u64::try_from(took.as_millis()).ok());
        if let Some(took) = took {
            times.entry(&row.name).or_default().push(took);
        }
    }
    let told = times.into_iter().filter_map(|(name, took)| {
        let runs = took.len() as u64;
        Some((name.to_owned(), PastTime { runs, took_ms: nearest_rank(took)? }))
    });
    told.collect()
}

/// The smallest of them that 95 % are not beyond; none of nothing.
fn nearest_rank(mut all: Vec<u64>) -> Option<u64> {
    all.sort_unstable();
    let rank = (all.len() * SHARE).div_ceil(100);
    all.get(rank.checked_sub(1)?).copied()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use proptest::prelude::*;

    use super::*;
    use crate::ports::{RunEnd, RunRow, StepRow};
    use crate::primitives::{Name, RunId};

    /// A run whose steps ended so after so many seconds.
    fn run(steps: &[(&str, StepEnd, Option<i64>)]) -> PastRestore {
        let at = |second| Timestamp::from_second(second).unwrap();
        let name = |text| Name::parse(text).unwrap();
        let row = |(place, (name, end, took)): (usize, &(&str, StepEnd, Option<i64>))| StepRow {
            step: place as u32,
            name: (*name).to_owned(),
            end: *end,
            takes: None,
            attempts: 1,
            began: Some(at(100)),
            ended: took.map(|took| at(100 + took)),
            fault: None,
        };
        let run = RunRow {
            run: RunId::new(at(0), 1),
            plan: name("home"),
            host: name("web-1"),
            restore: Some(name("photos")),
            takes_back: None,
            allowed: None,
            part: false,
            began: at(0),
            last: at(0),
            end: RunEnd::Complete,
            entries: 1,
            bytes: 0,
        };
        PastRestore { run, steps: steps.iter().enumerate().map(row).collect() }
    }

    #[test]
    fn what_failed_or_has_no_end_does_not_count() {
        let runs = [
            run(&[("a", StepEnd::Done, Some(60)), ("b", StepEnd::Failed, Some(900)), ("c", StepEnd::Running, None)]),
            run(&[("a", StepEnd::Done, Some(30)), ("b", StepEnd::Done, Some(7)), ("c", StepEnd::Done, Some(-1))]),
        ];
        let told = past_times(&runs);
        let of = |runs, took_ms| PastTime { runs, took_ms };
        assert_eq!(told, BTreeMap::from([("a".into(), of(2, 60_000)), ("b".into(), of(1, 7_000))]));
        assert_eq!(past_times(&[]), BTreeMap::new());
    }

    #[test]
    fn of_twenty_one_is_left_out_and_of_nineteen_none() {
        assert_eq!(nearest_rank((1..=20).collect()), Some(19));
        assert_eq!(nearest_rank((1..=19).rev().collect()), Some(19));
        assert_eq!((nearest_rank(vec![7]), nearest_rank(vec![])), (Some(7), None));
    }

    proptest! {
        /// By the definition of the rank: no smaller value of them has 95 in 100 at or below it.
        #[test]
        fn it_is_the_smallest_that_ninety_five_of_a_hundred_are_not_beyond(all in prop::collection::vec(0_u64..50, 1..90)) {
            let told = nearest_rank(all.clone()).unwrap();
            let enough = |value: u64| all.iter().filter(|one| **one <= value).count() * 100 >= all.len() * 95;
            prop_assert!(all.contains(&told) && enough(told));
            prop_assert!(all.iter().filter(|one| **one < told).all(|one| !enough(*one)));
        }
    }
}
