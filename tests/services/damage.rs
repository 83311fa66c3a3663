//! A damaged backup is refused, not restored.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::Check;
use super::leftovers;
use super::scene::{ONE_JOB, Scene, fill};

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "a flipped byte in a stored archive is refused, and nothing is made", needs: &[], run: flipped },
    Check { name: "an archive that is cut short or gone is refused, and nothing is made", needs: &[], run: cut },
];

fn backed_up() -> Scene {
    let scene = Scene::new(ONE_JOB);
    fill(&scene.path("source"), 30, 5_000);
    scene.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    scene
}

fn flip(file: &Path, at: u64) {
    let file = OpenOptions::new().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ 0x10], at).unwrap();
}

/// That a restore fails, says which object is wrong, and leaves no trace.
fn is_refused(scene: &Scene, object: &Path, status: i32, what: &str) {
    let name = object.file_name().unwrap().to_str().unwrap();
    let said = scene.sonae(&["restore", "plan.kdl", "files"]).says(name);
    let said = said.exits(status);
    assert!(!scene.path("restored").exists(), "{what}: something was made\n{said}");
    leftovers::assert_none(scene);
}

fn flipped() {
    let scene = backed_up();
    let archive = scene.archive();
    let contents = archive
        .with_file_name(archive.file_name().unwrap().to_str().unwrap().replace(".tar.zip", ".contents.jsonl.gz"));
    for object in [&archive, &contents] {
        let size = std::fs::metadata(object).unwrap().len();
        for at in [0, 14, 30, 60, size / 3, size / 2, size - 60, size - 22, size - 9, size - 1] {
            flip(object, at);
            is_refused(&scene, object, 4, &format!("byte {at} of {size}"));
            flip(object, at);
        }
    }
    // It was the byte.
    scene.sonae(&["restore", "plan.kdl", "files"]).exits(0);
}

fn cut() {
    let scene = backed_up();
    let archive = scene.archive();
    let whole = std::fs::read(&archive).unwrap();
    for length in [0, 1, whole.len() / 2, whole.len() - 1] {
        std::fs::write(&archive, &whole[..length]).unwrap();
        is_refused(&scene, &archive, 1, &format!("the first {length} bytes"));
    }
    std::fs::write(&archive, [whole.as_slice(), b"x"].concat()).unwrap();
    is_refused(&scene, &archive, 1, "a byte more");
    std::fs::write(&archive, &whole).unwrap();
    let elsewhere = scene.path("archive");
    std::fs::rename(&archive, &elsewhere).unwrap();
    let said = scene.sonae(&["restore", "plan.kdl", "files"]).exits(1);
    assert!(!scene.path("restored").exists(), "{said}");
    std::fs::rename(&elsewhere, &archive).unwrap();
    scene.sonae(&["restore", "plan.kdl", "files"]).exits(0);
}
