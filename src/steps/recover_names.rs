//! Which members of an archive are recovered, and under which names.

use std::ops::Range;

use super::object::ContentsStream;
use super::verified::open_contents;
use crate::archive::{Member, MemberKind};
use crate::catalog::{Entry, Line, Manifest, Totals};
use crate::observe::walk::ordered_roots;
use crate::ports::{Cause, Fault, Scratch, ScratchTable, StoreRead};
use crate::primitives::{PathBytes, on_one_line};

/// What one path of a recovery point, with all below it, comes to when it is recovered: absolute, or relative to the root where there is
/// one. Reads the contents and nothing else, once; twice where the path holds further names of files that lie outside of it.
///
/// # Errors
/// `NotFound` where nothing is of that path; `Invalid` where it is no path, or the contents are damaged; else when they cannot be read.
pub async fn part_totals(
    store: &dyn StoreRead,
    scratch: &dyn Scratch,
    manifest: &Manifest,
    only: &PathBytes,
) -> Result<Totals, Fault> {
    Ok(Names::choose(store, scratch, manifest, Some(only)).await?.totals())
}

/// What is chosen, and where it goes below the folder that is made.
pub(super) struct Names {
    /// What it is of, as the archive has it. The content of one root becomes the folder; of several, whole paths lie below it.
    roots: Vec<PathBytes>,
    /// All of the chosen path and what is below it; the folders above it are made as well.
    only: Option<PathBytes>,
    /// Files that are not chosen while further names of theirs are: the first chosen name becomes the file.
    elsewhere: Box<dyn ScratchTable>,
    any_elsewhere: bool,
    /// Where in the tar the chosen members lie, and those above them; none where all are.
    parts: Option<Vec<Range<u64>>>,
    /// How many they are.
    listed: u64,
    /// Files that an attempt before made already, whole.
    kept: Option<Box<dyn ScratchTable>>,
    /// What is made of them.
    totals: Totals,
}

/// What becomes of a member.
pub(super) enum Fate {
    /// It is left out.
    LeftOut,
    /// It is made, at this path.
    Made(PathBytes),
    /// It is a file whose content is made at this path, which another member names.
    MadeElsewhere(PathBytes),
    /// It is a name at which the content was made already.
    AlreadyMade(PathBytes),
}

impl Names {
    /// The names of a recovery of `only` (or of all). Looks through the contents where a part is chosen.
    pub(super) async fn choose(
        store: &dyn StoreRead,
        scratch: &dyn Scratch,
        manifest: &Manifest,
        only: Option<&PathBytes>,
    ) -> Result<Self, Fault> {
        let roots: Vec<PathBytes> = manifest.roots.iter().map(without_slash).collect();
        let Some(wanted) = only else {
            return Ok(Self::new(roots, None, manifest.totals, scratch));
        };
        let only = chosen(wanted, only_one(&roots))?;
        let mut names = Self::new(roots, Some(only), Totals::default(), scratch);
        names.look_through(store, manifest, wanted).await?;
        Ok(names)
    }

    fn new(roots: Vec<PathBytes>, only: Option<PathBytes>, totals: Totals, scratch: &dyn Scratch) -> Self {
        let elsewhere = scratch.table();
        Self { roots, only, elsewhere, any_elsewhere: false, parts: None, listed: 0, kept: None, totals }
    }

    /// Finds whether anything is chosen, and which chosen names have their file elsewhere.
    async fn look_through(
        &mut self,
        store: &dyn StoreRead,
        manifest: &Manifest,
        wanted: &PathBytes,
    ) -> Result<(), Fault> {
        let (mut contents, _) = open_contents(store, &manifest.contents).await?;
        let (mut found, mut missing) = (false, None);
        // As far as no file is made elsewhere, which is most often so, this pass says all.
        let mut parts = FoundParts::default();
        while let Some(line) = contents.next().await? {
            match line {
                Line::Entry(Entry::Stored { member, at, .. }) => {
                    let fate = self.plain_fate(&member).map_err(|why| contents.object().damaged(why))?;
                    parts.see(at, &member, &fate);
                    if !self.is_chosen(&member.path) {
                        continue;
                    }
                    found = true;
                    if let MemberKind::HardLink { target } = member.kind
                        && !self.is_chosen(&target)
                    {
                        self.any_elsewhere = true;
                        if self.made_at(&target).await?.is_none() {
                            self.elsewhere.put(target.as_bytes(), member.path.as_bytes()).await?;
                        }
                    }
                }
                Line::Entry(Entry::Unread { path, why }) if self.is_chosen(&without_slash(&path)) => {
                    missing = Some(on_one_line(&why))
                }
                Line::Entry(Entry::NotStored { path, kind }) if self.is_chosen(&without_slash(&path)) => {
                    missing = Some(format!("a {} is not stored", on_one_line(&kind)));
                }
                Line::Entry(Entry::NotEntered { path })
                    if self.only.as_ref().is_some_and(|only| only.starts_with(&without_slash(&path))) =>
                {
                    missing = Some(format!("{path} is a mount point that was not entered"));
                }
                _ => {}
            }
        }
        let action = format!("recover {wanted}");
        match (found, missing) {
            (true, _) if self.any_elsewhere => self.find_parts(store, manifest).await,
            (true, _) => self.take_parts(parts, manifest, &mut contents),
            (false, Some(why)) => {
                let answer = format!("it is not in the backup: {why}");
                Err(Fault::permanent(Cause::NotFound, action, answer))
            }
            (false, None) => Err(Fault::permanent(Cause::NotFound, action, "nothing of that path is in the backup")),
        }
    }

