//! Every code has an example that yields it.

use std::path::{Path, PathBuf};

use sonae::diagnostic::{Code, codes};

use super::compile;

fn example(code: &str) -> PathBuf {
    let file = format!("{}.kdl", code.replace("::", "-"));
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/diagnostics").join(file)
}

/// A plan that yields the code.
pub(crate) fn example_text(code: &Code) -> String {
    match std::fs::read_to_string(example(code.name)) {
        Ok(text) => text,
        // A mebibyte need not lie in the repository.
        Err(_) if code.name == "sonae::restore::too-many-ties" => side_by_side_twice(1_000),
        Err(_) if code.name == "sonae::plan::too-many-steps" => doubling(20),
        Err(_) if code.name == "sonae::syntax::too-large" => "// large\n".repeat(sonae::syntax::BYTES_MAX / 8),
        Err(error) => panic!("{}: {error}", example(code.name).display()),
    }
}

#[test]
fn every_code_has_an_example_that_yields_it() {
    for code in codes::all() {
        let compiled = compile("example.kdl", &example_text(code));
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

/// A plan with so many steps side by side behind as many.
fn side_by_side_twice(steps: usize) -> String {
    let block = format!("parallel {{\n{}}}\n", "probe \"p\" { path \"/\" }\n".repeat(steps));
    format!("plan \"wide\"\ntarget \"t\" {{ no-backup \"it is made anew\" }}\nrestore \"r\" {{\n{block}{block}}}\n")
}
