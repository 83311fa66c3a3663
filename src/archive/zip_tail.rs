//! What follows the packed bytes in a zip with one entry
//! (<https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>).
//!
//! Unaware of where it lies. Invariant: what passes is a data descriptor that says what the directory says, the directory and the
//! zip's end, and nothing between or behind them: whatever tool reads the zip, it finds the same entry.

use super::{ArchiveError, TarEntry};

/// The two 64-bit records of a zip's end (4.3.14, of version 1, and 4.3.15) have so many bytes,
const END_64_BYTES: usize = 56;
const LOCATOR_64_BYTES: usize = 20;
/// and the end itself (4.3.16), without a comment.
const END_BYTES: usize = 22;
/// A directory header (4.3.12) without its name, extra fields and comment.
const DIRECTORY_BYTES: usize = 46;

/// Looks at the tail, whose first bytes, so many, are the data descriptor of this entry, where it has one.
pub(super) fn check(tail: &[u8], descriptor: usize, has_one: Option<&TarEntry>) -> Result<(), ArchiveError> {
    let (descriptor, records) = tail.split_at_checked(descriptor).unwrap_or((tail, &[]));
    let sound = has_one.map_or(descriptor.is_empty(), |entry| is_descriptor(descriptor, entry));
    if !sound {
        return Err(ArchiveError::new("the zip's entry is not followed by what it came to"));
    }
    match is_end(records) {
        Some(true) => Ok(()),
        _ => Err(ArchiveError::new("the zip's directory and end are not all that follows its entry")),
    }
}

/// CRC-32 and both sizes (4.3.9), of 64 bits where one needs them.
fn is_descriptor(bytes: &[u8], entry: &TarEntry) -> bool {
    let sizes = [entry.packed_size, entry.plain_size];
    let wide = sizes.iter().any(|size| *size >= u32::MAX.into());
    // What is cut off is zeros.
    let kept = if wide { 8 } else { 4 };
    let sizes = sizes.iter().flat_map(|size| size.to_le_bytes().into_iter().take(kept));
    let expected: Vec<u8> = b"PK\x07\x08".iter().copied().chain(entry.crc.to_le_bytes()).chain(sizes).collect();
    bytes == expected
}

/// Whether it is one directory header, the records that some ends begin with, and an end that knows how long the directory is.
fn is_end(records: &[u8]) -> Option<bool> {
    let variable: usize = [28, 30, 32].into_iter().map(|at| half(records, at)).sum::<Option<usize>>()?;
    let (directory, rest) = records.split_at_checked(DIRECTORY_BYTES + variable)?;
    let end = match rest.strip_prefix(b"PK\x06\x06") {
        Some(_) => rest.get(END_64_BYTES..)?.strip_prefix(b"PK\x06\x07")?.get(LOCATOR_64_BYTES - 4..)?,
        None => rest,
    };
    let said = half(end, 12)? | half(end, 14)? << 16;
    let signed = directory.starts_with(b"PK\x01\x02") && end.starts_with(b"PK\x05\x06");
    Some(signed && end.len() == END_BYTES && said == directory.len())
}

fn half(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes).map(usize::from)
}
