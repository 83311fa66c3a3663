//! Memory does not grow with what is backed up. `benches/archives/` measures the same of a million files and of 20 GiB.

use std::io::Write as _;
use std::path::Path;

use super::Check;
use super::launch::{launched, mebibytes, spent};
use super::noise::noise;
use super::scene::{ONE_JOB, SONAE, Said, Scene};

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "50,000 files in one folder need no more than 96 MiB", needs: &[], run: one_folder },
    Check { name: "50,000 files in 500 folders need no more than 96 MiB", needs: &[], run: many_folders },
    Check { name: "a file of 600 MiB needs no more than 96 MiB", needs: &[], run: large_file },
];

/// The most that the program may have in memory at any moment, whatever it is given; in bytes.
const PEAK_MAX: u64 = 96 << 20;
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
