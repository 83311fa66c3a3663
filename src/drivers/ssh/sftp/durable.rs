//! What survives a power cut there: folders that are made from the top, and all that lies below one.

use std::sync::Arc;

use futures_util::future::join_all;

use super::list::is_entry;
use super::refusal::No;
use super::session::{Handle, Session};
use super::tree::{kind, not_made};
use crate::drivers::durable::parent;
use crate::drivers::ssh::SshPrograms;
use crate::ports::{Cause, Certainty, EntryKind, Fault, Program};
use crate::primitives::PathBytes;

/// What synchronises a whole file system (sync(1) of GNU and of BusyBox; elsewhere it only begins to), and says that it did: an account that
/// runs no programs may answer any with success.
const SYNC: &str = r#"[ "$(uname -s)" = Linux ] && sync -f -- "$1" && echo synced"#;

/// Opens a file or folder and has the server write it to its disk.
async fn sync(session: &Arc<Session>, path: &[u8]) -> Result<(), No> {
    let open = Handle::read(session, path).await?;
    open.sync().await?;
    open.close().await
}

/// The fault of a call whose effect may not survive a power cut. A lost connection may come back; what fsync(2) said does not.
fn not_durable(no: No, path: &PathBytes) -> Fault {
    let fault = no.writing(format!("make {path} durable"));
    if fault.certainty == Certainty::Unknown {
        return fault;
    }
    let answer = format!("it cannot be made durable: {}", fault.answer);
    Fault { answer, ..fault }
}

/// Makes a name durable, in the folder that holds it.
pub(super) async fn sync_name(session: &Arc<Session>, path: &PathBytes) -> Result<(), Fault> {
    let Some(above) = parent(&path.to_path()).map(PathBytes::from_path) else { return Ok(()) };
    sync(session, above.as_bytes()).await.map_err(|no| not_durable(no, path))
}

/// Makes a folder and those above it that are missing, durably.
pub(super) async fn make_folders(session: &Arc<Session>, folder: &PathBytes) -> Result<(), Fault> {
    let (mut missing, mut at) = (Vec::new(), folder.clone());
    loop {
        match session.stat(at.as_bytes()).await {
            Ok(attrs) if attrs.mode.and_then(kind) == Some(EntryKind::Folder) => break,
            Ok(_) => {
                return Err(Fault::permanent(
                    Cause::Invalid,
                    format!("make the folder {folder}"),
                    format!("{at} is no folder"),
                ));
            }
            Err(No::Missing) => {}
            Err(no) => return Err(no.reading(format!("look at {at}"))),
        }
        let above = parent(&at.to_path()).ok_or_else(|| No::Missing.reading(format!("look at {at}")))?;
        missing.push(std::mem::replace(&mut at, PathBytes::from_path(above)));
    }
    for folder in missing.into_iter().rev() {
        if let Err(no) = session.mkdir(folder.as_bytes(), 0o700).await {
            let fault = not_made(session, &folder, no, format!("make the folder {folder}")).await;
            if fault.cause != Cause::Exists {
                return Err(fault);
            }
        }
        sync_name(session, &folder).await?;
    }
    Ok(())
}

/// How all below a folder is made durable.
#[derive(Clone)]
pub(super) struct Syncing {
    pub(super) session: Arc<Session>,
    pub(super) programs: SshPrograms,
}

impl Syncing {
    /// Returns when all below a folder is durable: by one call that does it for its file system where the account may run sync(1), else
    /// file by file.
    pub(super) async fn all_below(&self, folder: &PathBytes) -> Result<(), Fault> {
        let words: [&[u8]; 5] = [b"sh", b"-c", SYNC.as_bytes(), b"sh", folder.as_bytes()];
        match self.programs.run_words(&words, &Program::default()).await {
            Ok(exit) if exit.status == Some(0) && exit.stdout_tail.trim() == "synced" => Ok(()),
            Err(fault) if fault.certainty == Certainty::Unknown => Err(fault),
            Ok(_) | Err(_) => self.walk(folder).await,
        }
    }

    async fn walk(&self, top: &PathBytes) -> Result<(), Fault> {
        let mut left = vec![top.clone()];
        while let Some(folder) = left.pop() {
            let refuse = |no| not_durable(no, &folder);
            let open = Handle::folder(&self.session, folder.as_bytes()).await.map_err(refuse)?;
            while let Some(names) = open.next_names().await.map_err(refuse)? {
                let mut files = Vec::new();
                for entry in names.iter().filter(|entry| is_entry(&entry.name)) {
                    match entry.attrs.mode.and_then(kind) {
                        Some(EntryKind::Folder) => left.push(folder.join(&entry.name)),
                        Some(EntryKind::File) => files.push(folder.join(&entry.name)),
                        // Their folder holds all that they are.
                        _ => {}
                    }
                }
                let synced = join_all(files.iter().map(|file| sync(&self.session, file.as_bytes()))).await;
                let refused = files.iter().zip(synced).find_map(|(file, synced)| Some((file, synced.err()?)));
                if let Some((file, no)) = refused {
                    return Err(not_durable(no, file));
                }
            }
            drop(open);
            sync(&self.session, folder.as_bytes()).await.map_err(refuse)?;
        }
        Ok(())
    }
}
