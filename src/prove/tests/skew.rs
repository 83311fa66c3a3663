//! How far apart what comes back together may be.

use proptest::prelude::*;

use super::compiled::{compiled, told};
use crate::calendar::Occurrences;
use crate::prove::{Apart, Evidence};

const IMAGES: &str = r#"target "images" {
    files "/srv/images"
    backup "daily" { schedule "daily" at="05:30"; archive "tar.zip"; store "vault"; retention within="7d"; takes "40m" }
}"#;

const SHOP: &str = r#"target "shop" {
    rds instance="shop"
    backup "automated" { point-in-time max-lag="5m"; retention within="7d" }
}"#;

fn restore(moment: &str, targets: &[&str]) -> String {
    let into = |target: &&str| match target.starts_with("shop") {
        true => format!("recover \"{target}\" {{ into instance=\"{target}-restored\" }}\n"),
        false => format!("recover \"{target}\" {{ into path=\"/restore/{target}\" }}\n"),
    };
    let steps: String = targets.iter().map(into).collect();
    format!("restore \"data\" {{\n{moment}\n{steps}}}\n")
}

fn spread(timezone: &str, text: &str) -> String {
    told(timezone, text, "sonae::spread::", "spread")
}

#[test]
fn a_daily_backup_beside_a_database_is_a_day_and_a_run_apart() {
    let text = |moment: &str| format!("{IMAGES}\n{SHOP}\n{}", restore(moment, &["images", "shop"]));
    insta::assert_snapshot!(spread("Asia/Tokyo", &text("moment \"latest\" spread=\"25h\"")), @"assumed: restore data, spread: 24h40m ≤ 25h, 20m left: just before 2025-01-03 06:10 Asia/Tokyo, images is of 2025-01-02 05:30 and shop of 2025-01-03 06:10, over 2025-01-01 – 2053-01-01");
    insta::assert_snapshot!(spread("Asia/Tokyo", &text("moment \"latest\" spread=\"24h39m\"")), @r#"
    Error sonae::spread::broken: what `data` brings back may be 24h40m apart, and at most 24h39m is accepted: rows written after 2025-01-02 05:30 Asia/Tokyo name files that are not in the newest point of `images`
      @ "24h39m": 24h40m > 24h39m
      @ schedule "daily" at="05:30": just before 2025-01-03 06:10 Asia/Tokyo, the newest point of `images` is of 2025-01-02 05:30
      @ backup "automated": that of `shop` is of 2025-01-03 06:10
      help: back `images` up more often, or accept what is true: spread="24h40m"
    "#);
    insta::assert_snapshot!(spread("Asia/Tokyo", &text("")), @r#"
    Warning sonae::spread::unsaid: `data` may bring `images` back 24h40m older than `shop`: rows written after 2025-01-02 05:30 Asia/Tokyo name files that are not in the newest point of `images`
      @ "data": brings each target back from its newest point at one moment
      @ schedule "daily" at="05:30": just before 2025-01-03 06:10 Asia/Tokyo, the newest point of `images` is of 2025-01-02 05:30
      @ backup "automated": that of `shop` is of 2025-01-03 06:10
      help: back `images` up more often; or write `moment "latest" spread="24h40m"` into the restore, which accepts this difference
    "#);
    // The day on which the clock is set back has an hour more.
    insta::assert_snapshot!(spread("Europe/Berlin", &text("moment \"latest\" spread=\"26h\"")), @"assumed: restore data, spread: 25h40m ≤ 26h, 20m left: just before 2025-10-26 06:10 Europe/Berlin, images is of 2025-10-25 05:30 and shop of 2025-10-26 06:10, the clock set back between, over 2025-01-01 – 2053-01-01");
}

#[test]
fn what_is_of_one_rhythm_is_not_warned_of_and_is_a_run_apart_all_the_same() {
    let other = IMAGES.replace("images", "letters");
    let text = |moment: &str| format!("{IMAGES}\n{other}\n{}", restore(moment, &["images", "letters"]));
    assert_eq!(spread("UTC", &text("")), "");
    insta::assert_snapshot!(spread("UTC", &text("moment \"latest\" spread=\"1d\"")), @"proven: restore data, spread: 24h ≤ 24h, nothing left: just before 2025-01-02 06:10 UTC, images is of 2025-01-01 05:30 and letters of 2025-01-02 05:30, over 2025-01-01 – 2053-01-01");
}

#[test]
fn two_databases_of_one_provider_are_its_lag_apart() {
    let other = SHOP.replace("shop", "shop-2");
    let text = |moment: &str| format!("{SHOP}\n{other}\n{}", restore(moment, &["shop", "shop-2"]));
    assert_eq!(spread("UTC", &text("")), "");
    insta::assert_snapshot!(spread("UTC", &text("moment \"latest\" spread=\"5m\"")), @"assumed: restore data, spread: 5m ≤ 5m, nothing left: just before 2025-01-01 00:00 UTC, shop is of 2024-12-31 23:55 and shop-2 of 2025-01-01 00:00, over 2025-01-01 – 2053-01-01");
}

#[test]
fn logs_and_a_single_target_are_never_apart() {
    let log = r#"target "log" {
    logs "/var/log/shop"
    backup "daily" { schedule "daily" at="01:00"; archive "tar.zip"; store "vault"; retention within="7d"; takes "5m" }
}"#;
    let text = |moment: &str| format!("{log}\n{SHOP}\n{}", restore(moment, &["log", "shop"]));
    assert_eq!(spread("UTC", &text("")), "");
    insta::assert_snapshot!(spread("UTC", &text("moment \"latest\" spread=\"1m\"")), @"assumed: restore data, spread: 0s ≤ 1m, 1m left: no two targets of data are brought back");
}

#[test]
fn a_restore_that_holds_another_is_told_of_what_that_does_not_bring_back() {
    let letters = IMAGES.replace("images", "letters").replace("05:30", "01:00");
    let all = format!("{IMAGES}\n{letters}\n{SHOP}\n");
    let alone = "restore \"letters\" { recover \"letters\" { into path=\"/restore/alone\" } }";
    let of = |inner: &str, outer: &str| {
        spread(
            "UTC",
            &format!(
                "{all}{alone}\n{}restore \"all\" {{\n{outer}\n restore \"data\"\n}}\n",
                restore(inner, &["images", "shop"])
            ),
        )
    };
    assert_eq!(of("moment \"latest\" spread=\"25h\"", "").lines().count(), 1);
    let wider = of("moment \"latest\" spread=\"25h\"", "recover \"letters\" { into path=\"/restore/letters\" }");
    assert!(wider.starts_with("Warning sonae::spread::unsaid: `all` may bring"), "{wider}");
}

#[test]
fn what_does_not_say_how_long_it_takes_proves_nothing() {
    let text = |images: &str| {
        format!("{images}\n{SHOP}\n{}", restore("moment \"latest\" spread=\"25h\"", &["images", "shop"]))
    };
    insta::assert_snapshot!(spread("UTC", &text(&IMAGES.replace("; takes \"40m\"", ""))), @r#"
    Error sonae::spread::unproven: nothing shows that what `data` brings back is at most 25h apart
      @ "25h": accepted here
      @ backup "daily": `daily` has no `takes`
      help: give each target that it recovers a backup with a `schedule`, and how long a run takes at most, as in `takes "40m"`
    "#);
}

#[test]
fn what_waits_for_others_is_there_later() {
    let before = IMAGES.replace("images", "letters").replace("40m", "2h");
    let images = IMAGES.replace("archive", "after \"letters/daily\"; archive");
    let text = format!(
        "{before}\n{images}\n{SHOP}\n{}",
        restore("moment \"latest\" spread=\"27h\"", &["images", "shop", "letters"])
    );
    insta::assert_snapshot!(spread("UTC", &text), @"assumed: restore data, spread: 26h40m ≤ 27h, 20m left: just before 2025-01-02 08:10 UTC, images is of 2025-01-01 05:30 and shop of 2025-01-02 08:10, over 2025-01-01 – 2053-01-01");
}

/// The widest spread by keeping book, minute by minute: what may be the newest of each, and what must be there.
fn by_book(all: &[(Occurrences, i64)], from: i64, to: i64) -> i64 {
    let at = |second| jiff::Timestamp::from_second(second).unwrap();
    let mut worst = 0;
    for minute in (from..to).step_by(60) {
        // A second before the minute, as a point may be there at the minute itself.
        let now = minute - 1;
        for (older, (times, takes)) in all.iter().enumerate() {
            let there = times.last_at_or_before(at(now - takes)).unwrap().as_second();
            for (_, (times, _)) in all.iter().enumerate().filter(|(newer, _)| *newer != older) {
                worst = worst.max(times.last_at_or_before(at(now)).unwrap().as_second() - there);
            }
        }
    }
    worst
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_widest_spread_is_that_of_keeping_book(
        chosen in prop::collection::vec((0_usize..5, 1_i64..55), 2..4),
        zone in prop::sample::select(vec!["Asia/Tokyo", "America/New_York", "Australia/Lord_Howe"]),
        day in 1_i64..360,
    ) {
        let expressions = ["30 5 * * *", "0 */6 * * *", "7 1,13 * * 1-5", "10 2,4 * * *", "0 0 * * sun"];
        let targets: String = chosen.iter().enumerate().map(|(n, (which, takes))| {
            let schedule = format!("schedule cron=\"{}\"", expressions[*which]);
            let images = IMAGES.replace("images", &format!("t{n}")).replace("schedule \"daily\" at=\"05:30\"", &schedule);
            images.replace("40m", &format!("{takes}m")) + "\n"
        }).collect();
        let names: Vec<String> = (0..chosen.len()).map(|n| format!("t{n}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let (_, compiled) = compiled(zone, &(targets + &restore("moment \"latest\" spread=\"9000d\"", &names)));
        let proven = compiled.proven.unwrap();
        let apart = |evidence: &Evidence| match evidence {
            Evidence::Apart(Some(apart)) => Some(apart.clone()),
            _ => None,
        };
        let apart: Apart = proven.proofs().promises.iter().find_map(|promise| apart(&promise.evidence)).unwrap();
        let schedules = proven.plan().backups().map(|(_, backup)| backup.schedule.as_ref().unwrap());
        let all: Vec<_> = schedules.map(|schedule| Occurrences::of(schedule).unwrap()).zip(chosen.iter().map(|(_, takes)| takes * 60)).collect();
        let widest = apart.seconds().seconds.cast_signed();
        // Where the proof says that it is widest, it is; anywhere else it is no wider.
        prop_assert_eq!(by_book(&all, apart.at.as_second() - 3_600, apart.at.as_second() + 3_600), widest);
        let start = apart.window.start.as_second() + (day + 30) * 86_400;
        prop_assert!(by_book(&all, start, start + 2 * 86_400) <= widest);
    }
}

#[test]
fn a_run_of_the_very_moment_has_no_point_yet() {
    let letters = r#"target "letters" {
    files "/srv/letters"
    backup "daily" { schedule "daily" at="06:10"; archive "tar.zip"; store "vault"; retention within="7d"; takes "5m" }
}"#;
    let text = format!("{IMAGES}\n{letters}\n{}", restore("moment \"latest\" spread=\"24h\"", &["images", "letters"]));
    // When the images of 05:30 are there, at 06:10, the letters of that time are not: they are of the day before.
    let told = spread("Asia/Tokyo", &text);
    assert!(
        told.starts_with(
            "proven: restore data, spread: 23h20m ≤ 24h, 40m left: just before 2025-01-03 06:15 Asia/Tokyo, letters"
        ),
        "{told}"
    );
}
