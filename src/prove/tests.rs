//! Promises against sums that are made another way.

use jiff::Timestamp;

use super::*;
use crate::diagnostic::Sources;
use crate::primitives::{Duration, PathBytes};

fn compiled(objective: &str, backups: &str, restores: &str) -> Compiled {
    let text = format!(
        "plan \"p\" {{ timezone \"America/New_York\" }}\nstore \"vault\" {{ local path=\"/vault\" }}\n\
         target \"photos\" {{ files \"/photos\"; objective {objective}; {backups} }}\n{restores}\n"
    );
    let mut sources = Sources::default();
    let file = sources.add("p.kdl", text);
    compile(&sources, file, &PathBytes::new(&b"/"[..]), "2026-03-01T00:00:00Z".parse::<Timestamp>().unwrap())
}

const RESTORE: &str = "restore \"all\" { recover \"photos\" takes=\"20m\" { into path=\"/new\" } }";

fn backup(schedule: &str, takes: &str) -> String {
    format!(
        "backup \"b\" {{ schedule {schedule}; archive \"tar.zip\"; store \"vault\"; retention generations=3; takes \"{takes}\" }}"
    )
}

fn codes(compiled: &Compiled) -> Vec<&str> {
    compiled.diagnostics.iter().map(|found| found.code.name).collect()
}

/// The most that is lost, by asking at every minute of two years how old the newest complete point is.
fn most_lost(schedule_minutes: impl Fn(i64) -> bool, takes_minutes: i64) -> i64 {
    let (mut newest, mut worst) = (None, 0);
    for minute in 0..2 * 366 * 1440 {
        if let Some(data) = newest {
            worst = worst.max(minute - data);
        }
        if schedule_minutes(minute - takes_minutes) {
            newest = Some(minute - takes_minutes);
        }
    }
    worst
}

#[test]
fn an_rpo_is_what_a_clock_watcher_finds() {
    for (every, takes) in [(5, 1), (60, 40), (90, 90), (1440, 30)] {
        let watched = most_lost(|minute| minute >= 0 && minute % every == 0, takes);
        let proven = compiled("rpo=\"99d\"", &backup(&format!("every=\"{every}m\""), &format!("{takes}m")), RESTORE);
        let proven = proven.proven.unwrap();
        let because = proven.promises()[0].because.as_ref().unwrap();
        assert_eq!(because.total(), Duration::from_seconds(u64::try_from(watched).unwrap() * 60), "every {every}m");
    }
}

#[test]
fn the_longest_day_of_the_year_counts() {
    // The night in which the clock is set back makes a daily gap of 25 hours.
    let daily = backup("\"daily\" at=\"05:30\"", "40m");
    assert_eq!(codes(&compiled("rpo=\"25h\"", &daily, RESTORE)), ["sonae::rpo::broken"]);
    assert_eq!(codes(&compiled("rpo=\"25h40m\"", &daily, RESTORE)), [] as [&str; 0]);
    assert_eq!(codes(&compiled("rpo=\"25h39m\"", &daily, RESTORE)), ["sonae::rpo::broken"]);
    let tokyo = backup("\"daily\" at=\"05:30\" timezone=\"Asia/Tokyo\"", "40m");
    assert_eq!(codes(&compiled("rpo=\"24h40m\"", &tokyo, RESTORE)), [] as [&str; 0]);
}

#[test]
fn the_best_of_several_backups_counts() {
    let weekly = backup("\"weekly\" weekday=\"sun\" at=\"04:00\"", "1h");
    let hourly = backup("every=\"1h\"", "10m").replace("\"b\"", "\"hourly\"");
    let both = compiled("rpo=\"2h\"", &format!("{weekly}; {hourly}"), RESTORE);
    assert_eq!(codes(&both), [] as [&str; 0]);
    assert_eq!(both.proven.unwrap().promises()[0].because.as_ref().unwrap().total(), Duration::from_seconds(4_200));
}

#[test]
fn what_says_too_little_is_unproven() {
    let no_takes = "backup \"b\" { schedule \"daily\" at=\"05:30\"; archive \"tar.zip\"; store \"vault\"; retention generations=3 }";
    assert_eq!(codes(&compiled("rpo=\"25h\"", no_takes, RESTORE)), ["sonae::rpo::unproven"]);
    let silent = "restore \"all\" { recover \"photos\" { into path=\"/new\" } }";
    let daily = backup("\"daily\" at=\"05:30\"", "40m");
    assert_eq!(codes(&compiled("rto=\"25h\"", &daily, silent)), ["sonae::rto::unproven"]);
}

#[test]
fn an_rto_is_the_longest_path() {
    let daily = backup("\"daily\" at=\"05:30\"", "40m");
    let music = "target \"music\" { files \"/music\"; backup \"b\" { schedule \"daily\" at=\"05:30\"; archive \"tar.zip\"; store \"vault\"; retention generations=3 } }";
    let restore = format!(
        "{music}\nrestore \"all\" rto=\"31m\" {{ parallel {{ recover \"photos\" takes=\"20m\" {{ into path=\"/new\" }}; recover \"music\" \
         takes=\"25m\" {{ into path=\"/tunes\" }} }}; probe \"well\" takes=\"5m\" {{ path \"/new\" }} }}"
    );
    let within = compiled("rto=\"30m\"", &daily, &restore);
    assert_eq!(codes(&within), [] as [&str; 0]);
    let promises = within.proven.unwrap();
    let totals: Vec<u64> = promises.promises().iter().map(|p| p.because.as_ref().unwrap().total().seconds).collect();
    assert_eq!(totals, [1_800, 1_800]);
    let over = compiled("rto=\"29m\"", &daily, &restore);
    assert_eq!(codes(&over), ["sonae::rto::broken"]);
    assert!(over.diagnostics[0].message.contains("25m + 5m = 30m"), "{}", over.diagnostics[0].message);
}

#[test]
fn a_waived_promise_is_said_to_be_waived() {
    let daily = backup("\"daily\" at=\"05:30\"", "40m");
    let waived = compiled(
        "rpo=\"24h\"",
        &format!("{daily}; waive \"sonae::rpo::broken\" reason=\"moving\" until=\"2026-06-01\""),
        RESTORE,
    );
    assert_eq!(codes(&waived), [] as [&str; 0]);
    assert_eq!(waived.proven.unwrap().promises()[0].standing, Standing::Waived);
}

#[test]
fn a_backup_that_outlasts_its_gap_is_warned_of() {
    assert_eq!(codes(&compiled("rpo=\"5h\"", &backup("every=\"1h\"", "61m"), RESTORE)), ["sonae::schedule::overlaps"]);
    assert_eq!(codes(&compiled("rpo=\"5h\"", &backup("every=\"1h\"", "60m"), RESTORE)), [] as [&str; 0]);
}
