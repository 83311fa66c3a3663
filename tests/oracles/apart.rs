//! How far apart two targets are that come back together: at every moment at which a point of one is replaced by its next.

use sonae::primitives::Duration;
use sonae::prove::Kind;

use super::clock::{Clock, minute};
use super::rhythm::{Rhythm, Schedule};
use super::{ZONES, for_each_seed, proven};
use crate::corpus::compile;

/// A target's only backup: all its runs of the window, how long one waits at most, and how long it takes.
struct Job {
    runs: Vec<i64>,
    waits: i64,
    takes: i64,
}

impl Job {
    /// How far behind the other one's data its own may be, most of all.
    fn behind(&self, other: &Self) -> i64 {
        let replaced = self.runs.windows(2).map(|pair| {
            // Just before this, the older of both points is still the newest that is surely there.
            let moment = pair[1] + self.waits + self.takes;
            let newest = other.runs[..other.runs.partition_point(|run| *run < moment)].last();
            let of = newest.map_or(i64::MIN, |run| (run + other.waits).min(moment));
            of.saturating_sub(pair[0])
        });
        replaced.max().unwrap_or(0)
    }
}

#[test]
fn targets_are_as_far_apart_as_counting_shows() {
    for_each_seed(6, |dice| {
        let zone = dice.of(&ZONES);
        let clock = Clock::of_years(zone, 2020, 2056);
        let schedules = [Schedule::any(dice, 367), Schedule::any(dice, 367)];
        if schedules.iter().any(|schedule| matches!(schedule.rhythm, Rhythm::Every(..360))) {
            // Hundreds of thousands of runs; and what runs at least hourly is another kind.
            return;
        }
        let is_tied = dice.one_in(3);
        let takes = [dice.between(1, 300), dice.between(1, 300)];
        let runs = |schedule: &Schedule, first: &str, last: &str| schedule.runs(&clock, minute(first), minute(last));
        let in_window = |schedule: &Schedule| runs(schedule, "2025-01-01T00:00:00Z", "2053-01-01T00:00:00Z");
        // Runs before the window and behind it count where they are the newest of the other.
        let around = |schedule: &Schedule| runs(schedule, "2021-01-01T00:00:00Z", "2055-01-01T00:00:00Z");
        let shortest = |schedule: &Schedule| in_window(schedule).windows(2).map(|pair| pair[1] - pair[0]).min();
        let waits = [0, if is_tied { takes[0] } else { 0 }];
        // What is never an hour apart is another kind, and runs that overlap prove nothing.
        let overlaps =
            |place: usize| shortest(&schedules[place]).is_none_or(|gap| gap < 60.max(waits[place] + takes[place]));
        if overlaps(0) || overlaps(1) {
            return;
        }
        let job = |place: usize, runs: Vec<i64>| Job { runs, waits: waits[place], takes: takes[place] };
        let behind = |older: usize, newer: usize| {
            job(older, in_window(&schedules[older])).behind(&job(newer, around(&schedules[newer])))
        };
        let apart = behind(0, 1).max(behind(1, 0)).max(0);
        let promised = (apart + dice.of(&[-1, 0, 0, 30])).max(1);
        let target = |place: usize| {
            let after = if place == 1 && is_tied { "after \"t0/b\"; " } else { "" };
            format!(
                "target \"t{place}\" {{\n    files \"/data/{place}\"\n    backup \"b\" {{ archive \"tar.zip\"; store \"s\"; {}; {after}takes \"{}m\"; retention \
                 daily=7; }}\n}}\n",
                schedules[place].text(),
                takes[place]
            )
        };
        let plan = format!(
            "plan \"p\" {{ timezone \"{zone}\"; }}\nstore \"s\" {{ local path=\"/s\"; }}\n{}{}restore \"r\" {{\n    moment \"latest\" \
             spread=\"{promised}m\"\n    recover \"t0\" {{ into path=\"/back/0\"; }}\n    recover \"t1\" {{ into path=\"/back/1\"; }}\n}}\n",
            target(0),
            target(1)
        );
        let told = Duration::from_seconds(u64::try_from(apart).expect("no less than nothing") * 60);
        if apart <= promised {
            let proven = proven(&plan);
            let spread =
                proven.proofs().promises.iter().find(|promise| promise.kind == Kind::Spread).expect("a promise");
            assert_eq!(spread.proven, told, "{plan}");
        } else {
            let compiled = compile("plan.kdl", &plan);
            let found = compiled.found.iter().find(|found| found.code.name == "sonae::spread::broken");
            let message = &found.unwrap_or_else(|| panic!("{apart} of {plan}")).message;
            assert!(message.contains(&format!(" {told}")), "{message}: {told}\n{plan}");
        }
    });
}
