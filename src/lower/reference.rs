//! The reference of the language, written from the table.

use std::fmt::Write as _;

use super::form::Form;
use super::vocabulary::{PARALLEL, ROOT, TEMPLATE};
use super::word::{Arguments, Number, Times, Word};

/// `docs/reference.md`: every word, property and form of value. Markdown.
pub fn reference() -> String {
    let mut text = String::from(
        "# Reference of the plan language\n\nWritten by the compiler from its own table of words: what is not here is an error in a plan.\n",
    );
    push(&mut text, format_args!("\n{}\n", ROOT.doc));
    for word in ROOT.children {
        section(word, &[], &mut text);
    }
    text.push_str("\n## How values are written\n\n| value | written |\n| --- | --- |\n");
    for form in Form::ALL {
        let (name, doc) = form.doc();
        row(&mut text, &[name, doc]);
    }
    text
}

/// A word and then the words of its block.
fn section(word: &'static Word, within: &[&'static Word], text: &mut String) {
    let path: Vec<_> = within.iter().chain([&word]).map(|word| word.name).collect();
    let level = "#".repeat(2 + within.len().min(3));
    push(text, format_args!("\n{level} {}\n\n```text\n{}\n```\n\n{}\n", path.join(" › "), usage(word), word.doc));
    push(text, format_args!("\n{}\n", times(word, within.last().copied())));
    if !word.properties.is_empty() {
        text.push_str("\n| property | value | meaning |\n| --- | --- | --- |\n");
        for property in word.properties {
            let needed = if property.required { " Needed." } else { "" };
            let meaning = format!("{}{needed}", property.doc);
            row(text, &[&format!("`{}`", property.name), property.form.doc().0, &meaning]);
        }
    }
    // `parallel` holds the very words of the block that it stands in, and a template those of a target.
    if std::ptr::eq(word, &raw const PARALLEL) || std::ptr::eq(word, &raw const TEMPLATE) {
        return;
    }
    let within: Vec<_> = within.iter().copied().chain([word]).collect();
    word.children.iter().for_each(|child| section(child, &within, text));
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

fn row(text: &mut String, cells: &[&str]) {
    let cells: Vec<_> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
    push(text, format_args!("| {} |\n", cells.join(" | ")));
}

/// Writing to a string cannot fail.
fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    let _ = text.write_fmt(line);
}
