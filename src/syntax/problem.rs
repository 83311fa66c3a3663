//! The wording of everything that can be wrong with a text as KDL.

use super::lexer::{FLAWS_MAX, Flaw, Kind, Token};
use super::{BYTES_MAX, DEPTH_MAX, WORDS_MAX};
use crate::diagnostic::{Diagnostic, codes::syntax as codes};
use crate::primitives::Span;

/// How much of a text is quoted in a message, in characters.
const QUOTED_CHARACTERS_MAX: usize = 40;

fn quoted(text: &str) -> String {
    let mut shown: String = text.chars().take(QUOTED_CHARACTERS_MAX).flat_map(char::escape_debug).collect();
    if text.chars().nth(QUOTED_CHARACTERS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

pub(super) fn too_large(span: Span, bytes: usize) -> Diagnostic {
    let message = format!("the file has {bytes} bytes, of which at most {BYTES_MAX} are read");
    Diagnostic::new(&codes::TOO_LARGE, message, span, "here", "split it into several plans")
}

pub(super) fn too_many_words(span: Span) -> Diagnostic {
    let message = format!("the file has more than {WORDS_MAX} words, values and marks");
    Diagnostic::new(&codes::TOO_MANY_WORDS, message, span, "the first that is too many", "split it into several plans")
}

pub(super) fn too_deep(span: Span) -> Diagnostic {
    let message = format!("blocks lie in one another more than {DEPTH_MAX} deep");
    Diagnostic::new(&codes::TOO_DEEP, message, span, "this one is too deep", "look for a `}` that is missing before it")
}

pub(super) fn too_many(span: Span) -> Diagnostic {
    let message = format!("there are more than {FLAWS_MAX} syntax errors; what follows was not read");
    Diagnostic::new(
        &codes::TOO_MANY_ERRORS,
        message,
        span,
        "read up to here",
        "correct the errors above and check again",
    )
}

pub(super) fn unclosed_block(open: Span) -> Diagnostic {
    let message = "a block is never closed";
    Diagnostic::new(&codes::UNCLOSED_BLOCK, message, open, "opened here", "write `}` where the block ends")
}

pub(super) fn stray_brace(span: Span) -> Diagnostic {
    let help = "remove it, or look for a `{` that is missing before it";
    Diagnostic::new(&codes::STRAY_BRACE, "this `}` closes nothing", span, "no block is open here", help)
}

pub(super) fn nothing_commented(span: Span) -> Diagnostic {
    let help = "write it before a node, an argument, a property or a block";
    Diagnostic::new(&codes::UNEXPECTED, "`/-` comments out nothing", span, "nothing follows", help)
}

pub(super) fn nameless(span: Span) -> Diagnostic {
    let help = "begin the line with one of the language's words, such as `target` or `schedule`";
    Diagnostic::new(&codes::UNEXPECTED, "a line does not begin with a word", span, "a word is expected here", help)
}

pub(super) fn unexpected(span: Span, text: &str, help: &str) -> Diagnostic {
    Diagnostic::new(&codes::UNEXPECTED, format!("`{}` is not expected here", quoted(text)), span, "unexpected", help)
}

pub(super) fn missing_value(span: Span) -> Diagnostic {
    let help = "write the value behind it, in quotes, as in `at=\"05:30\"`";
    Diagnostic::new(&codes::MISSING_VALUE, "a value is missing", span, "nothing follows", help)
}

pub(super) fn repeated_property(name: &str, again: Span, first: Span) -> Diagnostic {
    let message = format!("the property `{}` is given twice", quoted(name));
    Diagnostic::new(&codes::DUPLICATE_PROPERTY, message, again, "given again here", "remove one of the two")
        .also(first, "first given here")
}

/// A word or string that the lexer delimited and that is no value.
pub(super) fn unreadable(token: Token, text: &str, span: Span) -> Diagnostic {
    if token.kind == Kind::Quoted {
        let help = "escape with `\\\\`, `\\\"`, `\\n`, `\\t` or `\\u{41}`; between `\"\"\"`, indent each line as the last one is";
        return Diagnostic::new(&codes::BAD_STRING, "a string cannot be read", span, "in this string", help);
    }
    let help = match text {
        "true" | "false" | "null" | "inf" | "-inf" | "nan" => format!("write `#{text}`"),
        _ => format!("put it in quotes: \"{}\"", quoted(&text.replace(['"', '\\'], ""))),
    };
    let message = format!("`{}` is neither a word nor a number", quoted(text));
    Diagnostic::new(&codes::BARE_VALUE, message, span, "cannot be read without quotes", help)
}

pub(super) fn flaw(flaw: Flaw, span: Span) -> Diagnostic {
    match flaw {
        Flaw::UnclosedString => {
            let help = "close it with the quotes it began with, on the same line";
            Diagnostic::new(&codes::UNCLOSED_STRING, "a string is never closed", span, "opened here", help)
        }
        Flaw::TripleQuotes => {
            let help = "write one quote on each side, or begin a new line right behind `\"\"\"`";
            Diagnostic::new(&codes::BAD_STRING, "`\"\"\"` is not the end of its line", span, "this string", help)
        }
        Flaw::UnclosedComment => {
            let help = "write `*/` where the comment ends";
            Diagnostic::new(&codes::UNCLOSED_COMMENT, "a comment is never closed", span, "opened here", help)
        }
        Flaw::Backslash => {
            let help = "leave it out; it joins two lines only where it is the last of its line";
            Diagnostic::new(&codes::UNEXPECTED, "`\\` is not the last of its line", span, "unexpected", help)
        }
        Flaw::Character => {
            let help = "remove it; in a string it can be written as `\\u{…}`";
            let message = "a control character that does not show";
            Diagnostic::new(&codes::CONTROL_CHARACTER, message, span, "here", help)
        }
    }
}
