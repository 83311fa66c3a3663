//! Whole plans, good and bad, and what is said of each.

use super::compile;

#[test]
fn plans_look_as_they_did() {
    insta::glob!("plans/*.kdl", |path| {
        let text = std::fs::read_to_string(path).unwrap();
        let name = path.file_name().unwrap().to_string_lossy();
        insta::assert_snapshot!(compile(&name, &text).shown());
    });
}
