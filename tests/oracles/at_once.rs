//! Whether two heavy backups are at work at once: every run of one beside every run of the other.

use super::clock::{Clock, minute};
use super::rhythm::{Rhythm, Schedule};
use super::{ZONES, for_each_seed};
use crate::corpus::compile;

/// From so many minutes on, a backup is heavy.
const HEAVY: i64 = 10;

#[test]
fn heavy_backups_meet_where_counting_shows_it() {
    for_each_seed(6, |dice| {
        let zone = dice.of(&ZONES);
        let clock = Clock::of_years(zone, 2024, 2054);
        let schedules = [Schedule::any(dice, 367), Schedule::any(dice, 367)];
        if schedules.iter().any(|schedule| matches!(schedule.rhythm, Rhythm::Every(..360))) {
            // More runs than are looked at.
            return;
        }
        let takes = [0, 1].map(|_| if dice.one_in(5) { dice.between(1, HEAVY + 1) } else { dice.between(HEAVY, 200) });
        let is_tied = dice.one_in(6);
        let runs = schedules
            .each_ref()
            .map(|schedule| schedule.runs(&clock, minute("2025-01-01T00:00:00Z"), minute("2053-01-01T00:00:00Z")));
        // What is tied waits where both are due at the same time, and only there.
        let waits = |run: &i64| if is_tied && runs[0].binary_search(run).is_ok() { takes[0] } else { 0 };
        let begins = [runs[0].clone(), runs[1].iter().map(|run| run + waits(run)).collect()];
        // One begins while the other lasts.
        let begins_within = |one: usize, other: usize| {
            begins[one].iter().any(|begin| {
                let before = begins[other].partition_point(|other| other <= begin);
                begins[other][..before].last().is_some_and(|begun| *begin < begun + takes[other])
            })
        };
        let meet = begins_within(0, 1) || begins_within(1, 0);
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
            "plan \"p\" {{ timezone \"{zone}\"; }}\nstore \"s\" {{ local path=\"/s\"; }}\n{}{}restore \"r\" {{ recover \"t0\" {{ into path=\"/back/0\"; \
             }}; recover \"t1\" {{ into path=\"/back/1\"; }}; }}\n",
            target(0),
            target(1)
        );
        let compiled = compile("plan.kdl", &plan);
        let is_told = compiled.codes().contains(&"sonae::collision::heavy");
        let is_heavy = takes.iter().all(|takes| *takes >= HEAVY);
        assert_eq!(is_told, meet && is_heavy, "{:?}\n{plan}", compiled.codes());
    });
}
