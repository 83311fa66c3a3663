//! Zips that contradict themselves, or hold more than their one tar.

use super::super::forge::{Forged, Forgery};
use super::refused;

pub(super) fn run() {
    let local = |_: &Forged| 0;
    let descriptor = |forged: &Forged| forged.packed.end;
    let central = |forged: &Forged| find(&forged.archive, CENTRAL);
    let end = |forged: &Forged| find(&forged.archive, END);
    let behind = |forged: &Forged| forged.archive.len();
    let packed = |forged: &Forged| forged.packed.start;
    let options = zip::write::SimpleFileOptions::default();
    let (deflated, stored) = (zip::CompressionMethod::Deflated, zip::CompressionMethod::Stored);
    let cases = vec![
        ("another name in the local header", patched(local, 30, b"x")),
        ("another method in the local header", patched(local, 8, &[93])),
        ("another method in the directory", patched(central, 10, &[93])),
        ("no method in both", patched(central, 10, &[0]).but(|forged| forged.archive[8] = 0)),
        ("another size in the local header", patched(local, 22, &[1])),
        ("another packed size in the directory", patched(central, 20, &[1])),
        ("a packed size beyond the zip", patched(central, 20, &[0, 0, 0, 0x7f])),
        ("another plain size in the directory", patched(central, 24, &[1])),
        ("another CRC-32 in the directory", patched(central, 16, &[0, 0, 0, 0])),
        ("another CRC-32 behind the tar", patched(descriptor, 4, &[0, 0, 0, 0])),
        ("another packed size behind the tar", patched(descriptor, 8, &[1])),
        ("another plain size behind the tar", patched(descriptor, 12, &[1])),
        ("another signature behind the tar", patched(descriptor, 0, b"x")),
        ("encrypted, says the directory", patched(central, 8, &[9])),
        ("encrypted, say both", patched(central, 8, &[9]).but(|forged| forged.archive[6] = 9)),
        ("encrypted, says the local header", patched(local, 6, &[9])),
        ("a folder, says the mode", patched(central, 40, &[0xed, 0x41])),
        ("a link, says the mode", patched(central, 40, &[0xff, 0xa1])),
        ("an entry elsewhere", patched(central, 42, &[4])),
        ("an entry far away", patched(central, 42, &[0xfe, 0xff, 0xff, 0x7f])),
        ("an entry that zip64 is to say", patched(central, 42, &[0xff; 4])),
        ("sizes that zip64 is to say", patched(central, 20, &[0xff; 8])),
        ("a zip64 record that lies", zip64(&[u64::MAX, u64::MAX, u64::MAX])),
        ("two entries, says the end", patched(end, 8, &[2, 0, 2])),
        ("no entry, says the end", patched(end, 8, &[0, 0, 0])),
        ("a directory of another size", patched(end, 12, &[1])),
        ("a directory elsewhere", patched(end, 16, &[1])),
        ("a directory far away", patched(end, 16, &[0xfe, 0xff, 0xff, 0x7f])),
        ("another disk", patched(end, 4, &[1])),
        ("a comment beyond the end", patched(end, 20, &[9])),
        (
            "a comment",
            inserted(behind, b"comment", false).but(|forged| {
                let end = find(&forged.archive, END);
                forged.archive[end + 20] = 7;
            }),
        ),
        ("something in front", inserted(local, b"something", false)),
        ("something in front, and places that know it", inserted(local, b"something", true)),
        ("something before the packed bytes", inserted(packed, b"something", true)),
        ("something before the descriptor", inserted(descriptor, b"something", true)),
        ("something before the directory", inserted(central, b"something", true)),
        ("something before the end", inserted(end, b"something", true)),
        ("something behind", inserted(behind, b"something", false)),
        ("a second end behind", inserted(behind, b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", false)),
        ("nothing", Forgery::new().ends().but(|forged| forged.archive.clear())),
        ("no zip", Forgery::new().ends().but(|forged| forged.archive = vec![b'x'; 4096])),
        ("two tars", zipped(&["a.tar", "b.tar"], options.compression_method(deflated))),
        ("one name twice", zipped(&["a.tar"], options.compression_method(deflated)).but(twice)),
        ("no entry", zipped(&[], options)),
        ("no tar", zipped(&["a.txt"], options.compression_method(deflated))),
        ("a tar that is not packed", zipped(&["a.tar"], options.compression_method(stored))),
        ("a tar that another tool packed", zipped(&["a.tar"], options.compression_method(deflated))),
        ("packed bytes that are none", patched(packed, 0, &[7])),
        ("another content", patched(packed, 6, &[0xff, 0xff])),
    ];
    insta::assert_snapshot!("zips", refused(cases, &[]));
}

/// Where a record of the zip begins.
fn find(archive: &[u8], signature: &[u8; 4]) -> usize {
    archive.windows(4).rposition(|window| window == signature).unwrap()
}

const CENTRAL: &[u8; 4] = b"PK\x01\x02";

const END: &[u8; 4] = b"PK\x05\x06";

/// A zip in which bytes were replaced: so far behind that record.
fn patched(at: fn(&Forged) -> usize, behind: usize, bytes: &[u8]) -> Forged {
    Forgery::new().file("source/a", b"x").ends().but(|forged| {
        let from = at(forged) + behind;
        forged.archive[from..from + bytes.len()].copy_from_slice(bytes);
    })
}

/// Puts bytes into the zip, and moves what it says of the places behind.
fn inserted(at: fn(&Forged) -> usize, bytes: &[u8], says_so: bool) -> Forged {
    Forgery::new().file("source/a", b"x").ends().but(|forged| {
        let at = at(forged);
        forged.archive.splice(at..at, bytes.iter().copied());
        if says_so {
            let (central, end) = (find(&forged.archive, CENTRAL), find(&forged.archive, END));
            forged.archive[end + 16..end + 20].copy_from_slice(&(central as u32).to_le_bytes());
            if at == 0 {
                forged.archive[central + 42..central + 46].copy_from_slice(&(bytes.len() as u32).to_le_bytes());
            }
        }
    })
}

/// A zip of these entries, made by another tool.
fn zipped(names: &[&str], options: zip::write::SimpleFileOptions) -> Forged {
    use std::io::Write as _;
    Forgery::new().ends().but(|forged| {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(vec![]));
        for name in names {
            writer.start_file(*name, options).unwrap();
            writer.write_all(&[0; 1024]).unwrap();
        }
        forged.archive = writer.finish().unwrap().into_inner();
    })
}

/// The one entry listed a second time.
fn twice(forged: &mut Forged) {
    let (central, end) = (find(&forged.archive, CENTRAL), find(&forged.archive, END));
    let entry = forged.archive[central..end].to_vec();
    forged.archive[end + 8..end + 12].copy_from_slice(&[2, 0, 2, 0]);
    forged.archive[end + 12..end + 16].copy_from_slice(&(2 * entry.len() as u32).to_le_bytes());
    forged.archive.splice(end..end, entry);
}

/// An entry whose sizes and place are in a zip64 extra field.
fn zip64(says: &[u64; 3]) -> Forged {
    patched(|forged| find(&forged.archive, CENTRAL), 20, &[0xff; 8]).but(|forged| {
        let (central, end) = (find(&forged.archive, CENTRAL), find(&forged.archive, END));
        let mut extra = vec![1, 0, 24, 0];
        extra.extend(says.iter().flat_map(|number| number.to_le_bytes()));
        forged.archive[central + 42..central + 46].copy_from_slice(&[0xff; 4]);
        let length = forged.archive[central + 30] + 28;
        forged.archive[central + 30] = length;
        forged.archive[end + 12] += 28;
        forged.archive.splice(end..end, extra);
    })
}
