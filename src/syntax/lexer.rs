//! Text → tokens: where strings, comments, braces and words begin and end.
//!
//! Never recurses. Where a string is not closed, it gives up at the line's end, so that the lines behind are read; that a
//! string of several lines has no end is looked for once.

use super::characters::{is_disallowed, is_newline, is_space};

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The end of a line.
    Newline,
    /// `;`
    Semicolon,
    /// `{`
    Open,
    /// `}`
    Close,
    /// `(`
    LeftParenthesis,
    /// `)`
    RightParenthesis,
    /// `=`
    Equals,
    /// `/-`
    SlashDash,
    /// A word or number without quotes.
    Bare,
    /// A string in quotes, raw or not, of one line or several.
    Quoted,
    /// What cannot be read, and why.
    Bad(Flaw),
}

/// Why something cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// A string without its closing quotes.
    UnclosedString,
    /// `"""` that is not the last of its line.
    TripleQuotes,
    /// `/*` without its `*/`.
    UnclosedComment,
    /// A `\` that is not the last of its line.
    Backslash,
    /// A character that no plan may hold.
    Character,
}

/// A piece of the text, by bytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether white space or a comment stands before it.
    pub(super) spaced: bool,
}

/// How many unreadable tokens are looked for.
pub(super) const FLAWS_MAX: usize = 100;

/// The tokens of a text, in order; what lies between them is white space and comments.
pub(super) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { text, at: 0, spaced: true, flaws: 0, endless: usize::MAX, tokens: Vec::new() };
    if text.starts_with('\u{feff}') {
        lexer.skip('\u{feff}'.len_utf8());
    }
    while lexer.flaws < FLAWS_MAX && lexer.step() {}
    lexer.tokens
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
    spaced: bool,
    flaws: usize,
    /// From how many `#` on a string of several lines is known to have no end in what follows.
    endless: usize,
    tokens: Vec<Token>,
}

impl<'a> Lexer<'a> {
    /// The text not yet read.
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn push(&mut self, kind: Kind, length: usize) {
        let start = self.at;
        self.at = (start + length).min(self.text.len());
        self.tokens.push(Token { kind, start, end: self.at, spaced: self.spaced });
        self.spaced = false;
        self.flaws += usize::from(matches!(kind, Kind::Bad(_)));
    }

    fn skip(&mut self, length: usize) {
        self.at = (self.at + length).min(self.text.len());
        self.spaced = true;
    }

    /// Reads one token or skips one gap; false at the end.
    fn step(&mut self) -> bool {
        let rest = self.rest();
        let Some(c) = rest.chars().next() else { return false };
        match c {
            _ if is_space(c) => self.skip(c.len_utf8()),
            _ if is_newline(c) => self.push(Kind::Newline, newline_length(rest)),
            ';' => self.push(Kind::Semicolon, 1),
            '{' => self.push(Kind::Open, 1),
            '}' => self.push(Kind::Close, 1),
            '(' => self.push(Kind::LeftParenthesis, 1),
            ')' => self.push(Kind::RightParenthesis, 1),
            '=' => self.push(Kind::Equals, 1),
            '"' => self.string(rest, 0),
            '#' if raw_hashes(rest).is_some() => self.string(rest, raw_hashes(rest).unwrap_or(0)),
            '/' if rest.starts_with("//") => self.skip(line_length(rest)),
            '/' if rest.starts_with("/*") => self.comment(rest),
            '/' if rest.starts_with("/-") => self.push(Kind::SlashDash, 2),
            '\\' => self.continuation(rest),
            _ if is_disallowed(c) => self.push(Kind::Bad(Flaw::Character), c.len_utf8()),
            _ => self.push(Kind::Bare, bare_length(rest)),
        }
        true
    }

    fn string(&mut self, rest: &str, hashes: usize) {
        let many = rest.get(hashes..).is_some_and(|body| body.starts_with("\"\"\""));
        let length =
            if many && hashes >= self.endless { Err(Flaw::UnclosedString) } else { string_length(rest, hashes) };
        match length {
            Ok(length) => self.push(Kind::Quoted, length),
            Err(flaw) => {
                if many && flaw == Flaw::UnclosedString {
                    self.endless = hashes;
                }
                self.push(Kind::Bad(flaw), unclosed_length(rest));
            }
        }
    }

