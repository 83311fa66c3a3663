//! Whether what is at a recovery's destination is what that recovery would make: a run that was killed between its rename
//! and the journal's record of it finds its own work there.
//!
//! Unaware of who made it. Invariant: only reads; anything that differs, content too, is a no. What a file system refused to
//! set then is as it would be refused now: owners that are all those of new files, attributes that are not there.

use super::owners::Owners;
use super::recover::{RecoverRequest, Recovered};
use super::recover_names::{Fate, Names};
use super::verified::open_contents;
use crate::archive::{Member, MemberKind};
use crate::catalog::{Entry, Line, Named};
use crate::ports::{EntryKind, Fault, Meta, StoreRead, TreeRead};
use crate::primitives::{FileDigest, FileHasher, PathBytes};

/// Read at once.
const READ_BYTES: usize = 512 * 1024;

/// What a recovery that is done already recovered; none where something is missing or differs, or where `staging` is there,
/// for then it was not renamed. What lies beside it in the destination is not looked at.
///
/// # Errors
/// When contents or destination cannot be read.
pub(super) async fn recovered_before(
    store: &dyn StoreRead,
    tree: &dyn TreeRead,
    request: &RecoverRequest,
    names: &mut Names,
) -> Result<Option<Recovered>, Fault> {
    if tree.stat(&request.staging).await?.is_some() {
        return Ok(None);
    }
    let (mut contents, _) = open_contents(store, &request.manifest.contents).await?;
    let chosen = names.chosen();
    let mut there = There::new(tree, request, &request.into);
    let mut recovered = Recovered::default();
    while let Some(line) = contents.next().await? {
        if let Some((path, why)) = chosen.unread(&line) {
            recovered.unread.push(path, why);
        }
        let Line::Entry(Entry::Stored { member, digest, flaw, .. }) = line else { continue };
        let fate = names.fate(&member).await?.map_err(|why| contents.object().damaged(why))?;
        let (Fate::Made(path) | Fate::MadeElsewhere(path)) = fate else { continue };
        if !there.is(names, &path, &member, digest).await? {
            return Ok(None);
        }
        count(&mut recovered, &path, &member, flaw);
    }
    contents.object().check_digest(request.manifest.contents.digest).await?;
    recovered.unset = there.unset;
    Ok(Some(recovered))
}

pub(super) fn count(recovered: &mut Recovered, path: &PathBytes, member: &Member, flaw: Option<String>) {
    recovered.totals.count(&member.kind);
    if let Some(why) = flaw {
        recovered.flawed.push(path, why);
    }
}

/// What is there.
pub(super) struct There<'a> {
    tree: &'a dyn TreeRead,
    /// The folder that it is in.
    folder: &'a PathBytes,
    /// None where owners are not set.
    owners: Option<Owners<'a>>,
    /// The one owner of everything where none could be set, which the first entry shows.
    everybodys: Option<Option<(u32, u32)>>,
    /// What does not have all of its attributes, and would be refused them now.
    pub(super) unset: Named,
}

impl<'a> There<'a> {
    /// What is in `folder`, which is as the request makes it.
    pub(super) fn new(tree: &'a dyn TreeRead, request: &RecoverRequest, folder: &'a PathBytes) -> Self {
        let owners = request.set_owner.then(|| Owners::new(tree));
        Self { tree, folder, owners, everybodys: None, unset: Named::default() }
    }

    /// Whether a member is there as it would be made.
    pub(super) async fn is(
        &mut self,
        names: &mut Names,
        path: &PathBytes,
        member: &Member,
        digest: Option<FileDigest>,
    ) -> Result<bool, Fault> {
        let place = self.place(path);
        let Some(meta) = self.tree.stat(&place).await? else { return Ok(false) };
        if !self.has_attributes(path, &meta, member).await? {
            return Ok(false);
        }
        match (&member.kind, meta.kind) {
            (MemberKind::Folder, EntryKind::Folder) => Ok(true),
            (MemberKind::Symlink { target }, EntryKind::Symlink) => Ok(self.tree.read_link(&place).await? == *target),
            (MemberKind::HardLink { target }, EntryKind::File) => {
                let first = names.link_target(target).await?;
                self.tree.is_one_file(&self.place(&first), &place).await
            }
            (MemberKind::File { size, .. }, EntryKind::File) if meta.size == *size => {
                Ok(Some(self.digest(&place).await?) == digest)
            }
            _ => Ok(false),
        }
    }

    /// Whether it has the attributes that it would be given, or would be refused.
    async fn has_attributes(&mut self, path: &PathBytes, meta: &Meta, member: &Member) -> Result<bool, Fault> {
        let mut refused = Vec::new();
        let mut mode = member.mode;
        if let Some(owners) = &mut self.owners {
            let wanted = owners.numbers(member).await?;
            let has = (meta.uid, meta.gid);
            let all = *self.everybodys.get_or_insert_with(|| (has != wanted).then_some(has));
            if has != all.unwrap_or(wanted) {
                return Ok(false);
            }
            if has != wanted {
                refused.push("owner".to_owned());
                // Those of somebody else were left out.
                mode &= 0o1777;
            }
        }
        // Of a link, the mode means nothing (symlink(7)).
        let is_mode = meta.kind == EntryKind::Symlink || meta.mode == mode;
        if !is_mode || !self.has_time(meta, member) {
            return Ok(false);
        }
        let has = self.tree.xattrs(&self.place(path)).await?.kept;
        for (name, value) in member.xattrs.iter() {
            match has.get(name) {
                Some(there) if there == value => {}
                Some(_) => return Ok(false),
                None => refused.push(PathBytes::new(name).to_string()),
            }
        }
        // A further name has what its file has, which was named.
        if !refused.is_empty() && !matches!(member.kind, MemberKind::HardLink { .. }) {
            self.unset.push(path, format!("{}: it is not as it was", refused.join(", ")));
        }
        Ok(true)
    }

    /// Whether it has a member's time, as finely as this tree keeps times.
    pub(super) fn has_time(&self, meta: &Meta, member: &Member) -> bool {
        let kept_ns = member.mtime_ns - member.mtime_ns % self.tree.mtime_step_ns().max(1);
        (meta.mtime_s, meta.mtime_ns) == (member.mtime_s, kept_ns)
    }

    pub(super) fn place(&self, path: &PathBytes) -> PathBytes {
        if path.as_bytes().is_empty() { self.folder.clone() } else { self.folder.join(path.as_bytes()) }
    }

    async fn digest(&self, file: &PathBytes) -> Result<FileDigest, Fault> {
        let mut reader = self.tree.open(file).await?;
        let mut hasher = FileHasher::default();
        loop {
            let bytes = reader.read(READ_BYTES).await?;
            if bytes.is_empty() {
                return Ok(hasher.finish());
            }
            hasher.update(&bytes);
        }
    }
}
