//! As DOT of Graphviz (<https://graphviz.org/doc/info/lang.html>).

use std::fmt::Write;

use super::{Diagram, colours};
use crate::forecast::{Outlook, Runbook};
use crate::report::glance::Kind;

/// The steps as a directed graph; of a restore, its longest path is marked.
pub fn dot(outlook: &Outlook, runbook: Option<&Runbook>) -> String {
    let diagram = Diagram::of(outlook, runbook);
    let mut text = format!("// {}\ndigraph {} {{\n", diagram.size(), quoted(&diagram.title));
    text.push_str("  graph [compound=true, fontname=\"sans-serif\"];\n");
    text.push_str("  node [style=filled, fontname=\"sans-serif\", fontsize=11, fontcolor=\"#1b1f24\"];\n");
    for (at, cluster) in diagram.clusters.iter().enumerate() {
        let _ = writeln!(text, "  subgraph cluster_{at} {{\n    label={};", quoted(&cluster.heading));
        for node in &cluster.nodes {
            let (fill, edge) = colours(node.kind);
            let style = if node.is_reached { "filled" } else { "filled,dashed" };
            let wide = if node.is_long { ", penwidth=4" } else { "" };
            let _ = writeln!(
                text,
                "    {} [label={}, shape={}, style=\"{style}\", fillcolor=\"{fill}\", color=\"{edge}\"{wide}];",
                node.id.0 + 1,
                quoted(&node.lines.join("\n")),
                shape(node.kind)
            );
        }
        text.push_str("  }\n");
    }
    for tie in &diagram.ties {
        let style = if tie.needs_success { "" } else { " [style=dashed]" };
        let _ = writeln!(text, "  {} -> {}{style};", tie.from.0 + 1, tie.to.0 + 1);
    }
    text.push_str("}\n");
    text
}

/// Each kind has a shape of its own.
fn shape(kind: Kind) -> &'static str {
    match kind {
        Kind::Looks => "ellipse",
        Kind::Waits => "note",
        Kind::Adds => "box",
        Kind::Runs => "hexagon",
        Kind::Replaces => "parallelogram",
        Kind::Deletes => "octagon",
    }
}

/// A quoted identifier. A backslash begins an escape of a label, and an ampersand a character's name
/// (<https://graphviz.org/docs/attr-types/escString/>).
fn quoted(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('"', "\\\"").replace('&', "&amp;").replace('\n', "\\n");
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn no_text_ends_its_quotes_or_is_an_escape() {
        assert_eq!(quoted("a \"b\" \\N &lt;\nc"), r#""a \"b\" \\N &amp;lt;\nc""#);
    }
}
