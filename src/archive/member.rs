//! What an archive holds: members, each a name with what it stands for.

use serde::{Deserialize, Serialize};

use super::ArchiveError;
use crate::primitives::{PathBytes, Xattrs};

/// One entry of a tar.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    /// Its path: relative, without empty, `.` or `..` parts. Empty for the folder that the archive is of.
    pub path: PathBytes,
    /// What it is.
    pub kind: MemberKind,
    /// The low 12 bits of `st_mode`.
    pub mode: u32,
    /// Owner.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// The owner's name where it was read; empty where there is none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub user: String,
    /// The group's name, likewise.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub group: String,
    /// Last change of content: seconds since 1970, may be negative.
    pub mtime_s: i64,
    /// and nanoseconds after them, 0 to 999,999,999.
    pub mtime_ns: u32,
    /// Extended attributes, access control lists among them.
    #[serde(default, skip_serializing_if = "Xattrs::is_empty")]
    pub xattrs: Xattrs,
}

/// A name of a user or group has at most so many bytes (`LOGIN_NAME_MAX`, limits.h).
const OWNER_BYTES_MAX: usize = 256;

/// What a member is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MemberKind {
    /// A regular file.
    File {
        /// Its bytes, holes among them.
        size: u64,
        /// How it is stored where it has holes.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sparse: Option<Sparse>,
    },
    /// A folder.
    Folder,
    /// A symbolic link.
    Symlink {
        /// Where it points: only text.
        target: PathBytes,
    },
    /// One more name of a file that came before.
    HardLink {
        /// That file's path in the archive.
        target: PathBytes,
    },
}

/// How a file with holes is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sparse {
    /// The bytes in the tar that stand for it: a map, and the data.
    pub stored: u64,
    /// Those of its bytes that are holes.
    pub holes: u64,
}

impl Member {
    /// The bytes in the tar that follow it: its content, or what stands for it.
    pub fn size(&self) -> u64 {
        match self.kind {
            MemberKind::File { size, sparse } => sparse.map_or(size, |sparse| sparse.stored),
            MemberKind::Folder | MemberKind::Symlink { .. } | MemberKind::HardLink { .. } => 0,
        }
    }

    /// Refuses what no archive should hold.
    pub(super) fn check(&self) -> Result<(), ArchiveError> {
        check_path(&self.path, matches!(self.kind, MemberKind::Folder))?;
        match &self.kind {
            MemberKind::HardLink { target } => check_path(target, false)?,
            MemberKind::Symlink { target } if target.as_bytes().is_empty() || target.as_bytes().contains(&0) => {
                return Err(ArchiveError::new(format!("{} points nowhere", self.path)));
            }
            MemberKind::File { size, sparse: Some(sparse) } if sparse.holes > *size => {
                return Err(ArchiveError::new(format!("{} has more holes than bytes", self.path)));
            }
            MemberKind::Symlink { .. } | MemberKind::File { .. } | MemberKind::Folder => {}
        }
        if self.mode > 0o7777 || self.mtime_ns > 999_999_999 {
            return Err(ArchiveError::new(format!("{} has a mode or time out of range", self.path)));
        }
        for name in [&self.user, &self.group] {
            if !Self::is_owner_name(name) && !name.is_empty() {
                return Err(ArchiveError::new(format!("{} has an owner that is no name", self.path)));
            }
        }
        Ok(())
    }

    /// Whether a text can be a user's or group's name in an archive.
    pub fn is_owner_name(name: &str) -> bool {
        !name.is_empty() && name.len() <= OWNER_BYTES_MAX && !name.chars().any(char::is_control)
    }
}

/// A path is at most so many bytes. What the system is told at once is at most 4,096 (PATH_MAX in limits.h), but trees can be deeper
/// than that. Whoever restores one holds the paths of all folders that are open, which come to the square of this.
pub const PATH_BYTES_MAX: usize = 12 * 1024;

/// A path that leads nowhere but below the archive's folder.
fn check_path(path: &PathBytes, may_be_empty: bool) -> Result<(), ArchiveError> {
    let bytes = path.as_bytes();
    if bytes.len() > PATH_BYTES_MAX {
        return Err(ArchiveError::new(format!("a path of {} bytes is too long", bytes.len())));
    }
    if bytes.is_empty() && may_be_empty {
        return Ok(());
    }
    let bad_part = |part: &[u8]| part.is_empty() || part == b"." || part == b".." || part.contains(&0);
    if bytes.split(|byte| *byte == b'/').any(bad_part) {
        return Err(ArchiveError::new(format!("{path:?} is not a path below the archive's folder")));
    }
    Ok(())
}
