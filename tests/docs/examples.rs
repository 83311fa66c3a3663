//! Every block of KDL in `docs/`, in the README and in the pages of the diagnostics.
//!
//! A block begins with "```kdl" and may say more: `must-fail` (it must not compile), and `inside=file`, `inside=plan`, `inside=target`, `inside=backup` or `inside=restore` (it is a piece of that block, and is
//! compiled within an otherwise complete plan). In the page of a diagnostic, what stands below "Wrong:" yields that very one, and what
//! stands below "Right:" does not. A block of
//! `file=NAME` is a file of that name, which the next block that is none may include.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use sonae::diagnostic::{Severity, codes};

use crate::corpus::{Compiled, compile, compile_with, with_changes};

/// A block of KDL and where it was found.
struct Example {
    place: String,
    info: Vec<String>,
    text: String,
    /// The heading above it.
    heading: String,
    /// The last line of text above it.
    above: String,
    /// The files that it may include.
    beside: Vec<(String, String)>,
}

impl Example {
    /// The name of the file that it is, where it is one that others include.
    fn file(&self) -> Option<&str> {
        self.info.iter().find_map(|word| word.strip_prefix("file="))
    }
}

fn examples(file: &Path) -> Vec<Example> {
    let markdown = std::fs::read_to_string(file).unwrap();
    let (mut found, mut open) = (Vec::new(), None::<Example>);
    let (mut heading, mut above) = (String::new(), String::new());
    for (index, line) in markdown.lines().enumerate() {
        match &mut open {
            Some(_) if line.starts_with("```") => found.extend(open.take()),
            Some(example) => example.text.push_str(&format!("{line}\n")),
            None if line.starts_with("```kdl") => {
                let info = line.split_whitespace().skip(1).map(str::to_owned).collect();
                let place = format!("{}:{}", file.display(), index + 1);
                let (heading, above) = (heading.clone(), above.clone());
                open = Some(Example { place, info, text: String::new(), heading, above, beside: vec![] });
            }
            None if line.starts_with('#') => heading = line.trim_start_matches('#').trim().to_owned(),
            None if !line.is_empty() => above = line.to_owned(),
            None => {}
        }
    }
    assert!(open.is_none(), "{}: a block is not closed", file.display());
    with_files(found)
}

/// The examples that are compiled, each with the files before it.
fn with_files(examples: Vec<Example>) -> Vec<Example> {
    let (mut found, mut beside): (Vec<Example>, Vec<(String, String)>) = (vec![], vec![]);
    for mut example in examples {
        match example.file() {
            Some(name) => beside.push((name.to_owned(), example.text)),
            None => {
                example.beside = std::mem::take(&mut beside);
                found.push(example);
            }
        }
    }
    assert!(beside.is_empty(), "a file that no block behind it includes: {beside:?}");
    found
}

fn compiled(example: &Example) -> Compiled {
    let compiled = compile_with("example.kdl", &whole(example), &example.beside);
    for (name, _) in &example.beside {
        assert!(
            compiled.sources.named(name).is_some() || example.info.iter().any(|word| word == "must-fail"),
            "{}: nobody includes {name}",
            example.place
        );
    }
    compiled
}

/// A complete plan with the piece in its place.
fn whole(example: &Example) -> String {
    let inside = example.info.iter().find_map(|word| word.strip_prefix("inside="));
    let usual = "schedule \"daily\" at=\"02:30\"; retention generations=7";
    let (mut file, mut plan, mut target, mut backup, mut restore) = ("", "", "", usual, "");
    match inside {
        None => return example.text.clone(),
        Some("file") => file = &example.text,
        Some("plan") => plan = &example.text,
        Some("target") => target = &example.text,
        Some("backup") => backup = &example.text,
        Some("restore") => restore = &example.text,
        Some(other) => panic!("{}: there is no place `{other}`", example.place),
    }
    format!(
        r#"plan "example" {{
{plan}
}}
store "vault" {{
    local path="/srv/backup"
    access {{ write "backup"; read "sysadmin"; prune "sysadmin" }}
}}
target "documents" area="data" {{
    files "/home/documents"
    backup "daily" {{
        archive "tar.zip"
        store "vault"
{backup}
    }}
{target}
}}
restore "documents" {{
    recover "documents" {{ into path="/restore/documents" }}
{restore}
}}
{file}
"#
    )
}

