//! How much may be lost.

use jiff::civil::Weekday;
use proptest::prelude::*;

use super::*;

#[test]
fn a_kept_rpo_says_why() {
    insta::assert_snapshot!(told_rpo("25h", vec![backup(20, "daily", daily(), "Asia/Tokyo", "40m")]), @"target documents, rpo: 24h40m ≤ 25h, 20m left: longest gap 24h (2025-01-02 05:30 → 2025-01-03 05:30 Asia/Tokyo) + takes 40m, over 2025-01-01 – 2053-01-01");
    insta::assert_snapshot!(told_rpo("26h", vec![backup(20, "daily", daily(), "Europe/Berlin", "40m")]), @"target documents, rpo: 25h40m ≤ 26h, 20m left: longest gap 25h (2025-10-25 05:30 → 2025-10-26 05:30 Europe/Berlin, the clock set back between) + takes 40m, over 2025-01-01 – 2053-01-01");
    insta::assert_snapshot!(told_rpo("6m", vec![backup(20, "often", every(300), "Asia/Tokyo", "1m")]), @"target documents, rpo: 6m ≤ 6m, nothing left: longest gap 5m (2025-01-01 09:00 → 2025-01-01 09:05 Asia/Tokyo) + takes 1m, over 2025-01-01 – 2053-01-01");
}

#[test]
fn the_very_sum_is_within() {
    let daily = || vec![backup(20, "daily", daily(), "Asia/Tokyo", "40m")];
    assert!(told_rpo("24h40m", daily()).starts_with("target documents, rpo: 24h40m ≤ 24h40m"));
    assert!(told_rpo("24h39m59s", daily()).contains("sonae::rpo::broken"));
}

