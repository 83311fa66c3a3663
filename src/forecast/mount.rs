//! The guard against a disk that is not mounted: a folder that was a mount point when it was last backed up should be one now.
//!
//! Unaware of how a mount is found. Invariant: what is said before the run and by the run are the same words.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::observe::PointsSeen;
use crate::ports::{Cause, Fault};
use crate::primitives::{PathBytes, PointId};

/// A folder that was a mount point when a point was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct MountBefore {
    /// The folder, absolute.
    pub root: PathBytes,
    /// The newest point that holds it.
    pub point: PointId,
}

impl MountBefore {
    /// That it is none now.
    pub fn gone(&self) -> Fault {
        let answer = format!(
            "it was a mount point when {} was made, and is none now: is its disk mounted? where it is meant to be none, \
             write `allow-unmounted` in `files`",
            self.point
        );
        Fault::permanent(Cause::NotFound, format!("look at the source {}", self.root), answer)
    }
}

/// Those of some folders that were mount points when the newest point of each was made.
pub(super) fn before(seen: &PointsSeen, roots: &[PathBytes], now: Timestamp) -> Vec<MountBefore> {
    let before = |root: &PathBytes| {
        let of_root = seen.readable().filter(|(_, manifest)| manifest.roots.contains(root));
        let newest =
            of_root.max_by_key(|(seen, manifest)| (manifest.moment <= now, manifest.moment, &seen.place.point));
        let (point, manifest) = newest?;
        let was = manifest.mounts.contains(root);
        was.then(|| MountBefore { root: root.clone(), point: point.place.point.clone() })
    };
    roots.iter().filter_map(before).collect()
}

/// Why a look at the source will fail, where a mount is gone.
pub(super) fn foreseen(before: &[MountBefore], mounts: &BTreeSet<PathBytes>) -> Option<Fault> {
    before.iter().find(|before| !mounts.contains(&before.root)).map(MountBefore::gone)
}
