//! How an archive is compressed: a method of zip, and a level of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Malformed;

/// A compression method that zip knows
/// (<https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT>, §4.4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Method {
    /// Method 8: what every tool reads.
    Deflate,
    /// Method 93: faster to pack and to unpack; `unzip` 6 and Python before 3.14 do not read it.
    Zstd,
}

impl Method {
    /// The lowest and the highest level. Deflate's 0 stores, the others are libdeflate's, of which 12 is the highest, but for 6, at which
    /// two of three segments are packed at 5, so that logs are as small as with zlib at 6; zstd's go to 19, as those above take more memory to
    /// unpack (zstd(1), `--ultra`).
    pub fn levels(self) -> (u8, u8) {
        match self {
            Self::Deflate => (0, 12),
            Self::Zstd => (1, 19),
        }
    }

    fn level_default(self) -> u8 {
        match self {
            Self::Deflate => 6,
            Self::Zstd => 3,
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Deflate => "deflate",
            Self::Zstd => "zstd",
        })
    }
}

/// A method at a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Compression {
    method: Method,
    level: u8,
}

impl Compression {
    /// A method at a level, or at its default: 6 for deflate, 3 for zstd.
    ///
    /// # Errors
    /// When the method has no such level.
    pub fn new(method: Method, level: Option<u8>) -> Result<Self, Malformed> {
        let level = level.unwrap_or(method.level_default());
        let (lowest, highest) = method.levels();
        if (lowest..=highest).contains(&level) {
            return Ok(Self { method, level });
        }
        Err(Malformed::new(format!("{method} has no level {level}"), format!("a level from {lowest} to {highest}")))
    }

    /// The method.
    pub fn method(self) -> Method {
        self.method
    }

    /// The level: the higher, the smaller and the slower.
    pub fn level(self) -> u8 {
        self.level
    }
}

impl Default for Compression {
    fn default() -> Self {
        Self { method: Method::Deflate, level: Method::Deflate.level_default() }
    }
}
