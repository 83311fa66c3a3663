//! A member as tar header blocks, and back.

use tar::{EntryType, Header};

use super::pax::{self, Records, SparseRecords};
use super::{ArchiveError, BLOCK, Member, MemberKind, Sparse, padding};
use crate::primitives::PathBytes;

/// The name fields of a ustar header hold so many bytes.
const NAME_BYTES_MAX: usize = 100;
/// Where GNU tar puts a sparse file for readers that do not know of holes. It has the number of a process there.
const SPARSE_FOLDER: &[u8; 16] = b"GNUSparseFile.0/";
/// Octal numbers of a ustar header: sizes and times of 11 digits, owners of 7.
const SIZE_MAX: u64 = 0o777_7777_7777;
const OWNER_MAX: u32 = 0o777_7777;

/// The blocks of a member: a pax header where the plain one cannot say it all, then the plain one. What follows is
/// its content.
pub(super) fn encode(member: &Member) -> Vec<u8> {
    let (path, link) = names(member);
    let records = records(member, &path, link.as_deref());
    let mut blocks = Vec::with_capacity(BLOCK * 4);
    if !records.is_empty() {
        let mut header = plain(b"PaxHeaders/member", EntryType::XHeader, records.len() as u64);
        header.set_mode(0o600);
        header.set_cksum();
        blocks.extend_from_slice(header.as_bytes());
        blocks.extend_from_slice(&records);
        blocks.resize(blocks.len() + padding(records.len() as u64), 0);
    }
    let mut header = plain(&path, entry_type(&member.kind), member.size());
    header.set_mode(member.mode);
    header.set_uid(u64::from(member.uid));
    header.set_gid(u64::from(member.gid));
    header.set_mtime(u64::try_from(member.mtime_s).ok().filter(|s| *s <= SIZE_MAX).unwrap_or(0));
    if let Some(ustar) = header.as_ustar_mut() {
        for (field, name) in [(&mut ustar.uname, &member.user), (&mut ustar.gname, &member.group)] {
            if fits_owner_field(name) {
                fill(field, name.as_bytes());
            }
        }
    }
    if let Some(link) = link {
        fill(&mut header.as_old_mut().linkname, &link);
    }
    header.set_cksum();
    blocks.extend_from_slice(header.as_bytes());
    blocks
}

fn plain(name: &[u8], kind: EntryType, size: u64) -> Header {
    let mut header = Header::new_ustar();
    fill(&mut header.as_old_mut().name, name);
    header.set_entry_type(kind);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header
}

/// As much of a text as fits; what does not is said by a pax record.
fn fill(field: &mut [u8], text: &[u8]) {
    for (slot, byte) in field.iter_mut().zip(text) {
        *slot = *byte;
    }
}

fn entry_type(kind: &MemberKind) -> EntryType {
    match kind {
        MemberKind::File { .. } => EntryType::Regular,
        MemberKind::Folder => EntryType::Directory,
        MemberKind::Symlink { .. } => EntryType::Symlink,
        MemberKind::HardLink { .. } => EntryType::Link,
    }
}

/// The name as a tar has it (a folder's ends in `/`), and the link's.
fn names(member: &Member) -> (Vec<u8>, Option<Vec<u8>>) {
    let mut path = member.path.as_bytes().to_vec();
    let link = match &member.kind {
        MemberKind::Symlink { target } | MemberKind::HardLink { target } => Some(target.as_bytes().to_vec()),
        MemberKind::Folder => {
            path.extend_from_slice(if path.is_empty() { b"./" } else { b"/" });
            None
        }
        MemberKind::File { sparse, .. } => {
            // The name that a reader gives it which does not know of holes.
            if sparse.is_some() {
                let name = path.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
                path.splice(name..name, *SPARSE_FOLDER);
            }
            None
        }
    };
    (path, link)
}

