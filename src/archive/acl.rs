//! Access control lists as tar archives hold them: `SCHILY.acl.access` and `SCHILY.acl.default` are texts, as acl_from_text(3)
//! reads them, which GNU tar, star and libarchive write and restore. The kernel keeps them in a binary form
//! (linux/posix_acl_xattr.h). Users and groups are named by their numbers.

/// The kernel's form begins with this number.
const VERSION: u32 = 2;
/// The id of an entry that has none.
const NO_ID: u32 = u32::MAX;
/// Tags (linux/posix_acl.h), with what the text calls them and whether they name somebody.
const TAGS: [(u16, &str, bool); 6] = [
    (0x01, "user", false),
    (0x02, "user", true),
    (0x04, "group", false),
    (0x08, "group", true),
    (0x10, "mask", false),
    (0x20, "other", false),
];

/// The text of the kernel's form; none where it is of no form that is known, and of no text that is read back alike.
pub(super) fn text(binary: &[u8]) -> Option<String> {
    let (version, entries) = binary.split_first_chunk::<4>()?;
    let (entries, rest) = entries.as_chunks::<8>();
    if u32::from_le_bytes(*version) != VERSION || entries.is_empty() || !rest.is_empty() {
        return None;
    }
    let entries: Option<Vec<String>> = entries.iter().map(entry_text).collect();
    let text = entries?.join(",");
    (self::binary(&text).as_deref() == Some(binary)).then_some(text)
}

fn entry_text(entry: &[u8; 8]) -> Option<String> {
    let [tag_low, tag_high, perm_low, perm_high, id @ ..] = *entry;
    let (tag, perm, id) =
        (u16::from_le_bytes([tag_low, tag_high]), u16::from_le_bytes([perm_low, perm_high]), u32::from_le_bytes(id));
    let (_, word, named) = TAGS.iter().find(|known| known.0 == tag)?;
    let letter = |bit: u16, letter: char| if perm & bit == 0 { '-' } else { letter };
    let letters = [letter(4, 'r'), letter(2, 'w'), letter(1, 'x')].iter().collect::<String>();
    let who = if *named { id.to_string() } else { String::new() };
    Some(format!("{word}:{who}:{letters}"))
}

/// The kernel's form of a text; none where it is malformed.
pub(super) fn binary(text: &str) -> Option<Vec<u8>> {
    let mut out = VERSION.to_le_bytes().to_vec();
    for entry in text.split([',', '\n']) {
        let [word, who, letters] = entry.trim().splitn(3, ':').collect::<Vec<_>>()[..] else { return None };
        let (tag, _, named) = TAGS.iter().find(|(_, known, named)| *known == word && *named != who.is_empty())?;
        let id = if *named { who.parse::<u32>().ok()? } else { NO_ID };
        out.extend_from_slice(&tag.to_le_bytes());
        out.extend_from_slice(&permissions(letters)?.to_le_bytes());
        out.extend_from_slice(&id.to_le_bytes());
    }
    Some(out)
}

fn permissions(letters: &str) -> Option<u16> {
    let [r, w, x] = letters.as_bytes() else { return None };
    let bit = |letter: u8, known: u8, bit: u16| match letter {
        b'-' => Some(0),
        _ => (letter == known).then_some(bit),
    };
    Some(bit(*r, b'r', 4)? | bit(*w, b'w', 2)? | bit(*x, b'x', 1)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `setfacl -m u:1000:rx,g:7:-` made it, of a file with mode 0640.
    const REAL: &[u8] = b"\x02\0\0\0\x01\0\x06\0\xff\xff\xff\xff\x02\0\x05\0\xe8\x03\0\0\x04\0\x04\0\xff\xff\xff\xff\
        \x08\0\0\0\x07\0\0\0\x10\0\x05\0\xff\xff\xff\xff\x20\0\0\0\xff\xff\xff\xff";

    #[test]
    fn a_list_is_told_as_text_and_read_back() {
        let text = text(REAL).unwrap();
        assert_eq!(text, "user::rw-,user:1000:r-x,group::r--,group:7:---,mask::r-x,other::---");
        assert_eq!(binary(&text).unwrap(), REAL);
    }

    #[test]
    fn what_is_no_list_is_no_text() {
        let mut newer = REAL.to_vec();
        newer[0] = 3;
        let mut strange = REAL.to_vec();
        strange[4] = 0x40;
        let mut more_permissions = REAL.to_vec();
        more_permissions[6] = 0xff;
        let short = &REAL[..REAL.len() - 1];
        for bad in [&newer[..], &strange, &more_permissions, short, b"", b"\x02\0\0\0"] {
            assert_eq!(self::text(bad), None, "{bad:?}");
        }
        for bad in
            ["", "user", "user::", "user::rwxr", "user::rwz", "user:joe:rwx", "mask:1:rwx", "user:99999999999:rwx"]
        {
            assert_eq!(binary(bad), None, "{bad}");
        }
    }
}