fn fails(compiled: &Compiled) -> bool {
    compiled.found.iter().any(|found| found.severity == Severity::Error)
}

/// Whether neither errors nor warnings stand.
fn is_clean(compiled: &Compiled) -> bool {
    compiled.found.iter().all(|found| found.severity == Severity::Advice)
}

fn files() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = ["docs", "docs/diagnostics"].map(|folder| std::fs::read_dir(root.join(folder)).unwrap());
    let docs = folders.into_iter().flatten().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect();
    files.extend(["README.md", "README.ja.md"].map(|page| root.join(page)));
    files.sort();
    files
}

/// Every example of the documentation, each as a complete plan.
pub(crate) fn plans_shown() -> Vec<String> {
    let examples = files().iter().flat_map(|file| examples(file)).collect::<Vec<_>>();
    let files = examples.iter().flat_map(|example| example.beside.iter().map(|(_, text)| text.clone()));
    examples.iter().map(whole).chain(files).collect()
}

#[test]
fn every_example_compiles_or_must_not() {
    for example in files().iter().flat_map(|file| examples(file)) {
        let compiled = compiled(&example);
        let must_fail = example.info.iter().any(|word| word == "must-fail");
        assert_eq!(fails(&compiled), must_fail, "{}\n{}", example.place, compiled.shown());
    }
}

#[test]
fn a_whole_plan_that_is_shown_has_no_warning() {
    let whole = |example: &Example| example.info.is_empty() && !example.heading.starts_with("sonae::");
    let mut shown = 0;
    for example in files().iter().flat_map(|file| examples(file)).filter(whole) {
        let compiled = compiled(&example);
        assert!(is_clean(&compiled), "{}\n{}", example.place, compiled.shown());
        shown += 1;
    }
    assert!(shown > 1, "{shown}");
}

#[test]
fn the_page_of_a_diagnostic_shows_what_yields_it_and_what_does_not() {
    let mut shown = BTreeSet::new();
    let is_of_changes = |example: &Example| example.heading.starts_with(codes::change::AREA);
    for example in files()
        .iter()
        .flat_map(|file| examples(file))
        .filter(|example| example.heading.starts_with("sonae::") && !is_of_changes(example))
    {
        let is_wrong = match &*example.above {
            "Wrong:" => true,
            "Right:" => false,
            other => panic!("{}: the example stands below {other:?}", example.place),
        };
        let compiled = compiled(&example);
        let yields = compiled.codes().contains(&&*example.heading);
        assert_eq!(yields, is_wrong, "{}\n{}", example.place, compiled.shown());
        shown.insert((example.heading, is_wrong));
    }
    // What is too long for a page, or not seen on one.
    let untold = [
        "too-large",
        "too-deep",
        "too-many-errors",
        "too-many-ties",
        "too-many-steps",
        "too-many-words",
        "too-many-pairs",
        "too-many-problems",
        "too-much",
        "control-character",
    ];
    let is_of_one_plan = |code: &&codes::Code| !code.name.starts_with(codes::change::AREA);
    for code in codes::all().filter(is_of_one_plan).filter(|code| !untold.iter().any(|name| code.name.ends_with(name)))
    {
        for is_wrong in [true, false] {
            assert!(shown.contains(&(code.name.to_owned(), is_wrong)), "{}: wrong is {is_wrong}", code.name);
        }
    }
}

#[test]
fn the_page_of_a_change_shows_two_plans_that_yield_it() {
    let all: Vec<Example> = files().iter().flat_map(|file| examples(file)).collect();
    for code in codes::change::ALL {
        let shown: Vec<&Example> = all.iter().filter(|example| example.heading == code.name).collect();
        let [before, after] = shown[..] else { panic!("{}: {} examples", code.name, shown.len()) };
        assert!(before.above == "Before:" && after.above.starts_with("After"), "{}", code.name);
        let compiled = with_changes(&whole(before), &whole(after));
        assert_eq!(compiled.codes(), [code.name], "{}\n{}", code.name, compiled.shown());
    }
}

#[test]
fn every_plan_that_is_shipped_is_clean() {
    let Ok(folder) = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("plans")) else { return };
    for path in
        folder.map(|entry| entry.unwrap().path()).filter(|path| path.extension().is_some_and(|end| end == "kdl"))
    {
        let compiled = compile(&path.to_string_lossy(), &std::fs::read_to_string(&path).unwrap());
        assert!(is_clean(&compiled), "{}", compiled.shown());
    }
}
