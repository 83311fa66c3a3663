//! Takes up what an attempt before left: a restore that was killed or interrupted goes on where it was.
//!
//! Unaware of why it ended. Invariant: of what lies in the staging folder only files stay that are exactly what this recovery makes,
//! content too, read from the disk; folders stay to be filled further, and all else is made anew.

use super::recover::{RecoverRequest, Recovered};
use super::recover_names::{Fate, FoundParts, Names};
use super::recovered_before::{There, count};
use super::verified::open_contents;
use crate::archive::{Member, MemberKind};
use crate::catalog::{Entry, Line};
use crate::ports::{Attributes, Destination, EntryKind, Fault, Scratch, StoreRead, TreeWrite};
use crate::primitives::{FileDigest, PathBytes, Xattrs};

/// What is taken up.
pub(super) struct TakenUp {
    pub(super) destination: Box<dyn Destination>,
    /// What of it stays.
    pub(super) kept: Recovered,
}

/// Takes up what lies in the staging folder, and tells `names` what need not be made again; none where that is nothing, and then the
/// folder is gone.
///
/// # Errors
/// When contents or folder cannot be read, or what is not whole cannot be removed.
pub(super) async fn take_up(
    store: &dyn StoreRead,
    tree: &dyn TreeWrite,
    scratch: &dyn Scratch,
    request: &RecoverRequest,
    names: &mut Names,
) -> Result<Option<TakenUp>, Fault> {
    let left = tree.stat(&request.staging).await?;
    // What is made under another name than its own is found by reading in order, from the beginning.
    if left.is_none_or(|left| left.kind != EntryKind::Folder) || names.any_elsewhere() {
        tree.remove(&request.staging).await?;
        return Ok(None);
    }
    let destination = tree.reopen(&request.staging).await?;
    let mut stock =
        Stock { tree, destination, there: There::new(tree, request, &request.staging), kept: Recovered::default() };
    let (mut table, mut parts) = (scratch.table(), FoundParts::default());
    let (mut contents, _) = open_contents(store, &request.manifest.contents).await?;
    while let Some(line) = contents.next().await? {
        let Line::Entry(Entry::Stored { member, at, digest, flaw }) = line else { continue };
        let mut fate = names.fate(&member).await?.map_err(|why| contents.object().damaged(why))?;
        if let Fate::Made(path) = &fate
            && stock.stays(names, path, &member, digest).await?
        {
            count(&mut stock.kept, path, &member, flaw);
            table.put(member.path.as_bytes(), &[]).await?;
            fate = Fate::LeftOut;
        }
        parts.see(at, &member, &fate);
    }
    contents.object().check_digest(request.manifest.contents.digest).await?;
    let Stock { destination, there, mut kept, .. } = stock;
    if kept.totals.files == 0 {
        tree.remove(&request.staging).await?;
        return Ok(None);
    }
    kept.unset = there.unset;
    names.keep(table, parts, &request.manifest, &mut contents)?;
    Ok(Some(TakenUp { destination, kept }))
}

/// What is looked through.
struct Stock<'a> {
    tree: &'a dyn TreeWrite,
    destination: Box<dyn Destination>,
    there: There<'a>,
    kept: Recovered,
}

impl Stock<'_> {
    /// Whether a member stays as it is. If not, it can be made where it was.
    async fn stays(
        &mut self,
        names: &mut Names,
        path: &PathBytes,
        member: &Member,
        digest: Option<FileDigest>,
    ) -> Result<bool, Fault> {
        let Some(meta) = self.tree.stat(&self.there.place(path)).await? else { return Ok(false) };
        match (&member.kind, meta.kind) {
            (MemberKind::Folder, EntryKind::Folder) => {
                // It may have its own mode already, which may forbid to fill it.
                self.destination.set(path, &to_be_filled()).await?;
                Ok(false)
            }
            // One that was not finished has another time, and says nothing of what can be set here.
            (MemberKind::File { size, .. }, EntryKind::File)
                if meta.size == *size
                    && self.there.has_time(&meta, member)
                    && self.there.is(names, path, member, digest).await? =>
            {
                Ok(true)
            }
            _ => self.destination.remove(path).await.map(|()| false),
        }
    }
}

/// What a folder has until it is left.
fn to_be_filled() -> Attributes {
    Attributes { mode: 0o700, owner: None, mtime_s: 0, mtime_ns: 0, xattrs: Xattrs::default() }
}
