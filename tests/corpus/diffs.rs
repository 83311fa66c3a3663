//! What changes of plans mean: pairs of plans, each with its judged changes.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use sonae::diagnostic::{Diagnostics, Sources};
use sonae::diff::{Changes, What, diff};
use sonae::plan::Plan;
use sonae::report::diff::{Compared, MARKDOWN_CHARACTERS_MAX, markdown, text};

use super::{Compiled, TODAY, compile, compile_file};

/// When the newer plans of the corpus are put into use: at noon in UTC.
pub(super) fn now() -> Timestamp {
    TODAY.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).expect("a time").timestamp()
}

/// The plan of a text that has no errors.
fn plan(compiled: &Compiled) -> &Plan {
    compiled.proven.as_ref().unwrap_or_else(|| panic!("{}", compiled.shown())).plan()
}

fn changes(old: &str, new: &str) -> Changes {
    let (old, new) = (compile("old.kdl", old), compile("new.kdl", new));
    diff(Some(plan(&old)), Some(plan(&new)), now())
}

pub(super) fn compared(changes: Changes) -> [Compared; 1] {
    [Compared { old: Some("plan.kdl".into()), new: Some("plan.kdl".into()), changes }]
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/diff")
}

pub(super) fn pair(folder: &Path) -> (String, String) {
    let text = |name| std::fs::read_to_string(folder.join(name)).unwrap();
    (text("old.kdl"), text("new.kdl"))
}

/// What is said of the newer plan of a pair whose change has a code.
pub(crate) fn example(code: &str) -> Compiled {
    let pair = match code {
        "sonae::change::objective" => "rpo-longer",
        "sonae::change::lost" => "target-gone",
        "sonae::change::rarer" => "schedule-rarer",
        "sonae::change::retention" => "retention-by-hand",
        "sonae::change::deletes" => "retention-shorter",
        "sonae::change::narrower" => "folder-lost",
        "sonae::change::guard" => "guards-off",
        "sonae::change::access" => "role-wider",
        "sonae::change::open" => "lock-weaker",
        "sonae::change::history" => "store-moved",
        "sonae::change::automated-backups" => "rds-turned-on",
        "sonae::change::gap" => "schedule-skips",
        other => panic!("{other} has no pair"),
    };
    let (old, new) = self::pair(&folder().join(pair));
    with_changes(&old, &new)
}

/// The newer plan, and what is said of its changes.
pub(crate) fn with_changes(old: &str, new: &str) -> Compiled {
    let (old, new) = (compile("old.kdl", old), compile("new.kdl", new));
    let changes = diff(Some(plan(&old)), Some(plan(&new)), now());
    let found = changes.changes.iter().filter_map(sonae::diff::Change::diagnostic).collect();
    Compiled { found, ..new }
}

#[test]
fn pairs_are_judged_as_they_were() {
    insta::glob!("diff/*/new.kdl", |path| {
        let (old, new) = pair(path.parent().unwrap());
        insta::assert_snapshot!(text(&compared(changes(&old, &new))));
    });
}

#[test]
fn what_is_kept_no_more_is_told_on_whatever_day_it_is_asked() {
    let (old, new) = pair(&folder().join("weekdays-become-days"));
    let (old, new) = (compile("old.kdl", &old), compile("new.kdl", &new));
    for day in 0..7 {
        let at = now() + jiff::SignedDuration::from_hours(24 * day);
        let changes = diff(Some(plan(&old)), Some(plan(&new)), at);
        let [change] = &changes.changes[..] else { panic!("{changes:#?}") };
        let told = &change.because[0];
        assert!(told.starts_with("in the long run, what is kept in vault reaches back "), "{at}: {told}");
    }
}

#[test]
fn there_are_forty_pairs_and_the_change_back_is_the_opposite() {
    let mut pairs = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let (old, new) = pair(&entry.unwrap().path());
        let (there, back) = (changes(&old, &new), changes(&new, &old));
        // What is different one way is different the other way.
        let what = |of: &Changes| {
            let mut what: Vec<String> = of
                .changes
                .iter()
                .map(|change| match &change.what {
                    What::Changed { word, .. } | What::Members { word, .. } => {
                        format!("{:?} {word}", change.subject.kind)
                    }
                    // A name that another has now is told with an ending.
                    What::Added | What::Removed => {
                        format!("{} is in one alone", change.subject.to_string().trim_end_matches("-before"))
                    }
                    What::Renamed { .. } => format!("{:?} has two names", change.subject.kind),
                })
                .collect();
            // What is lost with another store, or taken with another backup, has nothing that it is the opposite of.
            let has_none = |what: &str| what.ends_with(" of its store") || what.ends_with(" goes");
            what.retain(|what| !has_none(what) && what != "Backup remove-originals");
            what.sort();
            what.dedup();
            what
        };
        assert_eq!(what(&there), what(&back), "{old}\n{new}");
        pairs += 1;
    }
    assert!(pairs >= 40, "{pairs}");
}

