//! The last word on what is KDL: `kdl` reads the file, too.
//!
//! It reads it piece by piece, as it takes about a kilobyte for each token. Invariant: the pieces together say of a text what the whole
//! says. A piece begins where a node, an entry or a comment that is no white space may begin, and is put into blocks that are as
//! deep as where it was cut out, so that it is KDL where, and only where, it was.

use super::lexer::{Kind, Token};
use super::problem;
use crate::diagnostic::Diagnostic;
use crate::primitives::{FileId, Span};

/// About how many tokens `kdl` is given at once.
const PIECE_TOKENS: usize = 8_192;

/// What `kdl` refuses in a text that was found to be well formed.
pub(super) fn refuses(file: FileId, text: &str, tokens: &[Token]) -> Option<Diagnostic> {
    refuses_by(PIECE_TOKENS, file, text, tokens)
}

/// The same, in pieces of so many tokens.
pub(super) fn refuses_by(piece_tokens: usize, file: FileId, text: &str, tokens: &[Token]) -> Option<Diagnostic> {
    let mut from = Place { token: 0, depth: 0, commented: 0, beside: Beside::Nothing };
    while from.token < tokens.len() {
        let until = cut(tokens, from, piece_tokens);
        let piece = tokens.get(from.token..until.token).unwrap_or_default();
        if let Some(found) = refuses_piece(file, text, piece, from, until) {
            return Some(found);
        }
        from = until;
    }
    None
}

/// A place between two tokens.
#[derive(Clone, Copy)]
struct Place {
    /// The token behind it.
    token: usize,
    /// In how many blocks it is: no more than text may be deep.
    depth: usize,
    /// Of each of them, by its bit, whether `/-` comments it out: behind such a block another may follow.
    commented: u64,
    beside: Beside,
}

/// What stands before a place, in its block.
#[derive(Clone, Copy)]
enum Beside {
    /// Nothing: the file begins.
    Nothing,
    /// Nodes that have ended, or none.
    Nodes,
    /// A node that goes on.
    Entries,
}

/// The first place to cut at that is so many tokens behind another, or the end.
fn cut(tokens: &[Token], from: Place, piece_tokens: usize) -> Place {
    let (mut depth, mut commented, mut last) = (from.depth, from.commented, None);
    for (token, this) in tokens.iter().enumerate().skip(from.token) {
        let beside = token.checked_sub(1).and_then(|before| beside(tokens.get(before)?.kind, last?, *this));
        if let Some(beside) = beside.filter(|_| token - from.token >= piece_tokens) {
            return Place { token, depth, commented, beside };
        }
        match this.kind {
            Kind::Open => {
                let bit = 1_u64 << depth.min(63);
                commented = if last == Some(Kind::SlashDash) { commented | bit } else { commented & !bit };
                depth += 1;
            }
            Kind::Close => depth = depth.saturating_sub(1),
            _ => {}
        }
        if this.kind != Kind::Newline {
            last = Some(this.kind);
        }
    }
    Place { token: tokens.len(), depth, commented, beside: Beside::Nodes }
}

/// What stands before `this`, where the text may be cut there; `last` is the last token before it that is no line's end.
fn beside(before: Kind, last: Kind, this: Token) -> Option<Beside> {
    match before {
        // `/-` reaches over the ends of lines.
        Kind::Newline if last == Kind::SlashDash => None,
        Kind::Newline | Kind::Semicolon | Kind::Open => Some(Beside::Nodes),
        Kind::Bare | Kind::Quoted => {
            let begins = matches!(this.kind, Kind::Bare | Kind::Quoted | Kind::LeftParenthesis | Kind::SlashDash);
            (begins && this.spaced).then_some(Beside::Entries)
        }
        _ => None,
    }
}

/// What `kdl` refuses in a piece. It is given the tokens alone, each where it stands: its parser recurses on every piece of a comment.
fn refuses_piece(file: FileId, text: &str, piece: &[Token], from: Place, until: Place) -> Option<Diagnostic> {
    let begins = piece.first()?.start;
    let is_commented = |block: usize| from.commented >> block.min(63) & 1 == 1;
    let mut bare: String = (0..from.depth).map(|block| if is_commented(block) { "n /-{" } else { "n{" }).collect();
    bare.push_str(match from.beside {
        Beside::Nothing => "",
        // Not the beginning of a file, where `/- kdl-version 1` would have a meaning.
        Beside::Nodes => "n;",
        Beside::Entries => "n ",
    });
    let put_before = bare.len();
    for token in piece {
        let at = bare.len() - put_before + begins;
        bare.extend(std::iter::repeat_n(' ', token.start.saturating_sub(at)));
        bare.push_str(text.get(token.start..token.end).unwrap_or_default());
    }
    bare.extend(std::iter::repeat_n('}', until.depth));
    let refusal = kdl::KdlDocument::parse_v2(&bare).err()?;
    let first = refusal.diagnostics.first()?;
    let start = floor(text, begins + first.span.offset().saturating_sub(put_before));
    let line_end = text.get(start..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| start + length);
    let end = floor(text, start.saturating_add(first.span.len())).clamp(start, line_end);
    let help = first.help.clone().unwrap_or_else(|| "write it as KDL 2 has it: https://kdl.dev".into());
    Some(problem::unexpected(Span::new(file, start, end), text.get(start..end).unwrap_or_default(), &help))
}

/// The nearest character boundary at or before a byte.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
