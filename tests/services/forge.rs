//! Recovery points that no backup made. Archive, contents and manifest agree with each other, as whoever can write a store
//! can make them; what they mean is up to the check.

use std::io::Write as _;

use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compression, Crc};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use sonae::archive::{Framed, SEGMENT_BYTES, ZipFrame, end};
use sonae::primitives::Method;

use super::scene::Scene;
use super::tree::digest_text;

/// The host that forged points say they are of.
pub(crate) const HOST: &str = "forged";
/// The point's objects in the store of a scene, without their endings.
pub(crate) const POINT: &str = "one/files/now/forged/20260301T053000Z-0000002a";
/// The root that most forged points are of.
pub(crate) const ROOT: &str = "/source";
/// A tar is made of such blocks.
const BLOCK: usize = 512;

/// A tar and its listing, while they are made.
pub(crate) struct Forgery {
    tar: Vec<u8>,
    entries: Vec<String>,
    totals: [u64; 5],
}

/// Both gzip members of contents: the entries, and the segments.
type Gzips = (Vec<u8>, Vec<u8>);

/// A point whose parts can still be changed. What depends on them (sizes, digests, trailer) is made when it is put into a
/// store.
pub(crate) struct Forged {
    /// The zip.
    pub(crate) archive: Vec<u8>,
    /// Where in it the packed bytes begin and end.
    pub(crate) packed: std::ops::Range<usize>,
    /// What manifest and trailer say of the tar.
    pub(crate) plain: Value,
    /// The contents' first line.
    pub(crate) header: Value,
    /// Its entries, one a line.
    pub(crate) entries: Vec<String>,
    /// The lines of its segments.
    pub(crate) segments: Vec<String>,
    /// What manifest and trailer say of the numbers.
    pub(crate) totals: Value,
    /// Changes the packed contents: both gzip members.
    pub(crate) repack: fn(Vec<u8>, Vec<u8>) -> Gzips,
    /// Changes the trailer.
    pub(crate) trailer: fn(&mut Value),
    /// Changes the manifest.
    pub(crate) manifest: fn(&mut Value),
}

/// A header block: name, kind, size and link name as they are.
pub(crate) fn header(name: &[u8], kind: u8, size: u64, link: &[u8]) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    let old = header.as_old_mut();
    old.name[..name.len().min(100)].copy_from_slice(&name[..name.len().min(100)]);
    old.linkname[..link.len().min(100)].copy_from_slice(&link[..link.len().min(100)]);
    old.linkflag = [kind];
    header.set_size(size);
    header.set_mode(mode(kind));
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header.set_cksum();
    header
}

fn mode(kind: u8) -> u32 {
    match kind {
        b'5' => 0o755,
        b'2' => 0o777,
        _ => 0o644,
    }
}

/// A pax header of these records, as whole blocks.
pub(crate) fn pax(records: &[(&str, &[u8])]) -> Vec<u8> {
    let mut text = vec![];
    for (keyword, value) in records {
        let rest = keyword.len() + value.len() + 3;
        let length = (rest..).find(|length| rest + length.to_string().len() == *length).unwrap();
        text.extend_from_slice(format!("{length} {keyword}=").as_bytes());
        text.extend_from_slice(value);
        text.push(b'\n');
    }
    extension(&text)
}

/// A pax header that holds this, as whole blocks.
pub(crate) fn extension(text: &[u8]) -> Vec<u8> {
    let mut blocks = header(b"PaxHeaders/x", b'x', text.len() as u64, b"").as_bytes().to_vec();
    blocks.extend(padded(text));
    blocks
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut blocks = bytes.to_vec();
    blocks.resize(bytes.len().next_multiple_of(BLOCK), 0);
    blocks
}

/// A path as contents have it.
fn told(path: &[u8]) -> Value {
    match std::str::from_utf8(path) {
        Ok(text) => json!(text),
        Err(_) => json!({ "hex": path.iter().map(|byte| format!("{byte:02x}")).collect::<String>() }),
    }
}

impl Forgery {
    /// With its one root, a folder.
    pub(crate) fn new() -> Self {
        Self::empty().folder("source")
    }

