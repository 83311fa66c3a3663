//! Whether damage is seen while a good point is left: every look of 28 years, with every point.

use sonae::primitives::Duration;

use super::clock::{Clock, minute};
use super::dice::Dice;
use super::kept::{Retention, lives};
use super::rhythm::{Rhythm, Schedule};
use super::{BACK, ZONES, for_each_seed, proven};
use crate::corpus::compile;

/// A verification: what it says, and its looks as slot and when all is seen.
struct Verify {
    text: String,
    looks: Vec<(i64, i64)>,
}

impl Verify {
    fn any(dice: &mut Dice, clock: &Clock, number: usize) -> Self {
        let schedule = rare(dice, 367);
        let takes = dice.one_in(2).then(|| dice.between(1, 600));
        let (runs, length) = (schedule.runs(clock, from(), to()), takes.unwrap_or(0));
        let is_blind = dice.one_in(5);
        let takes = takes.map_or_else(String::new, |takes| format!("takes \"{takes}m\"; "));
        let depth = if is_blind { "present" } else { dice.of(&["checksum", "read", "deepest"]) };
        let text =
            format!("verify \"v{number}\" {{ {}; targets \"*\"; {takes}depth \"{depth}\"; }}\n", schedule.text());
        let looks = if is_blind { vec![] } else { runs.into_iter().map(|run| (run, run + length)).collect() };
        Self { text, looks }
    }
}

/// A schedule with days between its times.
fn rare(dice: &mut Dice, days_max: i64) -> Schedule {
    loop {
        let schedule = Schedule::any(dice, days_max);
        if !matches!(schedule.rhythm, Rhythm::Every(..1_440) | Rhythm::Cron(..)) {
            return schedule;
        }
    }
}

fn from() -> i64 {
    minute("2025-01-01T00:00:00Z")
}

fn to() -> i64 {
    minute("2053-01-01T00:00:00Z")
}

#[test]
fn damage_is_seen_in_time_where_counting_shows_it() {
    for_each_seed(120, |dice| {
        let zone = dice.of(&ZONES);
        let clock = Clock::of_years(zone, 2020, 2060);
        let (schedule, retention, takes) = (rare(dice, 32), Retention::any(dice), dice.between(1, 300));
        let verifies: Vec<Verify> = (0..dice.between(1, 2)).map(|n| Verify::any(dice, &clock, n as usize)).collect();
        let texts: String = verifies.iter().map(|verify| verify.text.as_str()).collect();
        let plan = format!(
            "plan \"p\" {{ timezone \"{zone}\"; }}\nstore \"s\" {{ local path=\"/s\"; }}\ntarget \"t\" {{\n    files \"/data\"\n    backup \"b\" {{ \
             archive \"tar.zip\"; store \"s\"; {}; takes \"{takes}m\"; {} }}\n}}\n{BACK}{texts}",
            schedule.text(),
            retention.text()
        );
        let mut looks: Vec<(i64, i64)> = verifies.iter().flat_map(|verify| verify.looks.clone()).collect();
        looks.sort_unstable();
        if looks.windows(2).any(|pair| pair[1].0 - pair[0].0 < 60) {
            // Nothing is said, unless they are of one time.
            return;
        }
        // Those of before the window are there too.
        let runs = schedule.runs(&clock, minute("2021-01-01T00:00:00Z"), minute("2056-01-01T00:00:00Z"));
        let points = lives(&clock, &runs, takes, &retention);
        let (mut unseen, mut is_safe) = (None::<i64>, true);
        for (place, (look, _)) in looks.iter().enumerate() {
            let Some(seen) = looks[place + 1..].iter().map(|(_, seen)| *seen).min() else { continue };
            // A point is gone from the slot of the run that lets it go.
            let good = points.iter().take_while(|(slot, ..)| slot <= look);
            let is_left = good.rev_any(|(_, _, end)| end.is_none_or(|end| end - takes > seen));
            is_safe &= is_left;
            unseen = unseen.max(Some(seen - look));
        }
        let compiled = compile("plan.kdl", &plan);
        let has = |code: &str| compiled.codes().contains(&code);
        match (looks.len() > 1, is_safe) {
            (false, _) => assert!(!has("sonae::verify::late"), "{plan}"),
            (true, false) => assert!(has("sonae::verify::late"), "{:?}\n{plan}", compiled.codes()),
            (true, true) => {
                assert!(!has("sonae::verify::late"), "{plan}");
                let proven = proven(&plan);
                let [detection] = proven.proofs().detections.as_slice() else { panic!("no detection of {plan}") };
                let told = detection.unseen.as_ref().map(|unseen| unseen.length);
                let counted = unseen.map(|minutes| Duration::from_seconds(u64::try_from(minutes).expect("later") * 60));
                assert_eq!(told, counted, "{plan}");
            }
        }
    });
}

/// Looks from the end, where the answer most often is.
trait RevAny<T> {
    fn rev_any(self, is: impl Fn(&T) -> bool) -> bool;
}

impl<'a, T: 'a, I: Iterator<Item = &'a T>> RevAny<T> for I {
    fn rev_any(self, is: impl Fn(&T) -> bool) -> bool {
        self.collect::<Vec<_>>().into_iter().rev().any(is)
    }
}
