//! Members that lead out, climb, link elsewhere, or come where they cannot.

use serde_json::json;

use super::super::forge::{Forged, Forgery, pax};
use super::{Case, refused};

pub(super) fn run() {
    let out = refused([paths(), climbing(), hard_links(), kinds(), orders()].into_iter().flatten().collect(), &[]);
    insta::assert_snapshot!("members", out);
}

/// A folder that holds one file of that path.
fn with_file(path: impl AsRef<[u8]>) -> Forged {
    Forgery::new().file(path, b"x").ends()
}

fn paths() -> Vec<Case> {
    let deep = |depth: usize| {
        let mut path = "source".to_owned();
        let mut forged = Forgery::new();
        for _ in 0..depth {
            path += "/d";
            forged = forged.folder(&path);
        }
        forged.file(format!("{path}/../planted"), b"x").ends()
    };
    vec![
        ("an absolute path", with_file("/outside/planted")),
        ("`..` in the middle", with_file("source/../outside/planted")),
        ("`..` in front", with_file("../outside/planted")),
        ("`..` behind", with_file("source/..")),
        ("`.` in the middle", with_file("source/./a")),
        ("an empty part", with_file("source//a")),
        ("a file that ends in `/`", with_file("source/a/")),
        ("no name", with_file("")),
        (
            "NUL",
            Forgery::new()
                .lists(b"source/a\0b", json!({"file": {"size": 0}}), Some(b""))
                .raw(&pax(&[("path", b"source/a\0b")]))
                .blocks(b"source/a", b'0', b"", b"")
                .ends(),
        ),
        ("a path that is too long", with_file(format!("source/{}", "d/".repeat(50_000) + "f"))),
        ("a part that is too long", with_file(format!("source/{}", "n".repeat(300)))),
        ("another root", with_file("sourced/a")),
        ("something in many folders", deep(300)),
    ]
}

fn climbing() -> Vec<Case> {
    let link = |target: &str| Forgery::new().symlink("source/link", target);
    vec![
        ("through a link that leads out", link("../outside").file("source/link/planted", b"x").ends()),
        ("through an absolute link", link("/dev/shm").file("source/link/planted", b"x").ends()),
        (
            "through a link that stays inside",
            Forgery::new().folder("source/a").symlink("source/b", "a").file("source/b/c", b"x").ends(),
        ),
        ("a folder below a link", link("../outside").folder("source/link/planted").ends()),
        ("a link to nothing", link("").ends()),
        (
            "a link with NUL",
            Forgery::new()
                .lists(b"source/link", json!({"symlink": {"target": "a\0b"}}), None)
                .raw(&pax(&[("linkpath", b"a\0b")]))
                .blocks(b"source/link", b'2', b"", b"a")
                .ends(),
        ),
        ("below a file", Forgery::new().file("source/a", b"x").file("source/a/b", b"x").ends()),
        ("below a folder that is not there", with_file("source/a/b")),
        ("a folder below none", Forgery::new().folder("source/a/b").ends()),
        ("a root that is a link", Forgery::empty().symlink("source", "outside").file("source/planted", b"x").ends()),
        ("a root that is a file", Forgery::empty().file("source", b"x").ends()),
        ("no root", Forgery::empty().file("source/a", b"x").ends()),
    ]
}

fn hard_links() -> Vec<Case> {
    let to = |target: &str| Forgery::new().file("source/a", b"x").hard_link("source/b", target).ends();
    vec![
        ("to an absolute path", to("/outside/precious")),
        ("to a path with `..`", to("source/../../outside/precious")),
        ("to another root", to("outside/precious")),
        ("to nothing", to("")),
        ("to itself", to("source/b")),
        ("to what is not there", to("source/aa")),
        ("to what comes later", Forgery::new().hard_link("source/a", "source/b").file("source/b", b"x").ends()),
        ("to a folder", to("source")),
        (
            "to a link",
            Forgery::new().symlink("source/a", "../outside/precious").hard_link("source/b", "source/a").ends(),
        ),
        (
            "through a link",
            Forgery::new().symlink("source/a", "../outside").hard_link("source/b", "source/a/precious").ends(),
        ),
    ]
}

fn kinds() -> Vec<Case> {
    let of = |kind: u8| Forgery::new().of_kind("source/a", kind).ends();
    vec![
        ("a character device", of(b'3')),
        ("a block device", of(b'4')),
        ("a FIFO", of(b'6')),
        ("a contiguous file", of(b'7')),
        ("a global pax header", of(b'g')),
        ("a volume label", of(b'V')),
        ("a continued file", of(b'M')),
        ("a kind that nobody knows", of(b'~')),
    ]
}

fn orders() -> Vec<Case> {
    let two = |first: &str, second: &str| Forgery::new().file(first, b"x").file(second, b"y").ends();
    vec![
        ("one path twice", two("source/a", "source/a")),
        ("out of order", two("source/b", "source/a")),
        (
            "back into a folder",
            Forgery::new()
                .folder("source/a")
                .file("source/a/x", b"x")
                .file("source/b", b"x")
                .file("source/a/y", b"x")
                .ends(),
        ),
        ("a file and a folder of one name", Forgery::new().file("source/a", b"x").folder("source/a").ends()),
        (
            "a link and a file of one name",
            Forgery::new().symlink("source/a", "../outside/precious").file("source/a", b"x").ends(),
        ),
        ("a folder twice", Forgery::new().folder("source/a").folder("source/a").ends()),
        (
            "a folder under two spellings",
            Forgery::new()
                .folder("source/a")
                .lists(b"source/a", json!("folder"), None)
                .blocks(b"source/a", b'5', b"", b"")
                .ends(),
        ),
    ]
}
