//! A simulated repository, whose exports lie in the simulated file system.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::FakeTree;
use super::world::Shared;
use crate::ports::{Cause, Fault, Revision, Subversion, SubversionRead};
use crate::primitives::PathBytes;

/// What a release holds, by the paths of its files.
type Files = BTreeMap<String, Vec<u8>>;

/// Repositories whose releases the test commits.
#[derive(Debug)]
pub struct FakeSubversion {
    world: Arc<Shared>,
    tree: Arc<FakeTree>,
    committed: Mutex<BTreeMap<String, Vec<(u64, Files)>>>,
}

impl FakeSubversion {
    pub(super) fn new(world: Arc<Shared>, tree: Arc<FakeTree>) -> Self {
        Self { world, tree, committed: Mutex::default() }
    }

    /// From that revision on this is what is at the URL.
    pub fn commit(&self, url: &str, revision: u64, files: &[(&str, &str)]) {
        let files = files.iter().map(|(path, content)| ((*path).to_owned(), content.as_bytes().to_vec())).collect();
        let mut committed = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        committed.entry(url.to_owned()).or_default().push((revision, files));
    }

    fn at(&self, url: &str, revision: u64) -> Result<(u64, Files), Fault> {
        let committed = self.committed.lock().unwrap_or_else(PoisonError::into_inner);
        let found = committed.get(url).and_then(|all| all.iter().rev().find(|(number, _)| *number <= revision));
        let missing = || Fault::permanent(Cause::NotFound, format!("look at {url}"), "nothing is there");
        found.cloned().ok_or_else(missing)
    }
}

#[async_trait::async_trait]
impl SubversionRead for FakeSubversion {
    async fn last_changed(&self, url: &str) -> Result<Revision, Fault> {
        let look = || {
            let (number, _) = self.at(url, u64::MAX)?;
            Ok(Revision { number, committed: Timestamp::UNIX_EPOCH, author: Some("committer".into()) })
        };
        self.world.call(None, "subversion.last_changed", url, look).await
    }
}

#[async_trait::async_trait]
impl Subversion for FakeSubversion {
    async fn export(&self, url: &str, revision: u64, into: &PathBytes) -> Result<(), Fault> {
        let export = |cut: bool| {
            let (_, files) = self.at(url, revision)?;
            if self.tree.is_there(into) {
                return Err(Fault::permanent(Cause::Exists, format!("export into {into}"), "something is there"));
            }
            self.tree.put_folder(into.as_bytes());
            let whole = if cut { files.len() / 2 } else { files.len() };
            for (path, content) in files.iter().take(whole) {
                self.tree.put_file(into.join(path.as_bytes()).as_bytes(), content.clone());
            }
            Ok(())
        };
        self.world.call_whole_or_cut(None, "subversion.export", into, export).await
    }
}
