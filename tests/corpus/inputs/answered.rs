//! What holds of every answer.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};

use sonae::diagnostic::Severity;
use sonae::primitives::FileId;

use crate::corpus::{Beside, Compiled, compile_with};

/// Of how many inputs that are no text one is given to the program itself: starting it takes longer than all else.
const WHOLE_EVERY: u64 = 16;

/// Holds an answer against everything that it must be; panics where it is not.
pub(super) fn assert_answered(seed: u64, bytes: &[u8], beside: &Beside) {
    if std::str::from_utf8(bytes).is_err() && seed.is_multiple_of(WHOLE_EVERY) {
        assert_refused(seed, bytes);
    }
    let text = String::from_utf8_lossy(bytes);
    let compile = || compile_with("input.kdl", &text, beside);
    let (compiled, again) = (compile(), compile());
    assert_eq!(compiled.found, again.found, "two answers to one input");
    for label in compiled.found.iter().flat_map(|found| &found.labels) {
        let text = &compiled.sources.get(label.span.file).text;
        assert!(text.get(label.span.range()).is_some(), "{label:?} is not in the text, or cuts a character");
    }
    assert!(compiled.found.is_sorted_by_key(|found| found.span()), "not in source order");
    let errors = compiled.found.iter().any(|found| found.severity == Severity::Error);
    assert_eq!(compiled.proven.is_none(), errors, "a plan is proven where, and only where, there is no error");
    assert!(!rendered(&compiled).is_empty());
    let different: BTreeSet<_> =
        compiled.found.iter().map(|found| (found.code.name, &found.message, &found.labels)).collect();
    assert_eq!(different.len(), compiled.found.len(), "something is told twice");
    assert_same_in_one(&compiled);
}

/// A plan of several files says what it would as one text.
fn assert_same_in_one(compiled: &Compiled) {
    if let Some(proven) = &compiled.proven {
        let text = sonae::lower::in_one(&compiled.sources, FileId(0));
        if text.trim_end() == compiled.sources.get(FileId(0)).text.trim_end() {
            return;
        }
        let one = compile_with("input.kdl", &text, &[]).proven.map(|proven| sonae::report::accepted(&proven));
        assert_eq!(one, Some(sonae::report::accepted(proven)), "{text}");
    }
}

/// As text, and as JSON with the promises.
fn rendered(compiled: &Compiled) -> String {
    let report = sonae::report::diagnostics::json(&compiled.found, &compiled.sources);
    let proofs = compiled.proven.as_ref().map(|proven| proven.proofs());
    compiled.shown() + &serde_json::to_string(&(report, proofs)).unwrap()
}

/// The program says of bytes that are no text that they are none.
fn assert_refused(seed: u64, bytes: &[u8]) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    std::fs::write(folder.path().join("input.kdl"), bytes).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sonae"));
    command.args(["check", "input.kdl"]).current_dir(folder.path()).env_clear().stdin(Stdio::null());
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "seed {seed}: {said}");
    assert!(said.contains("is not UTF-8 text (byte "), "seed {seed}: {said}");
}
