//! The tree → text.

use super::lexeme::Lexeme;
use super::tree::{Block, Item, Node, Piece, What};

/// How much a block is indented.
const INDENT: usize = 4;

/// How long a line with a block in it may be, in characters.
const COLUMNS_MAX: usize = 100;

/// The text of a file.
pub(super) fn print(file: &Block<'_>) -> String {
    let mut printer = Printer { text: String::new() };
    printer.items(&file.items, 0);
    printer.text
}

struct Printer {
    text: String,
}

impl Printer {
    fn items(&mut self, items: &[Item<'_>], depth: usize) {
        for item in items {
            if item.apart {
                self.text.push('\n');
            }
            match &item.what {
                What::Comment(comment) => self.line(comment, depth),
                What::Node(node) => self.node(node, depth),
            }
        }
    }

    fn line(&mut self, text: &str, depth: usize) {
        self.indent(depth);
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn indent(&mut self, depth: usize) {
        self.text.extend(std::iter::repeat_n(' ', depth * INDENT));
    }

    fn node(&mut self, node: &Node<'_>, depth: usize) {
        node.above.iter().for_each(|comment| self.line(comment, depth));
        self.indent(depth);
        match on_one_line(node).filter(|line| depth * INDENT + line.chars().count() <= COLUMNS_MAX) {
            Some(line) => self.text.push_str(&line),
            None => self.spread(node, depth),
        }
        self.behind(&node.behind);
        self.text.push('\n');
    }

    /// A node whose blocks take lines of their own.
    fn spread(&mut self, node: &Node<'_>, depth: usize) {
        self.text.push_str(&node.word);
        for piece in &node.pieces {
            self.text.push(' ');
            match piece {
                Piece::Comment(text) => self.text.push_str(text),
                Piece::Argument(text) | Piece::Property(text) => self.text.push_str(text),
                Piece::Block(out, block) => self.block(*out, block, depth),
            }
        }
    }

    fn block(&mut self, out: bool, block: &Block<'_>, depth: usize) {
        self.text.push_str(if out { "/-{" } else { "{" });
        if block.items.is_empty() && block.behind_open.is_empty() {
            self.text.push('}');
            return;
        }
        self.behind(&block.behind_open);
        self.text.push('\n');
        self.items(&block.items, depth + 1);
        self.indent(depth);
        self.text.push('}');
    }

    /// Comments at the end of a line: as far from it as they were written, so that what was aligned stays so.
    fn behind(&mut self, comments: &[Lexeme<'_>]) {
        for comment in comments {
            self.text.extend(std::iter::repeat_n(' ', comment.spaces.max(1)));
            self.text.push_str(comment.text);
        }
    }
}

/// A node on one line, without the comments behind it; none where one of its blocks was not on one line, or has comments. A node without
/// blocks always is.
fn on_one_line(node: &Node<'_>) -> Option<String> {
    let mut line = node.word.clone();
    let mut blocks = false;
    for piece in &node.pieces {
        line.push(' ');
        match piece {
            Piece::Comment(text) => line.push_str(text),
            Piece::Argument(text) | Piece::Property(text) => line.push_str(text),
            Piece::Block(out, block) => {
                line.push_str(&block_on_one_line(*out, block)?);
                blocks = true;
            }
        }
    }
    (!blocks || !line.contains('\n')).then_some(line)
}

fn block_on_one_line(out: bool, block: &Block<'_>) -> Option<String> {
    let mark = if out { "/-" } else { "" };
    if !block.on_one_line || !block.behind_open.is_empty() {
        return None;
    }
    if block.items.is_empty() {
        return Some(format!("{mark}{{}}"));
    }
    let nodes: Option<Vec<String>> = block.items.iter().map(|item| alone(&item.what)).collect();
    Some(format!("{mark}{{ {} }}", nodes?.join("; ")))
}

/// A node that shares its line with others.
fn alone(what: &What<'_>) -> Option<String> {
    match what {
        What::Node(node) if node.above.is_empty() && node.behind.is_empty() => on_one_line(node),
        _ => None,
    }
}
