//! Every code has an example that yields it: a file, or a folder whose `plan.kdl` includes the other files of it.

use std::path::{Path, PathBuf};

use sonae::diagnostic::codes;

use super::{Compiled, compile, compile_folder, compile_with};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/diagnostics")
}

/// The plan that yields a code.
pub(crate) fn example(code: &str) -> Compiled {
    let name = code.replace("::", "-");
    let (file, parts) = (folder().join(format!("{name}.kdl")), folder().join(&name));
    if code.starts_with(codes::change::AREA) {
        return super::diffs::example(code);
    }
    // A mebibyte need not lie in the repository.
    match code {
        "sonae::restore::too-many-ties" => compile("plan.kdl", &side_by_side_twice(1_000)),
        "sonae::plan::too-many-steps" => compile("plan.kdl", &doubling(20)),
        "sonae::syntax::too-large" => compile("plan.kdl", &"// large\n".repeat(sonae::syntax::BYTES_MAX / 8)),
        "sonae::plan::too-many-pairs" => compile("plan.kdl", &many_ways_of_many_folders(500)),
        "sonae::plan::too-many-problems" => compile("plan.kdl", &"a;".repeat(sonae::diagnostic::FOUND_MAX + 1)),
        "sonae::syntax::too-many-words" => compile("plan.kdl", &"a\n".repeat(sonae::syntax::WORDS_MAX + 1)),
        "sonae::include::too-much" => of_very_many_files(),
        "sonae::template::too-much" => compile("plan.kdl", &used_too_often()),
        _ if parts.is_dir() => compile_folder(&parts),
        _ => compile(
            "example.kdl",
            &std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())),
        ),
    }
}

#[test]
fn every_code_has_an_example_that_yields_it() {
    for code in codes::all() {
        let compiled = example(code.name);
        assert!(compiled.codes().contains(&code.name), "{}: {:?}", code.name, compiled.codes());
    }
}

#[test]
fn no_example_is_of_a_code_that_is_gone() {
    let known: Vec<_> = codes::all().map(|code| code.name.replace("::", "-")).collect();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() || path.extension().is_some_and(|extension| extension == "kdl") {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            assert!(known.contains(&name), "{}", path.display());
        }
    }
}

#[test]
fn examples_look_as_they_did() {
    insta::glob!("diagnostics/*.kdl", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        insta::assert_snapshot!(compile(&name, &text).shown());
    });
    insta::glob!("diagnostics/*/plan.kdl", |path| {
        insta::assert_snapshot!(compile_folder(path.parent().unwrap()).shown());
    });
}

/// A plan that includes a file more than it may.
fn of_very_many_files() -> Compiled {
    let beside: Vec<_> = (0..256).map(|n| (format!("{n}.kdl"), String::new())).collect();
    let includes: String = beside.iter().map(|(name, _)| format!("include \"{name}\"\n")).collect();
    compile_with("plan.kdl", &format!("plan \"wide\"\n{includes}"), &beside)
}

/// A plan whose templates put in more than they may.
fn used_too_often() -> String {
    let exclude = "exclude \"x\"\n".repeat(600);
    let targets: String = (0..100).map(|n| format!("target \"t{n}\" {{ use \"large\" }}\n")).collect();
    format!(
        "plan \"wide\"\ntemplate \"large\" {{ no-backup \"it is made anew\"; files \"/x\" {{ {exclude} }} }}\n{targets}"
    )
}

/// A plan whose restores hold twice as many steps with each level.
fn doubling(levels: u32) -> String {
    let mut text = String::from(
        "plan \"doubling\"\ntarget \"t\" { no-backup \"it is made anew\" }\nrestore \"r0\" { probe \"p\" { path \"/\" } }\n",
    );
    for level in 1..=levels {
        let below = format!("restore \"r{}\"", level - 1);
        text.push_str(&format!("restore \"r{level}\" {{ {below}; {below} }}\n"));
    }
    text
}

/// A target of so many folders that is backed up in as many ways.
fn many_ways_of_many_folders(each: usize) -> String {
    let folders: String = (0..each).map(|n| format!(" \"/{n}\"")).collect();
    let ways: String = (0..each).map(|n| format!("backup \"b{n}\" {{ archive \"tar.zip\"; store \"s\" }}\n")).collect();
    format!("plan \"wide\"\nstore \"s\" {{ local path=\"/s\" }}\ntarget \"t\" {{ files{folders}\n{ways} }}\n")
}

/// A plan with so many steps side by side behind as many.
fn side_by_side_twice(steps: usize) -> String {
    let block = format!("parallel {{\n{}}}\n", "probe \"p\" { path \"/\" }\n".repeat(steps));
    format!("plan \"wide\"\ntarget \"t\" {{ no-backup \"it is made anew\" }}\nrestore \"r\" {{\n{block}{block}}}\n")
}
