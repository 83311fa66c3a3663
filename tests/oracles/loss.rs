//! How much may be lost: every run of 28 years.

use super::clock::{Clock, minute};
use super::rhythm::{Rhythm, Schedule};
use super::{BACK, ZONES, for_each_seed};
use crate::corpus::compile;

#[test]
fn the_worst_loss_is_what_counting_shows() {
    for_each_seed(1, |dice| {
        let zone = dice.of(&ZONES);
        let clock = Clock::of_years(zone, 2024, 2054);
        let schedule = Schedule::any(dice, 367);
        if matches!(schedule.rhythm, Rhythm::Every(..240)) {
            // Hundreds of thousands of runs, all alike.
            return;
        }
        let runs = schedule.runs(&clock, minute("2025-01-01T00:00:00Z"), minute("2053-01-01T00:00:00Z"));
        let gaps = || runs.windows(2).map(|pair| pair[1] - pair[0]);
        let (longest, shortest) = (gaps().max().expect("runs"), gaps().min().expect("runs"));
        let takes = dice.between(1, (shortest + shortest / 8).clamp(1, 3_000));
        let worst = longest + takes;
        let promised = worst + dice.of(&[-1, 0, 1, 60, -60]);
        if promised < 1 {
            return;
        }
        let plan = format!(
            "plan \"p\" {{ timezone \"{zone}\"; }}\nstore \"s\" {{ local path=\"/s\"; }}\ntarget \"t\" {{\n    files \"/data\"\n    objective \
             rpo=\"{promised}m\"\n    backup \"b\" {{ archive \"tar.zip\"; store \"s\"; {}; takes \"{takes}m\"; retention daily=7; }}\n}}\n{BACK}",
            schedule.text()
        );
        let compiled = compile("plan.kdl", &plan);
        let codes: Vec<&str> = compiled
            .codes()
            .into_iter()
            .filter(|code| code.starts_with("sonae::rpo") || *code == "sonae::schedule::overlaps")
            .collect();
        let proven = compiled.proven.as_ref().map(|proven| &proven.proofs().promises);
        let proven = proven.and_then(|promises| promises.first()).map(|promise| promise.proven.seconds / 60);
        if takes > shortest {
            assert!(codes.contains(&"sonae::schedule::overlaps"), "{codes:?} of {plan}");
        } else if worst <= promised {
            assert_eq!((proven, codes.as_slice()), (u64::try_from(worst).ok(), [].as_slice()), "{plan}");
        } else {
            assert_eq!((proven, codes.as_slice()), (None, ["sonae::rpo::broken"].as_slice()), "{plan}");
            let told =
                sonae::primitives::Duration::from_seconds(u64::try_from(worst).expect("no less than nothing") * 60);
            let found = compiled.found.iter().find(|found| found.code.name == "sonae::rpo::broken").expect("it");
            assert!(found.message.contains(&format!("may lose {told},")), "{}: {told}\n{plan}", found.message);
            let set = |pair: &[i64]| clock.shows(pair[1]) - clock.shows(pair[0]) != pair[1] - pair[0];
            let breaking: Vec<&[i64]> = runs.windows(2).filter(|pair| pair[1] - pair[0] + takes > promised).collect();
            let every = breaking.len() == runs.len() - 1;
            assert_eq!(found.message.contains(": every gap"), every, "{}\n{plan}", found.message);
            let only = !every && breaking.iter().all(|pair| set(pair));
            assert_eq!(found.message.contains(": only gaps in which the clock"), only, "{}\n{plan}", found.message);
            let worst_set = breaking.iter().find(|pair| pair[1] - pair[0] == longest).is_some_and(|pair| set(pair));
            let too = !every && !only && worst_set;
            assert_eq!(found.message.contains(", in which no clock is set"), too, "{}\n{plan}", found.message);
        }
    });
}

/// A job of which others may wait.
struct Job {
    schedule: Schedule,
    takes: i64,
    /// The jobs before it that it comes after.
    after: Vec<usize>,
    runs: Vec<i64>,
}

/// What the run of a job waits for that begins at a time.
fn wait(jobs: &[Job], job: usize, run: i64) -> i64 {
    let due = jobs[job].after.iter().filter(|before| jobs[**before].runs.binary_search(&run).is_ok());
    due.map(|before| wait(jobs, *before, run) + jobs[*before].takes).max().unwrap_or(0)
}

#[test]
fn what_a_run_waits_for_is_lost_too() {
    for_each_seed(20, |dice| {
        let zone = dice.of(&ZONES);
        let clock = Clock::of_years(zone, 2024, 2054);
        let at = dice.of(&[0, 90, 120, 150, 330]);
        let mut jobs: Vec<Job> = vec![];
        for job in 0..dice.between(2, 4) {
            // Of the same times, so that they meet.
            let schedule = loop {
                let schedule = Schedule { at, ..Schedule::any(dice, 32) };
                if !matches!(schedule.rhythm, Rhythm::Every(_)) {
                    break schedule;
                }
            };
            let runs = schedule.runs(&clock, minute("2025-01-01T00:00:00Z"), minute("2053-01-01T00:00:00Z"));
            let after = (0..usize::try_from(job).expect("a few")).filter(|_| dice.one_in(2)).collect();
            jobs.push(Job { schedule, takes: dice.between(1, 90), after, runs });
        }
        let last = jobs.len() - 1;
        let runs = &jobs[last].runs;
        let loss = |pair: &[i64]| pair[1] - pair[0] + wait(&jobs, last, pair[1]) + jobs[last].takes;
        let overlaps = |pair: &[i64]| wait(&jobs, last, pair[0]) + jobs[last].takes > pair[1] - pair[0];
        let worst = runs.windows(2).map(loss).max().expect("runs");
        let overlap = runs.windows(2).any(overlaps);
        let promised = worst + dice.of(&[-1, 0, 0, 60]);
        let target = |job: usize| {
            let Job { schedule, takes, after, .. } = &jobs[job];
            let after: String = after.iter().map(|before| format!("after \"t{before}/b\"; ")).collect();
            let objective = if job == last { format!("    objective rpo=\"{promised}m\"\n") } else { String::new() };
            format!(
                "target \"t{job}\" {{\n    files \"/data/{job}\"\n{objective}    backup \"b\" {{ archive \"tar.zip\"; store \"s\"; {}; takes \
                 \"{takes}m\"; {after}retention daily=7; }}\n}}\n",
                schedule.text()
            )
        };
        let targets: String = (0..jobs.len()).map(target).collect();
        let back: String =
            (0..jobs.len()).map(|job| format!("recover \"t{job}\" {{ into path=\"/back/{job}\"; }}; ")).collect();
        let plan = format!(
            "plan \"p\" {{ timezone \"{zone}\"; }}\nstore \"s\" {{ local path=\"/s\"; }}\n{targets}restore \"r\" {{ {back}}}\n"
        );
        let compiled = compile("plan.kdl", &plan);
        let has = |code: &str| compiled.codes().contains(&code);
        let proven = compiled.proven.as_ref().map(|proven| proven.proofs().promises[0].proven.seconds / 60);
        match (overlap, worst <= promised) {
            (true, _) => assert!(
                has("sonae::rpo::unproven") && has("sonae::schedule::overlaps"),
                "{:?}\n{plan}",
                compiled.codes()
            ),
            (false, true) => assert_eq!(proven, u64::try_from(worst).ok(), "{:?}\n{plan}", compiled.codes()),
            (false, false) => assert!(has("sonae::rpo::broken"), "{worst}: {:?}\n{plan}", compiled.codes()),
        }
    });
}
