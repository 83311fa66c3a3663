//! One node, read against its row of the vocabulary: whatever is asked for is marked, and what is left over at the end
//! is reported. So nothing is silently ignored, not even a row of the table that no decoder reads.

use super::form::{Form, Readable, Refusal, Text};
use super::word::{Number, Times, Word};
use crate::diagnostic::codes::{value as values, word as codes};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, nearest};
use crate::primitives::{Span, Spanned};
use crate::syntax::{Entry, Node};

/// A node that is being read.
pub(super) struct View<'d, 'o> {
    pub(super) node: &'d Node,
    pub(super) out: &'o mut Diagnostics,
    word: &'static Word,
    used: Vec<bool>,
    /// How many entries were looked through for arguments.
    passed: usize,
    asked: Vec<&'static str>,
    missing: Vec<&'static str>,
    /// How people call a node of this very kind, "a \"daily\" schedule", where not every property of the word belongs to it.
    variant: Option<String>,
}

impl<'d, 'o> View<'d, 'o> {
    /// Begins; annotations, unknown words in the block, repeated ones and missing ones are reported here.
    pub(super) fn new(node: &'d Node, word: &'static Word, out: &'o mut Diagnostics) -> Self {
        out.extend(node.annotation.map(|span| annotated(span, &[])));
        if let Some(braces) = node.braces.filter(|_| word.children.is_empty()) {
            let brace = Span { end: braces.start + 1, ..braces };
            let message = format!("`{}` has no block", word.name);
            out.push(Diagnostic::new(
                &codes::UNEXPECTED_CHILDREN,
                message,
                brace,
                "this block",
                "remove the braces and what is in them",
            ));
        } else {
            block(&node.children, word, node.name.span, node.broken || node.lost_children, out);
        }
        let used = vec![false; node.entries.len()];
        Self { node, out, word, used, passed: 0, asked: Vec::new(), missing: Vec::new(), variant: None }
    }

    /// The one argument; reported where it is missing.
    pub(super) fn argument<T: Readable>(&mut self) -> Option<Spanned<T>> {
        let argument = self.next_argument();
        if argument.is_none() && !self.node.broken {
            let message = format!("`{}` lacks {}", self.word.name, self.word.arguments.what);
            let (_, doc) = T::FORM.doc();
            let help = format!("write it behind the word: {doc}");
            self.out.push(Diagnostic::new(
                &codes::MISSING_ARGUMENT,
                message,
                self.node.name.span,
                "nothing stands behind it",
                help,
            ));
        }
        self.read(argument?)
    }

    /// The argument, where there is one. The second half says whether there is, readable or not.
    pub(super) fn optional_argument<T: Readable>(&mut self) -> (Option<Spanned<T>>, bool) {
        let argument = self.next_argument();
        (argument.and_then(|entry| self.read(entry)), argument.is_some())
    }

    /// All arguments, at least one; those that cannot be read are reported and left out.
    pub(super) fn arguments<T: Readable>(&mut self) -> Vec<Spanned<T>> {
        let mut values: Vec<_> = self.argument().into_iter().collect();
        while let Some(entry) = self.next_argument() {
            values.extend(self.read(entry));
        }
        values
    }

    /// A property, where it is there; one that the table requires is reported where it is not.
    pub(super) fn property<T: Readable>(&mut self, name: &'static str) -> Option<Spanned<T>> {
        let required = self.word.properties.iter().any(|property| property.name == name && property.required);
        self.property_or_missing(name, required)
    }

    /// A property that is needed here.
    pub(super) fn needed<T: Readable>(&mut self, name: &'static str) -> Option<Spanned<T>> {
        self.property_or_missing(name, true)
    }

    fn property_or_missing<T: Readable>(&mut self, name: &'static str, required: bool) -> Option<Spanned<T>> {
        let row = self.word.properties.iter().find(|property| property.name == name);
        debug_assert!(
            row.is_some_and(|row| row.form == T::FORM),
            "`{}` {name}: the table says otherwise",
            self.word.name
        );
        self.asked.push(name);
        let node = self.node;
        let mut first = None;
        for (entry, used) in node.entries.iter().zip(&mut self.used) {
            if entry.property.as_ref().is_some_and(|property| property.value == name) {
                // One given twice was reported when the text was read.
                *used = true;
                first = first.or(Some(entry));
            }
        }
        if first.is_none() && required {
            self.missing.push(name);
        }
        self.read(first?)
    }

    /// The argument of a word of the block that takes one value alone.
    pub(super) fn value_of<T: Readable>(&mut self, word: &'static Word) -> Option<Spanned<T>> {
        let mut view = View::new(self.child(word)?, word, self.out);
        let value = view.argument();
        view.finish();
        value
    }