    /// With nothing in it.
    pub(crate) fn empty() -> Self {
        Self { tar: vec![], entries: vec![], totals: [0; 5] }
    }

    pub(crate) fn folder(self, path: impl AsRef<[u8]>) -> Self {
        let name = [path.as_ref(), b"/"].concat();
        self.lists(path.as_ref(), json!("folder"), None).blocks(&name, b'5', b"", b"")
    }

    pub(crate) fn file(self, path: impl AsRef<[u8]>, content: &[u8]) -> Self {
        let kind = json!({"file": {"size": content.len()}});
        self.lists(path.as_ref(), kind, Some(content)).blocks(path.as_ref(), b'0', content, b"")
    }

    pub(crate) fn symlink(self, path: &str, target: &str) -> Self {
        let kind = json!({"symlink": {"target": target}});
        self.lists(path.as_bytes(), kind, None).blocks(path.as_bytes(), b'2', b"", target.as_bytes())
    }

    pub(crate) fn hard_link(self, path: &str, target: &str) -> Self {
        let kind = json!({"hard-link": {"target": target}});
        self.lists(path.as_bytes(), kind, None).blocks(path.as_bytes(), b'1', b"", target.as_bytes())
    }

    /// A header of that kind, which is listed as an empty file.
    pub(crate) fn of_kind(self, path: &str, kind: u8) -> Self {
        self.lists(path.as_bytes(), json!({"file": {"size": 0}}), Some(b"")).blocks(path.as_bytes(), kind, b"", b"")
    }

    /// Only in the tar.
    pub(crate) fn raw(mut self, blocks: &[u8]) -> Self {
        self.tar.extend_from_slice(blocks);
        self
    }

    /// Only in the tar.
    pub(crate) fn blocks(mut self, name: &[u8], kind: u8, content: &[u8], link: &[u8]) -> Self {
        let mut records: Vec<(&str, &[u8])> = vec![];
        if name.len() > 100 {
            records.push(("path", name));
        }
        if link.len() > 100 {
            records.push(("linkpath", link));
        }
        if !records.is_empty() {
            self.tar.extend(pax(&records));
        }
        self.tar.extend_from_slice(header(name, kind, content.len() as u64, link).as_bytes());
        self.tar.extend(padded(content));
        self
    }

    /// Only in the contents, as what begins where the tar is now.
    pub(crate) fn lists(mut self, path: &[u8], kind: Value, content: Option<&[u8]>) -> Self {
        let number = match &kind {
            Value::String(_) => 1,
            kind if kind["symlink"].is_object() => 2,
            kind if kind["hard-link"].is_object() => 3,
            _ => 0,
        };
        self.totals[number] += 1;
        self.totals[4] += content.map_or(0, |content| content.len() as u64);
        let mode = mode([b'0', b'5', b'2', b'1'][number]);
        let member = json!({
            "path": told(path), "kind": kind, "mode": mode, "uid": 0, "gid": 0, "mtime_s": 0, "mtime_ns": 0
        });
        let mut stored = json!({"member": member, "at": self.tar.len()});
        if let Some(content) = content {
            stored["digest"] = json!(format!("blake3:{}", blake3::hash(content)));
        }
        self.entries.push(json!({"entry": {"stored": stored}}).to_string());
        self
    }

    /// With the two blocks that end a tar.
    pub(crate) fn ends(self) -> Forged {
        self.raw(&[0; 2 * BLOCK]).is()
    }

    /// As it is.
    pub(crate) fn is(self) -> Forged {
        let segments = self.tar.chunks(SEGMENT_BYTES).map(deflate).collect();
        self.packed_as(segments)
    }

    /// As it is, in these packed segments, whatever they hold.
    pub(crate) fn packed_as(self, segments: Vec<Vec<u8>>) -> Forged {
        let plain = self.tar;
        let sizes: Vec<usize> = segments.iter().map(Vec::len).collect();
        let mut packed = segments.concat();
        packed.extend_from_slice(end(Method::Deflate));
        let (archive, packed) = zip(&packed, &plain);
        let [files, folders, symlinks, hard_links, bytes] = self.totals;
        Forged {
            archive,
            packed,
            plain: json!({"size": plain.len(), "crc32": format!("{:08x}", crc(&plain))}),
            header: json!({"header": {"format_version": 1, "roots": [ROOT]}}),
            entries: self.entries,
            segments: vec![json!({ "segments": sizes }).to_string()],
            totals: json!({
                "files": files, "folders": folders, "symlinks": symlinks, "hard_links": hard_links, "bytes": bytes
            }),
            repack: |entries, segments| (entries, segments),
            trailer: |_| {},
            manifest: |_| {},
        }
    }
}

