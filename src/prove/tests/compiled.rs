//! Plans as they are written, and what their proofs say.

use crate::diagnostic::Sources;
use crate::primitives::PathBytes;
use crate::prove::{Compiled, compile};

/// What is said of a plan, with what stands before every one of these tests.
pub(super) fn compiled(timezone: &str, text: &str) -> (Sources, Compiled) {
    let head = "store \"vault\" { local path=\"/vault\"; access { write \"w\"; read \"r\"; prune \"p\" } }";
    let mut sources = Sources::default();
    let file = sources.add("plan.kdl", format!("plan \"shop\" {{ timezone \"{timezone}\" }}\n{head}\n{text}"));
    let found = compile(&sources, file, &PathBytes::new(b"/".as_slice()), "2026-03-01T00:00:00Z".parse().unwrap());
    (sources, found)
}

/// The findings of some codes and the promises of some kinds, in words.
pub(super) fn told(timezone: &str, text: &str, codes: &str, kind: &str) -> String {
    let (sources, compiled) = compiled(timezone, text);
    let mut told = String::new();
    for found in &compiled.diagnostics {
        let severe = found.severity == crate::diagnostic::Severity::Error;
        assert!(!severe || found.code.name.starts_with(codes), "{found:?}");
        if found.code.name.starts_with(codes) {
            told.push_str(&format!("{:?} {}: {}\n", found.severity, found.code.name, found.message));
            for label in &found.labels {
                let place = &sources.get(label.span.file).text[label.span.range()];
                told.push_str(&format!("  @ {place}: {}\n", label.text));
            }
            told.push_str(&format!("  help: {}\n", found.help));
        }
    }
    let promises = compiled.proven.iter().flat_map(|proven| &proven.proofs().promises);
    for promise in promises.filter(|promise| promise.kind.to_string() == kind) {
        told.push_str(&format!("{}: {promise}\n", promise.standing));
    }
    let custody = compiled.proven.iter().flat_map(|proven| &proven.proofs().custody).filter(|_| kind == "custody");
    custody.for_each(|custody| told.push_str(&format!("{}: {custody}\n", custody.standing)));
    told
}
