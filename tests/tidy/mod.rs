//! The house rules that no compiler holds: floors, forgotten files, banned words, links of the documentation.
//!
//! Each rule is a function from texts to complaints, and is shown here to complain.

mod floors;
mod forgotten;
mod links;
mod words;

use std::path::{Path, PathBuf};

/// The package's folder.
fn home() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder of the package, by their path in it, ordered; none where there is no such folder. What git or
/// cargo own is left out.
fn files(folder: &str) -> Vec<String> {
    let mut left = vec![home().join(folder)];
    let mut found = Vec::new();
    while let Some(path) = left.pop() {
        let Ok(entries) = std::fs::read_dir(&path) else { continue };
        for entry in entries {
            let entry = entry.unwrap();
            let name = entry.file_name();
            if name == ".git" || name == "target" {
                continue;
            }
            if entry.file_type().unwrap().is_dir() { left.push(entry.path()) } else { found.push(entry.path()) }
        }
    }
    let inside = |path: &PathBuf| path.strip_prefix(home()).unwrap().to_str().map(str::to_owned);
    let mut names: Vec<String> = found.iter().filter_map(inside).collect();
    names.sort();
    names
}

fn with_extension(folder: &str, extension: &str) -> Vec<String> {
    files(folder).into_iter().filter(|path| Path::new(path).extension().is_some_and(|is| is == extension)).collect()
}

fn text(path: &str) -> String {
    let bytes = std::fs::read(home().join(path)).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Fails with every complaint at once.
fn assert_tidy(complaints: Vec<String>) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// A file that holds tests alone.
fn is_test_file(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// A Rust text without comments and without what is in quotes, line for line; and from which line on it is test code
/// (a `#[cfg(test)]` module with a body is a file's last item; one without is `tests.rs`).
struct Code {
    lines: Vec<String>,
    tests_from: usize,
}

impl Code {
    fn of(path: &str, text: &str) -> Self {
        let lines: Vec<String> = blanked(text).lines().map(str::to_owned).collect();
        let opens =
            |pair: &[String]| pair[0].trim() == "#[cfg(test)]" && pair[1].starts_with("mod ") && pair[1].contains('{');
        let marker = lines.windows(2).position(opens).unwrap_or(lines.len());
        let tests_from = if is_test_file(path) { 0 } else { marker };
        Self { lines, tests_from }
    }
}

/// The text with comments and the insides of string and character literals turned to blanks.
fn blanked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = literal_or_comment(rest);
        if length == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            out.extend(rest[..length].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
    }
    out
}

/// How long the literal or comment is that begins here; 0 where none does.
fn literal_or_comment(rest: &str) -> usize {
    let until = |end: &str, from: usize| rest[from..].find(end).map_or(rest.len(), |at| from + at + end.len());
    if rest.starts_with("//") {
        return rest.find('\n').unwrap_or(rest.len());
    }
    if rest.starts_with("/*") {
        return until("*/", 2);
    }
    if let Some(raw) = rest.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            return until(&format!("\"{}", "#".repeat(hashes)), hashes + 2);
        }
    }
    if rest.starts_with('"') {
        return quoted(rest, '"');
    }
    // A character, and no lifetime: it ends after one character or an escape.
    let mut chars = rest.chars();
    match (chars.next(), chars.next(), chars.next()) {
        (Some('\''), Some('\\'), _) => quoted(rest, '\''),
        (Some('\''), Some(inside), Some('\'')) => 2 + inside.len_utf8(),
        _ => 0,
    }
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

#[test]
fn literals_and_comments_are_blanked_and_code_is_not() {
    let text = "let a = \"crate::x \\\" y\"; // crate::z\nlet b: &'a str = r#\"q\"q\"#; '\"'; '\\''; c /* d\ne */ f";
    let code: String = blanked(text).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(code, "let a = ; let b: &'a str = ; ; ; c f");
    assert_eq!(blanked(text).lines().count(), text.lines().count());
}