#[test]
fn a_broken_rpo_shows_the_gap() {
    insta::assert_snapshot!(told_rpo("24h", vec![backup(20, "daily", daily(), "Asia/Tokyo", "40m")]), @r#"
    Error sonae::rpo::broken: `documents` may lose 24h40m, and at most 24h is promised: every gap between its runs breaks that
      @10 24h + 40m = 24h40m > 24h
      @21 longest gap 24h: 2025-01-02 05:30 → 2025-01-03 05:30 Asia/Tokyo
      @22 until the new point is there: 40m
      help: schedule its runs at most 23h20m apart, or promise what is true: rpo="24h40m"
    "#);
    assert!(
        told_rpo("24h", vec![backup(20, "daily", daily(), "America/New_York", "40m")])
            .contains("and at most 24h is promised: gaps of 24h, in which no clock is set, break that too")
    );
    assert!(
        told_rpo("23h", vec![backup(20, "daily", daily(), "America/New_York", "40m")])
            .contains("and at most 23h is promised: every gap between its runs breaks that, even the shortest, 23h")
    );
    // Over a weekend more is lost than over a night, and that is no matter of clocks.
    let workdays = cron("30 5 * * 1-5");
    assert!(
        told_rpo("30h", vec![backup(20, "daily", workdays, "Asia/Tokyo", "40m")])
            .contains("`documents` may lose 3d40m, and at most 30h is promised\n")
    );
    insta::assert_snapshot!(told_rpo("25h", vec![backup(20, "daily", daily(), "America/New_York", "40m")]), @r#"
    Error sonae::rpo::broken: `documents` may lose 25h40m, and at most 25h is promised: only gaps in which the clock is set break that
      @10 25h + 40m = 25h40m > 25h
      @21 longest gap 25h: 2025-11-01 05:30 → 2025-11-02 05:30 America/New_York, the clock set back between
      @22 until the new point is there: 40m
      help: schedule its runs at most 24h20m apart: with `timezone="UTC"` after the schedule, no clock is set; or promise what is true: rpo="25h40m"
    "#);
    insta::assert_snapshot!(told_rpo("90m", vec![backup(20, "hourly", cron("0 * * * *"), "Europe/Berlin", "5m")]), @r#"
    Error sonae::rpo::broken: `documents` may lose 2h5m, and at most 1h30m is promised: only gaps in which the clock is set break that
      @10 2h + 5m = 2h5m > 1h30m
      @21 longest gap 2h: 2025-10-26 02:00 → 2025-10-26 03:00 Europe/Berlin, the clock set back between
      @22 until the new point is there: 5m
      help: schedule its runs at most 1h25m apart: with `timezone="UTC"` after the schedule, no clock is set; or promise what is true: rpo="2h5m"
    "#);
    insta::assert_snapshot!(told_rpo("30m", vec![backup(20, "daily", daily(), "Asia/Tokyo", "40m")]), @r#"
    Error sonae::rpo::broken: `documents` may lose 24h40m, and at most 30m is promised: every gap between its runs breaks that
      @10 24h + 40m = 24h40m > 30m
      @21 longest gap 24h: 2025-01-02 05:30 → 2025-01-03 05:30 Asia/Tokyo
      @22 until the new point is there: 40m
      help: no schedule is often enough where one run takes 40m: promise what is true, rpo="24h40m"
    "#);
}

#[test]
fn what_cannot_be_proven_says_what_is_missing() {
    let backups = vec![
        backup(20, "bare", None, "UTC", ""),
        backup(30, "daily", daily(), "UTC", ""),
        backup(40, "by-hand", None, "UTC", "5m"),
    ];
    insta::assert_snapshot!(told_rpo("25h", backups), @r#"
    Error sonae::rpo::unproven: nothing shows that `documents` loses at most 25h
      @10 promised here
      @20 `bare` has no `schedule`: it runs when it is named
      @20 `bare` has no `takes`
      @30 `daily` has no `takes`
      @40 `by-hand` has no `schedule`: it runs when it is named
      help: write into the backup how long a run takes at most, as in `takes "40m"`
    "#);
    insta::assert_snapshot!(told_rpo("25h", vec![]), @r#"
    Error sonae::rpo::unproven: nothing shows that `documents` loses at most 25h
      @10 promised here, and nothing backs it up
      help: give one of its backups a `schedule`, and how long a run takes at most, as in `takes "40m"`
    "#);
}

#[test]
fn runs_that_overlap_prove_nothing() {
    insta::assert_snapshot!(told_rpo("1h", vec![backup(20, "often", every(600), "UTC", "15m")]), @r#"
    Error sonae::rpo::unproven: nothing shows that `documents` loses at most 1h
      @10 promised here
      @22 its runs overlap
      help: give one of its backups a `schedule`, and how long a run takes at most, as in `takes "40m"`
    Warning sonae::schedule::overlaps: a run of `documents/often` takes 15m, and the next is due after 10m
      @22 longer than the gap
      @21 shortest gap 10m: 2025-01-01 00:00 → 2025-01-01 00:10 UTC
      help: schedule it at least 15m apart, or make it quicker and write so in `takes`
    "#);
    insta::assert_snapshot!(told_rpo("", vec![backup(20, "twice", cron("0 1,2 * * *"), "UTC", "90m")]), @"
    Warning sonae::schedule::overlaps: a run of `documents/twice` takes 1h30m, and the next is due after 1h
      @22 longer than the gap
      @21 shortest gap 1h: 2025-01-01 01:00 → 2025-01-01 02:00 UTC
      help: schedule it at least 1h30m apart, or make it quicker and write so in `takes`
    ");
}

/// Targets `a`, `b` … with one backup each, at 100, 200 …, each behind those that are named.
fn chain(jobs: &[(Option<Rhythm>, &str, &[&str])]) -> Vec<Target> {
    let one = |(place, (rhythm, takes, ties)): (usize, &(Option<Rhythm>, &str, &[&str]))| {
        let place = (place + 1) * 100;
        let mut backup = backup(place, "job", rhythm.clone(), "Europe/Berlin", takes);
        let tie =
            |(at_tie, tie): (usize, &&str)| at(place + 10 + at_tie, JobName::parse(&format!("{tie}/job")).unwrap());
        backup.after = ties.iter().enumerate().map(tie).collect();
        let letter = char::from(b"abcdefgh"[place / 100 - 1]).to_string();
        Target { name: at(place, name(&letter)), objective: None, ..target("", "", vec![backup]) }
    };
    jobs.iter().enumerate().map(one).collect()
}

/// What is told where the last of some targets has an rpo.
fn told_last(rpo: &str, mut targets: Vec<Target>) -> String {
    let last = targets.last_mut().unwrap();
    last.objective = Some(Objective { rpo: lasting(10, rpo), rto: None, any_point: None, span: span(9) });
    told(&plan(targets, vec![]))
}

#[test]
fn what_a_run_waits_for_is_lost_too() {
    let sunday = Some(Rhythm::Weekly { weekday: Weekday::Sunday, at: TimeOfDay { hour: 5, minute: 30 } });
    let diamond = |last: &str| {
        chain(&[
            (daily(), "10m", &[]),
            (sunday.clone(), "20m", &["a"]),
            (daily(), "15m", &["a"]),
            (daily(), last, &["b", "c", "b"]),
        ])
    };
    // On a Sunday it waits 10m + 20m, on other days 10m + 15m; the clock is set back on a Sunday.
    insta::assert_snapshot!(told_last("26h", diamond("30m")), @r#"
    target d, rpo: 26h ≤ 26h, nothing left: gap 25h (2025-10-25 05:30 → 2025-10-26 05:30 Europe/Berlin, the clock set back between) + waits 30m (a/job, b/job) + takes 30m, over 2025-01-01 – 2053-01-01
    Warning sonae::collision::heavy: `c/job` (takes 15m) and `b/job` (takes 20m) are at work at once on every host, and both are heavy, for they take 10m or longer: first from 2025-01-05 13:40 to 13:55 Asia/Tokyo, 52 times a year
      @301 `c/job` begins on 2025-01-05 13:40, and may take until 13:55
      @201 `b/job` may take until 14:00
      help: write `after "b/job"` into `c/job`, beside its schedule, so that it begins when the other is over
    "#);
    insta::assert_snapshot!(told_last("24h", diamond("30m")), @r#"
    Error sonae::rpo::broken: `d` may lose 26h, and at most 24h is promised: gaps of 24h, in which no clock is set, break that too
      @10 25h + 10m + 20m + 30m = 26h > 24h
      @401 gap 25h: 2025-10-25 05:30 → 2025-10-26 05:30 Europe/Berlin, the clock set back between
      @102 `a/job` comes before it: 10m
      @202 `b/job` comes before it: 20m
      @402 until the new point is there: 30m
      help: schedule its runs at most 23h apart, or promise what is true: rpo="26h"
    Warning sonae::collision::heavy: `c/job` (takes 15m) and `b/job` (takes 20m) are at work at once on every host, and both are heavy, for they take 10m or longer: first from 2025-01-05 13:40 to 13:55 Asia/Tokyo, 52 times a year
      @301 `c/job` begins on 2025-01-05 13:40, and may take until 13:55
      @201 `b/job` may take until 14:00
      help: write `after "b/job"` into `c/job`, beside its schedule, so that it begins when the other is over
    "#);
    insta::assert_snapshot!(told_last("25h30m", diamond("30m")), @r#"
    Error sonae::rpo::broken: `d` may lose 26h, and at most 25h30m is promised: only gaps in which the clock is set break that
      @10 25h + 10m + 20m + 30m = 26h > 25h30m
      @401 gap 25h: 2025-10-25 05:30 → 2025-10-26 05:30 Europe/Berlin, the clock set back between
      @102 `a/job` comes before it: 10m
      @202 `b/job` comes before it: 20m
      @402 until the new point is there: 30m
      help: begin it before the 30m that it waits, without its `after`, or at another time; or promise what is true: rpo="26h"
    Warning sonae::collision::heavy: `c/job` (takes 15m) and `b/job` (takes 20m) are at work at once on every host, and both are heavy, for they take 10m or longer: first from 2025-01-05 13:40 to 13:55 Asia/Tokyo, 52 times a year
      @301 `c/job` begins on 2025-01-05 13:40, and may take until 13:55
      @201 `b/job` may take until 14:00
      help: write `after "b/job"` into `c/job`, beside its schedule, so that it begins when the other is over
    "#);
    insta::assert_snapshot!(told_last("26h", chain(&[(daily(), "", &[]), (daily(), "30m", &["a"])])), @r#"
    Error sonae::rpo::unproven: nothing shows that `b` loses at most 26h
      @10 promised here
      @100 it waits for `a/job`, which has no `takes`
      help: give each job that it waits for the time that a run takes, as in `takes "40m"`, or let it wait for none
    "#);
    insta::assert_snapshot!(told_last("2h", chain(&[(daily(), "50m", &[]), (cron("30 * * * *"), "20m", &["a"])])), @r#"
    Error sonae::rpo::unproven: nothing shows that `b` loses at most 2h
      @10 promised here
      @202 its runs overlap where it waits
      help: give one of its backups a `schedule`, and how long a run takes at most, as in `takes "40m"`
    Warning sonae::schedule::overlaps: a run of `b/job` waits 50m and takes 20m, and the next is due after 1h
      @202 longer than the gap with what it waits
      @201 gap 1h: 2025-01-01 05:30 → 2025-01-01 06:30 Europe/Berlin
      @102 `a/job` comes before it: 50m
      help: schedule it at least 1h10m apart, or at another time than those that it waits for
    "#);
    // A job that is not due then is no tie, nor is what comes before it.
    let elsewhen = [(daily(), "10m", [].as_slice()), (cron("0 3 * * *"), "20m", &["a"]), (daily(), "30m", &["b"])];
    assert!(told_last("26h", chain(&elsewhen)).contains("25h30m ≤ 26h"));
    // Nor is one that has no schedule.
    assert!(told_last("26h", chain(&[(None, "10m", &[]), (daily(), "30m", &["a"])])).contains("25h30m ≤ 26h"));
}

#[test]
fn each_host_waits_for_its_own() {
    let of_host = |target: &mut Target, hosts: &[&str]| {
        target.hosts = hosts.iter().map(|host| at(90, name(host))).collect();
    };
    let mut targets = chain(&[(daily(), "10m", &[]), (daily(), "30m", &["a"])]);
    of_host(&mut targets[0], &["web-2"]);
    of_host(&mut targets[1], &["web-1"]);
    insta::assert_snapshot!(told_last("26h", targets.clone()), @"target b, rpo: 25h30m ≤ 26h, 30m left: longest gap 25h (2025-10-25 05:30 → 2025-10-26 05:30 Europe/Berlin, the clock set back between) + takes 30m, over 2025-01-01 – 2053-01-01, on web-1");
    of_host(&mut targets[1], &["web-1", "web-2"]);
    insta::assert_snapshot!(told_last("26h", targets), @"target b, rpo: 25h40m ≤ 26h, 20m left: gap 25h (2025-10-25 05:30 → 2025-10-26 05:30 Europe/Berlin, the clock set back between) + waits 10m (a/job) + takes 30m, over 2025-01-01 – 2053-01-01, on each of web-1, web-2");
}

#[test]
fn a_copy_is_there_later() {
    let with = |takes: &[&str]| {
        let mut backup = backup(20, "daily", daily(), "Asia/Tokyo", "40m");
        let copy = |(place, takes): (usize, &&str)| CopyTo {
            to: at(30, name(&format!("copy-{place}"))),
            retention: None,
            takes: lasting(31, takes),
            span: span(30),
        };
        let Way::Stored(stored) = &mut backup.way else { unreachable!("it is put into a store") };
        stored.copies = takes.iter().enumerate().map(copy).collect();
        told_rpo("25h", vec![backup])
    };
    insta::assert_snapshot!(with(&["1h", ""]), @"target documents, rpo: 24h40m ≤ 25h, 20m left: longest gap 24h (2025-01-02 05:30 → 2025-01-03 05:30 Asia/Tokyo) + takes 40m, over 2025-01-01 – 2053-01-01; 25h40m from the copies in copy-0 (+ 1h); the copies in copy-1 are not counted, as they have no takes");
    insta::assert_snapshot!(with(&["24h"]), @r#"
    Error sonae::rpo::unproven: nothing shows that `documents` loses at most 25h
      @10 promised here
      @22 its runs overlap
      help: give one of its backups a `schedule`, and how long a run takes at most, as in `takes "40m"`
    Warning sonae::schedule::overlaps: a run of `documents/daily` takes 40m + 24h for a copy, and the next is due after 24h
      @22 longer than the gap
      @21 shortest gap 24h: 2025-01-02 05:30 → 2025-01-03 05:30 Asia/Tokyo
      help: schedule it at least 24h40m apart, or make it quicker and write so in `takes`
    "#);
}

#[test]
fn more_jobs_than_anybody_reads_prove_nothing() {
    let mut targets: Vec<Target> = (0..250_usize)
        .map(|place| {
            let mut backup = backup(100 + place, "job", daily(), "UTC", "1s");
            if let Some(before) = place.checked_sub(1) {
                backup.after = vec![at(500 + place, JobName::parse(&format!("t{before}/job")).unwrap())];
            }
            Target { name: at(place, name(&format!("t{place}"))), objective: None, ..target("", "", vec![backup]) }
        })
        .collect();
    insta::assert_snapshot!(told_last("25h", targets.clone()), @r#"
    Error sonae::rpo::unproven: nothing shows that `t249` loses at most 25h
      @10 promised here
      @549 more than 200 jobs come before it
      help: give one of its backups a `schedule`, and how long a run takes at most, as in `takes "40m"`
    "#);
    targets.truncate(200);
    assert!(told_last("25h", targets).contains("waits 3m19s (t0/job, t1/job"), "199 jobs come before it");
}

#[test]
fn the_best_backup_is_the_proof() {
    let weekly = Some(Rhythm::Weekly { weekday: Weekday::Monday, at: TimeOfDay { hour: 1, minute: 0 } });
    let backups = vec![
        backup(20, "weekly", weekly, "UTC", "2h"),
        backup(30, "daily", daily(), "UTC", "40m"),
        backup(40, "by-hand", None, "UTC", ""),
    ];
    assert!(told_rpo("25h", backups.clone()).contains("24h40m ≤ 25h"));
    let broken = told_rpo("12h", backups);
    assert!(broken.contains("@31 longest gap 24h") && !broken.contains("@21"), "{broken}");
}

#[test]
fn what_is_not_backed_up_has_no_rpo() {
    let mut lost = target("1h", "", vec![]);
    lost.no_backup = Some(at(5, "can be made again".into()));
    insta::assert_snapshot!(told(&plan(vec![lost], vec![])), @"
    Error sonae::rpo::no-backup: `documents` is not backed up, and at most 1h may be lost
      @10 promised here
      @5 not backed up
      help: take the `rpo` out, or back it up
    ");
}

#[test]
fn a_proof_is_data_too() {
    let plan = plan(vec![target("25h", "", vec![backup(20, "daily", daily(), "Asia/Tokyo", "40m")])], vec![]);
    let proofs = promises(&plan, &mut Diagnostics::default());
    insta::assert_snapshot!(serde_json::to_string_pretty(&proofs).unwrap(), @r#"
    {
      "promises": [
        {
          "subject": {
            "target": "documents"
          },
          "kind": "rpo",
          "promised": {
            "seconds": 90000
          },
          "proven": {
            "seconds": 88800
          },
          "left": {
            "seconds": 1200
          },
          "standing": "proven",
          "evidence": {
            "loss": {
              "job": "documents/daily",
              "schedule": "daily at 05:30 Asia/Tokyo",
              "gap": {
                "from": "2025-01-01T20:30:00Z",
                "to": "2025-01-02T20:30:00Z"
              },
              "shown": "2025-01-02 05:30 → 2025-01-03 05:30 Asia/Tokyo",
              "takes": {
                "seconds": 2400
              },
              "window": {
                "start": "2025-01-01T00:00:00Z",
                "end": "2053-01-01T00:00:00Z"
              }
            }
          }
        }
      ],
      "any_points": [],
      "reaches": [],
      "detections": [],
      "restores": [],
      "custody": []
    }
    "#);
}

#[test]
fn the_window_is_what_it_says() {
    let told = told_rpo("9000d", vec![backup(20, "leap", cron("0 0 29 2 *"), "UTC", "1m")]);
    assert!(told.contains("longest gap 1461d (2028-02-29 00:00 → 2032-02-29 00:00 UTC)"), "{told}");
    assert!(told.contains("over 2025-01-01 – 2053-01-01"), "{told}");
}

/// What may be lost at worst from minute to minute in a window, by keeping book of the newest point that is there.
fn worst_loss(schedule: &Schedule, takes: u64, start: i64, end: i64) -> i64 {
    let times = crate::calendar::Occurrences::of(schedule).unwrap();
    let at = |second| jiff::Timestamp::from_second(second).unwrap();
    let mut newest = times.last_at_or_before(at(start - takes.cast_signed())).unwrap().as_second();
    let mut worst = 0;
    for now in (start..end).step_by(60) {
        worst = worst.max(now - newest);
        let begun = times.last_at_or_before(at(now - takes.cast_signed())).unwrap().as_second();
        newest = newest.max(begun);
    }
    worst
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_worst_loss_is_that_of_keeping_book(
        expression in prop::sample::select(vec!["30 5 * * *", "0 * * * *", "7 1,13 * * 1-5", "10,40 2,3 * * *"]),
        zone in prop::sample::select(vec!["Asia/Tokyo", "America/New_York", "Australia/Lord_Howe"]),
        takes in 1_u64..30,
        day in 1_i64..360,
    ) {
        let plan = plan(vec![target("9000d", "", vec![backup(20, "some", cron(expression), zone, &format!("{takes}m"))])], vec![]);
        let proofs = promises(&plan, &mut Diagnostics::default());
        let [Promise { proven, evidence: Evidence::Loss(loss), .. }] = proofs.promises.as_slice() else {
            panic!("one promise is proven");
        };
        let schedule = plan.targets[0].backups[0].schedule.as_ref().unwrap();
        let proven = proven.seconds.cast_signed();
        // Where the proof says that the worst is, it is; anywhere else it is no worse.
        let (from, to) = (loss.gap.from.as_second(), loss.gap.to.as_second());
        prop_assert_eq!(worst_loss(schedule, takes * 60, from + 3600, to + 3600), proven);
        let start = loss.window.start.as_second() + day * 86_400;
        prop_assert!(worst_loss(schedule, takes * 60, start, start + 2 * 86_400) <= proven);
    }
}
