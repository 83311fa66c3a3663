//! One string, number or keyword → its value. `kdl` knows escapes, indented strings and number forms.

use super::document::Value;

/// Reads a token that the lexer found to be one word or one string; `None` where KDL has no such value.
pub(super) fn read(token: &str) -> Option<Value> {
    if let Some(text) = plain(token) {
        return Some(Value::String(text.to_owned()));
    }
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

/// The text of a token that has nothing to it: a word of letters, digits, `-` and `_`, or a string of printable ASCII without escapes. Most
/// tokens are, and `kdl` takes microseconds for each. A property test holds that it reads the same.
fn plain(token: &str) -> Option<&str> {
    if let Some(inside) = token.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        return inside.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'"' && b != b'\\').then_some(inside);
    }
    let is_word = token.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
    let begins = token.starts_with(|c: char| c.is_ascii_alphabetic());
    // These are written with a `#` before them.
    let is_kept = matches!(token, "true" | "false" | "null" | "inf" | "nan");
    (is_word && begins && !is_kept).then_some(token)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::plain;

    fn of_kdl(token: &str) -> Option<String> {
        kdl::KdlEntry::parse(token).ok()?.value().as_string().map(str::to_owned)
    }

    #[test]
    fn words_with_a_meaning_are_not_plain() {
        for token in
            ["true", "false", "null", "inf", "nan", "-inf", "1", "", "\"", "\"\"\"", "#true", "a\"", "\"a\\n\""]
        {
            assert_eq!(plain(token), None, "{token}");
        }
        assert_eq!(
            [plain("\"\""), plain("tar-zip"), plain("\"a # {=}; /* b\"")],
            [Some(""), Some("tar-zip"), Some("a # {=}; /* b")]
        );
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_plain_is_read_as_kdl_reads_it(token in "[a-z0-9#_-]{1,6}|\"[ -~]{0,8}\"") {
            if let Some(text) = plain(&token) {
                prop_assert_eq!(Some(text.to_owned()), of_kdl(&token), "{}", token);
            }
        }
    }
}
