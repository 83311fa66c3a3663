//! What archives take, measured on the whole program: time beside that of other tools, in turns, and memory; and what a call takes that
//! finds nothing to do.
//!
//! `cargo bench --bench archives` compares; with words behind `--`, only that: `logs`, `images`, `levels`, `tick`, `buckets`, `points`, and of memory `millions`, `gibibytes`. Tools that are
//! missing are installed, or it fails. What is measured, and what is to be reached, says `docs/performance.md`; with `UPDATE_DOCS=1`
//! the figures are written there.
#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark sets the real world up, and looks at it past the ports"
)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "figures go to standard output, progress to standard error"
)]

mod buckets;
mod compare;
mod contest;
mod launch;
mod machine;
mod memory;
#[path = "../../tests/services/noise.rs"]
mod noise;
mod page;
mod place;
mod points;
#[path = "../../tests/conformance/s3.rs"]
#[expect(dead_code, reason = "the suite of the port uses the rest")]
mod s3_server;
mod tick;
mod trees;

use std::process::ExitCode;

use contest::Findings;
use place::Outcome;

/// One thing to measure: its word, which is that of its figures in the documentation, too.
struct Measure {
    word: &'static str,
    /// Whether it is measured where no word says so.
    by_default: bool,
    /// The programs that it is measured beside.
    peers: &'static [&'static str],
    run: fn() -> Outcome<Findings>,
}

const MEASURES: [Measure; 8] = [
    Measure { word: "logs", by_default: true, peers: &["tar", "pigz", "unzip", "restic"], run: compare::logs },
    Measure { word: "images", by_default: true, peers: &["tar", "zip", "unzip", "restic"], run: compare::images },
    Measure { word: "levels", by_default: true, peers: &[], run: compare::levels },
    // Its peer is measured where it can be had.
    Measure { word: "tick", by_default: true, peers: &[], run: tick::tick },
    // They take long, and much room.
    Measure { word: "buckets", by_default: false, peers: &["rclone", "aws"], run: buckets::buckets },
    Measure { word: "points", by_default: false, peers: &[], run: points::points },
    Measure { word: "millions", by_default: false, peers: &[], run: memory::millions },
    Measure { word: "gibibytes", by_default: false, peers: &[], run: memory::many_gibibytes },
];

fn main() -> ExitCode {
    if let Some(status) = launch::if_asked() {
        return status;
    }
    let (flags, words): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|word| word.starts_with("--"));
    // Cargo gives it to benchmarks; without, this is `cargo test --all-targets`.
    if !flags.iter().any(|flag| flag == "--bench") {
        eprintln!("archives: nothing is measured without `cargo bench`");
        return ExitCode::SUCCESS;
    }
    match measure(&words) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(missed) => {
            eprintln!("archives: {missed} missed");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("archives: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Measures what the words say. Answers how many goals were missed.
fn measure(words: &[String]) -> Outcome<usize> {
    if let Some(unknown) = words.iter().find(|word| MEASURES.iter().all(|measure| measure.word != **word)) {
        let known = MEASURES.map(|measure| measure.word).join(", ");
        return Err(format!("`{unknown}` is not measured; there are: {known}").into());
    }
    let asked = |measure: &&Measure| match words {
        [] => measure.by_default,
        words => words.iter().any(|word| word == measure.word),
    };
    let chosen: Vec<&Measure> = MEASURES.iter().filter(asked).collect();
    let peers: Vec<&str> = chosen.iter().flat_map(|measure| measure.peers).copied().collect();
    machine::install(&peers)?;
    let mut missed = 0;
    for measure in chosen {
        let mut findings = (measure.run)()?;
        missed += findings.missed;
        findings.text = format!("On {}.\n\n{}", machine::told(measure.peers)?, findings.text);
        println!("\n{}: {}", measure.word, findings.text);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            page::write(measure.word, &findings.text)?;
        }
    }
    Ok(missed)
}
