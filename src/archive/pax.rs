//! Pax extended header records: `"%d %s=%s\n", <length>, <keyword>, <value>`
//! (<https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html>, "pax Extended Header").
//!
//! Records are cut by their length: a value may hold line breaks, as file names do, which
//! `tar::PaxExtensions` splits at.

use super::{ArchiveError, Member, acl};
use crate::primitives::{ACL_ACCESS, ACL_DEFAULT, Malformed, PathBytes, Xattrs};

/// What a pax header says of the member that follows it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Records {
    pub(super) path: Option<PathBytes>,
    pub(super) linkpath: Option<PathBytes>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u64>,
    pub(super) gid: Option<u64>,
    pub(super) mtime: Option<(i64, u32)>,
    pub(super) uname: Option<String>,
    pub(super) gname: Option<String>,
    pub(super) xattrs: Xattrs,
    pub(super) sparse: SparseRecords,
}

/// What a pax header says of a file with holes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct SparseRecords {
    pub(super) major: Option<u64>,
    pub(super) minor: Option<u64>,
    pub(super) name: Option<PathBytes>,
    pub(super) realsize: Option<u64>,
}

/// Begins the keyword of an extended attribute, with its value as it is (star(1), and libarchive and GNU tar after it). Behind it
/// comes the name, with `%` and `=` as GNU tar writes them, because a keyword ends at the first `=`.
const XATTR: &str = "SCHILY.xattr.";
const ACL_TEXTS: [(&str, &[u8]); 2] = [("SCHILY.acl.access", ACL_ACCESS), ("SCHILY.acl.default", ACL_DEFAULT)];

/// Appends the records of extended attributes.
pub(super) fn push_xattrs(out: &mut Vec<u8>, xattrs: &Xattrs) {
    for (name, value) in xattrs.iter() {
        let list = ACL_TEXTS.iter().find(|(_, list)| *list == name);
        match list.and_then(|(keyword, _)| Some((keyword, acl::text(value)?))) {
            Some((keyword, text)) => push(out, keyword.as_bytes(), text.as_bytes()),
            None => push(out, &[XATTR.as_bytes(), &escaped(name)].concat(), value),
        }
    }
}

fn escaped(name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    for byte in name {
        match byte {
            b'%' => out.extend_from_slice(b"%25"),
            b'=' => out.extend_from_slice(b"%3D"),
            byte => out.push(*byte),
        }
    }
    out
}

fn unescaped(mut name: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(name.len());
    while let [first, rest @ ..] = name {
        let (byte, behind) = match name {
            [b'%', b'2', b'5', behind @ ..] => (b'%', behind),
            [b'%', b'3', b'D', behind @ ..] => (b'=', behind),
            _ => (*first, rest),
        };
        out.push(byte);
        name = behind;
    }
    out
}

/// Appends one record.
pub(super) fn push(out: &mut Vec<u8>, keyword: &[u8], value: &[u8]) {
    let rest = keyword.len() + value.len() + 3;
    let mut length = rest + 1;
    // The length counts its own digits.
    while rest + decimal_digits(length) != length {
        length = rest + decimal_digits(length);
    }
    out.extend_from_slice(format!("{length} ").as_bytes());
    out.extend_from_slice(keyword);
    out.push(b'=');
    out.extend_from_slice(value);
    out.push(b'\n');
}

fn decimal_digits(number: usize) -> usize {
    number.checked_ilog10().map_or(1, |log| log as usize + 1)
}

/// Seconds and the nanoseconds after them as a decimal number: -1 s and 250,000,000 ns are `-0.750000000`.
pub(super) fn time_text(seconds: i64, nanoseconds: u32) -> String {
    match (seconds, nanoseconds) {
        (_, 0) => seconds.to_string(),
        (0.., _) => format!("{seconds}.{nanoseconds:09}"),
        (..0, _) => format!("-{}.{:09}", (seconds + 1).unsigned_abs(), 1_000_000_000 - nanoseconds),
    }
}

/// Reads the records of one header.
pub(super) fn parse(mut bytes: &[u8]) -> Result<Records, ArchiveError> {
    let malformed = || ArchiveError::new("a pax record is malformed");
    let mut records = Records::default();
    while !bytes.is_empty() {
        let space = bytes.iter().take(21).position(|byte| *byte == b' ').ok_or_else(malformed)?;
        let length = bytes.get(..space).and_then(number).ok_or_else(malformed)?;
        let length = usize::try_from(length).map_err(|_| malformed())?;
        let record = bytes.get(space + 1..length).ok_or_else(malformed)?;
        let record = record.strip_suffix(b"\n").ok_or_else(malformed)?;
        let equals = record.iter().position(|byte| *byte == b'=').ok_or_else(malformed)?;
        let (keyword, value) = record.split_at(equals);
        records.take(keyword, value.get(1..).unwrap_or_default())?;
        bytes = bytes.get(length..).unwrap_or_default();
    }
    Ok(records)
}

