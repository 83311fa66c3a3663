//! Lexemes → what is printed: nodes with their comments, and with what is commented out.
//!
//! Only of a text that was read without a problem. Never fails: what it does not expect is passed over, and is then missed by
//! whoever compares. It recurses as deep as braces lie, which was looked at.

use super::super::document::Value;
use super::super::lexer::{self, Kind as Token};
use super::super::value;
use super::lexeme::{Kind, Lexeme};

/// A block, or the whole file.
#[derive(Debug, Default)]
pub(super) struct Block<'a> {
    /// Comments behind `{`, on its line.
    pub(super) behind_open: Vec<Lexeme<'a>>,
    pub(super) items: Vec<Item<'a>>,
    /// Whether it was written on one line.
    pub(super) on_one_line: bool,
}

/// A line of a block.
#[derive(Debug)]
pub(super) struct Item<'a> {
    /// Whether an empty line stands before it.
    pub(super) apart: bool,
    pub(super) what: What<'a>,
}

#[derive(Debug)]
pub(super) enum What<'a> {
    Comment(&'a str),
    Node(Box<Node<'a>>),
}

#[derive(Debug, Default)]
pub(super) struct Node<'a> {
    /// Comments that can stand nowhere within its line.
    pub(super) above: Vec<&'a str>,
    /// The word, with `/-` and its annotation.
    pub(super) word: String,
    pub(super) pieces: Vec<Piece<'a>>,
    /// Comments at its end, on its line; a line comment is the last.
    pub(super) behind: Vec<Lexeme<'a>>,
}

/// What stands behind a node's word.
#[derive(Debug)]
pub(super) enum Piece<'a> {
    Comment(&'a str),
    Argument(String),
    Property(String),
    /// Whether it is commented out, and what is in it.
    Block(bool, Block<'a>),
}

/// The tree of a file.
pub(super) fn tree<'a>(lexemes: &[Lexeme<'a>]) -> Block<'a> {
    Reader { lexemes, at: 0 }.block(false)
}

struct Reader<'a, 'l> {
    lexemes: &'l [Lexeme<'a>],
    at: usize,
}

impl<'a> Reader<'a, '_> {
    fn peek(&self) -> Option<Lexeme<'a>> {
        self.lexemes.get(self.at).copied()
    }

    fn take(&mut self) -> Option<Lexeme<'a>> {
        let lexeme = self.peek();
        self.at += usize::from(lexeme.is_some());
        lexeme
    }

    fn take_if(&mut self, kind: Token) -> Option<Lexeme<'a>> {
        if self.peek().is_some_and(|lexeme| lexeme.is(kind)) { self.take() } else { None }
    }

    /// The lines up to the `}` of a block whose `{` was read, or up to the end of the file.
    fn block(&mut self, braces: bool) -> Block<'a> {
        let mut block = Block { on_one_line: true, ..Block::default() };
        // In a file, nothing stands behind a `{`.
        let mut newlines = usize::from(!braces);
        while let Some(lexeme) = self.peek() {
            let apart = newlines > 1 && !block.items.is_empty();
            match lexeme.kind {
                Kind::Token(Token::Close) if braces => break,
                Kind::Token(Token::Newline) => {
                    self.at += 1;
                    newlines += 1;
                    block.on_one_line = false;
                }
                Kind::LineComment | Kind::BlockComment => {
                    self.at += 1;
                    if newlines > 0 || !block.append(lexeme) {
                        block.items.push(Item { apart, what: What::Comment(lexeme.text) });
                        newlines = 0;
                    }
                }
                Kind::Token(Token::SlashDash | Token::Bare | Token::Quoted | Token::LeftParenthesis) => {
                    let node = Box::new(self.node());
                    block.items.push(Item { apart, what: What::Node(node) });
                    newlines = 0;
                }
                // A `;` says no more than that a node ends.
                Kind::Token(_) => self.at += 1,
            }
        }
        self.take_if(Token::Close);
        block
    }

    fn node(&mut self) -> Node<'a> {
        let mut node = Node::default();
        if self.take_if(Token::SlashDash).is_some() {
            node.word.push_str("/-");
            self.skip_newlines(&mut node.above);
        }
        let annotation = self.annotation(&mut node.above);
        node.word.push_str(&annotation);
        if let Some(name) = self.take() {
            node.word.push_str(&as_name(name.text));
        }
        self.pieces(&mut node);
        node
    }

    fn pieces(&mut self, node: &mut Node<'a>) {
        let mut waiting: Vec<Lexeme<'a>> = vec![];
        while let Some(lexeme) = self.peek() {
            match lexeme.kind {
                Kind::LineComment | Kind::BlockComment => {
                    self.at += 1;
                    waiting.push(lexeme);
                }
                Kind::Token(Token::Newline | Token::Semicolon | Token::Close) => break,
                Kind::Token(_) => {
                    let mut between = vec![];
                    let piece = self.piece(&mut between);
                    waiting.extend(between);
                    node.place(&mut waiting);
                    node.pieces.push(piece);
                }
            }
        }
        // Behind a line comment that a `\` made an end of, another may follow.
        if let Some(last) = waiting.pop() {
            let (lines, blocks): (Vec<Lexeme<'a>>, Vec<Lexeme<'a>>) =
                waiting.into_iter().partition(|comment| comment.kind == Kind::LineComment);
            node.above.extend(lines.iter().map(|comment| comment.text));
            node.behind = blocks;
            node.behind.push(last);
        }
        if node.pieces.iter().all(|piece| !matches!(piece, Piece::Comment(_))) {
            node.pieces.sort_by_key(Piece::rank);
        }
    }

    /// An argument, a property or a block; comments within it are added to `between`.
    fn piece(&mut self, between: &mut Vec<Lexeme<'a>>) -> Piece<'a> {
        let out = self.take_if(Token::SlashDash).is_some();
        if out {
            self.comments(between, true);
        }
        if self.take_if(Token::Open).is_some() {
            return Piece::Block(out, self.block(true));
        }
        let mark = if out { "/-" } else { "" };
        let mut above = vec![];
        let annotation = self.annotated(between);
        let Some(word) = self.take() else { return Piece::Argument(format!("{mark}{annotation}")) };
        let before = self.at;
        self.comments(&mut above, false);
        if self.take_if(Token::Equals).is_none() {
            self.at = before;
            return Piece::Argument(format!("{mark}{annotation}{}", as_value(word.text)));
        }
        self.comments(&mut above, false);
        between.append(&mut above);
        let annotation = self.annotated(between);
        let value = self.take().map_or_else(String::new, |value| as_value(value.text));
        Piece::Property(format!("{mark}{}={annotation}{value}", as_name(word.text)))
    }

    /// `(type)`, and comments around it.
    fn annotated(&mut self, between: &mut Vec<Lexeme<'a>>) -> String {
        if self.take_if(Token::LeftParenthesis).is_none() {
            return String::new();
        }
        self.comments(between, false);
        let word = self.take().map_or_else(String::new, |word| as_name(word.text));
        self.comments(between, false);
        self.take_if(Token::RightParenthesis);
        self.comments(between, false);
        format!("({word})")
    }

    fn annotation(&mut self, above: &mut Vec<&'a str>) -> String {
        let mut between = vec![];
        let annotation = self.annotated(&mut between);
        above.extend(between.iter().map(|comment| comment.text));
        annotation
    }

    fn skip_newlines(&mut self, above: &mut Vec<&'a str>) {
        let mut between = vec![];
        self.comments(&mut between, true);
        above.extend(between.iter().map(|comment| comment.text));
    }

    fn comments(&mut self, into: &mut Vec<Lexeme<'a>>, newlines: bool) {
        while let Some(lexeme) = self.peek() {
            if lexeme.is_comment() {
                into.push(lexeme);
            } else if !(newlines && lexeme.is(Token::Newline)) {
                return;
            }
            self.at += 1;
        }
    }
}

