//! Where every day of a log is.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

use super::compiled::{compiled, told};

fn log(rotates: &str, backups: &str) -> String {
    format!(
        "target \"log\" {{\n logs \"/var/log/shop\" pattern=\"%Y%m%d.log\" {{ {rotates} }}\n{backups}\n}}\n\
         restore \"log\" {{ recover \"log\" {{ into path=\"/restore/log\" }} }}\n"
    )
}

fn backup(name: &str, selects: &str, schedule: &str, retention: &str) -> String {
    let archive = "archive \"tar.zip\"; store \"vault\"; takes \"10m\"";
    let selects = selects.trim_end_matches([' ', ';']);
    let selects = if selects.is_empty() { String::new() } else { format!("{selects}; ") };
    format!("backup \"{name}\" {{ {selects}schedule {schedule}; retention {retention}; {archive} }}\n")
}

fn days(schedule: &str, within: &str) -> String {
    backup("days", "select \"unshipped-days\"", schedule, &format!("within=\"{within}\""))
}

fn months(schedule: &str, within: &str, more: &str) -> String {
    backup("months", &format!("select \"whole-months\"; {more}"), schedule, &format!("within=\"{within}\""))
}

const DAILY: &str = "\"daily\" at=\"02:00\"";
const MONTHLY: &str = "\"monthly\" day=1 at=\"03:00\"";

fn custody(timezone: &str, rotates: &str, backups: &str) -> String {
    told(timezone, &log(rotates, backups), "sonae::custody::", "custody")
}

#[test]
fn what_nobody_deletes_is_in_custody() {
    insta::assert_snapshot!(custody("Asia/Tokyo", "", &days(DAILY, "7y")), @"proven: target log, custody: every day is in an archive at most 2h10m after it is over (2025-01-01, by days); its file is never removed; kept for 7y");
    let months = months(MONTHLY, "7y", "remove-originals");
    insta::assert_snapshot!(custody("Asia/Tokyo", "", &(days(DAILY, "7y") + &months)), @"proven: target log, custody: every day is in an archive at most 2h10m after it is over (2025-01-01, by days); its file stays at least 28d3h10m longer (2025-01-31, removed by months); kept for 7y");
    insta::assert_snapshot!(custody("Asia/Tokyo", "", &months), @"proven: target log, custody: every day is in an archive at most 61d3h10m after it is over (2025-07-01, by months); its file stays at least 28d3h10m longer (2025-01-31, removed by months); kept for 7y");
}

