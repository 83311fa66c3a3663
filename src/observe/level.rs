//! The folders that a walk is in, each with the names that are still to come.
//!
//! Invariant: what is held is bounded, however many names a folder has and however deep folders lie. Names come page by page;
//! where the pages of all levels are too much together, the outermost ones are dropped, and listed again when the walk comes back.

use std::collections::VecDeque;

use super::walk::Root;
use crate::ports::{Fault, Meta, Names, TreeRead};
use crate::primitives::PathBytes;

/// Names listed at once. A folder of a million names is read sixteen times, which costs some seconds.
const PAGE_NAMES_MAX: usize = 64 * 1024;
/// Names looked at in one call.
const LOOK_NAMES_MAX: usize = 64;
/// What the names of all levels may take; one page of the longest names (255 bytes, NAME_MAX in limits.h) fits.
const HELD_BYTES_MAX: usize = 24 * 1024 * 1024;

/// A folder that is being walked.
pub(super) struct Level {
    pub(super) folder: PathBytes,
    pub(super) root: Root,
    /// The name that was taken last.
    last: Option<Vec<u8>>,
    names: Names,
    /// How many of `names` were taken.
    taken: usize,
    looked_at: VecDeque<(Vec<u8>, Result<Meta, Fault>)>,
}

impl Level {
    /// The folder, listed as far as a page goes.
    pub(super) async fn enter(tree: &dyn TreeRead, folder: PathBytes, root: Root) -> Result<Self, Fault> {
        let mut level =
            Self { folder, root, last: None, names: Names::default(), taken: 0, looked_at: VecDeque::new() };
        level.list(tree).await?;
        Ok(level)
    }

    async fn list(&mut self, tree: &dyn TreeRead) -> Result<(), Fault> {
        // The page before is let go first.
        self.drop_names();
        self.names = tree.list(&self.folder, self.last.as_deref(), PAGE_NAMES_MAX).await?;
        self.names.more &= !self.names.is_empty();
        Ok(())
    }

    /// The next entry that is wanted, with what it is or why that cannot be said; none at the end of the folder.
    ///
    /// # Errors
    /// When the folder cannot be read any more.
    pub(super) async fn next(
        &mut self,
        tree: &dyn TreeRead,
        wanted: impl Fn(&PathBytes) -> bool,
    ) -> Result<Option<(PathBytes, Result<Meta, Fault>)>, Fault> {
        loop {
            if let Some((name, meta)) = self.looked_at.pop_front() {
                return Ok(Some((self.folder.join(&name), meta)));
            }
            if self.is_taken() && self.names.more {
                self.list(tree).await?;
            }
            let names = self.take(&wanted);
            if names.is_empty() && self.is_taken() && !self.names.more {
                return Ok(None);
            }
            let found = if names.is_empty() { vec![] } else { tree.look(&self.folder, &names).await? };
            let there = names.into_iter().zip(found);
            self.looked_at = there.filter_map(|(name, found)| Some((name, found.transpose()?))).collect();
        }
    }

    fn is_taken(&self) -> bool {
        self.taken >= self.names.len()
    }

    /// The next names that are wanted.
    fn take(&mut self, wanted: &impl Fn(&PathBytes) -> bool) -> Vec<Vec<u8>> {
        let mut taken = Vec::new();
        while taken.len() < LOOK_NAMES_MAX
            && let Some(name) = self.names.get(self.taken)
        {
            self.taken += 1;
            if wanted(&self.folder.join(name)) {
                taken.push(name.to_vec());
            }
        }
        if let Some(last) = self.taken.checked_sub(1).and_then(|last| self.names.get(last)) {
            self.last = Some(last.to_vec());
        }
        taken
    }

    fn drop_names(&mut self) {
        let more = self.names.more || !self.is_taken();
        self.names = Names::default();
        self.names.more = more;
        self.taken = 0;
    }
}

/// Drops the names of the outermost levels while all together hold too much.
pub(super) fn bound(levels: &mut [Level]) {
    bound_to(levels, HELD_BYTES_MAX);
}

fn bound_to(levels: &mut [Level], bytes_max: usize) {
    let mut held: usize = levels.iter().map(|level| level.names.held_bytes()).sum();
    let outer = levels.len().saturating_sub(1);
    for level in levels.iter_mut().take(outer) {
        if held <= bytes_max {
            return;
        }
        held = held.saturating_sub(level.names.held_bytes());
        level.drop_names();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::World;

    #[tokio::test]
    async fn what_was_dropped_is_listed_again_and_nothing_comes_twice() {
        let world = World::new(1);
        let tree = world.tree();
        for number in 0..500 {
            tree.put_file(format!("/outer/{number:03}"), "");
            tree.put_file(format!("/outer/folder/{number:03}"), "");
        }
        let enter = |folder: &str| Level::enter(&*tree, PathBytes::new(folder), Root::default());
        let mut levels = vec![enter("/outer").await.unwrap(), enter("/outer/folder").await.unwrap()];
        let odd = |path: &PathBytes| path.as_bytes().last().is_some_and(|digit| digit % 2 == 1);
        let levels_bytes = levels[1].names.held_bytes();
        let mut found = Vec::new();
        for round in 0.. {
            let Some((path, meta)) = levels[0].next(&*tree, odd).await.unwrap() else { break };
            meta.unwrap();
            found.push(path);
            if round % 7 == 0 {
                bound_to(&mut levels, levels_bytes);
                assert_eq!(levels[0].names.held_bytes(), 0, "the outer one makes way");
                assert!(levels[1].names.held_bytes() > 0, "the innermost stays");
            }
        }
        let expected: Vec<PathBytes> = (0..500).map(|n| PathBytes::new(format!("/outer/{n:03}"))).filter(odd).collect();
        assert_eq!(found, expected);
    }
}