/// The plans of the corpus that can be read, those in `plans`, and each side of a pair.
fn readable_plans() -> Vec<(PathBuf, String)> {
    let mut paths = vec![];
    for folder in ["plans", "tests/corpus/plans", "tests/corpus/diff"] {
        paths.extend(kdl_below(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)));
    }
    let texts = paths.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).unwrap()));
    texts.filter(|(_, text)| lowered(text).is_some()).collect()
}

fn kdl_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = vec![];
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(kdl_below(&path));
        } else if path.extension().is_some_and(|end| end == "kdl") {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_plan_differs_in_nothing_from_itself_and_from_its_canonical_form() {
    let plans = readable_plans();
    assert!(plans.len() > 100, "{}", plans.len());
    for (path, text) in plans {
        let plan = lowered(&text).expect("it was read");
        let differs = |other: &str| diff(Some(&plan), lowered(other).as_ref(), now()).changes;
        assert_eq!(differs(&text), [], "{}", path.display());
        let formatted = sonae::syntax::format(sonae::primitives::FileId(0), &text);
        let formatted = formatted.unwrap_or_else(|found| panic!("{}: {found:?}", path.display()));
        assert_eq!(differs(&formatted), [], "{}", path.display());
    }
}

#[test]
fn a_plan_that_is_new_or_gone_is_all_there_is_to_say() {
    let compiled = compile_file(&Path::new(env!("CARGO_MANIFEST_DIR")).join("plans/quickstart.kdl"));
    let plan = plan(&compiled);
    let (new, gone) = (diff(None, Some(plan), now()), diff(Some(plan), None, now()));
    assert!(new.unwaived == 0 && new.counts.strengthens > 0 && new.counts.weakens == 0);
    assert!(gone.unwaived > 0 && gone.counts.strengthens == 0);
    assert!(gone.changes.iter().all(|change| change.what == What::Removed));
}

/// A plan of so many targets.
fn many(targets: usize, generations: usize) -> String {
    let target = |n: usize| {
        format!(
            "target \"t{n:04}\" {{\n    files \"/srv/{n}\"\n    backup \"nightly\" {{\n        schedule \"daily\" at=\"05:30\"\n        archive \
             \"tar.zip\"\n        store \"vault\"\n        retention generations={generations}\n        takes \"5m\"\n    }}\n}}\nrestore \"t{n:04}\" {{\n    \
             recover \"t{n:04}\" {{\n        into path=\"/back/{n}\"\n    }}\n}}\n"
        )
    };
    let targets: String = (0..targets).map(target).collect();
    format!("plan \"many\"\nstore \"vault\" {{\n    local path=\"/vault\"\n}}\n{targets}")
}

#[test]
fn a_comment_of_very_many_changes_is_cut_and_its_sentence_is_whole() {
    let changes = changes(&many(600, 30), &many(600, 7));
    assert_eq!((changes.counts.deletes, changes.unwaived), (600, 600));
    let page = markdown(&compared(changes));
    assert!(page.chars().count() <= MARKDOWN_CHARACTERS_MAX, "{}", page.chars().count());
    assert!(page.starts_with("**600 changes delete recovery points; 600 need a waiver and have none**\n"), "{page}");
    assert!(page.contains("more changes left out here"), "{page}");
    assert!(page.trim_end().ends_with("tells more."), "{page}");
}

#[test]
fn one_sentence_that_is_very_long_leaves_room_for_the_others() {
    let (old, new) = pair(&folder().join("accepted"));
    let new = new.replace("the new tape library keeps the older ones", &"long ".repeat(13_200));
    let page = markdown(&compared(changes(&old, &new.replace("rpo=\"25h\" ", ""))));
    assert!(page.contains(" … |\n") && page.contains("without rpo 25h"), "{page}");
    assert!(!page.contains("left out here"), "{page}");
}

/// One who may for another who may is somebody new who may.
#[test]
fn somebody_in_the_place_of_another_weakens() {
    let (old, _) = pair(&folder().join("rpo-longer"));
    for (from, to, code) in [
        ("user=\"b\"", "user=\"root\"", "sonae::change::access"),
        (
            "write \"writer\"\n        read \"ops\"\n        prune \"ops\"\n    }\n}\nnotify",
            "write \"writer\"\n        read \"ops\"\n        prune \"writer\"\n    }\n}\nnotify",
            "sonae::change::access",
        ),
        ("exclude \"**/.tmp\"", "exclude \"**/*.jpg\"", "sonae::change::narrower"),
        (
            "encrypt \"age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p\"",
            "encrypt \"age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj\"",
            "sonae::change::open",
        ),
    ] {
        assert_eq!(old.matches(from).count(), 1, "{from}");
        let found = changes(&old, &old.replace(from, to));
        let codes: Vec<_> = found.changes.iter().map(|change| change.code.map(|code| code.name)).collect();
        assert_eq!((codes.as_slice(), found.unwaived), ([Some(code)].as_slice(), 1), "{:#?}", found.changes);
    }
}

#[test]
fn pages_look_as_they_did() {
    for name in ["retention-shorter", "target-renamed", "accepted", "neutral"] {
        let (old, new) = pair(&folder().join(name));
        insta::assert_snapshot!(format!("page-of-{name}"), markdown(&compared(changes(&old, &new))));
    }
}

/// Whatever is changed in the text of a plan that makes another plan of it is told.
#[test]
fn no_change_of_a_plan_goes_untold() {
    let (old, _) = pair(&folder().join("rpo-longer"));
    let worked = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("plans/smaregi.kdl")).unwrap();
    let mut told = 0;
    for text in [old, worked] {
        let before = lowered(&text).expect("a plan");
        let said = without_places(&before);
        for other in altered(&text) {
            let Some(after) = lowered(&other) else { continue };
            let changes = diff(Some(&before), Some(&after), now());
            assert_eq!(changes.changes.is_empty(), without_places(&after) == said, "{other}");
            told += usize::from(!changes.changes.is_empty());
        }
    }
    assert!(told > 150, "{told}");
}

