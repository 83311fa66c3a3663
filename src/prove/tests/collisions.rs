//! What runs at once and should not.

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
    Warning sonae::collision::heavy: `b/b` and `a/b` are at work at once on every host: first from 2025-01-02 02:00 to 02:20, 365 times a year
      @ schedule "daily" at="02:00": `b/b` begins on 2025-01-02 02:00, and may take until 02:20
      @ schedule "daily" at="02:00": `a/b` may take until 02:30
      help: write `after "a/b"` into `b/b`, beside its schedule, so that it begins when the other is over; or write `limit side-by-side=1` into the store `vault`, which then lets in one step at a time
    "#);
    insta::assert_snapshot!(collisions("Asia/Tokyo", &two(&a, &files("b", daily, "30m", ""))), @r#"
    Warning sonae::collision::heavy: `b/b` and `a/b` are at work at once on every host: first from 2025-01-02 02:00 to 02:30, 365 times a year
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
    Warning sonae::collision::heavy: `b/b` and `a/b` are at work at once on every host: first from 2025-09-01 06:00 to 06:10, 48 times in 28 years
      @ schedule "weekly" weekday="mon" at="06:00": `b/b` begins on 2025-09-01 06:00, and may take until 06:10
      @ schedule "monthly" day=1 at="05:00": `a/b` may take until 06:30
      help: write `at="06:30"` into the schedule of `b/b`: on that day, nothing else is at work from then on
    "#);
    insta::assert_snapshot!(collisions("Asia/Tokyo", &two(&monthly, &files("b", "cron=\"0 6 29 2 mon\"", "10m", ""))), @r#"
    Warning sonae::collision::heavy: `b/b` and `a/b` are at work at once on every host: first from 2027-02-01 06:00 to 06:10, 4 times in 28 years
      @ schedule cron="0 6 29 2 mon": `b/b` begins on 2027-02-01 06:00, and may take until 06:10
      @ schedule "monthly" day=1 at="05:00": `a/b` may take until 06:30
      help: schedule `b/b` at another time: on that day, nothing else is at work from 06:30 on
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
            .contains("`b/b` and `a/b` are at work at once on host `y`: first from 2025-01-01 02:00")
    );
    assert!(of("\"x\" \"y\"", "\"x\" \"y\"").contains("at work at once on host `x`, and on one other: "));
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
    Warning sonae::collision::window: `rds/nightly` and the backup window of RDS of `rds/auto` overlap on the database `shop` of RDS: first from 2025-01-02 03:10 to 03:15, 365 times a year
      @ schedule "daily" at="03:10": `rds/nightly` begins on 2025-01-02 03:10, and may take until 03:15
      @ "03:00/30m": `rds/auto` may take until 03:30
      help: write `at="03:30"` into the schedule of `rds/nightly`: on that day, nothing else is at work from then on
    "#);
    assert_eq!(collisions("Asia/Tokyo", &restored(&rds("rds", &(window("04:00") + snapshot)), &["rds"])), "");
    let both = rds("rds-1", &window("03:00")) + &rds("rds-2", &window("03:15"));
    insta::assert_snapshot!(collisions("Asia/Tokyo", &restored(&both, &["rds-1", "rds-2"])), @r#"
    Warning sonae::collision::window: the backup window of RDS of `rds-2/auto` and the backup window of RDS of `rds-1/auto` overlap on the database `shop` of RDS: first from 2025-01-02 03:15 to 03:30, 365 times a year
      @ "03:15/30m": `rds-2/auto` begins on 2025-01-02 03:15, and may take until 03:45
      @ "03:00/30m": `rds-1/auto` may take until 03:30
      help: write `window="03:30/30m"`: on that day, nothing else is at work from then on
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
    Warning sonae::collision::pruning: verify `weekly` looks at recovery points while a run of `a/b` may be deleting some of them: first on 2025-01-06 01:30, 52 times a year
      @ schedule "weekly" weekday="mon" at="01:30": `weekly` begins on 2025-01-06 01:30
      @ schedule "daily" at="02:00": from 2025-01-06 02:00, `a/b` may take until 02:40
      help: write `at="02:40"` or later into the schedule of verify `weekly`: on that day, `a/b` is over by then
    "#);
    assert_eq!(collisions("Asia/Tokyo", &text(daily, "40m", "02:40")), "");
    assert_eq!(collisions("Asia/Tokyo", &text(daily, "40m", "01:00")), "");
    // It runs all the time.
    assert_eq!(collisions("Asia/Tokyo", &text("every=\"1h\"", "2m", "02:00")), "");
    // Where the host may not delete, only what is being made is told.
    let elsewhere =
        text(daily, "40m", "02:10").replace("\"disk\"; retention", "\"vault\"; retention").replace(disk, "");
    insta::assert_snapshot!(collisions("Asia/Tokyo", &elsewhere), @r#"
    Warning sonae::collision::window: verify `weekly` looks at recovery points while `a/b` is being made: first on 2025-01-06 02:10, 52 times a year
      @ schedule "weekly" weekday="mon" at="02:10": `weekly` begins on 2025-01-06 02:10
      @ schedule "daily" at="02:00": from 2025-01-06 02:00, `a/b` may take until 02:40
      help: write `at="02:40"` or later into the schedule of verify `weekly`: on that day, `a/b` is over by then
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
