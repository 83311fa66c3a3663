//! What a plan's text says, word by word, before anything is known of its meaning.

use crate::primitives::{FileId, Span, Spanned};

/// One file, read.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// Which file.
    pub file: FileId,
    /// All of its text.
    pub span: Span,
    /// Its nodes, in source order; those under `/-` are left out.
    pub nodes: Vec<Node>,
    /// Whether some node could not be read well enough to be in `nodes`.
    pub lost: bool,
}

/// A word with what stands behind it on its line and in its braces.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// A type annotation before the word, with its parentheses.
    pub annotation: Option<Span>,
    /// The word.
    pub name: Spanned<String>,
    /// Arguments and properties, in source order. A property given twice is in here twice.
    pub entries: Vec<Entry>,
    /// The nodes in its braces.
    pub children: Vec<Node>,
    /// The braces and all between them, where there are any.
    pub braces: Option<Span>,
    /// The word and its entries, without the children.
    pub header: Span,
    /// The header and the children.
    pub body: Span,
    /// Whether something of the header could not be read; the error is reported, and what the node lacks may be that.
    pub broken: bool,
    /// Whether some child could not be read well enough to be in `children`.
    pub lost_children: bool,
}

/// An argument, or a property.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The property's name; an argument has none.
    pub property: Option<Spanned<String>>,
    /// A type annotation before the value: its word, where it with its parentheses stands.
    pub annotation: Option<Spanned<String>>,
    /// The value, and its exact bytes with their quotes.
    pub value: Spanned<Value>,
    /// All of it: `name=value`.
    pub span: Span,
}

/// A value as KDL has them.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `"text"`, `#"text"#` or a bare word.
    String(String),
    /// A whole number.
    Integer(i128),
    /// Any other number.
    Float(f64),
    /// `#true` or `#false`.
    Bool(bool),
    /// `#null`.
    Null,
}

impl Value {
    /// What it is, in words: "a string".
    pub fn kind(&self) -> &'static str {
        match self {
            Self::String(_) => "a string",
            Self::Integer(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Bool(_) => "a truth value",
            Self::Null => "#null",
        }
    }
}