impl<'a> Block<'a> {
    /// Puts a comment behind what stands on its line already; false where that is nothing, or a comment that takes the line's rest.
    fn append(&mut self, comment: Lexeme<'a>) -> bool {
        let behind = match self.items.last_mut() {
            None => &mut self.behind_open,
            Some(Item { what: What::Node(node), .. }) => &mut node.behind,
            Some(Item { what: What::Comment(_), .. }) => return false,
        };
        let fits = behind.last().is_none_or(|last| last.kind == Kind::BlockComment);
        if fits {
            behind.push(comment);
        }
        fits
    }
}

impl<'a> Node<'a> {
    /// Places comments that a piece follows: within the line where they can, above it where they would take its rest.
    fn place(&mut self, waiting: &mut Vec<Lexeme<'a>>) {
        for comment in waiting.drain(..) {
            match comment.kind {
                Kind::LineComment => self.above.push(comment.text),
                _ => self.pieces.push(Piece::Comment(comment.text)),
            }
        }
    }
}

impl Piece<'_> {
    /// Arguments come before properties, and both before blocks.
    fn rank(&self) -> u8 {
        match self {
            Self::Comment(_) | Self::Argument(_) => 0,
            Self::Property(_) => 1,
            Self::Block(..) => 2,
        }
    }
}

/// A name: without quotes where it needs none.
fn as_name(text: &str) -> String {
    match value::read(text) {
        Some(Value::String(name)) if is_plain(&name) => name,
        _ => text.to_owned(),
    }
}

fn is_plain(name: &str) -> bool {
    let whole = |tokens: &[lexer::Token]| match tokens {
        [token] => token.kind == Token::Bare && token.start == 0 && token.end == name.len(),
        _ => false,
    };
    whole(&lexer::tokens(name)) && value::read(name) == Some(Value::String(name.to_owned()))
}

/// A value: text in quotes, all else as it is written.
fn as_value(text: &str) -> String {
    let bare = !text.starts_with(['"', '#']);
    match value::read(text) {
        Some(Value::String(word)) if bare => format!("\"{word}\""),
        _ => text.to_owned(),
    }
}
