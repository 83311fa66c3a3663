//! Memory does not grow with what is backed up. `benches/archives/` measures the same of a million files and of 20 GiB.

use std::io::Write as _;
use std::path::Path;

use super::Check;
use super::launch::{launched, mebibytes, spent};
use super::noise::noise;
use super::scene::{ONE_JOB, SONAE, Said, Scene};

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "50,000 files in one folder need no more than 112 MiB", needs: &[], run: one_folder },
    Check { name: "50,000 files in 500 folders need no more than 112 MiB", needs: &[], run: many_folders },
    Check { name: "a file of 600 MiB needs no more than 112 MiB", needs: &[], run: large_file },
    Check { name: "to check a plan of any kind needs no more than 200 MiB", needs: &[], run: plans },
];

/// The most that the program may have in memory at any moment, whatever it is given; in bytes. Of it, some 38 MiB are the pages of a program that is not
/// optimised; docs/performance.md holds one that is to 96 MiB.
const PEAK_MAX: u64 = 112 << 20;
const FILES: u32 = 50_000;
/// Of the large file.
const MEBIBYTES: u32 = 600;

fn one_folder() {
    measure(&Scene::in_memory(ONE_JOB), |source| small_files(source, FILES));
}

fn many_folders() {
    measure(&Scene::in_memory(ONE_JOB), |source| small_files(source, 100));
}

fn large_file() {
    measure(&Scene::roomy(ONE_JOB), |source| {
        std::fs::create_dir(source).unwrap();
        let mut file = std::fs::File::create(source.join("large")).unwrap();
        // No method looks back from one mebibyte to the one before.
        let mebibyte = noise(1, 1 << 20);
        for _ in 0..MEBIBYTES {
            file.write_all(&mebibyte).unwrap();
        }
    });
}

/// The most that the compiler may have in memory, whatever a file of the largest size holds; in bytes.
const CHECK_PEAK_MAX: u64 = 200 << 20;
const PLAN_BYTES: usize = 1 << 20;

/// A plan of the largest size: one line as often as there is room.
fn full(before: &str, line: impl Fn(usize) -> String, after: &str) -> String {
    let mut text = before.to_owned();
    for line in (0..).map(line).take_while(|line| !line.is_empty()) {
        if text.len() + line.len() + after.len() > PLAN_BYTES {
            break;
        }
        text.push_str(&line);
    }
    text + after
}

/// What takes most: many tokens, nodes, problems, jobs, and pairs of them.
fn plans() {
    let head = "plan p\nstore s {local path=\"/s\"}\n";
    let usual = |n: usize| format!("backup b{n} {{archive tar.zip;store s}}\n");
    let recoveries: String = (0..100).map(|n| format!("recover t{n} {{into path=\"/r{n}\"}}\n")).collect();
    let jobs = |n: usize| match (n % 200, n / 200) {
        (_, 100..) => String::new(),
        (0, target) => format!("}}\ntarget t{target} {{files \"/{target}\"\n{}", usual(0)),
        (backup, _) => usual(backup),
    };
    for (what, plan) in [
        ("arguments", full("plan p", |_| " 1".into(), "")),
        ("as many words as there may be", format!("plan p{}", " 1".repeat(249_990))),
        ("nodes", "a;".repeat(250_000)),
        ("blocks in blocks", full("plan p\n", |_| format!("{}{}\n", "a{".repeat(31), "}".repeat(31)), "")),
        ("words that lack all", full("plan p\ntarget t {", |_| "backup;".into(), "}")),
        (
            "patterns",
            full(&format!("{head}target t {{files \"/\" {{exclude"), |n| format!(" \"**/[a-z]{{{n},b}}*\""), "}}"),
        ),
        ("patterns of a letter", full(&format!("{head}target t {{files \"/\" {{exclude"), |_| " *".into(), "}}")),
        (
            "20,000 jobs",
            full(&format!("{head}target z {{no-backup x"), jobs, &format!("}}\nrestore r {{\n{recoveries}}}\n")),
        ),
        ("folders in as many ways", {
            let folders: String = (0..60_000).map(|n| format!(" \"/{n}\"")).collect();
            full(&format!("{head}target t {{files{folders}\n"), usual, "}\n")
        }),
        ("line ends", "\n".repeat(PLAN_BYTES)),
    ] {
        let scene = Scene::new(&plan);
        let note = scene.path("spent");
        let said = Said::of(scene.surround(&mut launched(SONAE, &["check", "plan.kdl"], &note)));
        assert!(matches!(said.status(), Some(0 | 1)), "{what}: {said}");
        let spent = spent(&note);
        assert!(spent.peak > 1 << 20, "a program that took {} bytes was not measured", spent.peak);
        assert!(spent.peak <= CHECK_PEAK_MAX, "{what} took more than {} MiB: {spent}", mebibytes(CHECK_PEAK_MAX));
    }
}

/// Makes the files, each with its number in it, so many to a folder.
fn small_files(source: &Path, to_a_folder: u32) {
    for number in 0..FILES {
        let folder = source.join(format!("{:03}", number / to_a_folder));
        if number % to_a_folder == 0 {
            std::fs::create_dir_all(&folder).unwrap();
        }
        std::fs::write(folder.join(format!("file-{number:06}")), number.to_string()).unwrap();
    }
}

/// Backs up and restores what is made, each with its dry run first, and holds each against the bound.
fn measure(scene: &Scene, make: impl FnOnce(&Path)) {
    make(&scene.path("source"));
    for arguments in [
        &["run", "plan.kdl", "--all", "--dry-run"][..],
        &["run", "plan.kdl", "--all"],
        &["restore", "plan.kdl", "files", "--dry-run"],
        &["restore", "plan.kdl", "files"],
    ] {
        let note = scene.path("spent");
        Said::of(scene.surround(&mut launched(SONAE, arguments, &note))).exits(0);
        let spent = spent(&note);
        assert!(spent.peak > 1 << 20, "a program that took {} bytes was not measured", spent.peak);
        let most = mebibytes(PEAK_MAX);
        assert!(spent.peak <= PEAK_MAX, "{arguments:?} took more than {most} MiB: {spent}");
    }
    assert!(scene.path("restored").is_dir());
}
