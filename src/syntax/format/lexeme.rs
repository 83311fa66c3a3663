//! Tokens, and the comments between them.

use super::super::characters::{is_newline, is_space};
use super::super::lexer::{self, Token};

/// What a lexeme is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A token.
    Token(lexer::Kind),
    /// `// …`, without its line's end.
    LineComment,
    /// `/* … */`
    BlockComment,
}

/// A token or a comment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lexeme<'a> {
    pub(super) kind: Kind,
    /// As it is written; of a line comment, without white space at its end.
    pub(super) text: &'a str,
    /// How many characters of white space stand right before it on its line.
    pub(super) spaces: usize,
}

impl Lexeme<'_> {
    pub(super) fn is_comment(&self) -> bool {
        matches!(self.kind, Kind::LineComment | Kind::BlockComment)
    }

    pub(super) fn is(&self, kind: lexer::Kind) -> bool {
        self.kind == Kind::Token(kind)
    }
}

/// The lexemes of a text of these tokens, in order. White space is left out, and so is each `\` that joins two lines.
pub(super) fn lexemes<'a>(text: &'a str, tokens: &[Token]) -> Vec<Lexeme<'a>> {
    let (mut all, mut at) = (Vec::with_capacity(tokens.len()), 0);
    for token in tokens {
        let spaces = comments(text.get(at..token.start).unwrap_or_default(), &mut all);
        let text = text.get(token.start..token.end).unwrap_or_default();
        all.push(Lexeme { kind: Kind::Token(token.kind), text, spaces });
        at = token.end;
    }
    comments(text.get(at..).unwrap_or_default(), &mut all);
    all
}

/// Adds the comments of what lies between two tokens; answers how much white space is at its end.
fn comments<'a>(gap: &'a str, all: &mut Vec<Lexeme<'a>>) -> usize {
    let (mut at, mut spaces) = (0, 0);
    while let Some(c) = gap[at..].chars().next() {
        let rest = &gap[at..];
        let (length, kind) = match c {
            '/' if rest.starts_with("//") => (lexer::line_length(rest), Some(Kind::LineComment)),
            '/' if rest.starts_with("/*") => (block_length(rest), Some(Kind::BlockComment)),
            c => (c.len_utf8(), None),
        };
        if let Some(kind) = kind {
            let text = rest[..length].trim_end_matches(|c| is_space(c) || is_newline(c));
            all.push(Lexeme { kind, text, spaces });
        }
        spaces = if is_space(c) { spaces + 1 } else { 0 };
        at += length;
    }
    spaces
}

/// The length of the comment that the text begins with, which may hold others. That it ends was found by the lexer.
fn block_length(text: &str) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        match text.as_bytes().get(at..at + 2) {
            Some(b"/*") => (depth, at) = (depth + 1, at + 2),
            Some(b"*/") => (depth, at) = (depth.saturating_sub(1), at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    text.len()
}
