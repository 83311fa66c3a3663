//! Diagnostics as SARIF 2.1.0 (<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>), which code scanning reads.
//!
//! One log with one run for all plans of a call. Lines and columns count from 1; columns count characters (`columnKind`, §3.14.17), the
//! end column is the one behind the last character (§3.30.8), and a byte order mark is no character (§3.30).

use std::fmt::Write;

use serde_json::{Value, json};

use super::WRITTEN_MAX;
use super::lines::Index;
use crate::check::Waived;
use crate::diagnostic::{Code, Diagnostic, Label, Severity, Sources, codes};

/// One SARIF log of plans: what was found in each, what its waivers set aside, and the texts that both point into. Names of files below
/// the folder `here` are written relative to it. Beyond the first thousand findings of a plan, a notification counts the rest.
pub fn sarif<'a>(plans: impl IntoIterator<Item = (&'a [Diagnostic], &'a [Waived], &'a Sources)>, here: &str) -> Value {
    let (mut results, mut omitted) = (vec![], 0);
    for (found, waived, sources) in plans {
        let standing = found.iter().map(|found| (found, None));
        let aside = waived.iter().map(|waived| (&waived.found, Some(&*waived.reason)));
        let mut text = Text { sources, lines: Index::default(), here };
        results.extend(standing.chain(aside).take(WRITTEN_MAX).map(|(found, waived)| result(found, waived, &mut text)));
        omitted += (found.len() + waived.len()).saturating_sub(WRITTEN_MAX);
    }
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "sonae",
                "version": env!("CARGO_PKG_VERSION"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": codes::all().map(rule).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": left_out(omitted) }],
            "results": results,
        }],
    })
}

/// What the findings of a plan point into.
struct Text<'a> {
    sources: &'a Sources,
    lines: Index,
    here: &'a str,
}

fn left_out(omitted: usize) -> Vec<Value> {
    let text = format!("{omitted} more findings are left out; correct those that are here and check again");
    let notification = json!({ "level": "warning", "message": { "text": text } });
    if omitted == 0 { vec![] } else { vec![notification] }
}

fn rule(code: &'static Code) -> Value {
    // What stands behind the language of an example is for the test that compiles it.
    let page = code.page.lines().map(|line| if line.starts_with("```kdl") { "```kdl" } else { line });
    let page = page.collect::<Vec<_>>().join("\n");
    let first = page.split("\n\n").next().unwrap_or_default().replace('\n', " ");
    json!({
        "id": code.name,
        "shortDescription": { "text": code.title },
        "fullDescription": { "text": first },
        "help": { "text": page, "markdown": page },
        "defaultConfiguration": { "level": level(code.severity) },
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Advice => "note",
    }
}

/// A finding; `waived` is why it is set aside, which is said in the plan itself ("inSource", §3.35).
fn result(found: &Diagnostic, waived: Option<&str>, text: &mut Text<'_>) -> Value {
    let mut place = |label: &Label| location(label, text);
    let related: Vec<Value> = found.labels.iter().skip(1).map(&mut place).collect();
    let mut result = json!({
        "ruleId": found.code.name,
        "ruleIndex": codes::all().position(|code| code == found.code),
        "level": level(found.severity),
        "message": { "text": format!("{}; {}", found.message, found.help) },
        "locations": found.labels.iter().take(1).map(place).collect::<Vec<_>>(),
        // None of them, said: other tools then know that suppressions are told at all (§3.27.23).
        "suppressions": waived.iter().map(|reason| suppression(reason)).collect::<Vec<_>>(),
    });
    if !related.is_empty() {
        result["relatedLocations"] = json!(related);
    }
    result
}

fn suppression(reason: &str) -> Value {
    json!({ "kind": "inSource", "status": "accepted", "justification": reason })
}

fn location(label: &Label, text: &mut Text<'_>) -> Value {
    let Text { sources, lines, here } = text;
    let file = label.span.file;
    let mut at = |byte: u32| lines.position(sources, file, byte);
    let ((start_line, start_column), (end_line, end_column)) = (at(label.span.start), at(label.span.end));
    json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&sources.get(file).name, here) },
            "region": {
                "startLine": start_line, "startColumn": start_column, "endLine": end_line, "endColumn": end_column,
            },
        },
        "message": { "text": label.text },
    })
}

/// A file's name as a URI (RFC 3986): relative to `here` where it is below, else absolute where it was given so.
fn uri(name: &str, here: &str) -> String {
    let name = super::below(name, here);
    let mut uri = if name.starts_with('/') { "file://".to_owned() } else { String::new() };
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            byte => drop(write!(uri, "%{byte:02X}")),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_relative_uris_where_they_can_be() {
        for (name, expected) in [
            ("plan.kdl", "plan.kdl"),
            ("./plans/a b.kdl", "plans/a%20b.kdl"),
            ("/repo/plans/50%:c.kdl", "plans/50%25%3Ac.kdl"),
            ("../写.kdl", "../%E5%86%99.kdl"),
            ("/etc/sonae/plan.kdl", "file:///etc/sonae/plan.kdl"),
            ("/repository/plan.kdl", "file:///repository/plan.kdl"),
        ] {
            assert_eq!(uri(name, "/repo"), expected, "{name}");
        }
        assert_eq!(uri("/etc/plan.kdl", "/"), "etc/plan.kdl");
    }
}
