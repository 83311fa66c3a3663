//! Archives of which one path is restored, so that not all of them is read.

use serde_json::json;

use super::super::forge::{Forgery, header};
use super::refused;

/// What lies between the parts of the tar that are read is not looked at; what is read must be what the contents say.
pub(super) fn run() {
    let two = || Forgery::new().file("source/a", &[b'a'; 2000]).file("source/b", b"b");
    let moved = |from: &'static str, to: &'static str| {
        two().ends().but(|forged| forged.entries.iter_mut().for_each(|line| *line = line.replace(from, to)))
    };
    let overrun = || {
        let size = json!({"file": {"size": 3000}});
        let begun = Forgery::new().lists(b"source/a", size, Some(&[0; 3000]));
        begun.raw(header(b"source/a", b'0', 3000, b"").as_bytes()).raw(&[0; 512])
    };
    let hidden = Forgery::new().file("source/a", b"a").blocks(b"source/../../outside/planted", b'0', b"x", b"");
    let cases = vec![
        ("a member that runs into the next", overrun().file("source/b", &[0; 2048]).raw(&[0; 512]).ends()),
        ("a member that runs over the end", overrun().ends()),
        ("a member that is not listed", hidden.file("source/b", b"b").ends()),
        ("a member that begins elsewhere", moved("\"at\":512", "\"at\":1024")),
        ("a member that begins in the next", moved("\"at\":512", "\"at\":3072")),
        ("a member that begins behind the end", moved("\"at\":512", "\"at\":18446744073709551615")),
        ("members that do not ascend", moved("\"at\":3072", "\"at\":512")),
        (
            "another content",
            moved("\"digest\":\"blake3:", "\"digest\":\"blake3:00").but(|forged| {
                forged.entries.iter_mut().for_each(|line| *line = shortened(line));
            }),
        ),
        ("through a link", Forgery::new().symlink("source/a", "../outside").file("source/a/planted", b"x").ends()),
        ("a hard link out", Forgery::new().hard_link("source/a", "../outside/precious").ends()),
        ("a hard link to what is not there", Forgery::new().hard_link("source/a", "source/A").ends()),
        ("a hard link to a folder", Forgery::new().folder("source/A").hard_link("source/a", "source/A").ends()),
        (
            "a hard link to a link",
            Forgery::new().symlink("source/A", "../outside/precious").hard_link("source/a", "source/A").ends(),
        ),
        ("a hard link to a later file", Forgery::new().hard_link("source/a", "source/b").file("source/b", b"x").ends()),
        ("more than the manifest says", two().ends().but(|forged| forged.totals["bytes"] = json!(1999))),
        ("`..` in the contents alone", moved("source/b", "source/a/../../../outside/planted")),
    ];
    insta::assert_snapshot!("parts", refused(cases, &["--path", "a"]));
}

/// A line whose digests have their 64 digits again.
fn shortened(line: &str) -> String {
    match line.find("blake3:") {
        Some(at) => format!("{}{}", &line[..at + 7 + 64], &line[at + 7 + 66..]),
        None => line.to_owned(),
    }
}