#[test]
fn rotation_that_deletes_before_a_weekly_run_loses_the_days_before() {
    let weekly = days("\"weekly\" weekday=\"mon\" at=\"02:00\"", "1y");
    insta::assert_snapshot!(custody("Asia/Tokyo", "rotates keep=\"5d\"", &weekly), @r#"
    Error sonae::custody::broken: the log of 2025-01-01 of `log` is deleted by rotation on 2025-01-06 00:00 Asia/Tokyo, and the backup `days` comes for it only later, on 2025-01-06 02:10
      @ "5d": its file is deleted by rotation on 2025-01-06 00:00 Asia/Tokyo
      @ schedule "weekly" weekday="mon" at="02:00": `days` would have it in the store on 2025-01-06 02:10, when its file is gone
      help: let rotation keep each file for 8 days or longer, which every day of this plan needs, and write so in `rotates keep="8d"`; or schedule `days` so that its runs are at most 3d23h50m apart: then days are in the store before their files are deleted
    "#);
    // A day needs to stay for eight days: its own, and seven until the run of Monday is over.
    assert!(custody("Asia/Tokyo", "rotates keep=\"7d\"", &weekly).contains("sonae::custody::broken"));
    insta::assert_snapshot!(custody("Asia/Tokyo", "rotates keep=\"8d\"", &weekly), @"assumed: target log, custody: every day is in an archive at most 6d2h10m after it is over (2025-01-06, by days); its file stays at least 7d longer (2025-01-01, removed by log rotation); kept for 1y");
}

#[test]
fn what_is_said_to_be_in_time_is() {
    // In the store at midnight, at the very second at which the file leaves.
    let late =
        |keep: &str| custody("Asia/Tokyo", &format!("rotates keep=\"{keep}\""), &days("\"daily\" at=\"23:50\"", "1y"));
    assert!(late("2d").starts_with("assumed: "), "{}", late("2d"));
    assert!(late("1d").contains("and write so in `rotates keep=\"2d\"`"), "{}", late("1d"));
    // Said of a run every Monday, with files that stay for five days.
    let every = |apart: &str| custody("Asia/Tokyo", "rotates keep=\"5d\"", &days(&format!("every=\"{apart}\""), "1y"));
    assert!(every("3d23h50m").starts_with("assumed: "), "{}", every("3d23h50m"));
    assert!(every("4d1h").contains("sonae::custody::broken"));
}

#[test]
fn rotation_by_months_knows_how_long_they_are() {
    let monthly = days("\"monthly\" day=1 at=\"02:00\"", "1y");
    insta::assert_snapshot!(custody("UTC", "rotates keep=\"1mo\"", &monthly), @r#"
    Error sonae::custody::broken: the log of 2025-01-01 of `log` is deleted by rotation on 2025-02-01 00:00 UTC, and the backup `days` comes for it only later, on 2025-02-01 02:10
      @ "1mo": its file is deleted by rotation on 2025-02-01 00:00 UTC
      @ schedule "monthly" day=1 at="02:00": `days` would have it in the store on 2025-02-01 02:10, when its file is gone
      help: let rotation keep each file for 32 days or longer, which every day of this plan needs, and write so in `rotates keep="32d"`; or schedule `days` so that its runs are at most 26d23h50m apart: then days are in the store before their files are deleted
    "#);
    assert!(custody("UTC", "rotates keep=\"32d\"", &monthly).starts_with("assumed: "));
}

#[test]
fn originals_that_are_removed_before_a_yearly_run_are_kept_for_less_than_is_promised() {
    let yearly = days("\"yearly\" date=\"06-01\" at=\"02:00\"", "7y");
    let months = months(MONTHLY, "1y", "remove-originals");
    insta::assert_snapshot!(custody("UTC", "", &(yearly.clone() + &months)), @r#"
    Error sonae::custody::broken: the log of 2025-01-01 of `log` is nowhere from 2026-01-31 23:59:59 on: its file is removed by `months` on 2025-03-01 03:10 UTC, the backup `days` comes for it only later, on 2025-06-01 02:10, and the backup `months` no longer keeps its own
      @ retention within="1y": the log of 2025-01-01 may be deleted here from 2026-01-31 23:59:59 UTC on
      @ remove-originals: its file is removed by `months` on 2025-03-01 03:10 UTC
      @ schedule "monthly" day=1 at="03:00": `months` has it in the store from 2025-03-01 03:10 on
      @ schedule "yearly" date="06-01" at="02:00": `days` would have it in the store on 2025-06-01 02:10, when its file is gone
      help: schedule `days` so that its runs are at most 28d3h apart: then days are in the store before `months` removes the files; or keep the points of `months` as long as it is promised: within="7y"
    "#);
    assert!(custody("UTC", "", &(yearly + &months.replace("1y", "7y"))).starts_with("proven: "));
}

#[test]
fn days_that_are_let_go_before_their_month_is_packed_are_lost_where_rotation_was_quicker() {
    let all = days(DAILY, "30d") + &months(MONTHLY, "7y", "");
    insta::assert_snapshot!(custody("UTC", "rotates keep=\"2w\"", &all), @r#"
    Error sonae::custody::broken: the log of 2025-01-01 of `log` is nowhere from 2025-01-31 23:59:59 on: its file is deleted by rotation on 2025-01-15 00:00 UTC, the backup `months` comes for it only later, on 2025-03-01 03:10, and the backup `days` no longer keeps its own
      @ retention within="30d": the log of 2025-01-01 may be deleted here from 2025-01-31 23:59:59 UTC on
      @ "2w": its file is deleted by rotation on 2025-01-15 00:00 UTC
      @ schedule "daily" at="02:00": `days` has it in the store from 2025-01-02 02:10 on
      @ schedule "monthly" day=1 at="03:00": `months` would have it in the store on 2025-03-01 03:10, when its file is gone
      help: let rotation keep each file for 63 days or longer, which every day of this plan needs, and write so in `rotates keep="63d"`; or keep the points of `days` as long as it is promised: within="7y"
    "#);
    assert!(custody("UTC", "rotates keep=\"4mo\"", &all).starts_with("assumed: "));
    assert!(custody("UTC", "", &all).starts_with("proven: "));
}

#[test]
fn months_that_stay_longer_than_rotation_keeps_them_are_never_packed() {
    let all = months(MONTHLY, "7y", "").replace("whole-months\"", "whole-months\" keep-newest=3");
    insta::assert_snapshot!(custody("UTC", "rotates keep=\"2mo\"", &all), @r#"
    Error sonae::custody::broken: the log of 2025-01-01 of `log` is deleted by rotation on 2025-03-01 00:00 UTC, and the backup `months` comes for it only later, on 2025-04-01 03:10
      @ "2mo": its file is deleted by rotation on 2025-03-01 00:00 UTC
      @ schedule "monthly" day=1 at="03:00": `months` would have it in the store on 2025-04-01 03:10, when its file is gone
      help: let rotation keep each file for 93 days or longer, which every day of this plan needs, and write so in `rotates keep="93d"`; or let `months` pack months earlier, with `keep-newest=1`, before their files are deleted
    "#);
}

#[test]
fn points_of_the_folder_hold_what_rotation_deletes() {
    let folder = |schedule: &str| backup("folder", "", schedule, "generations=7");
    insta::assert_snapshot!(custody("UTC", "rotates keep=\"3d\"", &folder(DAILY)), @"assumed: target log, custody: every day is in a recovery point of the folder before its file leaves; its file stays at least 2d longer (2025-01-01, removed by log rotation)");
    insta::assert_snapshot!(custody("UTC", "rotates keep=\"3d\"", &folder("\"weekly\" weekday=\"mon\" at=\"02:00\"")), @r#"
    Error sonae::custody::broken: the log of 2025-01-01 of `log` is deleted by rotation on 2025-01-04 00:00 UTC, and no backup has packed it by then
      @ "3d": its file is deleted by rotation on 2025-01-04 00:00 UTC
      help: give the target a backup with `select "unshipped-days"` that runs and is over within 2d after each day, before files are removed
    "#);
    // They hold the days for as long as there are seven of them, and a year is promised.
    let late = days("\"weekly\" weekday=\"mon\" at=\"02:00\"", "1y");
    insta::assert_snapshot!(custody("UTC", "rotates keep=\"3d\"", &(folder(DAILY) + &late)), @r#"
    Error sonae::custody::broken: the log of 2025-01-01 of `log` is nowhere from 2025-01-10 02:00 on: its file is deleted by rotation on 2025-01-04 00:00 UTC, the backup `days` comes for it only later, on 2025-01-06 02:10, and the backup `folder` no longer keeps its own
      @ retention generations=7: the log of 2025-01-01 may be deleted here from 2025-01-10 02:00 UTC on
      @ "3d": its file is deleted by rotation on 2025-01-04 00:00 UTC
      @ schedule "weekly" weekday="mon" at="02:00": `days` would have it in the store on 2025-01-06 02:10, when its file is gone
      help: let rotation keep each file for 8 days or longer, which every day of this plan needs, and write so in `rotates keep="8d"`; or schedule `days` so that its runs are at most 47h50m apart: then days are in the store before their files are deleted; or keep the points of `folder` as long as it is promised: within="1y"
    "#);
}

#[test]
fn what_has_no_schedule_packs_nothing() {
    let by_hand = days(DAILY, "1y").replace("schedule \"daily\" at=\"02:00\"; ", "");
    assert!(custody("UTC", "", &by_hand).starts_with("proven: "));
    insta::assert_snapshot!(custody("UTC", "rotates keep=\"9d\"", &by_hand), @r#"
    Error sonae::custody::broken: the log of 2025-01-01 of `log` is deleted by rotation on 2025-01-10 00:00 UTC, and the backup `days` has no `schedule` by which it comes for it
      @ "9d": its file is deleted by rotation on 2025-01-10 00:00 UTC
      @ backup "days": `days` runs when it is named
      help: give `days` a `schedule` that comes round every 7d23h50m at least, before files are removed
    "#);
}

#[test]
fn rotation_of_logs_without_days_is_refused() {
    let text = log("rotates keep=\"9d\"", &backup("folder", "", DAILY, "generations=7"));
    let (_, found) = compiled("UTC", &text.replace(" pattern=\"%Y%m%d.log\"", ""));
    assert!(found.diagnostics.iter().any(|found| found.code.name == "sonae::select::no-days"), "{found:?}");
}

/// By hand, for days by a weekly or daily run at a time of day in UTC and rotation after whole days: whether the day is packed in time.
fn is_in_time(day: Date, weekly: bool, hour: i8, keep: i64, takes: i64) -> bool {
    let midnight = |date: Date| date.at(0, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
    let gone = midnight(day) + jiff::SignedDuration::from_hours(24 * keep);
    let mut run = day.tomorrow().unwrap();
    while weekly && run.weekday() != jiff::civil::Weekday::Monday {
        run = run.tomorrow().unwrap();
    }
    let there: Timestamp =
        midnight(run) + jiff::SignedDuration::from_hours(i64::from(hour)) + jiff::SignedDuration::from_mins(takes);
    there <= gone
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn days_in_time_are_those_of_counting_on_the_fingers(weekly: bool, hour in 0_i8..24, keep in 1_i64..11, takes in 1_i64..180) {
        let schedule = match weekly {
            true => format!("\"weekly\" weekday=\"mon\" at=\"{hour:02}:00\""),
            false => format!("\"daily\" at=\"{hour:02}:00\""),
        };
        let backups = days(&schedule, "1y").replace("10m", &format!("{takes}m"));
        let told = custody("UTC", &format!("rotates keep=\"{keep}d\""), &backups);
        let first = Date::constant(2025, 1, 1);
        let late = (0..14).map(|n| first.checked_add(n.days()).unwrap()).find(|day| !is_in_time(*day, weekly, hour, keep, takes));
        match late {
            Some(day) => prop_assert!(told.contains(&format!("the log of {day} of")), "{day}: {told}"),
            None => prop_assert!(told.starts_with("assumed: "), "{told}"),
        }
    }
}
