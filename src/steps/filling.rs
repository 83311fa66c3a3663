//! Fills a folder with what an archive holds.
//!
//! Unaware of where the folder lies, and of what becomes of it. Invariant: what is made lies where its member says, in a folder
//! that came before it, and is made once.

use bytes::Bytes;

use super::Progress;
use super::coming::Coming;
use super::making::{Orders, name_refused};
use super::owners::Owners;
use super::recover::Recovered;
use super::recover_names::{Fate, Names};
use super::verified::{Event, Verified};
use crate::archive::{Member, MemberKind};
use crate::catalog::{Named, Totals};
use crate::ports::{Attributes, Cause, Destination, Fault, Scratch, ScratchTable, TreeWrite};
use crate::primitives::PathBytes;

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
pub(super) struct Filling<'a> {
    destination: &'a dyn Destination,
    /// Small files, and folders that are left, are made and finished beside.
    orders: Orders,
    names: &'a mut Names,
    /// Whether folders may be there already: an attempt before made them.
    taken_up: bool,
    /// None where owners are not set.
    owners: Option<Owners<'a>>,
    file: Option<Coming>,
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
    pub(super) fn new(
        (destination, orders): (&'a dyn Destination, Orders),
        (names, taken_up): (&'a mut Names, bool),
        (tree, scratch): (&'a dyn TreeWrite, &dyn Scratch),
        set_owner: bool,
    ) -> Self {
        Self {
            destination,
            orders,
            names,
            taken_up,
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

    /// Makes all that comes. When this is done and the orders are carried out, all is made and not yet durable.
    pub(super) async fn fill(mut self, mut verified: Verified<'_>, progress: &Progress) -> Result<Recovered, Fault> {
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
            MemberKind::File { size, sparse } => {
                self.totals.files += 1;
                self.file = Some(Coming::begin(self.destination, path, (size, sparse.is_some()), attributes).await?);
                Ok(())
            }
            MemberKind::Symlink { target } => {
                self.totals.symlinks += 1;
                self.destination.symlink(&path, &target).await?;
                let refused = self.destination.set(&path, &attributes).await?;
                name_refused(&mut self.unset, &path, &refused);
                Ok(())
            }
            MemberKind::HardLink { target } => {
                self.totals.hard_links += 1;
                let existing = self.names.link_target(&target).await?;
                self.orders.settle().await?;
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
            self.make_folder(&path).await?;
        }
        self.totals.folders += 1;
        self.open.push((path, attributes));
        Ok(())
    }

    async fn make_folder(&mut self, path: &PathBytes) -> Result<(), Fault> {
        match self.destination.folder(path).await {
            Err(fault) if fault.cause == Cause::Exists && self.taken_up => Ok(()),
            answer => answer,
        }
    }

    /// Makes the folders above a path that are not there yet.
    async fn parents(&mut self, path: &PathBytes) -> Result<(), Fault> {
        let slashes = path.as_bytes().iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        let parents: Vec<PathBytes> = slashes.filter_map(|at| path.as_bytes().get(..at)).map(PathBytes::new).collect();
        for parent in parents {
            let is_open = self.open.iter().any(|(open, _)| *open == parent);
            if !is_open && !self.early.holds(&parent).await? {
                self.make_folder(&parent).await?;
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
            self.orders.leave(folder, attributes).await?;
        }
        Ok(())
    }

    async fn data(&mut self, bytes: Bytes) -> Result<(), Fault> {
        let Some(file) = &mut self.file else { return Ok(()) };
        self.totals.bytes += bytes.len() as u64;
        file.data(bytes).await
    }

    async fn hole(&mut self, length: u64) -> Result<(), Fault> {
        let Some(file) = &mut self.file else { return Ok(()) };
        self.totals.bytes += length;
        self.totals.holes += length;
        file.hole(length).await
    }

    async fn end_of_member(&mut self) -> Result<(), Fault> {
        match self.file.take() {
            None => Ok(()),
            Some(file) => file.end(&mut self.orders, &mut self.unset).await,
        }
    }

    async fn finish(mut self, unread: Named) -> Result<Recovered, Fault> {
        while let Some((folder, attributes)) = self.open.pop() {
            self.orders.leave(folder, attributes).await?;
        }
        self.orders.settle().await?;
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
