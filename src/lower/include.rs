//! `include "file"`: which files a plan is made of.
//!
//! Unaware of where files are: whoever loads them opens them, and notes in `Sources` where each path led. Invariant: every file is read
//! once, however it is reached, and all together are no larger than one file may be, so that all that is fast for a large plan is
//! fast for a plan of many files.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::form::Text;
use super::view::{View, shown};
use super::vocabulary::{INCLUDE, PLAN};
use crate::diagnostic::{Diagnostic, Diagnostics, Refusal, Sources, codes::include as codes};
use crate::primitives::{FileId, Span, Spanned};
use crate::syntax::{self, BYTES_MAX, Document, Node};

/// The most files of one plan.
const FILES_MAX: usize = 256;

/// How many places all diagnostics of files that include themselves have together, beside their first ones.
const PLACES_MAX: usize = 10_000;

/// Opens the file to which a path leads that stands in another, adds it to the sources where it is not among them, and answers which it is.
/// An error says why it cannot be read.
pub type Open<'o> = dyn FnMut(&mut Sources, FileId, &str) -> Result<FileId, String> + 'o;

/// Loads what a file includes, and what that includes, as far as a plan may be large. What cannot be loaded is told by [`read`].
pub fn load(sources: &mut Sources, root: FileId, open: &mut Open<'_>) {
    let mut loaded = BTreeSet::from([root]);
    let mut bytes = sources.get(root).text.len();
    let mut left = VecDeque::from([root]);
    while let Some(by) = left.pop_front() {
        for path in paths(by, &sources.get(by).text) {
            let mut to = match loaded.len() {
                FILES_MAX => Err(Refusal::TooManyFiles),
                _ => open(sources, by, &path).map_err(Refusal::Unreadable),
            };
            if let Some(file) = to.as_ref().ok().copied().filter(|file| loaded.insert(*file)) {
                bytes += sources.get(file).text.len();
                left.push_back(file);
                to = if bytes > BYTES_MAX { Err(Refusal::TooManyBytes) } else { to };
            }
            let is_full = matches!(to, Err(Refusal::TooManyFiles | Refusal::TooManyBytes));
            sources.lead(by, &path, to);
            if is_full {
                return;
            }
        }
    }
}

/// The paths that a text includes, each once, in source order.
fn paths(file: FileId, text: &str) -> Vec<String> {
    // Most files include none, and reading a large one takes long. The word may be in quotes, with escapes.
    if !text.contains(INCLUDE.name) && !text.contains('\\') {
        return Vec::new();
    }
    let mut unheard = Diagnostics::default();
    let document = syntax::parse(file, text, &mut unheard);
    let mut seen = BTreeSet::new();
    let paths = includes(&document).filter_map(|node| path(node, &mut unheard)).map(|path| path.value);
    paths.filter(|path| seen.insert(path.clone())).collect()
}

fn includes(document: &Document) -> impl Iterator<Item = &Node> {
    document.nodes.iter().filter(|node| node.name.value == INCLUDE.name)
}

fn path(node: &Node, out: &mut Diagnostics) -> Option<Spanned<String>> {
    let mut view = View::new(node, &INCLUDE, out);
    let path = view.argument::<Text>();
    view.finish();
    path.map(|path| path.map(|path| path.0))
}

/// Reads a plan file and all that it includes, as it was loaded, the plan file first. Problems are pushed to `out`. A document that
/// includes what could not be loaded is marked as one of which something is lost.
pub fn read(sources: &Sources, root: FileId, out: &mut Diagnostics) -> Vec<Document> {
    let mut reading =
        Reading { sources, included: BTreeMap::new(), is_cut: false, places: PLACES_MAX, left: VecDeque::from([root]) };
    let mut documents: Vec<Document> = Vec::new();
    while let Some(file) = reading.left.pop_front() {
        let mut document = syntax::parse(file, &sources.get(file).text, out);
        let led = includes(&document).filter(|node| !reading.follow(root, node, out)).count();
        document.lost |= led > 0;
        if let Some(at) = reading.included.get(&file) {
            let plans = document.nodes.iter().filter(|node| node.name.value == PLAN.name);
            out.extend(plans.map(|node| second_plan(node, *at, documents.first())));
        }
        documents.push(document);
    }
    documents
}

/// A plan file and all that it includes as one text, which says the same: an included file holds blocks alone, and their order does not
/// matter.
pub fn in_one(sources: &Sources, root: FileId) -> String {
    let documents = read(sources, root, &mut Diagnostics::default());
    documents.iter().fold(String::new(), |text, document| {
        text + &without_includes(document, &sources.get(document.file).text) + "\n"
    })
}

