//! Two texts, line by line, as `diff -u` shows them.
//!
//! Invariant: what is found takes little more than linear time. Where the least difference would take long to find, as in a long
//! text of which every line is new, another one is shown.

use std::fmt::Write;
use std::ops::Range;

use imara_diff::{Algorithm, Diff, Hunk, InternedInput, Token};

/// How many lines that are the same are shown around what differs.
const CONTEXT_LINES: u32 = 3;

/// A unified diff (<https://www.gnu.org/software/diffutils/manual/html_node/Detailed-Unified.html>), empty where the texts are the same.
/// Control characters, which a terminal would obey, are written as escapes.
pub fn changes((old_name, old): (&str, &str), (new_name, new): (&str, &str)) -> String {
    let lines = InternedInput::new(old, new);
    let mut diff = Diff::compute(Algorithm::Histogram, &lines);
    diff.postprocess_lines(&lines);
    let (mut shown, mut together) = (String::new(), vec![]);
    let mut hunks = diff.hunks().peekable();
    while let Some(hunk) = hunks.next() {
        let end = hunk.before.end;
        together.push(hunk);
        if hunks.peek().is_none_or(|next| next.before.start - end > 2 * CONTEXT_LINES) {
            write_hunk(&lines, &together, &mut shown);
            together.clear();
        }
    }
    if shown.is_empty() { shown } else { format!("--- {}\n+++ {}\n{shown}", harmless(old_name), harmless(new_name)) }
}

/// Changes so near to each other that the lines between them are all shown.
fn write_hunk(lines: &InternedInput<&str>, changes: &[Hunk], shown: &mut String) {
    let (Some(first), Some(last)) = (changes.first(), changes.last()) else { return };
    let above = first.before.start.min(CONTEXT_LINES);
    let below = (length(&lines.before) - last.before.end).min(CONTEXT_LINES);
    let old = first.before.start - above..last.before.end + below;
    let new = first.after.start - above..last.after.end + below;
    let _ = writeln!(shown, "@@ -{} +{} @@", place(&old), place(&new));
    let mut at = old.start;
    for change in changes {
        write_lines(lines, ' ', &lines.before, at..change.before.start, shown);
        write_lines(lines, '-', &lines.before, change.before.clone(), shown);
        write_lines(lines, '+', &lines.after, change.after.clone(), shown);
        at = change.before.end;
    }
    write_lines(lines, ' ', &lines.before, at..old.end, shown);
}

fn length(lines: &[Token]) -> u32 {
    u32::try_from(lines.len()).unwrap_or(u32::MAX)
}

/// `3,4`: from which line on, from 1, and how many; one line is not counted, and of none the one before is named.
fn place(lines: &Range<u32>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        many => format!("{},{many}", lines.start + 1),
    }
}

fn write_lines(lines: &InternedInput<&str>, mark: char, of: &[Token], range: Range<u32>, shown: &mut String) {
    for token in of.get(range.start as usize..range.end as usize).unwrap_or_default() {
        let line = lines.interner[*token];
        shown.push(mark);
        shown.push_str(&harmless(line.strip_suffix('\n').unwrap_or(line)));
        shown.push_str(if line.ends_with('\n') { "\n" } else { "\n\\ No newline at end of file\n" });
    }
}

fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() && c != '\t' { shown.extend(c.escape_default()) } else { shown.push(c) }
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

    #[test]
    fn changes_that_are_near_are_shown_together_and_others_apart() {
        let line = |n: u32, new: &[u32]| if new.contains(&n) { "new\n".into() } else { format!("{n}\n") };
        let text = |new: &[u32]| (0..30).map(|n| line(n, new)).collect::<String>();
        let shown = changes(("a", &text(&[])), ("b", &text(&[0, 7, 15, 29])));
        let places: Vec<&str> = shown.lines().filter(|line| line.starts_with("@@")).collect();
        assert_eq!(places, ["@@ -1,11 +1,11 @@", "@@ -13,7 +13,7 @@", "@@ -27,4 +27,4 @@"]);
        assert_eq!(changes(("a", ""), ("b", "x\n")), "--- a\n+++ b\n@@ -0,0 +1 @@\n+x\n");
        assert_eq!(
            changes(("a", "1\n2\n3\n4\nx\n"), ("b", "1\n2\n3\n4\n")),
            "--- a\n+++ b\n@@ -2,4 +2,3 @@\n 2\n 3\n 4\n-x\n"
        );
    }

    #[test]
    fn texts_that_have_all_lines_in_common_and_none_in_its_place_are_soon_compared() {
        // To find the least difference of these takes some 10^10 steps.
        let lines: Vec<String> = (0..100_000_u64).map(|n| format!("{}\n", n * 314_159 % 500_009 % 1_000)).collect();
        let turned: String = lines.iter().rev().map(String::as_str).collect();
        let shown = changes(("a", &lines.concat()), ("b", &turned));
        let counted = |mark| shown.lines().skip(2).filter(|line| line.starts_with(mark)).count();
        assert_eq!(counted('-'), counted('+'));
        assert!(counted('-') > 20_000);
    }
}
