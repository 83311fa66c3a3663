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
        }
    });
}
