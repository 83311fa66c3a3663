//! Whether every moment of the last days comes back: each dump with each binary log, at every moment at which something goes.

use super::clock::{Clock, minute};
use super::kept::{Life, Retention, lives, over};
use super::rhythm::{Rhythm, Schedule};
use super::{ZONES, for_each_seed};
use crate::corpus::compile;

#[test]
fn any_moment_comes_back_where_counting_shows_it() {
    for_each_seed(120, |dice| {
        let zone = dice.of(&ZONES);
        let clock = Clock::of_years(zone, 2020, 2060);
        let rules = |dice: &mut super::dice::Dice, most: i64| {
            let kept = dice.between(1, 3);
            Retention {
                generations: (kept & 1 == 1).then(|| dice.between(1, most)),
                within: (kept & 2 == 2).then(|| (dice.between(1, 20), "d")),
                thinned: vec![],
            }
        };
        let dumps = loop {
            let schedule = Schedule::any(dice, 8);
            if !matches!(schedule.rhythm, Rhythm::Every(..360)) {
                break schedule;
            }
        };
        let logs = Schedule { rhythm: Rhythm::Every(dice.of(&[240, 360, 720, 1_440])), at: 0 };
        let (keep_dumps, keep_logs) = (rules(dice, 12), rules(dice, 60));
        let days = dice.between(1, 14);
        let plan = format!(
            "plan \"p\" {{ timezone \"{zone}\"; }}\nstore \"s\" {{ local path=\"/s\"; }}\ntarget \"t\" {{\n    mysql socket=\"/run/mysqld.sock\"\n    objective \
             any-point=\"{days}d\"\n    backup \"full\" {{ {}; takes \"1m\"; dump; store \"s\"; {} }}\n    backup \"changes\" {{ {}; takes \"1m\"; binary-log; \
             store \"s\"; {} }}\n}}\nrestore \"t\" {{ recover \"t\" {{ into path=\"/back\"; }}; }}\n",
            dumps.text(),
            keep_dumps.text(),
            logs.text(),
            keep_logs.text()
        );
        let points = |schedule: &Schedule, retention: &Retention| {
            let runs = schedule.runs(&clock, minute("2024-06-01T00:00:00Z"), minute("2053-06-01T00:00:00Z"));
            // Gone from the slot of the run that lets it go.
            let lives = lives(&clock, &runs, 0, retention);
            lives.into_iter().map(|(slot, _, gone): Life| (slot, gone.unwrap_or(i64::MAX))).collect::<Vec<_>>()
        };
        let is_kept = |keep_dumps: &Retention, keep_logs: &Retention| {
            is_kept(&clock, &points(&dumps, keep_dumps), &points(&logs, keep_logs), days)
        };
        let compiled = compile("plan.kdl", &plan);
        let is_broken = compiled.codes().contains(&"sonae::any-point::broken");
        let kept = is_kept(&keep_dumps, &keep_logs);
        assert_eq!(is_broken, !kept, "{:?}\n{plan}", compiled.codes());
        let found = compiled.found.iter().find(|found| found.code.name == "sonae::any-point::broken");
        let proven = compiled.proven.map_or(0, |proven| proven.proofs().any_points.len());
        assert_eq!(proven, usize::from(kept), "{plan}");
        if let Some(found) = found.filter(|_| dice.one_in(3)) {
            // What is said to be long enough is, and a day less is not.
            let (_, told) = found.help.split_once("retention within=\"").expect("a number of days");
            let needed: i64 = told.split_once("d\"").expect("days").0.parse().expect("a number");
            let longer = |kept: &Retention, days: i64| Retention {
                within: Some((kept.within.map_or(days, |(within, _)| within.max(days)), "d")),
                ..kept.clone()
            };
            let holds = |days: i64| is_kept(&longer(&keep_dumps, days), &longer(&keep_logs, days));
            assert_eq!((holds(needed), holds(needed - 1)), (true, false), "{}\n{plan}", found.help);
        }
    });
}

/// Whether every moment of the last days comes back at every moment of the window.
fn is_kept(clock: &Clock, full: &[(i64, i64)], changes: &[(i64, i64)], days: i64) -> bool {
    // Until when a dump can be used: until it is gone, or any log behind it. The logs behind it go in any order.
    let mut first_gone = vec![i64::MAX; changes.len() + 1];
    for (place, (_, gone)) in changes.iter().enumerate().rev() {
        first_gone[place] = first_gone[place + 1].min(*gone);
    }
    let usable = |(slot, gone): &(i64, i64)| {
        let behind = changes.partition_point(|(log, _)| log <= slot);
        (*gone).min(first_gone[behind])
    };
    let until: Vec<i64> = full.iter().map(usable).collect();
    let (from, to) = (minute("2025-01-01T00:00:00Z"), minute("2053-01-01T00:00:00Z"));
    until.iter().filter(|moment| (from..to).contains(*moment)).all(|moment| {
        // The oldest that can still be used then brings all behind it back: the minute before it must be over, or itself.
        let oldest = full.iter().zip(&until).find(|((slot, _), until)| slot <= moment && *until > moment);
        oldest.is_some_and(|((slot, _), _)| {
            over(clock, *slot - 1, (days, "d")) < *moment || over(clock, *slot, (days, "d")) <= *moment
        })
    })
}