impl Records {
    fn take(&mut self, keyword: &[u8], value: &[u8]) -> Result<(), ArchiveError> {
        let malformed =
            || ArchiveError::new(format!("the pax record `{}` is malformed", String::from_utf8_lossy(keyword)));
        match keyword {
            b"path" => self.path = Some(PathBytes::new(value)),
            b"linkpath" => self.linkpath = Some(PathBytes::new(value)),
            b"size" => self.size = Some(number(value).ok_or_else(malformed)?),
            b"uid" => self.uid = Some(number(value).ok_or_else(malformed)?),
            b"gid" => self.gid = Some(number(value).ok_or_else(malformed)?),
            b"mtime" => self.mtime = Some(time(value).ok_or_else(malformed)?),
            b"uname" => self.uname = Some(owner(value).ok_or_else(malformed)?),
            b"gname" => self.gname = Some(owner(value).ok_or_else(malformed)?),
            _ if ACL_TEXTS.iter().any(|(known, _)| known.as_bytes() == keyword) => {
                let list = std::str::from_utf8(value).ok().and_then(acl::binary).ok_or_else(malformed)?;
                let of = ACL_TEXTS.iter().find(|(known, _)| known.as_bytes() == keyword).map(|(_, list)| *list);
                self.xattr(of.unwrap_or_default().to_vec(), &list)?;
            }
            _ if keyword.starts_with(XATTR.as_bytes()) => {
                let name = keyword.get(XATTR.len()..).unwrap_or_default();
                self.xattr(unescaped(name), value)?;
            }
            b"GNU.sparse.major" => self.sparse.major = Some(number(value).ok_or_else(malformed)?),
            b"GNU.sparse.minor" => self.sparse.minor = Some(number(value).ok_or_else(malformed)?),
            b"GNU.sparse.name" => self.sparse.name = Some(PathBytes::new(value)),
            b"GNU.sparse.realsize" => self.sparse.realsize = Some(number(value).ok_or_else(malformed)?),
            // Content in another shape than is known: to go on would be to misread it.
            _ if keyword.starts_with(b"GNU.sparse.") => {
                return Err(ArchiveError::new("a sparse file of an older format is not supported"));
            }
            // POSIX lets a reader pass over keywords that it does not know: atime, comment.
            _ => {}
        }
        Ok(())
    }
}

impl Records {
    fn xattr(&mut self, name: Vec<u8>, value: &[u8]) -> Result<(), ArchiveError> {
        let shown = PathBytes::new(name.as_slice());
        let refused = |why: Malformed| ArchiveError::new(format!("the attribute {shown}: {}", why.problem));
        self.xattrs.insert(name, value).map_err(refused)
    }
}

/// A user's or group's name.
fn owner(text: &[u8]) -> Option<String> {
    let name = std::str::from_utf8(text).ok()?;
    (name.is_empty() || Member::is_owner_name(name)).then(|| name.to_owned())
}

/// A decimal number without a sign.
fn number(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?;
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// A decimal time; digits below a nanosecond are dropped.
fn time(text: &[u8]) -> Option<(i64, u32)> {
    let (negative, text) = match text.strip_prefix(b"-") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut halves = text.splitn(2, |byte| *byte == b'.');
    let whole = i64::try_from(number(halves.next()?)?).ok()?;
    let fraction = halves.next().unwrap_or(b"0");
    number(fraction.get(..fraction.len().min(18))?)?;
    let nanoseconds = fraction
        .iter()
        .map(|byte| u32::from(byte - b'0'))
        .chain(std::iter::repeat(0))
        .take(9)
        .fold(0, |n, d| n * 10 + d);
    match (negative, nanoseconds) {
        (false, _) => Some((whole, nanoseconds)),
        (true, 0) => Some((-whole, 0)),
        (true, _) => Some((-whole - 1, 1_000_000_000 - nanoseconds)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_count_their_own_length_and_hold_any_bytes() {
        for size in [0, 1, 85, 86, 87, 88, 89, 90, 91, 92, 985, 986, 990, 991, 992] {
            let mut value = vec![b'x'; size];
            value.extend_from_slice(b"a=b\n\xff");
            let mut bytes = Vec::new();
            push(&mut bytes, b"path", &value);
            push(&mut bytes, b"comment", b"passed over");
            push(&mut bytes, b"size", b"12");
            let records = parse(&bytes).unwrap();
            assert_eq!((records.path.unwrap().as_bytes(), records.size), (&value[..], Some(12)));
        }
    }

    #[test]
    fn times_before_1970_round_trip() {
        for (seconds, nanoseconds, text) in [
            (0, 0, "0"),
            (7, 1, "7.000000001"),
            (-1, 0, "-1"),
            (-1, 250_000_000, "-0.750000000"),
            (-2, 999_999_999, "-1.000000001"),
            (i64::MAX, 5, "9223372036854775807.000000005"),
        ] {
            assert_eq!(time_text(seconds, nanoseconds), text);
            assert_eq!(time(text.as_bytes()), Some((seconds, nanoseconds)), "{text}");
        }
    }

    #[test]
    fn malformed_records_are_refused() {
        for bad in [
            &b"x"[..],
            b"8 path=a\n",
            b"99 path=a\n",
            b"0 a=b\n",
            b"3 \n",
            b"11 size=1x\n\n",
            b"10 size=-1\n",
            b"14 mtime=1.2.3\n",
            b"11 mtime=-\n",
            b"12 mtime=\xb9\x80\n",
            b"23 GNU.sparse.offset=1\n",
            b"26 SCHILY.acl.access=user\n",
            b"33 SCHILY.xattr.system.nfs4_acl=\n",
        ] {
            assert!(parse(bad).is_err(), "{:?}", String::from_utf8_lossy(bad));
        }
    }
}
