//! Plans made by hand: spans are numbered, so that a label is known by its place.

mod collisions;
mod compiled;
mod custody;
mod skew;

use std::num::NonZeroU32;

use jiff::civil::Weekday;
use proptest::prelude::*;

use super::*;
use crate::plan::{
    Archive, ArchiveFormat, Backup, BrokenBlock, Content, Guard, Into, Objective, Probe, ProbeKind, Recover, Restore,
    RestoreStep, Rhythm, Schedule, Store, StoreKind, Stored, Target, TimeOfDay, Way,
};
use crate::primitives::{Compression, Duration, FileId, Name, Span, Spanned};

fn at<T>(place: usize, value: T) -> Spanned<T> {
    Spanned::new(value, span(place))
}

fn span(place: usize) -> Span {
    Span::new(FileId(0), place, place + 1)
}

fn name(text: &str) -> Name {
    Name::parse(text).unwrap()
}

fn lasting(place: usize, text: &str) -> Option<Spanned<Duration>> {
    (!text.is_empty()).then(|| at(place, Duration::parse(text).unwrap()))
}

fn plan(targets: Vec<Target>, restores: Vec<Restore>) -> Plan {
    Plan {
        templates: vec![],
        name: at(0, name("plan")),
        timezone: at(0, "Asia/Tokyo".into()),
        owner: None,
        evidence: None,
        roles: vec![],
        hosts: vec![],
        stores: vec![],
        notifies: vec![],
        targets,
        restores,
        verifies: vec![],
        drills: vec![],
        announces: vec![],
        waivers: vec![],
        broken: vec![],
    }
}

/// A target; its rpo is at 10 and its rto at 11.
fn target(rpo: &str, rto: &str, backups: Vec<Backup>) -> Target {
    Target {
        name: at(1, name("documents")),
        area: None,
        hosts: vec![],
        source: None,
        backups,
        no_backup: None,
        objective: Some(Objective { rpo: lasting(10, rpo), rto: lasting(11, rto), span: span(9) }),
        waivers: vec![],
        span: span(1),
    }
}

/// A backup at some place, its schedule one further and its `takes` two.
fn backup(place: usize, text: &str, rhythm: Option<Rhythm>, zone: &str, takes: &str) -> Backup {
    let schedule = |rhythm| Schedule { rhythm, timezone: at(place + 1, zone.into()), span: span(place + 1) };
    Backup {
        name: at(place, name(text)),
        schedule: rhythm.map(schedule),
        way: Way::Stored(Stored {
            content: Content::Archive(Archive { format: ArchiveFormat::TarZip, compression: Compression::default() }),
            store: at(place, name("vault")),
            select: None,
            remove_originals: None,
            copies: vec![],
            span: span(place),
        }),
        retention: None,
        guard: Guard::default(),
        takes: lasting(place + 2, takes),
        timeout: None,
        after: vec![],
        before_backup: vec![],
        after_backup: vec![],
        priority: None,
        waivers: vec![],
        span: span(place),
    }
}

fn daily() -> Option<Rhythm> {
    Some(Rhythm::Daily { at: TimeOfDay { hour: 5, minute: 30 } })
}

fn cron(expression: &str) -> Option<Rhythm> {
    Some(Rhythm::Cron { expression: expression.into() })
}

fn every(seconds: u64) -> Option<Rhythm> {
    Some(Rhythm::Every { period: Duration::from_seconds(seconds) })
}

/// A restore at 50 whose rto is at 51.
fn restore(text: &str, rto: &str, steps: Vec<RestoreStep>) -> Restore {
    Restore { name: at(50, name(text)), rto: lasting(51, rto), spread: None, steps, waivers: vec![], span: span(50) }
}

fn recover(place: usize, target: &str, takes: &str) -> RestoreStep {
    RestoreStep::Recover(Recover {
        target: at(place, name(target)),
        from_host: None,
        into: Into::Path { path: at(place, "/back".into()), host: None },
        takes: lasting(place, takes),
        span: span(place),
    })
}

fn probe(place: usize, takes: &str) -> RestoreStep {
    RestoreStep::Probe(Probe {
        name: at(place, "it is there".into()),
        kind: ProbeKind::Path(at(place, "/back".into())),
        takes: lasting(place, takes),
        span: span(place),
    })
}

/// Everything a user is told.
fn told(plan: &Plan) -> String {
    let mut out = Diagnostics::default();
    let proofs = promises(plan, &mut out);
    let mut text: String = proofs.promises.iter().map(|promise| format!("{promise}\n")).collect();
    for found in out.into_sorted() {
        text.push_str(&format!("{:?} {}: {}\n", found.severity, found.code.name, found.message));
        for label in &found.labels {
            text.push_str(&format!("  @{} {}\n", label.span.start, label.text));
        }
        text.push_str(&format!("  help: {}\n", found.help));
    }
    text
}

