//! What runs at once and should not.

use proptest::prelude::*;

use super::compiled::{compiled, told};

fn files(name: &str, schedule: &str, takes: &str, more: &str) -> String {
    format!(
        "target \"{name}\" {{\n{more}\n files \"/srv/{name}\"\n backup \"b\" {{ schedule {schedule}; archive \"tar.zip\"; store \"vault\"; \
         retention within=\"400d\"; takes \"{takes}\" }}\n}}\n"
    )
}

fn restored(targets: &str, names: &[&str]) -> String {
    let into = |name: &&str| match name.starts_with("rds") {
        true => format!("recover \"{name}\" {{ into instance=\"{name}-restored\" }}\n"),
        false => format!("recover \"{name}\" {{ into path=\"/restore/{name}\" }}\n"),
    };
    format!("{targets}restore \"all\" {{\n{}}}\n", names.iter().map(into).collect::<String>())
}

fn collisions(timezone: &str, text: &str) -> String {
    told(timezone, text, "sonae::collision::", "none")
}

fn two(a: &str, b: &str) -> String {
    restored(&format!("{a}{b}"), &["a", "b"])
}

#[test]
fn heavy_backups_of_one_time_are_at_work_at_once_unless_they_are_tied() {
    let daily = "\"daily\" at=\"02:00\"";
    let a = files("a", daily, "30m", "");
    insta::assert_snapshot!(collisions("Asia/Tokyo", &two(&a, &files("b", daily, "20m", ""))), @r#"
    Warning sonae::collision::heavy: `b/b` (takes 20m) and `a/b` (takes 30m) are at work at once on every host, and both are heavy, for they take 10m or longer: first from 2025-01-02 02:00 to 02:20 Asia/Tokyo, 365 times a year
      @ schedule "daily" at="02:00": `b/b` begins on 2025-01-02 02:00, and may take until 02:20
      @ schedule "daily" at="02:00": `a/b` may take until 02:30
      help: write `after "a/b"` into `b/b`, beside its schedule, so that it begins when the other is over; or write `limit side-by-side=1` into the store `vault`, which then lets in one step at a time
    "#);
    insta::assert_snapshot!(collisions("Asia/Tokyo", &two(&a, &files("b", daily, "30m", ""))), @r#"
    Warning sonae::collision::heavy: `b/b` (takes 30m) and `a/b` (takes 30m) are at work at once on every host, and both are heavy, for they take 10m or longer: first from 2025-01-02 02:00 to 02:30 Asia/Tokyo, 365 times a year
      @ schedule "daily" at="02:00": `b/b` begins on 2025-01-02 02:00, and may take until 02:30
      @ schedule "daily" at="02:00": `a/b` may take until 02:30
      help: write `after "a/b"` into `b/b`, beside its schedule, so that it begins when the other is over; or write `limit side-by-side=1` into the store `vault`, which then lets in one step at a time
    "#);
    let tied = files("b", daily, "20m", "").replace("archive", "after \"a/b\"; archive");
    assert_eq!(collisions("Asia/Tokyo", &two(&a, &tied)), "");
    assert_eq!(collisions("Asia/Tokyo", &two(&a, &files("b", daily, "9m", ""))), "");
}

#[test]
fn what_meets_on_certain_days_only_is_told_with_the_first() {
    let monthly = files("a", "\"monthly\" day=1 at=\"05:00\"", "90m", "");
    insta::assert_snapshot!(collisions("Asia/Tokyo", &two(&monthly, &files("b", "\"weekly\" weekday=\"mon\" at=\"06:00\"", "10m", ""))), @r#"
    Warning sonae::collision::heavy: `b/b` (takes 10m) and `a/b` (takes 1h30m) are at work at once on every host, and both are heavy, for they take 10m or longer: first from 2025-09-01 06:00 to 06:10 Asia/Tokyo, 48 times in 28 years
      @ schedule "weekly" weekday="mon" at="06:00": `b/b` begins on 2025-09-01 06:00, and may take until 06:10
      @ schedule "monthly" day=1 at="05:00": `a/b` may take until 06:30
      help: write `at="06:30"` into the schedule of `b/b`: at that time, nothing else is at work there on any day
    "#);
    insta::assert_snapshot!(collisions("Asia/Tokyo", &two(&monthly, &files("b", "cron=\"0 6 29 2 mon\"", "10m", ""))), @r#"
    Warning sonae::collision::heavy: `b/b` (takes 10m) and `a/b` (takes 1h30m) are at work at once on every host, and both are heavy, for they take 10m or longer: first from 2027-02-01 06:00 to 06:10 Asia/Tokyo, 4 times in 28 years
      @ schedule cron="0 6 29 2 mon": `b/b` begins on 2027-02-01 06:00, and may take until 06:10
      @ schedule "monthly" day=1 at="05:00": `a/b` may take until 06:30
      help: schedule `b/b` at another time: that first time, nothing else is at work from 2027-02-01 06:30 Asia/Tokyo on for as long as it takes
    "#);
    let yearly = files("b", "\"yearly\" date=\"06-01\" at=\"06:00\"", "10m", "");
    assert!(collisions("Asia/Tokyo", &two(&monthly, &yearly)).contains(", once a year"));
}

#[test]
fn hosts_of_their_own_keep_backups_apart() {
    let hosts =
        "host \"x\" { ssh address=\"10.0.0.1\" user=\"u\" }\nhost \"y\" { ssh address=\"10.0.0.2\" user=\"u\" }\n";
    let daily = "\"daily\" at=\"02:00\"";
    let of = |a: &str, b: &str| {
        let targets =
            files("a", daily, "30m", &format!("hosts {a}")) + &files("b", daily, "20m", &format!("hosts {b}"));
        collisions("UTC", &(hosts.to_owned() + &restored(&targets, &["a", "b"])))
    };
    assert_eq!(of("\"x\"", "\"y\""), "");
    assert!(
        of("\"x\" \"y\"", "\"y\"")
            .contains("`b/b` (takes 20m) and `a/b` (takes 30m) are at work at once on host `y`, and both")
    );
    assert!(
        of("\"x\" \"y\"", "\"x\" \"y\"").contains("at work at once on host `x`, and on one other, and both are heavy")
    );
}

#[test]
fn a_store_that_lets_one_step_in_keeps_backups_of_one_run_apart() {
    let daily = "\"daily\" at=\"02:00\"";
    let text = two(&files("a", daily, "30m", ""), &files("b", daily, "20m", ""));
    let one = format!(
        "store \"one\" {{ local path=\"/one\"; limit side-by-side=1 }}\n{}",
        text.replace("\"vault\"", "\"one\"")
    );
    assert_eq!(collisions("UTC", &one), "");
    // Due at another time, it is a run of its own.
    let later = one.replacen("02:00", "01:45", 1);
    assert!(collisions("UTC", &later).contains("sonae::collision::heavy"));
}

#[test]
fn one_server_that_two_hosts_dump_is_one_place() {
    let hosts =
        "host \"x\" { ssh address=\"10.0.0.1\" user=\"u\" }\nhost \"y\" { ssh address=\"10.0.0.2\" user=\"u\" }\n";
    let of = |name: &str, host: &str| {
        let daily = "\"daily\" at=\"02:00\"";
        let target = files(name, daily, "30m", &format!("hosts \"{host}\""));
        target
            .replace(&format!("files \"/srv/{name}\""), "mysql host=\"db.example.org\"")
            .replace("archive \"tar.zip\"", "dump")
    };
    let text = hosts.to_owned() + &restored(&(of("a", "x") + &of("b", "y")), &["a", "b"]);
    assert!(collisions("UTC", &text).contains("at work at once on the database server db.example.org:3306"));
}

#[test]
fn a_snapshot_in_the_window_of_rds_and_two_windows_of_one_database_are_told() {
    let rds = |name: &str, backups: &str| format!("target \"{name}\" {{\n rds instance=\"shop\"\n{backups}\n}}\n");
    let window = |at: &str| {
        format!("backup \"auto\" {{ point-in-time window=\"{at}/30m\" max-lag=\"5m\"; retention within=\"7d\" }}\n")
    };
    let snapshot =
        "backup \"nightly\" { snapshot; schedule \"daily\" at=\"03:10\"; retention within=\"30d\"; takes \"5m\" }\n";
    insta::assert_snapshot!(collisions("Asia/Tokyo", &restored(&rds("rds", &(window("03:00") + snapshot)), &["rds"])), @r#"
    Warning sonae::collision::window: `rds/nightly` and the backup window of RDS of `rds/auto` overlap on the database `shop` of RDS: first from 2025-01-02 03:10 to 03:15 Asia/Tokyo, 365 times a year
      @ schedule "daily" at="03:10": `rds/nightly` begins on 2025-01-02 03:10, and may take until 03:15
      @ "03:00/30m": `rds/auto` may take until 03:30
      help: write `at="03:30"` into the schedule of `rds/nightly`: at that time, nothing else is at work there on any day
    "#);
    assert_eq!(collisions("Asia/Tokyo", &restored(&rds("rds", &(window("04:00") + snapshot)), &["rds"])), "");
    let both = rds("rds-1", &window("03:00")) + &rds("rds-2", &window("03:15"));
    insta::assert_snapshot!(collisions("Asia/Tokyo", &restored(&both, &["rds-1", "rds-2"])), @r#"
    Warning sonae::collision::window: the backup window of RDS of `rds-2/auto` and the backup window of RDS of `rds-1/auto` overlap on the database `shop` of RDS: first from 2025-01-02 03:15 to 03:30 Asia/Tokyo, 365 times a year
      @ "03:15/30m": `rds-2/auto` begins on 2025-01-02 03:15, and may take until 03:45
      @ "03:00/30m": `rds-1/auto` may take until 03:30
      help: write `window="03:30/30m"` into `rds-2/auto`: at that time, nothing else is at work there on any day
    "#);
    let dump = files("a", "\"daily\" at=\"03:20\"", "5m", "")
        .replace("files \"/srv/a\"", "mysql host=\"shop.abc.eu-central-1.rds.amazonaws.com\"");
    let dumped = rds("rds", &window("03:00")) + &dump.replace("archive \"tar.zip\"", "dump");
    assert!(collisions("UTC", &restored(&dumped, &["rds", "a"])).contains("on the database `shop` of RDS"));
}

#[test]
fn a_look_at_points_that_a_run_deletes_is_told_where_another_time_would_help() {
    let disk = "store \"disk\" { local path=\"/disk\" }\n";
    let verify = |at: &str| {
        format!(
            "verify \"weekly\" {{ schedule \"weekly\" weekday=\"mon\" at=\"{at}\"; targets \"*\"; depth \"read\"; takes \"1h\" }}\n"
        )
    };
    let text = |schedule: &str, takes: &str, at: &str| {
        disk.to_owned()
            + &restored(&files("a", schedule, takes, ""), &["a"]).replace("\"vault\"", "\"disk\"")
            + &verify(at)
    };
    let daily = "\"daily\" at=\"02:00\"";
    insta::assert_snapshot!(collisions("Asia/Tokyo", &text(daily, "40m", "01:30")), @r#"
    Warning sonae::collision::pruning: verify `weekly` looks at recovery points while a run of `a/b` may be deleting some of them: first on 2025-01-06 01:30 Asia/Tokyo, 52 times a year
      @ schedule "weekly" weekday="mon" at="01:30": `weekly` begins on 2025-01-06 01:30 Asia/Tokyo
      @ schedule "daily" at="02:00": from 2025-01-06 02:00, `a/b` may take until 02:40
      help: write `at="02:40"` into the schedule of verify `weekly`: at that time, nothing of what it looks at is at work on any day
    "#);
    assert_eq!(collisions("Asia/Tokyo", &text(daily, "40m", "02:40")), "");
    assert_eq!(collisions("Asia/Tokyo", &text(daily, "40m", "01:00")), "");
    // It runs all the time.
    assert_eq!(collisions("Asia/Tokyo", &text("every=\"1h\"", "2m", "02:00")), "");
    // Where the host may not delete, only what is being made is told.
    let elsewhere =
        text(daily, "40m", "02:10").replace("\"disk\"; retention", "\"vault\"; retention").replace(disk, "");
    insta::assert_snapshot!(collisions("Asia/Tokyo", &elsewhere), @r#"
    Warning sonae::collision::window: verify `weekly` looks at recovery points while `a/b` (takes 40m) is being made: first on 2025-01-06 02:10 Asia/Tokyo, 52 times a year
      @ schedule "weekly" weekday="mon" at="02:10": `weekly` begins on 2025-01-06 02:10 Asia/Tokyo
      @ schedule "daily" at="02:00": from 2025-01-06 02:00, `a/b` may take until 02:40
      help: write `at="02:40"` into the schedule of verify `weekly`: at that time, nothing of what it looks at is at work on any day
    "#);
    let drill = verify("02:10")
        .replace("verify", "drill")
        .replace("targets \"*\"; depth \"read\"; takes \"1h\"", "restore \"all\"");
    let drilled = text(daily, "40m", "12:00") + &drill;
    assert!(
        collisions("UTC", &drilled)
            .starts_with("Warning sonae::collision::pruning: drill `weekly` looks at recovery points")
    );
}

#[test]
fn very_many_heavy_backups_are_answered_in_time() {
    let target = |n: usize| {
        files(
            &format!("t{n}"),
            &format!("\"daily\" at=\"{:02}:{:02}\"", n % 24, n % 60),
            &format!("{}m", 10 + n % 90),
            "",
        )
    };
    let names: Vec<String> = (0..400).map(|n| format!("t{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let (_, found) = compiled("Asia/Tokyo", &restored(&(0..400).map(target).collect::<String>(), &names));
    let met = found.diagnostics.iter().filter(|found| found.code.name == "sonae::collision::heavy").count();
    assert!((1..400).contains(&met), "{met}");
}

#[test]
fn the_time_that_is_proposed_is_free_of_everything_else() {
    let all = |b: &str| {
        let daily = |at: &str| format!("\"daily\" at=\"{at}\"");
        let others = files("a", &daily("02:00"), "30m", "") + &files("c", "\"monthly\" day=3 at=\"02:40\"", "1h", "");
        restored(&(others + b), &["a", "b", "c"])
    };
    let told = collisions("Europe/Berlin", &all(&files("b", "\"daily\" at=\"02:20\"", "20m", "")));
    // At 02:30 it would be at work together with `c`, on the third of a month; and clocks are set between 02:00 and 03:00.
    assert!(
        told.contains("help: write `at=\"03:40\"` into the schedule of `b/b`: at that time, nothing else"),
        "{told}"
    );
    assert_eq!(collisions("Europe/Berlin", &all(&files("b", "\"daily\" at=\"03:40\"", "20m", ""))), "");
}

#[test]
fn where_no_time_is_free_it_comes_behind_the_other() {
    let halves = files("a", "\"daily\" at=\"00:00\"", "10h", "") + &files("c", "\"daily\" at=\"12:00\"", "10h", "");
    let all = |b: &str| restored(&(halves.clone() + b), &["a", "b", "c"]);
    let told = collisions("Asia/Tokyo", &all(&files("b", "\"weekly\" weekday=\"mon\" at=\"12:30\"", "3h", "")));
    assert!(
        told.contains("help: nothing leaves `b/b` the time that it takes: make it or the others quicker"),
        "{told}"
    );
    // Ten hours and two are over when the next begins.
    let told = collisions("Asia/Tokyo", &all(&files("b", "\"weekly\" weekday=\"mon\" at=\"12:30\"", "2h", "")));
    assert!(told.contains("write `at=\"22:00\"` into the schedule of `b/b`"), "{told}");
    let whole = files("a", "\"weekly\" weekday=\"mon\" at=\"00:00\"", "24h", "");
    let two = |b: &str| restored(&(whole.clone() + b), &["a", "b"]);
    let told = collisions("Asia/Tokyo", &two(&files("b", "\"weekly\" weekday=\"mon\" at=\"12:30\"", "2h", "")));
    assert!(
        told.contains("help: write `at=\"00:00\"` into the schedule of `b/b`, which is that of `a/b`, and `after \"a/b\"` beside it"),
        "{told}"
    );
    let tied =
        files("b", "\"weekly\" weekday=\"mon\" at=\"00:00\"", "2h", "").replace("archive", "after \"a/b\"; archive");
    assert_eq!(collisions("Asia/Tokyo", &two(&tied)), "");
}

#[test]
fn a_tie_that_would_meet_a_third_is_not_proposed() {
    let daily = |name: &str, at: &str, takes: &str| files(name, &format!("\"daily\" at=\"{at}\""), takes, "");
    let text = daily("a", "02:00", "30m") + &daily("b", "02:00", "20m") + &daily("c", "02:30", "30m");
    let told = collisions("Asia/Tokyo", &restored(&text, &["a", "b", "c"]));
    // Behind `a`, it would be at work together with `c`; so it would behind what a store holds back.
    assert!(
        told.contains("help: write `at=\"03:00\"` into the schedule of `b/b`: at that time, nothing else"),
        "{told}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_proposed_meets_nothing(
        jobs in prop::collection::vec((0_u8..4, 0_u8..48, 10_u16..200, 0_u8..3), 2..5),
        zone in prop::sample::select(vec!["Asia/Tokyo", "Europe/Berlin", "Australia/Lord_Howe"]),
    ) {
        let names: Vec<String> = (0..jobs.len()).map(|place| format!("t{place}")).collect();
        let schedule = |(kind, half, ..): &(u8, u8, u16, u8)| {
            let at = format!("at=\"{:02}:{:02}\"", half / 2, half % 2 * 30);
            match kind {
                0 | 1 => format!("\"daily\" {at}"),
                2 => format!("\"weekly\" weekday=\"mon\" {at}"),
                _ => format!("\"monthly\" day=1 {at}"),
            }
        };
        let target = |place: usize, schedule: &str, tie: &str| {
            let of = files(&names[place], schedule, &format!("{}m", jobs[place].2), "");
            if tie.is_empty() { of } else { of.replace("archive", &format!("after \"{tie}\"; archive")) }
        };
        let with = |changed: Option<(usize, String, &str)>| {
            let all = jobs.iter().enumerate().map(|(place, job)| match &changed {
                Some((at, schedule, tie)) if *at == place => target(place, schedule, tie),
                _ => target(place, &schedule(job), ""),
            });
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            collisions(zone, &restored(&all.collect::<String>(), &names))
        };
        for told in with(None).split("Warning ").skip(1) {
            let help = told.split_once("help: ").unwrap().1;
            let between = |before: &str| Some(help.split_once(before)?.1.split_once(&['"', '`'][..])?.0.to_owned());
            let tie = between("`after \"").unwrap_or_default();
            let Some(name) = between("into the schedule of `").or_else(|| between("\"` into `")) else { continue };
            let place = names.iter().position(|known| name.starts_with(known.as_str())).unwrap();
            let own = schedule(&jobs[place]);
            let changed = match between("write `at=\"") {
                Some(at) => format!("{} at=\"{at}\"", own.split_once(" at=").unwrap().0),
                None => own,
            };
            let after = with(Some((place, changed, &tie)));
            let heads: Vec<&str> = after.lines().filter(|line| line.starts_with("Warning ")).collect();
            prop_assert!(heads.iter().all(|head| !head.contains(&format!("`{name}`"))), "{told}\n{after}");
        }
    }
}
