//! Text of others that is shown to people.

/// The text on one line: control characters, which a terminal would obey, are written as escapes.
pub fn on_one_line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

/// A program and its arguments, so that it can be seen where each ends: `look "two words"`.
pub fn command_line(argv: &[String]) -> String {
    let is_plain = |word: &str| !word.is_empty() && !word.contains(|c: char| c.is_whitespace() || "\"'`\\".contains(c));
    let words: Vec<String> =
        argv.iter().map(|word| if is_plain(word) { word.clone() } else { format!("{word:?}") }).collect();
    words.join(" ")
}

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{command_line, on_one_line};

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        assert_eq!(on_one_line("caf\u{e9} \u{1b}[2J\n\u{9b}1m`'\\"), r"café \u{1b}[2J\n\u{9b}1m`'\");
    }

    #[test]
    fn each_word_of_a_command_line_is_seen() {
        let argv = ["look", "--all", "two words", "", "\"so\""].map(str::to_owned);
        assert_eq!(command_line(&argv), r#"look --all "two words" "" "\"so\"""#);
    }
}
