//! Floor 4: what a store says of the backups in it: keys, manifests, contents.
//!
//! Unaware of how stores are reached and of what is done with a point. Invariant: a recovery point exists when its
//! manifest does; a manifest is written last, and never before the archive and the contents were read back.

mod contents;
mod first_seen;
mod keys;
mod lease;
mod listing;
mod machine;
mod manifest;
mod pin;
mod snapshot;

pub use contents::{
    CONTENTS_FORMAT_VERSION, Contents, ContentsHeader, ContentsReader, ContentsTrailer, ContentsWriter, Entry, Glance,
    Line, Told,
};
pub use first_seen::{FIRST_SEEN_FORMAT_VERSION, FirstSeen, ScheduleMark};
pub use keys::{Part, PointPlace, host_name, host_prefix, job_prefix, plan_prefix};
pub use lease::{LEASE_BYTES_MAX, LEASE_FORMAT_VERSION, Lease, LeaseHolder};
pub use listing::{Listing, Parts};
pub use machine::{TAG_STEP, machine_identity, machine_tags, machine_token};
pub use manifest::{MANIFEST_BYTES_MAX, MANIFEST_FORMAT_VERSION, Manifest, Named, NamedPath, ReadBackRecord, Totals};
pub use pin::Pin;
pub use snapshot::{SnapshotPoint, TAG_PLAN, TAG_RUN, identifier};

use serde::{Deserialize, Serialize};

use crate::archive::Extent;
use crate::primitives::{Digest, Key};

/// Why bytes of a store are no manifest or contents: what is wrong, lower case, without a full stop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct CatalogError(pub String);

/// An object as it was stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct StoredObject {
    /// Its key.
    pub key: Key,
    /// Its bytes.
    pub size: u64,
    /// Of all of them.
    pub digest: Digest,
}

impl StoredObject {
    /// The object of that key and extent.
    pub fn new(key: Key, extent: Extent) -> Self {
        Self { key, size: extent.size, digest: extent.digest }
    }
}
