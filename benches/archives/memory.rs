//! Memory of backups, restores and their dry runs, on trees that are large in one way each.

use std::fs;
use std::io;
use std::path::Path;

use super::contest::Findings;
use super::launch::mebibytes;
use super::place::{Outcome, Place, SONAE, stage};
use super::trees::{gibibytes, small_files};

/// The most that the program may have in memory at any moment; in bytes.
const PEAK_MAX: u64 = 96 << 20;

const PLAN: &str = r#"
plan "bench" { timezone "UTC"; }
store "disk" { local path="store"; }
target "tree" { files "tree"; backup "now" { archive "tar.zip"; store "disk"; }; }
restore "tree" { recover "tree" { into path="restored"; }; }
"#;

/// A tree.
struct Tree {
    name: &'static str,
    make: fn(&Path) -> io::Result<()>,
    /// The room that it and what is made of it take at any moment. The source is removed before the restore.
    bytes_free: u64,
    files_free: u64,
}

const MILLION: u32 = 1_000_000;

const MILLIONS: [Tree; 2] = [
    Tree {
        name: "1,000,000 files in 1,000 folders",
        make: |folder| small_files(folder, MILLION, 1000),
        bytes_free: 6 << 30,
        files_free: 1_100_000,
    },
    Tree {
        name: "1,000,000 files in one folder",
        make: |folder| small_files(folder, MILLION, MILLION),
        bytes_free: 6 << 30,
        files_free: 1_100_000,
    },
];

const GIBIBYTES: [Tree; 1] =
    [Tree { name: "20 files of 1 GiB", make: |folder| gibibytes(folder, 20), bytes_free: 42 << 30, files_free: 1000 }];

/// Trees of many files.
pub(crate) fn millions() -> Outcome<Findings> {
    memory(&MILLIONS)
}

/// A tree of many bytes.
pub(crate) fn many_gibibytes() -> Outcome<Findings> {
    memory(&GIBIBYTES)
}

fn memory(trees: &[Tree]) -> Outcome<Findings> {
    let mut findings = Findings::default();
    let most = mebibytes(PEAK_MAX);
    findings.line(&format!("| tree | command | wall time | CPU time | peak memory | ≤ {most:.0} MiB |"));
    findings.line("| --- | --- | --: | --: | --: | --- |");
    for tree in trees {
        measure(tree, &mut findings)?;
    }
    Ok(findings)
}

fn measure(tree: &Tree, findings: &mut Findings) -> Outcome<()> {
    let place = Place::new(tree.bytes_free, tree.files_free)?;
    fs::write(place.path("plan.kdl"), PLAN)?;
    eprintln!("archives: making {}", tree.name);
    (tree.make)(&place.path("tree"))?;
    for arguments in [
        &["run", "plan.kdl", "--all", "--dry-run"][..],
        &["run", "plan.kdl", "--all", "--quiet"],
        &["restore", "plan.kdl", "tree", "--dry-run"],
        &["restore", "plan.kdl", "tree", "--quiet"],
    ] {
        if arguments[0] == "restore" {
            place.remove("tree")?;
        }
        eprintln!("archives: sonae {}", arguments.join(" "));
        let took = place.run(&[stage([SONAE].into_iter().chain(arguments.iter().copied()))], None)?;
        let dry = if arguments.contains(&"--dry-run") { ", dry run" } else { "" };
        let met = took.peak <= PEAK_MAX;
        findings.missed += usize::from(!met);
        let row = format!(
            "| {} | {}{dry} | {:.1} s | {:.1} s | {:.1} MiB | {} |",
            tree.name,
            arguments[0],
            took.wall.as_secs_f64(),
            took.cpu.as_secs_f64(),
            mebibytes(took.peak),
            if met { "met" } else { "**MISSED**" }
        );
        // It goes on for long: what is known is said.
        eprintln!("{row}");
        findings.line(&row);
    }
    Ok(())
}
