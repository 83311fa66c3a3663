//! Plans: what the compiler says of them, what it makes of them, and what would happen.

mod accepted;
mod diagnostics;
mod diagrams;
mod diffs;
mod forecasts;
mod forms;
mod graphs;
mod inputs;
mod kept;
mod locked;
mod markup;
mod order;
mod pages;
mod parts;
mod past;
mod plans;
mod points;
mod properties;
mod runbooks;
mod ten_mistakes;

use std::path::Path;

use jiff::civil::{Date, date};
use sonae::check::Waived;
use sonae::diagnostic::{Diagnostic, Sources};
use sonae::primitives::{FileId, PathBytes};
use sonae::prove::ProvenPlan;

pub(crate) use diagnostics::example;
pub(crate) use diffs::with_changes;

/// The day on which the corpus is compiled.
pub(crate) const TODAY: Date = date(2026, 3, 1);

/// A plan's text, and all that the compiler finds in it.
pub(crate) struct Compiled {
    pub(crate) sources: Sources,
    pub(crate) found: Vec<Diagnostic>,
    waived: Vec<Waived>,
    /// None where an error stands.
    pub(crate) proven: Option<ProvenPlan>,
}

/// Texts that may be included, each with its path.
pub(crate) type Beside = [(String, String)];

/// Compiles a text through every stage that looks at nothing else.
pub(crate) fn compile(name: &str, text: &str) -> Compiled {
    compile_with(name, text, &[])
}

/// The same of a text that may include others.
pub(crate) fn compile_with(name: &str, text: &str, beside: &Beside) -> Compiled {
    let mut sources = Sources::default();
    let file = sources.add(name, text);
    sonae::lower::load(&mut sources, file, &mut |sources, by, path| opened(sources, by, path, beside));
    let now = TODAY.at(12, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC).expect("a time").timestamp();
    let base = PathBytes::new(&b"/plans"[..]);
    let compiled = sonae::prove::compile(&sources, file, &base, now);
    Compiled { sources, found: compiled.diagnostics, waived: compiled.waived, proven: compiled.proven }
}

/// What an `include` leads to among texts that are no files.
fn opened(sources: &mut Sources, by: FileId, path: &str, beside: &Beside) -> Result<FileId, String> {
    let folder = sources.get(by).name.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
    let mut name: Vec<&str> = vec![];
    for part in folder.split('/').chain(path.split('/')) {
        match part {
            "" | "." => {}
            ".." => drop(name.pop()),
            part => name.push(part),
        }
    }
    let name = name.join("/");
    let found = beside.iter().find(|(beside, _)| *beside == name);
    let known = sources.named(&name);
    known.or_else(|| found.map(|(name, text)| sources.add(name, text))).ok_or_else(|| "there is no such file".into())
}

/// Compiles the `plan.kdl` of a folder, with all that is beside it; each file is included.
fn compile_folder(folder: &Path) -> Compiled {
    let mut texts = texts_of(folder, "");
    let at = texts.iter().position(|(name, _)| name == "plan.kdl").unwrap();
    let (name, text) = texts.remove(at);
    let compiled = compile_with(&name, &text, &texts);
    for (name, _) in texts {
        assert!(compiled.sources.named(&name).is_some(), "{}: nobody includes {name}", folder.display());
    }
    compiled
}

/// All plan texts of a folder and below it, by their paths in it.
fn texts_of(folder: &Path, below: &str) -> Vec<(String, String)> {
    let mut found = vec![];
    let mut entries: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        let name = format!("{below}{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() {
            found.extend(texts_of(&path, &format!("{name}/")));
        } else if path.extension().is_some_and(|end| end == "kdl") {
            found.push((name, std::fs::read_to_string(&path).unwrap()));
        }
    }
    found
}

/// Compiles a file.
fn compile_file(path: &Path) -> Compiled {
    let text = std::fs::read_to_string(path).unwrap();
    compile(&path.file_name().unwrap().to_string_lossy(), &text)
}

impl Compiled {
    /// What a person sees, without colours: every problem, then every promise that holds.
    pub(crate) fn shown(&self) -> String {
        use sonae::report::diagnostics::{Colour, summary, text};
        let promises = self.proven.as_ref().map(|proven| sonae::report::proofs::text(proven.proofs()));
        let promises = promises.unwrap_or_default();
        format!("{}{}\n{promises}", text(&self.found, &self.sources, Colour::Plain), summary(&self.found))
    }

    /// The names of the codes that waivers set aside, in source order.
    pub(crate) fn waived_codes(&self) -> Vec<&'static str> {
        self.waived.iter().map(|waived| waived.found.code.name).collect()
    }

    /// The names of the codes found, in source order.
    pub(crate) fn codes(&self) -> Vec<&'static str> {
        self.found.iter().map(|found| found.code.name).collect()
    }
}
