//! Floor 2: KDL text → `Document`.
//!
//! Unaware of what the words mean. The structure (nodes, entries, braces) is read here and only strings and numbers by
//! `kdl`, because a plan needs what `kdl` 6.7 does not give: every error of a file, a span for each value by itself,
//! properties given twice, and a stack that no input can exhaust (its comments and blocks recurse). A property test
//! holds that whatever `kdl` reads is read alike here.
//!
//! Invariant: any text yields a document; what could not be read is reported, and marked in the node it belongs to.
//! Spans lie on character boundaries.

mod characters;
mod document;
mod lexer;
mod parser;
mod problem;
mod value;

#[cfg(test)]
mod tests;

pub use document::{Document, Entry, Node, Value};

use crate::diagnostic::Diagnostics;
use crate::primitives::{FileId, Span};

/// The largest file that is read, in bytes: a plan of twenty thousand lines.
pub const BYTES_MAX: usize = 1 << 20;

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
    match too_deep(&tokens) {
        Some(brace) => {
            document.lost = true;
            out.push(problem::too_deep(Span::new(file, brace.start, brace.end)));
        }
        None => (document.nodes, document.lost) = parser::nodes(file, text, &tokens, out),
    }
    document
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
