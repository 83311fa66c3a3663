//! Every rule, by plans that break it.
use std::collections::BTreeSet;

use jiff::civil::date;

use super::*;
use crate::diagnostic::{Diagnostic, Sources, codes};
use crate::primitives::Span;

const TODAY: Date = date(2026, 3, 1);

const PLAN: &str = r#"
plan "p" { WAIVE }
store "vault" { local path="/srv/backup" }
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
    let stands = check(plan.clone(), today, &mut out).is_some();
    (stands, apply_waivers(&plan, out.into_sorted(), today).standing)
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
    let areas = [codes::plan::ALL, codes::target::ALL, codes::backup::ALL, codes::restore::ALL];
    let mut table: BTreeSet<_> = areas.concat().iter().map(|code| code.name).collect();
    // All else of templates is seen when they are put in their places.
    table.insert(codes::template::UNUSED.name);
    assert_eq!(seen, table);
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
        "local path=\"/srv/backup\"",
        r#"local path="/srv/backup"; waive "sonae::restore::missing" reason="soon" until="2100-01-01""#,
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

const TEMPLATES: &str = r#"
plan "p"
store "vault" { local path="/srv/backup" }
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
