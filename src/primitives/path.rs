//! Paths as the file system has them: bytes, not text (path_resolution(7)).

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::on_one_line;

/// A path's bytes. Shown with what is not printable escaped; serialised as text where it is UTF-8, else as
/// `{"hex": "…"}`, so that no name is lost.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct PathBytes(Vec<u8>);

impl PathBytes {
    /// The path of these bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The path of this operating-system path.
    pub fn from_path(path: impl AsRef<Path>) -> Self {
        Self(path.as_ref().as_os_str().as_bytes().to_vec())
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// For the operating system.
    pub fn to_path(&self) -> PathBuf {
        PathBuf::from(OsStr::from_bytes(&self.0))
    }

    /// This path with one more component.
    pub fn join(&self, name: &[u8]) -> Self {
        let mut bytes = self.0.clone();
        if !bytes.is_empty() && !bytes.ends_with(b"/") {
            bytes.push(b'/');
        }
        bytes.extend_from_slice(name);
        Self(bytes)
    }

    /// The same place as an absolute path without `.` and `..`, by the text alone: relative ones are relative to
    /// `base`, and `..` takes away the part before it, as a shell's `cd` does.
    #[must_use]
    pub fn absolute(&self, base: &Self) -> Self {
        let mut parts: Vec<&[u8]> = vec![];
        let joined = if self.0.starts_with(b"/") { self.clone() } else { base.join(&self.0) };
        for part in joined.0.split(|byte| *byte == b'/') {
            match part {
                b"" | b"." => {}
                b".." => {
                    parts.pop();
                }
                name => parts.push(name),
            }
        }
        Self([b"/".as_slice(), &parts.join(&b'/')].concat())
    }

    /// Where it would lie if `from`, and all below it, lay at `to`; itself where it does not lie there.
    #[must_use]
    pub fn moved(&self, from: &Self, to: &Self) -> Self {
        match self.to_path().strip_prefix(from.to_path()) {
            Ok(rest) if rest.as_os_str().is_empty() => to.clone(),
            Ok(rest) => to.join(rest.as_os_str().as_bytes()),
            Err(_) => self.clone(),
        }
    }

    /// Whether it is `other` or lies below it, by whole components.
    pub fn starts_with(&self, other: &Self) -> bool {
        self.to_path().starts_with(other.to_path())
    }
}

impl fmt::Display for PathBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            f.write_str(&on_one_line(chunk.valid()))?;
            chunk.invalid().iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))?;
        }
        Ok(())
    }
}

impl fmt::Debug for PathBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}`")
    }
}

/// Text, or bytes in hexadecimal digits where they are not UTF-8.
#[derive(Serialize, Deserialize, schemars::JsonSchema)]
#[serde(untagged)]
#[schemars(rename = "Path")]
enum Wire {
    Text(String),
    Bytes { hex: String },
}

impl schemars::JsonSchema for PathBytes {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Wire::schema_name()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Wire::json_schema(generator)
    }
}

impl Serialize for PathBytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => Wire::Text(text.to_owned()),
            Err(_) => Wire::Bytes { hex: self.0.iter().map(|byte| format!("{byte:02x}")).collect() },
        }
        .serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for PathBytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        match Wire::deserialize(deserializer)? {
            Wire::Text(text) => Ok(Self(text.into_bytes())),
            Wire::Bytes { hex } if hex.len() % 2 == 0 && hex.is_ascii() => (0..hex.len())
                .step_by(2)
                .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).map_err(D::Error::custom))
                .collect::<Result<Vec<u8>, _>>()
                .map(Self),
            Wire::Bytes { .. } => Err(D::Error::custom("a path's hex has an odd number of digits")),
        }
    }
}

/// A path of this host, or of another that the plan names.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct HostPath {
    /// The other host, as the plan names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The path, absolute.
    pub path: PathBytes,
}

impl HostPath {
    /// A path of this host.
    pub fn here(path: PathBytes) -> Self {
        Self { host: None, path }
    }

    /// A path of this host, or of that.
    pub fn on(host: Option<&str>, path: PathBytes) -> Self {
        Self { host: host.map(str::to_owned), path }
    }
}

impl fmt::Display for HostPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.host {
            None => self.path.fmt(f),
            Some(host) => write!(f, "{} on {host}", self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_paths_are_made_absolute_by_their_text() {
        let base = PathBytes::new(&b"/srv/plans"[..]);
        for (written, absolute) in [
            ("a", "/srv/plans/a"),
            ("../a/", "/srv/a"),
            ("/x//./y/..", "/x"),
            ("../../../..", "/"),
            (".", "/srv/plans"),
        ] {
            assert_eq!(
                PathBytes::new(written.as_bytes()).absolute(&base),
                PathBytes::new(absolute.as_bytes()),
                "{written}"
            );
        }
    }

    #[test]
    fn what_lies_below_moves_along() {
        let path = |text: &str| PathBytes::new(text.as_bytes());
        let moved = |text: &str| path(text).moved(&path("/srv/a"), &path("/tmp/b"));
        assert_eq!(moved("/srv/a/x/y"), path("/tmp/b/x/y"));
        assert_eq!(moved("/srv/a"), path("/tmp/b"));
        assert_eq!(moved("/srv/ab"), path("/srv/ab"));
    }

    #[test]
    fn any_bytes_survive_json_and_print_readably() {
        for bytes in [&b"plain/name"[..], b"caf\xc3\xa9", b"\xff\x00new\nline", b""] {
            let path = PathBytes::new(bytes);
            let json = serde_json::to_string(&path).unwrap();
            assert_eq!(serde_json::from_str::<PathBytes>(&json).unwrap(), path, "{json}");
        }
        assert_eq!(PathBytes::new(&b"a\xff\n"[..]).to_string(), "a\\xff\\n");
    }
}
