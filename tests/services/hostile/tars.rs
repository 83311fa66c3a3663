//! Tars whose sizes, extension headers and ends lie.

use serde_json::json;

use super::super::forge::{self, Forged, Forgery, header, pax};
use super::{Case, refused};

pub(super) fn run() {
    let out = refused([sizes(), extensions(), ends()].into_iter().flatten().collect(), &[]);
    insta::assert_snapshot!("tars", out);
}

/// Only in the tar: a file of that size, in its header or in a record.
fn sized(header: tar::Header, records: &[(&str, &[u8])], listed: u64) -> Forged {
    let before = if records.is_empty() { vec![] } else { pax(records) };
    Forgery::new()
        .lists(b"source/a", json!({"file": {"size": listed}}), Some(b""))
        .raw(&before)
        .raw(header.as_bytes())
        .raw(&[0; 512])
        .ends()
}

/// A size in the binary form of GNU.
fn binary_size(bytes: [u8; 12]) -> tar::Header {
    let mut header = header(b"source/a", b'0', 0, b"");
    header.as_old_mut().size = bytes;
    header.set_cksum();
    header
}

fn sizes() -> Vec<Case> {
    let plain = |size| header(b"source/a", b'0', size, b"");
    let tib = 1_u64 << 40;
    vec![
        ("a tebibyte in 512 bytes", sized(binary_size([0x80, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]), &[], tib)),
        ("a tebibyte by a record", sized(plain(0), &[("size", b"1099511627776")], tib)),
        ("a negative size", sized(binary_size([0xff; 12]), &[], u64::MAX)),
        (
            "a size beyond 64 bits",
            sized(binary_size([0x80, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), &[], u64::MAX),
        ),
        ("a negative size by a record", sized(plain(0), &[("size", b"-1")], 0)),
        ("a size of too many digits by a record", sized(plain(0), &[("size", b"99999999999999999999")], 0)),
        ("a size that is no number", sized(plain(0), &[("size", b"many")], 0)),
        ("a size of the tar's end", sized(plain(512), &[], 512)),
        (
            "a folder with content",
            Forgery::new().lists(b"source/a", json!("folder"), None).blocks(b"source/a/", b'5', b"x", b"").ends(),
        ),
        (
            "a header whose sum is wrong",
            sized(
                {
                    let mut header = plain(0);
                    header.as_mut_bytes()[0] = b't';
                    header
                },
                &[],
                0,
            ),
        ),
        ("an owner beyond 32 bits", sized(plain(0), &[("uid", b"4294967296")], 0)),
        ("a time that is none", sized(plain(0), &[("mtime", b"1.2.3")], 0)),
    ]
}

fn extensions() -> Vec<Case> {
    let record = |blocks: &[u8]| Forgery::new().raw(blocks).file("source/a", b"x").ends();
    let with = |text: &[u8]| record(&forge::extension(text));
    let long = |kind: u8| record(header(b"x", kind, 100 << 20, b"").as_bytes());
    vec![
        ("a pax header of 100 MiB", long(b'x')),
        ("a long name of 100 MiB", long(b'L')),
        ("a long link of 100 MiB", long(b'K')),
        ("a record that is cut short", with(b"30 path=source/b\n")),
        ("a record of no length", with(b"0 path=source/b\n")),
        ("a record longer than any", with(b"99999999999999999999 path=x\n")),
        ("a record without `=`", with(b"6 abc\n")),
        ("a record that leads out", record(&pax(&[("path", b"../outside/planted")]))),
        ("a record of another name", record(&pax(&[("path", b"source/b")]))),
        ("a record and no member", Forgery::new().raw(&pax(&[("path", b"source/b")])).ends()),
    ]
}

fn ends() -> Vec<Case> {
    let one = || Forgery::new().file("source/a", b"x");
    vec![
        ("no end", one().is()),
        ("half an end", one().raw(&[0; 512]).is()),
        ("an end that is cut", one().raw(&[0; 700]).is()),
        (
            "a member that is cut",
            Forgery::new()
                .lists(b"source/a", json!({"file": {"size": 600}}), Some(&[0; 600]))
                .raw(header(b"source/a", b'0', 600, b"").as_bytes())
                .raw(&[0; 512])
                .is(),
        ),
        ("a block of zeros in the middle", one().raw(&[0; 512]).file("source/b", b"x").ends()),
        ("a member behind the end", one().raw(&[0; 1024]).file("source/b", b"x").ends()),
        ("something behind the end", one().raw(&[0; 1024]).raw(b"something").is()),
        ("nothing at all", Forgery::empty().is()),
        ("only an end", Forgery::empty().ends()),
    ]
}
