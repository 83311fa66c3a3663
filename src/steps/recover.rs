//! Recovers a point's files, beside what is there and never over it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::owners::Owners;
use super::recover_names::{Fate, Names, check_roots};
use super::recovered_before::recovered_before;
use super::verified::{Event, Expected, Pair, Verified};
use super::{Beside, Progress};
use crate::archive::{Member, MemberKind};
use crate::catalog::{Manifest, Named, Totals};
use crate::ports::{
    Attributes, Cause, Certainty, Destination, Fault, FileWrite, Refused, Scratch, ScratchTable, StoreRead, TreeWrite,
};
use crate::primitives::PathBytes;

/// What is recovered, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecoverRequest {
    /// The point.
    pub manifest: Manifest,
    /// The folder that is made; nothing may be there.
    pub into: PathBytes,
    /// Where it is made until it is whole: beside `into`, of this run alone. What is there is a leftover, and removed.
    pub staging: PathBytes,
    /// One path with all below it: absolute, or relative to the root where there is one. All where none is given.
    pub only: Option<PathBytes>,
    /// Whether owners are set, which takes a privileged user.
    pub set_owner: bool,
}

/// What was recovered.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Recovered {
    /// What was made.
    pub totals: Totals,
    /// What was not whole when it was backed up.
    pub flawed: Named,
    /// What could not be read when it was backed up, and is not in the backup: of a folder, what is in it.
    pub unread: Named,
    /// What could not be given all of its attributes: owners, modes, extended attributes.
    pub unset: Named,
    /// What of the leftovers of killed restores is gone.
    pub removed: Vec<PathBytes>,
    /// What of them could not be removed, and why.
    pub not_removed: Named,
}

impl Recovered {
    /// Whether all that is asked for was read whole when it was backed up.
    pub fn clean(&self) -> bool {
        self.flawed.count == 0 && self.unread.count == 0
    }
}

/// Recovers a point: the one root's content becomes the folder `into`; of several, whole paths lie below it, where the
/// folders above them are open to their owner alone. All is written to `staging`, verified as `read_back` does, made
/// durable, and then renamed. Where `into` is exactly what this makes, it is done already: the attempt before ended
/// without being able to say so.
///
/// # Errors
/// `Exists` where `into` is something else; `Invalid` where the backup is damaged; `NotFound` where nothing is of the chosen path; else
/// when something cannot be read or written. Then `into` was not made, and `staging` is gone as far as it can be removed.
pub async fn recover(
    store: &dyn StoreRead,
    tree: &dyn TreeWrite,
    world: Beside<'_>,
    request: &RecoverRequest,
    progress: &Progress,
) -> Result<Recovered, Fault> {
    let action = format!("recover into {}", request.into);
    let mut names = Names::choose(store, world.scratch, &request.manifest, request.only.as_ref()).await?;
    if tree.stat(&request.into).await?.is_some() {
        let exists =
            || Fault::permanent(Cause::Exists, action, "something is there already, and nothing is overwritten");
        let recovered = recovered_before(store, tree, request, &mut names).await?.ok_or_else(exists)?;
        // Whoever renamed it may have died before that was durable.
        return tree.settle(&request.into).await.map(|()| recovered);
    }
    tree.remove(&request.staging).await?;
    let recovered = fill(store, tree, world, request, &mut names, progress).await;
    let done = match recovered {
        Ok(recovered) => rename(tree, request).await.map(|()| recovered),
        Err(fault) => Err(fault),
    };
    if done.is_err() {
        // What stays is removed by the next try; the fault that is told is the one that matters.
        let _best_effort = tree.remove(&request.staging).await;
    }
    done
}

async fn rename(tree: &dyn TreeWrite, request: &RecoverRequest) -> Result<(), Fault> {
    match tree.rename(&request.staging, &request.into).await {
        // The answer was lost: it is done if what was there is here.
        Err(fault) if fault.certainty == Certainty::Unknown => {
            let (from, to) = (tree.stat(&request.staging).await?, tree.stat(&request.into).await?);
            if from.is_none() && to.is_some() { tree.settle(&request.into).await } else { Err(fault) }
        }
        answer => answer,
    }
}

async fn fill(
    store: &dyn StoreRead,
    tree: &dyn TreeWrite,
    world: Beside<'_>,
    request: &RecoverRequest,
    names: &mut Names,
    progress: &Progress,
) -> Result<Recovered, Fault> {
    let pair = Pair::open(store, world.compute, Expected::of(&request.manifest)).await?;
    let (supply, mut verified) = pair.read(names.parts()).await?;
    verified.remember_unread(names.chosen());
    if verified.roots() != request.manifest.roots {
        return Err(verified.damaged("the contents are of other folders than the manifest says"));
    }
    check_roots(&request.manifest.roots).map_err(|why| verified.damaged(why))?;
    let destination = tree.create(&request.staging).await?;
    let filling = Filling::new(destination, names, (tree, world.scratch), request.set_owner);
    let ((), recovered) = tokio::try_join!(supply.run(), filling.fill(verified, progress))?;
    Ok(recovered)
}

