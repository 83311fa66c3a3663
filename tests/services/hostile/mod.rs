//! What whoever can write a store can make of it is refused, and nothing comes of it.

mod bombs;
mod contents;
mod manifests;
mod members;
mod parts;
mod tars;
mod zips;

use std::fmt::Write as _;
use std::process::Command;

use serde_json::json;

use super::Check;
use super::forge::{self, Forged, Forgery, HOST};
use super::leftovers;
use super::scene::{ONE_JOB, SONAE, Said, Scene};
use super::tree::{Tree, look};

pub(crate) const CHECKS: &[Check] = &[
    Check { name: "hostile members of an archive are refused, each for its own reason", needs: &[], run: members::run },
    Check { name: "hostile tars are refused, each for its own reason", needs: &[], run: tars::run },
    Check { name: "hostile zips are refused, each for its own reason", needs: &[], run: zips::run },
    Check { name: "hostile contents are refused, each for its own reason", needs: &[], run: contents::run },
    Check { name: "hostile manifests are refused, each for its own reason", needs: &[], run: manifests::run },
    Check { name: "archives that unpack to very much are refused within bounds", needs: &[], run: bombs::run },
    Check { name: "hostile archives of which one path is restored are refused", needs: &[], run: parts::run },
    Check { name: "hostile words in contents steer no terminal", needs: &[], run: words },
    Check { name: "a forged point that means no harm is restored", needs: &[], run: harmless },
];

/// A mebibyte.
const MIB: usize = 1 << 20;

/// What the program may take while it refuses: kibibytes of address space, and open files.
const LIMITS: &str = "ulimit -v 2000000; ulimit -n 128; exec \"$@\"";

type Case = (&'static str, Forged);

fn restore(scene: &Scene, more: &[&str]) -> Said {
    let mut command = Command::new("sh");
    command.args(["-c", LIMITS, "sh", SONAE, "restore", "plan.kdl", "files", "--from-host", HOST]).args(more);
    // On many processors, what the allocator merely reserves would be too much.
    Said::of(scene.surround(&mut command).env("MALLOC_ARENA_MAX", "2"))
}

fn scene() -> Scene {
    let scene = Scene::in_memory(ONE_JOB);
    std::fs::create_dir(scene.path("outside")).unwrap();
    std::fs::write(scene.path("outside/precious"), "as it was").unwrap();
    // The folder for journals is made by the first run.
    std::fs::create_dir(scene.path("state")).unwrap();
    scene
}

/// All there is, but what is the program's own: its journals and locks; and the times of the folder that the destination would be
/// made in.
fn surroundings(scene: &Scene) -> Tree {
    let mut tree = look(scene.root());
    tree.retain(|path, _| !path.is_empty() && !path.starts_with(b"state"));
    // A pin comes into the store's folders and goes again: nothing stays of it but their times.
    for (_, seen) in tree.iter_mut().filter(|(path, seen)| path.starts_with(b"store") && seen.kind == "folder") {
        seen.mtime = (0, 0);
    }
    tree
}

/// Restores each; answers what was said of each.
fn refused(cases: Vec<Case>, more: &[&str]) -> String {
    let scene = scene();
    let mut out = String::new();
    for (name, forged) in cases {
        let _written = writeln!(out, "{name}: {}", refused_one(&scene, name, forged, more));
    }
    out
}

/// Restores a forged point, which must fail. Answers the exit status and what was said, with short names for the scene's.
fn refused_one(scene: &Scene, name: &str, forged: Forged, more: &[&str]) -> String {
    forged.put(scene);
    let before = surroundings(scene);
    let said = restore(scene, more);
    assert_eq!(before, surroundings(scene), "{name}: something else is there\n{said}");
    leftovers::assert_none(scene);
    assert!(!said.to_string().contains("panic") && !said.to_string().contains("a bug"), "{name}: {said}");
    assert_steers_nothing(name, &said);
    let status = said.status();
    assert!(matches!(status, Some(1 | 4)), "{name}: {said}");
    let told = if status == Some(4) { said.stdout() } else { said.stderr() };
    let first = told.lines().next().unwrap_or_default();
    let object = |ending: &str| scene.path("store").join(format!("{}{ending}", forge::POINT)).display().to_string();
    let mut told = first.replace("failed: restore/files/recover-files: ", "");
    for (ending, short) in [(".tar.zip", "ARCHIVE"), (".contents.jsonl.gz", "CONTENTS"), (".manifest.json", "MANIFEST")]
    {
        told = told.replace(&object(ending), short);
    }
    let staging =
        told.find(".restoring-").map(|at| told[at..at + ".restoring-20260301T053000Z-0000002a".len()].to_owned());
    told = told
        .replace(scene.root().to_str().unwrap(), "SCENE")
        .replace(staging.as_deref().unwrap_or("\0"), ".restoring-RUN");
    // How much is free is the machine's.
    if let Some(free) = told.find(" are free").and_then(|_| told.rfind(", and ")) {
        told.truncate(free);
    }
    format!("{}: {told}", status.unwrap_or_default())
}

/// That nothing which a terminal would obey is printed.
fn assert_steers_nothing(name: &str, said: &Said) {
    let printed = said.stdout() + &said.stderr();
    assert!(!printed.contains(|c: char| c.is_control() && c != '\n'), "{name}: {printed:?}");
}

/// What contents say of what was not stored is shown, and not obeyed.
fn words() {
    let scene = scene();
    let unread =
        json!({"entry": {"unread": {"path": "/source/\u{1b}[2Jgone", "why": "\u{1b}]0;title\u{7}\nrestored all"}}});
    let special = json!({"entry": {"not-stored": {"path": "/source/special", "kind": "\u{1b}[31mpipe"}}});
    let forged = one_file().but(|forged| forged.entries.extend([unread, special].map(|line| line.to_string())));
    forged.put(&scene);
    let said = restore(&scene, &[]).exits(5).says(r"\u{1b}]0;title\u{7}\nrestored all");
    assert_steers_nothing("unread", &said);
    let said =
        restore(&scene, &["--into", "other", "--path", "special"]).exits(1).says(r"a \u{1b}[31mpipe is not stored");
    assert_steers_nothing("not stored", &said);
}

fn harmless() {
    let scene = scene();
    let big = vec![b'x'; 3 * MIB / 2];
    let forged = Forgery::new().file("source/a", b"a").file("source/b", &big).hard_link("source/c", "source/a");
    forged.symlink("source/d", "../outside/precious").ends().put(&scene);
    restore(&scene, &[]).exits(0);
    assert_eq!(std::fs::read(scene.path("restored/b")).unwrap(), big);
    assert_eq!(std::fs::read(scene.path("restored/c")).unwrap(), b"a");
    std::fs::remove_dir_all(scene.path("restored")).unwrap();
    restore(&scene, &["--path", "b"]).exits(0);
    assert_eq!(std::fs::read(scene.path("restored/b")).unwrap(), big);
}

fn one_file() -> Forged {
    Forgery::new().file("source/a", b"x").ends()
}
