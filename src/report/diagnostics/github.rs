//! Diagnostics as GitHub's workflow commands, which show each beside its line of a pull request
//! (<https://docs.github.com/actions/using-workflows/workflow-commands-for-github-actions>).

use super::lines::Index;
use super::{WRITTEN_MAX, below};
use crate::diagnostic::{Diagnostic, Severity, Sources};

/// The diagnostics, one command a line, in the order given. Names of files below the folder `here` are written relative to it. Lines and
/// columns count from 1, columns in characters, of which a byte order mark is none; the end column is the one behind the last character.
/// Beyond the first thousand, a notice counts the rest.
pub fn github(found: &[Diagnostic], sources: &Sources, here: &str) -> String {
    let mut lines = Index::default();
    let mut text: String =
        found.iter().take(WRITTEN_MAX).map(|found| command(found, sources, &mut lines, here)).collect();
    if found.len() > WRITTEN_MAX {
        text.push_str(&format!("::notice::{} more findings are left out\n", found.len() - WRITTEN_MAX));
    }
    text
}

fn command(found: &Diagnostic, sources: &Sources, lines: &mut Index, here: &str) -> String {
    let span = found.span();
    let mut at = |byte: u32| lines.position(sources, span.file, byte);
    let ((line, column), (end_line, end_column)) = (at(span.start), at(span.end));
    let word = match found.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "notice",
    };
    let file = property(below(&sources.get(span.file).name, here));
    // Columns are for one line alone: an annotation of several has none
    // (https://docs.github.com/rest/checks/runs#update-a-check-run).
    let columns = if line == end_line { format!(",col={column},endColumn={end_column}") } else { String::new() };
    let title = property(found.code.name);
    let message = data(&format!("{}\nhelp: {}", found.message, found.help));
    format!("::{word} file={file},line={line},endLine={end_line}{columns},title={title}::{message}\n")
}

/// As the toolkit escapes what stands behind the second `::` (`escapeData` in
/// <https://github.com/actions/toolkit/blob/main/packages/core/src/command.ts>).
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// As it escapes the value of a property (`escapeProperty`).
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::codes;
    use crate::primitives::{FileId, Span};

    #[test]
    fn what_would_end_a_command_or_a_property_is_escaped() {
        assert_eq!(data("50%: a, b\r\nc"), "50%25: a, b%0D%0Ac");
        assert_eq!(property("50%: a, b\r\nc"), "50%25%3A a%2C b%0D%0Ac");
    }

    #[test]
    fn a_byte_order_mark_is_no_column() {
        let mut sources = Sources::default();
        let file = sources.add("plan.kdl", "\u{feff}é x\n\u{feff}y");
        let found = |start, end| Diagnostic::new(&codes::plan::UNUSED, "x", Span::new(file, start, end), "here", "y");
        let told = github(&[found(6, 7), found(0, 3), found(11, 12)], &sources, "/");
        let columns: Vec<&str> =
            told.lines().filter_map(|line| line.split(',').find(|part| part.starts_with("col="))).collect();
        assert_eq!(columns, ["col=3", "col=1", "col=2"], "{told}");
    }

    #[test]
    fn an_annotation_of_several_lines_has_no_columns() {
        let mut sources = Sources::default();
        let file = sources.add("/repo/a,b.kdl", "é \"x\ny\" {");
        let found = |start, end| {
            let span = Span::new(FileId(file.0), start, end);
            Diagnostic::new(&codes::plan::UNUSED, "50% idle", span, "here", "remove it")
        };
        let told = github(&[found(3, 5), found(3, 8)], &sources, "/repo");
        let rest = "title=sonae%3A%3Awaiver%3A%3Aunused::50%25 idle%0Ahelp: remove it\n";
        let one = format!("::warning file=a%2Cb.kdl,line=1,endLine=1,col=3,endColumn=5,{rest}");
        let many = format!("::warning file=a%2Cb.kdl,line=1,endLine=2,{rest}");
        assert_eq!(told, format!("{one}{many}"));
    }
}
