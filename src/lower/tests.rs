//! What is lowered, and what is refused.

use super::*;
use crate::plan::{ProbeKind, RestoreStep, Rhythm, TimeOfDay};
use crate::primitives::{FileId, Period, PeriodUnit};

fn lowered(text: &str) -> (Option<Plan>, Vec<(&'static str, String)>) {
    let mut out = Diagnostics::default();
    let document = crate::syntax::parse(FileId(0), text, &mut out);
    let plan = lower(&[document], &mut out);
    let problem = |found: &Diagnostic| {
        (found.code.name.rsplit("::").next().unwrap_or_default(), text[found.span().range()].to_owned())
    };
    (plan, out.into_sorted().iter().map(problem).collect())
}

fn in_backup(lines: &str) -> (Plan, Vec<(&'static str, String)>) {
    let text =
        format!("plan \"p\"\ntarget \"t\" {{\nbackup \"b\" {{\narchive \"tar.zip\"; store \"s\"\n{lines}\n}}\n}}");
    let (plan, found) = lowered(&text);
    (plan.expect("a plan"), found)
}

fn rhythm(schedule: &str) -> Rhythm {
    let (plan, found) = in_backup(schedule);
    assert_eq!(found, []);
    plan.targets[0].backups[0].schedule.as_ref().expect("a schedule").rhythm.clone()
}

#[test]
fn every_kind_of_schedule_is_read() {
    let at = TimeOfDay { hour: 5, minute: 30 };
    assert_eq!(rhythm("schedule \"daily\" at=\"05:30\""), Rhythm::Daily { at });
    let weekday = jiff::civil::Weekday::Sunday;
    assert_eq!(rhythm("schedule \"weekly\" weekday=\"sun\" at=\"05:30\""), Rhythm::Weekly { weekday, at });
    assert_eq!(rhythm("schedule \"monthly\" day=31 at=\"05:30\""), Rhythm::Monthly { day: 31, at });
    assert_eq!(rhythm("schedule \"yearly\" date=\"02-29\" at=\"05:30\""), Rhythm::Yearly { month: 2, day: 29, at });
    let period = crate::primitives::Duration::from_seconds(60);
    assert_eq!(rhythm("schedule every=\"1m\""), Rhythm::Every { period });
    assert_eq!(rhythm("schedule cron=\"30 5 * * 1-5\""), Rhythm::Cron { expression: "30 5 * * 1-5".into() });
}

#[test]
fn a_schedule_has_the_properties_of_its_kind_alone() {
    fn found(line: &str) -> Vec<(&'static str, String)> {
        in_backup(line).1
    }
    let unknown = |text: &str| vec![("unknown-property", text.to_owned())];
    assert_eq!(found("schedule \"daily\" at=\"05:30\" day=1"), unknown("day"));
    assert_eq!(found("schedule \"weekly\" weekday=\"mon\" at=\"05:30\" date=\"01-01\""), unknown("date"));
    assert_eq!(found("schedule every=\"5m\" at=\"05:30\""), unknown("at"));
    assert_eq!(found("schedule every=\"5m\" cron=\"* * * * *\""), unknown("cron"));
    assert_eq!(found("schedule \"daily\" att=\"05:30\""), unknown("att"));
    assert_eq!(found("schedule \"dayly\" whatever=1"), [("bad-choice", "\"dayly\"".to_owned())]);
    assert_eq!(found("schedule at=\"05:30\""), [("missing-argument", "schedule at=\"05:30\"".to_owned())]);
    let weekly = ("missing-property", "schedule \"weekly\"".to_owned());
    assert_eq!(found("schedule \"weekly\""), [weekly.clone(), weekly]);
    for cron in ["* * * *", "* * * * * *", "60 * * * *", "@daily", "x * * * *", ""] {
        assert_eq!(found(&format!("schedule cron=\"{cron}\""))[0].0, "bad-cron", "{cron}");
    }
    for time in ["5:30", "24:00", "05:60", "0530", "05:30:00", "-1:00", "٠٥:٣٠"] {
        assert_eq!(found(&format!("schedule \"daily\" at=\"{time}\""))[0].0, "bad-time", "{time}");
    }
}

#[test]
fn every_rule_of_a_retention_is_read() {
    let line = "retention generations=1 within=\"2mo\" hourly=2 daily=3 weekly=4 monthly=5 yearly=6";
    let (plan, found) = in_backup(line);
    assert_eq!(found, []);
    let retention = plan.targets[0].backups[0].retention.as_ref().expect("a retention");
    let counts = [
        &retention.generations,
        &retention.hourly,
        &retention.daily,
        &retention.weekly,
        &retention.monthly,
        &retention.yearly,
    ];
    assert_eq!(counts.map(|count| count.as_ref().map(|count| count.value.get())), [1, 2, 3, 4, 5, 6].map(Some));
    assert_eq!(retention.within.as_ref().unwrap().value, Period { count: 2, unit: PeriodUnit::Months });
    for count in ["0", "-1", "4294967296", "1.5", "\"7\"", "#true"] {
        let found = in_backup(&format!("retention daily={count}")).1;
        assert!(matches!(found[0].0, "bad-count" | "wrong-type"), "{count}: {found:?}");
    }
}

#[test]
fn a_restore_is_read_in_the_order_written() {
    let text = r#"
        plan "p"
        restore "r" rto="4h" {
            parallel { recover "a" takes="1m" { from host="web-1"; into path="x" }; probe "c" { command "ls" "-l" } }
            probe "d" takes="2m" { path "/e" }
            recover "b" { into path="y" }
        }"#;
    let (plan, found) = lowered(text);
    assert_eq!(found, []);
    let restore = &plan.unwrap().restores[0];
    let [RestoreStep::Parallel(inner), RestoreStep::Probe(probe), RestoreStep::Recover(last)] = &restore.steps[..]
    else {
        panic!("{:?}", restore.steps);
    };
    let [RestoreStep::Recover(first), RestoreStep::Probe(command)] = &inner[..] else { panic!("{inner:?}") };
    assert_eq!(first.from_host.as_ref().unwrap().value, "web-1");
    assert!(matches!(&command.kind, ProbeKind::Command(argv) if argv.len() == 2));
    assert!(matches!(&probe.kind, ProbeKind::Path(path) if path.value == "/e"));
    assert_eq!(last.target.value.as_str(), "b");
}

#[test]
fn what_is_broken_is_said_so_and_only_that() {
    let text =
        "plan \"p\"\nstroe \"a\"\nstore \"b\" { local }\ntarget \"t\" { backup \"x\" { takes 1 } }\ntarget \"u\" {}";
    let (plan, _) = lowered(text);
    let broken = plan.unwrap().broken;
    let shown: Vec<_> = broken
        .iter()
        .map(|block| (block.kind, block.name.as_ref().map(Name::as_str), block.owner.as_ref().map(Name::as_str)))
        .collect();
    assert_eq!(
        shown,
        [
            ("store", Some("a"), None),
            ("store", Some("b"), None),
            ("backup", Some("x"), Some("t")),
            ("target", Some("t"), None)
        ]
    );
}

#[test]
fn a_limit_of_a_store_is_a_count_and_says_of_what() {
    let limit = |line: &str| {
        let text = format!("plan \"p\"\nstore \"s\" {{ local path=\"/x\"\n{line}\n}}");
        let (plan, found) = lowered(&text);
        let store = plan.expect("a plan").stores.remove(0);
        (store.side_by_side.map(|limit| limit.value.get()), found)
    };
    let refused = |code, text: &str| (None, vec![(code, text.to_owned())]);
    assert_eq!(limit("limit side-by-side=2"), (Some(2), vec![]));
    assert_eq!(limit(""), (None, vec![]));
    assert_eq!(limit("limit"), refused("missing-property", "limit"));
    assert_eq!(limit("limit side-by-side=0"), refused("bad-count", "0"));
    assert_eq!(limit("limit side-by-side=-1"), refused("bad-count", "-1"));
    assert_eq!(limit("limit side-by-side=\"two\""), refused("wrong-type", "\"two\""));
    assert_eq!(limit("limit side-by-syde=2"), refused("unknown-property", "side-by-syde"));
    assert_eq!(limit("limit side-by-side=2; limit side-by-side=3").1, [("repeated-node", "limit".to_owned())]);
}

#[test]
fn a_text_without_a_plan_is_read_all_the_same() {
    let (plan, found) = lowered("store \"a b\" { local path=\"/x\" }");
    assert!(plan.is_none());
    assert_eq!(found, [("missing-plan", "store".into()), ("bad-name", "\"a b\"".into())]);
    assert_eq!(lowered("").1, [("missing-plan", String::new())]);
}

#[test]
fn a_part_may_hold_all_but_plan_and_a_template_all_but_use() {
    let names = |word: &Word| word.children.iter().map(|child| child.name).collect::<Vec<_>>();
    let without = |word: &Word, name: &str| names(word).into_iter().filter(|child| *child != name).collect::<Vec<_>>();
    assert_eq!(names(&vocabulary::PART), without(&ROOT, PLAN.name));
    assert_eq!(names(&TEMPLATE), without(&TARGET, "use"));
    assert!(names(&ROOT).contains(&PLAN.name) && names(&TARGET).contains(&"use"));
}

#[test]
fn the_words_of_a_template_stand_where_it_is_used() {
    let text = r#"
        plan "p"
        template "a" { files "/a"; objective rpo="1d"; backup "x" { archive "tar.zip"; store "s" } }
        template "b" { backup "y" { archive "tar.zip"; store "s" }; no-backup "of b" }
        target "t" {
            backup "first" { archive "tar.zip"; store "s" }
            use "a"
            objective rto="1h"
            use "b"
            backup "last" { archive "tar.zip"; store "s" }
        }"#;
    let (plan, found) = lowered(text);
    assert_eq!(found, []);
    let plan = plan.unwrap();
    let target = &plan.targets[0];
    let backups: Vec<_> = target.backups.iter().map(|backup| backup.name.value.as_str()).collect();
    assert_eq!(backups, ["first", "x", "y", "last"]);
    let objective = target.objective.as_ref().unwrap();
    assert!(objective.rpo.is_none() && objective.rto.is_some(), "the target's own stands instead, all of it");
    assert_eq!(&text[target.no_backup.as_ref().unwrap().span.range()], "\"of b\"");
    assert!(plan.templates.iter().all(|template| template.is_used) && plan.broken.is_empty());
}

#[test]
fn a_target_is_not_whole_where_a_template_is_not() {
    for (template, uses) in [
        ("", "use \"a\""),
        ("template \"a\" { backup }", "use \"a\""),
        ("template \"a\" { fils \"/x\" }", "use \"a\""),
        ("template \"b\" {}\ntemplate \"a\" { use \"b\" }", "use \"a\""),
        ("templat \"a\" { no-backup \"x\" }", "use \"a\""),
        ("template \"a b\" { no-backup \"x\" }", "use \"a\""),
        ("template \"a\" { no-backup \"x\" }", "use"),
    ] {
        let (plan, found) = lowered(&format!("plan \"p\"\n{template}\ntarget \"t\" {{ {uses} }}"));
        let broken = plan.unwrap().broken;
        assert!(broken.iter().any(|block| block.kind == "target"), "{template}: {broken:?}");
        let unknown = found.iter().any(|(code, _)| *code == "unknown");
        assert_eq!(unknown, template.is_empty(), "{template}: {found:?}");
    }
}

/// Every row of the table, once.
fn rows(word: &'static Word, seen: &mut Vec<&'static Word>) {
    if !seen.iter().any(|row| std::ptr::eq(*row, word)) {
        seen.push(word);
        word.children.iter().for_each(|child| rows(child, seen));
    }
}

#[test]
fn every_row_is_documented_and_on_the_page() {
    let (mut all, page) = (Vec::new(), page());
    rows(&ROOT, &mut all);
    for word in all {
        assert!(word.doc.ends_with('.'), "{}", word.name);
        assert!(page.contains(word.doc), "{}", word.name);
        assert!(word.arguments.number == Number::Zero || !word.arguments.what.is_empty(), "{}", word.name);
        for property in word.properties {
            assert!(property.doc.ends_with('.') && page.contains(property.doc), "{}", property.name);
        }
    }
}

/// Whether a word stands in a block of nodes, as far down as that word's own path goes.
fn uses(nodes: &[Node], word: &'static Word, block: &'static Word) -> bool {
    let known = |node: &Node| block.children.iter().find(|child| child.name == node.name.value);
    nodes
        .iter()
        .filter_map(|node| Some((node, *known(node)?)))
        .any(|(node, found)| std::ptr::eq(found, word) || uses(&node.children, word, found))
}

#[test]
fn every_word_has_an_example_that_uses_it() {
    let mut all = Vec::new();
    rows(&ROOT, &mut all);
    for word in all.into_iter().filter(|word| !word.name.is_empty()) {
        let of: Vec<_> = vocabulary::EXAMPLES.iter().filter(|example| std::ptr::eq(example.word, word)).collect();
        let [example] = of[..] else { panic!("`{}` has {} examples", word.name, of.len()) };
        let block = match example.inside {
            "" | "file" => &ROOT,
            "plan" => &PLAN,
            "target" => &TARGET,
            "backup" => &vocabulary::BACKUP,
            "restore" => &RESTORE,
            other => panic!("`{}`: there is no place `{other}`", word.name),
        };
        let mut out = Diagnostics::default();
        let document = crate::syntax::parse(FileId(0), example.text, &mut out);
        assert_eq!(out.len(), 0, "{}", word.name);
        assert!(uses(&document.nodes, word, block), "the example of `{}` does not use it", word.name);
    }
}
