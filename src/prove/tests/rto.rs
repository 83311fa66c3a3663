//! How long until it is back.

use super::*;

fn steps(first: &str) -> Vec<RestoreStep> {
    let aside = RestoreStep::Parallel(vec![recover(61, "documents", "20m"), probe(62, "20m"), probe(63, "12m")]);
    vec![probe(60, first), aside, probe(64, "1m")]
}

#[test]
fn an_rto_is_the_longest_path() {
    let way = |rto| vec![restore("data", rto, steps("3m"))];
    insta::assert_snapshot!(told(&plan(vec![target("", "30m", vec![])], way("24m"))), @r#"
    target documents, rto: 24m ≤ 30m, 6m left: restore data, 3m + 20m + 1m = 24m (probe "it is there", recover documents, probe "it is there"), with --side-by-side 3
    restore data, rto: 24m ≤ 24m, nothing left: restore data, 3m + 20m + 1m = 24m (probe "it is there", recover documents, probe "it is there"), with --side-by-side 3
    "#);
    insta::assert_snapshot!(told(&plan(vec![target("", "20m", vec![])], way("23m59s"))), @r#"
    Error sonae::rto::broken: `documents` is back after 24m with restore `data`, and 20m is promised
      @11 24m > 20m
      @50 takes 3m + 20m + 1m = 24m
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
    assert!(limited(1, "40m").starts_with(&within("40m ≤ 40m, nothing left: restore all, 20m + 15m + 4m + 1m = 40m")));
    assert!(limited(1, "39m").starts_with("Error sonae::rto::broken: restore `all` takes 40m, and 39m is promised"));
}

/// A restore of folders `a`, `b` … of one store, which lets so many steps use it at once.
fn of_limited_store(limit: u32, restores: Vec<Restore>) -> Plan {
    let of_vault = |text: &&str| Target {
        name: at(1, name(text)),
        ..target("", "", vec![backup(20, "daily", daily(), "Asia/Tokyo", "")])
    };
    let store = Store {
        name: at(30, name("vault")),
        kind: StoreKind::Local { path: at(31, "/vault".into()) },
        side_by_side: NonZeroU32::new(limit).map(|limit| at(32, limit)),
        upload: None,
        encrypt: vec![],
        access: None,
        waivers: vec![],
        span: span(30),
    };
    Plan { stores: vec![store], ..plan(["a", "b", "c"].iter().map(of_vault).collect(), restores) }
}

fn included(place: usize, restore: &str) -> RestoreStep {
    RestoreStep::Restore(Included { restore: at(place, name(restore)), span: span(place) })
}

/// Each step of the last restore with its slack in minutes.
fn slack(plan: &Plan) -> String {
    let proofs = promises(plan, &mut Diagnostics::default());
    let time = proofs.restores.last().unwrap();
    let steps = time.steps.iter().map(|step| format!("{} {} slack {}", step.step, step.takes, step.slack));
    std::iter::once(format!("{} of {}", time.takes, time.promised)).chain(steps).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_may_begin_later_may_wait_for_room() {
    let (slow, quick) = (
        restore("slow", "", vec![probe(60, "10m"), recover(61, "a", "20m"), probe(62, "30m")]),
        restore("quick", "", vec![probe(63, "9m"), recover(64, "b", "25m")]),
    );
    let both = restore("both", "2h", vec![RestoreStep::Parallel(vec![included(70, "slow"), included(71, "quick")])]);
    let with = |limit| of_limited_store(limit, vec![slow.clone(), quick.clone(), both.clone()]);
    // With room for one, a waits until b is there: 9m + 25m + 20m + 30m at worst, and never more than all that is before it.
    insta::assert_snapshot!(told(&with(1)), @r#"restore both, rto: 1h25m ≤ 2h, 35m left: restore both, 10m + 20m + 30m + 25m = 1h25m (probe "it is there", recover a, probe "it is there", wait for room in vault), with --side-by-side 2"#);
    insta::assert_snapshot!(told(&with(2)), @r#"restore both, rto: 1h ≤ 2h, 1h left: restore both, 10m + 20m + 30m = 1h (probe "it is there", recover a, probe "it is there"), with --side-by-side 2"#);
    insta::assert_snapshot!(slack(&with(1)), @r#"
    1h25m of 2h
    probe "it is there" 10m slack 0s
    recover a 20m slack 0s
    probe "it is there" 30m slack 0s
    probe "it is there" 9m slack 31m
    recover b 25m slack 0s
    "#);
    insta::assert_snapshot!(slack(&with(2)), @r#"
    1h of 2h
    probe "it is there" 10m slack 0s
    recover a 20m slack 0s
    probe "it is there" 30m slack 0s
    probe "it is there" 9m slack 26m
    recover b 25m slack 26m
    "#);
}

#[test]
fn slack_is_what_a_step_may_take_longer() {
    let queued = vec![
        RestoreStep::Parallel(vec![recover(61, "a", "20m"), recover(62, "b", "15m"), probe(63, "50m")]),
        probe(64, "1m"),
    ];
    insta::assert_snapshot!(slack(&of_limited_store(1, vec![restore("all", "1h", queued.clone())])), @r#"
    51m of 1h
    recover a 20m slack 15m
    recover b 15m slack 15m
    probe "it is there" 50m slack 0s
    probe "it is there" 1m slack 0s
    "#);
    insta::assert_snapshot!(slack(&of_limited_store(0, vec![restore("all", "1h", queued)])), @r#"
    51m of 1h
    recover a 20m slack 30m
    recover b 15m slack 35m
    probe "it is there" 50m slack 0s
    probe "it is there" 1m slack 0s
    "#);
    let inner = restore("inner", "", steps("3m"));
    let outer =
        vec![RestoreStep::Parallel(vec![included(70, "inner"), probe(71, "30m"), probe(72, "2m")]), probe(73, "5m")];
    insta::assert_snapshot!(slack(&plan(vec![], vec![inner, restore("outer", "1h", outer)])), @r#"
    35m of 1h
    probe "it is there" 3m slack 6m
    recover documents 20m slack 6m
    probe "it is there" 20m slack 6m
    probe "it is there" 12m slack 14m
    probe "it is there" 1m slack 6m
    probe "it is there" 30m slack 0s
    probe "it is there" 2m slack 28m
    probe "it is there" 5m slack 0s
    "#);
}

#[test]
fn cold_storage_counts_on_its_providers_word() {
    let mut plan = of_limited_store(0, vec![restore("all", "30h", vec![recover(61, "a", "20m"), probe(62, "1m")])]);
    let s3 = S3 {
        bucket: at(31, "cold".into()),
        region: None,
        prefix: None,
        endpoint: None,
        addressing: None,
        encryption: None,
        storage_class: Some(at(32, "DEEP_ARCHIVE".into())),
        retrieval: lasting(33, "12h"),
        kms_key: None,
        object_lock: None,
        lock_for: None,
        span: span(31),
    };
    plan.stores[0].kind = StoreKind::S3(s3);
    insta::assert_snapshot!(told(&plan), @r#"restore all, rto: 12h21m ≤ 30h, 17h39m left: restore all, 12h + 20m + 1m = 12h21m (retrieval from vault, recover a, probe "it is there")"#);
    insta::assert_snapshot!(slack(&plan), @r#"
    12h21m of 30h
    retrieval from vault 12h slack 0s
    recover a 20m slack 0s
    probe "it is there" 1m slack 0s
    "#);
    let proofs = promises(&plan, &mut Diagnostics::default());
    assert_eq!((proofs.promises[0].standing, proofs.restores[0].standing), (Standing::Assumed, Standing::Assumed));
}

#[test]
fn an_rto_needs_every_step_and_a_way() {
    insta::assert_snapshot!(told(&plan(vec![target("", "30m", vec![])], vec![restore("data", "30m", steps(""))])), @r#"
    Error sonae::rto::unproven: nothing shows that `documents` is back within 30m with restore `data`
      @11 promised here
      @50 has a step without `takes`
      help: write into the step that does not say it how long it takes at most, as a drill shows it: the promise holds up to takes="9m"
    Error sonae::rto::unproven: nothing shows that restore `data` takes at most 30m
      @51 promised here
      @60 has no `takes`
      help: write into the step that does not say it how long it takes at most, as a drill shows it: the promise holds up to takes="9m"
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
    insta::assert_snapshot!(told("1h"), @r#"target documents, rto: 51m ≤ 1h, 9m left: restore slow, 50m + 1m = 51m (recover documents, probe "it is there")"#);
    insta::assert_snapshot!(told("30m"), @r#"
    Error sonae::rto::broken: `documents` is back after 51m with restore `slow`, and 30m is promised
      @11 50m + 1m = 51m > 30m
      @70 takes 50m
      @71 takes 1m
      help: make a step quicker, run steps side by side in a `parallel`, or promise rto="51m"
    "#);
}
