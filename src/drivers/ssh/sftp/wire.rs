//! Packets, to bytes and back (draft-ietf-secsh-filexfer-02, sections 3 to 8).
//!
//! Unaware of who sends them. Invariant: what comes is never trusted to be whole: a packet that is not is none.

use bytes::{Buf as _, Bytes};

/// The version that is spoken; OpenSSH speaks no later one.
pub(super) const VERSION: u32 = 3;
/// A packet is no longer than this. OpenSSH's are 256 KiB at most (sftp-common.h).
pub(super) const PACKET_BYTES_MAX: usize = 1 << 20;

/// What is asked (section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Ask {
    Init = 1,
    Open = 3,
    Close = 4,
    Read = 5,
    Write = 6,
    Lstat = 7,
    Fstat = 8,
    Setstat = 9,
    Fsetstat = 10,
    Opendir = 11,
    Readdir = 12,
    Remove = 13,
    Mkdir = 14,
    Rmdir = 15,
    Realpath = 16,
    Stat = 17,
    Rename = 18,
    Readlink = 19,
    Symlink = 20,
    Extended = 200,
}

/// How a file is opened (section 6.3).
pub(super) const OPEN_READ: u32 = 0x01;
/// To write a new one: `WRITE`, `CREAT` and `EXCL`.
pub(super) const OPEN_NEW: u32 = 0x02 | 0x08 | 0x20;

/// Which attributes are told (section 5).
const HAS_SIZE: u32 = 0x01;
const HAS_OWNER: u32 = 0x02;
const HAS_MODE: u32 = 0x04;
const HAS_TIMES: u32 = 0x08;
const HAS_EXTENDED: u32 = 0x8000_0000;

/// Attributes, as far as they are told (section 5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Attrs {
    pub(super) size: Option<u64>,
    pub(super) owner: Option<(u32, u32)>,
    /// `st_mode`, with the kind.
    pub(super) mode: Option<u32>,
    /// Last access and last change of content, in seconds since 1970.
    pub(super) times: Option<(u32, u32)>,
}

/// A request that is being put together.
#[derive(Debug)]
pub(super) struct Request {
    /// Length, kind, number and all fields but the last.
    head: Vec<u8>,
    /// What is written, which is not copied.
    body: Bytes,
}

impl Request {
    /// One without fields.
    pub(super) fn new(ask: Ask) -> Self {
        let mut head = Vec::with_capacity(64);
        head.extend_from_slice(&[0, 0, 0, 0, ask as u8, 0, 0, 0, 0]);
        Self { head, body: Bytes::new() }
    }

    /// The first of all, which has the version for its number.
    pub(super) fn init() -> Self {
        let mut init = Self::new(Ask::Init);
        init.number(VERSION);
        init
    }

    /// One of an extension (section 8).
    pub(super) fn extended(name: &str) -> Self {
        Self::new(Ask::Extended).bytes(name.as_bytes())
    }

    /// Adds a string: a path, a handle, a name.
    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self = self.u32(length(bytes));
        self.head.extend_from_slice(bytes);
        self
    }

    pub(super) fn u32(mut self, number: u32) -> Self {
        self.head.extend_from_slice(&number.to_be_bytes());
        self
    }

    pub(super) fn u64(mut self, number: u64) -> Self {
        self.head.extend_from_slice(&number.to_be_bytes());
        self
    }

    pub(super) fn attrs(mut self, attrs: &Attrs) -> Self {
        let has = |is: bool, bit: u32| if is { bit } else { 0 };
        let flags = has(attrs.size.is_some(), HAS_SIZE)
            | has(attrs.owner.is_some(), HAS_OWNER)
            | has(attrs.mode.is_some(), HAS_MODE)
            | has(attrs.times.is_some(), HAS_TIMES);
        self = self.u32(flags);
        if let Some(size) = attrs.size {
            self = self.u64(size);
        }
        let numbers = [attrs.owner.map(pair), attrs.mode.map(|mode| vec![mode]), attrs.times.map(pair)];
        numbers.into_iter().flatten().flatten().fold(self, Self::u32)
    }

    /// Adds, as the last field, what is written.
    pub(super) fn data(mut self, data: Bytes) -> Self {
        self = self.u32(length(&data));
        self.body = data;
        self
    }

    /// Gives it its number.
    pub(super) fn number(&mut self, number: u32) {
        self.head.splice(5..9, number.to_be_bytes());
    }

    /// Both parts, in the order in which they are sent.
    pub(super) fn finish(mut self) -> (Vec<u8>, Bytes) {
        let length = u32::try_from(self.head.len() - 4 + self.body.len()).unwrap_or(u32::MAX);
        self.head.splice(0..4, length.to_be_bytes());
        (self.head, self.body)
    }
}

fn pair((first, second): (u32, u32)) -> Vec<u32> {
    vec![first, second]
}

/// What is longer than a packet may be is refused by the server.
fn length(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// A name in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: Bytes,
    pub(super) attrs: Attrs,
}

/// What is answered (section 7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// How it went, and in words.
    Status(u32, String),
    Handle(Bytes),
    Data(Bytes),
    Names(Vec<Entry>),
    Attrs(Attrs),
    Extended(Bytes),
}

