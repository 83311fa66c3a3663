//! The stage in the simulated world.

use std::sync::Arc;

use sonae::fakes::{FakeTree, World};
use sonae::ports::{EntryKind, TreeWrite};
use sonae::primitives::PathBytes;

use super::stage::Stage;

/// A simulated tree with nothing but the stage.
pub(super) struct InMemory(Arc<FakeTree>);

impl InMemory {
    pub(super) fn new() -> Self {
        let tree = World::new(1).tree();
        tree.put_folder("/stage");
        Self(tree)
    }

    fn at(below: &[u8]) -> Vec<u8> {
        [b"/stage/", below].concat()
    }
}

impl Stage for InMemory {
    fn tree(&self) -> &dyn TreeWrite {
        &*self.0
    }
    fn path(&self, below: &[u8]) -> PathBytes {
        PathBytes::new("/stage").join(below)
    }
    fn file(&self, below: &[u8], content: &[u8]) {
        self.0.put_file(Self::at(below), content);
    }
    fn symlink(&self, below: &[u8], target: &[u8]) {
        self.0.put_symlink(Self::at(below), target);
    }
    fn fifo(&self, below: &[u8]) {
        self.0.put_special(Self::at(below), EntryKind::Fifo);
    }
    fn hard_link(&self, below: &[u8], existing: &[u8]) {
        self.0.put_hard_link(Self::at(below), Self::at(existing));
    }
    fn content(&self, below: &[u8]) -> Option<Vec<u8>> {
        self.0.content(Self::at(below))
    }
}
