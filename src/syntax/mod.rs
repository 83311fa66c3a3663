//! Floor 2: KDL text → `Document`.
//!
//! Unaware of what the words mean. What is KDL is for `kdl` to say: it reads every string and number but the plainest, and a file that has
//! no problem here is read by it once more. The structure (nodes, entries, braces) is read here as well, because a plan
//! needs what `kdl` 6.7 does not give: every error of a file, a span for each value by itself, properties given twice,
//! and a stack that no input can exhaust (its comments recurse). A property test holds that both read alike.
//!
//! Invariant: any text yields a document; what could not be read is reported, and marked in the node it belongs to.
//! Spans lie on character boundaries.

mod characters;
mod document;
mod format;
mod lexer;
mod parser;
mod problem;
mod referee;
mod value;

#[cfg(test)]
mod tests;

pub use document::{Document, Entry, Node, Value};
pub use format::{Unformatted, format};

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::primitives::{FileId, Span};

/// The largest file that is read, in bytes: a plan of twenty thousand lines.
pub const BYTES_MAX: usize = 1 << 20;

/// The most words, values and marks of a file; more than ten thousand targets take. What is made of a file takes memory by their
/// number, not by their length. What ends a node, `;` or a line's end, is not counted, so that the canonical form has as many.
pub const WORDS_MAX: usize = 250_000;

/// How deep blocks may lie in one another.
pub const DEPTH_MAX: usize = 32;

/// Reads a file. Problems are pushed to `out`; what could be read is returned all the same.
pub fn parse(file: FileId, text: &str, out: &mut Diagnostics) -> Document {
    let span = Span::new(file, 0, text.len());
    let mut document = Document { file, span, nodes: Vec::new(), lost: false };
    if text.len() > BYTES_MAX {
        let end = text.chars().next().map_or(0, char::len_utf8);
        document.lost = true;
        out.push(problem::too_large(Span::new(file, 0, end), text.len()));
        return document;
    }
    let tokens = lexer::tokens(text);
    match too_much(file, &tokens) {
        Some(found) => {
            document.lost = true;
            out.push(found);
        }
        None => {
            let before = out.len();
            (document.nodes, document.lost) = parser::nodes(file, text, &tokens, out);
            if out.len() == before {
                out.extend(referee::refuses(file, text, &tokens));
            }
        }
    }
    document
}

/// Why a text is not taken apart, though it could be.
fn too_much(file: FileId, tokens: &[lexer::Token]) -> Option<Diagnostic> {
    let at = |token: &lexer::Token| Span::new(file, token.start, token.end);
    let mut words = tokens.iter().filter(|token| !matches!(token.kind, lexer::Kind::Newline | lexer::Kind::Semicolon));
    match words.nth(WORDS_MAX) {
        Some(token) => Some(problem::too_many_words(at(token))),
        None => too_deep(tokens).map(|brace| problem::too_deep(at(&brace))),
    }
}

/// The first brace that opens a block deeper than `DEPTH_MAX`.
fn too_deep(tokens: &[lexer::Token]) -> Option<lexer::Token> {
    let mut depth = 0_usize;
    for token in tokens {
        match token.kind {
            lexer::Kind::Open => depth += 1,
            lexer::Kind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > DEPTH_MAX {
            return Some(*token);
        }
    }
    None
}
