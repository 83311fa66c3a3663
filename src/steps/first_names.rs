//! Files of several names: which of them were stored, and under which name.
//!
//! Unaware of what becomes of them. Invariant: a name is taken for a further one only where all tells that it is the same file.

use crate::ports::{Fault, Meta, ScratchTable};
use crate::primitives::PathBytes;

/// What a file's further names have in common with the first: size and both times. An inode that was freed while others were
/// packed is given to a new file, which differs in its ctime at least; so does a file that was written to, or given
/// attributes, meanwhile, and is then stored once more.
const FINGERPRINT_BYTES: usize = 32;
/// How many of its names are still to come.
const LEFT_BYTES: usize = 8;

fn fingerprint(meta: &Meta) -> [u8; FINGERPRINT_BYTES] {
    let mut bytes = [0; FINGERPRINT_BYTES];
    bytes[..8].copy_from_slice(&meta.size.to_be_bytes());
    bytes[8..16].copy_from_slice(&meta.mtime_s.to_be_bytes());
    bytes[16..20].copy_from_slice(&meta.mtime_ns.to_be_bytes());
    bytes[20..28].copy_from_slice(&meta.ctime_s.to_be_bytes());
    bytes[28..].copy_from_slice(&meta.ctime_ns.to_be_bytes());
    bytes
}

/// The files of several names that were stored and have names still to come.
pub(super) struct FirstNames(Box<dyn ScratchTable>);

impl FirstNames {
    pub(super) fn new(table: Box<dyn ScratchTable>) -> Self {
        Self(table)
    }

    /// Remembers a file that has further names.
    pub(super) async fn stored(&mut self, meta: &Meta, path: &PathBytes) -> Result<(), Fault> {
        self.remember(meta, meta.links.saturating_sub(1), path.as_bytes()).await
    }

    /// Under which name a file was stored. What has no further names is forgotten.
    pub(super) async fn of(&mut self, meta: &Meta) -> Result<Option<PathBytes>, Fault> {
        if meta.links < 2 {
            return Ok(None);
        }
        let Some(known) = self.0.get(&meta.identity()).await? else { return Ok(None) };
        let (was, rest) = known.split_at_checked(FINGERPRINT_BYTES).unwrap_or_default();
        let (left, path) = rest.split_at_checked(LEFT_BYTES).unwrap_or_default();
        if was != fingerprint(meta) {
            self.0.remove(&meta.identity()).await?;
            return Ok(None);
        }
        let left = left.try_into().map_or(0, u64::from_be_bytes);
        if left > 1 {
            self.remember(meta, left - 1, path).await?;
        } else {
            self.0.remove(&meta.identity()).await?;
        }
        Ok(Some(PathBytes::new(path)))
    }

    async fn remember(&mut self, meta: &Meta, left: u64, path: &[u8]) -> Result<(), Fault> {
        let known = [&fingerprint(meta)[..], &left.to_be_bytes(), path].concat();
        self.0.put(&meta.identity(), &known).await
    }
}
