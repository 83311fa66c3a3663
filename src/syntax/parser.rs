//! Tokens → nodes. Goes on behind every error; an error on a line costs that line's faulty piece alone.

use std::collections::BTreeMap;

use super::characters::is_newline;
use super::document::{Entry, Node, Value};
use super::lexer::{FLAWS_MAX, Kind, Token};
use super::{problem, value};
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::primitives::{FileId, Span, Spanned};

/// Reads the nodes of a whole file of these tokens, and says whether some were lost. It recurses as deep as braces lie: the caller has looked how deep.
pub(super) fn nodes(file: FileId, text: &str, tokens: &[Token], out: &mut Diagnostics) -> (Vec<Node>, bool) {
    let mut parser = Parser { file, text, tokens, unclosed: unclosed_braces(tokens), at: 0, errors: 0, out };
    let block = parser.block(None);
    if parser.errors >= FLAWS_MAX {
        let at = parser.tokens.get(parser.at.saturating_sub(1)).map_or(text.len(), |token| token.end);
        parser.out.push(problem::too_many(Span::new(file, at, at)));
        return (block.nodes, true);
    }
    (block.nodes, block.lost)
}

/// The token numbers of the `{` that no `}` closes, in order.
fn unclosed_braces(tokens: &[Token]) -> Vec<usize> {
    let mut open = Vec::new();
    for (index, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Open => open.push(index),
            Kind::Close => drop(open.pop()),
            _ => {}
        }
    }
    open
}

struct Parser<'a> {
    file: FileId,
    text: &'a str,
    tokens: &'a [Token],
    unclosed: Vec<usize>,
    at: usize,
    errors: usize,
    out: &'a mut Diagnostics,
}

/// The nodes of a block, whether some could not be read, and where the block ends.
struct Block {
    nodes: Vec<Node>,
    lost: bool,
    end: usize,
}

/// What was wrong is in the diagnostics already.
struct Reported;

/// What stands behind a node's word.
#[derive(Default)]
struct Tail {
    entries: Vec<Entry>,
    broken: bool,
    header_end: usize,
    children: Option<(usize, Block)>,
}

