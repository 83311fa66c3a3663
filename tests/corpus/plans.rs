//! Whole plans, good and bad, and what is said of each.

use super::compile_file;

#[test]
fn plans_look_as_they_did() {
    insta::glob!("../../plans", "*.kdl", |path| insta::assert_snapshot!(compile_file(path).shown()));
    insta::glob!("plans/*.kdl", |path| insta::assert_snapshot!(compile_file(path).shown()));
}
