//! Contents that are not those of their archive, and tables of segments that lie.

use serde_json::{Value, json};

use super::super::forge::{self, Forged, gzip};
use super::{Case, Forgery, MIB, one_file, refused};

pub(super) fn run() {
    let out = refused([listings(), tables(), packings()].into_iter().flatten().collect(), &[]);
    insta::assert_snapshot!("contents", out);
}

/// A file of more than one segment.
fn three_segments() -> Forged {
    Forgery::new().file("source/a", &vec![b'x'; 5 * MIB / 2]).ends()
}

fn segments(lines: &[&str]) -> Forged {
    let lines = lines.iter().map(|line| (*line).to_owned()).collect();
    three_segments().but(|forged| forged.segments = lines)
}

/// Replaces words in the entries.
fn reworded(from: &str, to: &str) -> Forged {
    one_file().but(|forged| forged.entries.iter_mut().for_each(|line| *line = line.replace(from, to)))
}

fn listings() -> Vec<Case> {
    let digest = json!("blake3:3ae7d805f6789a6402acb70ad4096a85a56bf6804eaf25c0493ac697548d30b5").to_string();
    vec![
        ("a member that is not listed", one_file().but(|forged| drop(forged.entries.pop()))),
        (
            "a member that is not there",
            one_file().but(|forged| forged.entries.push(forged.entries[1].replace("source/a", "source/b"))),
        ),
        ("a member listed twice", one_file().but(|forged| forged.entries.push(forged.entries[1].clone()))),
        ("no member listed", one_file().but(|forged| forged.entries.clear())),
        ("another name", reworded("source/a", "source/b")),
        ("another mode", reworded("420", "2541")),
        ("another owner", reworded("\"uid\":0", "\"uid\":1")),
        ("another size", reworded("\"size\":1", "\"size\":2")),
        ("another place", reworded("\"at\":512", "\"at\":1024")),
        ("another digest", reworded("3ae7", "3ae8")),
        ("a digest that is none", reworded("blake3:3ae7", "md5:3ae7")),
        ("a digest that steers a terminal", reworded("blake3:3ae7", "\\u001b[2J\\n\\u0007")),
        ("no digest", reworded(&format!(",\"digest\":{digest}"), "")),
        ("a folder with a digest", reworded("\"at\":0", &format!("\"at\":0,\"digest\":{digest}"))),
        ("a negative size", reworded("\"size\":1", "\"size\":-1")),
        ("a size beyond 64 bits", reworded("\"size\":1", "\"size\":99999999999999999999")),
    ]
}

fn tables() -> Vec<Case> {
    vec![
        ("no segments", segments(&[])),
        ("too few segments", segments(&[r#"{"segments":[1,2]}"#])),
        ("too many segments", segments(&[r#"{"segments":[1,1,1,1]}"#])),
        ("segments of other lengths", segments(&[r#"{"segments":[1000,1000,1000]}"#])),
        ("segments of no length", segments(&[r#"{"segments":[0,0,0]}"#])),
        ("segments of 4 GiB", segments(&[r#"{"segments":[4294967295,4294967295,4294967295]}"#])),
        ("segments beyond 32 bits", segments(&[r#"{"segments":[4294967296]}"#])),
        ("negative segments", segments(&[r#"{"segments":[-1]}"#])),
        (
            "lengths moved from one segment to the next",
            three_segments().but(|forged| {
                let line: Value = serde_json::from_str(&forged.segments[0]).unwrap();
                let sizes: Vec<u64> =
                    line["segments"].as_array().unwrap().iter().map(|size| size.as_u64().unwrap()).collect();
                forged.segments[0] = json!({"segments": [sizes[0] + 1, sizes[1] - 1, sizes[2]]}).to_string();
            }),
        ),
        ("an entry among the segments", three_segments().but(|forged| forged.segments.push(forged.entries[0].clone()))),
        (
            "segments without an end",
            segments(&vec![format!("{{\"segments\":[{}1]}}", "1,".repeat(400_000)).as_str(); 16]),
        ),
    ]
}

fn packings() -> Vec<Case> {
    let repacked = |repack| one_file().but(|forged| forged.repack = repack);
    vec![
        ("no header", one_file().but(|forged| forged.header = json!({"other": 1}))),
        ("another version", one_file().but(|forged| forged.header["header"]["format_version"] = json!(2))),
        ("two headers", one_file().but(|forged| forged.entries.insert(0, forged.header.to_string()))),
        (
            "other folders",
            one_file().but(|forged| {
                forged.header["header"]["roots"] = json!(["/elsewhere"]);
                forged.manifest = |manifest| manifest["roots"] = json!([forge::ROOT]);
            }),
        ),
        ("a line that is no JSON", one_file().but(|forged| forged.entries.push("{".into()))),
        ("a line of brackets", one_file().but(|forged| forged.entries.push("[".repeat(MIB - 1)))),
        ("no line break at the end", repacked(|entries, _| (entries, gzip(b"{\"segments\":[1]}")))),
        ("no trailer", repacked(|entries, _| (entries, gzip(b"{\"segments\":[1]}\n")))),
        ("no gzip", repacked(|_, segments| (b"{\"header\"}".to_vec(), segments))),
        ("no gzip in the segments", repacked(|entries, _| (entries, b"{\"segments\":[1]}\n".to_vec()))),
        (
            "cut short",
            repacked(|entries, mut segments| {
                segments.truncate(segments.len() - 1);
                (entries, segments)
            }),
        ),
        (
            "something behind",
            repacked(|entries, mut segments| {
                segments.push(0);
                (entries, segments)
            }),
        ),
        (
            "a wrong CRC-32",
            repacked(|mut entries, segments| {
                let at = entries.len() - 8;
                entries[at] ^= 1;
                (entries, segments)
            }),
        ),
        (
            "other totals in the trailer",
            one_file().but(|forged| forged.trailer = |trailer| trailer["trailer"]["totals"]["files"] = json!(2)),
        ),
        (
            "another archive in the trailer",
            one_file().but(|forged| forged.trailer = |trailer| trailer["trailer"]["archive"]["size"] = json!(2)),
        ),
        (
            "another tar in the trailer",
            one_file().but(|forged| forged.trailer = |trailer| trailer["trailer"]["plain"]["size"] = json!(2)),
        ),
    ]
}
