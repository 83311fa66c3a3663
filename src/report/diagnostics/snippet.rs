//! One diagnostic with the lines it speaks of, drawn by `miette`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use miette::{
    GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, MietteSpanContents, SourceCode, SourceSpan,
    SpanContents, ThemeCharacters, ThemeStyles,
};

use super::Colour;
use super::lines::Lines;
use crate::diagnostic::{Diagnostic, Label, Severity, Sources};
use crate::primitives::{FileId, Span};

/// Columns that text is wrapped at.
const WIDTH_COLUMNS: usize = 110;

/// The longest line that is shown, in bytes; of a longer one, only the place is told.
const LINE_BYTES_MAX: usize = 1_000;

/// Draws diagnostics of some sources.
pub(super) struct Snippets<'s> {
    sources: &'s Sources,
    handler: GraphicalReportHandler,
    /// The texts, fit for a terminal, as far as they were needed.
    texts: BTreeMap<FileId, Text>,
    /// What is not shown: secrets that were written into a plan.
    hidden: Vec<Span>,
}

/// A text of which every byte is where it was, and nothing commands the terminal.
struct Text {
    name: String,
    text: String,
    lines: Lines,
}

/// How many places of one diagnostic are drawn: beyond that, nobody reads on.
const PLACES_MAX: usize = 50;

impl<'s> Snippets<'s> {
    /// For these diagnostics: what one of them says is a secret is shown by none.
    pub(super) fn new<'d>(sources: &'s Sources, colour: Colour, found: impl Iterator<Item = &'d Diagnostic>) -> Self {
        let styles = match colour {
            Colour::Ansi => ThemeStyles::ansi(),
            Colour::Plain => ThemeStyles::none(),
        };
        let theme = GraphicalTheme { characters: ThemeCharacters::unicode(), styles };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(WIDTH_COLUMNS).with_links(false);
        let hidden = found.filter_map(|found| found.hidden).collect();
        Self { sources, handler, texts: BTreeMap::new(), hidden }
    }

    /// One line of it: its place, and what is wrong.
    pub(super) fn line(&mut self, diagnostic: &Diagnostic) -> String {
        let Span { file, start, .. } = diagnostic.span();
        let source = self.sources.get(file);
        let (line, column) = self.text(file).lines.position(&source.text, start as usize);
        format!("{}:{line}:{column}: {}", harmless(&source.name), harmless(&diagnostic.message))
    }

    fn text(&mut self, file: FileId) -> &Text {
        let (sources, hidden) = (self.sources, &self.hidden);
        self.texts.entry(file).or_insert_with(|| {
            let source = sources.get(file);
            // The lines are those of the source: byte for byte, it is the same text.
            let hidden = hidden.iter().filter(|span| span.file == file);
            let text = without(&source.text, hidden);
            Text { name: harmless(&source.name), text: harmless(&text), lines: Lines::of(&source.text) }
        })
    }

    pub(super) fn render(&mut self, diagnostic: &Diagnostic) -> String {
        let file = diagnostic.span().file;
        self.text(file);
        let (sources, text) = (self.sources, &self.texts[&file]);
        let drawn = |label: &&Label| label.span.file == file && text.has_short_lines(label.span);
        let (here, elsewhere): (Vec<_>, Vec<_>) = diagnostic.labels.iter().take(PLACES_MAX).partition(drawn);
        let mut help = harmless(&diagnostic.help);
        for label in elsewhere {
            let source = sources.get(label.span.file);
            let at = label.span.start as usize;
            let (line, column) = if label.span.file == file {
                text.lines.position(&source.text, at)
            } else {
                Lines::of(&source.text).position(&source.text, at)
            };
            help.push_str(&format!("\n{}:{line}:{column}: {}", harmless(&source.name), label.text));
        }
        if diagnostic.labels.len() > PLACES_MAX {
            help.push_str(&format!("\n… and {} more places", diagnostic.labels.len() - PLACES_MAX));
        }
        let drawing = Drawing { diagnostic, message: harmless(&diagnostic.message), here, help, text };
        let mut rendered = String::new();
        match self.handler.render_report(&mut rendered, &drawing) {
            Ok(()) => rendered,
            // The place is lost, but not what was found.
            Err(fmt::Error) => format!("{}: {}\nhelp: {}\n", diagnostic.code.name, drawing.message, drawing.help),
        }
    }
}

