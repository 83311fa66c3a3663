//! The tutorial: every command of it is typed, in the order of the page, and what it prints is what the page shows.
//!
//! Three kinds of blocks say what is done: `write FILE` makes a file, `edit FILE` puts the lines with `+` in the place of those with `-`, and in a block of `sh` each line
//! behind `$` is typed. What it prints stands in the block of `text` that follows; `UPDATE_DOCS=1` writes it anew.

use std::path::Path;

use regex::Regex;

use super::generated::is_current;
use super::shell;

const PAGE: &str = "docs/tutorial.md";

/// What differs from one run to the next, as the page shows it.
fn as_shown(text: &str, folder: &str) -> String {
    let mut shown = text.replace(folder, "/home/me/home");
    for (what, so) in [
        (r"\d{8}T\d{6}Z-[0-9a-f]{8}", "20260301T053000Z-6b1f0c2a"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC", "2026-03-01 [run] UTC"),
        // Seconds are told where there are some.
        (r"now, of \d{4}-\d\d-\d\d \d\d:\d\d UTC", "now, of 2026-03-01 [run] UTC"),
        (r"\b\d+\.\ds\b", "0.3s"),
        (r"(\d+[dhms])+ after the last", "24h after the last"),
        (r"\bon \S+, observed", "on my-host, observed"),
        (r"[\d.]+ [KMGTP]iB free", "75.0 GiB free"),
        (r"[\d.]+ (B|KiB)\b", "1.2 KiB"),
        (r"within \d+h", "within 1h"),
        (r"daily/[^/ ]+/", "daily/my-host/"),
        (r"UTC  \S+ +(\d+ files)", "UTC  my-host     $1"),
    ] {
        shown = Regex::new(what).unwrap().replace_all(&shown, so).into_owned();
    }
    let shown = in_march(&shown).replace("[run]", "05:30:00");
    let lines: Vec<&str> = shown.lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}

/// The times of the plan's schedule near today as if today were the first of March; any other time near it is one of a run.
fn in_march(text: &str) -> String {
    let now = jiff::Zoned::now().with_time_zone(jiff::tz::TimeZone::UTC);
    let is_before = now.time() < jiff::civil::time(5, 30, 0, 0);
    let last = if is_before { now.date().yesterday().unwrap() } else { now.date() };
    let time = Regex::new(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d)\b").unwrap();
    let shown = |found: &regex::Captures<'_>| {
        let date: jiff::civil::Date = found[1].parse().unwrap();
        let days = (date - last).get_days();
        match (days.abs() > 60, &found[2]) {
            (true, _) => found[0].to_owned(),
            (_, "05:30") => {
                let shown = jiff::civil::date(2026, 3, 1).checked_add(jiff::Span::new().days(days)).unwrap();
                format!("{shown} 05:30")
            }
            _ => "2026-03-01 05:30".to_owned(),
        }
    };
    time.replace_all(text, shown).into_owned()
}

/// A block of the page: how it begins, and its lines.
struct Block<'a> {
    info: &'a str,
    text: &'a str,
}

/// The page in pieces: text, and blocks in between.
fn pieces(page: &str) -> Vec<(&str, Option<Block<'_>>)> {
    let (mut pieces, mut rest) = (vec![], page);
    while let Some((before, behind)) = rest.split_once("\n```") {
        let (info, behind) = behind.split_once('\n').unwrap();
        let (text, behind) = behind.split_once("```\n").unwrap();
        pieces.push((before, Some(Block { info, text })));
        rest = behind;
    }
    pieces.push((rest, None));
    pieces
}

fn typed(line: &str, folder: &Path) -> String {
    let (status, told) = shell(line, folder);
    assert!([0, 2, 3].contains(&status), "{line}: {status}\n{told}");
    told
}

/// Puts the lines with `+` of a block in the place of those with `-`.
fn edit(file: &Path, block: &str) {
    let lines = |mark: char| -> String {
        block.lines().filter_map(|line| line.strip_prefix(mark)).map(|line| format!("{line}\n")).collect()
    };
    let text = std::fs::read_to_string(file).unwrap();
    // A comment may stand behind what is edited.
    let old = lines('-');
    assert_eq!(text.matches(&old).count(), 1, "{old}{text}");
    std::fs::write(file, text.replace(&old, &lines('+'))).unwrap();
}

#[test]
fn the_tutorial_shows_what_its_commands_print() {
    let page = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE)).unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let folder = temporary.path().join("home");
    std::fs::create_dir(&folder).unwrap();
    let (mut written, mut typed_so_far) = (String::new(), 0);
    for (text, block) in pieces(&page) {
        written.push_str(text);
        let Some(Block { info, text }) = block else { break };
        if info == "text" {
            // It is written anew behind its commands.
            continue;
        }
        written.push_str(&format!("\n```{info}\n{text}```\n"));
        match info.split_once(' ') {
            Some(("write", file)) => {
                std::fs::create_dir_all(folder.join(file).parent().unwrap()).unwrap();
                std::fs::write(folder.join(file), text).unwrap();
            }
            Some(("edit", file)) => edit(&folder.join(file), text),
            _ => {
                let lines: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
                typed_so_far += lines.len();
                let told: String = lines.iter().map(|line| typed(line, &folder)).collect();
                if !told.is_empty() {
                    let told = as_shown(&told, &folder.display().to_string());
                    written.push_str(&format!("\n```text\n{told}```\n"));
                }
            }
        }
    }
    assert!(typed_so_far >= 10, "{typed_so_far}");
    is_current(PAGE, &written);
}
