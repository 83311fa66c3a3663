//! Words that have no place here, and the shape of files.

use super::{Code, assert_tidy, files, is_test_file, text, with_extension};

/// The longest file of `src/`, in lines.
const LINES_MAX: usize = 600;

/// In no text at all. Written in two halves, as this file is a text as well.
const NOWHERE: [(&str, &str); 3] = [("TO", "DO"), ("FIX", "ME"), ("XX", "X")];
/// In no code but tests: they end the process.
const NOT_IN_SOURCE: [&str; 5] = [".unwrap()", "todo!", "unimplemented!", "dbg!", "#[allow("];

/// Whether a file is text that people write here: by its name, as what it holds may be anything.
fn is_text(path: &str) -> bool {
    let known = [".rs", ".md", ".toml", ".kdl", ".sh", ".yml", ".yaml", ".json", ".snap", ".txt", ".html"];
    known.iter().any(|end| path.ends_with(end)) || path.starts_with(".ci/")
}

fn banned_anywhere(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let words: Vec<&str> = line.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        for (first, second) in NOWHERE {
            let word = format!("{first}{second}");
            if words.contains(&word.as_str()) {
                found.push(format!("{path}:{}: `{word}`", number + 1));
            }
        }
    }
    found
}

fn banned_in_source(path: &str, text: &str) -> Vec<String> {
    let code = Code::of(path, text);
    let mut found = Vec::new();
    for (number, line) in code.lines.iter().enumerate().take(code.tests_from) {
        for word in NOT_IN_SOURCE {
            if line.contains(word) {
                found.push(format!("{path}:{}: `{word}`", number + 1));
            }
        }
    }
    found
}

fn misshapen(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    if !text.starts_with("//!") {
        found.push(format!("{path}: it does not say what it is: `//!` comes first"));
    }
    let lines = text.lines().count();
    if lines >= LINES_MAX && !is_test_file(path) {
        found.push(format!("{path}: {lines} lines are more than one reason to change"));
    }
    found
}

#[test]
fn nothing_is_left_for_later() {
    let texts = files("").into_iter().filter(|path| is_text(path));
    assert_tidy(texts.flat_map(|path| banned_anywhere(&path, &text(&path))).collect());
}

#[test]
fn source_does_not_end_the_process() {
    assert_tidy(with_extension("src", "rs").iter().flat_map(|path| banned_in_source(path, &text(path))).collect());
}

#[test]
fn every_file_says_what_it_is_and_fits_a_mind() {
    let shape = ["src", "tests", "benches"].into_iter().flat_map(|folder| with_extension(folder, "rs"));
    assert_tidy(shape.flat_map(|path| misshapen(&path, &text(&path))).collect());
}

#[test]
fn banned_words_are_noticed() {
    for (first, second) in NOWHERE {
        assert_eq!(banned_anywhere("docs/a.md", &format!("x\n({first}{second}: y)")).len(), 1);
    }
    assert_eq!(banned_anywhere("docs/a.md", "todo, METHODOLOGY"), [""; 0]);
    for word in NOT_IN_SOURCE {
        let line = format!("x{word}");
        assert_eq!(banned_in_source("src/a.rs", &line).len(), 1, "{line}");
        assert_eq!(banned_in_source("src/a.rs", &format!("// {line}\n\"{line}\"")), [""; 0]);
        assert_eq!(banned_in_source("src/a.rs", &format!("#[cfg(test)]\nmod tests {{ {line} }}")), [""; 0]);
        assert_eq!(banned_in_source("src/a/tests.rs", &line), [""; 0]);
    }
    assert_eq!(misshapen("src/a.rs", "use x;").len(), 1);
    assert_eq!(misshapen("src/a.rs", &format!("//! A.\n{}", "\n".repeat(LINES_MAX))).len(), 1);
    assert_eq!(misshapen("src/a.rs", "//! A.\n"), [""; 0]);
}