fn records(member: &Member, path: &[u8], link: Option<&[u8]>) -> Vec<u8> {
    let mut out = Vec::new();
    let raw = |text: &[u8]| needs_record(text) && std::str::from_utf8(text).is_err();
    let sparse = match member.kind {
        MemberKind::File { size, sparse: Some(_) } => Some(size),
        _ => None,
    };
    let raw_sparse = sparse.is_some() && std::str::from_utf8(path).is_err();
    if raw_sparse || raw(path) || link.is_some_and(raw) {
        // Else readers that hold to POSIX complain of the name (libarchive); GNU tar says that it passes over this.
        pax::push(&mut out, b"hdrcharset", b"BINARY");
    }
    if needs_record(path) {
        pax::push(&mut out, b"path", path);
    }
    if let Some(size) = sparse {
        // Behind the path, which Python's tarfile takes in their order.
        for (keyword, value) in [("major", "1"), ("minor", "0"), ("realsize", &size.to_string())] {
            pax::push(&mut out, format!("GNU.sparse.{keyword}").as_bytes(), value.as_bytes());
        }
        pax::push(&mut out, b"GNU.sparse.name", member.path.as_bytes());
    }
    if let Some(link) = link.filter(|link| needs_record(link)) {
        pax::push(&mut out, b"linkpath", link);
    }
    if member.size() > SIZE_MAX {
        pax::push(&mut out, b"size", member.size().to_string().as_bytes());
    }
    for (keyword, id) in [("uid", member.uid), ("gid", member.gid)] {
        if id > OWNER_MAX {
            pax::push(&mut out, keyword.as_bytes(), id.to_string().as_bytes());
        }
    }
    for (keyword, name) in [("uname", &member.user), ("gname", &member.group)] {
        if !name.is_empty() && !fits_owner_field(name) {
            pax::push(&mut out, keyword.as_bytes(), name.as_bytes());
        }
    }
    let fits = u64::try_from(member.mtime_s).is_ok_and(|seconds| seconds <= SIZE_MAX);
    if member.mtime_ns != 0 || !fits {
        pax::push(&mut out, b"mtime", pax::time_text(member.mtime_s, member.mtime_ns).as_bytes());
    }
    pax::push_xattrs(&mut out, &member.xattrs);
    out
}

/// The owner fields of a ustar header hold 32 bytes, the last of them a NUL.
fn fits_owner_field(name: &str) -> bool {
    name.is_ascii() && name.len() < 32
}

/// Pax text is UTF-8, so that a name beyond ASCII is read alike everywhere. A short name that is no UTF-8 goes into
/// the plain header, whose bytes readers take as they are; a long one goes into the record raw.
fn needs_record(text: &[u8]) -> bool {
    text.len() > NAME_BYTES_MAX || (!text.is_ascii() && std::str::from_utf8(text).is_ok())
}

/// Whether a block is all zeros: the end of a tar.
pub(super) fn is_end(block: &[u8; BLOCK]) -> bool {
    block.iter().all(|byte| *byte == 0)
}

/// Reads a header block, its checksum verified.
pub(super) fn decode(block: &[u8; BLOCK]) -> Result<Header, ArchiveError> {
    let mut header = Header::new_old();
    header.as_mut_bytes().copy_from_slice(block);
    let sum =
        |range: std::ops::Range<usize>| block.get(range).unwrap_or_default().iter().map(|b| u32::from(*b)).sum::<u32>();
    // The checksum is taken with its own field as eight spaces (bytes 148 to 155).
    let sum = sum(0..148) + 8 * u32::from(b' ') + sum(156..BLOCK);
    let told = header.cksum().map_err(|error| ArchiveError::new(format!("a tar header's checksum: {error}")))?;
    if told != sum {
        return Err(ArchiveError::new("a tar header's checksum is wrong"));
    }
    Ok(header)
}

