//! One string, number or keyword → its value. Alone names `kdl`, which knows escapes, indented strings and number forms.

use super::document::Value;

/// Reads a token that the lexer found to be one word or one string; `None` where KDL has no such value.
pub(super) fn read(token: &str) -> Option<Value> {
    let entry = kdl::KdlEntry::parse(token).ok()?;
    if entry.name().is_some() || entry.ty().is_some() {
        return None;
    }
    Some(match entry.value() {
        kdl::KdlValue::String(text) => Value::String(text.clone()),
        kdl::KdlValue::Integer(number) => Value::Integer(*number),
        kdl::KdlValue::Float(number) => Value::Float(*number),
        kdl::KdlValue::Bool(truth) => Value::Bool(*truth),
        kdl::KdlValue::Null => Value::Null,
    })
}
