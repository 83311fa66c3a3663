//! Extended attributes: names with values, both bytes (xattr(7)).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Malformed;

/// A name is at most so many bytes, and a value (`XATTR_NAME_MAX`, `XATTR_SIZE_MAX` of linux/limits.h).
const NAME_BYTES_MAX: usize = 255;
const VALUE_BYTES_MAX: usize = 64 * 1024;
/// All of one file together. The names alone are at most 64 KiB (`XATTR_LIST_MAX`); ext4 holds 4 KiB in all, and only XFS and a few
/// others hold more than this.
const TOTAL_BYTES_MAX: usize = 256 * 1024;

/// The access control list of a file or folder (acl(5)), as the kernel keeps it.
pub const ACL_ACCESS: &[u8] = b"system.posix_acl_access";
/// The list that what is made in a folder begins with.
pub const ACL_DEFAULT: &[u8] = b"system.posix_acl_default";

/// The extended attributes of one file, folder or link, by name: those of users, the trusted ones, those of security modules
/// (file capabilities and labels among them), and access control lists. What file systems keep in other namespaces is about
/// themselves, as compression is, and no part of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Xattrs(BTreeMap<Vec<u8>, Vec<u8>>);

impl Xattrs {
    /// Whether an attribute of that name is kept.
    pub fn keeps(name: &[u8]) -> bool {
        let spaces: [&[u8]; 3] = [b"user.", b"trusted.", b"security."];
        name == ACL_ACCESS || name == ACL_DEFAULT || spaces.iter().any(|space| name.starts_with(space))
    }

    /// Adds an attribute, in place of the one of its name.
    ///
    /// # Errors
    /// When its name is none that is kept, or it is too much.
    pub fn insert(&mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Result<(), Malformed> {
        let (name, value) = (name.into(), value.into());
        let refused = |problem: String| Err(Malformed::new(problem, "leave it out"));
        if !Self::keeps(&name) || name.contains(&0) || name.len() > NAME_BYTES_MAX {
            return refused("attributes of that name are not kept".into());
        }
        if value.len() > VALUE_BYTES_MAX {
            return refused(format!("it has {} bytes, and {VALUE_BYTES_MAX} are kept at most", value.len()));
        }
        if self.bytes() + name.len() + value.len() > TOTAL_BYTES_MAX {
            return refused(format!("the attributes of one file have more than {TOTAL_BYTES_MAX} bytes together"));
        }
        self.0.insert(name, value);
        Ok(())
    }

    /// The value of an attribute.
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.0.get(name).map(Vec::as_slice)
    }

    /// Names and values, ordered by name.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_slice(), value.as_slice()))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What names and values have together.
    fn bytes(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + value.len()).sum()
    }
}

/// Bytes as text where they are readable text, else in hexadecimal digits.
struct Readable(Vec<u8>);

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Wire {
    Text(String),
    Bytes { hex: String },
}

impl Serialize for Readable {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = std::str::from_utf8(&self.0).ok().filter(|text| !text.chars().any(char::is_control));
        let wire = match text {
            Some(text) => Wire::Text(text.to_owned()),
            None => Wire::Bytes { hex: self.0.iter().map(|byte| format!("{byte:02x}")).collect() },
        };
        wire.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Readable {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hex = match Wire::deserialize(deserializer)? {
            Wire::Text(text) => return Ok(Self(text.into_bytes())),
            Wire::Bytes { hex } => hex,
        };
        let pair = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
        let (pairs, odd) = hex.as_bytes().as_chunks::<2>();
        let bytes: Option<Vec<u8>> = pairs.iter().map(|digits| pair(digits)).collect();
        let bytes = bytes.filter(|_| odd.is_empty());
        bytes.map(Self).ok_or_else(|| serde::de::Error::custom("an attribute's hex is no pairs of digits"))
    }
}

#[derive(Serialize, Deserialize)]
struct Pair {
    name: Readable,
    value: Readable,
}

impl Serialize for Xattrs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let pair = |(name, value): (&[u8], &[u8])| Pair { name: Readable(name.into()), value: Readable(value.into()) };
        serializer.collect_seq(self.iter().map(pair))
    }
}

impl<'de> Deserialize<'de> for Xattrs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut xattrs = Self::default();
        for Pair { name, value } in Vec::<Pair>::deserialize(deserializer)? {
            xattrs.insert(name.0, value.0).map_err(|malformed| serde::de::Error::custom(malformed.problem))?;
        }
        Ok(xattrs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_written_readably_and_read_back() {
        let mut xattrs = Xattrs::default();
        for (name, value) in [
            (&b"user.note"[..], &b"caf\xc3\xa9 \"x\""[..]),
            (b"user.\xff", b""),
            (b"security.capability", b"\x01\x00\x00\x02"),
            (ACL_ACCESS, b"\x02\0\0\0"),
        ] {
            xattrs.insert(name, value).unwrap();
        }
        let json = serde_json::to_string(&xattrs).unwrap();
        insta::assert_snapshot!(json, @r#"[{"name":"security.capability","value":{"hex":"01000002"}},{"name":"system.posix_acl_access","value":{"hex":"02000000"}},{"name":"user.note","value":"café \"x\""},{"name":{"hex":"757365722eff"},"value":""}]"#);
        assert_eq!(serde_json::from_str::<Xattrs>(&json).unwrap(), xattrs);
        for bad in [
            r#"[{"name":"system.nfs4_acl","value":""}]"#,
            r#"[{"name":"user.a","value":{"hex":"0"}}]"#,
            r#"[{"name":"user.a","value":{"hex":"zz"}}]"#,
        ] {
            assert!(serde_json::from_str::<Xattrs>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn too_much_is_refused() {
        let mut xattrs = Xattrs::default();
        assert!(xattrs.insert([&b"user."[..], &[b'n'; 251]].concat(), "").is_err());
        assert!(xattrs.insert("user.a\0b", "").is_err());
        assert!(xattrs.insert("user.large", vec![0; 65_537]).is_err());
        for number in 0..3 {
            xattrs.insert(format!("user.{number}"), vec![b'"'; 65_536]).unwrap();
        }
        assert!(xattrs.insert("user.3", vec![0; 65_536]).is_err());
        // What a line of the contents may have is more than the worst of these.
        assert!(serde_json::to_string(&xattrs).unwrap().len() < 1024 * 1024 / 2);
    }
}
