//! The tables of exit statuses say what the program says.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

fn page(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

/// Each status of the type with what its documentation begins with: `Well = 0` is "All well".
fn documented() -> BTreeMap<u8, String> {
    let source = page("src/run/exit.rs");
    let mut last = "";
    let mut found = BTreeMap::new();
    for line in source.lines().map(str::trim) {
        if let Some(doc) = line.strip_prefix("/// ") {
            last = doc;
        } else if let Some((_, number)) = line.trim_end_matches(',').split_once(" = ")
            && let Ok(number) = number.parse()
        {
            found.insert(number, last.split(['.', '(']).next().unwrap().trim().to_owned());
        }
    }
    found
}

/// The rows of a page's table: `| 4 | Some steps failed. |`.
fn rows(page: &str) -> BTreeMap<u8, String> {
    let row = |line: &str| {
        let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
        Some((cells.next()?.parse().ok()?, cells.next()?.to_owned()))
    };
    page.lines().filter_map(row).collect()
}

/// The statuses that `--help` lists.
fn in_help() -> Vec<u8> {
    let help = Command::new(env!("CARGO_BIN_EXE_sonae")).arg("--help").output().unwrap();
    let text = String::from_utf8(help.stdout).unwrap();
    let (_, list) = text.split_once("Exit status").unwrap();
    list.lines().filter_map(|line| line.split_whitespace().next()?.parse().ok()).collect()
}

#[test]
fn the_tables_of_exit_statuses_say_what_the_program_says() {
    let documented = documented();
    for (path, is_english) in [("README.md", true), ("docs/operating.md", true), ("README.ja.md", false)] {
        let rows = rows(&page(path));
        assert_eq!(rows.keys().copied().collect::<Vec<_>>(), in_help(), "{path}");
        for (number, meaning) in rows {
            let says = &documented[&number];
            assert!(!is_english || meaning.contains(says.as_str()), "{path}: {number} is {says:?}, not {meaning:?}");
        }
    }
}
