//! A file's content replaced in one step: whoever reads it, and whatever cuts it short, finds the old or the new.

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "real paths are asked of the real file system"
)]

use std::fs::{File, Metadata, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use super::durable;

/// Writes `bytes` beside a file, durably, and renames it to the file (rename(2)). A symbolic link is followed. Permissions and owners stay;
/// a file that is new is readable by all, as far as the umask lets it.
///
/// # Errors
/// When it cannot be written, or not with the owners that it has: it is then as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let real = durable::real(path)?;
    let folder = durable::parent(&real).unwrap_or_else(|| PathBuf::from("/"));
    let old = match std::fs::metadata(&real) {
        Ok(old) => Some(old),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    // It is removed where anything goes wrong.
    let mut beside = tempfile::Builder::new();
    beside.prefix(".sonae-").suffix(".new").permissions(Permissions::from_mode(0o644));
    let mut written = beside.tempfile_in(&folder)?;
    written.write_all(bytes)?;
    if let Some(old) = old {
        like(written.as_file(), &old)?;
    }
    written.as_file().sync_all()?;
    written.persist(&real).map_err(|failed| failed.error)?;
    durable::sync_folder(&folder)?;
    Ok(())
}

/// Gives a file the owners and the permissions of another, in this order: a change of owner takes permissions away (chown(2)).
fn like(file: &File, old: &Metadata) -> std::io::Result<()> {
    let new = file.metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        fchown(file, Some(old.uid()), Some(old.gid()))?;
    }
    file.set_permissions(old.permissions())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_followed_the_mode_stays_and_nothing_is_left_beside() {
        let folder = tempfile::tempdir().unwrap();
        let (file, link) = (folder.path().join("plan.kdl"), folder.path().join("link.kdl"));
        std::fs::write(&file, "old").unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink("plan.kdl", &link).unwrap();
        replace(&link, b"new").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "new");
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o640);
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        replace(&folder.path().join("first"), b"x").unwrap();
        assert!(replace(&folder.path().join("nowhere/first"), b"x").is_err());
        let mut names: Vec<_> =
            std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["first", "link.kdl", "plan.kdl"]);
    }
}
