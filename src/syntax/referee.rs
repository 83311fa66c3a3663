//! The last word on what is KDL: `kdl` reads the file, too.

use super::lexer::Token;
use super::problem;
use crate::diagnostic::Diagnostic;
use crate::primitives::{FileId, Span};

/// What `kdl` refuses in a text that was found to be well formed. It is given the tokens alone, each where it stands: its
/// parser recurses on every piece of a comment.
pub(super) fn refuses(file: FileId, text: &str, tokens: &[Token]) -> Option<Diagnostic> {
    let mut bare = String::with_capacity(text.len());
    for token in tokens {
        bare.extend(std::iter::repeat_n(' ', token.start.saturating_sub(bare.len())));
        bare.push_str(text.get(token.start..token.end).unwrap_or_default());
    }
    let refusal = kdl::KdlDocument::parse_v2(&bare).err()?;
    let first = refusal.diagnostics.first()?;
    let start = floor(text, first.span.offset());
    let line_end = text.get(start..).and_then(|rest| rest.find('\n')).map_or(text.len(), |length| start + length);
    let end = floor(text, first.span.offset().saturating_add(first.span.len())).clamp(start, line_end);
    let help = first.help.clone().unwrap_or_else(|| "write it as KDL 2 has it: https://kdl.dev".into());
    Some(problem::unexpected(Span::new(file, start, end), text.get(start..end).unwrap_or_default(), &help))
}

/// The nearest character boundary at or before a byte.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
