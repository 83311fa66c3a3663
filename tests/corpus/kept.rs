//! What is kept: any moment of the last days, and damage that is seen in time.

use super::compile;

/// What is said of a plan of some targets, but for who is told: the messages with their labels and help, or the promises.
fn said(blocks: &str) -> String {
    let plan = format!(
        "plan \"kept\" {{ timezone \"Europe/Berlin\" }}
store \"vault\" {{ local path=\"/srv/backup\"; access {{ write \"a\"; read \"b\"; prune \"b\" }} }}
store \"second\" {{ local path=\"/mnt/backup\"; access {{ write \"a\"; read \"b\"; prune \"b\" }} }}
{blocks}"
    );
    let compiled = compile("plan.kdl", &plan);
    let mut text = String::new();
    let is_of_this =
        |name: &str| ["any-point", "verify"].iter().any(|area| name.starts_with(&format!("sonae::{area}::")));
    for found in compiled.found.iter().filter(|found| is_of_this(found.code.name)) {
        text.push_str(&format!("{}: {}\n", found.code.name, found.message));
        found.labels.iter().for_each(|label| text.push_str(&format!("  {}\n", label.text)));
        text.push_str(&format!("  help: {}\n", found.help));
    }
    let proofs = compiled.proven.as_ref().map(|proven| sonae::report::proofs::text(proven.proofs()));
    assert!(proofs.is_some() || !text.is_empty(), "{}", compiled.shown());
    text + &proofs.unwrap_or_default()
}

fn mysql(objective: &str, dump: &str, log: &str) -> String {
    said(&format!(
        "target \"ledgers\" {{
    mysql socket=\"/run/mysqld/mysqld.sock\"
    {objective}
    backup \"full\" {{ {dump}; dump; store \"vault\" }}
    backup \"changes\" {{ {log}; binary-log; store \"vault\" }}
}}
restore \"ledgers\" {{ recover \"ledgers\" {{ into path=\"/restore/ledgers\" }} }}
verify \"daily\" {{ schedule \"daily\" at=\"10:00\"; targets \"*\"; depth \"read\" }}"
    ))
}

const DAILY: &str = "schedule \"daily\" at=\"02:00\"; retention";
const OFTEN: &str = "schedule every=\"15m\"; retention";