    /// Finds where the members lie that are not left out, where what is chosen has files elsewhere.
    async fn find_parts(&mut self, store: &dyn StoreRead, manifest: &Manifest) -> Result<(), Fault> {
        let (mut contents, _) = open_contents(store, &manifest.contents).await?;
        let mut found = FoundParts::default();
        while let Some(line) = contents.next().await? {
            let Line::Entry(Entry::Stored { member, at, .. }) = line else { continue };
            let fate = self.fate(&member).await?.map_err(|why| contents.object().damaged(why))?;
            found.see(at, &member, &fate);
        }
        self.take_parts(found, manifest, &mut contents)
    }

    fn take_parts(
        &mut self,
        found: FoundParts,
        manifest: &Manifest,
        contents: &mut ContentsStream<'_>,
    ) -> Result<(), Fault> {
        (self.listed, self.totals) = (found.listed, found.totals);
        let parts = found.finish(manifest.plain.size);
        self.parts = Some(parts.ok_or_else(|| contents.object().damaged("its members do not ascend"))?);
        Ok(())
    }

    /// Whether files may be made at other names than their own.
    pub(super) fn any_elsewhere(&self) -> bool {
        self.any_elsewhere
    }

    /// Leaves out the files in this table: they are made already. What is left lies in the parts that were found.
    pub(super) fn keep(
        &mut self,
        kept: Box<dyn ScratchTable>,
        left: FoundParts,
        manifest: &Manifest,
        contents: &mut ContentsStream<'_>,
    ) -> Result<(), Fault> {
        self.kept = Some(kept);
        self.take_parts(left, manifest, contents)
    }

    /// Where in the tar what is recovered lies; none where that is all of it.
    pub(super) fn parts(&self) -> Option<Vec<Range<u64>>> {
        self.parts.clone()
    }

    /// What is recovered, as the contents or, of all, the manifest says.
    pub(super) fn totals(&self) -> Totals {
        self.totals
    }

    /// Whether a member is one of the folders that the backup is of.
    pub(super) fn is_root(&self, path: &PathBytes) -> bool {
        self.roots.contains(path)
    }

    /// What is missing where so many members came that are not left out, of which so many are roots. Where all is read, that each
    /// member of the contents came is known already.
    pub(super) fn missing(&self, members: u64, roots: usize) -> Option<&'static str> {
        match self.parts {
            Some(_) if members != self.listed => Some("members do not lie where the contents say"),
            None if roots != self.roots.len() => Some("a folder that it is of is missing"),
            _ => None,
        }
    }

    fn is_chosen(&self, path: &PathBytes) -> bool {
        is_chosen(self.only.as_ref(), path)
    }

    /// What is chosen.
    pub(super) fn chosen(&self) -> Chosen {
        Chosen { only: self.only.clone() }
    }

    /// The chosen name at which a file is made that is not chosen itself.
    async fn made_at(&mut self, path: &PathBytes) -> Result<Option<PathBytes>, Fault> {
        match self.only {
            // All is chosen.
            None => Ok(None),
            Some(_) => Ok(self.elsewhere.get(path.as_bytes()).await?.map(PathBytes::new)),
        }
    }

    /// What becomes of a member; or why it has no place in the folder that is made.
    pub(super) async fn fate(&mut self, member: &Member) -> Result<Result<Fate, String>, Fault> {
        if let Some(kept) = &mut self.kept
            && kept.get(member.path.as_bytes()).await?.is_some()
        {
            return Ok(Ok(Fate::LeftOut));
        }
        let linked = match &member.kind {
            MemberKind::File { .. } => {
                self.made_at(&member.path).await?.map(|first| self.place(&first).map(Fate::MadeElsewhere))
            }
            MemberKind::HardLink { target } => {
                let is_first = self.made_at(target).await?.is_some_and(|first| first == member.path);
                is_first.then(|| self.place(&member.path).map(Fate::AlreadyMade))
            }
            MemberKind::Folder | MemberKind::Symlink { .. } => None,
        };
        Ok(linked.unwrap_or_else(|| self.plain_fate(member)))
    }

    /// Of a member that has nothing to do with names that are not chosen.
    fn plain_fate(&self, member: &Member) -> Result<Fate, String> {
        let above = member.kind == MemberKind::Folder
            && self
                .only
                .as_ref()
                .is_some_and(|only| member.path.as_bytes().is_empty() || only.starts_with(&member.path));
        if !self.is_chosen(&member.path) && !above {
            return Ok(Fate::LeftOut);
        }
        self.place(&member.path).map(Fate::Made)
    }

    /// Where the content that a hard link names was made.
    pub(super) async fn link_target(&mut self, target: &PathBytes) -> Result<PathBytes, Fault> {
        let made = self.made_at(target).await?;
        let refused = |why| Fault::permanent(Cause::Invalid, format!("link to {target}"), why);
        self.place(made.as_ref().unwrap_or(target)).map_err(refused)
    }

    /// The path of a member below the folder that is made; empty for that folder itself.
    fn place(&self, path: &PathBytes) -> Result<PathBytes, String> {
        if !self.roots.iter().any(|root| path.starts_with(root)) {
            return Err(format!("{path} does not lie in a folder that the backup is of"));
        }
        match only_one(&self.roots).map(|root| path.as_bytes().strip_prefix(root.as_bytes())) {
            Some(Some([b'/', rest @ ..] | rest)) => Ok(PathBytes::new(rest)),
            _ => Ok(path.clone()),
        }
    }
}