/// The extensions of a server, by name and version; none where this is not the answer to [`Request::init`].
pub(super) fn read_version(packet: Bytes) -> Option<Vec<(String, String)>> {
    let mut rest = Rest(packet);
    if rest.u8()? != 2 || rest.u32()? < VERSION {
        return None;
    }
    let mut extensions = Vec::new();
    while !rest.0.is_empty() {
        let (name, version) = (rest.bytes()?, rest.bytes()?);
        extensions.push((text(&name), text(&version)));
    }
    Some(extensions)
}

/// An answer and the number of what it answers.
pub(super) fn read_reply(packet: Bytes) -> Option<(u32, Reply)> {
    let mut rest = Rest(packet);
    let (kind, number) = (rest.u8()?, rest.u32()?);
    let reply = match kind {
        101 => Reply::Status(rest.u32()?, rest.bytes().map(|words| text(&words)).unwrap_or_default()),
        102 => Reply::Handle(rest.bytes()?),
        103 => Reply::Data(rest.bytes()?),
        104 => {
            let count = rest.u32()?;
            let mut entries = Vec::new();
            for _ in 0..count {
                let (name, _shown_by_ls) = (rest.bytes()?, rest.bytes()?);
                entries.push(Entry { name, attrs: rest.attrs()? });
            }
            Reply::Names(entries)
        }
        105 => Reply::Attrs(rest.attrs()?),
        201 => Reply::Extended(rest.0),
        _ => return None,
    };
    Some((number, reply))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What is left of a packet.
pub(super) struct Rest(pub(super) Bytes);

impl Rest {
    fn u8(&mut self) -> Option<u8> {
        self.0.try_get_u8().ok()
    }

    fn u32(&mut self) -> Option<u32> {
        self.0.try_get_u32().ok()
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.0.try_get_u64().ok()
    }

    fn bytes(&mut self) -> Option<Bytes> {
        let length = usize::try_from(self.u32()?).ok()?;
        (length <= self.0.len()).then(|| self.0.split_to(length))
    }

    fn attrs(&mut self) -> Option<Attrs> {
        let flags = self.u32()?;
        let has = |bit: u32| flags & bit != 0;
        let mut attrs = Attrs::default();
        if has(HAS_SIZE) {
            attrs.size = Some(self.u64()?);
        }
        if has(HAS_OWNER) {
            attrs.owner = Some((self.u32()?, self.u32()?));
        }
        if has(HAS_MODE) {
            attrs.mode = Some(self.u32()?);
        }
        if has(HAS_TIMES) {
            attrs.times = Some((self.u32()?, self.u32()?));
        }
        if has(HAS_EXTENDED) {
            for _ in 0..self.u32()? {
                let _unknown = (self.bytes()?, self.bytes()?);
            }
        }
        Some(attrs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_read_as_they_were_written() {
        let all = [
            Attrs::default(),
            Attrs { size: Some(7), ..Attrs::default() },
            Attrs { owner: Some((1, 2)), ..Attrs::default() },
            Attrs { mode: Some(5), ..Attrs::default() },
            Attrs { times: Some((3, 3)), mode: Some(3), owner: Some((3, 3)), size: Some(3) },
        ];
        for attrs in all {
            let (head, _) = Request::new(Ask::Setstat).attrs(&attrs).finish();
            let mut rest = Rest(Bytes::from(head).slice(9..));
            assert_eq!((rest.attrs(), rest.0.len()), (Some(attrs), 0));
        }
    }

    #[test]
    fn a_request_has_its_length_and_its_number() {
        let mut request = Request::new(Ask::Write).bytes(b"h").u64(1).data(Bytes::from_static(b"abc"));
        request.number(0x0102_0304);
        let (head, body) = request.finish();
        let length = u32::from_be_bytes(head[..4].try_into().unwrap()) as usize;
        assert_eq!(length, head.len() - 4 + body.len());
        assert_eq!(head[4..9], [6, 1, 2, 3, 4]);
    }

    #[test]
    fn what_is_not_whole_is_no_answer() {
        let name = [&[104, 0, 0, 0, 9, 0, 0, 0, 1, 0, 0, 0, 1, b'a', 0, 0, 0, 0][..], &[0, 0, 0, 4, 0, 0, 0x81, 0xa4]]
            .concat();
        let whole = read_reply(Bytes::from(name.clone())).unwrap();
        let entry =
            Entry { name: Bytes::from_static(b"a"), attrs: Attrs { mode: Some(0o100_644), ..Attrs::default() } };
        assert_eq!(whole, (9, Reply::Names(vec![entry])));
        for cut in 0..name.len() {
            assert_eq!(read_reply(Bytes::copy_from_slice(&name[..cut])), None, "{cut}");
        }
        // A count beyond what is there takes no memory.
        assert_eq!(read_reply(Bytes::from_static(&[104, 0, 0, 0, 9, 255, 255, 255, 255])), None);
        let version = b"\x02\0\0\0\x03\0\0\0\x01a\0\0\0\x011";
        assert_eq!(read_version(Bytes::from_static(version)), Some(vec![("a".into(), "1".into())]));
    }
}
