//! What is where releases come from, and at the links that will point to them.

use super::Reading;
use crate::graph::ReleaseSource;
use crate::ports::{Cause, EntryKind, Fault, Revision, TreeRead};
use crate::primitives::PathBytes;

/// A release that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReleaseSeen {
    /// In a repository: its last revision.
    Revision(Revision),
    /// As an archive, of so many bytes.
    Archive(u64),
}

/// What is at a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkSeen {
    /// Nothing.
    Nothing,
    /// A link that points there.
    To(PathBytes),
    /// Something that is no link.
    Other,
}

/// Looks for a release.
pub(super) async fn release(reading: &Reading<'_>, from: &ReleaseSource) -> Result<ReleaseSeen, Fault> {
    let missing = || Fault::permanent(Cause::NotFound, format!("read the release {from}"), "nothing is there");
    match from {
        ReleaseSource::Subversion { url } => reading.subversion.last_changed(url).await.map(ReleaseSeen::Revision),
        ReleaseSource::File { path, .. } => {
            let real = reading.tree.real(path).await?;
            let meta = reading.tree.stat(&real).await?.ok_or_else(missing)?;
            if meta.kind != EntryKind::File {
                return Err(Fault::permanent(Cause::Invalid, format!("read the release {path}"), "it is no file"));
            }
            Ok(ReleaseSeen::Archive(meta.size))
        }
        ReleaseSource::Object { store, key, .. } => {
            let unknown = || {
                let why = "this version has no driver for it";
                Fault::permanent(Cause::Other, format!("look into store {store}"), why)
            };
            let store = reading.stores.get(store).ok_or_else(unknown)?;
            let object = store.head(key).await?.ok_or_else(missing)?;
            Ok(ReleaseSeen::Archive(object.size))
        }
    }
}

/// Looks at a link.
///
/// # Errors
/// When it cannot be looked at.
pub async fn link(tree: &dyn TreeRead, link: &PathBytes) -> Result<LinkSeen, Fault> {
    match tree.stat(link).await? {
        None => Ok(LinkSeen::Nothing),
        Some(meta) if meta.kind == EntryKind::Symlink => tree.read_link(link).await.map(LinkSeen::To),
        Some(_) => Ok(LinkSeen::Other),
    }
}
