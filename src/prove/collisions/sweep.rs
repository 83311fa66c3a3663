//! Where runs on one machine or database meet, over years.
//!
//! Unaware of what they are of. Pure arithmetic on seconds since the epoch.

/// One run: when it begins, when it is over at the latest, and the slot that it is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) begins: i64,
    pub(super) ends: i64,
    pub(super) slot: i64,
}

/// The first time that a load begins while another is under way, and how often it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Meeting {
    /// The run that begins.
    pub(super) run: Run,
    /// The load that is under way, by its place, and its run.
    pub(super) with: usize,
    pub(super) other: Run,
    /// How many of its runs do so.
    pub(super) count: u64,
    /// From when on it would have the place to itself, that first time; none where that is not within the next thousand runs.
    pub(super) free: Option<i64>,
}

/// The runs of each load, which jobs have in common: how many, and whether they keep each other out where they are of one slot.
pub(super) struct Load {
    pub(super) runs: Vec<Run>,
    /// So many jobs have these very runs.
    pub(super) jobs: usize,
    /// Runs of one slot with the same number here wait for each other.
    pub(super) one_by_one: Option<usize>,
}

/// So many runs are looked at to find room for one.
const ROOM_SOUGHT_MAX: usize = 1_000;

/// Of each load, where its runs begin while another's are under way; of two that begin at once, it is the later load.
pub(super) fn meetings(loads: &[Load]) -> Vec<Option<Meeting>> {
    let of = |(load, of): (usize, &Load)| of.runs.iter().map(move |run| (run.begins, load, *run)).collect::<Vec<_>>();
    let mut all: Vec<(i64, usize, Run)> = loads.iter().enumerate().flat_map(of).collect();
    all.sort_unstable_by_key(|(begins, load, _)| (*begins, *load));
    let mut found: Vec<Option<Meeting>> = vec![None; loads.len()];
    let mut under_way: Vec<(usize, Run)> = vec![];
    for (at, (_, load, run)) in all.iter().enumerate() {
        under_way.retain(|(_, other)| other.ends > run.begins);
        let alone = |other: &Run, of: usize| {
            other.slot == run.slot && loads[of].one_by_one.is_some() && loads[of].one_by_one == loads[*load].one_by_one
        };
        let twins = loads[*load].jobs > 1 && !alone(run, *load);
        let with = under_way.iter().find(|(of, other)| of != load && !alone(other, *of)).copied();
        if let Some((with, other)) = with.or(twins.then_some((*load, *run))) {
            let own = (loads[*load].jobs == 1).then_some(*load);
            let first = || Meeting { run: *run, with, other, count: 0, free: free(&all, at, &under_way, own) };
            found[*load].get_or_insert_with(first).count += 1;
        }
        under_way.push((*load, *run));
    }
    found
}

/// From when on nothing else is under way for as long as the run at a place in order takes; `own` is its load, where it alone has those runs.
fn free(all: &[(i64, usize, Run)], at: usize, under_way: &[(usize, Run)], own: Option<usize>) -> Option<i64> {
    let (_, _, run) = all[at];
    let takes = run.ends - run.begins;
    let begun = own.map_or(run.ends, |_| run.begins);
    let mut free = under_way.iter().map(|(_, other)| other.ends).fold(begun, i64::max);
    for (begins, load, other) in all.iter().skip(at + 1).take(ROOM_SOUGHT_MAX) {
        if *begins >= free.saturating_add(takes) {
            return Some(free);
        }
        if own != Some(*load) {
            free = free.max(other.ends);
        }
    }
    (all.len() - at <= ROOM_SOUGHT_MAX).then_some(free)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn load(runs: &[(i64, i64)], jobs: usize, one_by_one: Option<usize>) -> Load {
        let run = |(begins, ends): &(i64, i64)| Run { begins: *begins, ends: *ends, slot: *begins };
        Load { runs: runs.iter().map(run).collect(), jobs, one_by_one }
    }

    #[test]
    fn what_begins_as_another_ends_does_not_meet_it() {
        let found = meetings(&[load(&[(0, 10), (100, 110)], 1, None), load(&[(10, 20), (105, 115)], 1, None)]);
        assert_eq!(found[0], None);
        let meeting = found[1].unwrap();
        assert_eq!((meeting.run.begins, meeting.with, meeting.count, meeting.free), (105, 0, 1, Some(110)));
    }

    #[test]
    fn of_two_that_begin_at_once_the_later_is_told_and_what_one_store_holds_apart_is_not() {
        let both = |one_by_one| meetings(&[load(&[(0, 10)], 1, one_by_one), load(&[(0, 5)], 1, one_by_one)]);
        assert_eq!((both(None)[0], both(None)[1].map(|meeting| meeting.with)), (None, Some(0)));
        assert_eq!(both(Some(7)), [None, None]);
        assert_eq!(meetings(&[load(&[(0, 10), (50, 60)], 2, None)])[0].map(|meeting| meeting.count), Some(2));
        assert_eq!(meetings(&[load(&[(0, 10)], 2, Some(7))]), [None]);
    }

    proptest! {
        #[test]
        fn meetings_are_those_of_looking_at_each_pair(
            times in prop::collection::vec(prop::collection::vec((0_i64..200, 1_i64..30), 0..6), 1..5),
        ) {
            let loads: Vec<Load> = times.iter().map(|runs| {
                let runs: Vec<(i64, i64)> = runs.iter().map(|(begins, takes)| (*begins, begins + takes)).collect();
                load(&runs, 1, None)
            }).collect();
            for (place, found) in meetings(&loads).into_iter().enumerate() {
                let meets = |run: &Run| loads.iter().enumerate().any(|(other, of)| {
                    let is_before = |other_run: &Run| (other_run.begins, other) < (run.begins, place);
                    other != place && of.runs.iter().any(|other| is_before(other) && other.ends > run.begins)
                });
                let met: Vec<i64> = loads[place].runs.iter().filter(|run| meets(run)).map(|run| run.begins).collect();
                prop_assert_eq!(found.map_or(0, |found| found.count), met.len() as u64);
                prop_assert_eq!(found.map(|found| found.run.begins), met.into_iter().min());
            }
        }
    }
}
