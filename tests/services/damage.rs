//! A damaged backup is refused, not restored.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::Check;
use super::leftovers;
use super::noise::next_random;
use super::scene::{ONE_JOB, Scene, fill};
use super::tree::{assert_same, look};

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "a flipped byte in a stored archive is refused, and nothing is made", needs: &[], run: flipped },
    Check { name: "forty bytes flipped at random leave nothing wrong behind", needs: &[], run: at_random },
    Check { name: "an archive that is cut short or gone is refused, and nothing is made", needs: &[], run: cut },
];

fn backed_up() -> Scene {
    let scene = Scene::in_memory(ONE_JOB);
    fill(&scene.path("source"), 30, 5_000);
    scene.sonae(&["run", "plan.kdl", "--all"]).exits(0);
    scene
}

fn flip(file: &Path, at: u64) {
    flip_bits(file, at, 0x10);
}

fn flip_bits(file: &Path, at: u64, bits: u8) {
    let file = OpenOptions::new().read(true).write(true).open(file).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, at).unwrap();
    file.write_all_at(&[byte[0] ^ bits], at).unwrap();
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

/// In any of the three objects, and of one path too: either nothing is made, or what was backed up.
fn at_random() {
    let scene = backed_up();
    let expected = look(&scene.path("source"));
    let archive = scene.archive();
    let beside = |ending: &str| archive.to_str().unwrap().replace(".tar.zip", ending).into();
    let objects = [archive.clone(), beside(".contents.jsonl.gz"), beside(".manifest.json")];
    let (mut state, mut refused) = (41, 0);
    for number in 0..40 {
        let object = &objects[number % 3];
        let size = std::fs::metadata(object).unwrap().len();
        let (at, bits) = (next_random(&mut state) % size, 1 + (next_random(&mut state) % 255) as u8);
        let only = ["--path", "000/file-7"];
        let only: &[&str] = if number % 4 == 0 { &only } else { &[] };
        flip_bits(object, at, bits);
        let said = scene.sonae(&[&["restore", "plan.kdl", "files"], only].concat());
        flip_bits(object, at, bits);
        leftovers::assert_none(&scene);
        let restored = scene.path("restored");
        match said.status() {
            Some(0) if only.is_empty() => assert_same(&expected, &look(&restored)),
            Some(0) => {
                let file = &b"000/file-7"[..];
                assert_eq!(expected[file], look(&restored)[file], "byte {at} of {}\n{said}", object.display());
            }
            Some(1 | 4) => {
                assert!(!restored.exists(), "{said}");
                refused += 1;
                continue;
            }
            _ => panic!("{said}"),
        }
        std::fs::remove_dir_all(restored).unwrap();
    }
    assert!(refused >= 30, "{refused} of 40 were noticed");
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