#[test]
fn the_dump_before_the_far_end_and_every_log_since_are_kept() {
    let with = |promised: &str, dump: &str, log: &str| {
        let objective = if promised.is_empty() { String::new() } else { format!("objective any-point=\"{promised}\"") };
        mysql(&objective, &format!("{DAILY} {dump}"), &format!("{OFTEN} {log}"))
    };
    insta::assert_snapshot!(with("7d", "within=\"8d\"", "within=\"8d\""), @"
    proven: target ledgers, any point of the last 7d: from a dump of ledgers/full and every log of ledgers/changes since, at least 6d23h (on 2025-03-31 02:00 Europe/Berlin back to 2025-03-24 02:00, the clock set forward between)
    proven: damage to ledgers is seen at most 25h later (2025-10-25 10:00 → 2025-10-26 10:00 Europe/Berlin, the clock set back between) by verify daily, while a point from before it is left
    ");
    insta::assert_snapshot!(with("7d", "generations=8", "within=\"9d\""), @"
    proven: target ledgers, any point of the last 7d: from a dump of ledgers/full and every log of ledgers/changes since, at least 6d23h (on 2025-03-31 02:00 Europe/Berlin back to 2025-03-24 02:00, the clock set forward between)
    proven: damage to ledgers is seen at most 25h later (2025-10-25 10:00 → 2025-10-26 10:00 Europe/Berlin, the clock set back between) by verify daily, while a point from before it is left
    ");
    // The eighth full is let go when the ninth is made: the far end lies before the oldest.
    insta::assert_snapshot!(with("7d", "generations=7", "within=\"9d\""), @r#"
    sonae::any-point::broken: `ledgers` cannot be brought back to every moment of the last 7d
      on 2025-01-01 02:00 Europe/Berlin the earliest is 2024-12-26 02:00
      the dump of 2024-12-25 02:00 is deleted then, and the logs after it need it
      help: write `retention within="8d"` into `full`; `changes` is kept for so long already; or promise what holds: any-point="6d"
    "#);
    insta::assert_snapshot!(with("7d", "within=\"9d\"", "within=\"7d\""), @r#"
    sonae::any-point::broken: `ledgers` cannot be brought back to every moment of the last 7d
      on 2025-01-01 02:15 Europe/Berlin the earliest is 2024-12-26 02:00
      the first log after the dump of 2024-12-25 02:00 is deleted then, and all later ones need it
      help: write `retention within="8d"` into `changes`; `full` is kept for so long already; or promise what holds: any-point="6d"
    "#);
    insta::assert_snapshot!(with("1d", "generations=1", "generations=96"), @r#"
    sonae::any-point::broken: `ledgers` cannot be brought back to every moment of the last 1d
      on 2025-01-01 02:00 Europe/Berlin the earliest is 2025-01-01 02:00
      the dump of 2024-12-31 02:00 is deleted then, and the logs after it need it
      help: write `retention within="2d"` into `full` and into `changes`; as it stands, no day holds
    sonae::verify::late: damage to the recovery points of `ledgers` may be found as late as after 25h, when no good one is left
      the last point from before the damage, of 2025-10-25 02:00, is deleted on 2025-10-26 02:00 Europe/Berlin
      checked on 2025-10-25 10:00: damage right after that is found on 2025-10-26 10:00, the clock set back between
      help: keep the points of `ledgers` longer: within="8d" leaves time to check them twice a week
    "#);
    insta::assert_snapshot!(with("7d", "within=\"2d\" weekly=8", "within=\"8w\""), @"
    proven: target ledgers, any point of the last 7d: from a dump of ledgers/full and every log of ledgers/changes since, at least 42d23h (on 2025-03-31 02:00 Europe/Berlin back to 2025-02-16 02:00, the clock set forward between)
    proven: damage to ledgers is seen at most 25h later (2025-10-25 10:00 → 2025-10-26 10:00 Europe/Berlin, the clock set back between) by verify daily, while a point from before it is left
    ");
    insta::assert_snapshot!(with("7d", "within=\"9d\"", "daily=30"), @"
    sonae::any-point::unproven: nothing shows that `ledgers` can be brought back to every moment of the last 7d
      promised here
      `changes` keeps one log of each hour or day, and nothing between
      help: give what the labels name a `schedule`, and keep it by `retention within=`, or by `generations=`
    sonae::any-point::gaps: the binary logs of `ledgers` are kept with gaps
      the log of 2025-01-01 01:00 is deleted on 2025-01-01 01:15 Europe/Berlin, before an older one
      help: keep logs by `within=` or `generations=` alone: that of 2024-12-31 23:45 is kept for longer, and nothing after a log that is missing can be brought back
    ");
    insta::assert_snapshot!(with("", "within=\"7d\"", "within=\"7d\""), @r#"
    sonae::any-point::orphans: binary logs of `ledgers` outlive the dump that they need
      the dump of 2024-12-25 02:00 is deleted on 2025-01-01 02:00 Europe/Berlin
      the log of 2024-12-26 02:00, which needs that dump, is kept until 2025-01-02 02:00
      help: keep `full` longer than `changes` by the time between two dumps; or promise how many days can be brought back, as in `objective any-point="7d"`, which is then proven
      proven: damage to ledgers is seen at most 25h later (2025-10-25 10:00 → 2025-10-26 10:00 Europe/Berlin, the clock set back between) by verify daily, while a point from before it is left
    "#);
    insta::assert_snapshot!(with("", "within=\"8d\"", "within=\"7d\""), @"  proven: damage to ledgers is seen at most 25h later (2025-10-25 10:00 → 2025-10-26 10:00 Europe/Berlin, the clock set back between) by verify daily, while a point from before it is left");
    insta::assert_snapshot!(mysql("objective any-point=\"1w\"", "schedule \"daily\" at=\"02:00\"", "schedule every=\"1h\""), @"
    proven: target ledgers, any point of the last 1w: from a dump of ledgers/full and every log of ledgers/changes since, of which nothing is ever let go
    proven: damage to ledgers is seen at most 25h later (2025-10-25 10:00 → 2025-10-26 10:00 Europe/Berlin, the clock set back between) by verify daily, while a point from before it is left
    ");
    insta::assert_snapshot!(mysql("objective any-point=\"1w\"", "retention within=\"9d\"", "schedule every=\"1h\""), @"
    sonae::any-point::unproven: nothing shows that `ledgers` can be brought back to every moment of the last 1w
      promised here
      `full` has no `schedule`: it runs when it is named
      help: give what the labels name a `schedule`, and keep it by `retention within=`, or by `generations=`
    ");
}

#[test]
fn rds_keeps_every_moment_by_its_own_word() {
    let with = |promised: &str, retention: &str| {
        said(&format!(
            "target \"shop\" {{
    rds instance=\"shop-prod\"
    objective any-point=\"{promised}\"
    backup \"automated\" {{ point-in-time max-lag=\"5m\"; {retention} }}
}}
restore \"shop\" {{ recover \"shop\" {{ into instance=\"shop-restored\" }} }}"
        ))
    };
    insta::assert_snapshot!(with("7d", "retention within=\"1w\""), @"
    assumed: target shop, any point of the last 7d: on the word of RDS, which keeps 1w (shop/automated)
    assumed: damage to shop is seen by nobody but RDS, which looks after what it keeps
    ");
    insta::assert_snapshot!(with("8d", "retention within=\"7d\""), @r#"
    sonae::any-point::broken: `shop` cannot be brought back to every moment of the last 8d
      8d > 7d
      RDS keeps the last 7d
      help: have RDS keep it longer, up to "35d", or promise any-point="7d"
    "#);
    insta::assert_snapshot!(with("7d", ""), @"
    sonae::any-point::unproven: nothing shows that `shop` can be brought back to every moment of the last 7d
      promised here
      `automated` does not say how long RDS keeps it: `retention within=`
      help: give what the labels name a `schedule`, and keep it by `retention within=`, or by `generations=`
    ");
}

fn looked_at(retention: &str, looks: &str) -> String {
    said(&format!(
        "target \"photos\" {{
    files \"/home/photos\"
    backup \"daily\" {{ schedule \"daily\" at=\"05:30\"; archive \"tar.zip\"; store \"vault\"; takes \"40m\"; {retention} }}
}}
restore \"photos\" {{ recover \"photos\" {{ into path=\"/restore/photos\" }} }}
{looks}"
    ))
}

fn verify(name: &str, schedule: &str, depth: &str) -> String {
    format!("verify \"{name}\" {{ schedule {schedule}; targets \"photos\"; depth \"{depth}\" }}\n")
}

#[test]
fn damage_is_seen_while_a_good_point_is_left() {
    let monthly = verify("monthly", "\"monthly\" day=1 at=\"10:00\"", "read");
    let weekly = verify("weekly", "\"weekly\" weekday=\"mon\" at=\"10:00\"", "checksum");
    let half = verify("half-weekly", "cron=\"0 10 * * mon,thu\"", "deepest");
    let week = "retention within=\"7d\"";
    insta::assert_snapshot!(looked_at(week, &monthly), @r#"
    sonae::verify::late: damage to the recovery points of `photos` may be found as late as after 31d1h, when no good one is left
      the last point from before the damage, of 2025-10-01 05:30, is deleted on 2025-10-08 05:30 Europe/Berlin
      checked on 2025-10-01 10:00: damage right after that is found on 2025-11-01 10:00, the clock set back between
      help: check it less than 5d23h apart, as in `verify "photos" { schedule cron="0 10 * * mon,thu"; targets "photos"; depth "read" }`, or keep its points longer
    "#);
    // The point of Monday 05:30 is let go on the next Monday at 05:30, before it is looked at again.
    insta::assert_snapshot!(looked_at(week, &format!("{monthly}{weekly}")), @r#"
    sonae::verify::late: damage to the recovery points of `photos` may be found as late as after 7d, when no good one is left
      the last point from before the damage, of 2025-01-06 05:30, is deleted on 2025-01-13 05:30 Europe/Berlin
      checked on 2025-01-06 10:00: damage right after that is found on 2025-01-13 10:00
      and nothing finds it in between
      help: check it less than 5d23h apart, as in `verify "photos" { schedule cron="0 10 * * mon,thu"; targets "photos"; depth "read" }`, or keep its points longer
    "#);
    insta::assert_snapshot!(looked_at(week, &format!("{monthly}{half}")), @"  proven: damage to photos is seen at most 4d1h later (2025-10-23 10:00 → 2025-10-27 10:00 Europe/Berlin, the clock set back between) by verify monthly, verify half-weekly, while a point from before it is left");
    insta::assert_snapshot!(looked_at("retention within=\"2d\" weekly=6", &monthly), @r#"
    sonae::verify::late: damage to the recovery points of `photos` may be found as late as after 30d23h, when no good one is left
      the last point from before the damage, of 2025-02-23 05:30, is deleted on 2025-03-31 05:30 Europe/Berlin
      checked on 2025-03-01 10:00: damage right after that is found on 2025-04-01 10:00, the clock set forward between
      help: check it less than 28d23h apart, as in `verify "photos" { schedule "weekly" weekday="mon" at="10:00"; targets "photos"; depth "read" }`, or keep its points longer
    "#);
    insta::assert_snapshot!(looked_at("retention within=\"2d\" weekly=5", &monthly), @r#"
    sonae::verify::late: damage to the recovery points of `photos` may be found as late as after 31d1h, when no good one is left
      the last point from before the damage, of 2033-09-25 05:30, is deleted on 2033-10-24 05:30 Europe/Berlin
      checked on 2033-10-01 10:00: damage right after that is found on 2033-11-01 10:00, the clock set back between
      help: check it less than 21d23h apart, as in `verify "photos" { schedule "weekly" weekday="mon" at="10:00"; targets "photos"; depth "read" }`, or keep its points longer
    "#);
    insta::assert_snapshot!(looked_at("retention generations=7 within=\"1y\"", &monthly), @"
    proven: backup photos/daily: the newest 7 reach back 5d23h at least (2025-03-24 05:30 → 2025-03-30 05:30 Europe/Berlin, the clock set forward between), beside all within 1y
    proven: damage to photos is seen at most 31d1h later (2025-10-01 10:00 → 2025-11-01 10:00 Europe/Berlin, the clock set back between) by verify monthly, while a point from before it is left
    ");
    insta::assert_snapshot!(looked_at("", &monthly), @"  proven: damage to photos is seen at most 31d1h later (2025-10-01 10:00 → 2025-11-01 10:00 Europe/Berlin, the clock set back between) by verify monthly, while a point from before it is left");
    // A copy that is kept longer is good as well.
    let copied = "retention within=\"7d\"; copy to=\"second\" { retention within=\"1y\" }";
    insta::assert_snapshot!(looked_at(copied, &monthly), @"  proven: damage to photos is seen at most 31d1h later (2025-10-01 10:00 → 2025-11-01 10:00 Europe/Berlin, the clock set back between) by verify monthly, while a point from before it is left");
    insta::assert_snapshot!(looked_at("retention within=\"1d\" generations=2", &half), @r#"
    sonae::verify::late: damage to the recovery points of `photos` may be found as late as after 4d1h, when no good one is left
      the last point from before the damage, of 2025-10-23 05:30, is deleted on 2025-10-25 05:30 Europe/Berlin
      checked on 2025-10-23 10:00: damage right after that is found on 2025-10-27 10:00, the clock set back between
      help: keep the points of `photos` longer: within="8d" leaves time to check them twice a week
      proven: backup photos/daily: the newest 2 reach back 23h at least (2025-03-29 05:30 → 2025-03-30 05:30 Europe/Berlin, the clock set forward between), beside all within 1d
    "#);
}

#[test]
fn what_takes_long_sees_late_and_what_looks_at_nothing_sees_nothing() {
    let takes = |takes: &str| {
        let look = format!(
            "verify \"slow\" {{ schedule cron=\"0 10 * * mon,thu\"; targets \"*\"; depth \"read\"; takes \"{takes}\" }}"
        );
        looked_at("retention within=\"7d\"", &look)
    };
    assert!(takes("24h").contains("seen at most 5d"), "{}", takes("24h"));
    insta::assert_snapshot!(takes("3d"), @r#"
    sonae::verify::late: damage to the recovery points of `photos` may be found as late as after 7d, when no good one is left
      the last point from before the damage, of 2025-01-02 05:30, is deleted on 2025-01-09 05:30 Europe/Berlin
      checked on 2025-01-02 10:00: damage right after that is found on 2025-01-09 10:00
      help: check it less than 5d23h apart, as in `verify "photos" { schedule cron="0 10 * * mon,thu"; targets "photos"; depth "read" }`, or keep its points longer
    "#);
    insta::assert_snapshot!(looked_at("retention within=\"1y\"", &verify("some", "\"daily\" at=\"10:00\"", "present")), @r#"
    sonae::verify::unseen: nothing would find damage to the recovery points of `photos`
      no verification or drill reads it
      help: write `verify "photos" { schedule "weekly" weekday="mon" at="10:00"; targets "photos"; depth "read" }` ("present" reads nothing), or practise its restore in a `drill`
    "#);
    insta::assert_snapshot!(looked_at("retention within=\"1y\"", ""), @r#"
    sonae::verify::none: what is kept is never checked again
      no `verify` and no `drill` in this plan
      help: write a `verify`, as in `verify "monthly" { schedule "monthly" day=1 at="10:00"; targets "*"; depth "deepest" }`, or a `drill`
    "#);
    let drill = "restore \"all\" { restore \"photos\" }\ndrill \"yearly\" { schedule \"yearly\" date=\"06-01\" at=\"10:00\"; restore \"all\" }";
    insta::assert_snapshot!(looked_at("retention within=\"2y\"", drill), @"  proven: damage to photos is seen at most 366d later (2027-06-01 10:00 → 2028-06-01 10:00 Europe/Berlin) by drill yearly, while a point from before it is left");
    assert!(looked_at("retention within=\"1y\"", drill).contains("sonae::verify::late"));
}

#[test]
fn a_point_that_is_gone_as_damage_is_seen_is_no_good_one() {
    // What is wrong behind Monday's look is seen a week later, when the point of that Monday is let go.
    let weekly = verify("weekly", "\"weekly\" weekday=\"mon\" at=\"05:30\"", "read");
    let told = looked_at("retention within=\"7d\"", &weekly);
    assert!(told.contains("sonae::verify::late: "), "{told}");
    assert!(
        looked_at("retention within=\"8d\"", &weekly)
            .starts_with("  proven: damage to photos is seen at most 7d1h later")
    );
}
