//! When the steps of a restore begin and end if each takes what is expected, and which of them its length hangs on.
//!
//! Unaware of clocks, of room in stores and of how many steps run side by side: time is counted from the start, and as many run as may.
//! Invariant: a step that nothing is expected of makes the end of all behind it unknown, never shorter.

use crate::primitives::{Duration, StepId};

/// A step and those before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leg<'a> {
    /// The steps before it, all of them of smaller places.
    pub(super) after: &'a [(StepId, bool)],
    /// How long it takes.
    pub(super) takes: Option<Duration>,
}

/// When one step begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Leaf {
    /// Counted from the start; unknown where a step before it does not say how long it takes.
    pub(super) begins: Option<Duration>,
    /// Likewise.
    pub(super) ends: Option<Duration>,
    /// Whether all would be longer if it took longer; only where all of it is known.
    pub(super) is_critical: bool,
}

/// Each step's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Course {
    /// By their places.
    pub(super) steps: Vec<Leaf>,
    /// How long all of it takes; unknown where one of its steps does not say.
    pub(super) length: Option<Duration>,
}

/// A time counted from the start. What is unknown is later than anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum When {
    At(u64),
    Unknown,
}

impl When {
    fn and(self, takes: Option<Duration>) -> Self {
        match (self, takes) {
            (Self::At(seconds), Some(takes)) => Self::At(seconds.saturating_add(takes.seconds)),
            _ => Self::Unknown,
        }
    }

    fn known(self) -> Option<Duration> {
        match self {
            Self::At(seconds) => Some(Duration::from_seconds(seconds)),
            Self::Unknown => None,
        }
    }
}

/// When each step ends, if each begins as soon as all before it have: `end_of` is handed its place, and when the last before it ended.
pub fn ends<'a, T: Copy + Ord>(
    after: impl Iterator<Item = &'a [(StepId, bool)]>,
    mut end_of: impl FnMut(usize, Option<T>) -> T,
) -> Vec<T> {
    let mut ends: Vec<T> = vec![];
    for (place, after) in after.enumerate() {
        let before = after.iter().filter_map(|(on, _)| ends.get(on.index()).copied()).max();
        ends.push(end_of(place, before));
    }
    ends
}

/// The course of all of them.
pub(super) fn course(legs: &[Leg<'_>]) -> Course {
    let mut begins = vec![When::At(0); legs.len()];
    let ends = ends(legs.iter().map(|leg| leg.after), |place, before| {
        begins[place] = before.unwrap_or(When::At(0));
        begins[place].and(legs[place].takes)
    });
    let length = ends.iter().copied().max().unwrap_or(When::At(0)).known();
    let latest = length.map(|length| latest(legs, length));
    let leaf = |(place, (begins, ends)): (usize, (&When, &When))| Leaf {
        begins: begins.known(),
        ends: ends.known(),
        is_critical: latest.as_ref().is_some_and(|latest| Some(latest[place]) == ends.known()),
    };
    Course { steps: begins.iter().zip(&ends).enumerate().map(leaf).collect(), length }
}

/// The latest that each may end without making the whole longer.
fn latest(legs: &[Leg<'_>], length: Duration) -> Vec<Duration> {
    let mut latest = vec![length; legs.len()];
    for (place, leg) in legs.iter().enumerate().rev() {
        let takes = leg.takes.unwrap_or_default();
        let begins = Duration::from_seconds(latest[place].seconds.saturating_sub(takes.seconds));
        for (on, _) in leg.after {
            if let Some(before) = latest.get_mut(on.index()) {
                *before = (*before).min(begins);
            }
        }
    }
    latest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Ties = Vec<(StepId, bool)>;

    fn on(places: &[u32]) -> Ties {
        places.iter().map(|place| (StepId(*place), true)).collect()
    }

    fn of(steps: &[(Ties, Option<u64>)]) -> Course {
        let legs = steps.iter().map(|(after, takes)| Leg { after, takes: takes.map(Duration::from_seconds) });
        course(&legs.collect::<Vec<_>>())
    }

    #[test]
    fn what_is_behind_a_step_of_unknown_length_is_unknown() {
        let told = of(&[(on(&[]), Some(3)), (on(&[0]), None), (on(&[0]), Some(5)), (on(&[1, 2]), Some(1))]);
        let seconds = |time: Option<Duration>| time.map(|time| time.seconds);
        let times: Vec<_> = told.steps.iter().map(|leaf| (seconds(leaf.begins), seconds(leaf.ends))).collect();
        assert_eq!(times, [(Some(0), Some(3)), (Some(3), None), (Some(3), Some(8)), (None, None)]);
        assert_eq!((told.length, told.steps.iter().any(|leaf| leaf.is_critical)), (None, false));
        assert_eq!(of(&[]), Course { steps: vec![], length: Some(Duration::default()) });
    }

    /// Every way from a step to an end, or to a beginning, walked by itself: the longest.
    fn longest(from: usize, next: &[Vec<usize>], takes: &[u64]) -> u64 {
        takes[from] + next[from].iter().map(|next_one| longest(*next_one, next, takes)).max().unwrap_or(0)
    }

    proptest! {
        #[test]
        fn a_step_is_critical_where_a_longest_way_leads_through_it(
            takes in prop::collection::vec(0_u64..20, 1..8),
            ties in prop::collection::vec(any::<bool>(), 28),
        ) {
            let before: Vec<Vec<usize>> = (0..takes.len())
                .map(|place| (0..place).filter(|on| ties[place * (place - 1) / 2 + on]).collect())
                .collect();
            let behind: Vec<Vec<usize>> = (0..takes.len())
                .map(|place| (place + 1..takes.len()).filter(|later| before[*later].contains(&place)).collect())
                .collect();
            let steps: Vec<_> = before
                .iter()
                .zip(&takes)
                .map(|(before, takes)| (on(&before.iter().map(|on| *on as u32).collect::<Vec<_>>()), Some(*takes)))
                .collect();
            let told = of(&steps);
            let whole = (0..takes.len()).map(|from| longest(from, &behind, &takes)).max().unwrap();
            prop_assert_eq!(told.length.unwrap().seconds, whole);
            for (place, leaf) in told.steps.iter().enumerate() {
                let until = longest(place, &before, &takes);
                prop_assert_eq!(leaf.ends.unwrap().seconds, until);
                prop_assert_eq!(leaf.begins.unwrap().seconds, until - takes[place]);
                let through = until + longest(place, &behind, &takes) - takes[place];
                prop_assert_eq!(leaf.is_critical, through == whole, "step {}", place);
            }
        }
    }
}