    /// The text of a word of the block that takes one alone.
    pub(super) fn text_of(&mut self, word: &'static Word) -> Option<Spanned<String>> {
        self.value_of::<Text>(word).map(|text| text.map(|text| text.0))
    }

    /// The arguments of all nodes of a word of the block that takes values alone.
    pub(super) fn values_of<T: Readable>(&mut self, word: &'static Word) -> Vec<Spanned<T>> {
        let mut all = Vec::new();
        for node in self.children(word) {
            let mut view = View::new(node, word, self.out);
            all.extend(view.arguments());
            view.finish();
        }
        all
    }

    /// The texts of all nodes of a word of the block that takes texts alone.
    pub(super) fn texts_of(&mut self, word: &'static Word) -> Vec<Spanned<String>> {
        self.values_of::<Text>(word).into_iter().map(|text| text.map(|text| text.0)).collect()
    }

    /// A property that is a text.
    pub(super) fn text(&mut self, name: &'static str) -> Option<Spanned<String>> {
        self.property::<Text>(name).map(|text| text.map(|text| text.0))
    }

    /// Whether a word that says all by itself is in the block.
    pub(super) fn is_said(&mut self, word: &'static Word) -> bool {
        self.said(word).is_some()
    }

    /// Where a word that says all by itself is in the block.
    pub(super) fn said(&mut self, word: &'static Word) -> Option<Span> {
        let node = self.child(word)?;
        View::new(node, word, self.out).finish();
        Some(node.header)
    }