fn without_includes(document: &Document, text: &str) -> String {
    let (mut kept, mut at) = (String::new(), 0);
    for node in includes(document) {
        let range = node.body.range();
        kept.push_str(text.get(at..range.start).unwrap_or_default());
        let rest = text.get(range.end..).unwrap_or_default();
        let is_ended = rest.trim_start_matches([' ', '\t']).strip_prefix(';');
        at = is_ended.map_or(range.end, |rest| text.len() - rest.len());
    }
    kept.push_str(text.get(at..).unwrap_or_default());
    kept.strip_prefix('\u{feff}').map_or(kept.clone(), str::to_owned)
}

struct Reading<'s> {
    sources: &'s Sources,
    /// Where each file is included.
    included: BTreeMap<FileId, Span>,
    /// Whether it was told that not all files were loaded.
    is_cut: bool,
    /// How many places may still be told of files that include themselves: very many may do so by way of very many.
    places: usize,
    left: VecDeque<FileId>,
}

impl Reading<'_> {
    /// Follows an `include`; answers whether what it leads to is read, now or at another place.
    fn follow(&mut self, root: FileId, node: &Node, out: &mut Diagnostics) -> bool {
        let Some(path) = path(node, out) else { return false };
        let by = node.header.file;
        match self.sources.included(by, &path.value) {
            Some(Ok(file)) if *file == root || self.included.contains_key(file) => {
                out.push(self.again(*file, &path));
                true
            }
            Some(Ok(file)) => {
                self.included.insert(*file, path.span);
                self.left.push_back(*file);
                true
            }
            Some(Err(refusal)) => {
                self.is_cut |= !matches!(refusal, Refusal::Unreadable(_));
                out.push(refused(&path, refusal));
                false
            }
            // Behind the one that was too much nobody looked.
            None if self.is_cut => false,
            None => {
                self.is_cut = true;
                out.push(refused(&path, &Refusal::Unreadable("it was not loaded".to_owned())));
                false
            }
        }
    }

    /// A file that is included a second time, or that includes itself by way of others.
    fn again(&mut self, file: FileId, path: &Spanned<String>) -> Diagnostic {
        let mut way = vec![];
        let mut at = path.span.file;
        while at != file {
            let Some(span) = self.included.get(&at) else { break };
            way.push((*span, at));
            at = span.file;
        }
        let name = |file: FileId| shown(&self.sources.get(file).name);
        if at != file {
            let message = format!("`{}` is included twice", name(file));
            let help = "remove one of the two: what a file declares holds for the whole plan, wherever it is included";
            let found = Diagnostic::new(&codes::TWICE, message, path.span, "included again here", help);
            let first = self.included.get(&file).copied();
            return first.into_iter().fold(found, |found, first| found.also(first, "first included here"));
        }
        let message = format!("`{}` includes itself", name(file));
        let help = "remove this `include`: what the file declares is part of the plan already";
        let again = format!("and `{}` again here", name(file));
        let label = if way.is_empty() { "this is the file itself".to_owned() } else { again };
        let found = Diagnostic::new(&codes::CYCLE, message, path.span, label, help);
        let told = if way.len() <= self.places { way } else { vec![] };
        self.places -= told.len();
        let edge = |(span, file): &(Span, FileId)| (*span, format!("`{}` is included here", name(*file)));
        told.iter().rev().map(edge).fold(found, |found, (span, text)| found.also(span, text))
    }
}

fn refused(path: &Spanned<String>, refusal: &Refusal) -> Diagnostic {
    let (code, message, label, help) = match refusal {
        Refusal::Unreadable(why) => {
            let help = "write the path of a file, relative to the folder of the file that this stands in";
            (&codes::UNREADABLE, format!("`{}` cannot be included", shown(&path.value)), why.clone(), help.to_owned())
        }
        Refusal::TooManyFiles => {
            let message = format!("the plan is of more than {FILES_MAX} files");
            (&codes::TOO_MUCH, message, TOO_MUCH_LABEL.to_owned(), "put what belongs together into one file".to_owned())
        }
        Refusal::TooManyBytes => {
            let message = format!("the plan has, with the files that it includes, more than {BYTES_MAX} bytes");
            let help = "split it into several plans, or write what many targets have in common once, as a `template`";
            (&codes::TOO_MUCH, message, TOO_MUCH_LABEL.to_owned(), help.to_owned())
        }
    };
    Diagnostic::new(code, message, path.span, label, help)
}

const TOO_MUCH_LABEL: &str = "this one is too much, and nothing is included from here on";

fn second_plan(node: &Node, included: Span, root: Option<&Document>) -> Diagnostic {
    let help = "remove it here: only the file that is named on the command line has a `plan`";
    let message = "an included file declares a plan";
    let found = Diagnostic::new(&codes::PLAN, message, node.name.span, "not in an included file", help);
    let found = found.also(included, "included here");
    let plan = root.and_then(|root| root.nodes.iter().find(|node| node.name.value == PLAN.name));
    plan.into_iter().fold(found, |found, plan| found.also(plan.name.span, "this is the plan"))
}
