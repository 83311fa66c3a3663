//! Which members of an archive are recovered, and under which names.

use std::collections::HashMap;

use super::verified::open_contents;
use crate::archive::{Member, MemberKind};
use crate::catalog::{Entry, Line, Manifest};
use crate::ports::{Cause, Fault, StoreRead};
use crate::primitives::PathBytes;

/// What is chosen, and where it goes below the folder that is made.
pub(super) struct Names {
    /// The one root, whose content becomes the folder; with several, whole paths lie below it.
    root: Option<PathBytes>,
    /// All of the chosen path and what is below it; the folders above it are made as well.
    only: Option<PathBytes>,
    /// Files that are not chosen while further names of theirs are: the first chosen name becomes the file.
    elsewhere: HashMap<PathBytes, PathBytes>,
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
        manifest: &Manifest,
        only: Option<&PathBytes>,
    ) -> Result<Self, Fault> {
        let roots: Vec<PathBytes> = manifest.roots.iter().map(without_slash).collect();
        let root = if let [root] = roots.as_slice() { Some(root.clone()) } else { None };
        let Some(wanted) = only else {
            return Ok(Self { root, only: None, elsewhere: HashMap::new() });
        };
        let only = chosen(wanted, root.as_ref())?;
        let mut names = Self { root, only: Some(only), elsewhere: HashMap::new() };
        names.look_through(store, manifest, wanted).await?;
        Ok(names)
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
        while let Some(line) = contents.next().await? {
            match line {
                Line::Entry(Entry::Stored { member, .. }) if self.is_chosen(&member.path) => {
                    found = true;
                    if let MemberKind::HardLink { target } = member.kind
                        && !self.is_chosen(&target)
                    {
                        self.elsewhere.entry(target).or_insert(member.path);
                    }
                }
                Line::Entry(Entry::Unread { path, why }) if self.is_chosen(&without_slash(&path)) => {
                    missing = Some(why)
                }
                Line::Entry(Entry::NotStored { path, kind }) if self.is_chosen(&without_slash(&path)) => {
                    missing = Some(format!("a {kind} is not stored"));
                }
                _ => {}
            }
        }
        let action = format!("recover {wanted}");
        match (found, missing) {
            (true, _) => Ok(()),
            (false, Some(why)) => {
                let answer = format!("it is not in the backup: {why}");
                Err(Fault::permanent(Cause::NotFound, action, answer))
            }
            (false, None) => Err(Fault::permanent(Cause::NotFound, action, "nothing of that path is in the backup")),
        }
    }

    fn is_chosen(&self, path: &PathBytes) -> bool {
        self.only.as_ref().is_none_or(|only| path.starts_with(only))
    }

    /// What a line of the contents names as unread, where that is chosen.
    pub(super) fn unread<'l>(&self, line: &'l Line) -> Option<(&'l PathBytes, &'l str)> {
        match line {
            Line::Entry(Entry::Unread { path, why }) if self.is_chosen(&without_slash(path)) => Some((path, why)),
            _ => None,
        }
    }

    /// What becomes of a member.
    pub(super) fn fate(&self, member: &Member) -> Result<Fate, String> {
        if let Some(first) = self.elsewhere.get(&member.path) {
            return self.place(first).map(Fate::MadeElsewhere);
        }
        let above = member.kind == MemberKind::Folder
            && self
                .only
                .as_ref()
                .is_some_and(|only| member.path.as_bytes().is_empty() || only.starts_with(&member.path));
        if !self.is_chosen(&member.path) && !above {
            return Ok(Fate::LeftOut);
        }
        if let MemberKind::HardLink { target } = &member.kind
            && self.elsewhere.get(target) == Some(&member.path)
        {
            return self.place(&member.path).map(Fate::AlreadyMade);
        }
        self.place(&member.path).map(Fate::Made)
    }

    /// Where the content that a hard link names was made.
    pub(super) fn link_target(&self, target: &PathBytes) -> Result<PathBytes, String> {
        self.place(self.elsewhere.get(target).unwrap_or(target))
    }

    /// The path of a member below the folder that is made; empty for that folder itself.
    fn place(&self, path: &PathBytes) -> Result<PathBytes, String> {
        let Some(root) = self.root.as_ref().filter(|root| !root.as_bytes().is_empty()) else {
            return Ok(path.clone());
        };
        let below = path.as_bytes().strip_prefix(root.as_bytes());
        match below {
            Some([]) => Ok(PathBytes::default()),
            Some([b'/', rest @ ..]) => Ok(PathBytes::new(rest)),
            _ => Err(format!("{path} does not lie in {root}, which the backup is of")),
        }
    }
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
