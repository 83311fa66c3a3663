//! The canonical form of a text.
//!
//! It is written from the tokens, as `kdl` 6.7 deletes comments behind a node when it formats
//! (<https://github.com/kdl-org/kdl-rs/issues/179>). Three things are looked at before it is answered: that it reads as the same
//! document, that it has the same comments, and that its own canonical form is itself.

mod lexeme;
mod print;
mod tree;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use super::document::{Node, Value};
use super::{BYTES_MAX, lexer, parse, value};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::primitives::{FileId, Span};

/// Why a text has no canonical form.
#[derive(Debug, Clone, PartialEq)]
pub enum Unformatted {
    /// It cannot be read.
    Unreadable(Vec<Diagnostic>),
    /// Its form would be larger than what is read: so many bytes.
    TooLarge(usize),
    /// What was made of it does not hold: a bug of this module, and what shows it.
    Bug(&'static str),
}

/// The canonical form of a text: docs/guide.md says what it is.
///
/// # Errors
/// When the text cannot be read, or its form could not be for its size; when the form that was made of it is not the same document.
pub fn format(file: FileId, text: &str) -> Result<String, Unformatted> {
    let mut found = Diagnostics::default();
    let document = parse(file, text, &mut found);
    if !found.is_empty() {
        return Err(Unformatted::Unreadable(found.into_sorted()));
    }
    let formed = written(text);
    if formed.len() > BYTES_MAX {
        return Err(Unformatted::TooLarge(formed.len()));
    }
    let again = parse(file, &formed, &mut found);
    if !found.is_empty() {
        return Err(Unformatted::Bug("its canonical form cannot be read"));
    }
    if meanings(&document.nodes, text) != meanings(&again.nodes, &formed) {
        return Err(Unformatted::Bug("its canonical form is another document"));
    }
    if comments(text) != comments(&formed) {
        return Err(Unformatted::Bug("its canonical form has other comments"));
    }
    if written(&formed) != formed {
        return Err(Unformatted::Bug("its canonical form is not the canonical form of itself"));
    }
    Ok(formed)
}

fn written(text: &str) -> String {
    print::print(&tree::tree(&lexeme::lexemes(text, &lexer::tokens(text))))
}

/// What a node says, whatever its form. Values as `Debug` has them, by which two that are no number are equal.
#[derive(Debug, PartialEq, Eq)]
struct Meaning {
    annotation: Option<String>,
    name: String,
    arguments: Vec<String>,
    properties: BTreeMap<String, String>,
    children: Option<Vec<Meaning>>,
}

fn meanings(nodes: &[Node], text: &str) -> Vec<Meaning> {
    nodes.iter().map(|node| meaning(node, text)).collect()
}

fn meaning(node: &Node, text: &str) -> Meaning {
    let (mut arguments, mut properties) = (vec![], BTreeMap::new());
    for entry in &node.entries {
        let annotation = entry.annotation.as_ref().map(|annotation| &annotation.value);
        let said = format!("{annotation:?} {:?}", entry.value.value);
        match &entry.property {
            Some(name) => drop(properties.insert(name.value.clone(), said)),
            None => arguments.push(said),
        }
    }
    Meaning {
        annotation: annotation(node.annotation, text),
        name: node.name.value.clone(),
        arguments,
        properties,
        children: node.braces.map(|_| meanings(&node.children, text)),
    }
}

/// The word between the parentheses of an annotation.
fn annotation(span: Option<Span>, text: &str) -> Option<String> {
    let inside = text.get(span?.range())?;
    let word = lexer::tokens(inside).get(1).and_then(|token| inside.get(token.start..token.end))?;
    match value::read(word) {
        Some(Value::String(name)) => Some(name),
        _ => Some(word.to_owned()),
    }
}

/// All comments of a text, whatever their order.
fn comments(text: &str) -> Vec<&str> {
    let all = lexeme::lexemes(text, &lexer::tokens(text));
    let mut comments: Vec<&str> =
        all.into_iter().filter(lexeme::Lexeme::is_comment).map(|comment| comment.text).collect();
    comments.sort_unstable();
    comments
}
