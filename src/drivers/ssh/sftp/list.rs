//! Listing a folder, page by page.

use std::sync::Arc;

use super::refusal::No;
use super::session::{Handle, Session};
use super::tree::require_folder;
use crate::drivers::smallest::Smallest;
use crate::ports::{Fault, Names};
use crate::primitives::PathBytes;

/// The names in a folder behind `after`, the first `limit` of them.
pub(super) async fn list(
    session: &Arc<Session>,
    folder: &PathBytes,
    after: Option<&[u8]>,
    limit: usize,
) -> Result<Names, Fault> {
    require_folder(session, folder, "list").await?;
    let refuse = |no: No| no.reading(format!("list {folder}"));
    let open = Handle::folder(session, folder.as_bytes()).await.map_err(refuse)?;
    let mut smallest = Smallest::new(limit);
    while let Some(names) = open.next_names().await.map_err(refuse)? {
        for entry in names {
            if is_entry(&entry.name) && after.is_none_or(|after| *entry.name > *after) {
                smallest.offer(&entry.name);
            }
        }
    }
    Ok(smallest.finish())
}

/// Whether it is the name of something in the folder; one that a server makes up to lead elsewhere is none.
pub(super) fn is_entry(name: &[u8]) -> bool {
    !matches!(name, b"" | b"." | b"..") && !name.contains(&b'/')
}
