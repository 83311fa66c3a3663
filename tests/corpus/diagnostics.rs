//! Every code has an example that yields it.

use std::path::{Path, PathBuf};

use sonae::diagnostic::codes;

use super::compile;

fn example(code: &str) -> PathBuf {
    let file = format!("{}.kdl", code.replace("::", "-"));
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/diagnostics").join(file)
}

#[test]
fn every_code_has_an_example_that_yields_it() {
    for code in codes::all() {
        let text = match std::fs::read_to_string(example(code.name)) {
            Ok(text) => text,
            // A mebibyte need not lie in the repository.
            Err(_) if code.name == "sonae::restore::too-many-ties" => side_by_side_twice(1_000),
            Err(_) if code.name == "sonae::syntax::too-large" => "// large\n".repeat(sonae::syntax::BYTES_MAX / 8),
            Err(_) if code.name == "sonae::plan::too-many-pairs" => many_ways_of_many_folders(500),
            Err(_) if code.name == "sonae::plan::too-many-problems" => "a;".repeat(sonae::diagnostic::FOUND_MAX + 1),
            Err(_) if code.name == "sonae::syntax::too-many-words" => "a\n".repeat(sonae::syntax::WORDS_MAX + 1),
            Err(error) => panic!("{}: {error}", example(code.name).display()),
        };
        let compiled = compile("example.kdl", &text);
        assert!(compiled.codes().contains(&code.name), "{}: {:?}", code.name, compiled.codes());
    }
}

#[test]
fn no_example_is_of_a_code_that_is_gone() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/diagnostics");
    let known: Vec<_> = codes::all().map(|code| example(code.name)).collect();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "kdl") {
            assert!(known.contains(&path), "{}", path.display());
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
