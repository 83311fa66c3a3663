//! A plan of several files.

use std::path::Path;

use sonae::primitives::FileId;

use super::{compile, compile_folder, compile_with, texts_of};

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/parts")
}

#[test]
fn the_plan_of_several_files_looks_as_it_did() {
    let compiled = compile_folder(&folder());
    let accepted = compiled.proven.as_ref().map(sonae::report::accepted).unwrap_or_default();
    insta::assert_snapshot!("parts__plan.kdl", format!("{}\n{accepted}", compiled.shown()));
}

#[test]
fn several_files_say_what_one_text_of_them_says() {
    let compiled = compile_folder(&folder());
    let text = sonae::lower::in_one(&compiled.sources, FileId(0));
    let one = compile("plan.kdl", &text);
    assert!(!text.contains("include"), "{text}");
    assert_eq!(
        one.proven.map(|proven| sonae::report::accepted(&proven)),
        compiled.proven.map(|proven| sonae::report::accepted(&proven))
    );
}

#[test]
fn every_form_shows_the_file_of_each_place() {
    let beside = vec![("parts/b.kdl".to_owned(), "store \"s\" { local path=\"/b\" }\n".to_owned())];
    let compiled =
        compile_with("a.kdl", "plan \"p\"\ninclude \"parts/b.kdl\"\nstore \"s\" { local path=\"/a\" }\n", &beside);
    let found = &compiled.found[..];
    let [duplicate] =
        &found.iter().filter(|found| found.code.name == "sonae::word::duplicate-name").collect::<Vec<_>>()[..]
    else {
        panic!("{}", compiled.shown());
    };
    let one = std::slice::from_ref(*duplicate);
    let (sources, here) = (&compiled.sources, "/repo");
    let json = serde_json::to_value(sonae::report::diagnostics::json(one, sources)).unwrap();
    let files = |value: &serde_json::Value| -> Vec<String> {
        value.as_array().unwrap().iter().map(|label| label["file"].to_string()).collect()
    };
    assert_eq!(files(&json["diagnostics"][0]["labels"]), ["\"parts/b.kdl\"", "\"a.kdl\""]);
    let sarif = sonae::report::diagnostics::sarif([(one, &[][..], sources)], here);
    let result = &sarif["runs"][0]["results"][0];
    let uri = |place: &serde_json::Value| place["physicalLocation"]["artifactLocation"]["uri"].clone();
    assert_eq!(
        (uri(&result["locations"][0]), uri(&result["relatedLocations"][0])),
        ("parts/b.kdl".into(), "a.kdl".into())
    );
    let github = sonae::report::diagnostics::github(one, sources, here);
    assert!(github.starts_with("::error file=parts/b.kdl,line=1,"), "{github}");
    let text = sonae::report::diagnostics::text(one, sources, sonae::report::diagnostics::Colour::Plain);
    assert!(text.contains("[parts/b.kdl:1:7]") && text.contains("a.kdl:3:7: first declared here"), "{text}");
}

#[test]
fn an_include_that_nobody_loaded_is_not_ignored() {
    let mut sources = sonae::diagnostic::Sources::default();
    let file = sources
        .add("plan.kdl", "plan \"p\"\ninclude \"a.kdl\"\ninclude \"b.kdl\"\ntarget \"t\" { no-backup \"made anew\" }");
    let base = sonae::primitives::PathBytes::new(&b"/"[..]);
    let now = "2026-03-01T00:00:00Z".parse().unwrap();
    let compiled = sonae::prove::compile(&sources, file, &base, now);
    let codes: Vec<_> = compiled.diagnostics.iter().map(|found| found.code.name).collect();
    assert_eq!(codes, ["sonae::include::unreadable"]);
    assert!(compiled.proven.is_none());
}

#[test]
fn a_file_is_loaded_once_and_so_many_bytes_at_most() {
    let large = "// large\n".repeat(sonae::syntax::BYTES_MAX / 18);
    let beside: Vec<_> = ["a", "b", "c"].map(|name| (format!("{name}.kdl"), large.clone())).into();
    let text = "plan \"p\"\ninclude \"a.kdl\"\ninclude \"b.kdl\"\ninclude \"c.kdl\"\ntarget \"t\" { no-backup \"made anew\" }\n";
    let compiled = compile_with("plan.kdl", text, &beside);
    assert_eq!(compiled.codes(), ["sonae::include::too-much"]);
    assert_eq!(
        &text[compiled.found[0].span().range()],
        "\"b.kdl\"",
        "the second is too much, and nobody speaks of the third"
    );
    let opened = ["a.kdl", "b.kdl", "c.kdl"].map(|name| compiled.sources.named(name).is_some());
    assert_eq!(opened, [true, true, false]);
    assert_eq!(texts_of(&folder(), "").len(), 4);
}