fn told_rpo(rpo: &str, backups: Vec<Backup>) -> String {
    told(&plan(vec![target(rpo, "", backups)], vec![]))
}

#[test]
fn a_kept_rpo_says_why() {
    insta::assert_snapshot!(told_rpo("25h", vec![backup(20, "daily", daily(), "Asia/Tokyo", "40m")]), @"target documents, rpo: 24h40m ≤ 25h: longest gap 24h (2025-01-02 05:30 → 2025-01-03 05:30 Asia/Tokyo) + takes 40m, over 2025-01-01 – 2053-01-01");
    insta::assert_snapshot!(told_rpo("26h", vec![backup(20, "daily", daily(), "Europe/Berlin", "40m")]), @"target documents, rpo: 25h40m ≤ 26h: longest gap 25h (2025-10-25 05:30 → 2025-10-26 05:30 Europe/Berlin, the clock set back between) + takes 40m, over 2025-01-01 – 2053-01-01");
    insta::assert_snapshot!(told_rpo("6m", vec![backup(20, "often", every(300), "Asia/Tokyo", "1m")]), @"target documents, rpo: 6m ≤ 6m: longest gap 5m (2025-01-01 09:00 → 2025-01-01 09:05 Asia/Tokyo) + takes 1m, over 2025-01-01 – 2053-01-01");
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
    Error sonae::rpo::broken: `documents` may lose 24h40m, and at most 24h is promised
      @10 24h + 40m = 24h40m > 24h
      @21 longest gap 24h: 2025-01-02 05:30 → 2025-01-03 05:30 Asia/Tokyo
      @22 until the new point is there: 40m
      help: schedule its runs at most 23h20m apart, or promise what is true: rpo="24h40m"
    "#);
    insta::assert_snapshot!(told_rpo("25h", vec![backup(20, "daily", daily(), "America/New_York", "40m")]), @r#"
    Error sonae::rpo::broken: `documents` may lose 25h40m, and at most 25h is promised
      @10 25h + 40m = 25h40m > 25h
      @21 longest gap 25h: 2025-11-01 05:30 → 2025-11-02 05:30 America/New_York, the clock set back between
      @22 until the new point is there: 40m
      help: schedule its runs at most 24h20m apart: with `timezone="UTC"` behind the schedule, no clock is set; or promise what is true: rpo="25h40m"
    "#);
    insta::assert_snapshot!(told_rpo("90m", vec![backup(20, "hourly", cron("0 * * * *"), "Europe/Berlin", "5m")]), @r#"
    Error sonae::rpo::broken: `documents` may lose 2h5m, and at most 1h30m is promised
      @10 2h + 5m = 2h5m > 1h30m
      @21 longest gap 2h: 2025-10-26 02:00 → 2025-10-26 03:00 Europe/Berlin, the clock set back between
      @22 until the new point is there: 5m
      help: schedule its runs at most 1h25m apart: with `timezone="UTC"` behind the schedule, no clock is set; or promise what is true: rpo="2h5m"
    "#);
    insta::assert_snapshot!(told_rpo("30m", vec![backup(20, "daily", daily(), "Asia/Tokyo", "40m")]), @r#"
    Error sonae::rpo::broken: `documents` may lose 24h40m, and at most 30m is promised
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
      help: give one of its backups a `schedule` and the time that a run takes, as in `takes "40m"`
    "#);
    insta::assert_snapshot!(told_rpo("25h", vec![]), @r#"
    Error sonae::rpo::unproven: nothing shows that `documents` loses at most 25h
      @10 promised here, and nothing backs it up
      help: give one of its backups a `schedule` and the time that a run takes, as in `takes "40m"`
    "#);
}

#[test]
fn runs_that_overlap_prove_nothing() {
    insta::assert_snapshot!(told_rpo("1h", vec![backup(20, "often", every(600), "UTC", "15m")]), @r#"
    Error sonae::rpo::unproven: nothing shows that `documents` loses at most 1h
      @10 promised here
      @22 its runs overlap
      help: give one of its backups a `schedule` and the time that a run takes, as in `takes "40m"`
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
fn nobody_is_told_of_what_could_not_be_read() {
    let mut broken = plan(vec![target("1h", "1h", vec![])], vec![]);
    let block = |kind, owner| BrokenBlock { kind, name: Some(name("some")), owner };
    broken.broken = vec![block("backup", Some(name("documents"))), block("restore", None)];
    assert_eq!(told(&broken), "");
}

fn steps(first: &str) -> Vec<RestoreStep> {
    let aside = RestoreStep::Parallel(vec![recover(61, "documents", "20m"), probe(62, "20m"), probe(63, "12m")]);
    vec![probe(60, first), aside, probe(64, "1m")]
}

#[test]
fn an_rto_is_the_longest_path() {
    let way = |rto| vec![restore("data", rto, steps("3m"))];
    insta::assert_snapshot!(told(&plan(vec![target("", "30m", vec![])], way("24m"))), @r#"
    target documents, rto: 24m ≤ 30m: restore data, 3m + 20m + 1m = 24m (probe "it is there", recover documents, probe "it is there")
    restore data, rto: 24m ≤ 24m: restore data, 3m + 20m + 1m = 24m (probe "it is there", recover documents, probe "it is there")
    "#);
    insta::assert_snapshot!(told(&plan(vec![target("", "20m", vec![])], way("23m59s"))), @r#"
    Error sonae::rto::broken: `documents` is back after 24m with restore `data`, and 20m is promised
      @11 3m + 20m + 1m = 24m > 20m
      @60 takes 3m
      @61 takes 20m
      @64 takes 1m
      help: make a step quicker, run steps side by side in a `parallel`, or promise rto="24m"
    Error sonae::rto::broken: restore `data` takes 24m, and 23m59s is promised
      @51 3m + 20m + 1m = 24m > 23m59s
      @60 takes 3m
      @61 takes 20m
      @64 takes 1m
      help: make a step quicker, run steps side by side in a `parallel`, or promise rto="24m"
    "#);
}

#[test]
fn recoveries_from_a_store_that_is_limited_wait_for_each_other() {
    let others = |text: &str| Target {
        name: at(1, name(text)),
        ..target("", "", vec![backup(20, "daily", daily(), "Asia/Tokyo", "")])
    };
    let limited = |side_by_side: u32, rto: &str| {
        let steps = [(61, "a", "20m"), (62, "b", "15m"), (63, "c", "4m")];
        let steps = steps.map(|(place, target, takes)| recover(place, target, takes));
        let restore = restore("all", rto, vec![RestoreStep::Parallel(steps.into()), probe(64, "1m")]);
        let store = Store {
            name: at(30, name("vault")),
            kind: StoreKind::Local { path: at(31, "/vault".into()) },
            side_by_side: NonZeroU32::new(side_by_side).map(|limit| at(32, limit)),
            upload: None,
            encrypt: vec![],
            access: None,
            waivers: vec![],
            span: span(30),
        };
        told(&Plan { stores: vec![store], ..plan(["a", "b", "c"].map(others).into(), vec![restore]) })
    };
    let within = |legs: &str| format!("restore all, rto: {legs}");
    assert!(limited(0, "40m").starts_with(&within("21m ≤ 40m")), "{}", limited(0, "40m"));
    assert!(limited(3, "40m").starts_with(&within("21m ≤ 40m")), "{}", limited(3, "40m"));
    assert!(limited(2, "40m").starts_with(&within("21m ≤ 40m")), "{}", limited(2, "40m"));
    assert!(limited(1, "40m").starts_with(&within("40m ≤ 40m: restore all, 20m + 15m + 4m + 1m = 40m")));
    assert!(limited(1, "39m").starts_with("Error sonae::rto::broken: restore `all` takes 40m, and 39m is promised"));
}

#[test]
fn an_rto_needs_every_step_and_a_way() {
    insta::assert_snapshot!(told(&plan(vec![target("", "30m", vec![])], vec![restore("data", "30m", steps(""))])), @r#"
    Error sonae::rto::unproven: nothing shows that `documents` is back within 30m with restore `data`
      @11 promised here
      @60 has no `takes`
      help: write into each step how long it takes, as in takes="20m"
    Error sonae::rto::unproven: nothing shows that restore `data` takes at most 30m
      @51 promised here
      @60 has no `takes`
      help: write into each step how long it takes, as in takes="20m"
    "#);
    let elsewhere = vec![restore("other", "", vec![recover(60, "images", "1m")])];
    insta::assert_snapshot!(told(&plan(vec![target("", "30m", vec![])], elsewhere)), @r#"
    Error sonae::rto::unproven: nothing shows that `documents` is back within 30m: no restore recovers it
      @11 promised here
      help: write a restore with `recover "documents" takes="…"`
    "#);
}

#[test]
fn every_restore_that_recovers_a_target_keeps_its_rto() {
    let quick = restore("quick", "", vec![recover(60, "documents", "5m")]);
    let slow = restore("slow", "", vec![recover(70, "documents", "50m"), probe(71, "1m")]);
    let told = |rto| told(&plan(vec![target("", rto, vec![])], vec![quick.clone(), slow.clone()]));
    insta::assert_snapshot!(told("1h"), @r#"target documents, rto: 51m ≤ 1h: restore slow, 50m + 1m = 51m (recover documents, probe "it is there")"#);
    insta::assert_snapshot!(told("30m"), @r#"
    Error sonae::rto::broken: `documents` is back after 51m with restore `slow`, and 30m is promised
      @11 50m + 1m = 51m > 30m
      @70 takes 50m
      @71 takes 1m
      help: make a step quicker, run steps side by side in a `parallel`, or promise rto="51m"
    "#);
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