    /// A comment in `/* */`, which may hold others.
    fn comment(&mut self, rest: &str) {
        let (mut depth, mut at) = (0_usize, 0);
        let bytes = rest.as_bytes();
        while at < bytes.len() {
            match bytes.get(at..at + 2) {
                Some(b"/*") => (depth, at) = (depth + 1, at + 2),
                Some(b"*/") => (depth, at) = (depth - 1, at + 2),
                _ => at += 1,
            }
            if depth == 0 {
                return self.skip(at);
            }
        }
        self.push(Kind::Bad(Flaw::UnclosedComment), 2);
        self.at = self.text.len();
    }

    /// A `\` that joins the next line to this one.
    fn continuation(&mut self, rest: &str) {
        let blank = rest[1..].find(|c| !is_space(c)).map_or(rest.len(), |at| at + 1);
        let after = &rest[blank..];
        match after.chars().next() {
            None => self.skip(blank),
            Some(c) if is_newline(c) => self.skip(blank + newline_length(after)),
            Some(_) if after.starts_with("//") => {
                let comment = line_length(after);
                self.skip(blank + comment + newline_length(&after[comment..]));
            }
            Some(_) => self.push(Kind::Bad(Flaw::Backslash), 1),
        }
    }
}

/// How many bytes lie before the line's end.
pub(super) fn line_length(text: &str) -> usize {
    text.find(is_newline).unwrap_or(text.len())
}

/// The length of the line end that the text begins with; CR LF is one.
fn newline_length(text: &str) -> usize {
    if text.starts_with("\r\n") { 2 } else { text.chars().next().map_or(0, char::len_utf8) }
}

/// How many `#` stand before a quote, where the text begins a raw string.
fn raw_hashes(text: &str) -> Option<usize> {
    let hashes = text.bytes().take_while(|byte| *byte == b'#').count();
    (hashes > 0 && text.as_bytes().get(hashes) == Some(&b'"')).then_some(hashes)
}

/// A word without quotes ends before white space, punctuation of KDL's, a quote or a comment.
fn bare_length(text: &str) -> usize {
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let comment = c == '/' && characters.peek().is_some_and(|(_, next)| matches!(next, '/' | '*'));
        let ends = is_space(c) || is_newline(c) || is_disallowed(c) || "{}();=\"\\".contains(c);
        if at > 0 && (ends || comment) {
            return at;
        }
    }
    text.len()
}

/// The length of the string that the text begins with, quotes and all.
fn string_length(text: &str, hashes: usize) -> Result<usize, Flaw> {
    let body = &text[hashes..];
    let many = body.starts_with("\"\"\"");
    if many && !body[3..].starts_with(is_newline) {
        // `#"""#` is a raw string of one quote in no grammar; `""` alone is an empty string.
        return Err(Flaw::TripleQuotes);
    }
    let quotes = if many { "\"\"\"" } else { "\"" };
    let mut at = hashes + quotes.len();
    while let Some(c) = text[at..].chars().next() {
        if text[at..].starts_with(quotes) && closes(&text[at + quotes.len()..], hashes) {
            return Ok(at + quotes.len() + hashes);
        }
        at += match c {
            '\\' if hashes == 0 => escape_length(&text[at..]),
            c if is_newline(c) && !many => return Err(Flaw::UnclosedString),
            c => c.len_utf8(),
        };
    }
    Err(Flaw::UnclosedString)
}

fn closes(after: &str, hashes: usize) -> bool {
    after.bytes().take(hashes).take_while(|byte| *byte == b'#').count() == hashes
}

/// A `\` and what it escapes: one character, or all the white space behind it.
fn escape_length(text: &str) -> usize {
    let blank = |c| is_space(c) || is_newline(c);
    match text[1..].chars().next() {
        Some(c) if blank(c) => text[1..].find(|c| !blank(c)).map_or(text.len(), |at| at + 1),
        Some(c) => 1 + c.len_utf8(),
        None => 1,
    }
}

/// How much of the line an unclosed string takes: not the braces at its end where they have no partner in it, for then
/// their partner is on another line and they are likely meant.
fn unclosed_length(text: &str) -> usize {
    let line = &text[..line_length(text)];
    let count = |brace| line.matches(brace).count();
    let end = |c: char| is_space(c) || (count('{') != count('}') && "{};".contains(c));
    line.trim_end_matches(end).len().max(1)
}