/// The member of a plain header and what came before it.
pub(super) fn member(header: &Header, records: Records, foreign: bool) -> Result<Member, ArchiveError> {
    let wrong = |error: std::io::Error| ArchiveError::new(format!("a tar header is malformed: {error}"));
    let sparse = sparse_size(&records.sparse)?;
    let path = records.sparse.name.or(records.path);
    let mut path = path.unwrap_or_else(|| PathBytes::new(header.path_bytes().into_owned()));
    let link = records.linkpath.or_else(|| header.link_name_bytes().map(|name| PathBytes::new(name.into_owned())));
    let size = records.size.map_or_else(|| header.entry_size().map_err(wrong), Ok)?;
    let kind = match header.entry_type() {
        EntryType::Regular => match sparse {
            // How much of it is holes, the map says.
            Some(real) => MemberKind::File { size: real, sparse: Some(Sparse { stored: size, holes: 0 }) },
            None => MemberKind::File { size, sparse: None },
        },
        EntryType::Directory => {
            path = folder_path(&path);
            MemberKind::Folder
        }
        EntryType::Symlink => MemberKind::Symlink { target: link.unwrap_or_default() },
        EntryType::Link => MemberKind::HardLink { target: link.unwrap_or_default() },
        other => return Err(ArchiveError::new(format!("{path} is of a kind that is not supported: {}", named(other)))),
    };
    if (size != 0 || sparse.is_some()) && !matches!(kind, MemberKind::File { .. }) {
        return Err(ArchiveError::new(format!("{path} is no file and has content")));
    }
    let (mtime_s, mtime_ns) = match records.mtime {
        Some(time) => time,
        // A negative time in GNU's binary form comes as two's complement.
        None => (header.mtime().map_err(wrong)?.cast_signed(), 0),
    };
    let owner = |record: Option<u64>, field: std::io::Result<u64>| {
        let id = record.map_or(field.map_err(wrong), Ok)?;
        u32::try_from(id).map_err(|_| ArchiveError::new(format!("the owner {id} is out of range")))
    };
    let (uid, gid) = (owner(records.uid, header.uid())?, owner(records.gid, header.gid())?);
    let mode = header.mode().map_err(wrong)? & 0o7777;
    let (path, kind) = if foreign { plainly_named(path, kind) } else { (path, kind) };
    let name = |record: Option<String>, field: Option<&[u8]>| {
        record.unwrap_or_else(|| field.and_then(|field| std::str::from_utf8(field).ok()).unwrap_or_default().to_owned())
    };
    let user = name(records.uname, header.username_bytes());
    let group = name(records.gname, header.groupname_bytes());
    let member = Member { path, kind, mode, uid, gid, user, group, mtime_s, mtime_ns, xattrs: records.xattrs };
    member.check()?;
    Ok(member)
}

/// The length of a file with holes; none where it is not said to have any.
fn sparse_size(records: &SparseRecords) -> Result<Option<u64>, ArchiveError> {
    match (records.major, records.minor, records.realsize, &records.name) {
        (None, None, None, None) => Ok(None),
        (Some(1), Some(0), Some(size), Some(_)) => Ok(Some(size)),
        _ => Err(ArchiveError::new("a sparse file of another format is not supported")),
    }
}

/// A kind of member that is not read.
fn named(kind: EntryType) -> String {
    match kind {
        EntryType::Char => "a character device".into(),
        EntryType::Block => "a block device".into(),
        EntryType::Fifo => "a named pipe".into(),
        other => format!("tar's type `{}`", other.as_byte().escape_ascii()),
    }
}

/// Names as they are meant that begin with `./`: most tars of a folder are made so.
fn plainly_named(path: PathBytes, kind: MemberKind) -> (PathBytes, MemberKind) {
    let kind = match kind {
        MemberKind::HardLink { target } => MemberKind::HardLink { target: without_dot(&target) },
        other => other,
    };
    (without_dot(&path), kind)
}

fn without_dot(path: &PathBytes) -> PathBytes {
    let mut bytes = path.as_bytes();
    while let Some(rest) = bytes.strip_prefix(b"./") {
        bytes = rest;
    }
    PathBytes::new(bytes)
}

/// A folder's path without the `/` that tars end it in; `./` is the archive's own folder.
fn folder_path(path: &PathBytes) -> PathBytes {
    let bytes = path.as_bytes().strip_suffix(b"/").unwrap_or(path.as_bytes());
    PathBytes::new(if bytes == b"." { &b""[..] } else { bytes })
}
