//! The page of the language, written from the table.

use std::fmt::Write as _;

use super::form::Form;
use super::vocabulary::{EXAMPLES, Example, ROOT, TEMPLATE};
use super::word::{Arguments, Number, Times, Word};

/// `docs/language.md`: every word with its meaning, its defaults and an example, and every form of value. Markdown.
pub fn page() -> String {
    let mut page = Page::default();
    page.push(format_args!(
        "# The plan language\n\nEvery word, with what it means, what holds where it is left out, and an example. The compiler writes this page from its own table \
         of words: what is not here is an error in a plan. [guide.md](guide.md) is for reading from the beginning; \
         [plan.schema.kdl](../schema/plan.schema.kdl) says the same to programs.\n\n{}\n",
        ROOT.doc
    ));
    ROOT.children.iter().for_each(|word| page.section(word, &[]));
    page.values();
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
    /// The words that have a section, each with its heading.
    told: Vec<(&'static Word, String)>,
    /// The examples that were shown, each with the heading above it.
    shown: Vec<(&'static str, String)>,
}

impl Page {
    /// A word and then the words of its block. One that stands in several places is told at the first.
    fn section(&mut self, word: &'static Word, within: &[&'static Word]) {
        let path: Vec<_> = within.iter().chain([&word]).map(|word| word.name).collect();
        let (heading, level) = (path.join(" › "), "#".repeat(2 + within.len().min(3)));
        self.told.push((word, heading.clone()));
        self.push(format_args!("\n{level} {heading}\n\n```text\n{}\n```\n\n{}\n", usage(word), word.doc));
        self.push(format_args!("\n{}\n", times(word, within.last().copied())));
        self.properties(word);
        self.example(word, &heading);
        if std::ptr::eq(word, &raw const TEMPLATE) {
            return;
        }
        let within: Vec<_> = within.iter().copied().chain([word]).collect();
        let (told, new): (Vec<_>, Vec<_>) =
            word.children.iter().copied().partition(|child| self.heading(child).is_some());
        let links: Vec<_> = told.iter().filter_map(|child| Some(link(child.name, self.heading(child)?))).collect();
        if !links.is_empty() {
            self.push(format_args!("\nIts block may hold as well: {}.\n", links.join(", ")));
        }
        // One whose block holds itself comes here again.
        for child in new {
            if self.heading(child).is_none() {
                self.section(child, &within);
            }
        }
    }

    fn heading(&self, word: &'static Word) -> Option<&str> {
        self.told.iter().find(|(told, _)| std::ptr::eq(*told, word)).map(|(_, heading)| heading.as_str())
    }

    fn properties(&mut self, word: &Word) {
        if word.properties.is_empty() {
            return;
        }
        self.text.push_str("\n| property | value | meaning |\n| --- | --- | --- |\n");
        for property in word.properties {
            let needed = if property.required { " Needed." } else { "" };
            let meaning = format!("{}{needed}", property.doc);
            self.row(&[&format!("`{}`", property.name), property.form.doc().0, &meaning]);
        }
    }

    /// The example of a word; one that several words share is shown at the first.
    fn example(&mut self, word: &'static Word, heading: &str) {
        let Some(Example { inside, text, beside, .. }) = example_of(word) else { return };
        if let Some((_, above)) = self.shown.iter().find(|(shown, _)| shown == text) {
            self.push(format_args!("\nExample: see {}.\n", link(above, above)));
            return;
        }
        self.shown.push((text, heading.to_owned()));
        if let Some((name, text)) = beside {
            self.push(format_args!("\n```kdl file={name}\n// {name}\n{text}\n```\n"));
        }
        let place = if inside.is_empty() { String::new() } else { format!(" inside={inside}") };
        self.push(format_args!("\n```kdl{place}\n{text}\n```\n"));
    }

    fn values(&mut self) {
        self.text.push_str("\n## How values are written\n\n| value | written |\n| --- | --- |\n");
        for form in Form::ALL {
            let (name, doc) = form.doc();
            self.row(&[name, doc]);
        }
    }

    fn row(&mut self, cells: &[&str]) {
        let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        self.push(format_args!("| {} |\n", cells.join(" | ")));
    }

    /// Writing to a string cannot fail.
    fn push(&mut self, text: std::fmt::Arguments<'_>) {
        let _ = self.text.write_fmt(text);
    }
}

pub(super) fn example_of(word: &'static Word) -> Option<&'static Example> {
    EXAMPLES.iter().find(|example| std::ptr::eq(example.word, word))
}

/// A link to a heading of this page.
fn link(text: &str, heading: &str) -> String {
    let anchor: String = heading.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-')).collect();
    format!("[`{text}`](#{})", anchor.replace(' ', "-"))
}

fn usage(word: &Word) -> String {
    let mut usage = word.name.to_owned();
    let Arguments { number, form, what } = word.arguments;
    let shown = format!("<{}: {what}>", form.doc().0);
    usage.push_str(&match number {
        Number::Zero => String::new(),
        Number::Optional => format!(" [{shown}]"),
        Number::One => format!(" {shown}"),
        Number::Many => format!(" {shown} …"),
    });
    for property in word.properties {
        let shown = format!("{}=<{}>", property.name, property.form.doc().0);
        usage.push_str(&if property.required { format!(" {shown}") } else { format!(" [{shown}]") });
    }
    if !word.children.is_empty() {
        let children: Vec<_> = word.children.iter().map(|child| child.name).collect();
        usage.push_str(&format!(" {{ {} }}", children.join("; ")));
    }
    usage
}

fn times(word: &Word, within: Option<&Word>) -> String {
    let place = within.map_or_else(|| "in a plan".to_owned(), |within| format!("in its `{}`", within.name));
    match word.times {
        Times::Optional => format!("At most once {place}."),
        Times::Required => format!("Exactly once {place}."),
        Times::Any => format!("As often as needed {place}."),
    }
}