/// Deflate that another stream can follow: it ends in a whole byte, and not in a last block.
pub(crate) fn deflate(plain: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(vec![], Compression::default());
    encoder.write_all(plain).unwrap();
    encoder.flush().unwrap();
    encoder.get_ref().clone()
}

pub(crate) fn crc(plain: &[u8]) -> u32 {
    let mut crc = Crc::new();
    crc.update(plain);
    crc.sum()
}

/// A zip as sonae writes it, and where the packed bytes lie in it.
fn zip(packed: &[u8], plain: &[u8]) -> (Vec<u8>, std::ops::Range<usize>) {
    let at = "2026-03-01T05:30:00Z".parse().unwrap();
    let frame = ZipFrame { name: "20260301T053000Z-0000002a.tar".into(), at, method: Method::Deflate };
    let mut zip = frame.head().unwrap();
    let begins = zip.len();
    zip.extend_from_slice(packed);
    let ends = zip.len();
    let framed = Framed { packed_size: packed.len() as u64, plain_size: plain.len() as u64, crc: crc(plain) };
    zip.extend(frame.tail(framed).unwrap());
    (zip, begins..ends)
}

pub(crate) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(vec![], Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

impl Forged {
    /// Changes a part of it.
    pub(crate) fn but(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// Puts it into the store of a scene, in the place of what was forged before.
    pub(crate) fn put(self, scene: &Scene) {
        let place = |ending: &str| scene.path("store").join(format!("{POINT}{ending}"));
        let object = |ending: &str, bytes: &[u8]| {
            let digest = digest_text(&Sha256::digest(bytes));
            json!({"key": format!("{POINT}{ending}"), "size": bytes.len(), "digest": digest})
        };
        let archive = object(".tar.zip", &self.archive);
        let nothing = json!({"count": 0, "first": []});
        let mut trailer = json!({"trailer": {
            "moment": "2026-03-01T05:30:02Z", "totals": self.totals, "plain": self.plain, "archive": archive,
            "unread": nothing, "not_stored": nothing, "changed": nothing,
        }});
        (self.trailer)(&mut trailer);
        let lines = |lines: &[&[String]]| lines.concat().iter().map(|line| format!("{line}\n")).collect::<String>();
        let entries = gzip(lines(&[&[self.header.to_string()], &self.entries]).as_bytes());
        let segments = gzip(lines(&[&self.segments, &[trailer.to_string()]]).as_bytes());
        let (entries, segments) = (self.repack)(entries, segments);
        let contents = [entries.as_slice(), &segments].concat();
        let mut manifest = json!({
            "format_version": 1, "plan": "one", "job": "files/now", "host": HOST,
            "point": "20260301T053000Z-0000002a", "run": "20260301T053000Z-0000002a", "slot": "20260301T053000Z",
            "began": "2026-03-01T05:30:00Z", "moment": "2026-03-01T05:30:02Z", "finished": "2026-03-01T05:30:03Z",
            "roots": self.header["header"]["roots"], "archive": archive, "plain": self.plain,
            "contents": object(".contents.jsonl.gz", &contents), "segments_at": entries.len(),
            "totals": self.totals, "read_back": {"at": "2026-03-01T05:30:03Z", "entries": 1},
            "clean": true, "unread": nothing, "not_stored": nothing, "changed": nothing,
        });
        (self.manifest)(&mut manifest);
        std::fs::create_dir_all(place("").parent().unwrap()).unwrap();
        std::fs::write(place(".tar.zip"), self.archive).unwrap();
        std::fs::write(place(".contents.jsonl.gz"), contents).unwrap();
        std::fs::write(place(".manifest.json"), manifest.to_string()).unwrap();
    }
}