/// Paths that are remembered.
struct Paths(Box<dyn ScratchTable>);

impl Paths {
    async fn holds(&mut self, path: &PathBytes) -> Result<bool, Fault> {
        Ok(self.0.get(path.as_bytes()).await?.is_some())
    }

    async fn insert(&mut self, path: &PathBytes) -> Result<(), Fault> {
        self.0.put(path.as_bytes(), &[]).await
    }

    /// Forgets a path; answers whether it was there.
    async fn take(&mut self, path: &PathBytes) -> Result<bool, Fault> {
        let held = self.holds(path).await?;
        if held {
            self.0.remove(path.as_bytes()).await?;
        }
        Ok(held)
    }
}

/// A destination that is being filled.
struct Filling<'a> {
    destination: Box<dyn Destination>,
    names: &'a mut Names,
    /// None where owners are not set.
    owners: Option<Owners<'a>>,
    file: Option<(PathBytes, Box<dyn FileWrite>, Attributes)>,
    /// The folders that are open, outermost first. Their attributes are set when they are left: writing into them
    /// changes their times, and may take more permission than they give.
    open: Vec<(PathBytes, Attributes)>,
    /// Folders that were made before their member came, or that have none.
    early: Paths,
    /// Files that were made before the name they are made at came.
    made_elsewhere: Paths,
    totals: Totals,
    flawed: Named,
    unset: Named,
    /// How many members came that are not left out, and how many of them are folders that the backup is of.
    came: u64,
    roots: usize,
}

