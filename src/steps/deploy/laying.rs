//! A folder that is filled with a release.
//!
//! Unaware of where the release comes from. Invariant: what is made belongs to whoever deploys, and nothing of it takes on the rights of
//! its owner (set-user-ID); folders are given their marks when all is in them.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;

use crate::catalog::{Named, Totals};
use crate::ports::{Attributes, Cause, Destination, Fault};
use crate::primitives::{PathBytes, Xattrs};
use crate::steps::Progress;
use crate::steps::coming::Coming;
use crate::steps::making::{Orders, name_refused};

/// A folder of which the release says nothing is open to all, as by mkdir(1) where the umask is usual.
pub(super) const FOLDER_MODE: u32 = 0o755;
/// What is kept of a mode: permissions, but no set-user-ID, set-group-ID or sticky bit.
const PERMISSIONS: u32 = 0o777;

/// Mode, and time of last change in seconds since 1970.
type Marks = (u32, i64);

/// A destination that is filled.
pub(super) struct Laying<'a> {
    destination: &'a dyn Destination,
    orders: Orders,
    progress: &'a Progress,
    /// All that were made, each with its marks: there are as many as a release has folders.
    folders: BTreeMap<PathBytes, Marks>,
    /// For folders of which the release says nothing.
    now: i64,
    file: Option<Coming>,
    totals: Totals,
    unset: Named,
}

impl<'a> Laying<'a> {
    pub(super) fn new(
        destination: &'a dyn Destination,
        orders: Orders,
        now: Timestamp,
        progress: &'a Progress,
    ) -> Self {
        // The destination itself is there.
        let now = now.as_second();
        let folders = BTreeMap::from([(PathBytes::default(), (FOLDER_MODE, now))]);
        let (totals, unset) = (Totals::default(), Named::default());
        Self { destination, orders, progress, folders, now, file: None, totals, unset }
    }

    /// Makes a folder, or gives one that was made other marks.
    pub(super) async fn folder(&mut self, path: PathBytes, marks: Marks) -> Result<(), Fault> {
        if !self.folders.contains_key(&path) {
            self.parents(&path).await?;
            self.destination.folder(&path).await?;
            self.totals.folders += 1;
        }
        self.progress.entry();
        self.folders.insert(path, marks);
        Ok(())
    }

    /// Begins a file of so many bytes.
    pub(super) async fn file(&mut self, path: PathBytes, size: u64, marks: Marks) -> Result<(), Fault> {
        self.parents(&path).await?;
        self.totals.files += 1;
        self.progress.entry();
        self.file = Some(Coming::begin(self.destination, path, (size, false), attributes(marks)).await?);
        Ok(())
    }

    pub(super) async fn data(&mut self, bytes: Bytes) -> Result<(), Fault> {
        self.count(bytes.len() as u64);
        match &mut self.file {
            Some(file) => file.data(bytes).await,
            None => Ok(()),
        }
    }

    /// Zeros, which a release has no need to be sparse for.
    pub(super) async fn hole(&mut self, length: u64) -> Result<(), Fault> {
        let Some(file) = &mut self.file else { return Ok(()) };
        let zeros = usize::try_from(length).map(|length| Bytes::from(vec![0; length]));
        let zeros = zeros.map_err(|_| Fault::permanent(Cause::Invalid, "write zeros", "they are too many"))?;
        self.totals.bytes += length;
        self.progress.bytes(length);
        file.data(zeros).await
    }

    pub(super) async fn end_of_file(&mut self) -> Result<(), Fault> {
        match self.file.take() {
            Some(file) => file.end(&mut self.orders, &mut self.unset).await,
            None => Ok(()),
        }
    }

    pub(super) async fn symlink(&mut self, path: PathBytes, target: &PathBytes) -> Result<(), Fault> {
        self.parents(&path).await?;
        self.totals.symlinks += 1;
        self.progress.entry();
        self.destination.symlink(&path, target).await
    }

    /// One more name of a file that was made.
    pub(super) async fn hard_link(&mut self, path: PathBytes, existing: &PathBytes) -> Result<(), Fault> {
        self.parents(&path).await?;
        self.totals.hard_links += 1;
        self.progress.entry();
        self.orders.settle().await?;
        self.destination.hard_link(&path, existing).await
    }

    /// Returns when all is made; folders that lie in others are finished first. Answers what was made, and what was refused.
    pub(super) async fn finish(mut self) -> Result<(Totals, Named), Fault> {
        self.orders.settle().await?;
        for (path, marks) in self.folders.iter().rev() {
            let refused = self.destination.set(path, &attributes(*marks)).await?;
            name_refused(&mut self.unset, path, &refused);
        }
        Ok((self.totals, self.unset))
    }

    fn count(&mut self, bytes: u64) {
        self.totals.bytes += bytes;
        self.progress.bytes(bytes);
    }

    /// Makes the folders above a path that are not there yet.
    async fn parents(&mut self, path: &PathBytes) -> Result<(), Fault> {
        let slashes = path.as_bytes().iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at);
        let above: Vec<PathBytes> = slashes.filter_map(|at| path.as_bytes().get(..at)).map(PathBytes::new).collect();
        for folder in above {
            if !self.folders.contains_key(&folder) {
                self.destination.folder(&folder).await?;
                self.totals.folders += 1;
                self.folders.insert(folder, (FOLDER_MODE, self.now));
            }
        }
        Ok(())
    }
}

pub(super) fn attributes((mode, mtime_s): Marks) -> Attributes {
    Attributes { mode: mode & PERMISSIONS, owner: None, mtime_s, mtime_ns: 0, xattrs: Xattrs::default() }
}
