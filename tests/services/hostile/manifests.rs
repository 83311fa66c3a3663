//! Manifests that speak of other points, folders and numbers.

use serde_json::{Value, json};

use super::{one_file, refused};

pub(super) fn run() {
    let changed = |manifest| one_file().but(|forged| forged.manifest = manifest);
    let roots = |roots: Value| one_file().but(|forged| forged.header["header"]["roots"] = roots);
    let cases = vec![
        (
            "the archive of another point",
            changed(|m| m["archive"]["key"] = json!("one/files/now/forged/20260302T053000Z-0000002a.tar.zip")),
        ),
        (
            "the archive of another plan",
            changed(|m| m["archive"]["key"] = json!("two/files/now/forged/20260301T053000Z-0000002a.tar.zip")),
        ),
        (
            "the contents of another host",
            changed(|m| {
                m["contents"]["key"] = json!("one/files/now/other/20260301T053000Z-0000002a.contents.jsonl.gz")
            }),
        ),
        ("a key that leads out", changed(|m| m["archive"]["key"] = json!("../outside/precious"))),
        ("a key that steers a terminal", changed(|m| m["archive"]["key"] = json!("\u{1b}[2J\n"))),
        ("a word that steers a terminal", changed(|m| m["totals"] = json!("\u{1b}[2J\n"))),
        ("an absolute key", changed(|m| m["archive"]["key"] = json!("/outside/precious"))),
        ("another plan", changed(|m| m["plan"] = json!("two"))),
        ("another host", changed(|m| m["host"] = json!("other"))),
        ("another job", changed(|m| m["job"] = json!("files/other"))),
        ("another version", changed(|m| m["format_version"] = json!(2))),
        ("a word that lacks", changed(|m| drop(m.as_object_mut().unwrap().remove("totals")))),
        ("another archive's size", changed(|m| m["archive"]["size"] = json!(1))),
        (
            "another archive's digest",
            changed(|m| m["archive"]["digest"] = other_digest())
                .but(|forged| forged.trailer = |t| t["trailer"]["archive"]["digest"] = other_digest()),
        ),
        ("another contents' digest", changed(|m| m["contents"]["digest"] = m["archive"]["digest"].clone())),
        ("a negative size", changed(|m| m["plain"]["size"] = json!(-1))),
        ("another tar's size", changed(|m| m["plain"]["size"] = json!(512))),
        ("a tar of 16 EiB", changed(|m| m["plain"]["size"] = json!(u64::MAX))),
        ("another CRC-32", changed(|m| m["plain"]["crc32"] = json!("00000000"))),
        ("segments in front", changed(|m| m["segments_at"] = json!(0))),
        ("segments elsewhere", changed(|m| m["segments_at"] = json!(20))),
        ("segments behind the end", changed(|m| m["segments_at"] = json!(u64::MAX))),
        (
            "a table of segments of its own",
            one_file().but(|forged| {
                forged.repack = |entries, segments| ([entries, segments.clone()].concat(), segments);
            }),
        ),
        ("more bytes than are free", changed(|m| m["totals"]["bytes"] = json!(u64::MAX))),
        ("fewer bytes than there are", changed(|m| m["totals"]["bytes"] = json!(0))),
        ("fewer files than there are", changed(|m| m["totals"]["files"] = json!(0))),
        ("more files than there are", changed(|m| m["totals"]["files"] = json!(2))),
        ("more links than there are", changed(|m| m["totals"]["symlinks"] = json!(1))),
        ("no folder", roots(json!([]))),
        ("a folder with `..`", roots(json!(["/source/.."]))),
        ("a relative folder", roots(json!(["source"]))),
        ("other folders than the contents", changed(|m| m["roots"] = json!(["/elsewhere"]))),
        ("more folders than the contents", changed(|m| m["roots"] = json!(["/elsewhere", "/source"]))),
        ("members of no folder", roots(json!(["/elsewhere", "/other"]))),
        ("a folder in a folder", roots(json!(["/source", "/source/a"]))),
        ("a folder twice", roots(json!(["/source", "/source"]))),
    ];
    insta::assert_snapshot!("manifests", refused(cases, &[]));
}

fn other_digest() -> Value {
    json!(format!("sha256:{}", "0".repeat(64)))
}
