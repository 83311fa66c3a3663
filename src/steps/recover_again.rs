//! Looks whether what is at a destination is already what a recovery would put there.
//!
//! A recovery may die after its last rename and before anybody was told. Who made what is there does not matter: it is
//! held against the recovery point, member by member, and so the point is verified as well.

use super::Progress;
use super::recover::{RecoverRequest, Recovered};
use super::recover_names::{Fate, Names};
use super::verified::{Event, Expected, Verified};
use crate::archive::{Member, MemberKind};
use crate::catalog::{Named, Totals};
use crate::observe::walk;
use crate::ports::{Certainty, EntryKind, Fault, FileRead, Meta, StoreRead, TreeRead};
use crate::primitives::PathBytes;

/// What was recovered, where all of it and nothing else is there; none where anything differs or cannot be compared.
///
/// # Errors
/// When the store cannot be read or holds something damaged, or something may be readable later.
pub(super) async fn recovered_already(
    store: &dyn StoreRead,
    tree: &dyn TreeRead,
    request: &RecoverRequest,
    names: &Names,
    progress: &Progress,
) -> Result<Option<Recovered>, Fault> {
    let manifest = &request.manifest;
    let (archive, contents) = (manifest.archive.clone(), manifest.contents.clone());
    let mut verified = Verified::open(store, Expected { archive, contents, plain: manifest.plain }).await?;
    let (totals, flawed) = (Totals::default(), Named::default());
    let mut comparing = Comparing { tree, request, names, file: None, totals, flawed };
    while let Some(event) = verified.next().await? {
        let same = match event {
            Event::Member(member, flaw) => {
                let fate = names.fate(&member).map_err(|why| verified.damaged(why))?;
                progress.entry();
                comparing.member(&member, fate, flaw).await
            }
            Event::Data(bytes) => {
                progress.bytes(bytes.len() as u64);
                comparing.data(&bytes).await
            }
            Event::EndOfMember => comparing.end_of_member().await,
        };
        if !told(same)? {
            return Ok(None);
        }
    }
    let nothing_else = told(comparing.nothing_else().await)?;
    Ok(nothing_else.then_some(Recovered { totals: comparing.totals, flawed: comparing.flawed }))
}

/// What cannot be looked at, and never will be, is not the same.
fn told(same: Result<bool, Fault>) -> Result<bool, Fault> {
    match same {
        Err(fault) if fault.certainty == Certainty::Permanent => Ok(false),
        same => same,
    }
}

struct Comparing<'a> {
    tree: &'a dyn TreeRead,
    request: &'a RecoverRequest,
    names: &'a Names,
    file: Option<Box<dyn FileRead>>,
    totals: Totals,
    flawed: Named,
}

impl Comparing<'_> {
    async fn member(&mut self, member: &Member, fate: Fate, flaw: Option<String>) -> Result<bool, Fault> {
        let path = match fate {
            // A name at which the content was made was compared when that content came.
            Fate::LeftOut | Fate::AlreadyMade(_) => return Ok(true),
            Fate::Made(path) | Fate::MadeElsewhere(path) => path,
        };
        let place = self.place(&path);
        let Some(there) = self.tree.stat(&place).await? else { return Ok(false) };
        match &member.kind {
            MemberKind::Folder => {
                self.totals.folders += 1;
                Ok(there.kind == EntryKind::Folder && self.same_attributes(member, &there))
            }
            MemberKind::File { size } => {
                self.totals.files += 1;
                self.totals.bytes += size;
                if let Some(why) = flaw {
                    self.flawed.push(&path, why);
                }
                if there.kind != EntryKind::File || there.size != *size || !self.same_attributes(member, &there) {
                    return Ok(false);
                }
                self.file = Some(self.tree.open(&place).await?);
                Ok(true)
            }
            MemberKind::Symlink { target } => {
                self.totals.symlinks += 1;
                Ok(there.kind == EntryKind::Symlink && self.tree.read_link(&place).await? == *target)
            }
            MemberKind::HardLink { target } => {
                self.totals.hard_links += 1;
                let Ok(existing) = self.names.link_target(target) else { return Ok(false) };
                let existing = self.tree.stat(&self.place(&existing)).await?;
                Ok(existing.is_some_and(|file| (file.device, file.inode) == (there.device, there.inode)))
            }
        }
    }

    fn place(&self, path: &PathBytes) -> PathBytes {
        if path.as_bytes().is_empty() { self.request.into.clone() } else { self.request.into.join(path.as_bytes()) }
    }

    fn same_attributes(&self, member: &Member, there: &Meta) -> bool {
        let owner = !self.request.set_owner || (there.uid, there.gid) == (member.uid, member.gid);
        owner && there.mode == member.mode && (there.mtime_s, there.mtime_ns) == (member.mtime_s, member.mtime_ns)
    }

    async fn data(&mut self, bytes: &[u8]) -> Result<bool, Fault> {
        let Some(file) = &mut self.file else { return Ok(true) };
        let mut rest = bytes;
        while !rest.is_empty() {
            let read = file.read(rest.len()).await?;
            let Some(behind) = rest.strip_prefix(&*read).filter(|_| !read.is_empty()) else { return Ok(false) };
            rest = behind;
        }
        Ok(true)
    }

    async fn end_of_member(&mut self) -> Result<bool, Fault> {
        match self.file.take() {
            Some(mut file) => Ok(file.read(1).await?.is_empty()),
            None => Ok(true),
        }
    }

    /// Whether there are as many names as were compared. A further empty folder does no harm.
    async fn nothing_else(&mut self) -> Result<bool, Fault> {
        let there = walk::totals(self.tree, std::slice::from_ref(&self.request.into), &[]).await?;
        let names = (self.totals.files + self.totals.hard_links, self.totals.symlinks);
        Ok((there.files, there.symlinks) == names && there.special + there.unreadable == 0)
    }
}