/// The text with these spans made unreadable, byte for byte.
fn without<'t>(text: &'t str, hidden: impl Iterator<Item = &'t Span>) -> Cow<'t, str> {
    let mut bytes = Cow::Borrowed(text.as_bytes());
    for span in hidden {
        if let Some(secret) = bytes.to_mut().get_mut(span.range()) {
            secret.fill(b'*');
        }
    }
    match bytes {
        Cow::Borrowed(_) => Cow::Borrowed(text),
        Cow::Owned(bytes) => Cow::Owned(String::from_utf8_lossy(&bytes).into_owned()),
    }
}

/// The text with each character that a terminal would obey replaced, byte for byte.
fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => shown.push(c),
            // A line's end is drawn by the frame.
            '\r' => shown.push(' '),
            c if c.is_control() => (0..c.len_utf8()).for_each(|_| shown.push('?')),
            // Directions of writing, and the byte order mark: three bytes each, as is the replacement character.
            '\u{200e}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' => {
                shown.push(char::REPLACEMENT_CHARACTER);
            }
            c => shown.push(c),
        }
    }
    shown
}

impl Text {
    fn has_short_lines(&self, span: Span) -> bool {
        let around = |range: std::ops::Range<usize>| {
            let start = self.text.get(..range.start)?.rfind('\n').map_or(0, |at| at + 1);
            let end = self.text.get(range.end..)?.find('\n').map_or(self.text.len(), |at| range.end + at);
            // One line more on each side is drawn too.
            let before = self.text.get(..start.saturating_sub(1))?.rfind('\n').map_or(0, |at| at + 1);
            let after = self.text.get(end + 1..).map_or(end, |rest| end + 1 + rest.find('\n').unwrap_or(rest.len()));
            self.text.get(before..after)
        };
        around(span.range()).is_some_and(|lines| lines.split('\n').all(|line| line.len() <= LINE_BYTES_MAX))
    }
}

impl SourceCode for Text {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        lines_before: usize,
        lines_after: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        // `miette` reads from the beginning up to the place: it is given a beginning that is near.
        let (first, start) = self.lines.line_above(span.offset(), lines_before + 1);
        let near = self.text.get(start..).ok_or(MietteError::OutOfBounds)?;
        let inner = near.read_span(&(span.offset() - start, span.len()).into(), lines_before, lines_after)?;
        // `miette` counts bytes; people count characters.
        let column = if inner.column() == 0 { 0 } else { self.lines.position(&self.text, span.offset()).1 - 1 };
        Ok(Box::new(MietteSpanContents::new_named(
            self.name.clone(),
            inner.data(),
            (inner.span().offset() + start, inner.span().len()).into(),
            inner.line() + first,
            column,
            inner.line_count() + first,
        )))
    }
}

/// What `miette` draws.
struct Drawing<'d> {
    diagnostic: &'d Diagnostic,
    message: String,
    here: Vec<&'d Label>,
    help: String,
    text: &'d Text,
}

impl fmt::Debug for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.diagnostic, f)
    }
}

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Drawing<'_> {}

impl miette::Diagnostic for Drawing<'_> {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(self.diagnostic.code.name))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.diagnostic.severity {
            Severity::Advice => miette::Severity::Advice,
            Severity::Warning => miette::Severity::Warning,
            Severity::Error => miette::Severity::Error,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(self.text).filter(|_| !self.here.is_empty()).map(|text| -> &dyn SourceCode { text })
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let first = self.diagnostic.labels.first();
        let labels = self.here.iter().map(move |label| {
            let span = SourceSpan::from(label.span.range());
            let text = Some(harmless(&label.text));
            // The frame's heading is the place of the primary one.
            if first == Some(*label) {
                LabeledSpan::new_primary_with_span(text, span)
            } else {
                LabeledSpan::new_with_span(text, span)
            }
        });
        Some(Box::new(labels))
    }
}
