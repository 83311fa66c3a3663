//! What unpacks to very much.

use serde_json::json;

use super::super::forge;
use super::{Forgery, MIB, one_file, refused};

pub(super) fn run() {
    let zeros = vec![0; 8 * MIB];
    let hidden = || Forgery::new().file("source/a", &zeros).ends();
    let tar = || Forgery::new().file("source/a", b"x").raw(&[0; 1024]);
    let line = |line: String| one_file().but(|forged| forged.entries.push(line));
    let unread = json!({"entry": {"unread": {"path": "/source/gone", "why": "x".repeat(100)}}}).to_string();
    let cases = vec![
        (
            "8 MiB, and a manifest that says nothing of them",
            hidden().but(|forged| {
                forged.manifest = |manifest| manifest["totals"]["bytes"] = json!(0);
            }),
        ),
        ("8 MiB, and nobody says anything of them", hidden().but(|forged| forged.totals["bytes"] = json!(0))),
        (
            "as many folders as one likes",
            (0..300)
                .fold(Forgery::new(), |forged, number| forged.folder(format!("source/{number:04}")))
                .ends()
                .but(|forged| forged.totals["folders"] = json!(1)),
        ),
        ("a segment that unpacks to a mebibyte", tar().packed_as(vec![forge::deflate(&zeros[..MIB])])),
        ("a segment that unpacks to less than it says", tar().packed_as(vec![forge::deflate(&[0; 512])])),
        ("a segment that unpacks to nothing", tar().packed_as(vec![forge::deflate(b"")])),
        ("zeros a thousandfold behind the tar's end", Forgery::new().raw(&zeros).raw(b"x").is()),
        ("a line of 8 MiB", line(format!("\"{}\"", "x".repeat(8 * MIB)))),
        (
            "entries without an end",
            one_file()
                .but(|forged| forged.entries.extend(std::iter::repeat_n(unread.clone(), 20_000)))
                .but(|forged| forged.entries.push("end".into())),
        ),
        ("a manifest of 2 MiB", one_file().but(|forged| forged.manifest = |m| m["host"] = json!("x".repeat(2 * MIB)))),
    ];
    insta::assert_snapshot!("bombs", refused(cases, &[]));
}
