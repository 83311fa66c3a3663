//! Every rule, by plans that break it.
#![expect(clippy::disallowed_methods, reason = "the examples are files")]

mod words;

use std::collections::BTreeSet;
use std::path::Path;

use jiff::civil::date;

use super::*;
use crate::diagnostic::{Code, Diagnostic, Sources, codes};
use crate::primitives::Span;

const TODAY: Date = date(2026, 3, 1);

const PLAN: &str = r#"
plan "p" { WAIVE }
store "vault" { local path="/srv/backup"; access { write "backup"; read "backup"; prune "sysadmin" } }
target "t" {
    files "/home"
    backup "daily" { schedule "daily" at="01:00"; archive "tar.zip"; store "vault"; retention generations=1 }
}
"#;

/// Whether the plan stands after `check`, and what is left after its waivers.
fn checked(text: &str, today: Date) -> (bool, Vec<Diagnostic>) {
    let mut out = Diagnostics::default();
    let file = Sources::default().add("p", text);
    // The stage below is what makes plans; a test of this one needs plans.
    let document = crate::syntax::parse(file, text, &mut out);
    let plan = crate::lower::lower(&[document], &mut out).expect("a plan");
    let stands = check(plan.clone(), today, &mut out).is_ok();
    // None of these plans tells anybody anything, which is not what they are about.
    let unheard = [&codes::people::NOBODY_TOLD, &codes::people::NO_DEAD_MAN];
    let mut found = out.into_sorted();
    found.retain(|found| !unheard.contains(&found.code));
    (stands, apply_waivers(&plan, found, today).standing)
}

fn names(found: &[Diagnostic]) -> Vec<&'static str> {
    found.iter().map(|found| found.code.name).collect()
}

#[test]
fn each_code_of_this_stage_belongs_to_one_rule() {
    let mut seen = BTreeSet::new();
    for code in rules::RULES.iter().flat_map(|rule| rule.codes) {
        assert!(seen.insert(code.name), "{} is found by two rules", code.name);
    }
    // Of the waivers that idle only the last step of all can know.
    seen.insert(codes::plan::UNUSED.name);
    let areas = [
        codes::plan::ALL,
        codes::people::ALL,
        codes::store::ALL,
        codes::target::ALL,
        codes::backup::ALL,
        codes::way::ALL,
        codes::restore::ALL,
        codes::step::ALL,
        codes::watch::ALL,
    ];
    let mut table: BTreeSet<_> = areas.concat().iter().map(|code| code.name).collect();
    // All else of templates is seen when they are put in their places.
    table.insert(codes::template::UNUSED.name);
    assert_eq!(seen, table);
}

/// What is found in the example of a code when those rules alone look.
fn found_by<'r>(rules: impl Iterator<Item = &'r rules::Rule>, code: &Code) -> Vec<Diagnostic> {
    let file = format!("tests/corpus/diagnostics/{}.kdl", code.name.replace("::", "-"));
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).expect("an example");
    let mut out = Diagnostics::default();
    let document = crate::syntax::parse(Sources::default().add("p", &*text), &text, &mut out);
    let plan = crate::lower::lower(std::slice::from_ref(&document), &mut out).expect("a plan");
    let _ = check_with(rules, plan, TODAY, &mut out);
    out.into_sorted()
}

#[test]
fn each_rule_is_needed_for_the_examples_of_its_codes_and_for_them_alone() {
    for (row, rule) in rules::RULES.iter().enumerate() {
        // What is seen in a very large plan alone has no example here.
        for code in rule.codes.iter().filter(|code| !code.name.ends_with("::too-many-pairs")) {
            let all = found_by(rules::RULES.iter(), code);
            let others = rules::RULES.iter().enumerate().filter(|(other, _)| *other != row).map(|(_, rule)| rule);
            let (own, rest): (Vec<_>, Vec<_>) = all.into_iter().partition(|found| rule.codes.contains(&found.code));
            assert!(names(&own).contains(&code.name), "the rule of {} does not find it", code.name);
            assert_eq!(found_by(others, code), rest, "without the rule of {}", code.name);
            assert_eq!(found_by(std::iter::once(rule), code), own, "the rule of {} alone", code.name);
        }
    }
}

