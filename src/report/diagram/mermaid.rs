//! As a flowchart of Mermaid (<https://mermaid.js.org/syntax/flowchart.html>).

use std::fmt::Write;

use super::{Diagram, Node, colours};
use crate::forecast::{Outlook, Runbook};
use crate::report::glance::Kind;

/// What Mermaid draws where a page sets nothing else: so many characters, and so many ties
/// (<https://mermaid.js.org/config/schema-docs/config.html>, `maxTextSize` and `maxEdges`).
const DRAWN_MAX: (usize, usize) = (50_000, 500);

/// The steps as a flowchart; of a restore, its longest path is marked.
pub fn mermaid(outlook: &Outlook, runbook: Option<&Runbook>) -> String {
    let diagram = Diagram::of(outlook, runbook);
    let mut text = String::from("flowchart TD\n");
    let is_one = diagram.clusters.len() == 1;
    for (at, cluster) in diagram.clusters.iter().enumerate() {
        if !is_one {
            let _ = writeln!(text, "  subgraph g{at}[\"{}\"]\n    direction TB", escaped(&cluster.heading));
        }
        for node in &cluster.nodes {
            let [first, second] = &node.lines;
            let (open, close) = brackets(node.kind);
            let number = node.id.0 + 1;
            let _ = writeln!(text, "    s{number}{open}\"{}<br/>{}\"{close}", escaped(first), escaped(second));
        }
        text.push_str(if is_one { "" } else { "  end\n" });
    }
    for tie in &diagram.ties {
        let line = if tie.needs_success { "-->" } else { "-.->" };
        let _ = writeln!(text, "  s{} {line} s{}", tie.from.0 + 1, tie.to.0 + 1);
    }
    for kind in Kind::ALL {
        let (fill, edge) = colours(kind);
        let style = format!("fill:{fill},stroke:{edge},color:#1b1f24");
        class(&mut text, &diagram, kind.word(), &style, |node| node.kind == kind);
    }
    class(&mut text, &diagram, "unreached", "fill:#ffffff,stroke-dasharray:8 4", |node| !node.is_reached);
    class(&mut text, &diagram, "longest", "stroke-width:4px", |node| node.is_long);
    let (characters, ties) = DRAWN_MAX;
    let is_too_large = text.chars().count() > characters || diagram.ties.len() > ties;
    let note = if is_too_large { "; more than most pages draw: `--format dot` has no such limit" } else { "" };
    format!("%% {}: {}{note}\n{text}", commented(&diagram.title), diagram.size())
}

/// Nothing in a comment may look like a directive.
fn commented(text: &str) -> String {
    text.replace(['{', '}'], "")
}

fn class(text: &mut String, diagram: &Diagram, name: &str, style: &str, is_one: impl Fn(&Node) -> bool) {
    let of: Vec<String> =
        diagram.nodes().filter(|node| is_one(node)).map(|node| format!("s{}", node.id.0 + 1)).collect();
    if !of.is_empty() {
        let _ = writeln!(text, "  classDef {name} {style}\n  class {} {name}", of.join(","));
    }
}

/// Each kind has a shape of its own.
fn brackets(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Looks => ("([", "])"),
        Kind::Waits => (">", "]"),
        Kind::Adds => ("[", "]"),
        Kind::Runs => ("{{", "}}"),
        Kind::Replaces => ("[/", "/]"),
        Kind::Deletes => ("[\\", "/]"),
    }
}

/// Within quotes: what would end them, or be markup, by its number
/// (<https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters>).
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' | '#' | '<' | '>' | '&' | '`' | ';' | '\\' | '*' | '_' | '%' | '{' | '}' | '@' | '$' => {
                let _ = write!(escaped, "#{};", u32::from(c));
            }
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn no_text_ends_its_quotes_or_is_markup() {
        assert_eq!(escaped("a \"b\" <i>&`#1;"), "a #34;b#34; #60;i#62;#38;#96;#35;1#59;");
    }
}
