//! The JSON schemas (2020-12) of all that the command line prints as JSON, made from the types that are printed.
//!
//! Unaware of what is in a document; SARIF has a schema of its own, which is not ours. Invariant: an object that is described by its
//! properties has no others, so that a field which is printed and not described is noticed.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::{check, due, history, rehearse, status, timeline};
use crate::report::diff::DiffReport;
use crate::report::hidden::HiddenReport;
use crate::report::lease::LeasesReport;
use crate::report::points::PointsReport;
use crate::report::runbook::DryRun;
use crate::run::Outcome;

/// The schemas, each with the name of its file.
pub fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        of::<check::Checked<'_>>("check.schema.json"),
        of::<DiffReport<'_>>("diff.schema.json"),
        of::<DryRun<'_>>("dry-run.schema.json"),
        of::<due::Foretold<'_>>("due-dry-run.schema.json"),
        of::<due::Report<'_>>("due.schema.json"),
        of::<history::Run<'_>>("history-show.schema.json"),
        of::<history::Runs<'_>>("history.schema.json"),
        of::<LeasesReport<'_>>("leases.schema.json"),
        of::<Outcome>("outcome.schema.json"),
        of::<HiddenReport<'_>>("points-deleted.schema.json"),
        of::<PointsReport<'_>>("points.schema.json"),
        of::<rehearse::Lived<'_>>("rehearse-seed.schema.json"),
        of::<rehearse::Rehearsed<'_>>("rehearse.schema.json"),
        of::<status::Jobs<'_>>("status.schema.json"),
        of::<timeline::Compared>("timeline-compare.schema.json"),
        of::<timeline::Shown>("timeline.schema.json"),
    ]
}

fn of<T: JsonSchema>(file: &'static str) -> (&'static str, Value) {
    let generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    schema["$id"] = json!(file);
    close(&mut schema);
    (file, schema)
}

/// What combines schemas of one and the same value.
const COMBINING: [&str; 3] = ["allOf", "anyOf", "oneOf"];

/// Says of each object that it has no other properties than those described. What stands within another's description, to add to it,
/// cannot say so for itself.
fn close(schema: &mut Value) {
    let mut added = BTreeSet::new();
    visit(schema, &mut |object| added.extend(adding(object).map(str::to_owned)));
    if let Some(Value::Object(defined)) = schema.get_mut("$defs") {
        for (name, defined) in defined {
            shut(defined, added.contains(&format!("#/$defs/{name}")));
        }
    }
    shut(schema, false);
}

/// The definitions that an object with properties of its own adds to them.
fn adding(object: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let has_own = object.contains_key("properties");
    let combined = COMBINING.iter().filter_map(|word| object.get(*word)?.as_array()).flatten();
    let all = combined.filter_map(|part| part.get("$ref")).chain(object.get("$ref"));
    all.filter_map(Value::as_str).filter(move |_| has_own)
}

fn visit(value: &Value, each: &mut impl FnMut(&Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            each(object);
            object.values().for_each(|value| visit(value, each));
        }
        Value::Array(values) => values.iter().for_each(|value| visit(value, each)),
        _ => {}
    }
}

/// Shuts a schema and those inside it. `adds` is whether it adds to the properties of the one that it stands in.
fn shut(schema: &mut Value, adds: bool) {
    let Value::Object(object) = schema else { return };
    let combines = object.contains_key("$ref") || COMBINING.iter().any(|word| object.contains_key(*word));
    let has_own = object.contains_key("properties");
    for word in COMBINING {
        let parts = object.get_mut(word).and_then(Value::as_array_mut);
        parts.into_iter().flatten().for_each(|part| shut(part, adds || has_own));
    }
    for word in ["properties", "patternProperties"] {
        let values = object.get_mut(word).and_then(Value::as_object_mut);
        values.into_iter().flat_map(Map::values_mut).for_each(|value| shut(value, false));
    }
    for word in ["items", "additionalProperties"] {
        object.get_mut(word).into_iter().for_each(|value| shut(value, false));
    }
    object
        .get_mut("prefixItems")
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
        .for_each(|value| shut(value, false));
    if has_own && !adds {
        let word = if combines { "unevaluatedProperties" } else { "additionalProperties" };
        object.entry(word).or_insert(json!(false));
    }
}