#[test]
fn a_waived_error_does_not_stop_the_plan_until_its_last_day_has_passed() {
    let waived = PLAN.replace("WAIVE", r#"waive "sonae::restore::missing" reason="soon" until="2026-03-01""#);
    assert_eq!(checked(&PLAN.replace("WAIVE", ""), TODAY).1[0].code, &codes::restore::MISSING_RESTORE);
    assert_eq!(checked(&waived, TODAY), (true, vec![]));
    let (stands, found) = checked(&waived, date(2026, 3, 2));
    assert_eq!((stands, names(&found)), (false, vec!["sonae::waiver::expired", "sonae::restore::missing"]));
}

#[test]
fn a_waiver_holds_in_its_own_block_alone() {
    let elsewhere = PLAN.replace("WAIVE", "").replace(
        "local path=\"/srv/backup\";",
        r#"local path="/srv/backup"; waive "sonae::restore::missing" reason="soon" until="2100-01-01";"#,
    );
    let (stands, found) = checked(&elsewhere, TODAY);
    // While an error stands, no waiver is called idle: what it is about may not have been looked for.
    assert_eq!((stands, names(&found)), (false, vec!["sonae::restore::missing"]));
}

#[test]
fn an_idle_waiver_is_a_warning_only_where_all_else_is_well() {
    let restore = "restore \"t\" { recover \"t\" { into path=\"/r\" } }";
    let idle = PLAN.replace("WAIVE", r#"waive "sonae::restore::missing" reason="soon" until="2100-01-01""#) + restore;
    let (stands, found) = checked(&idle, TODAY);
    assert_eq!((stands, names(&found)), (true, vec!["sonae::waiver::unused"]));
}

#[test]
fn later_stages_are_waived_by_the_same_step() {
    let text = PLAN.replace("WAIVE", r#"waive "sonae::restore::missing" reason="soon" until="2100-01-01""#);
    let mut out = Diagnostics::default();
    let document = crate::syntax::parse(Default::default(), &text, &mut out);
    let plan = crate::lower::lower(&[document], &mut out).expect("a plan");
    let later = |code| Diagnostic::new(code, "later", Span::new(Default::default(), 40, 41), "", "");
    let judged =
        apply_waivers(&plan, vec![later(&codes::restore::MISSING_RESTORE), later(&codes::target::NO_SOURCE)], TODAY);
    assert_eq!(names(&judged.standing), ["sonae::target::no-source"]);
    let waived: Vec<_> = judged.waived.iter().map(|waived| (waived.found.code.name, &*waived.reason)).collect();
    assert_eq!(waived, [("sonae::restore::missing", "soon")]);
}

/// The codes found in a plan with these blocks, a schedule and a retention of its one backup, and the folder that it is restored into.
fn found_with(blocks: &str, schedule: &str, retention: &str, into: &str) -> Vec<&'static str> {
    let text = format!(
        r#"plan "p" {{ timezone "Europe/Zurich" }}
store "vault" {{ local path="/srv/backup"; access {{ write "backup"; read "backup"; prune "sysadmin" }} }}
target "t" {{
    files "/home/t" "beside/t" {{ exclude "restored" "**/back" }}
    backup "b" {{ {schedule}; archive "tar.zip"; store "vault"; {retention} }}
}}
restore "t" {{ recover "t" {{ into path="{into}" }} }}
{blocks}"#
    );
    names(&checked(&text, TODAY).1)
}

#[test]
fn times_that_the_clock_does_not_show_just_once_are_warned_of() {
    let found = |schedule: &str| found_with("", schedule, "retention generations=7", "/r");
    let change: &[&str] = &["sonae::schedule::clock-change"];
    for (schedule, expected) in [
        (r#"schedule "daily" at="02:00""#, change),
        (r#"schedule "daily" at="02:59""#, change),
        (r#"schedule "weekly" weekday="sun" at="02:30""#, change),
        (r#"schedule "monthly" day=25 at="02:30""#, change),
        (r#"schedule cron="15 */2 * * *""#, change),
        (r#"schedule "daily" at="01:30" timezone="America/New_York""#, change),
        (r#"schedule "daily" at="01:59""#, &[]),
        (r#"schedule "daily" at="03:00""#, &[]),
        (r#"schedule "weekly" weekday="sat" at="02:30""#, &[]),
        (r#"schedule "monthly" day=24 at="02:30""#, &[]),
        (r#"schedule "daily" at="02:30" timezone="UTC""#, &[]),
        (r#"schedule cron="15 3-23 * * *""#, &[]),
        (r#"schedule every="1h""#, &[]),
    ] {
        assert_eq!(found(schedule), expected, "{schedule}");
    }
}

#[test]
fn days_that_not_every_month_has_are_advised_of() {
    let found = |schedule: &str| found_with("", schedule, "retention generations=7", "/r");
    let short: &[&str] = &["sonae::schedule::short-month"];
    for (schedule, expected) in [
        (r#"schedule "monthly" day=28 at="05:30""#, &[] as &[_]),
        (r#"schedule "monthly" day=29 at="05:30""#, short),
        (r#"schedule "yearly" date="02-29" at="05:30""#, short),
        (r#"schedule "yearly" date="02-28" at="05:30""#, &[]),
        (r#"schedule "yearly" date="01-31" at="05:30""#, &[]),
    ] {
        assert_eq!(found(schedule), expected, "{schedule}");
    }
}

#[test]
fn a_period_that_ends_before_the_next_run_is_warned_of_where_no_other_rule_keeps() {
    let found = |schedule: &str, retention: &str| found_with("", schedule, retention, "/r");
    let daily = r#"schedule "daily" at="05:30""#;
    let workdays = r#"schedule cron="30 5 * * 1-5""#;
    let monthly = r#"schedule "monthly" day=1 at="05:30""#;
    let short: &[&str] = &["sonae::retention::too-short"];
    for (schedule, retention, expected) in [
        (daily, r#"retention within="1d""#, short),
        (daily, r#"retention within="2d""#, &[] as &[_]),
        (daily, r#"retention within="1d" generations=2"#, &[]),
        (daily, r#"retention within="1d" weekly=2"#, &[]),
        (daily, "retention generations=1", &[]),
        (workdays, r#"retention within="3d""#, short),
        (workdays, r#"retention within="4d""#, &[]),
        (monthly, r#"retention within="1mo""#, short),
        (monthly, r#"retention within="32d""#, &[]),
        (r#"schedule every="24h""#, r#"retention within="1d""#, short),
    ] {
        assert_eq!(found(schedule, retention), expected, "{schedule} {retention}");
    }
}

#[test]
fn a_restore_goes_beside_what_is_backed_up() {
    let system = r#"target "other" { files "/var/lib"; no-backup "made anew" }"#;
    let found = |into: &str| found_with(system, r#"schedule "daily" at="05:30""#, "retention generations=7", into);
    let over: &[&str] = &["sonae::restore::over-source"];
    let inside: &[&str] = &["sonae::restore::inside-source"];
    for (into, expected) in [
        ("/home/t", over),
        ("/home/x/../t/.", over),
        ("/home", over),
        ("/", over),
        ("/var/lib", over),
        ("beside", over),
        (".", over),
        ("/home/t/x", inside),
        ("/var/lib/x/y", inside),
        ("beside/t/x", inside),
        ("/home/t/restored", &[]),
        ("/home/t/restored/x", &[]),
        ("/home/t/x/back", &[]),
        ("/home/t.restored", &[]),
        ("/home/t-1", &[]),
        ("/srv/x", &[]),
        ("beside.restored", &[]),
        // Where the plan lies is not known.
        ("..", &[]),
        ("home/t", &[]),
    ] {
        assert_eq!(found(into), expected, "{into}");
    }
}

#[test]
fn stores_are_used_and_lie_beside_each_other() {
    let found = |blocks: &str| found_with(blocks, r#"schedule "daily" at="05:30""#, "retention generations=7", "/r");
    let store = |name: &str, path: &str| {
        format!(
            r#"store "{name}" {{ local path="{path}"; access {{ write "backup"; read "backup"; prune "sysadmin" }} }}"#
        )
    };
    let unused = "sonae::store::unused";
    assert_eq!(found(&store("spare", "/mnt/spare")), [unused]);
    assert_eq!(found(&store("spare", "/srv/backup/spare")), [unused, "sonae::store::nested"]);
    assert_eq!(found(&store("spare", "/srv/backup2")), [unused]);
    // The one that is around it is the nearest; the other of two at one place is told by its own rule.
    let three = [store("a", "/srv"), store("b", "/srv/backup/b"), store("c", "/srv/backup")].join("\n");
    let mut codes = found(&three);
    codes.retain(|code| *code != unused);
    assert_eq!(
        codes,
        ["sonae::store::nested", "sonae::store::nested", "sonae::store::nested", "sonae::store::same-place"]
    );
    // What could not be read may name it.
    let broken = r#"target "u" { files "/u"; backup "b" { archive "tar.zip"; store } }"#;
    assert!(!found(&format!("{}\n{broken}", store("spare", "/mnt/spare"))).contains(&unused));
}

#[test]
fn two_stores_lie_at_two_places_however_those_are_written() {
    let sftp = |host: &str, user: &str, path: &str| format!(r#"sftp host="{host}" user="{user}" path="{path}""#);
    let s3 = |more: &str| format!(r#"s3 bucket="b" region="eu-west-1" {more}"#);
    for (one, other, is_same) in [
        (sftp("a.example", "u", "/srv"), sftp("A.example", "v", "/srv/."), true),
        (sftp("a.example", "u", "srv"), sftp("a.example", "u", "./srv"), true),
        (sftp("a.example", "u", "srv"), sftp("a.example", "v", "srv"), false),
        (sftp("a.example", "u", "/srv"), sftp("b.example", "u", "/srv"), false),
        (s3(r#"prefix="p""#), s3(r#"prefix="/p/""#), true),
        (s3(r#"endpoint="https://A.example/""#), s3(r#"endpoint="https://a.example""#), true),
        (s3(r#"endpoint="https://a.example""#), s3(""), false),
    ] {
        let access = r#"access { write "backup"; read "backup"; prune "sysadmin" }"#;
        let store = |name: &str, place: &str| format!(r#"store "{name}" {{ {place}; encrypt "age1x"; {access} }}"#);
        let blocks = [store("a", &one), store("b", &other)].join("\n");
        let found = found_with(&blocks, r#"schedule "daily" at="05:30""#, "retention generations=7", "/r");
        assert_eq!(found.contains(&"sonae::store::same-place"), is_same, "{one} {other}: {found:?}");
    }
}

const TEMPLATES: &str = r#"
plan "p"
store "vault" { local path="/srv/backup"; access { write "backup"; read "backup"; prune "sysadmin" } }
template "nightly" {
    backup "daily" { schedule "daily" at="01:00"; archive "tar.zip"; store "vault" }
    WAIVE
}
target "t" { use "nightly"; files "/t" }
target "u" { use "nightly"; files "/u" }
target "v" { use "nightly"; files "/v" }
restore "t" { recover "t" { into path="/r" } }
"#;

#[test]
fn a_waiver_in_a_template_holds_there_and_in_each_target() {
    let waive = |code: &str| format!("waive \"sonae::{code}\" reason=\"soon\" until=\"2100-01-01\"\n");
    let found = |waivers: &str| checked(&TEMPLATES.replace("WAIVE", waivers), TODAY);
    let (stands, all) = found("");
    assert_eq!(
        (stands, names(&all)),
        (false, vec!["sonae::retention::none", "sonae::restore::missing", "sonae::restore::missing"])
    );
    assert!(
        all[0].message.ends_with("kept for ever, and so it is with 2 more targets that use this template"),
        "{}",
        all[0].message
    );
    assert_eq!(
        found(&(waive("restore::missing") + &waive("retention::none"))),
        (true, vec![]),
        "of t, the first is idle"
    );
    let (stands, idle) = found(&(waive("restore::missing") + &waive("retention::none") + &waive("rpo::broken")));
    assert_eq!((stands, names(&idle)), (true, vec!["sonae::waiver::unused"]), "told once, not once a target");
}

#[test]
fn of_a_template_that_nobody_uses_that_alone_is_told() {
    let unused = PLAN.replace("WAIVE", r#"waive "sonae::restore::missing" reason="soon" until="2100-01-01""#)
        + "template \"idle\" { backup \"b\" { archive \"tar.zip\"; store \"vault\"; WAIVE }; waive \"sonae::rpo::broken\" reason=\"r\" until=\"2100-01-01\" }\n";
    let waive = r#"waive "sonae::retention::none" reason="soon" until="2100-01-01""#;
    let (stands, found) = checked(&unused.replace("WAIVE", waive), TODAY);
    assert_eq!((stands, names(&found)), (true, vec!["sonae::template::unused"]));
    let expired = unused.replace("WAIVE", &waive.replace("2100", "2020"));
    assert_eq!(names(&checked(&expired, TODAY).1), ["sonae::template::unused", "sonae::waiver::expired"]);
}
