//! Floor 1: what is wrong with a plan's text, and where.
//!
//! Unaware of KDL and of the terminal (rendering is `report`'s). Invariant: every diagnostic has a code of the table in
//! `codes`, at least one label, and a help line that says what to write instead.

pub mod codes;
mod nearest;

use std::collections::{BTreeMap, BTreeSet};

use crate::primitives::{FileId, Span};
pub use codes::Code;
pub use nearest::{known_names, nearest};

/// How much a diagnostic weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; not counted.
    Advice,
    /// Probably not meant; `--deny warnings` makes it count.
    Warning,
    /// The plan cannot be used.
    Error,
}

/// A place that a diagnostic speaks of, and what it has to do with it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Label {
    /// The exact bytes.
    pub span: Span,
    /// A few words: "first declared here".
    pub text: String,
}

/// One problem of a plan's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which, of the table.
    pub code: &'static Code,
    /// What is wrong, lower case, without a full stop.
    pub message: String,
    /// Where: the first is the place itself, the others are related.
    pub labels: Vec<Label>,
    /// What to write instead.
    pub help: String,
    /// How much it weighs.
    pub severity: Severity,
    /// What must not be shown of the text, by this diagnostic or any other: it may be a secret.
    pub hidden: Option<Span>,
}

impl Diagnostic {
    /// A problem at a place; its weight is the code's.
    pub fn new(
        code: &'static Code,
        message: impl Into<String>,
        span: Span,
        label: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        Self {
            code,
            message: message.into(),
            labels: vec![Label { span, text: label.into() }],
            help: help.into(),
            severity: code.severity,
            hidden: None,
        }
    }

    /// The same, with one more place that it has to do with.
    #[must_use]
    pub fn also(mut self, span: Span, text: impl Into<String>) -> Self {
        self.labels.push(Label { span, text: text.into() });
        self
    }

    /// The same, where a part of the text may be a secret.
    #[must_use]
    pub fn hiding(self, hidden: Option<Span>) -> Self {
        Self { hidden, ..self }
    }

    /// Where it is.
    pub fn span(&self) -> Span {
        self.labels[0].span
    }
}

/// How many problems of one weight are kept, of a text that is likely no plan: each takes some hundred bytes.
pub const FOUND_MAX: usize = 100_000;

fn too_many(next: &Diagnostic) -> Diagnostic {
    let message = format!("there are more than {FOUND_MAX} problems of this weight; the rest is not told");
    let help = "correct those that are told, or look whether this is a plan at all";
    let found = Diagnostic::new(&codes::syntax::TOO_MANY_PROBLEMS, message, next.span(), "the next one is here", help);
    Diagnostic { severity: next.severity, ..found }
}

/// All problems found so far, and how many there were of each weight.
#[derive(Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>, [usize; 3]);

impl Diagnostics {
    /// Adds one. Beyond the most of its weight, one of that weight says that there are more.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let of_its_weight = &mut self.1[diagnostic.severity as usize];
        *of_its_weight += 1;
        match of_its_weight.checked_sub(FOUND_MAX) {
            None | Some(0) => self.0.push(diagnostic),
            Some(1) => self.0.push(too_many(&diagnostic)),
            Some(_) => {}
        }
    }

    /// How many there were.
    pub fn len(&self) -> usize {
        self.1.iter().sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All so far, in the order found.
    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// Whether any is an error.
    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|found| found.severity == Severity::Error)
    }

    /// All of them, in source order. What is the same in all it says is told once: a template is read for each block that uses it.
    pub fn into_sorted(mut self) -> Vec<Diagnostic> {
        self.0.sort_by(|a, b| (a.span(), a.code.name).cmp(&(b.span(), b.code.name)));
        let is_first: Vec<bool> = {
            let mut seen = BTreeSet::new();
            self.0
                .iter()
                .map(|found| seen.insert((found.code.name, found.severity, &found.labels, &found.message)))
                .collect()
        };
        self.0.into_iter().zip(is_first).filter_map(|(found, is_first)| is_first.then_some(found)).collect()
    }
}

impl Extend<Diagnostic> for Diagnostics {
    fn extend<T: IntoIterator<Item = Diagnostic>>(&mut self, found: T) {
        found.into_iter().for_each(|found| self.push(found));
    }
}

/// The texts that were loaded, by file id: what spans point into, and which of them includes which.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    texts: Vec<Source>,
    /// Where the path of an `include` leads, by the file in which it stands.
    includes: BTreeMap<(FileId, String), Result<FileId, Refusal>>,
}

/// One loaded text.
#[derive(Debug, Clone)]
pub struct Source {
    /// How people call it: the path as it was given.
    pub name: String,
    /// What it says.
    pub text: String,
}

/// Why an included file was not loaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be read, and why.
    Unreadable(String),
    /// With it, the plan would have more files than are read.
    TooManyFiles,
    /// With it, the plan would have more bytes than are read.
    TooManyBytes,
}

impl Sources {
    /// All texts, by their ids.
    pub fn all(&self) -> &[Source] {
        &self.texts
    }

    /// Adds a text and says which id it got.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<String>) -> FileId {
        self.texts.push(Source { name: name.into(), text: text.into() });
        FileId(u32::try_from(self.texts.len() - 1).unwrap_or(u32::MAX))
    }

    /// The text of an id that `add` gave.
    pub fn get(&self, file: FileId) -> &Source {
        &self.texts[file.0 as usize]
    }

    /// The file that was added under a name.
    pub fn named(&self, name: &str) -> Option<FileId> {
        let at = self.texts.iter().position(|source| source.name == name)?;
        u32::try_from(at).ok().map(FileId)
    }

    /// Notes where a path leads that a file includes.
    pub fn lead(&mut self, by: FileId, path: &str, to: Result<FileId, Refusal>) {
        self.includes.insert((by, path.to_owned()), to);
    }

    /// Where a path leads that a file includes; none where nobody looked.
    pub fn included(&self, by: FileId, path: &str) -> Option<&Result<FileId, Refusal>> {
        self.includes.get(&(by, path.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beyond_the_most_of_a_weight_one_says_that_there_are_more() {
        let mut all = Diagnostics::default();
        let of = |code, start| Diagnostic::new(code, "", Span::new(FileId(0), start, start), "", "");
        all.extend((0..FOUND_MAX + 7).map(|at| of(&codes::backup::NO_SCHEDULE, at)));
        assert_eq!((all.len(), all.iter().count(), all.has_errors()), (FOUND_MAX + 7, FOUND_MAX + 1, false));
        all.extend((0..FOUND_MAX + 7).map(|at| of(&codes::target::NO_SOURCE, at)));
        assert_eq!((all.len(), all.has_errors()), (2 * (FOUND_MAX + 7), true));
        let told = all.into_sorted();
        let more: Vec<_> =
            told.iter().filter(|found| found.code.name == codes::syntax::TOO_MANY_PROBLEMS.name).collect();
        assert_eq!(more.iter().map(|found| found.severity).collect::<Vec<_>>(), [Severity::Advice, Severity::Error]);
        assert_eq!((told.len(), more[0].span().start as usize), (2 * (FOUND_MAX + 1), FOUND_MAX));
    }
}
