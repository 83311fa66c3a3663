//! Pax extended header records: `"%d %s=%s\n", <length>, <keyword>, <value>`
//! (<https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html>, "pax Extended Header").
//!
//! Records are cut by their length: a value may hold line breaks, as file names do, which
//! `tar::PaxExtensions` splits at.

use super::ArchiveError;
use crate::primitives::PathBytes;

/// What a pax header says of the member that follows it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Records {
    pub(super) path: Option<PathBytes>,
    pub(super) linkpath: Option<PathBytes>,
    pub(super) size: Option<u64>,
    pub(super) uid: Option<u64>,
    pub(super) gid: Option<u64>,
    pub(super) mtime: Option<(i64, u32)>,
}

/// Appends one record.
pub(super) fn push(out: &mut Vec<u8>, keyword: &str, value: &[u8]) {
    let rest = keyword.len() + value.len() + 3;
    let mut length = rest + 1;
    // The length counts its own digits.
    while rest + decimal_digits(length) != length {
        length = rest + decimal_digits(length);
    }
    out.extend_from_slice(format!("{length} {keyword}=").as_bytes());
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
            // Content in another shape than the header says: to go on would be to misread it.
            _ if keyword.starts_with(b"GNU.sparse.") => {
                return Err(ArchiveError::new("a sparse member is not supported"));
            }
            // POSIX lets a reader pass over keywords that it does not know: atime, comment, extended attributes.
            _ => {}
        }
        Ok(())
    }
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
            push(&mut bytes, "path", &value);
            push(&mut bytes, "comment", b"passed over");
            push(&mut bytes, "size", b"12");
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
            b"22 GNU.sparse.major=1\n",
        ] {
            assert!(parse(bad).is_err(), "{:?}", String::from_utf8_lossy(bad));
        }
    }
}
