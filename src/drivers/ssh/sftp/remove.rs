//! Removing a folder and all below it, without following a link and without crossing into another file system.

use std::sync::Arc;

use futures_util::future::join_all;

use super::list::is_entry;
use super::refusal::No;
use super::session::{Handle, Session};
use super::tree::{kind, look};
use super::wire::Attrs;
use crate::drivers::durable::parent;
use crate::ports::{Cause, EntryKind, Fault};
use crate::primitives::PathBytes;

/// Removes `folder`; one that is not there is no error.
///
/// # Errors
/// When it is no folder, another file system is mounted below it, or something cannot be removed.
pub(super) async fn remove(session: &Arc<Session>, folder: &PathBytes) -> Result<(), Fault> {
    let invalid = |answer: &str| Fault::permanent(Cause::Invalid, format!("remove {folder}"), answer);
    match look(session, folder).await?.map(|meta| meta.kind) {
        None => return Ok(()),
        Some(EntryKind::Folder) => {}
        Some(_) => return Err(invalid("it is no folder")),
    }
    if parent(&folder.to_path()).is_none() {
        return Err(invalid("it has no folder above it"));
    }
    let refuse = |no: No| no.writing(format!("remove {folder}"));
    let (_, file_system) = session.statvfs(folder.as_bytes()).await.map_err(refuse)?;
    let mut left = vec![folder.clone()];
    // Each is come back to until it is empty: what is read of a folder while names go from it may lack some.
    while let Some(at) = left.last() {
        let at = at.clone();
        let some = first_names(session, &at).await.map_err(refuse)?;
        if some.is_empty() {
            writable(session, &at, || session.rmdir(at.as_bytes())).await.map_err(refuse)?;
            left.pop();
            continue;
        }
        let (folders, others): (Vec<_>, Vec<_>) =
            some.into_iter().partition(|(_, kind)| *kind == Some(EntryKind::Folder));
        let removed = join_all(others.iter().map(|(path, _)| session.remove(path.as_bytes()))).await;
        for ((path, _), removed) in others.iter().zip(removed) {
            match removed {
                Ok(()) | Err(No::Missing) => {}
                Err(No::Denied) => writable(session, &at, || session.remove(path.as_bytes())).await.map_err(refuse)?,
                Err(no) => return Err(refuse(no)),
            }
        }
        for (path, _) in folders {
            if session.statvfs(path.as_bytes()).await.map_err(refuse)?.1 != file_system {
                return Err(invalid(&format!("another file system is mounted at {path}")));
            }
            left.push(path);
        }
    }
    super::durable::sync_name(session, folder).await
}

/// The first names in a folder, and what they are.
async fn first_names(session: &Arc<Session>, folder: &PathBytes) -> Result<Vec<(PathBytes, Option<EntryKind>)>, No> {
    let mut opened = Handle::folder(session, folder.as_bytes()).await;
    if opened.as_ref().is_err_and(|no| *no == No::Denied) {
        open_up(session, folder).await?;
        opened = Handle::folder(session, folder.as_bytes()).await;
    }
    let open = opened?;
    while let Some(names) = open.next_names().await? {
        let entries = names.into_iter().filter(|entry| is_entry(&entry.name));
        let some: Vec<_> = entries.map(|entry| (folder.join(&entry.name), entry.attrs.mode.and_then(kind))).collect();
        if !some.is_empty() {
            return Ok(some);
        }
    }
    Ok(Vec::new())
}

/// Does it, and where the folder lacks permission gives that to its owner and does it again.
async fn writable<F: Future<Output = Result<(), No>>>(
    session: &Session,
    folder: &PathBytes,
    act: impl Fn() -> F,
) -> Result<(), No> {
    match act().await {
        Err(No::Denied) => {
            open_up(session, folder).await?;
            act().await
        }
        answer => answer,
    }
}

/// Lets a folder's owner do as they like in it. It is known to be a folder, and no link.
async fn open_up(session: &Session, folder: &PathBytes) -> Result<(), No> {
    session.set_folder(folder.as_bytes(), &Attrs { mode: Some(0o700), ..Attrs::default() }).await
}