impl<'a> Filling<'a> {
    fn new(
        destination: Box<dyn Destination>,
        names: &'a mut Names,
        (tree, scratch): (&'a dyn TreeWrite, &dyn Scratch),
        set_owner: bool,
    ) -> Self {
        Self {
            destination,
            names,
            owners: set_owner.then(|| Owners::new(tree)),
            file: None,
            open: Vec::new(),
            early: Paths(scratch.table()),
            made_elsewhere: Paths(scratch.table()),
            totals: Totals::default(),
            flawed: Named::default(),
            unset: Named::default(),
            came: 0,
            roots: 0,
        }
    }

    async fn fill(mut self, mut verified: Verified<'_>, progress: &Progress) -> Result<Recovered, Fault> {
        while let Some(event) = verified.next().await? {
            match event {
                Event::Member(member, flaw) => {
                    let fate = self.names.fate(&member).await?.map_err(|why| verified.damaged(why))?;
                    progress.entry();
                    self.came += u64::from(!matches!(fate, Fate::LeftOut));
                    if let Fate::Made(path) = &fate {
                        self.leave_for(path).await?;
                        self.check_place(&member, path).map_err(|why| verified.damaged(why))?;
                    }
                    self.member(member, fate, flaw).await?;
                }
                Event::Data(bytes) => {
                    progress.bytes(bytes.len() as u64);
                    self.data(bytes).await?;
                }
                Event::Hole(length) => {
                    progress.bytes(length);
                    self.hole(length).await?;
                }
                Event::EndOfMember => self.end_of_member().await?,
            }
        }
        if let Some(why) = self.names.missing(self.came, self.roots) {
            return Err(verified.damaged(why));
        }
        self.finish(verified.unread()).await
    }

    /// A root is a folder; anything else lies in the folder that is open. Else it would be made through something else, or
    /// nowhere.
    fn check_place(&mut self, member: &Member, path: &PathBytes) -> Result<(), String> {
        if self.names.is_root(&member.path) {
            self.roots += 1;
            let is_folder = member.kind == MemberKind::Folder;
            return if is_folder { Ok(()) } else { Err(format!("{}, which it is of, is no folder", member.path)) };
        }
        let above = match path.as_bytes().iter().rposition(|byte| *byte == b'/') {
            Some(slash) => path.as_bytes().get(..slash).unwrap_or_default(),
            None => &[],
        };
        match self.open.last() {
            Some((folder, _)) if folder.as_bytes() == above => Ok(()),
            _ => Err(format!("{} does not lie in a folder that came before it", member.path)),
        }
    }

    async fn member(&mut self, member: Member, fate: Fate, flaw: Option<String>) -> Result<(), Fault> {
        let attributes = self.attributes(&member).await?;
        let path = match fate {
            Fate::LeftOut => return Ok(()),
            Fate::AlreadyMade(path) => {
                if self.made_elsewhere.take(&path).await? {
                    return Ok(());
                }
                let why = "it is a further name of a file that is not in the backup";
                return Err(Fault::permanent(Cause::Invalid, format!("link {path}"), why));
            }
            Fate::MadeElsewhere(path) => {
                self.parents(&path).await?;
                self.made_elsewhere.insert(&path).await?;
                path
            }
            Fate::Made(path) => path,
        };
        if let Some(why) = flaw {
            self.flawed.push(&path, why);
        }
        match member.kind {
            MemberKind::Folder => self.folder(path, attributes).await,
            MemberKind::File { .. } => {
                self.totals.files += 1;
                let file = self.destination.file(&path).await?;
                self.file = Some((path, file, attributes));
                Ok(())
            }
            MemberKind::Symlink { target } => {
                self.totals.symlinks += 1;
                self.destination.symlink(&path, &target).await?;
                self.set(&path, &attributes).await
            }
            MemberKind::HardLink { target } => {
                self.totals.hard_links += 1;
                let existing = self.names.link_target(&target).await?;
                self.destination.hard_link(&path, &existing).await.map_err(|fault| match fault.cause {
                    Cause::NotFound | Cause::Invalid => {
                        let why = format!("{target} is no file that came before it");
                        Fault::permanent(Cause::Invalid, format!("link {path}"), why)
                    }
                    _ => fault,
                })
            }
        }
    }

    async fn folder(&mut self, path: PathBytes, attributes: Attributes) -> Result<(), Fault> {
        let is_destination = path.as_bytes().is_empty();
        if !is_destination && !self.early.take(&path).await? {
            // A root of several has no member above it.
            if self.open.is_empty() {
                self.parents(&path).await?;
            }
            self.destination.folder(&path).await?;
        }
        self.totals.folders += 1;
        self.open.push((path, attributes));
        Ok(())
    }

    /// Makes the folders above a path that are not there yet.
    async fn parents(&mut self, path: &PathBytes) -> Result<(), Fault> {
        let slashes = path.as_bytes().iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        let parents: Vec<PathBytes> = slashes.filter_map(|at| path.as_bytes().get(..at)).map(PathBytes::new).collect();
        for parent in parents {
            let is_open = self.open.iter().any(|(open, _)| *open == parent);
            if !is_open && !self.early.holds(&parent).await? {
                self.destination.folder(&parent).await?;
                self.early.insert(&parent).await?;
            }
        }
        Ok(())
    }

    /// Leaves the folders that `path` is not in.
    async fn leave_for(&mut self, path: &PathBytes) -> Result<(), Fault> {
        while let Some((folder, attributes)) =
            self.open.pop_if(|(folder, _)| !folder.as_bytes().is_empty() && !path.starts_with(folder))
        {
            self.set(&folder, &attributes).await?;
        }
        Ok(())
    }

    async fn set(&mut self, path: &PathBytes, attributes: &Attributes) -> Result<(), Fault> {
        let refused = self.destination.set(path, attributes).await?;
        self.refused(path, &refused);
        Ok(())
    }

    fn refused(&mut self, path: &PathBytes, refused: &[Refused]) {
        let why: Vec<String> = refused.iter().map(|refused| format!("{}: {}", refused.what, refused.why)).collect();
        if !why.is_empty() {
            self.unset.push(path, why.join("; "));
        }
    }

    async fn data(&mut self, bytes: Bytes) -> Result<(), Fault> {
        if let Some((_, file, _)) = &mut self.file {
            self.totals.bytes += bytes.len() as u64;
            file.write(bytes).await?;
        }
        Ok(())
    }

    async fn hole(&mut self, length: u64) -> Result<(), Fault> {
        if let Some((_, file, _)) = &mut self.file {
            self.totals.bytes += length;
            self.totals.holes += length;
            file.hole(length).await?;
        }
        Ok(())
    }

    async fn end_of_member(&mut self) -> Result<(), Fault> {
        if let Some((path, file, attributes)) = self.file.take() {
            let refused = file.finish(&attributes).await?;
            self.refused(&path, &refused);
        }
        Ok(())
    }

    async fn finish(mut self, unread: Named) -> Result<Recovered, Fault> {
        while let Some((folder, attributes)) = self.open.pop() {
            self.set(&folder, &attributes).await?;
        }
        self.destination.sync().await?;
        let Self { totals, flawed, unset, .. } = self;
        Ok(Recovered { totals, flawed, unset, unread, ..Recovered::default() })
    }

    async fn attributes(&mut self, member: &Member) -> Result<Attributes, Fault> {
        let owner = match &mut self.owners {
            Some(owners) => Some(owners.numbers(member).await?),
            None => None,
        };
        let (mode, xattrs) = (member.mode, member.xattrs.clone());
        Ok(Attributes { mode, owner, mtime_s: member.mtime_s, mtime_ns: member.mtime_ns, xattrs })
    }
}
