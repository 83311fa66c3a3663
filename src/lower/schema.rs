//! The schema of the language in the words of the KDL Schema draft (<https://github.com/kdl-org/kdl/blob/main/SCHEMA-SPEC.md>), written from
//! the table: for editors, and for people who write tools.
//!
//! Unaware of how a plan is read. Invariant: a word that stands in several places is defined once, and referred to by its `id`; where a node
//! says nothing of values, properties or children, it has none, as the draft has it.

use std::fmt::Write as _;

use super::form::{Form, Kind};
use super::vocabulary::ROOT;
use super::word::{Number, Times, Word};

/// `schema/plan.schema.kdl`: every word, property and value of a plan file. KDL 2.
pub fn schema() -> String {
    let mut schema = Schema::new();
    schema.open("document");
    schema.open("info");
    schema.line("title \"sonae plan\" lang=\"en\"");
    let about = "A backup-and-recovery plan. A file that is included holds the same, but for `plan`. Written from the compiler's own table \
                 of words; the compiler knows more: what names lead to, and what contradicts what.";
    schema.line(&format!("description {} lang=\"en\"", quoted(about)));
    schema.line("license \"MIT OR Apache-2.0\" spdx=\"MIT OR Apache-2.0\"");
    schema.line(&format!("version {}", quoted(env!("CARGO_PKG_VERSION"))));
    schema.close();
    ROOT.children.iter().for_each(|word| schema.place(word));
    let shared = std::mem::take(&mut schema.shared);
    schema.open("definitions");
    for (word, id) in &shared {
        schema.define(word, id);
    }
    schema.close();
    schema.close();
    schema.text
}

struct Schema {
    text: String,
    depth: usize,
    /// The words that stand in several places, each with its id.
    shared: Vec<(&'static Word, String)>,
    /// The same, for looking up while they are defined.
    ids: Vec<(&'static Word, String)>,
}

impl Schema {
    fn new() -> Self {
        let mut places = Vec::new();
        count(&ROOT, &mut places);
        let name_is_used_again = |word: &Word| places.iter().filter(|(other, ..)| other.name == word.name).count() > 1;
        let several = places.iter().filter(|(_, _, times)| *times > 1);
        let id = |(word, within, _): &(&'static Word, &Word, usize)| match name_is_used_again(word) {
            true => (*word, format!("{}-{}", within.name, word.name)),
            false => (*word, word.name.to_owned()),
        };
        let shared: Vec<_> = several.map(id).collect();
        Self { text: String::new(), depth: 0, ids: shared.clone(), shared }
    }

    /// A word in the block that it stands in.
    fn place(&mut self, word: &'static Word) {
        let id = self.ids.iter().find(|(shared, _)| std::ptr::eq(*shared, word)).map(|(_, id)| id.clone());
        match &id {
            Some(id) => self.open(&format!("node {} ref=#\"[id=\"{id}\"]\"#", quoted(word.name))),
            None => self.open(&format!("node {} description={}", quoted(word.name), quoted(word.doc))),
        }
        let (min, max) = match word.times {
            Times::Optional => (None, Some(1)),
            Times::Required => (Some(1), Some(1)),
            Times::Any => (None, None),
        };
        self.bounds(min, max);
        if id.is_none() {
            self.body(word);
        }
        self.close();
    }

    fn define(&mut self, word: &'static Word, id: &str) {
        self.open(&format!("node {} id={} description={}", quoted(word.name), quoted(id), quoted(word.doc)));
        self.body(word);
        self.close();
    }

    /// What a word has behind it, by name and in its block.
    fn body(&mut self, word: &'static Word) {
        let bounds = match word.arguments.number {
            Number::Zero => None,
            Number::Optional => Some((None, Some(1))),
            Number::One => Some((Some(1), Some(1))),
            Number::Many => Some((Some(1), None)),
        };
        if let Some((min, max)) = bounds {
            self.open(&format!("value description={}", quoted(word.arguments.what)));
            self.bounds(min, max);
            self.form(word.arguments.form);
            self.close();
        }
        for property in word.properties {
            self.open(&format!("prop {} description={}", quoted(property.name), quoted(property.doc)));
            if property.required {
                self.line("required #true");
            }
            self.form(property.form);
            self.close();
        }
        if !word.children.is_empty() {
            self.open("children");
            word.children.iter().for_each(|child| self.place(child));
            self.close();
        }
    }

    fn form(&mut self, form: Form) {
        match form.kind() {
            Kind::OneOf(words) => {
                self.line("type \"string\"");
                let words: Vec<_> = words.iter().map(|word| quoted(word)).collect();
                self.line(&format!("enum {}", words.join(" ")));
            }
            Kind::Whole(least, most) => {
                self.line("type \"number\"");
                self.line("% 1");
                self.line(&format!("\">=\" {least}"));
                self.line(&format!("\"<=\" {most}"));
            }
            Kind::Like(expression) => {
                self.line("type \"string\"");
                self.line(&format!("pattern #\"{expression}\"#"));
            }
        }
        if !form.annotations().is_empty() {
            let words: Vec<_> = form.annotations().iter().map(|word| quoted(word)).collect();
            let needed = if form.needs_annotation() { "needed" } else { "or none" };
            self.line(&format!("tag {{ enum {} }} // {needed}", words.join(" ")));
        }
    }

    fn bounds(&mut self, min: Option<u32>, max: Option<u32>) {
        for (word, bound) in [("min", min), ("max", max)] {
            if let Some(bound) = bound {
                self.line(&format!("{word} {bound}"));
            }
        }
    }

    fn open(&mut self, node: &str) {
        self.line(&format!("{node} {{"));
        self.depth += 1;
    }

    /// Closes a block; an empty one goes.
    fn close(&mut self) {
        self.depth -= 1;
        match self.text.strip_suffix(" {\n") {
            Some(before) => {
                self.text.truncate(before.len());
                self.text.push('\n');
            }
            None => self.line("}"),
        }
    }

    /// Writing to a string cannot fail.
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.text, "{:1$}{text}", "", self.depth * 4);
    }
}

/// How often each word is placed, with the block that it is first placed in.
fn count(word: &'static Word, places: &mut Vec<(&'static Word, &'static Word, usize)>) {
    for child in word.children {
        match places.iter_mut().find(|(known, ..)| std::ptr::eq(*known, *child)) {
            Some((_, _, times)) => *times += 1,
            None => {
                places.push((child, word, 1));
                count(child, places);
            }
        }
    }
}

/// A string of KDL. The table's texts are on one line.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
