//! Two texts, line by line, as `diff -u` shows them.

use similar::TextDiff;

/// How many lines that are the same are shown around what differs.
const CONTEXT_LINES: usize = 3;

/// A unified diff (<https://www.gnu.org/software/diffutils/manual/html_node/Detailed-Unified.html>), empty where the texts are the same.
/// Control characters, which a terminal would obey, are written as escapes.
pub fn changes((old_name, old): (&str, &str), (new_name, new): (&str, &str)) -> String {
    let diff = TextDiff::from_lines(old, new);
    let unified = diff.unified_diff().context_radius(CONTEXT_LINES).header(old_name, new_name).to_string();
    let mut shown = String::with_capacity(unified.len());
    for c in unified.chars() {
        if c.is_control() && !matches!(c, '\n' | '\t') { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::changes;

    #[test]
    fn only_what_differs_is_shown() {
        assert_eq!(changes(("a", "x\ny\n"), ("b", "x\ny\n")), "");
        let shown = changes(("a", "1\n2\n3\n4\n5\n\u{1b}[2J"), ("b", "1\n2\n3\n4\n5\nsix\n"));
        let end = "-\\u{1b}[2J\n\\ No newline at end of file\n+six\n";
        assert_eq!(shown, format!("--- a\n+++ b\n@@ -3,4 +3,4 @@\n 3\n 4\n 5\n{end}"));
    }
}
