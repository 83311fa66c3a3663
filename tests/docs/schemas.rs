//! The JSON schemas in `schema/` are those of what is printed, and what is printed holds to them.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::OnceLock;

use jsonschema::Validator;
use serde_json::{Value, json};

use super::generated::{is_current, written};

fn validators() -> &'static BTreeMap<&'static str, Validator> {
    static ALL: OnceLock<BTreeMap<&str, Validator>> = OnceLock::new();
    let of =
        |(file, schema)| (file, jsonschema::draft202012::new(&schema).unwrap_or_else(|why| panic!("{file}: {why}")));
    ALL.get_or_init(|| sonae::cli::schemas().into_iter().map(of).collect())
}

/// What is wrong with a document by a schema; nothing where it holds to it.
pub(crate) fn complaints(file: &str, document: &Value) -> Vec<String> {
    let told = |error: jsonschema::ValidationError<'_>| format!("{}: {error}", error.instance_path());
    validators()[file].iter_errors(document).map(told).collect()
}

/// Refuses a document that does not hold to a schema.
pub(crate) fn holds(file: &str, document: &Value) {
    let complaints = complaints(file, document);
    assert!(complaints.is_empty(), "by {file}:\n{}\n{document:#}", complaints.join("\n"));
}

/// The schema of what a command line prints; none where that is no JSON of ours.
pub(crate) fn schema_of(words: &[String]) -> Option<&'static str> {
    let says = |word: &str| words.iter().any(|said| said == word);
    if !words.windows(2).any(|pair| pair == ["--format", "json"]) {
        return None;
    }
    Some(match (words[0].as_str(), says("--dry-run")) {
        ("check", _) => "check.schema.json",
        ("run", true) if says("--due") => "due-dry-run.schema.json",
        ("run", false) if says("--due") => "due.schema.json",
        ("run" | "restore" | "roll-back" | "verify" | "drill" | "announce", true) => "dry-run.schema.json",
        ("run" | "restore" | "roll-back", false) => "outcome.schema.json",
        ("points", _) if says("--deleted") => "points-deleted.schema.json",
        ("points", _) => "points.schema.json",
        ("unlock", _) => "leases.schema.json",
        ("status", _) => "status.schema.json",
        ("timeline", _) if says("--compare") => "timeline-compare.schema.json",
        ("timeline", _) => "timeline.schema.json",
        ("diff", _) => "diff.schema.json",
        ("history", _) if says("show") => "history-show.schema.json",
        ("history", _) => "history.schema.json",
        ("rehearse", _) if says("--seed") => "rehearse-seed.schema.json",
        ("rehearse", _) => "rehearse.schema.json",
        (other, _) => panic!("`{other}` prints JSON that has no schema"),
    })
}

#[test]
fn the_schemas_are_current() {
    let meta = |file: &str| json!(format!("https://json-schema.org/draft/2020-12/{file}"));
    let operating = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operating.md")).unwrap();
    let mut files = vec!["plan.schema.kdl".to_owned()];
    for (file, schema) in sonae::cli::schemas() {
        assert_eq!((&schema["$schema"], &schema["$id"]), (&meta("schema"), &json!(file)));
        assert_eq!(schema["properties"]["format_version"]["const"], json!(1), "{file}");
        for word in ["title", "description"] {
            assert!(schema[word].is_string(), "{file} has no {word}");
        }
        jsonschema::draft202012::meta::validate(&schema).unwrap_or_else(|why| panic!("{file}: {why}"));
        is_current(&format!("schema/{file}"), &format!("{schema:#}\n"));
        assert!(operating.contains(&format!("[{file}](../schema/{file})")), "docs/operating.md does not name {file}");
        files.push(file.to_owned());
    }
    files.sort();
    assert_eq!(written("schema"), files, "a schema of what is printed no longer is to be removed");
}

/// Every object of a document, by its pointer.
fn objects(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            found.push(at.to_owned());
            fields.iter().for_each(|(name, value)| {
                objects(value, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            });
        }
        Value::Array(values) => {
            values.iter().enumerate().for_each(|(index, value)| objects(value, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

/// A document holds; with a field too many in any of its objects, without its version or with another, it does not.
pub(crate) fn holds_and_nothing_else(file: &str, document: &Value) {
    holds(file, document);
    let mut all = vec![];
    objects(document, "", &mut all);
    assert!(!all.is_empty(), "{file}: {document}");
    for at in all {
        let mut wrong = document.clone();
        let object = wrong.pointer_mut(&at).and_then(Value::as_object_mut).unwrap();
        object.insert("surprise".to_owned(), json!([null, {}]));
        assert!(!complaints(file, &wrong).is_empty(), "{file}: a field too many at `{at}` is not noticed");
    }
    let mut wrong = document.clone();
    wrong["format_version"] = json!(2);
    assert!(!complaints(file, &wrong).is_empty(), "{file}: another version is not noticed");
    wrong.as_object_mut().unwrap().remove("format_version");
    assert!(!complaints(file, &wrong).is_empty(), "{file}: no version is not noticed");
}