/// Where in the tar members lie that are not left out. Neighbours are one part, so that there are few.
#[derive(Default)]
pub(super) struct FoundParts {
    parts: Vec<Range<u64>>,
    /// Where the part begins that the last member is in.
    open: Option<u64>,
    /// How many members are not left out.
    listed: u64,
    /// What is made of them.
    totals: Totals,
}

impl FoundParts {
    /// The next member, which begins there.
    pub(super) fn see(&mut self, at: u64, member: &Member, fate: &Fate) {
        let left_out = matches!(fate, Fate::LeftOut);
        self.listed += u64::from(!left_out);
        if matches!(fate, Fate::Made(_) | Fate::MadeElsewhere(_)) {
            self.totals.count(&member.kind);
        }
        match self.open {
            Some(begins) if left_out => {
                self.parts.push(begins..at);
                self.open = None;
            }
            None if !left_out => self.open = Some(at),
            Some(_) | None => {}
        }
    }

    /// The parts, in a tar of so many bytes; none where they do not ascend.
    fn finish(mut self, size: u64) -> Option<Vec<Range<u64>>> {
        if let Some(begins) = self.open {
            // The last member ends where the two blocks of zeros begin that end a tar.
            self.parts.push(begins..size.saturating_sub(2 * 512));
        }
        let ascending = self.parts.windows(2).all(|pair| matches!(pair, [a, b] if a.end < b.start))
            && self.parts.iter().all(|part| part.start < part.end && part.end <= size);
        ascending.then_some(self.parts)
    }
}

/// What is chosen: of all, or of one path and what is below it.
pub(super) struct Chosen {
    only: Option<PathBytes>,
}

impl Chosen {
    /// What a line of the contents names as unread, where that is chosen.
    pub(super) fn unread<'l>(&self, line: &'l Line) -> Option<(&'l PathBytes, &'l str)> {
        match line {
            Line::Entry(Entry::Unread { path, why }) if is_chosen(self.only.as_ref(), &without_slash(path)) => {
                Some((path, why))
            }
            _ => None,
        }
    }
}

/// Whether these are folders that a backup can be of: absolute, each once, in order, and none in another.
pub(super) fn check_roots(roots: &[PathBytes]) -> Result<(), String> {
    match ordered_roots(roots) {
        Ok(ordered) if ordered == roots && !roots.is_empty() => Ok(()),
        Ok(_) => Err("the folders that the manifest names are none, or not in order".into()),
        Err(fault) => Err(format!("of the folders that the manifest names, one cannot be: {fault}")),
    }
}

fn only_one(roots: &[PathBytes]) -> Option<&PathBytes> {
    if let [root] = roots { Some(root) } else { None }
}

fn is_chosen(only: Option<&PathBytes>, path: &PathBytes) -> bool {
    only.is_none_or(|only| path.starts_with(only))
}

/// The chosen path as an archive has it.
fn chosen(wanted: &PathBytes, root: Option<&PathBytes>) -> Result<PathBytes, Fault> {
    let refused = |why: &str| Fault::permanent(Cause::Invalid, format!("recover {wanted}"), why);
    let parts: Vec<&[u8]> =
        wanted.as_bytes().split(|byte| *byte == b'/').filter(|part| !part.is_empty() && *part != b".").collect();
    if parts.contains(&&b".."[..]) {
        return Err(refused("the path holds `..`"));
    }
    let plain = parts.join(&b'/');
    match root {
        _ if wanted.as_bytes().starts_with(b"/") => Ok(PathBytes::new(plain)),
        Some(root) if plain.is_empty() => Ok(root.clone()),
        Some(root) => Ok(root.join(&plain)),
        None => Err(refused("the backup is of several folders; write the path from `/` on")),
    }
}

fn without_slash(path: &PathBytes) -> PathBytes {
    PathBytes::new(path.as_bytes().strip_prefix(b"/").unwrap_or(path.as_bytes()))
}
