//! Who may import whom.

use super::{Code, assert_tidy, text, with_extension};

/// The table of docs/architecture.md.
const FLOORS: [&[&str]; 16] = [
    &["primitives"],
    &["diagnostic", "ports"],
    &["syntax", "plan"],
    &["calendar", "archive", "seal"],
    &["retention", "catalog", "lower"],
    &["check"],
    &["graph", "timeline"],
    &["prove", "observe", "due"],
    &["diff", "forecast"],
    &["steps"],
    &["run"],
    &["ledger"],
    &["report"],
    &["notify"],
    &["rehearse"],
    &["cli"],
];
/// They stand beside the floors: they import floors 0 and 1, and only `cli` and tests import them; the simulated world, what rehearses in it
/// as well.
const BESIDE: [&str; 2] = ["drivers", "fakes"];
/// Where code waits for the world. Everywhere else it is a function from values to values.
const ASYNC: [&str; 10] =
    ["ports", "observe", "steps", "run", "ledger", "notify", "rehearse", "drivers", "fakes", "cli"];
/// Crates that one folder alone names.
const OWNED: [(&str, &str); 3] = [("kdl", "syntax"), ("petgraph", "graph"), ("rusqlite", "drivers")];

fn floor(folder: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&folder))
}

/// The folder of `src/` that a file is in; a file `src/word.rs` counts as folder `word`.
fn folder(path: &str) -> &str {
    let below = path.strip_prefix("src/").unwrap_or(path);
    below.split_once('/').map_or(below, |(folder, _)| folder).trim_end_matches(".rs")
}

/// The folders that a text imports: what follows each `crate::`, alone or in braces, with its line counted from 0.
fn imports(code: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    for (at, path) in code.match_indices("crate::") {
        let line = code[..at].matches('\n').count();
        let rest = &code[at + path.len()..];
        match rest.strip_prefix('{') {
            None => found.push((line, first_word(rest))),
            Some(group) => found.extend(first_words(group).into_iter().map(|word| (line, word))),
        }
    }
    found.retain(|(_, word)| !word.is_empty());
    found
}

fn first_word(text: &str) -> String {
    text.trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// The first word of each path of a group that was opened: `a::{b, c}, d}` has `a` and `d`.
fn first_words(group: &str) -> Vec<String> {
    let (mut depth, mut words) = (0_i32, vec![first_word(group)]);
    for (at, c) in group.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => words.push(first_word(&group[at + 1..])),
            _ => {}
        }
    }
    words
}

fn may_import(own: &str, other: &str, in_tests: bool) -> bool {
    if own == other || own == "lib" || own == "main" {
        return true;
    }
    if other == "fakes" && in_tests {
        return true;
    }
    if BESIDE.contains(&other) {
        return own == "cli" || (own == "rehearse" && other == "fakes");
    }
    let highest = if BESIDE.contains(&own) { Some(2) } else { floor(own) };
    matches!((highest, floor(other)), (Some(own), Some(other)) if other < own)
}

fn complaints(path: &str, text: &str) -> Vec<String> {
    let own = folder(path);
    let code = Code::of(path, text);
    let mut found = Vec::new();
    if !matches!(own, "lib" | "main") && floor(own).is_none() && !BESIDE.contains(&own) {
        found.push(format!("{path}: `{own}` is in no row of the table of floors"));
    }
    for (line, other) in imports(&code.lines.join("\n")) {
        if !may_import(own, &other, line >= code.tests_from) {
            found.push(format!("{path}:{}: `{own}` may not import `{other}`", line + 1));
        }
    }
    for (number, line) in code.lines.iter().enumerate() {
        let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        let waits = words.contains(&"async") || words.contains(&"await");
        if waits && number < code.tests_from && !ASYNC.contains(&own) && own != "main" {
            found.push(format!("{path}:{}: `{own}` waits for nobody: no async code here", number + 1));
        }
        for (owned, owner) in OWNED {
            let names = line.contains(&format!("{owned}::")) && words.contains(&owned);
            let is_own_path = line.contains(&format!("::{owned}::"));
            if names && !is_own_path && own != owner {
                found.push(format!("{path}:{}: only `{owner}` names `{owned}`", number + 1));
            }
        }
    }
    found
}

#[test]
fn a_module_imports_only_floors_below_its_own() {
    assert_tidy(with_extension("src", "rs").iter().flat_map(|path| complaints(path, &text(path))).collect());
}

#[test]
fn breaking_a_floor_is_noticed() {
    let noticed = [
        ("src/plan/mod.rs", "use crate::graph::Graph;"),
        ("src/plan/mod.rs", "fn f() -> crate::syntax::Document {}"),
        ("src/plan/mod.rs", "use crate::{primitives::{Name, Span}, check};"),
        ("src/plan/mod.rs", "pub(in crate::steps) use x;"),
        ("src/steps/a.rs", "use crate::drivers::Disk;"),
        ("src/steps/a.rs", "use crate::fakes::World;"),
        ("src/steps/a.rs", "#[cfg(test)]\nmod tests { use crate::drivers::Disk; }"),
        ("src/steps/a.rs", "#[cfg(test)]\nmod tests;\nuse crate::fakes::World;"),
        ("src/drivers/disk/mod.rs", "use crate::plan::Plan;"),
        ("src/fakes/world.rs", "use crate::drivers::Disk;"),
        ("src/rehearse/life.rs", "use crate::drivers::Disk;"),
        ("src/helpers/mod.rs", ""),
        ("src/graph/mod.rs", "async fn f() {}"),
        ("src/graph/mod.rs", "x.await"),
        ("src/lower/mod.rs", "use kdl::KdlNode;"),
        ("src/lower/mod.rs", "fn f(n: &kdl::KdlNode) {}"),
        ("src/check/mod.rs", "use petgraph::Graph;"),
        ("src/ledger/mod.rs", "use rusqlite::Connection;"),
    ];
    for (path, text) in noticed {
        assert_eq!(complaints(path, text).len(), 1, "{path}: {text}");
    }
    let fine = [
        ("src/lib.rs", "pub mod plan;"),
        ("src/plan/mod.rs", "use crate::{primitives::Name, plan::Store}; // crate::graph"),
        ("src/plan/mod.rs", "let text = \"crate::graph and async\";"),
        ("src/steps/a.rs", "async fn f() { crate::ports::x().await }"),
        ("src/steps/a.rs", "#[cfg(test)]\nmod tests { use crate::fakes::World; }"),
        ("src/steps/tests.rs", "use crate::fakes::World;"),
        ("src/cli/run.rs", "use crate::{drivers::Disk, report};"),
        ("src/rehearse/life.rs", "use crate::fakes::World;"),
        ("src/drivers/disk/mod.rs", "use crate::ports::Fault; use crate::drivers::beneath;"),
        ("src/syntax/mod.rs", "use kdl::KdlDocument;"),
        ("src/graph/mod.rs", "use petgraph::Graph;\n#[cfg(test)]\nmod tests { async fn t() {} }"),
    ];
    for (path, text) in fine {
        assert_eq!(complaints(path, text), [""; 0], "{path}: {text}");
    }
}