/// What a text says, where that can be read; whether it fits together is not looked at.
fn lowered(text: &str) -> Option<Plan> {
    let (mut sources, mut found) = (Sources::default(), Diagnostics::default());
    let file = sources.add("plan.kdl", text);
    let plan = sonae::lower::lower(&sonae::lower::read(&sources, file, &mut found), &mut found);
    plan.filter(|_| !found.has_errors())
}

/// The text with one of its words, values or lines changed at a time.
fn altered(text: &str) -> Vec<String> {
    let mut all = vec![];
    for (at, _) in text.match_indices('"') {
        let rest = &text[at + 1..];
        let Some(end) = rest.find(['"', '\n']).filter(|end| rest[*end..].starts_with('"')) else { continue };
        let value = &rest[..end];
        let others = match value.chars().last() {
            Some('d' | 'm' | 'h') if value.starts_with(|c: char| c.is_ascii_digit()) => {
                let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
                let more = digits.parse::<u32>().map_or(1, |number| number + 1);
                vec![format!("{more}{}", &value[digits.len()..]), format!("1{}", &value[digits.len()..])]
            }
            _ => vec![format!("{value}x"), format!("{value}/x"), "00:10".into(), "governance".into(), "enable".into()],
        };
        all.extend(others.iter().map(|other| format!("{}{other}{}", &text[..=at], &rest[end..])));
    }
    for (at, _) in text.match_indices('=') {
        let digits: String = text[at + 1..].chars().take_while(char::is_ascii_digit).collect();
        if let Ok(number) = digits.parse::<u32>() {
            all.push(format!("{}{}{}", &text[..=at], number + 1, &text[at + 1 + digits.len()..]));
        }
    }
    let lines: Vec<&str> = text.lines().collect();
    for left_out in 0..lines.len() {
        let kept = lines.iter().enumerate().filter(|(at, _)| *at != left_out);
        all.push(kept.map(|(_, line)| format!("{line}\n")).collect());
    }
    all
}

/// A plan as it is held, without where it was written.
fn without_places(plan: &Plan) -> String {
    let mut plan = plan.clone();
    // Templates are in the targets that use them.
    plan.templates.clear();
    let text = format!("{plan:?}");
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("Span {") {
        kept.push_str(&rest[..at]);
        rest = rest[at..].split_once('}').map_or("", |(_, rest)| rest);
    }
    kept + rest
}
