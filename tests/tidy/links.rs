//! The links of the documentation.

use std::path::Path;

use super::{assert_tidy, home, text, with_extension};

/// The targets of a Markdown text's links, `[…](target)`, outside of code, that are files here.
fn targets(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        // Every second piece is between backticks.
        let prose: String = line.split('`').step_by(2).collect::<Vec<_>>().join("`");
        for (at, open) in prose.match_indices("](") {
            let rest = &prose[at + open.len()..];
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            let path = target.split('#').next().unwrap_or_default().trim_matches(['<', '>']);
            if !path.is_empty() && !path.contains("://") && !path.starts_with("mailto:") {
                found.push(path.to_owned());
            }
        }
    }
    found
}

#[test]
fn every_relative_link_leads_somewhere() {
    let mut complaints = Vec::new();
    for page in with_extension("", "md") {
        let folder = Path::new(&page).parent().unwrap_or(Path::new(""));
        for target in targets(&text(&page)) {
            if !home().join(folder).join(&target).exists() {
                complaints.push(format!("{page}: the link to `{target}` leads nowhere"));
            }
        }
    }
    assert_tidy(complaints);
}

#[test]
fn links_are_found_where_they_are() {
    let text = "[a](docs/a.md#top) and [b](https://b.example/c) `[c](d)`\n```\n[e](f)\n```\n![g](g.svg \"G\") [h](#h)";
    assert_eq!(targets(text), ["docs/a.md", "g.svg"]);
}
