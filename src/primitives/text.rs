//! Text of others that is shown to people.

/// The text on one line: control characters, which a terminal would obey, are written as escapes.
pub fn on_one_line(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::on_one_line;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        assert_eq!(on_one_line("caf\u{e9} \u{1b}[2J\n\u{9b}1m`'\\"), r"café \u{1b}[2J\n\u{9b}1m`'\");
    }
}