    /// The first node in the block of any of these words, of which there must be one. More than one is reported, and so is none.
    pub(super) fn one_of(&mut self, words: &[&'static Word]) -> Option<(&'static Word, &'d Node)> {
        let found = self.at_most_one_of(words);
        if found.is_none() && !self.may_hold_more() {
            let known = list(words.iter().map(|word| word.name));
            let (message, help) =
                (format!("`{}` has none of {known}", self.word.name), "write one of them in its block");
            let label = format!("this `{}`", self.word.name);
            self.out.push(Diagnostic::new(&codes::MISSING_NODE, message, self.node.header, label, help));
        }
        found
    }

    /// The same where there may be none.
    pub(super) fn at_most_one_of(&mut self, words: &[&'static Word]) -> Option<(&'static Word, &'d Node)> {
        let mut found = self.node.children.iter().filter_map(|child| {
            let word = words.iter().find(|word| word.name == child.name.value)?;
            Some((*word, child))
        });
        let first = found.next()?;
        // Of one word twice, that it is there twice is said.
        let others = found.filter(|(word, _)| !std::ptr::eq(*word, first.0));
        for (word, node) in others {
            let message = format!("`{}` has both `{}` and `{}`", self.word.name, first.0.name, word.name);
            let found = Diagnostic::new(&codes::REPEATED_NODE, message, node.name.span, "and this", "keep one of them");
            self.out.push(found.also(first.1.name.span, "this"));
        }
        Some(first)
    }

    /// Whether the block may hold words that were meant to be others, or could not be read.
    pub(super) fn may_hold_more(&self) -> bool {
        let is_unknown = |node: &Node| self.word.children.iter().all(|word| word.name != node.name.value);
        super::damaged(self.node) || self.node.children.iter().any(is_unknown)
    }

    /// Reports a word of the block that does not belong to a node of this very kind.
    pub(super) fn refuse(&mut self, word: &'static Word, why: &str) {
        for node in self.node.children.iter().filter(|child| child.name.value == word.name) {
            let message = format!("`{}` does not belong to {}", word.name, self.name());
            self.out.push(Diagnostic::new(&codes::UNKNOWN_NODE, message, node.name.span, "not known here", why));
        }
    }

    /// The one of these properties that is there: reported where there is none, or more than one.
    pub(super) fn one_property<const N: usize>(&mut self, names: [&'static str; N]) -> Option<&'static str> {
        self.asked.extend(names);
        let there: Vec<&'static str> = names.into_iter().filter(|name| self.has(name)).collect();
        let listed = |between: &str| names.map(|name| format!("`{name}`")).join(between);
        let (message, label) = match there.as_slice() {
            [one] => return Some(one),
            [first, second, ..] => (format!("{} has both `{first}` and `{second}`", self.name()), "both are here"),
            [] if self.node.broken => return None,
            [] if N == 2 => (format!("{} has neither {}", self.name(), listed(" nor ")), "neither is here"),
            [] => (format!("{} has none of {}", self.name(), listed(", ")), "none is here"),
        };
        let which = if N == 2 { "the two" } else { "these" };
        let help = format!("write one of {which}: {}", names.map(|name| format!("`{name}=…`")).join(" or "));
        let code = if there.is_empty() { &codes::MISSING_PROPERTY } else { &codes::UNKNOWN_PROPERTY };
        self.out.push(Diagnostic::new(code, message, self.node.header, label, help));
        self.forgive_rest();
        None
    }

    /// Whether a property is there; it stays to be read.
    pub(super) fn has(&self, name: &str) -> bool {
        self.node.entries.iter().any(|entry| entry.property.as_ref().is_some_and(|property| property.value == name))
    }

    /// Says how a node of this very kind is called.
    pub(super) fn called(&mut self, variant: impl Into<String>) {
        self.variant = Some(variant.into());
    }

    /// Leaves all that was not asked for: which of it belongs here is not known.
    pub(super) fn forgive_rest(&mut self) {
        self.used.fill(true);
        self.missing.clear();
    }

    /// The nodes of a word in the block, in source order; of a word that may stand once, the first.
    pub(super) fn children(&self, word: &'static Word) -> impl Iterator<Item = &'d Node> + use<'d> {
        debug_assert!(
            self.word.children.iter().any(|child| std::ptr::eq(*child, word)),
            "`{}` is in no row",
            word.name
        );
        let most = if word.times == Times::Any { usize::MAX } else { 1 };
        self.node.children.iter().filter(|child| child.name.value == word.name).take(most)
    }

    /// The node of a word that stands at most once.
    pub(super) fn child(&self, word: &'static Word) -> Option<&'d Node> {
        self.children(word).next()
    }

    /// Ends: reports what is missing and what is left over.
    pub(super) fn finish(mut self) {
        let node = self.node;
        for (entry, _) in node.entries.iter().zip(&self.used).filter(|(_, used)| !**used) {
            let diagnostic = match &entry.property {
                Some(property) => {
                    let meant = nearest(&property.value, self.asked.iter().copied());
                    self.missing.retain(|name| Some(*name) != meant);
                    self.left_over_property(property, meant)
                }
                None => self.left_over_argument(entry),
            };
            // A slip in the name of a property leaves its value where it is.
            let hidden = self.word.may_hold_a_secret().then_some(entry.value.span);
            self.out.push(diagnostic.hiding(hidden));
        }
        for name in self.missing.iter().filter(|_| !node.broken) {
            let row = self.word.properties.iter().find(|property| property.name == *name);
            let help = row.map_or_else(String::new, |row| format!("write `{name}=…` behind it: {}", row.form.doc().1));
            let message = format!("{} lacks `{name}`", self.name());
            self.out.push(Diagnostic::new(
                &codes::MISSING_PROPERTY,
                message,
                node.header,
                format!("`{name}` is missing"),
                help,
            ));
        }
    }

    fn name(&self) -> String {
        self.variant.clone().unwrap_or_else(|| format!("`{}`", self.word.name))
    }

    fn left_over_property(&self, property: &Spanned<String>, meant: Option<&str>) -> Diagnostic {
        let known = self.word.properties.iter().any(|row| row.name == property.value);
        let message = if known {
            format!("`{}` does not belong to {}", property.value, self.name())
        } else {
            format!("{} has no property `{}`", self.name(), shown(&property.value))
        };
        let help = did_you_mean(meant, self.asked.iter().copied());
        Diagnostic::new(&codes::UNKNOWN_PROPERTY, message, property.span, "not known here", help)
    }

    fn left_over_argument(&self, entry: &Entry) -> Diagnostic {
        let message = format!("{} has an argument too many", self.name());
        let help = match (self.word.arguments.number, self.asked.is_empty()) {
            (Number::Zero, true) => "remove it".to_owned(),
            (_, false) => format!("remove it, or name the property that it is: {}", list(self.asked.iter().copied())),
            _ => format!("write one value behind `{}`: {}", self.word.name, self.word.arguments.what),
        };
        Diagnostic::new(&codes::UNEXPECTED_ARGUMENT, message, entry.span, "not expected", help)
    }

    fn next_argument(&mut self) -> Option<&'d Entry> {
        let rest = self.node.entries.iter().enumerate().skip(self.passed);
        let Some((index, entry)) = rest.into_iter().find(|(_, entry)| entry.property.is_none()) else {
            self.passed = self.node.entries.len();
            return None;
        };
        self.passed = index + 1;
        if let Some(used) = self.used.get_mut(index) {
            *used = true;
        }
        Some(entry)
    }

    fn read<T: Readable>(&mut self, entry: &Entry) -> Option<Spanned<T>> {
        let annotation = entry.annotation.as_ref();
        let known = annotation.filter(|word| T::ANNOTATIONS.contains(&word.value.as_str()));
        let hidden = (T::FORM == Form::Secret).then_some(entry.value.span);
        let unknown = annotation.filter(|_| known.is_none());
        self.out.extend(unknown.map(|word| annotated(word.span, T::ANNOTATIONS).hiding(hidden)));
        if annotation.is_some() && known.is_none() && !T::ANNOTATIONS.is_empty() {
            return None;
        }
        let read = match known {
            Some(word) => T::read_annotated(&word.value, &entry.value.value),
            None => T::read(&entry.value.value),
        };
        match read {
            Ok(value) => Some(Spanned::new(value, entry.value.span)),
            Err(Refusal { code, message, help }) => {
                let (message, help) = (shortened(message), shortened(help));
                let hidden = is_of_a_secret(code).then_some(entry.value.span);
                self.out.push(Diagnostic::new(code, message, entry.value.span, "this value", help).hiding(hidden));
                None
            }
        }
    }
}

/// Whether what stands there may be a secret.
fn is_of_a_secret(code: &Code) -> bool {
    [&values::LITERAL_SECRET, &values::BAD_VARIABLE, &values::PRIVATE_KEY].contains(&code)
}

fn annotated(span: Span, known: &[&str]) -> Diagnostic {
    let (message, help) = match known {
        [] => ("a type annotation has no meaning here", "remove it".to_owned()),
        known => {
            let known: Vec<String> = known.iter().map(|word| format!("`({word})`")).collect();
            ("this type annotation has no meaning here", format!("write {}", known.join(" or ")))
        }
    };
    Diagnostic::new(&codes::ANNOTATION, message, span, "this annotation", help)
}

/// Reports the nodes of a block that its word's row does not have, or has once only, or must have.
pub(super) fn block<'d>(
    nodes: impl IntoIterator<Item = &'d Node>,
    word: &'static Word,
    owner: Span,
    lost: bool,
    out: &mut Diagnostics,
) {
    let mut missing: Vec<_> = word.children.iter().filter(|child| child.times == Times::Required).collect();
    let mut once: Vec<(&str, Span)> = Vec::new();
    for node in nodes {
        let name = node.name.value.as_str();
        let Some(row) = word.children.iter().find(|child| child.name == name) else {
            let meant = nearest(name, word.children.iter().map(|child| child.name));
            missing.retain(|child| Some(child.name) != meant);
            out.push(unknown_word(node, word, meant));
            continue;
        };
        missing.retain(|child| child.name != name);
        match once.iter().find(|(first, _)| *first == name) {
            Some((_, first)) => out.push(repeated_word(node, *first)),
            None if row.times == Times::Any => {}
            None => once.push((name, node.name.span)),
        }
    }
    for child in missing.iter().filter(|_| !lost && !word.name.is_empty()) {
        let message = format!("`{}` lacks `{}`", word.name, child.name);
        let help = format!("write `{}` in its block. {}", child.name, child.doc);
        out.push(Diagnostic::new(&codes::MISSING_NODE, message, owner, format!("`{}` is missing", child.name), help));
    }
}

fn unknown_word(node: &Node, word: &Word, meant: Option<&str>) -> Diagnostic {
    let place = if word.name.is_empty() { "at the top of a plan".to_owned() } else { format!("in `{}`", word.name) };
    let message = format!("`{}` is not a word that can stand {place}", shown(&node.name.value));
    let help = did_you_mean(meant, word.children.iter().map(|child| child.name));
    Diagnostic::new(&codes::UNKNOWN_NODE, message, node.name.span, "not known here", help)
}

fn repeated_word(node: &Node, first: Span) -> Diagnostic {
    let message = format!("`{}` is given twice", node.name.value);
    let help = "keep one of the two";
    Diagnostic::new(&codes::REPEATED_NODE, message, node.name.span, "given again here", help)
        .also(first, "first given here")
}

fn did_you_mean<'a>(meant: Option<&str>, known: impl Iterator<Item = &'a str>) -> String {
    let known = list(known);
    match meant {
        Some(word) => format!("did you mean `{word}`? known here: {known}"),
        None => format!("known here: {known}"),
    }
}

/// "`a`, `b` and `c`"
fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let words: Vec<_> = words.map(|word| format!("`{word}`")).collect();
    match words.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
        None => "nothing".to_owned(),
    }
}

/// A line about a value that may itself be very long.
fn shortened(line: String) -> String {
    const CHARACTERS_MAX: usize = 240;
    match line.char_indices().nth(CHARACTERS_MAX) {
        Some((at, _)) => line.get(..at).map_or_else(String::new, |line| format!("{line}…")),
        None => line,
    }
}

/// A word of the plan's author, fit to be quoted.
pub(super) fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().nth(40).is_some() {
        shown.push('…');
    }
    shown
}