impl Parser<'_> {
    /// The next token; none at the end, and none after too many errors.
    fn peek(&self) -> Option<Token> {
        if self.errors >= FLAWS_MAX { None } else { self.tokens.get(self.at).copied() }
    }

    fn peek_kind(&self) -> Option<Kind> {
        self.peek().map(|token| token.kind)
    }

    fn take(&mut self) -> Option<Token> {
        let token = self.peek();
        self.at += usize::from(token.is_some());
        token
    }

    fn take_if(&mut self, kind: Kind) -> Option<Token> {
        if self.peek_kind() == Some(kind) { self.take() } else { None }
    }

    fn skip_newlines(&mut self) {
        while self.take_if(Kind::Newline).is_some() {}
    }

    fn last_kind(&self) -> Option<Kind> {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map(|token| token.kind)
    }

    fn last_end(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |token| token.end)
    }

    fn span(&self, token: Token) -> Span {
        Span::new(self.file, token.start, token.end)
    }

    fn word(&self, token: Token) -> &str {
        self.text.get(token.start..token.end).unwrap_or_default()
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        self.errors += 1;
        self.out.push(diagnostic);
    }

    fn begins_line(&self, token: Token) -> bool {
        self.text.get(..token.start).is_some_and(|before| before.chars().next_back().is_none_or(is_newline))
    }

    /// The nodes up to the `}` of the block that token `open` began, or up to the end of the file.
    fn block(&mut self, open: Option<usize>) -> Block {
        let (mut block, mut indented) = (Block { nodes: Vec::new(), lost: false, end: 0 }, None);
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Newline | Kind::Semicolon => drop(self.take()),
                Kind::Close => {
                    self.take();
                    if open.is_some() {
                        block.end = token.end;
                        return block;
                    }
                    self.report(problem::stray_brace(self.span(token)));
                }
                _ if indented == Some(true) && self.ends_unclosed(open, token) => break,
                Kind::SlashDash => self.commented_node(),
                _ => {
                    indented = indented.or(Some(!self.begins_line(token)));
                    match self.node() {
                        Some(node) => block.nodes.push(node),
                        None => block.lost = true,
                    }
                }
            }
        }
        if let Some(open) = open.and_then(|open| self.tokens.get(open)).filter(|_| self.errors < FLAWS_MAX) {
            self.report(problem::unclosed_block(self.span(*open)));
        }
        block.end = self.last_end();
        block
    }

    /// Whether an unclosed block most likely ends before `token`: a line that is not indented, behind lines that are.
    fn ends_unclosed(&self, open: Option<usize>, token: Token) -> bool {
        open.is_some_and(|open| self.unclosed.binary_search(&open).is_ok()) && self.begins_line(token)
    }

    fn commented_node(&mut self) {
        let Some(dash) = self.take() else { return };
        self.skip_newlines();
        match self.peek_kind() {
            Some(Kind::Bare | Kind::Quoted | Kind::LeftParenthesis) => drop(self.node()),
            _ => self.report(problem::nothing_commented(self.span(dash))),
        }
    }

    fn node(&mut self) -> Option<Node> {
        let start = self.peek()?.start;
        let annotation = self.annotation().unwrap_or_default().map(|annotation| annotation.span);
        let name = self.name();
        let tail = self.tail();
        let name = name?;
        self.repeated_properties(&tail.entries);
        let header = Span::new(self.file, start, tail.header_end);
        let (braces, children, lost_children) = match tail.children {
            Some((open, block)) => (Some(Span::new(self.file, open, block.end)), block.nodes, block.lost),
            None => (None, Vec::new(), false),
        };
        let body = Span::new(self.file, start, braces.map_or(tail.header_end, |braces| braces.range().end));
        let (entries, broken) = (tail.entries, tail.broken);
        Some(Node { annotation, name, entries, children, braces, header, body, broken, lost_children })
    }

    /// `(type)`, with its parentheses, where there is one.
    fn annotation(&mut self) -> Result<Option<Spanned<String>>, Reported> {
        let Some(open) = self.take_if(Kind::LeftParenthesis) else { return Ok(None) };
        let word = self.take_if(Kind::Bare).or_else(|| self.take_if(Kind::Quoted));
        let closed = word.filter(|_| self.take_if(Kind::RightParenthesis).is_some());
        let Some(word) = closed else {
            self.report(problem::unexpected(self.span(open), "(", "write `(type)` before a value, or leave it out"));
            return Err(Reported);
        };
        let word = match value::read(self.word(word)) {
            Some(Value::String(word)) => word,
            _ => self.word(word).to_owned(),
        };
        Ok(Some(Spanned::new(word, Span::new(self.file, open.start, self.last_end()))))
    }

    fn name(&mut self) -> Option<Spanned<String>> {
        let Some(token) = self.peek() else {
            // Behind a type annotation, the file ends.
            let end = Span::new(self.file, self.last_end(), self.last_end());
            self.report(problem::nameless(end));
            return None;
        };
        let span = self.span(token);
        let diagnostic = match token.kind {
            // What stands there is read by `tail`, which keeps the braces in step.
            Kind::Open | Kind::Newline | Kind::Semicolon | Kind::Close => problem::nameless(span),
            Kind::Bare | Kind::Quoted => {
                self.take();
                match value::read(self.word(token)) {
                    Some(Value::String(name)) => return Some(Spanned::new(name, span)),
                    Some(_) => problem::nameless(span),
                    None => problem::unreadable(token, self.word(token), self.first_line(token)),
                }
            }
            Kind::Bad(flaw) => {
                self.take();
                problem::flaw(flaw, span)
            }
            _ => {
                self.take();
                problem::nameless(span)
            }
        };
        self.report(diagnostic);
        None
    }

    /// A token's span, clipped to its first line.
    fn first_line(&self, token: Token) -> Span {
        let length = super::lexer::line_length(self.word(token));
        Span::new(self.file, token.start, token.start + length)
    }

    /// Entries and children, up to the node's end, which is left to the block.
    fn tail(&mut self) -> Tail {
        let mut tail = Tail { header_end: self.last_end(), ..Tail::default() };
        let mut blocks_only = false;
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Newline | Kind::Semicolon | Kind::Close => break,
                Kind::Open => {
                    tail.children = Some((token.start, self.children()));
                    // One that was never closed ends before the next line.
                    if self.last_kind() == Some(Kind::Close) {
                        self.after_children();
                    }
                    break;
                }
                Kind::SlashDash => {
                    self.must_be_spaced(token);
                    blocks_only |= self.commented_piece(blocks_only);
                }
                _ if blocks_only => {
                    self.take();
                    tail.broken = true;
                    let help = "write it before the block that is commented out";
                    self.report(problem::unexpected(self.first_line(token), self.word(token), help));
                }
                _ => {
                    self.must_be_spaced(token);
                    match self.entry() {
                        Some(entry) => tail.entries.push(entry),
                        None => tail.broken = true,
                    }
                    tail.header_end = self.last_end();
                }
            }
        }
        tail
    }

    fn must_be_spaced(&mut self, token: Token) {
        // What cannot be read was told already, and may hold the space; what is wrong with or without a space is told by itself.
        let begins = matches!(token.kind, Kind::Bare | Kind::Quoted | Kind::LeftParenthesis | Kind::SlashDash);
        if begins && !token.spaced && !matches!(self.last_kind(), Some(Kind::Bad(_))) {
            self.report(problem::unexpected(self.first_line(token), self.word(token), "put a space before it"));
        }
    }

    fn children(&mut self) -> Block {
        let open = self.at;
        self.take();
        self.block(Some(open))
    }

    /// `/-` and what it comments out; says whether that is a block, behind which only blocks may stand.
    fn commented_piece(&mut self, blocks_only: bool) -> bool {
        let Some(dash) = self.take() else { return blocks_only };
        self.skip_newlines();
        match self.peek_kind() {
            Some(Kind::Open) => {
                self.children();
                return true;
            }
            Some(Kind::Bare | Kind::Quoted | Kind::LeftParenthesis) if !blocks_only => drop(self.entry()),
            _ => self.report(problem::nothing_commented(self.span(dash))),
        }
        false
    }

    /// Behind a `}` there may only be the node's end, or more children that are commented out.
    fn after_children(&mut self) {
        while let Some(token) = self.peek() {
            match token.kind {
                Kind::Newline | Kind::Semicolon | Kind::Close => return,
                Kind::SlashDash => {
                    self.commented_piece(true);
                }
                _ => {
                    let help = "begin a new line behind `}`, or write `;` there";
                    return self.report(problem::unexpected(self.first_line(token), self.word(token), help));
                }
            }
        }
    }

    /// `value`, `(type)value` or `name=value`; takes at least one token.
    fn entry(&mut self) -> Option<Entry> {
        let token = self.peek()?;
        let annotation = self.annotation().ok()?;
        if annotation.is_none() && matches!(token.kind, Kind::Bare | Kind::Quoted) {
            self.take();
            if let Some(equals) = self.take_if(Kind::Equals) {
                return self.property(token, equals);
            }
            let value = self.value(token)?;
            return Some(Entry { property: None, annotation, span: value.span, value });
        }
        let value = self.value_behind(token)?;
        let span = Span::new(self.file, token.start, self.last_end());
        Some(Entry { property: None, annotation, value, span })
    }

    fn property(&mut self, name: Token, equals: Token) -> Option<Entry> {
        let named = match value::read(self.word(name)) {
            Some(Value::String(text)) => Some(Spanned::new(text, self.span(name))),
            _ => {
                let help = "a property's name begins with a letter: `name=value`";
                self.report(problem::unexpected(self.first_line(name), self.word(name), help));
                None
            }
        };
        let annotation = self.annotation().ok()?;
        let value = self.value_behind(Token { start: name.start, ..equals })?;
        let span = Span::new(self.file, name.start, self.last_end());
        Some(Entry { property: Some(named?), annotation, value, span })
    }

    /// The value that must follow what `before` covers.
    fn value_behind(&mut self, before: Token) -> Option<Spanned<Value>> {
        let Some(token) = self.peek() else {
            self.report(problem::missing_value(self.span(before)));
            return None;
        };
        match token.kind {
            Kind::Bare | Kind::Quoted => {
                self.take();
                self.value(token)
            }
            Kind::Newline | Kind::Semicolon | Kind::Open | Kind::Close | Kind::SlashDash => {
                self.report(problem::missing_value(self.span(before)));
                None
            }
            Kind::Bad(flaw) => {
                self.take();
                self.report(problem::flaw(flaw, self.span(token)));
                None
            }
            Kind::Equals | Kind::LeftParenthesis | Kind::RightParenthesis => {
                self.take();
                let help = "write `name=value`, or a value in quotes";
                self.report(problem::unexpected(self.span(token), self.word(token), help));
                None
            }
        }
    }

    fn value(&mut self, token: Token) -> Option<Spanned<Value>> {
        let read = value::read(self.word(token));
        if read.is_none() {
            self.report(problem::unreadable(token, self.word(token), self.first_line(token)));
        }
        read.map(|value| Spanned::new(value, self.span(token)))
    }

    fn repeated_properties(&mut self, entries: &[Entry]) {
        let mut first = BTreeMap::new();
        for entry in entries {
            let Some(name) = &entry.property else { continue };
            match first.get(name.value.as_str()) {
                Some(earlier) => {
                    let diagnostic = problem::repeated_property(&name.value, entry.span, *earlier);
                    self.report(diagnostic);
                }
                None => drop(first.insert(name.value.as_str(), entry.span)),
            }
        }
    }
}
